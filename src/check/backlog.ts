/**
 * backlog: sleepers that fell due while the guest was stopped all wake at once.
 *
 * Measured: how many sleeps that had run out by true time when a stop ended were woken within the first second after it;
 * the most for any stop. The instant is the end of that stop.
 */
import { type Check, Worst } from './finding.js'
import { sleepsOf } from './sleeps.js'

const SECOND_NS = 1_000_000_000n

export const backlog: Check = {
  unit: 'count',
  limit: ({ backlog: check }) => (check ? BigInt(check.limit) : undefined),
  measure({ guest, run }) {
    if (guest.sleepers.length === 0) return 'nobody sleeps'
    const stops = guest.stops.filter(({ resumed }) => resumed)
    if (stops.length === 0) return 'the guest was not stopped and resumed'
    const counts = stops.map(() => 0n)
    for (const { issuedNs, durationNs, wokeNs } of sleepsOf(guest, run)) {
      if (wokeNs === null) continue
      stops.forEach(({ fromNs, untilNs }, i) => {
        const overdue = issuedNs <= fromNs && issuedNs + durationNs <= untilNs
        if (overdue && wokeNs >= untilNs && wokeNs < untilNs + SECOND_NS) counts[i]!++
      })
    }
    const worst = new Worst()
    counts.forEach((count, i) => {
      worst.offer(count, stops[i]!.untilNs, 'sleepers')
    })
    return worst.finding(
      'no sleeper was overdue',
      (value) => `${value} overdue sleepers woke in the first second after a stop`,
    )
  },
}
