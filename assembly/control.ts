/**
 * The shell's hand on a machine: configuration before boot, the host's events, and what a clock policy may read
 * and write while the guest is stopped. Guest code never calls these. Counters are named by their index:
 * 0 TSC, 1 timebase, 2 platform timer, 3 wall clock.
 */
import { Counter, counter_fraction, counter_rate, counter_read, counter_step } from './counter'

import { queue_relink } from './event-queue'
import { cpu_time, host_counter, host_counter_set, hypervisor_now, xen_start } from './host'
import {
  busy, CAUSE_FREQUENCY, CLOCK_REALTIME, GUEST_MEMORY, guest, host, HOST_MONO, HOST_TIMEBASE, HOST_TSC, HOST_WALL,
  HYPERVISOR_XEN, machine, MAX_BUSY, MAX_READERS, MAX_SLEEPERS, reader, RUN_RUNNING, sleeper, SLEEPER_AWAKE, STATE,
  STATE_END, vcpu,
} from './layout'
import { enter, leave, machine_create, service } from './machine'
import { GPA_SHARED_INFO } from './memory'
import {
  program_adjtime, program_adjtimex, program_read_clock, program_rtc_resync, program_settimeofday, program_suspend,
} from './model/program'
import { dec_rearm } from './ppc/cpu'
import { vcpu_can_run } from './vcpu'
import { vmclock_answer } from './vmclock'
import { BUSY_WAITING } from './workload'
import { xxh64 } from './hash'
import { domain_tsc_ratio, tsc_get_info, tsc_set_info } from './x86/domain-tsc'
import { kvm_rearm_timers, kvm_set_guest_tsc_khz } from './x86/kvm'
import { HV_X64_MSR_TIME_REF_COUNT, rdmsr } from './x86/cpu'
import { tsc_ratio_one } from './x86/tsc'
import { domain_tsc, guest_alive, xen_publish_time, xen_rearm_timers } from './x86/xen'
import { cpu_time, host_tsc, xen_master, xen_now } from './host'

/** A slew of 10 %, and what a tick that is longer by 1 us is: 100 ppm. */
const SLEW_MOST: i64 = 100000000
const TICK_PPB: i64 = 100000

// ---- the host

@inline function counter_address(which: u32): usize {
  return which == 0 ? HOST_TSC : which == 1 ? HOST_TIMEBASE : which == 2 ? HOST_MONO : HOST_WALL
}

@inline function counter(which: u32): Counter { return host_counter(counter_address(which)) }

/** Facts of the host and its hypervisor, see layout.ts Host. */
export function host_configure(
  hypervisor: u32, tsc_khz: u32, timebase_hz: u32, tsc_frac_bits: u32, constant_tsc: u32, tsc_reliable: u32, tsc_clocksource: u32,
  timer_slop_ns: u32, system_time_base_ns: u64,
): void {
  const h = host()
  h.hypervisor = hypervisor
  h.tsc_khz = tsc_khz
  h.timebase_hz = timebase_hz
  h.tsc_frac_bits = tsc_frac_bits
  h.constant_tsc = constant_tsc
  h.tsc_reliable = tsc_reliable
  h.tsc_clocksource = tsc_clocksource
  h.timer_slop_ns = timer_slop_ns
  h.system_time_base_ns = system_time_base_ns
}

/** Counter `which` shows `base` now and gains num/den a true ns. */
export function host_set_counter(which: u32, base: u64, num: u64, den: u64): void {
  host_counter_set(counter_address(which), base, num, den)
}
/** Changes a counter's rate from now on; den stays. */
export function host_rate_counter(which: u32, num: u64): void { counter_rate(counter(which), machine().now_ns, num) }
/** Steps a counter. */
export function host_step_counter(which: u32, delta: i64): void { counter_step(counter(which), machine().now_ns, delta) }
export function host_read_counter(which: u32): u64 { return counter_read(counter(which), machine().now_ns) }
/** The part of a count that has gone by since: a numerator over the counter's den. */
export function host_read_fraction(which: u32): u64 {
  return counter_fraction(counter(which), machine().now_ns, host_read_counter(which))
}

/** The host's state was copied in from another machine, perhaps one of an older layout of the queue. */
export function host_restored(): void { queue_relink() }

