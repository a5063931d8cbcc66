/**
 * The memory map of a machine: every region, its address, its size and its fields.
 *
 * One WebAssembly instance is one *machine*: a host's clocks and hypervisor, and at most one guest on it.
 * Everything that changes lives between STATE and STATE_END and in guest memory, so a copy of those bytes
 * is a copy of the machine. There is no mutable global beside it (a test reads the module's globals).
 *
 *   0x000400  static data of the compiler (messages of the debug build)
 *   0x010000  CALL        arguments and results of calls that take more than numbers; not state
 *   0x011000  MACHINE     true time, run state, which program runs            ─┐ STATE
 *   0x011100  HOST        oscillators, wall clock, hypervisor-wide facts       │ stays on the host
 *   0x011400  QUEUE       the event queue                                      │
 *   0x016000  GUEST       the guest's platform, not per vCPU                  ─┤
 *   0x016400  VCPU × 32   run state, timers, per-vCPU registers                │ moves with the guest
 *   0x018400  READER × 32, SLEEPER × 256, BUSY × 64   the workload             │
 *   0x01d800  WRITER × 8  programs that write memory                           │
 *   0x024000                                                                  ─┘ STATE_END
 *   0x030000  EPOCHS      notes of x86/xen-epochs.ts while it skips; not state
 *   0x040000  RING        observations on their way out; not state
 *   0x0e8000  DIRTY       a bit for each page of guest memory, of a live migration; not state
 *   0x0f0000  SENT        copies of the first pages, to find what has changed in them; not state
 *   0x100000  guest memory, MEMORY_DEFAULT bytes or as many as the shell asked for
 */

export const CALL: usize = 0x10000
export const STATE: usize = 0x11000
export const MACHINE: usize = STATE
export const HOST: usize = 0x11100
export const QUEUE: usize = 0x11400
export const GUEST: usize = 0x16000
export const VCPU: usize = 0x16400
export const READER: usize = 0x18400
export const SLEEPER: usize = 0x18c00
export const BUSY: usize = 0x1d000
export const WRITER: usize = 0x1d800
export const STATE_END: usize = 0x24000
export const EPOCHS: usize = 0x30000
export const RING: usize = 0x40000
export const DIRTY: usize = 0xe8000
export const SENT: usize = 0xf0000
export const GUEST_MEMORY: usize = 0x100000

export const VCPU_SIZE: usize = 256
export const READER_SIZE: usize = 64
export const SLEEPER_SIZE: usize = 64
export const BUSY_SIZE: usize = 32
export const WRITER_SIZE: usize = 64
export const DIRTY_SIZE: usize = 0x8000 // 1 GiB of pages

export const MAX_VCPUS: u32 = 32
export const MAX_READERS: u32 = 32
export const MAX_SLEEPERS: u32 = 256
export const MAX_BUSY: u32 = 64
export const MAX_WRITERS: u32 = 8
export const MEMORY_DEFAULT: u32 = 0x100000

export const NEVER: u64 = u64.MAX_VALUE
export const NS_PER_SEC: u64 = 1000000000

/** What may run a guest: Machine.hypervisor and Host.hypervisor. */
export const HYPERVISOR_NONE: u32 = 0
export const HYPERVISOR_XEN: u32 = 1
export const HYPERVISOR_KVM: u32 = 2
export const HYPERVISOR_POWER_KVM: u32 = 3
export const HYPERVISOR_POWER_TCG: u32 = 4

/** Machine.run_state. */
export const RUN_EMPTY: u32 = 0 // a host without a guest
export const RUN_OFF: u32 = 1 // a guest that was configured but has not booted
export const RUN_RUNNING: u32 = 2
export const RUN_STOPPED: u32 = 3 // paused, or being saved or moved
export const RUN_FAULTED: u32 = 4 // see Machine.fault

/** Machine.program: what the guest runs. */
export const PROGRAM_NONE: u32 = 0
export const PROGRAM_LINUX_2_6_18_XEN: u32 = 1
export const PROGRAM_LINUX_XEN: u32 = 2
export const PROGRAM_LINUX_KVM: u32 = 3
export const PROGRAM_LINUX_PPC64: u32 = 4

/** Machine.fault. */
export const FAULT_NONE: u32 = 0
export const FAULT_LIVELOCK: u32 = 1 // a million events without a nanosecond of true time between them
export const FAULT_DIVERGED: u32 = 3 // tick by tick: a timer was due at another instant than foreseen

/** Bits of Machine.exit: hypercalls that reach beyond this machine; the shell serves them and clears it. */
export const EXIT_SETTIME: u32 = 1 // XENPF_settime by dom0
export const EXIT_RTC: u32 = 2 // dom0 set the CMOS clock

