/**
 * stale-wall: after a stop the guest goes on with the old time of day.
 *
 * Measured: for each stop, true ns from the resume to the first reading of a wall clock that is not behind by more
 * than the limit; the longest. If there is none before the next stop, the window goes on over it; if there is none
 * at all, it lasts to the last reading. Behind is behind true time and behind what the clock was before the stop:
 * a clock that was wrong before is no worse for being as wrong as it was.
 * So the limit is used twice: a clock counts as stale while it is late by more than the limit, and may be so for
 * as long as the limit. A clock that is ahead after a stop has jumped; one that is right at the
 * resume and falls behind later stands still or is slow.
 */
import type { Stop } from '../world/result.js'
import { type Check, Worst } from './finding.js'
import { shortNs } from './format.js'
import type { Series } from './series.js'

export const staleWall: Check = {
  unit: 'ns',
  limit: (checks) => checks['stale-wall']?.limitNs,
  measure({ guest, series }, checks) {
    const judged = series.filter(({ kind, length }) => kind === 'wall' && length > 0)
    if (judged.length === 0) return 'no wall clock was read'
    const stops = guest.stops.filter(({ resumed }) => resumed)
    if (stops.length === 0) return 'the guest was not stopped and resumed'
    const limitNs = checks['stale-wall']!.limitNs
    const worst = new Worst()
    for (const readings of judged) offerWindows(worst, readings, stops, limitNs)
    return worst.finding(
      'the wall clock was right after every stop',
      (value, name) => `${name} showed an old time for ${shortNs(value)}`,
    )
  },
}

function offerWindows(worst: Worst, readings: Series, stops: readonly Stop[], limitNs: bigint): void {
  let staleSince: bigint | null = null
  let tolerated = 0n
  stops.forEach(({ untilNs }, index) => {
    const from = readings.firstAt(untilNs)
    const next = stops[index + 1]
    const to = next ? readings.firstAt(next.untilNs) : readings.length
    if (staleSince === null) {
      const before = from > 0 ? readings.error(from - 1) : 0n
      tolerated = (before < 0n ? before : 0n) - limitNs
      if (from === to || readings.error(from) >= tolerated) return
      staleSince = untilNs
    }
    for (let k = from; k < to; k++) {
      worst.offer(readings.trueNs(k) - staleSince, staleSince, readings.name)
      if (readings.error(k) < tolerated) continue
      staleSince = null
      return
    }
  })
}
