/**
 * Steps of a clock's error: what jump.ts names and rate.ts keeps out of its slopes.
 *
 * Between two readings the error of a clock changes by (what the clock gained) - (what true time gained). A change
 * downwards without a step back is a clock that lost time (stall, rate, stale-wall, monotonic); a step back is a
 * warp. What is left are changes upwards: the clock gained more than true time did.
 */
import type { Checks } from '../scenario/types.js'
import type { Series } from './series.js'

/** Some clocks count whole microseconds, so two readings may be off by one each. */
export const RESOLUTION_NS = 2_000n

/**
 * By how much the clock went ahead between reading k - 1 and reading k, 0 if it did not.
 *
 * Two things are no step ahead. A wall clock that was late and comes nearer to the truth mends an earlier fault;
 * only what it goes beyond the truth counts. And a clock that runs fast gains something between any two readings:
 * as much as it gains by the readings before or after is left to `rate`. `least` saves work: anything up to it
 * comes back as 0.
 */
export function stepAhead(readings: Series, k: number, least: bigint): bigint {
  const late = readings.kind === 'wall' && readings.error(k - 1) < 0n ? -readings.error(k - 1) : 0n
  return beyond(readings, k, late, least)
}

/** The same of any step ahead, one that only mends an earlier fault too: what is no rate. */
export function anyStepAhead(readings: Series, k: number, least: bigint): bigint {
  return beyond(readings, k, 0n, least)
}

function beyond(readings: Series, k: number, late: bigint, least: bigint): bigint {
  if (readings.excused(k)) return 0n
  const gained =
    readings.value(k) - readings.value(k - 1) - (readings.trueNs(k) - readings.trueNs(k - 1)) - late
  if (gained <= least) return 0n
  const step = gained - fastest(readings, k)
  return step > least ? step : 0n
}

/** What the clock would gain on true time in pair k if it ran as fast as in the pair before or after it. */
function fastest(readings: Series, k: number): bigint {
  const trueNs = readings.trueNs(k) - readings.trueNs(k - 1)
  let most = 0n
  for (const j of [k - 1, k + 1]) {
    // Over a stop a clock may gain or lose the downtime, which says nothing about its rate.
    if (j < 1 || j >= readings.length || readings.excused(j) || isStopped(readings, j)) continue
    const ran = runningNs(readings, j)
    const gained = readings.value(j) - readings.value(j - 1) - ran
    if (gained <= RESOLUTION_NS || ran === 0n) continue
    const here = (gained * trueNs + ran - 1n) / ran
    if (here > most) most = here
  }
  return most
}

/** Whether the guest was stopped between reading k - 1 and reading k. */
export function isStopped(readings: Series, k: number): boolean {
  return readings.stoppedNs(k) !== readings.stoppedNs(k - 1)
}

/** True ns between reading `since`, the one before, and reading k in which the guest ran. */
export function runningNs(readings: Series, k: number, since = k - 1): bigint {
  const stopped = readings.stoppedNs(k) - readings.stoppedNs(since)
  return readings.trueNs(k) - readings.trueNs(since) - stopped
}

/** The most that a step may be: the limit of `jump`, or its default when it is off. */
export function stepLimitNs({ jump }: Checks): bigint {
  return jump?.limitNs ?? 100_000_000n
}
