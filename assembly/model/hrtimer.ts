/**
 * Linux' timers on a CPU in high-resolution mode, with the tick stopped in idle (Linux 6.12
 * kernel/time/hrtimer.c, tick-sched.c, clockevents.c, kernel/watchdog.c).
 *
 *   timer interrupt ──> expired timers run, base by base ──> the next one is programmed
 *                          │ tick        jiffies, timekeeper update; then a period further
 *                          │ watchdog    every 4 s: was this CPU stuck for more than 20 s?
 *                          │ RTC update  CPU 0, when NTP is in sync: every 11 min of CLOCK_REALTIME
 *                          └ sleepers    a process becomes runnable
 *
 * A timer's expiry is on its own clock; a timer is due when that clock reads `expires` or more. What the
 * hardware is programmed for is the earliest expiry on CLOCK_MONOTONIC (expires_next): a relative delay on the
 * platform's event device, computed from the clock as NTP has bent it.
 *
 * Sleepers wake by the rule of an ordinary process: the hardware may be up to 50 us later than the expiry
 * (timer_slack_ns), unless another timer's interrupt comes in that time. A sleeper on CLOCK_REALTIME sleeps
 * *until* now + for_ns (TIMER_ABSTIME), and so feels the clock being set. A relative sleep on CLOCK_REALTIME is
 * one on CLOCK_MONOTONIC in Linux, so a workload that means that says CLOCK_MONOTONIC.
 *
 * Only these timers exist: an otherwise idle kernel has no timer wheel timers, RCU or scheduler work. The
 * watchdog keeps an idle CPU waking every 4 s, as it does in reality.
 */
import {
  CLOCK_BOOTTIME, CLOCK_REALTIME, NS_PER_SEC, SLEEPER_ASLEEP, sleeper,
} from '../layout'
import { boot_variant } from '../boot-options'
import { at } from '../memory'
import { observe, SEEN_SOFT_LOCKUP, SEEN_TICKS, SEEN_WATCHDOG_TOUCHED } from '../observe'
import { process_wake } from '../workload'
import { CPU_TIMERS_SIZE, GPA_CPU_TIMERS, GPA_TICK } from './kernel-memory'
import {
  calc_mult_shift, mult_of, shift_of, timekeeper, tk_advance, tk_monotonic, tk_pass, tk_realtime, VARIANT_SHIFT_22,
} from './timekeeping'

/** The tick, for all CPUs. Times are CLOCK_MONOTONIC in ns. */
@unmanaged
export class TickState {
  jiffies: u64 // jiffies_64
  last_jiffies_update: u64 // when the last of them was due
  tick_ns: u64
  do_timer_cpu: i32 // who counts jiffies; NO_CPU: who ticks next
  sleepers: u32 // highest sleeper that ever slept, plus one
  rtc_sync: u64 // CLOCK_REALTIME of the next RTC update
  rtc_due: u32 // that time has come; the platform's file writes the RTC
  pad0: u32
}

@unmanaged
export class CpuTimers {
  expires_next: u64 // what the event device is to fire for
  tick: u64 // expiry of the tick
  watchdog: u64
  rtc_sync: u64 // on CLOCK_REALTIME
  last_tick: u64 // the tick's expiry when it was stopped
  next_tick: u64 // what it was stopped until
  touch_ts: u64 // watchdog, in its seconds: last time a thread ran
  report_ts: u64 // start of the interval that is judged
  seen_jiffies: u64
  stalled: u32 // ticks of this CPU without a new jiffy
  tick_stopped: u32
  do_timer_last: u32 // this CPU counted jiffies when it went idle
  asleep: u32 // sleepers of this CPU
  prev_steal: u64 // the steal clock up to which steal.ts has accounted
  stat_steal: u64 // what /proc/stat shows, ns
}

export const KTIME_MAX: u64 = i64.MAX_VALUE
const TIMER_SLACK_NS: u64 = 50000
/** The latest expiry of a sleeper: with the slack it is no timer at all. */
const FOREVER: u64 = KTIME_MAX - TIMER_SLACK_NS
const NO_CPU: i32 = -1
const RTC_SYNC_NS: u64 = 660 * NS_PER_SEC

