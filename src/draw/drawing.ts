/**
 * What a picture of a run shows, as data: the terminal, the SVG and the page draw the same.
 *
 *   observations ──> curves (clock minus true time), stalls, jumps ─┐
 *                    sleeps, from due to woken                      ├──> panels, axes ──> dots or shapes
 *   timeline ──────> stops, marks                                   ─┘
 *
 * A wall clock is drawn against the true time of day, any other against the true time since its first reading.
 * All of it is plain data with bigints and typed arrays: it can be posted from a worker.
 */
import { seriesOf } from '../check/index.js'
import { stepLimitNs } from '../check/steps.js'
import type { GuestResult, RunResult, Stop } from '../world/result.js'
import { type Curve, type CurveLimits, curveOf } from './curve.js'
import { type Mark, marksOf } from './marks.js'
import { lateLimitNs, type SleepBars, sleepBarsOf } from './sleeps.js'

export interface Drawing {
  readonly title: string
  /** True time runs from 0 to this. */
  readonly endNs: bigint
  readonly guests: readonly GuestDrawing[]
}

export interface GuestDrawing {
  readonly name: string
  /** Of the wall and elapsed clocks that were read, in the order of the readers. */
  readonly curves: readonly Curve[]
  /** When the guest did not run, in the order of time. */
  readonly stops: readonly Stop[]
  readonly marks: readonly Mark[]
  readonly sleeps: readonly SleepBars[]
  /** A sleep that is later than this is late, ns. */
  readonly lateNs: bigint
}

export function drawingOf(run: RunResult): Drawing {
  const { name, title } = run.scenario
  const limits = limitsOf(run)
  const lateNs = lateLimitNs(run)
  return {
    title: `${name}: ${title}`,
    endNs: run.endNs,
    guests: run.guests.map((guest) => guestDrawing(guest, run, limits, lateNs)),
  }
}

function guestDrawing(guest: GuestResult, run: RunResult, limits: CurveLimits, lateNs: bigint): GuestDrawing {
  const series = seriesOf(guest, run.startWallNs)
  return {
    name: guest.name,
    curves: series
      .filter(({ kind, length }) => (kind === 'wall' || kind === 'elapsed') && length > 0)
      .map((one) => curveOf(one, limits, guest.stops)),
    stops: guest.stops,
    marks: marksOf(guest, run),
    sleeps: sleepBarsOf(guest, run),
    lateNs,
  }
}

/** What the checks fault is shown, and of rests also what is long enough to be seen. */
function limitsOf({ scenario: { checks }, endNs }: RunResult): CurveLimits {
  const visibleNs = endNs / 1000n
  const stallNs = checks.stall?.limitNs ?? visibleNs
  return {
    aheadNs: stepLimitNs(checks),
    backNs: checks.warp?.limitNs ?? 0n,
    restNs: stallNs < visibleNs ? stallNs : visibleNs,
  }
}
