/**
 * steal: the stolen time that the guest accounts cannot be true.
 *
 * Measured: how far stolen time falls below an earlier reading, or how far it grows beyond what the host can have
 * taken since the first reading; the larger of the two, ns. The host can have taken the vCPU's time in `steal`
 * events and, for a hypervisor that counts it as stolen, while the guest was stopped. Less than that is no fault:
 * who idles does not miss the CPU.
 * An underflow of the u64 (Linux 4.8 to 4.10 after a migration) reads as growth of centuries.
 */
import type { Scenario } from '../scenario/types.js'
import { type Check, Worst } from './finding.js'
import { shortNs } from './format.js'
import type { Series } from './series.js'
import { overlapNs, type Span } from './span.js'

export const steal: Check = {
  unit: 'ns',
  limit: ({ steal }) => steal?.limitNs,
  measure({ guest, series, run }) {
    const judged = series.filter(({ kind, length }) => kind === 'steal' && length > 1)
    if (judged.length === 0) return 'stolen time was not read twice'
    const worst = new Worst()
    let fell = false
    for (const readings of judged) {
      const phases = stealPhases(run.scenario, guest.name, readings.vcpu)
      let highest = readings.value(0)
      for (let k = 1; k < readings.length; k++) {
        const value = readings.value(k)
        if (value > highest) highest = value
        const before = worst.value
        worst.offer(highest - value, readings.trueNs(k), readings.name)
        if (worst.value !== before) fell = true
        if (value - readings.value(0) <= worst.value) continue
        const grown = value - readings.value(0) - takenNs(readings, k, phases)
        if (grown <= worst.value) continue
        worst.offer(grown, readings.trueNs(k), readings.name)
        fell = false
      }
    }
    return worst.finding('stolen time only grew as it was stolen', (value, name) =>
      fell ? `${name} fell by ${shortNs(value)}` : `${name} has ${shortNs(value)} that nobody took`,
    )
  },
}

function stealPhases(scenario: Scenario, guest: string, vcpu: number): Span[] {
  return scenario.events.flatMap((event) =>
    event.kind === 'steal' && event.guest === guest && event.vcpu === vcpu
      ? [{ fromNs: event.atNs, untilNs: event.atNs + event.forNs }]
      : [],
  )
}

/** The most that the host can have taken between the first reading and reading k. */
function takenNs(readings: Series, k: number, phases: readonly Span[]): bigint {
  const span = { fromNs: readings.trueNs(0), untilNs: readings.trueNs(k) }
  const stopped = readings.stoppedNs(k) - readings.stoppedNs(0)
  return phases.reduce((taken, phase) => taken + overlapNs(span, phase), stopped)
}
