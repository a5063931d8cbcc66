/**
 * cycle-offset: the kernel prints "timekeeping: Cycle offset (…) is larger than allowed by the … clock's max_cycles value"
 * (Linux kernel/time/timekeeping.c timekeeping_check_update, with CONFIG_DEBUG_TIMEKEEPING).
 *
 * Measured: the largest such offset, in ns of the clocksource. A kernel keeps its updates closer than that by itself, so
 * somebody stopped it without telling it.
 */
import { Seen } from '../observation/log.js'
import { type Check, Worst } from './finding.js'
import { shortNs } from './format.js'

export const cycleOffset: Check = {
  unit: 'ns',
  limit: (checks) => checks['cycle-offset']?.limitNs,
  measure({ guest: { observations: log } }) {
    const worst = new Worst()
    for (let i = 0; i < log.length; i++) {
      if (log.kind(i) === Seen.cycleOffset) worst.offer(log.value(i), log.trueNs(i), 'kernel')
    }
    return worst.finding(
      'no warning',
      (value) => `the clocksource went on for ${shortNs(value)} without an update`,
    )
  },
}
