/**
 * monotonic: what a stop does to the clocks that count elapsed time.
 *
 * `downtime: counted`   CLOCK_MONOTONIC must count every stop, CLOCK_BOOTTIME too.
 * `downtime: excluded`  CLOCK_MONOTONIC must count none; CLOCK_BOOTTIME must count all the same, as it does for a
 *                       suspend (clock_gettime(2): "also includes any time that the system is suspended").
 * `downtime: either`    nothing to judge here.
 *
 * Measured: over each stop, how much of it a clock counted though it should not, or did not count though it should;
 * the largest, ns. Readers of monotonic, boottime and uptime are judged, and
 * of Hyper-V's reference counter, which is what monotonic is to other kernels. What a clock gains beyond the whole stop
 * is a `jump`, and what it loses beyond it a `stall` or a `warp`.
 * Allowed: the limit of `jump`; the first readings before and after a stop are apart, and rates have errors.
 */
import type { ReadClock } from '../scenario/types.js'
import { type Check, Worst } from './finding.js'
import { shortNs } from './format.js'
import { runningNs, stepLimitNs } from './steps.js'

export const monotonic: Check = {
  unit: 'ns',
  limit: (checks) => (checks.monotonic ? stepLimitNs(checks) : undefined),
  measure({ guest, series }, checks) {
    const downtime = checks.monotonic!.downtime
    if (downtime === 'either') return 'a stop may be counted or not'
    if (!guest.stops.some(({ resumed }) => resumed)) return 'the guest was not stopped and resumed'
    const judged = series.filter(({ clock, length }) => length > 1 && JUDGED.has(clock))
    if (judged.length === 0) return 'no monotonic clock was read twice'
    const worst = new Worst()
    let missing = false
    for (const readings of judged) {
      const mustCount = downtime === 'counted' || ALWAYS.has(readings.clock)
      for (let k = 1; k < readings.length; k++) {
        const stopped = readings.stoppedNs(k) - readings.stoppedNs(k - 1)
        if (stopped === 0n) continue
        const counted = clamp(readings.value(k) - readings.value(k - 1) - runningNs(readings, k), stopped)
        const wrong = mustCount ? stopped - counted : counted
        if (wrong <= worst.value) continue
        worst.offer(wrong, readings.trueNs(k), readings.name)
        missing = mustCount
      }
    }
    return worst.finding('every stop was counted as it should be', (value, name) =>
      missing
        ? `${name} did not count ${shortNs(value)} of a stop`
        : `${name} counted ${shortNs(value)} in which the guest was stopped`,
    )
  },
}

function clamp(value: bigint, most: bigint): bigint {
  return value < 0n ? 0n : value > most ? most : value
}

/** Clocks that count a downtime whatever `monotonic` should do. */
const ALWAYS: ReadonlySet<ReadClock> = new Set(['boottime', 'uptime'])
const JUDGED: ReadonlySet<ReadClock> = new Set([...ALWAYS, 'monotonic', 'reference', 'reference-page'])
