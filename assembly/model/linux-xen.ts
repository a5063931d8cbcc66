/**
 * Linux 6.12 as a Xen guest (arch/x86/xen/time.c, drivers/xen/time.c, drivers/xen/manage.c,
 * arch/x86/kernel/pvclock.c).
 *
 *   clocksource  system time through the vcpu_time_info page, never below last_value; 1 GHz. dom0, which never
 *                moves, prefers the TSC
 *   event device VCPUOP_set_singleshot_timer at system time + delay, 1 ns .. 2^32-1 ns
 *   wall clock   shared_info's wc_sec and wc_nsec plus system time, read at boot and at resume
 *   suspend      the guest takes part: before the hypercall it notes the wall clock, after it the timekeeper
 *                adds what the wall clock has advanced to REALTIME and BOOTTIME and counts on from the new
 *                system time. MONOTONIC and sched_clock stand still meanwhile
 */
import {
  boot_clocksource, boot_hz, boot_ntp_synced, boot_privileged, boot_variant, boot_vcpus, boot_wide,
} from '../boot-options'
import {
  CAUSE_TIMER, CLOCK_COUNTER, CLOCK_JIFFIES, CLOCK_SCHED, CLOCK_STEAL, NS_PER_SEC, RUNSTATE_BLOCKED,
  RUNSTATE_OFFLINE, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING,
} from '../layout'
import { at, GPA_RUNSTATE, GPA_SHARED_INFO, GPA_VCPU_INFO } from '../memory'
import { observe, SEEN_CLOCK_SET, SEEN_SET_RTC, SEEN_SETTIME } from '../observe'
import { runqueue_busy } from '../workload'
import { rdtsc } from '../x86/cpu'
import {
  cmos_read_secs, cmos_write_secs, hypercall_set_timer_op, platform_op_settime, sched_op_block,
  vcpuop_register_runstate_memory_area,
  vcpuop_register_vcpu_info, vcpuop_register_vcpu_time_memory_area, vcpuop_set_singleshot_timer,
  vcpuop_stop_periodic_timer, vcpuop_stop_singleshot_timer,
} from '../x86/hypercall'
import {
  PVCLOCK_TSC_STABLE, pvclock_clocksource_read, pvclock_read, pvclock_tsc_khz, VcpuTimeInfo,
} from '../x86/pvclock'
import {
  runstate_entry_time, runstate_time, shared_info_wc_version, VCPU_INFO_BYTES, VCPU_INFO_TIME, WC_NSEC, WC_SEC,
} from '../x86/shared-info'
import {
  event_device_ticks, EventDevice, tick_state, timers_boot, timers_busy, timers_clock_was_set,
  timers_idle, timers_idling, timers_interrupt, timers_resume, timers_sleep, timers_start_rtc_sync, timers_take_rtc_due,
} from './hrtimer'
import { GPA_PLATFORM, GPA_PLATFORM_CPU, GPA_SHARED_AREAS, PLATFORM_CPU_SIZE } from './kernel-memory'
import { steal_account, steal_accounted, steal_is_accounted } from './steal'
import {
  tk_adjtimex, tk_boot, tk_coarse_realtime, tk_monotonic, tk_read, tk_realtime, tk_resume, tk_settime, tk_suspend,
} from './timekeeping'

@unmanaged
class XenTime {
  device_mult: u32 // EventDevice
  device_shift: u32
  device_min_ns: u64
  device_max_ns: u64
  last_value: u64 // the highest system time that was given out without TSC_STABLE
  sched_offset: u64 // sched_clock is system time minus this
  sched_saved: u64 // sched_clock at suspend
  next_sync: u64 // dom0: REALTIME at which the hypervisor is told the time again
  valid_flags: u32
  uses_tsc: u32 // the clocksource is the TSC
  time_area: u32 // CPU 0's second time page, which processes read without a system call, is registered
}

