/**
 * stall: a clock stands still while the guest runs.
 *
 * Measured: the longest time, ns of true time in which the guest ran, from the first to the last of successive
 * readings with the same value. What happened before the first and after the last is not known, so this is a lower
 * bound, short of the truth by at most two intervals of the reader.
 * Not judged: `steal` may rest for ever, and `jiffies` rest whenever the kernel idles without a tick.
 */
import type { Check } from './finding.js'
import { Worst } from './finding.js'
import { shortNs } from './format.js'

export const stall: Check = {
  unit: 'ns',
  limit: ({ stall }) => stall?.limitNs,
  measure({ series }) {
    const judged = series.filter(({ kind, length }) => kind !== 'steal' && kind !== 'ticks' && length > 1)
    if (judged.length === 0) return 'no clock was read twice'
    const worst = new Worst()
    for (const readings of judged) {
      let first = 0
      let held = readings.value(0)
      for (let k = 1; k <= readings.length; k++) {
        const value = k < readings.length ? readings.value(k) : null
        if (value === held) continue
        if (k - 1 > first) {
          const stopped = readings.stoppedNs(k - 1) - readings.stoppedNs(first)
          const stood = readings.trueNs(k - 1) - readings.trueNs(first) - stopped
          worst.offer(stood, readings.trueNs(first), readings.name)
        }
        first = k
        if (value !== null) held = value
      }
    }
    return worst.finding('no clock stood still', (value, name) => `${name} stood still for ${shortNs(value)}`)
  },
}
