/**
 * set-back: a program in the guest sets its wall clock back.
 *
 * Measured: by how much the clock gained less than true time between the readings around a correction from inside the
 * guest (an agent, its NTP, its RTC); the largest, ns. `warp` and `jump` allow such steps, because who sets a clock means
 * it; but programs see them all the same, and an agent that does it again and again fights the clock.
 */
import { type Check, Worst } from './finding.js'
import { shortNs } from './format.js'

const INSIDE = new Set(['agent-settime', 'guest-ntp', 'rtc-resync'])

export const setBack: Check = {
  unit: 'ns',
  limit: (checks) => checks['set-back']?.limitNs,
  measure({ guest, series }) {
    const instants = guest.corrections.filter(({ by }) => INSIDE.has(by)).map(({ atNs }) => atNs)
    if (instants.length === 0) return 'nobody in the guest set its clock'
    const judged = series.filter(({ kind, length }) => kind === 'wall' && length > 1)
    if (judged.length === 0) return 'no wall clock was read twice'
    const worst = new Worst()
    for (const readings of judged) {
      for (const at of instants) {
        const k = readings.firstAt(at)
        if (k === 0 || k === readings.length) continue
        const passed = readings.trueNs(k) - readings.trueNs(k - 1)
        const back = passed - (readings.value(k) - readings.value(k - 1))
        if (back > 0n) worst.offer(back, readings.trueNs(k), readings.name)
      }
    }
    return worst.finding('nobody set it back', (value, name) => `${name} was set back by ${shortNs(value)}`)
  },
}