// ids of the timers that are not sleepers
const NO_TIMER: u32 = u32.MAX_VALUE
const TICK: u32 = 0x1000
const WATCHDOG: u32 = 0x1001
const RTC_SYNC: u32 = 0x1002

@inline export function tick_state(): TickState { return changetype<TickState>(at(GPA_TICK)) }
@inline export function cpu_timers(cpu: u32): CpuTimers {
  return changetype<CpuTimers>(at(GPA_CPU_TIMERS + cpu * CPU_TIMERS_SIZE))
}

// ---- the event device

/** A clock event device: how a delay in ns becomes a count (struct clock_event_device). */
@unmanaged
export class EventDevice {
  mult: u32
  shift: u32
  min_ns: u64
  max_ns: u64
}

/** A delay in ns for `ticks` of the device, rounded up unless that would exceed a maximum (cev_delta2ns). */
function device_ns(d: EventDevice, ticks: u64, is_max: bool): u64 {
  let ns = ticks << d.shift
  if (ns >> d.shift != ticks) ns = u64.MAX_VALUE
  const round = <u64>d.mult - 1
  if (u64.MAX_VALUE - ns > round && (!is_max || <u64>d.mult <= <u64>1 << d.shift)) ns += round
  return max(ns / d.mult, 1000)
}

/** Sets up a device that counts at `hz` and takes delays of min to max ticks (clockevents_config). */
export function event_device_config(d: EventDevice, hz: u32, min_ticks: u64, max_ticks: u64): void {
  const seconds = max(max_ticks / hz, 1)
  const limited = seconds > 600 && max_ticks > <u64>u32.MAX_VALUE ? 600 : seconds
  const packed = calc_mult_shift(<u32>NS_PER_SEC, hz, <u32>limited)
  d.mult = mult_of(packed)
  d.shift = shift_of(packed)
  d.min_ns = device_ns(d, min_ticks, false)
  d.max_ns = device_ns(d, max_ticks, true)
}

/** The device's ticks from `now` (MONOTONIC, ns) until this CPU's next timer (clockevents_program_event, forced). */
export function event_device_ticks(d: EventDevice, cpu: u32, now: u64): u64 {
  return device_ticks(d, <i64>(cpu_timers(cpu).expires_next - now))
}

/** The device's ticks for a delay in ns. */
export function device_ticks(d: EventDevice, delta: i64): u64 {
  const ns = max(min(delta, <i64>min(d.max_ns, KTIME_MAX)), <i64>d.min_ns)
  return (<u64>ns * d.mult) >> d.shift
}

// ---- queues

/** The three queues in the order in which an interrupt looks at them: MONOTONIC, REALTIME, BOOTTIME. */
const QUEUES: u32 = 3
@inline function queue_of(clock: u32): u32 {
  if (clock == CLOCK_REALTIME) return 1
  return clock == CLOCK_BOOTTIME ? 2 : 0
}
/** What the clock of a queue is ahead of CLOCK_MONOTONIC. */
@inline function queue_offset(queue: u32): i64 {
  if (queue == 1) return timekeeper().offs_real
  return queue == 2 ? timekeeper().offs_boot : 0
}

/** When sleeper `index` is due, on CLOCK_MONOTONIC. */
export function sleeper_expires(index: u32): u64 {
  return sleeper(index).expires - queue_offset(queue_of(sleeper(index).clock))
}

/** The latest instant at which timer `id` may fire, on its own clock. */
function hard_expiry(cpu: u32, id: u32): u64 {
  const c = cpu_timers(cpu)
  if (id == TICK) return c.tick
  if (id == WATCHDOG) return c.watchdog
  if (id == RTC_SYNC) return c.rtc_sync
  return sleeper(id).expires + TIMER_SLACK_NS
}

