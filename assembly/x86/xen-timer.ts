/**
 * When Xen's guest timers fire: rules only, the state is the caller's. Times are Xen system time in ns.
 */

/** No deadline. */
export const XEN_TIMER_NONE: u64 = u64.MAX_VALUE

/** What VCPUOP_set_singleshot_timer does. */
export const SINGLESHOT_ARM: i32 = 0
export const SINGLESHOT_INJECT: i32 = 1

export const XEN_EINVAL: i32 = -22
export const XEN_ETIME: i32 = -62

/** Flag VCPU_SSHOTTMR_future: refuse a timeout that is already past. */
export const SINGLESHOT_FUTURE: u32 = 1

/** Deadlines this far ahead (2^50 ns, 13.03 days) are taken for a wrapped jiffy count. */
const FAR_SHIFT: u64 = 50
const FAR_RETRY_NS: u64 = 100_000_000

const PERIOD_MIN_NS: u64 = 1_000_000
const PERIOD_MAX_NS: u64 = ((<u64>1) << 62) - 1

/**
 * The hypercall set_timer_op (common/sched/core.c do_set_timer_op): the deadline it arms, which fires at once if
 * it is past, or XEN_TIMER_NONE for timeout 0, which cancels. A timeout that is negative or very far ahead
 * becomes 100 ms from now, so that a confused guest looks again soon.
 */
export function set_timer_op(now: u64, timeout: i64): u64 {
  if (timeout == 0) return XEN_TIMER_NONE
  const ahead = timeout - <i64>now
  // Only 32 bits above bit 50 are looked at, which for a positive distance are all there are.
  if (timeout < 0 || (ahead > 0 && <u32>(ahead >> FAR_SHIFT) != 0)) return now + FAR_RETRY_NS
  return <u64>timeout
}

/**
 * The hypercall VCPUOP_set_singleshot_timer of a vCPU for itself: SINGLESHOT_ARM to arm at timeout,
 * SINGLESHOT_INJECT to stop the timer and inject the event now, or -ETIME.
 * Before commit 19c6cbd909 of May 2023 (`legacy`) a past timeout is armed, and fires at once, unless the flag
 * forbids it; since then it injects and the flag means nothing. Timeout 0 is nothing special.
 */
export function set_singleshot_timer(now: u64, timeout: u64, flags: u32, legacy: bool): i32 {
  if (timeout >= now) return SINGLESHOT_ARM
  if (!legacy) return SINGLESHOT_INJECT
  return (flags & SINGLESHOT_FUTURE) != 0 ? XEN_ETIME : SINGLESHOT_ARM
}

/** The hypercall VCPUOP_set_periodic_timer: 0 for a period it accepts, else -EINVAL. */
export function set_periodic_timer(period_ns: u64): i32 {
  return period_ns < PERIOD_MIN_NS || period_ns > PERIOD_MAX_NS ? XEN_EINVAL : 0
}

/** When the periodic timer is next due. */
export function periodic_next(last_event: u64, period_ns: u64): u64 {
  return last_event + period_ns
}

/**
 * last_event after the timer was looked at: `now` if it was due, and then one event is sent however many periods
 * went by (common/sched/core.c vcpu_periodic_timer_work). Unchanged if it was not due.
 */
export function periodic_work(now: u64, last_event: u64, period_ns: u64): u64 {
  return now >= periodic_next(last_event, period_ns) ? now : last_event
}
