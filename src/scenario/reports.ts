/**
 * Public reports of clock bugs, in the order of docs/bugs.md. A scenario names the one that it shows as `report`. Some
 * reports have two names: two faults of one device, with one number.
 */
import type { System } from './types.js'

export interface Report {
  readonly number: number
  readonly id: string
  readonly system: System
  /** What people saw, and why, on one line. */
  readonly symptom: string
  readonly cite: string
}

const report = (number: number, system: System, id: string, symptom: string, cite: string): Report => ({
  number,
  id,
  system,
  symptom,
  cite,
})

export const reports: readonly Report[] = [
  report(
    1,
    'xen',
    'xen-1282',
    'after a migration the wall clock jumps or freezes, and sleepers wake late',
    'xen-devel 2008-08 msg00258 (Rik van Riel), BUG 1282',
  ),
  report(
    2,
    'xen',
    'xen-state-entry',
    'the old host’s state_entry_time is in the future: sched_clock stands, nothing is scheduled',
    'xen-devel 2008-11-27 (James Song)',
  ),
  report(
    3,
    'xen',
    'xen-backwards-2301',
    'a TSC behind its stamp reads 292 years ahead: the clock shows the year 2301',
    'icaci.info',
  ),
  report(
    4,
    'xen',
    'xen-steal-reset',
    'stolen time falls after a migration; on Linux 4.8 to 4.10 the CPU is 100 % stolen',
    'Linux 5e25f5db6abb; telegraf#2871, node_exporter#742, psutil#1210',
  ),
  report(
    5,
    'xen',
    'xen-pause-watchdog',
    'after a long pause: cycle offset larger than allowed, soft lockup',
    'qubes-issues#5988',
  ),
  report(
    6,
    'xen',
    'xen-s3-stale-wall',
    'after the host’s suspend the guest’s wall clock is late by it',
    'qubes-issues#51, #435, #3489, #4793, #5568',
  ),
  report(
    7,
    'xen',
    'xen-clockvm-bad-sync',
    'right after resume, then set back by a stale source',
    'qubes-issues#443',
  ),
  report(
    8,
    'xen',
    'xen-tsc-s3',
    'clocksource tsc, fast and then stuck after a suspend that reset the TSC',
    'qubes-linux-kernel#577',
  ),
  report(
    9,
    'xen',
    'xen-rtc-catchup',
    'an emulated RTC makes up for every missed second and holds the VM',
    'Xen 9c667640ec3b; QEMU mc146818rtc, qemu-devel 2015 (P. Donohue)',
  ),
  report(
    10,
    'xen',
    'xen-viridian-45min',
    'the Hyper-V reference counter ran on over a suspend of 45 minutes',
    'Xen f6a07643e1cc',
  ),
  report(
    11,
    'xen',
    'minios-drift',
    'a guest that reads the wall clock at boot drifts 1.5 s a day',
    'mirage/mini-os#3',
  ),
  report(
    12,
    'kvm',
    'kvm-mig-base',
    'kvmclock is the host’s uptime: jump ahead, or standstill',
    'Linux afbcf7ab8d1b',
  ),
  report(
    13,
    'kvm',
    'kvm-backward-warp',
    'the ns base steps slower than the TSC: an update shows less than already seen',
    'Linux 1d5f066e0b63',
  ),
  report(
    14,
    'kvm',
    'kvm-smp-ntp-skew',
    'vCPUs’ pages renewed at different times differ by what NTP slews meanwhile',
    'Linux 0061d53daf26, 7e44e4495a39; OSv#164, #719',
  ),
  report(
    15,
    'kvm',
    'kvm-tsc-sync-window',
    'vCPU TSCs written 0.97 s apart agree, 1.01 s apart they do not',
    'Linux 4dd7980b2140',
  ),
  report(
    16,
    'kvm',
    'qemu-pause-policy',
    'over a pause a guest on tsc jumps, one on kvm-clock does not: which is right?',
    'QEMU 00f4d64ee76e; qemu-devel 2025-09 (Dongli Zhang)',
  ),
  report(17, 'kvm', 'fc-mono-jump', 'CLOCK_MONOTONIC jumps by the age of the snapshot', 'firecracker#5809'),
  report(
    18,
    'kvm',
    'fc-jump-backlog',
    'the jump makes every overdue timer fire at once; the older, the more',
    'superserve-ai/sandbox#461; gVisor#218',
  ),
  report(
    19,
    'kvm',
    'fc-stale-tsc',
    'a guest on tsc resumes with the time of its snapshot',
    'deeplethe/forkd#288; ilbertt/nibrun#410; e2b-dev/infra#638',
  ),
  report(
    20,
    'kvm',
    'fc-deadline-order',
    'TSC_DEADLINE restored before the TSC: stuck in sleep',
    'firecracker#4666, #4099',
  ),
  report(
    20,
    'kvm',
    'fc-deadline-zero',
    'TSC_DEADLINE saved as 0, and the interrupt that it stood for lost',
    'firecracker#4618',
  ),
  report(
    21,
    'kvm',
    'fc-softlockup-flag',
    'GUEST_STOPPED is asked for and never reaches the page: soft lockup',
    'firecracker#5494, #5322, #1859',
  ),
  report(
    22,
    'kvm',
    'ch-clock-lost',
    'the clock is not restored: ticks stop',
    'cloud-hypervisor#2653, #2654, #3413',
  ),
  report(
    23,
    'kvm',
    'ch-clock-after-vcpus',
    'vCPUs run before KVM_SET_CLOCK: a stale TSC page, a guest that hangs',
    'cloud-hypervisor#7932, #7930',
  ),
  report(24, 'kvm', 'ch-realtime-policy', 'should a restore catch up to now?', 'cloud-hypervisor#8256'),
  report(
    25,
    'kvm',
    'mig-tsc-freq',
    'the destination’s TSC has another frequency',
    'cloud-hypervisor#5786, #5787; erigones/esdc-factory#114; firecracker#2522',
  ),
  report(
    26,
    'kvm',
    'mig-250ppm',
    'hosts within 250 ppm count as equal',
    'kubevirt#9640, #9615; D. Woodhouse 1c5d428ec116',
  ),
  report(
    27,
    'kvm',
    'kvm-steal-overflow',
    'last_steal from the wrong thread: stolen time overflows',
    'LP#1494350; htop#289; Linux 7cae2bedcbd4',
  ),
  report(
    28,
    'kvm',
    'hv-reftime',
    'the Hyper-V counter is dropped on restore; rounded down it steps back',
    'openvmm#4066',
  ),
  report(
    29,
    'kvm',
    'kvm-wallclock-once',
    'the wall clock MSR is read at boot only, and has 32 bits of seconds',
    'OSv#1015; Linux Documentation/virt/kvm/x86/msr.rst',
  ),
  report(
    30,
    'kvm',
    'bhyve-mig',
    'the hosts’ wall clocks are taken for equal',
    'propolis#337, #359; s390: QEMU 3f9e59bb5358',
  ),
  report(
    31,
    'kvm',
    'vmmclock-fight',
    'an agent sets the clock each 30 s and the guest runs fast: it steps back each time',
    'docker/for-mac#4347, #17, #2076; moby#33697; lima#850; WSL#8204, #10006, #5324, #4179',
  ),
  report(
    32,
    'kvm',
    'crdb-stale-window',
    'after a migration a database serves with the old time until somebody sets it',
    'cockroach#46199, #23717, docs#7679; lkml 2605.2/06352',
  ),
  report(33, 'kvm', 'uptime-208', 'sched_clock overflows after 208.5 days', 'Linux 4cecf6d401a0'),
  report(
    34,
    'power',
    'ppc-tb-offset',
    'TBU40 rounds the timebase’s offset up, by up to 32.8 ms',
    'Linux 93b0f4dc29c5; QEMU 98a8b52442d3',
  ),
  report(
    35,
    'power',
    'ppc-dec-stall',
    'a decrementer that is not migrated: no interrupt for 4 s, or 2.23 years',
    'Linux 5855564c8ab2',
  ),
  report(
    36,
    'power',
    'ppc-host-pause',
    'does the timebase run while the guest is stopped?',
    'qemu-devel 2018-07; RVVM#139',
  ),
]