/** How KVM renews kvmclock's pages on this host; see layout.ts Host. */
export function host_configure_kvmclock(step_ns: u32, update_ns: u64, stagger_ns: u32, never_back: u32): void {
  const h = host()
  h.kvm_step_ns = step_ns
  h.kvm_update_ns = update_ns
  h.kvm_stagger_ns = stagger_ns
  h.kvm_never_back = never_back
}

/** The host woke from a sleep that reset its TSC: Xen takes a new stamp (init_percpu_time). */
export function host_restamp(): void {
  if (host().hypervisor != HYPERVISOR_XEN) return
  const c = cpu_time()
  c.local_tsc = host_tsc()
  c.local_stime = xen_master()
  c.master_stime = c.local_stime
  if (guest_alive()) guest_publish_time()
}

/** The hypervisor boots; its counters are set. */
export function host_start(): void {
  if (host().hypervisor == HYPERVISOR_XEN) xen_start()
}

/** The host was asleep for `ns`: KVM's boot clock counts it. */
export function host_slept(ns: u64): void { host().suspended_ns += ns }

/** Counters were set, stepped or re-rated: what was foreseen from them is foreseen again. */
export function host_clocks_changed(): void {
  if (host().hypervisor == HYPERVISOR_XEN) {
    if (guest_alive()) xen_rearm_timers()
    return
  }
  kvm_rearm_timers()
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) dec_rearm(cpu)
}

/** Xen's NOW(), or KVM's boot clock. */
export function host_system_time(): u64 { return hypervisor_now() }
export function host_wc_sec(): u64 { return host().wc_sec }
export function host_wc_nsec(): u32 { return host().wc_nsec }

// ---- the guest, before it boots

/** What is installed in the guest; see layout.ts Guest. Then its vCPUs are created. */
export function guest_configure(
  program: u32, vcpus: u32, wide: u32, privileged: u32, hvm: u32, hz: u32, variant: u32, clocksource: u32, ntp: u32,
  singleshot_era: u32, memory_size: u32,
): void {
  const g = guest()
  machine().program = program
  machine().memory_size = memory_size
  g.wide = wide
  g.privileged = privileged
  g.hvm = hvm
  g.option_hz = hz
  g.option_variant = variant
  g.option_clocksource = clocksource
  g.option_ntp = ntp
  g.singleshot_era = singleshot_era
  g.shared_info_gpa = GPA_SHARED_INFO
  g.tsc_frac_bits = host().tsc_frac_bits ? host().tsc_frac_bits : 48
  g.tsc_ratio = tsc_ratio_one(g.tsc_frac_bits)
  g.virtual_tsc_khz = host().tsc_khz
  machine_create(vcpus)
}

/** The timebase of a Power guest: its source (TB_*), its rate, what the device tree says, and DEC's kind. */
export function guest_configure_power(source: u32, tb_hz: u32, told_hz: u32, dec_bits: u32, dec_level: u32, booke: u32): void {
  const g = guest()
  g.tb_source = source
  g.tb_hz = tb_hz
  g.told_tb_hz = told_hz
  g.dec_bits = dec_bits
  g.dec_level = dec_level
  g.booke = booke
}

/** The guest can use Hyper-V's clocks. */
export function guest_configure_hyperv(): void { guest().hv_enabled = 1 }

/** The guest's RTC makes up for missed ticks of `period_ns`, of at most `most_ns` (0: of any), at a cost of host time. */
export function guest_configure_rtc(period_ns: u64, cost_ns: u64, most_ns: u64): void {
  const g = guest()
  g.rtc_period_ns = period_ns
  g.rtc_cost_ns = cost_ns
  g.rtc_most_ns = most_ns
}

/** Reader `index` looks at vmclock's disruption marker before it trusts its clock; there must be the device. */
export function workload_guard_reader(index: u32): void { reader(index).guarded = 1 }

/** Adds a reader; -1 when there are MAX_READERS. Times are true ns; until_ns is exclusive. */
export function workload_add_reader(clock: u32, cpu: u32, from_ns: u64, every_ns: u64, until_ns: u64): i32 {
  for (let i: u32 = 0; i < MAX_READERS; i++) {
    const r = reader(i)
    if (r.active) continue
    r.clock = clock
    r.vcpu = cpu
    r.from_ns = from_ns
    r.every_ns = every_ns
    r.until_ns = until_ns
    r.active = 1
    return i
  }
  return -1
}

/** A reader reads up to another instant, true ns, exclusive; counts from the next start of the workload. */
export function workload_read_until(index: u32, until_ns: u64): void { reader(index).until_ns = until_ns }

