/**
 * jump: a clock goes ahead by more than the time that went by.
 *
 * Measured: the largest step ahead of a wall or elapsed clock between two successive readings, ns (steps.ts says
 * what is a step). Over a stop a clock may gain anything from nothing to the whole true time: which of it is right
 * is for `monotonic` and `stale-wall` to say, so one fault keeps one name.
 * Allowed: corrections from outside; a wall clock that was late and catches up.
 * Backwards, a step is a `warp`; a clock that gains too little stands (`stall`), is slow (`rate`) or late
 * (`stale-wall`).
 */
import type { Check } from './finding.js'
import { Worst } from './finding.js'
import { shortNs } from './format.js'
import { stepAhead } from './steps.js'

export const jump: Check = {
  unit: 'ns',
  limit: ({ jump }) => jump?.limitNs,
  measure({ series }) {
    const judged = series.filter(({ kind, length }) => (kind === 'wall' || kind === 'elapsed') && length > 1)
    if (judged.length === 0) return 'no clock was read twice'
    const worst = new Worst()
    for (const readings of judged) {
      for (let k = 1; k < readings.length; k++) {
        const step = stepAhead(readings, k, worst.value)
        if (step > 0n) worst.offer(step, readings.trueNs(k), readings.name)
      }
    }
    return worst.finding('no clock jumped', (value, name) => `${name} jumped ahead by ${shortNs(value)}`)
  },
}