@unmanaged
export class Machine {
  magic: u64 // MACHINE_MAGIC once machine_init ran
  now_ns: u64 // true time
  pad1: u64
  same_instant: u32 // events fired at now_ns, for FAULT_LIVELOCK
  run_state: u32
  program: u32
  fault: u32
  exit: u32
  vcpus: u32
  exit_secs: u64 // EXIT_SETTIME: UTC exit_secs.exit_nsecs was when system time was exit_system_time
  exit_nsecs: u64
  exit_system_time: u64
  exit_rtc_secs: u64
  memory_size: u32
  pad0: u32
  stopped_at_ns: u64 // true time of the last stop
  stopped_total_ns: u64 // all true time the guest has spent stopped since its boot
}
export const MACHINE_MAGIC: u64 = 0x31304e4f52484321 // "!CHRON01" in memory order

/** Addresses of the host's oscillators and clocks; each is a Counter of 72 bytes (counter.ts). */
export const HOST_TSC: usize = HOST + 0x80
export const HOST_TIMEBASE: usize = HOST + 0xc8
export const HOST_MONO: usize = HOST + 0x110 // platform timer of Xen, CLOCK_MONOTONIC_RAW of Linux: ns since host boot
export const HOST_WALL: usize = HOST + 0x158 // the host's own wall clock: ns since the Unix epoch
export const HOST_CPU_TIME: usize = HOST + 0x1a0 // Xen's per-CPU stamp, CpuTime (x86/calibration.ts)

@unmanaged
export class Host {
  hypervisor: u32
  tsc_khz: u32 // what the host believes its TSC to run at
  timebase_hz: u32
  tsc_frac_bits: u32 // of hardware TSC scaling: 48 (VMX), 32 (SVM), 0 none
  constant_tsc: u32
  tsc_reliable: u32
  tsc_clocksource: u32 // Xen's or Linux' own clocksource is the TSC
  timer_slop_ns: u32 // a timer fires this late
  suspended_ns: u64 // KVM: time spent suspended, counted by the boot clock and not by HOST_MONO
  system_time_base_ns: u64 // Xen: system_time when HOST_MONO reads 0; 0 but for an epoch-based hypervisor
  wc_sec: u64 // Xen: UTC at system_time 0
  wc_nsec: u32
  // KVM: how kvmclock's pages are renewed where no master clock serves all of them
  kvm_step_ns: u32 // the clock behind them advances in steps of this; 0: it does not
  kvm_update_ns: u64 // from one renewal to the next; 0: 300 s
  kvm_stagger_ns: u32 // from one vCPU's renewal to the next one's
  kvm_never_back: u32 // a renewal shows no less than the page before it (Linux 1d5f066e0b63)
}

/** Where TB and DEC get their ticks: Guest.tb_source. */
export const TB_HOST: u32 = 0 // the host's timebase register
export const TB_VIRTUAL_CLOCK: u32 = 1 // QEMU's virtual clock: floor(vmclk * tb_hz / 1e9)
export const TB_SCALED: u32 = 2 // the host's timebase scaled to tb_hz