/** The first timer of a queue, by hard expiry; NO_TIMER when it is empty. */
function first_timer(cpu: u32, queue: u32): u32 {
  const c = cpu_timers(cpu)
  let first = NO_TIMER
  let expiry = KTIME_MAX
  if (queue == 0) {
    first = c.tick <= c.watchdog ? TICK : WATCHDOG
    expiry = min(c.tick, c.watchdog)
  } else if (queue == 1 && c.rtc_sync < KTIME_MAX) {
    first = RTC_SYNC
    expiry = c.rtc_sync
  }
  if (!c.asleep) return first
  const n = tick_state().sleepers
  for (let i: u32 = 0; i < n; i++) {
    const s = sleeper(i)
    if (s.state != SLEEPER_ASLEEP || s.vcpu != cpu || queue_of(s.clock) != queue) continue
    if (s.expires + TIMER_SLACK_NS >= expiry) continue
    first = i
    expiry = s.expires + TIMER_SLACK_NS
  }
  return first
}

/** When the event device must fire next, on CLOCK_MONOTONIC. */
function next_event(cpu: u32): u64 {
  let next = KTIME_MAX
  for (let queue: u32 = 0; queue < QUEUES; queue++) {
    const id = first_timer(cpu, queue)
    if (id == NO_TIMER) continue
    // A clock that was set forward past the expiry makes it negative; then it is due at once.
    next = min(next, <u64>max(<i64>(hard_expiry(cpu, id) - queue_offset(queue)), 0))
  }
  return next
}

/** True if the event device must be programmed anew. */
function reevaluate(cpu: u32): bool {
  const c = cpu_timers(cpu)
  const next = next_event(cpu)
  if (next == c.expires_next) return false
  c.expires_next = next
  return true
}

/** Runs what is due. A timer that is not first in its queue waits for the first, though it may be due itself. */
function run_queues(cpu: u32, cycles: u64, sched_ns: u64): void {
  const now = tk_monotonic(cycles)
  for (let queue: u32 = 0; queue < QUEUES; queue++) {
    const base_now = now + queue_offset(queue)
    while (true) {
      const id = first_timer(cpu, queue)
      if (id == NO_TIMER) break
      const soft = id < TICK ? sleeper(id).expires : hard_expiry(cpu, id)
      if (<i64>(base_now - soft) < 0) break
      run_timer(cpu, id, now, cycles, sched_ns)
    }
  }
}

function run_timer(cpu: u32, id: u32, now: u64, cycles: u64, sched_ns: u64): void {
  if (id == TICK) return tick(cpu, now, cycles)
  if (id == WATCHDOG) return watchdog(cpu, now, sched_ns)
  if (id == RTC_SYNC) {
    tick_state().rtc_due = 1
    cpu_timers(cpu).rtc_sync = tk_realtime(cycles) / NS_PER_SEC * NS_PER_SEC + RTC_SYNC_NS
    return
  }
  cpu_timers(cpu).asleep--
  process_wake(id)
  timers_process_runs(cpu, cycles)
}

// ---- tick

/** `expires` moved on by whole periods until it is after `now` (hrtimer_forward). */
function forward(expires: u64, now: u64, period: u64): u64 {
  return now < expires ? expires : expires + ((now - expires) / period + 1) * period
}

/** Counts the ticks that have come due and updates the timekeeper; how many (tick_do_update_jiffies64). */
function update_jiffies(now: u64, cycles: u64): u64 {
  const ticks = count_jiffies(now)
  if (ticks) tk_advance(cycles, false)
  return ticks
}

function count_jiffies(now: u64): u64 {
  const s = tick_state()
  const passed = <i64>(now - s.last_jiffies_update)
  if (passed < <i64>s.tick_ns) return 0
  const ticks = <u64>passed / s.tick_ns
  s.jiffies += ticks
  s.last_jiffies_update += ticks * s.tick_ns
  return ticks
}

/** What the updates of many wakes of an idle kernel leave, of which the last found the counter at `cycles`. */
export function timers_have_passed(cycles: u64): void {
  if (count_jiffies(tk_monotonic(cycles))) tk_pass(cycles, false)
}

/** As update_jiffies, for a tick that ran: more than one tick in one go is a tick that came late. */
function count_ticks(cpu: u32, now: u64, cycles: u64): void {
  const ticks = update_jiffies(now, cycles)
  if (ticks > 1) observe(SEEN_TICKS, cpu, ticks, 0)
}

