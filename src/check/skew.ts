/**
 * skew: two vCPUs do not agree on the time.
 *
 * Measured: readings of one clock on two vCPUs at one instant of true time, by how much the second in the list of
 * readers is ahead of the first; the largest, ns (a counter's ticks are turned into ns at the frequency the guest was
 * given). A process that moves from the one to the other sees its clock jump by that, or go back.
 */
import { counterHz } from './counter.js'
import { type Check, Worst } from './finding.js'
import { shortNs } from './format.js'
import type { Series } from './series.js'

export const skew: Check = {
  unit: 'ns',
  limit: (checks) => checks.skew?.limitNs,
  measure({ series, spec, run }) {
    const judged = series.filter(({ kind, length }) => kind !== 'steal' && kind !== 'ticks' && length > 0)
    const worst = new Worst()
    let pairs = 0
    judged.forEach((first, i) => {
      for (const second of judged.slice(i + 1)) {
        if (first.clock !== second.clock || first.vcpu === second.vcpu) continue
        pairs++
        const hz = first.kind === 'counter' ? counterHz(spec, run.scenario.hosts) : NS_PER_S
        for (const [j, k] of together(first, second)) {
          const ahead = ((second.value(k) - first.value(j)) * NS_PER_S) / hz
          worst.offer(ahead, first.trueNs(j), `${first.name}, ${second.name}`)
        }
      }
    })
    if (pairs === 0) return 'no clock was read on two vCPUs'
    return worst.finding('the vCPUs agree', (value, names) => `${names} are ${shortNs(value)} apart`)
  },
}

const NS_PER_S = 1_000_000_000n

/** Positions of readings at the same instant. */
function* together(a: Series, b: Series): Generator<[number, number]> {
  for (let j = 0, k = 0; j < a.length && k < b.length; ) {
    const [at, bt] = [a.trueNs(j), b.trueNs(k)]
    if (at === bt) yield [j++, k++]
    else if (at < bt) j++
    else k++
  }
}