const RUNSTATE_SIZE: u32 = 64
const GPA_TIME_AREA: u32 = GPA_SHARED_AREAS
/** boot_variant: sched_clock counts by the run state area, which is not registered again after a resume. */
const VARIANT_UNSTOLEN_SCHED: u32 = 6
const CLOCKSOURCE_TSC: u32 = 2
const CLOCKSOURCE_XEN: u32 = 3
/** dom0 tells the hypervisor and the RTC the time each 11 minutes. */
const SYNC_NS: u64 = 660 * NS_PER_SEC

@inline function xen(): XenTime { return changetype<XenTime>(at(GPA_PLATFORM)) }
@inline function device(): EventDevice { return changetype<EventDevice>(at(GPA_PLATFORM)) }
@inline function time_page(cpu: u32): usize { return at(GPA_VCPU_INFO + cpu * <u32>VCPU_INFO_BYTES) + VCPU_INFO_TIME }
/** Stolen time of earlier hosts, whose run state areas are gone (old_runstate_time). */
@inline function old_steal(cpu: u32): usize { return at(GPA_PLATFORM_CPU + cpu * PLATFORM_CPU_SIZE) }

// ---- clocks

/** System time (xen_clocksource_read). */
function system_time(cpu: u32): u64 {
  const last_value = changetype<usize>(xen()) + offsetof<XenTime>('last_value')
  return pvclock_clocksource_read(time_page(cpu), rdtsc(cpu), <u8>xen().valid_flags, last_value, 0)
}

@inline function cycles_now(cpu: u32): u64 { return xen().uses_tsc ? rdtsc(cpu) : system_time(cpu) }

/** The clocksource as a process reads it: through the shared page if that may be trusted, or by a system call. */
function process_cycles(cpu: u32): u64 {
  if (xen().uses_tsc || !xen().time_area) return cycles_now(cpu)
  const page = changetype<VcpuTimeInfo>(at(GPA_TIME_AREA))
  return page.flags & PVCLOCK_TSC_STABLE ? pvclock_read(at(GPA_TIME_AREA), rdtsc(cpu)) : system_time(cpu)
}

/** Whether the clocksource is system time. */
export function lxen_counts_system_time(): bool { return !xen().uses_tsc }

function sched_clock(cpu: u32): u64 {
  return boot_variant() == VARIANT_UNSTOLEN_SCHED ? unstolen(cpu) : system_time(cpu) - xen().sched_offset
}

/** Time in which this CPU ran or idled, by its run state area (xen_sched_clock of 2.6.24 to 2.6.35). */
function unstolen(cpu: u32): u64 {
  const area = at(GPA_RUNSTATE + cpu * RUNSTATE_SIZE)
  const times = area + runstate_time(boot_wide())
  const since = <i64>(system_time(cpu) - load<u64>(area + runstate_entry_time(boot_wide())))
  return load<u64>(times + 8 * RUNSTATE_BLOCKED) + load<u64>(times + 8 * RUNSTATE_RUNNING) + max(since, 0)
}

/** UTC in ns, by the hypervisor (xen_read_wallclock); it does not look at wc_sec_hi. */
function read_wallclock(cpu: u32): u64 {
  const wc = at(GPA_SHARED_INFO) + shared_info_wc_version(boot_wide())
  return <u64>load<u32>(wc, WC_SEC) * NS_PER_SEC + load<u32>(wc, WC_NSEC) + system_time(cpu)
}

function runstate_steal(cpu: u32): u64 {
  const times = at(GPA_RUNSTATE + cpu * RUNSTATE_SIZE) + runstate_time(boot_wide())
  return load<u64>(times + 8 * RUNSTATE_RUNNABLE) + load<u64>(times + 8 * RUNSTATE_OFFLINE)
}

/** Programs the event device for the CPU's next timer (xen_vcpuop_set_next_event). */
function program(cpu: u32, cycles: u64): void {
  const delay = event_device_ticks(device(), cpu, tk_monotonic(cycles))
  vcpuop_set_singleshot_timer(cpu, system_time(cpu) + delay, 0)
}

/**
 * The clock was set: timers of every CPU may be due earlier. A vCPU can program only its own timer, so the others
 * are interrupted; what interrupts them here is their timer, which is made due.
 */