/**
 * The tick (tick_nohz_handler). One CPU counts jiffies; another does when it has seen none for five ticks of
 * its own, which kernels before 5.18 do not. Jiffies that an idle CPU catches up with were never meant to tick, so
 * they are not observed.
 */
function tick(cpu: u32, now: u64, cycles: u64): void {
  const s = tick_state()
  const c = cpu_timers(cpu)
  if (s.do_timer_cpu == NO_CPU) s.do_timer_cpu = cpu
  if (s.do_timer_cpu == <i32>cpu) count_ticks(cpu, now, cycles)
  if (c.seen_jiffies != s.jiffies) {
    c.stalled = 0
  } else if (boot_variant() != VARIANT_SHIFT_22 && ++c.stalled == 5) {
    count_ticks(cpu, now, cycles)
    c.stalled = 0
  }
  c.seen_jiffies = s.jiffies
  if (c.tick_stopped) {
    touch_sched(c)
    c.next_tick = 0
    c.tick = KTIME_MAX
  } else {
    c.tick = forward(c.tick, now, s.tick_ns)
  }
}

/** The idle loop stops the tick (tick_nohz_next_event, tick_nohz_stop_tick). */
function stop_tick(cpu: u32): void {
  const s = tick_state()
  const c = cpu_timers(cpu)
  // Who counted jiffies last must wake in time to update the timekeeper.
  const keeper = s.do_timer_cpu == <i32>cpu || (s.do_timer_cpu == NO_CPU && c.do_timer_last != 0)
  const expires = keeper ? s.last_jiffies_update + timekeeper().max_idle_ns : KTIME_MAX
  if (s.do_timer_cpu == <i32>cpu) {
    s.do_timer_cpu = NO_CPU
    c.do_timer_last = 1
  } else if (s.do_timer_cpu != NO_CPU) {
    c.do_timer_last = 0
  }
  if (c.tick_stopped && expires == c.next_tick) return
  if (!c.tick_stopped) {
    c.last_tick = c.tick
    c.tick_stopped = 1
  }
  c.next_tick = expires
  c.tick = expires
}

/** A process runs on this CPU: if it was idle, jiffies are brought up to date and the tick starts again. */
function timers_process_runs(cpu: u32, cycles: u64): void {
  const c = cpu_timers(cpu)
  if (!c.tick_stopped) return
  const now = tk_monotonic(cycles)
  update_jiffies(now, cycles)
  touch_sched(c)
  c.tick_stopped = 0
  c.tick = forward(c.last_tick, now, tick_state().tick_ns)
  c.next_tick = 0
}

// ---- soft-lockup watchdog

export const WATCHDOG_PERIOD_NS: u64 = 4 * NS_PER_SEC
const SOFTLOCKUP_THRESHOLD: i64 = 20
/** report_ts when the next look must not judge (SOFTLOCKUP_DELAY_REPORT). */
const DELAY_REPORT: u64 = u64.MAX_VALUE

/** The watchdog's seconds are of 2^30 ns. */
@inline function watchdog_seconds(sched_ns: u64): u64 { return sched_ns >> 30 }
@inline function touch_sched(c: CpuTimers): void { c.report_ts = DELAY_REPORT }

/**
 * The watchdog's timer, every 4 s (watchdog_timer_fn). After it a thread of the highest priority runs and notes
 * the time (softlockup_fn); so only a CPU whose very timer interrupts stayed away looks stuck.
 */
function watchdog(cpu: u32, now: u64, sched_ns: u64): void {
  const c = cpu_timers(cpu)
  const seconds = watchdog_seconds(sched_ns)
  c.watchdog = forward(c.watchdog, now, WATCHDOG_PERIOD_NS)
  const judged = c.report_ts != DELAY_REPORT && <i64>(seconds - c.report_ts) > SOFTLOCKUP_THRESHOLD
  if (judged) observe(SEEN_SOFT_LOCKUP, cpu, (seconds - c.touch_ts) * NS_PER_SEC, 0)
  c.touch_ts = seconds
  c.report_ts = seconds
}

