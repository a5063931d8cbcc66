/**
 * Linux 2.6.18 as a paravirtual Xen guest: how it keeps time, from Xen's time page,
 * wall clock, runstate area and timers to gettimeofday and nanosleep.
 *
 *   shadow.ts   the copy of Xen's time page; guest time
 *   tick.ts     the timer interrupt: guest time becomes jiffies and xtime; accounting
 *   clock.ts    xtime becomes gettimeofday and CLOCK_MONOTONIC; setting the wall clock
 *   timers.ts   nanosleep, the timer wheel, the watchdog, idle
 *   jiffies.ts  ticks and durations        ntp.ts  dom0's duties        state.ts  all of its memory
 *
 * Two things in it are relative to the boot of the host: `processed`, the system time up to which it has counted,
 * and wc, the UTC of system time 0. A resume on another host must renew both at once (time_resume); what it
 * neither renews nor could is monotonic_tv, the largest gettimeofday handed out, below which no result falls.
 *
 * Variants (boot_variant):
 *
 * 0  The kernel as it was.
 *
 * 1  time_resume never runs. jiffies then wait for the new host's uptime to reach the old one's, with a warning
 *    each tick, or run through the difference at once.
 *
 * 2  The second proposal of the report (xen-devel 2008-08-06): the guest has a time line of its own,
 *    guest time = system time + offset, which goes on across hosts and is never set to a host's uptime.
 *    time_resume finds the offset from wc: what it was at the old host's system time 0 and is at the new one's
 *    (shadow.ts rebase). UTC is the only thing the two hosts share, so guest time counts the time the guest was
 *    away. When wc would take guest time back, because the toolstack restored the old host's fields or because
 *    the new host's clock is behind, guest time goes on from the latest value handed out, and wc is ignored
 *    until Xen changes it. Nothing but a resume moves the offset: a dom0 that steps its clock moves the wall
 *    clock of its guests and not their monotonic time.
 *
 * 3  The third proposal: the same without time_resume. Whenever the kernel copies the time page it asks whether
 *    this may be another host, and if so finds the offset as in 2. Two signs: the page says another time than
 *    the copy before it would have said of now, by more than the 10 ms of jitter that this kernel permits
 *    everywhere; on one host the two agree to ns however long a CPU slept. Or the kernel has not looked for
 *    more than 3 s, which it only does when it was stopped: two hosts whose TSC and system time both began at
 *    power-on foretell each other's time. A false alarm costs nothing, because wc is then the same and the offset
 *    stays. Not seen is a move between two such hosts if the uptime is higher by less than 3 s: guest time
 *    jumps by the difference.
 *
 * What 2 and 3 cannot know: stale wc fields on a host of higher uptime look like a long absence, so guest time
 * jumps by the difference. And monotonic_tv stays as it is, so when wc is corrected backwards later gettimeofday
 * stands still for that long, as in the stock kernel. Both count the absence in jiffies, at the first tick and at
 * once: after more than 10 s the soft lockup watchdog reports itself, as it does in variant 1 with higher uptime.
 *
 * Plus 8: xen.independent_wallclock was set once the guest had booted; it takes over Xen's wall clock at boot only.
 *
 * Source: 2.6.18.8 with Xen's changes (repository bronson/linux-2.6.18.8-ovz-xen, branch linode), configured as
 * there: no CONFIG_HIGH_RES_TIMERS, CONFIG_NO_IDLE_HZ, CONFIG_DETECT_SOFTLOCKUP, HZ 100.
 */
