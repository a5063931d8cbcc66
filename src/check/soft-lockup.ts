/**
 * soft-lockup: the kernel reports "BUG: soft lockup".
 *
 * Measured: the longest time that the kernel says a vCPU was stuck, ns of its own clock. Nothing in a scenario
 * locks up a CPU, so any report over the limit is the work of a clock.
 */
import { Seen } from '../observation/log.js'
import { type Check, Worst } from './finding.js'
import { shortNs } from './format.js'

export const softLockup: Check = {
  unit: 'ns',
  limit: (checks) => checks['soft-lockup']?.limitNs,
  measure({ guest: { observations: log } }) {
    const worst = new Worst()
    for (let i = 0; i < log.length; i++) {
      if (log.kind(i) === Seen.softLockup) worst.offer(log.value(i), log.trueNs(i), `vcpu ${log.index(i)}`)
    }
    return worst.finding(
      'no report',
      (value, vcpu) => `the kernel believes ${vcpu} was stuck for ${shortNs(value)}`,
    )
  },
}
