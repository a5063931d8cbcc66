/**
 * wall-error: the guest's wall clock is wrong in the end.
 *
 * Measured: the last reading of each wall clock (realtime, gettimeofday) minus the true time of day; the largest by
 * magnitude, ns, positive when the guest is ahead. What was wrong for a while has other names.
 */
import { type Check, magnitude, Worst } from './finding.js'
import { shortNs } from './format.js'

export const wallError: Check = {
  unit: 'ns',
  limit: (checks) => checks['wall-error']?.limitNs,
  measure({ series }) {
    const judged = series.filter(({ kind, length }) => kind === 'wall' && length > 0)
    if (judged.length === 0) return 'no wall clock was read'
    const worst = new Worst()
    for (const readings of judged) {
      const last = readings.length - 1
      worst.offer(readings.error(last), readings.trueNs(last), readings.name)
    }
    return worst.finding('the wall clock is right in the end', (value, name) =>
      value > 0n
        ? `${name} is ${shortNs(value)} ahead in the end`
        : `${name} is ${shortNs(magnitude(value))} behind in the end`,
    )
  },
}
