/**
 * Timers of this kernel: nanosleep's hrtimers, the few timers of the timer wheel that always run, and the idle
 * loop, which asks Xen for an interrupt at the next of them.
 *
 * hrtimers expire at ticks only, and only when the time of the tick is past their expiry; the expiry was computed
 * from gettimeofday. So the two sides of the comparison come from different clocks: what a clamp or an offset
 * does to one and not to the other is time that a process sleeps too long.
 * Source: kernel/hrtimer.c, kernel/timer.c, kernel/softlockup.c, mm/slab.c, arch/i386/kernel/time-xen.c.
 */
import { NEVER, sleeper, SLEEPER_ASLEEP } from '../../layout'
import { observe, SEEN_SOFT_LOCKUP } from '../../observe'
import { process_wake, sleeper_count } from '../../workload'
import { sched_op_block, vcpuop_set_singleshot_timer } from '../../x86/hypercall'
import { ktime_get, softirq_time } from './clock'
import { jiffies_since, jiffies_to_st, max_jiffy_offset, ns_to_jiffies } from './jiffies'
import { sync_cmos_clock, sync_xen_wallclock } from './ntp'
import { cpu_state, kernel } from './state'

const KTIME_MAX: i64 = i64.MAX_VALUE

/**
 * Process `index` sleeps. A relative sleep is on the monotonic base whichever clock it names (hrtimer_init), so
 * no setting of the wall clock ever shortens or prolongs it.
 */
export function nanosleep(cpu: u32, index: u32): void {
  const s = sleeper(index)
  s.expires = <u64>ktime_get(cpu) + s.for_ns
}

function sleeps_on(cpu: u32, index: u32): bool {
  return sleeper(index).state == SLEEPER_ASLEEP && sleeper(index).vcpu == cpu
}

/** ns to the next expiry on this CPU, KTIME_MAX without one (hrtimer_get_next_event). */
function hrtimer_next(cpu: u32): i64 {
  let first = KTIME_MAX
  for (let i: u32 = 0, n = sleeper_count(); i < n; i++) {
    if (sleeps_on(cpu, i)) first = min(first, <i64>sleeper(i).expires)
  }
  return first == KTIME_MAX ? KTIME_MAX : max(first - ktime_get(cpu), 0)
}

function run_hrtimers(cpu: u32): void {
  const now = softirq_time()
  for (let i: u32 = 0, n = sleeper_count(); i < n; i++) {
    if (sleeps_on(cpu, i) && now > <i64>sleeper(i).expires) process_wake(i)
  }
}

function due(at: u64): bool {
  return at != NEVER && jiffies_since(kernel().jiffies, at) >= 0
}

/** The timer wheel: the slab allocator's housekeeping on each CPU, and dom0's clock keeping on CPU 0. */
function run_wheel(cpu: u32): void {
  const k = kernel()
  const c = cpu_state(cpu)
  if (due(c.reap_at)) c.reap_at = k.jiffies + 2 * <u64>k.hz
  if (cpu != 0) return
  if (due(k.sync_cmos_at)) {
    k.sync_cmos_at = NEVER
    sync_cmos_clock()
  }
  if (due(k.sync_xen_at)) {
    k.sync_xen_at = NEVER
    sync_xen_wallclock()
  }
}

/** The timer softirq. */
export function run_timers(cpu: u32): void {
  run_hrtimers(cpu)
  run_wheel(cpu)
}

function earlier(a: u64, b: u64): u64 {
  return b != NEVER && jiffies_since(b, a) < 0 ? b : a
}

function wheel_next(cpu: u32): u64 {
  const reap_at = cpu_state(cpu).reap_at
  if (cpu != 0) return reap_at
  return earlier(earlier(reap_at, kernel().sync_cmos_at), kernel().sync_xen_at)
}

/** A CPU's timers start with it (mm/slab.c start_cpu_timer). */
export function timers_init(cpu: u32): void {
  const k = kernel()
  cpu_state(cpu).reap_at = k.jiffies + <u64>k.hz + 3 * <u64>cpu
  touch_watchdog(cpu)
}

// ---- the soft lockup watchdog

export function touch_watchdog(cpu: u32): void {
  cpu_state(cpu).watchdog_touched = kernel().jiffies
}

/**
 * Each second the watchdog thread notes that it ran; ten seconds without it are reported. The thread has the
 * highest priority, so once woken it has run before anything else looks (softlockup_tick, watchdog).
 */
export function softlockup_tick(cpu: u32): void {
  const k = kernel()
  const c = cpu_state(cpu)
  if (c.watchdog_printed == c.watchdog_touched) return
  const stuck = jiffies_since(k.jiffies, c.watchdog_touched)
  if (stuck > 10 * <i64>k.hz) {
    c.watchdog_printed = c.watchdog_touched
    observe(SEEN_SOFT_LOCKUP, cpu, <u64>stuck * k.ns_per_tick, 0)
  }
  if (stuck > <i64>k.hz) touch_watchdog(cpu)
}

/** Jiffies to the watchdog's next run (softlockup_get_next_event). */
function watchdog_next(cpu: u32): u64 {
  const k = kernel()
  const c = cpu_state(cpu)
  if (c.watchdog_printed == c.watchdog_touched) return max_jiffy_offset()
  return <u64>max(jiffies_since(c.watchdog_touched + <u64>k.hz, k.jiffies), 0)
}

// ---- idle

/** The jiffy of the next timer on this CPU (next_timer_interrupt). */
function next_timer(cpu: u32): u64 {
  const jiffies = kernel().jiffies
  const delta = hrtimer_next(cpu)
  let soon = max_jiffy_offset()
  if (delta != KTIME_MAX) {
    soon = ns_to_jiffies(delta)
    if (soon < 3) return jiffies + soon
  }
  const hr_expires = jiffies + min(soon, watchdog_next(cpu))
  const expires = wheel_next(cpu)
  if (jiffies_since(expires, jiffies) < 0) return jiffies
  return jiffies_since(hr_expires, expires) < 0 ? hr_expires : expires
}

/**
 * The idle loop: one interrupt half a tick after the next timer's jiffy, and none before (stop_hz_timer,
 * raw_safe_halt). Read-copy-update, which can keep a CPU ticking, is not modelled.
 */
export function idle(cpu: u32): void {
  const k = kernel()
  const next = next_timer(cpu)
  const st = jiffies_to_st(jiffies_since(next, k.jiffies) > 0 ? next : k.jiffies + 1)
  vcpuop_set_singleshot_timer(cpu, (st == 0 ? 0 : st - k.offset) + k.ns_per_tick / 2, 0)
  sched_op_block(cpu)
}