/** Whether the coming timers_interrupt will run the watchdog. */
export function timers_watchdog_due(cpu: u32, cycles: u64): bool {
  return <i64>(tk_monotonic(cycles) - cpu_timers(cpu).watchdog) >= 0
}

/** The host said that it had stopped this CPU (pvclock_touch_watchdogs). */
export function timers_touch_watchdog(cpu: u32): void {
  touch_sched(cpu_timers(cpu))
  observe(SEEN_WATCHDOG_TOUCHED, cpu, 0, 0)
}

// ---- entries; those that return a bool return whether the event device must be programmed

/** The kernel starts its timers on a CPU, CPU 0 first. The caller programs the event device. */
export function timers_boot(cpu: u32, cycles: u64, sched_ns: u64): void {
  const now = tk_monotonic(cycles)
  const s = tick_state()
  if (cpu == 0) {
    memory.fill(changetype<usize>(s), 0, offsetof<TickState>())
    s.tick_ns = (NS_PER_SEC + timekeeper().hz / 2) / timekeeper().hz
    s.jiffies = <u64>(<u32>(-300 * <i32>timekeeper().hz)) // 32 bits of jiffies wrap five minutes after boot
  }
  const c = cpu_timers(cpu)
  memory.fill(changetype<usize>(c), 0, offsetof<CpuTimers>())
  c.tick = forward(s.last_jiffies_update, now, s.tick_ns)
  c.watchdog = now + WATCHDOG_PERIOD_NS
  c.rtc_sync = KTIME_MAX
  c.touch_ts = watchdog_seconds(sched_ns)
  c.report_ts = c.touch_ts
  c.expires_next = next_event(cpu)
}

/** NTP is in sync: from now on the RTC is to be written every 11 minutes (ntp.c sync_hw_clock). */
export function timers_start_rtc_sync(cycles: u64): void {
  cpu_timers(0).rtc_sync = tk_realtime(cycles) / NS_PER_SEC * NS_PER_SEC + RTC_SYNC_NS
}

/** Whether the RTC is to be written now; asks once. */
export function timers_take_rtc_due(): bool {
  const due = tick_state().rtc_due != 0
  tick_state().rtc_due = 0
  return due
}

/** The timer interrupt (hrtimer_interrupt). The caller programs the event device. */
export function timers_interrupt(cpu: u32, cycles: u64, sched_ns: u64): void {
  const c = cpu_timers(cpu)
  if (c.tick_stopped) {
    update_jiffies(tk_monotonic(cycles), cycles)
    touch_sched(c)
  }
  run_queues(cpu, cycles, sched_ns)
  c.expires_next = next_event(cpu)
}

/** The CPU goes idle. */
export function timers_idle(cpu: u32): bool {
  stop_tick(cpu)
  return reevaluate(cpu)
}

/** A process runs on a CPU that may have been idle. */
export function timers_busy(cpu: u32, cycles: u64): bool {
  timers_process_runs(cpu, cycles)
  return reevaluate(cpu)
}

/** Process `index` calls nanosleep on this CPU. */
export function timers_sleep(cpu: u32, index: u32, cycles: u64): bool {
  timers_process_runs(cpu, cycles)
  const s = sleeper(index)
  const now = tk_monotonic(cycles) + queue_offset(queue_of(s.clock))
  // a sleep past the end of time never ends, rather than at once
  s.expires = s.for_ns < FOREVER - now ? now + s.for_ns : FOREVER
  cpu_timers(cpu).asleep++
  tick_state().sleepers = max(tick_state().sleepers, index + 1)
  return reevaluate(cpu)
}

/** Whether the CPU's tick is stopped, as it is in idle. */
export function timers_idling(cpu: u32): bool { return cpu_timers(cpu).tick_stopped != 0 }

/** A clock was set, or the machine resumed: timers of other clocks may be due earlier (clock_was_set). */
export function timers_clock_was_set(cpu: u32): bool { return reevaluate(cpu) }

/** The CPU's event device was off and is set up again (tick_resume_local). */
export function timers_resume(cpu: u32): void {
  touch_sched(cpu_timers(cpu))
  cpu_timers(cpu).expires_next = next_event(cpu)
}