function clock_was_set(cpu: u32, cycles: u64): void {
  for (let other: u32 = 0; other < boot_vcpus(); other++) {
    if (!timers_clock_was_set(other)) continue
    if (other == cpu) program(cpu, cycles)
    else hypercall_set_timer_op(other, 1)
  }
  tell_hypervisor(cpu, true)
}

/**
 * dom0's duties after an update of the timekeeper: Xen is told the time when the clock was set and each 11
 * minutes (xen_pvclock_gtod_notify), the RTC each 11 minutes if NTP is in sync. Xen gets the time of the last
 * update, which is up to a tick old, for the system time of now; so does the real one.
 */
function tell_hypervisor(cpu: u32, was_set: bool): void {
  if (!boot_privileged()) return
  const now = tk_coarse_realtime()
  if (was_set || now >= xen().next_sync) {
    const secs = now / NS_PER_SEC
    const nsecs = now % NS_PER_SEC
    observe(SEEN_SETTIME, 0, secs, nsecs)
    platform_op_settime(secs, <u32>nsecs, system_time(cpu))
    xen().next_sync = now + SYNC_NS
  }
  if (timers_take_rtc_due()) {
    // The timer was set for a whole second and is late, not early.
    const secs = tk_realtime(cycles_now(cpu)) / NS_PER_SEC
    observe(SEEN_SET_RTC, 0, secs, 0)
    cmos_write_secs(secs)
  }
}

// ---- entries

export function lxen_boot(cpu: u32): void {
  vcpuop_register_vcpu_info(cpu, GPA_VCPU_INFO + cpu * <u32>VCPU_INFO_BYTES)
  if (cpu == 0) boot_time()
  vcpuop_stop_periodic_timer(cpu)
  vcpuop_register_runstate_memory_area(cpu, GPA_RUNSTATE + cpu * RUNSTATE_SIZE)
  const cycles = cycles_now(cpu)
  timers_boot(cpu, cycles, sched_clock(cpu))
  if (cpu == 0 && boot_privileged()) {
    if (boot_ntp_synced()) timers_start_rtc_sync(cycles)
    tell_hypervisor(cpu, true)
  }
  program(cpu, cycles)
}

/** xen_init_time_common and xen_time_init. */
function boot_time(): void {
  const x = xen()
  memory.fill(changetype<usize>(x), 0, offsetof<XenTime>())
  x.device_mult = 1
  x.device_min_ns = 1
  x.device_max_ns = 0xffffffff
  const page = changetype<VcpuTimeInfo>(time_page(0))
  if (page.flags & PVCLOCK_TSC_STABLE) {
    x.valid_flags = PVCLOCK_TSC_STABLE
    x.time_area = vcpuop_register_vcpu_time_memory_area(0, GPA_TIME_AREA) == 0 ? 1 : 0
  }
  x.sched_offset = system_time(0)
  const choice = boot_clocksource()
  x.uses_tsc = choice == CLOCKSOURCE_TSC || (boot_privileged() && choice != CLOCKSOURCE_XEN) ? 1 : 0
  const wall = read_wallclock(0)
  const tsc_khz = <u32>pvclock_tsc_khz(page.tsc_to_system_mul, page.tsc_shift)
  if (x.uses_tsc) tk_boot(tsc_khz, 1000, true, boot_hz(), rdtsc(0), wall)
  else tk_boot(<u32>NS_PER_SEC, 1, true, boot_hz(), system_time(0), wall)
}

export function lxen_interrupt(cpu: u32, cause: u32): void {
  if (cause != CAUSE_TIMER) return
  const cycles = cycles_now(cpu)
  account_steal(cpu, true)
  timers_interrupt(cpu, cycles, sched_clock(cpu))
  tell_hypervisor(cpu, false)
  program(cpu, cycles)
}

export function lxen_idle(cpu: u32): void {
  if (timers_idle(cpu)) program(cpu, cycles_now(cpu))
  sched_op_block(cpu)
}