@unmanaged
export class Guest {
  hypervisor: u32
  wide: u32 // 1: x86-64 layouts, 0: x86-32
  privileged: u32 // dom0
  hvm: u32 // 0: PV
  shared_info_gpa: u32
  singleshot_era: u32 // 0: before Xen 19c6cbd909 (2023-05), 1: after
  // x86: hardware offset and ratio (KVM, Xen HVM)
  tsc_frac_bits: u32
  virtual_tsc_khz: u32
  tsc_offset: u64
  tsc_ratio: u64
  time_offset_s: i64 // Xen: domain's wall clock offset
  // KVM
  kvmclock_offset: u64
  master_kernel_ns: u64
  master_cycle_now: u64
  master_clock: u32 // use_master_clock
  wall_clock_msr: u32 // address last written, 0 none
  last_tsc_write: u64
  last_tsc_ns: u64
  tsc_generation: u32
  guest_stopped_request: u32 // KVM_KVMCLOCK_CTRL pending
  // Power
  tb_source: u32
  tb_hz: u32 // the rate of TB and DEC
  tb_offset: u64
  vmclk_offset: u64 // QEMU's virtual clock minus HOST_MONO, while running
  vmclk_held: u64 // its value while stopped
  vmclk_stopped: u32
  dec_bits: u32 // 32, or 56
  dec_level: u32 // 1 level (Book3S-64), 0 edge
  booke: u32
  told_tb_hz: u32 // what the platform tells the guest (device tree); the guest reads it at boot
  tb_disabled: u32 // TBEN low: TB holds tb_offset
  // the kernel model's options, as the boot command line and build configuration would give them
  option_hz: u32
  option_variant: u32
  option_clocksource: u32
  option_ntp: u32
  sleepers: u32 // how many of SLEEPER are in use, from the first on
  kvm_sync_next: u32 // the vCPU whose page is renewed next, where they are not renewed together
  stime_offset: u64 // Xen HVM: what guest time is ahead of system time, which an emulated TSC counts (pl_time)
  cur_tsc_adjust: u64 // KVM: the TSC offset of the current generation minus tsc_offset
  // Hyper-V's clocks (x86/hyperv.ts)
  hv_enabled: u32
  hv_page_gpa: u32 // the reference TSC page; 0: not registered
  hv_offset: i64 // Xen: reference counter minus NOW(), ns
  // an emulated RTC that makes up for what it has missed (rtc.ts)
  rtc_period_ns: u64 // 0: it does not
  rtc_cost_ns: u64 // host time that one tick costs
  rtc_most_ns: u64 // the longest gap that it makes up for; 0: any
  rtc_last_ns: u64 // the host's wall clock when it was looked at last
  vmclock: u32 // the VM has the device
  pad0: u32
  agent_ppb: i64 // what an agent that slews has found the clock to be slow by
}
/** Xen's TSC settings of the domain: DomainTsc (x86/domain-tsc.ts). */
export const GUEST_DOMAIN_TSC: usize = GUEST + 0x180

export const RUNSTATE_RUNNING: u32 = 0
export const RUNSTATE_RUNNABLE: u32 = 1
export const RUNSTATE_BLOCKED: u32 = 2
export const RUNSTATE_OFFLINE: u32 = 3

/** What a vCPU has to do, bits of Vcpu.pending; the highest first: nothing interrupts a kernel before it has booted. */
export const CAUSE_TIMER: u32 = 1 // VIRQ_TIMER, or the local APIC timer
export const CAUSE_DEC: u32 = 2
export const CAUSE_HDEC: u32 = 4
export const CAUSE_FREQUENCY: u32 = 8 // the device tree changed: another timebase frequency
export const CAUSE_RESUME: u32 = 16 // the suspend hypercall returns
export const CAUSE_BOOT: u32 = 32

@unmanaged
export class Vcpu {
  pending: u32
  runstate: u32
  state_entry_ns: u64 // hypervisor time
  time0_ns: u64 // running, runnable, blocked, offline
  time1_ns: u64
  time2_ns: u64
  time3_ns: u64
  runstate_gpa: u32 // 0: not registered
  time_area_gpa: u32 // VCPUOP_register_vcpu_time_memory_area
  vcpu_info_gpa: u32 // VCPUOP_register_vcpu_info; 0: in shared_info
  descheduled: u32 // the host gives its CPU to others
  busy: u32 // workload phases that keep it from idling
  online: u32
  singleshot_armed: u32
  pad0: u32
  singleshot_deadline: u64 // hypervisor time
  periodic_period: u64 // 0: stopped
  periodic_last_event: u64 // hypervisor time
  // KVM
  system_time_msr: u64 // address | 1
  tsc_adjust: u64 // this vCPU's TSC minus the guest's
  tsc_deadline: u64 // 0: disarmed
  tsc_vcpu_generation: u32
  pad1: u32
  steal_msr: u64 // MSR_KVM_STEAL_TIME: address | 1
  // Power
  dec_next: u64 // in source ticks, TB offset not included
  dec_last: u64 // value last written, masked
  hdec_next: u64
  hdec_armed: u32
  dec_armed: u32
  vtb_offset: u64 // VTB and PURR count only time in which the vCPU has a CPU
  purr_offset: u64
  vtb_held: u64 // their values while it has none
  purr_held: u64
  vtb_stopped: u32
  waits: u32 // for a CPU of the host, since the tick waits_from
  // KVM
  deadline_mono_ns: u64 // the host's clock at which a deadline is due that a VMM has written; 0: it follows the TSC
  steal_skew_ns: u64 // stolen time that the guest is told minus what the vCPU's thread has waited
  // Power
  waits_from: u64
  vpa_gpa: u32 // H_REGISTER_VPA; 0: not registered
  pad2: u32
}

