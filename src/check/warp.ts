/**
 * warp: a clock reads lower than it read before.
 *
 * Measured: the largest step back between two successive readings of one reader, ns (a counter's ticks are turned
 * into ns at the frequency the guest was given). Any clock but `steal`, which has its own check.
 * Allowed: for wall clocks a step where a correction from outside may lie between the two readings; whoever sets a
 * clock back means it. No other clock may ever go back, whatever happens to the guest.
 */
import { counterHz } from './counter.js'
import type { Check } from './finding.js'
import { Worst } from './finding.js'
import { shortNs } from './format.js'

export const warp: Check = {
  unit: 'ns',
  limit: ({ warp }) => warp?.limitNs,
  measure({ series, spec, run }) {
    const judged = series.filter(({ kind, length }) => kind !== 'steal' && length > 1)
    if (judged.length === 0) return 'no clock was read twice'
    const worst = new Worst()
    for (const readings of judged) {
      const ticksPerSecond =
        readings.kind === 'counter'
          ? counterHz(spec, run.scenario.hosts)
          : readings.kind === 'ticks'
            ? BigInt(spec.hz)
            : null
      let before = readings.value(0)
      for (let k = 1; k < readings.length; k++) {
        const value = readings.value(k)
        if (value < before && !readings.excused(k)) {
          worst.offer(toNs(before - value, ticksPerSecond), readings.trueNs(k), readings.name)
        }
        before = value
      }
    }
    return worst.finding('no clock went back', (value, name) => `${name} went back by ${shortNs(value)}`)
  },
}

const NS_PER_S = 1_000_000_000n

/** Rounded up: a step of one tick is a step. null: it is in ns already. */
function toNs(step: bigint, ticksPerSecond: bigint | null): bigint {
  return ticksPerSecond === null ? step : (step * NS_PER_S + ticksPerSecond - 1n) / ticksPerSecond
}