/** Adds a sleeper: first nanosleep at true `at_ns`, again `pause_ns` after each wake if it repeats. */
export function workload_add_sleeper(clock: u32, cpu: u32, at_ns: u64, for_ns: u64, repeats: u32, pause_ns: u64): i32 {
  const i = guest().sleepers
  if (i == MAX_SLEEPERS) return -1
  guest().sleepers = i + 1
  const s = sleeper(i)
  s.state = SLEEPER_AWAKE
  s.clock = clock
  s.vcpu = cpu
  s.at_ns = at_ns
  s.for_ns = for_ns
  s.repeats = repeats
  s.pause_ns = pause_ns
  return i
}

/** Adds a CPU-bound phase of true time [from_ns, until_ns). */
export function workload_add_busy(cpu: u32, from_ns: u64, until_ns: u64): i32 {
  for (let i: u32 = 0; i < MAX_BUSY; i++) {
    const b = busy(i)
    if (b.state) continue
    b.state = BUSY_WAITING
    b.vcpu = cpu
    b.from_ns = from_ns
    b.until_ns = until_ns
    return i
  }
  return -1
}

// ---- the guest, from inside, by an agent that runs in it

/** A clock as a process on vCPU `cpu` would read it now. */
export function guest_read_clock(cpu: u32, clock: u32): u64 { return program_read_clock(cpu, clock) }
export function guest_settimeofday(ns: u64): void {
  program_settimeofday(0, ns)
  vmclock_answer()
  if (vcpu_can_run(0)) leave(0)
}
export function guest_adjtime(ppb: i32): void { program_adjtime(ppb) }
export function guest_rtc_resync(): void {
  program_rtc_resync(0)
  if (vcpu_can_run(0)) leave(0)
}
/**
 * An NTP daemon in the guest that slews: each `period_ns` it sees how far the clock is behind `source_ns`, takes what was
 * not mended for the clock's own error, and sets the rate at which the rest is gone after another period.
 */
export function guest_slew(source_ns: u64, period_ns: u64): void {
  const g = guest()
  const behind = <i64>(source_ns - program_read_clock(0, CLOCK_REALTIME))
  const rate = behind * 1000000 / <i64>(period_ns / 1000) // ppb over a period; fits for errors of hours
  g.agent_ppb = max(min(g.agent_ppb + rate, SLEW_MOST), -SLEW_MOST)
  const wanted = max(min(g.agent_ppb + rate, SLEW_MOST), -SLEW_MOST)
  const ticks = wanted / TICK_PPB
  program_adjtimex(<i32>ticks, <i32>(wanted - ticks * TICK_PPB))
}

/** The platform announces a timebase frequency: the guest hears of it when it runs. */
export function guest_tell_frequency(hz: u32): void {
  guest().told_tb_hz = hz
  vcpu(0).pending |= CAUSE_FREQUENCY
  service(0)
}
/** The toolstack asks a Xen PV guest to suspend itself: its CPUs wake up for it. machine_stop follows. */
export function guest_suspend(): void {
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) if (vcpu_can_run(cpu)) enter(cpu)
  program_suspend()
}

// ---- the guest, while it is stopped, by a policy

/**
 * Xen's calibration has just left this stamp and scale on the CPU: system time was `stime` when its TSC read `tsc`. For
 * a host whose calibration is known from outside. A guest that runs gets it in its time page.
 */
export function xen_set_stamp(tsc: u64, stime: u64, mul: u32, shift: i32): void {
  const c = cpu_time()
  c.local_tsc = tsc
  c.local_stime = stime
  c.master_stime = stime
  c.mul = mul
  c.shift = shift
  if (!guest_alive()) return
  if (machine().run_state == RUN_RUNNING) guest_publish_time()
  xen_rearm_timers()
}

/** HVM guest time is ahead of system time by `offset`: minus the system time at which Xen created the domain. */
export function guest_set_stime_offset(offset: u64): void { guest().stime_offset = offset }

/** Xen tsc_set_info with this host's facts. `incarnation` is what the save gave. */
export function guest_set_tsc_info(mode: u32, elapsed_ns: u64, khz: u32, incarnation: u32): i32 {
  const h = host()
  const g = guest()
  const status = tsc_set_info(
    domain_tsc(), mode, elapsed_ns, khz, incarnation, xen_now(), h.tsc_khz, h.tsc_reliable != 0, g.hvm != 0, h.tsc_frac_bits,
  )
  if (status == 0 && g.hvm) {
    const ratio = domain_tsc_ratio(domain_tsc(), h.tsc_khz, true, h.tsc_frac_bits)
    g.tsc_frac_bits = h.tsc_frac_bits ? h.tsc_frac_bits : 48
    g.tsc_ratio = ratio ? ratio : tsc_ratio_one(g.tsc_frac_bits)
  }
  return status
}