/** The event slots: who may have an event in the queue. A slot has at most one. */
export const SLOT_CALIBRATION: u32 = 0 // Xen, each second
export const SLOT_WALL_SYNC: u32 = 1 // the host's own push of its wall clock into the hypervisor
export const SLOT_KVMCLOCK_SYNC: u32 = 2 // KVM, each 300 s
export const SLOT_RTC: u32 = 3 // an emulated RTC has made up for what it had missed
export const SLOT_VCPU: u32 = 8 // 8 slots a vCPU
export const SLOTS_PER_VCPU: u32 = 8
export const VCPU_SINGLESHOT: u32 = 0
export const VCPU_PERIODIC: u32 = 1
export const VCPU_TSC_DEADLINE: u32 = 2
export const VCPU_DEC: u32 = 3
export const VCPU_HDEC: u32 = 4
export const VCPU_AGAIN: u32 = 5 // machine.ts leave(): guest code that needs time to pass
export const SLOT_READER: u32 = SLOT_VCPU + MAX_VCPUS * SLOTS_PER_VCPU // 264
export const SLOT_SLEEPER: u32 = SLOT_READER + MAX_READERS // 296
export const SLOT_BUSY: u32 = SLOT_SLEEPER + MAX_SLEEPERS // 552
export const SLOTS: u32 = SLOT_BUSY + MAX_BUSY // 616

/** Guest clocks that a reader reads and a sleeper sleeps on. */
export const CLOCK_REALTIME: u32 = 0
export const CLOCK_MONOTONIC: u32 = 1
export const CLOCK_BOOTTIME: u32 = 2
export const CLOCK_MONOTONIC_RAW: u32 = 3
export const CLOCK_GETTIMEOFDAY: u32 = 4 // REALTIME as gettimeofday gives it: whole microseconds, in ns
export const CLOCK_COUNTER: u32 = 5 // the raw register: TSC or TB, in ticks
export const CLOCK_SCHED: u32 = 6 // sched_clock, and what printk shows
export const CLOCK_STEAL: u32 = 7 // stolen time as the kernel accounts it, ns
export const CLOCK_JIFFIES: u32 = 8
export const CLOCK_REFERENCE: u32 = 9 // Hyper-V's reference counter by its MSR, ns
export const CLOCK_REFERENCE_PAGE: u32 = 10 // the same by the TSC page

@unmanaged
export class Reader {
  clock: u32
  vcpu: u32
  from_ns: u64 // true time
  every_ns: u64
  until_ns: u64
  active: u32
  guarded: u32 // it does not read while vmclock's disruption marker is one that nobody has answered
  answered: u64 // the marker when its clock was last known to be good
}

export const SLEEPER_UNUSED: u32 = 0
export const SLEEPER_AWAKE: u32 = 1
export const SLEEPER_ASLEEP: u32 = 2
export const SLEEPER_DONE: u32 = 3

@unmanaged
export class Sleeper {
  state: u32
  vcpu: u32
  clock: u32
  repeats: u32
  at_ns: u64 // true time of the first nanosleep
  for_ns: u64
  pause_ns: u64 // from waking to the next nanosleep, when it repeats
  expires: u64 // the kernel's hrtimer node: expiry on the sleeper's clock, ns
  issued_ns: u64 // true time of the nanosleep under way
  issued_stopped_ns: u64 // Machine.stopped_total_ns then
}

@unmanaged
export class Busy {
  from_ns: u64
  until_ns: u64
  vcpu: u32
  state: u32 // 0 unused, 1 waiting, 2 busy, 3 over
}

@unmanaged
export class Writer {
  active: u32
  vcpu: u32
  first_page: u32 // of guest memory
  pages: u32
  from_ns: u64 // true time
  until_ns: u64
  every_ns: u64 // of running time
  written: u64 // pages so far
  ran_ns: u64 // how long it has run up to since_ns
  since_ns: u64 // true time; NEVER: it does not run
}

@inline export function machine(): Machine { return changetype<Machine>(MACHINE) }
@inline export function host(): Host { return changetype<Host>(HOST) }
@inline export function guest(): Guest { return changetype<Guest>(GUEST) }
@inline export function vcpu(cpu: u32): Vcpu { return changetype<Vcpu>(VCPU + <usize>cpu * VCPU_SIZE) }
@inline export function reader(index: u32): Reader { return changetype<Reader>(READER + <usize>index * READER_SIZE) }
@inline export function sleeper(index: u32): Sleeper { return changetype<Sleeper>(SLEEPER + <usize>index * SLEEPER_SIZE) }
@inline export function busy(index: u32): Busy { return changetype<Busy>(BUSY + <usize>index * BUSY_SIZE) }
@inline export function writer(index: u32): Writer { return changetype<Writer>(WRITER + <usize>index * WRITER_SIZE) }
