import type { CheckId } from '../scenario/types.js'

/** What people see of a check that fails, in the order in which they notice it. */
export const symptoms: Readonly<Record<CheckId, string>> = {
  warp: 'a clock goes back',
  jump: 'a clock jumps ahead',
  stall: 'a clock stands still',
  'late-wake': 'sleepers wake late',
  'early-wake': 'sleepers wake early',
  'lost-wake': 'sleepers never wake',
  'wake-storm': 'too many timer interrupts or wakes at once',
  backlog: 'overdue timers fire together',
  'soft-lockup': 'a soft lockup is reported',
  'cycle-offset': 'the kernel warns of its clocksource',
  'backwards-warning': 'the kernel warns that time went backwards',
  'stale-wall': 'the wall clock is old after a stop',
  'wall-error': 'the wall clock is wrong in the end',
  'set-back': 'an agent sets the clock back',
  monotonic: 'the monotonic clock counts a stop, or does not',
  rate: 'a clock runs fast or slow',
  seam: 'a stop does more to a clock than its length',
  skew: 'vCPUs disagree',
  steal: 'stolen time is wrong',
}