/** Whether Xen runs the guest on a virtual machine's CPU (HVM, PVH). */
export function guest_is_hvm(): bool { return guest().hvm != 0 }

/** Xen tsc_get_info into CALL: u32 mode, u32 khz, u64 nsec, u32 incarnation. */
export function guest_get_tsc_info(out: usize): void {
  tsc_get_info(domain_tsc(), xen_now(), host_tsc(), host().tsc_khz, guest().hvm != 0, host().tsc_frac_bits, out)
}

/** Makes every vCPU's time page current, as when the vCPU context is set. */
export function guest_publish_time(): void {
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) xen_publish_time(cpu, true)
}

export function guest_set_tsc_khz(khz: u32): i32 {
  const status = kvm_set_guest_tsc_khz(khz)
  if (status == 0) kvm_rearm_timers()
  return status
}
export function guest_virtual_tsc_khz(): u32 { return guest().virtual_tsc_khz }
export function guest_tsc_offset(cpu: u32): u64 { return guest().tsc_offset + vcpu(cpu).tsc_adjust }

/** IA32_TSC_DEADLINE as a VMM reads it. */
export function guest_tsc_deadline(cpu: u32): u64 { return vcpu(cpu).tsc_deadline }

/** Hyper-V's reference counter, units of 100 ns. */
export function guest_reference_count(): u64 { return rdmsr(0, HV_X64_MSR_TIME_REF_COUNT) }

/** Whether one stamp serves all vCPUs (KVM_GET_CLOCK's KVM_CLOCK_TSC_STABLE). */
export function kvm_master_clock(): u32 { return guest().master_clock }

export function guest_tb_offset(): u64 { return guest().tb_offset }
export function guest_set_tb_offset(offset: u64): void { guest().tb_offset = offset }
/** Sets the timebase's source and rate; the DEC's `next` is in ticks of the source, so a policy sets it again. */
export function guest_set_tb_source(source: u32, tb_hz: u32): void {
  guest().tb_source = source
  guest().tb_hz = tb_hz
}
export function guest_tb_hz(): u32 { return guest().tb_hz }

/** QEMU's virtual clock, while the VM is stopped. */
export function guest_set_vmclk(ns: u64): void {
  guest().vmclk_held = ns
  guest().vmclk_stopped = 1
}

/** The tick of the source at which DEC reads 0. */
export function guest_dec_next(cpu: u32): u64 { return vcpu(cpu).dec_next }
export function guest_dec_armed(cpu: u32): u32 { return vcpu(cpu).dec_armed }
export function guest_set_dec_next(cpu: u32, next: u64, armed: u32): void {
  vcpu(cpu).dec_next = next
  vcpu(cpu).dec_armed = armed
  dec_rearm(cpu)
}


// ---- the machine

export function machine_now(): u64 { return machine().now_ns }
export function machine_run_state(): u32 { return machine().run_state }
export function machine_vcpus(): u32 { return machine().vcpus }
export function machine_program(): u32 { return machine().program }
export function machine_fault(): u32 { return machine().fault }
export function machine_exit(): u32 { return machine().exit }
export function machine_exit_clear(): void { machine().exit = 0 }
export function machine_exit_secs(): u64 { return machine().exit_secs }
export function machine_exit_nsecs(): u32 { return <u32>machine().exit_nsecs }
export function machine_exit_system_time(): u64 { return machine().exit_system_time }
export function machine_exit_rtc_secs(): u64 { return machine().exit_rtc_secs }
export function machine_stopped_at(): u64 { return machine().stopped_at_ns }
export function machine_stopped_total(): u64 { return machine().stopped_total_ns }
export function machine_memory_size(): u32 { return machine().memory_size }
export function machine_set_memory_size(bytes: u32): void { machine().memory_size = bytes }

/** XXH64 of the whole state and guest memory. */
export function machine_hash(): u64 {
  return xxh64(GUEST_MEMORY, machine().memory_size, xxh64(STATE, <u32>(STATE_END - STATE), 0))
}