import { boot_hz, boot_ntp_synced, boot_privileged, boot_vcpus } from '../boot-options'
import {
  CAUSE_TIMER,
  CLOCK_BOOTTIME,
  CLOCK_COUNTER,
  CLOCK_JIFFIES,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_RAW,
  CLOCK_SCHED,
  CLOCK_STEAL,
  NEVER,
  NS_PER_SEC,
} from '../layout'
import { at, GPA_KERNEL, KERNEL_SIZE } from '../memory'
import { rdtsc } from '../x86/cpu'
import { cmos_read_secs, vcpuop_set_periodic_timer } from '../x86/hypercall'
import {
  gettimeofday,
  ktime_get,
  monotonic_clock,
  read_wallclock,
  report_clock_set,
  set_wall,
  settimeofday,
  update_wallclock,
} from './linux-2-6-18-xen/clock'
import { jiffies_init } from './linux-2-6-18-xen/jiffies'
import { adjtime, notify_arch_cmos_timer } from './linux-2-6-18-xen/ntp'
import { rebase, refresh } from './linux-2-6-18-xen/shadow'
import {
  cpu_state,
  kernel,
  VARIANT_FIX_2,
  VARIANT_FIX_3,
  VARIANT_NO_REBASE,
  VARIANT_STOCK,
  variant,
} from './linux-2-6-18-xen/state'
import { init_missing_ticks_accounting, timer_interrupt } from './linux-2-6-18-xen/tick'
import { idle, nanosleep, timers_init } from './linux-2-6-18-xen/timers'

/** time_init on CPU 0, local_setup_timer on the others. */
export function l26_boot(cpu: u32): void {
  const k = kernel()
  if (cpu == 0) {
    memory.fill(at(GPA_KERNEL), 0, KERNEL_SIZE)
    jiffies_init(boot_hz())
    k.sync_cmos_at = NEVER
    k.sync_xen_at = NEVER
    refresh(0)
    k.processed = cpu_state(0).sys
  }
  vcpuop_set_periodic_timer(cpu, k.ns_per_tick)
  // A secondary CPU has no shadow yet, so it starts from CPU 0's.
  cpu_state(cpu).processed = cpu_state(0).sys
  init_missing_ticks_accounting(cpu)
  timers_init(cpu)
  if (cpu != 0) return
  set_wall(read_wallclock())
  if (boot_ntp_synced()) notify_arch_cmos_timer()
}

export function l26_interrupt(cpu: u32, cause: u32): void {
  if (cause == CAUSE_TIMER) timer_interrupt(cpu)
}

export function l26_idle(cpu: u32): void {
  idle(cpu)
}

/** Nothing to do: Xen's periodic timer ticks whenever the vCPU runs, and the idle loop never stopped it. */
export function l26_busy(cpu: u32): void {}

/** Nothing to do: this kernel notes no time before it suspends. */
export function l26_suspend(): void {}

/** time_resume. */
export function l26_resume(): void {
  const k = kernel()
  if (variant() == VARIANT_NO_REBASE) return
  if (variant() == VARIANT_FIX_2) rebase(0)
  for (let cpu: u32 = 0; cpu < boot_vcpus(); cpu++) {
    vcpuop_set_periodic_timer(cpu, k.ns_per_tick)
    refresh(cpu)
    if (variant() == VARIANT_STOCK) cpu_state(cpu).processed = cpu_state(0).sys
    init_missing_ticks_accounting(cpu)
  }
  if (variant() != VARIANT_STOCK) return
  k.processed = cpu_state(0).sys
  report_clock_set(update_wallclock())
}

/** A clock in ns, or ticks of CLOCK_COUNTER and CLOCK_JIFFIES. This kernel's realtime has whole us. */
export function l26_read_clock(cpu: u32, clock: u32): u64 {
  switch (clock) {
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
      return ktime_get(cpu) // there is no CLOCK_BOOTTIME yet, and no difference
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_SCHED:
      return monotonic_clock(cpu)
    case CLOCK_COUNTER:
      return rdtsc(cpu)
    case CLOCK_STEAL:
      return cpu_state(cpu).steal_ticks * kernel().ns_per_tick
    case CLOCK_JIFFIES:
      return kernel().jiffies
    default:
      return gettimeofday(cpu)
  }
}

export function l26_nanosleep(cpu: u32, i: u32): void {
  nanosleep(cpu, i)
}

export function l26_settimeofday(cpu: u32, ns: u64): void {
  settimeofday(cpu, ns)
}

export function l26_adjtime(ppb: i32): void {
  adjtime(ppb)
}

/** hwclock --hctosys; only dom0 has a CMOS clock. */
export function l26_rtc_resync(cpu: u32): void {
  if (boot_privileged()) settimeofday(cpu, cmos_read_secs() * NS_PER_SEC)
}
