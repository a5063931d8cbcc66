/**
 * A guest clock over true time, as plain columns: they can be posted to another thread, and the functions here
 * need nothing else. Columns hold what was read; the error is computed in bigint, because a clock at the end of
 * its 64 bits is further from the truth than 64 bits can say.
 */
import type { ClockKind, Series } from '../check/index.js'
import { isStopped, runningNs, stepAhead } from '../check/steps.js'
import type { ReadClock } from '../scenario/types.js'
import type { Stop } from '../world/result.js'

export interface Curve {
  /** The reader's. */
  readonly name: string
  readonly clock: ReadClock
  readonly kind: ClockKind
  readonly vcpu: number
  /** True time of each reading, ns, ascending. */
  readonly trueNs: BigInt64Array
  /** What it read, ns. */
  readonly valueNs: BigInt64Array
  /** Reading minus true time where the clock is right, ns. */
  readonly offsetNs: bigint
  /** Ascending: the guest was stopped between these readings and the ones before them. */
  readonly afterStop: Uint32Array
  /** The lowest and the highest error of all, ns. */
  readonly lowNs: bigint
  readonly highNs: bigint
  /** Steps ahead and back that are over the limits of the scenario. */
  readonly jumps: readonly Jump[]
  /** The clock stood still while the guest ran. */
  readonly stalls: readonly Stall[]
}

/** A step that no stop and no correction explains, somewhere between two readings; never before a stop's end. */
export interface Jump {
  readonly fromNs: bigint
  readonly untilNs: bigint
  /** Ahead is positive, ns. */
  readonly byNs: bigint
}

export interface Stall {
  /** The first and the last of the readings that are the same. */
  readonly fromNs: bigint
  readonly untilNs: bigint
  /** How long of that the guest ran, ns. */
  readonly stoodNs: bigint
}

export interface CurveLimits {
  /** Larger steps are jumps, ns. */
  readonly aheadNs: bigint
  readonly backNs: bigint
  /** Longer rests are stalls, ns. */
  readonly restNs: bigint
}

/** Of a wall or elapsed clock that was read at least once. */
export function curveOf(series: Series, limits: CurveLimits, stops: readonly Stop[]): Curve {
  const { length, name, clock, kind, vcpu } = series
  const trueNs = new BigInt64Array(length)
  const valueNs = new BigInt64Array(length)
  const afterStop: number[] = []
  let lowNs = series.error(0)
  let highNs = lowNs
  for (let k = 0; k < length; k++) {
    trueNs[k] = series.trueNs(k)
    valueNs[k] = series.value(k)
    const error = series.error(k)
    if (error < lowNs) lowNs = error
    if (error > highNs) highNs = error
    if (k > 0 && isStopped(series, k)) afterStop.push(k)
  }
  return {
    name,
    clock,
    kind,
    vcpu,
    trueNs,
    valueNs,
    offsetNs: valueNs[0]! - trueNs[0]! - series.error(0),
    afterStop: Uint32Array.from(afterStop),
    lowNs,
    highNs,
    jumps: jumpsOf(series, limits, stops),
    stalls: stallsOf(series, limits.restNs),
  }
}

/** How far reading k is ahead of the truth, ns. */
export function errorNs({ trueNs, valueNs, offsetNs }: Curve, k: number): bigint {
  return valueNs[k]! - trueNs[k]! - offsetNs
}

/** The most that the clock was ever off, ns. */
export function worstNs({ lowNs, highNs }: Curve): bigint {
  return -lowNs > highNs ? -lowNs : highNs
}

/** First reading at or after `trueNs`; the number of readings if there is none. */
export function firstAt({ trueNs: column }: Curve, trueNs: bigint): number {
  let low = 0
  let high = column.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (column[middle]! < trueNs) low = middle + 1
    else high = middle
  }
  return low
}

function jumpsOf(series: Series, { aheadNs, backNs }: CurveLimits, stops: readonly Stop[]): Jump[] {
  const jumps: Jump[] = []
  for (let k = 1; k < series.length; k++) {
    const back = series.value(k) - series.value(k - 1)
    const isBack = back < -backNs && !series.excused(k)
    const byNs = isBack ? back : stepAhead(series, k, aheadNs)
    if (byNs === 0n) continue
    const [readNs, untilNs] = [series.trueNs(k - 1), series.trueNs(k)]
    // The clock shows what a stop did to it when the guest runs again.
    const resumed = stops.filter((stop) => stop.untilNs > readNs && stop.untilNs <= untilNs).at(-1)
    jumps.push({ fromNs: resumed?.untilNs ?? readNs, untilNs, byNs })
  }
  return jumps
}

function stallsOf(series: Series, restNs: bigint): Stall[] {
  const stalls: Stall[] = []
  let stoodNs = 0n
  let first = 0
  for (let k = 1; k <= series.length; k++) {
    if (k < series.length && series.value(k) === series.value(k - 1)) {
      stoodNs += runningNs(series, k)
      continue
    }
    if (stoodNs > restNs)
      stalls.push({ fromNs: series.trueNs(first), untilNs: series.trueNs(k - 1), stoodNs })
    first = k
    stoodNs = 0n
  }
  return stalls
}