/** Older kernels, whose accounting is not what the steal clock says. */
function account_steal(cpu: u32, tick: bool): void {
  const idle = timers_idling(cpu)
  if (steal_is_accounted() && idle != tick) steal_account(cpu, runstate_steal(cpu), idle)
}

export function lxen_busy(cpu: u32): void {
  const cycles = cycles_now(cpu)
  account_steal(cpu, false)
  if (timers_busy(cpu, cycles)) program(cpu, cycles)
}

export function lxen_nanosleep(cpu: u32, i: u32): void {
  const cycles = cycles_now(cpu)
  account_steal(cpu, false)
  if (timers_sleep(cpu, i, cycles)) program(cpu, cycles)
}

export function lxen_settimeofday(cpu: u32, ns: u64): void {
  const cycles = cycles_now(cpu)
  lxen_busy(cpu)
  if (tk_settime(ns, cycles)) clock_was_set(cpu, cycles)
}

export function lxen_adjtime(ppb: i32): void { lxen_adjtimex(0, ppb) }

export function lxen_adjtimex(tick_us: i32, ppb: i32): void {
  tk_adjtimex(tick_us, ppb, cycles_now(0))
  tell_hypervisor(0, false)
}

/** The RTC shows whole seconds, so half a second is added, as drivers/rtc/class.c does at boot. */
export function lxen_rtc_resync(cpu: u32): void {
  lxen_settimeofday(cpu, boot_privileged() ? cmos_read_secs() * NS_PER_SEC + NS_PER_SEC / 2 : read_wallclock(cpu))
}

export function lxen_read_clock(cpu: u32, clock: u32): u64 {
  switch (clock) {
    case CLOCK_COUNTER: return rdtsc(cpu)
    case CLOCK_SCHED: return sched_clock(cpu)
    case CLOCK_STEAL:
      return steal_is_accounted() ? steal_accounted(cpu) : load<u64>(old_steal(cpu)) + runstate_steal(cpu)
    case CLOCK_JIFFIES: return tick_state().jiffies
    default: return tk_read(clock, process_cycles(cpu))
  }
}

// ---- suspend and resume

/** Everything up to the suspend hypercall (manage.c do_suspend, xen_suspend). */
export function lxen_suspend(): void {
  for (let cpu: u32 = 0; cpu < boot_vcpus(); cpu++) {
    vcpuop_stop_singleshot_timer(cpu)
    vcpuop_stop_periodic_timer(cpu)
    store<u64>(old_steal(cpu), load<u64>(old_steal(cpu)) + runstate_steal(cpu))
  }
  tk_suspend(cycles_now(0), read_wallclock(0))
  xen().sched_saved = sched_clock(0)
  if (xen().time_area) vcpuop_register_vcpu_time_memory_area(0, 0)
}

/** The hypercall has returned, on this host or another: system time may be anything. */
export function lxen_resume(): void {
  const x = xen()
  for (let cpu: u32 = 0; cpu < boot_vcpus(); cpu++) {
    if (boot_variant() != VARIANT_UNSTOLEN_SCHED) {
      vcpuop_register_runstate_memory_area(cpu, GPA_RUNSTATE + cpu * RUNSTATE_SIZE)
    }
    vcpuop_register_vcpu_info(cpu, GPA_VCPU_INFO + cpu * <u32>VCPU_INFO_BYTES)
    vcpuop_stop_periodic_timer(cpu)
  }
  if (x.time_area) vcpuop_register_vcpu_time_memory_area(0, GPA_TIME_AREA)
  x.last_value = 0 // first: the new host's time may be below the old one's
  x.sched_offset = system_time(0) - x.sched_saved
  const cycles = cycles_now(0)
  const slept = tk_resume(cycles, read_wallclock(0))
  if (slept) observe(SEEN_CLOCK_SET, 0, slept, 0)
  for (let cpu: u32 = 0; cpu < boot_vcpus(); cpu++) {
    timers_resume(cpu)
    program(cpu, cycles)
    if (cpu > 0 && !runqueue_busy(cpu)) lxen_idle(cpu)
  }
}
