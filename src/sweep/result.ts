/** What a sweep came to: a row for each point. */
import { type CheckResult, checkIds, verdictOf } from '../check/index.js'
import type { CheckId } from '../scenario/types.js'
import type { Axis } from './axis.js'
import type { Point } from './points.js'

export interface Row {
  readonly point: Point
  readonly verdict: 'pass' | 'fail'
  readonly fails: readonly string[]
  /** The worst value of each check over all guests, in its unit; null: nothing to judge. */
  readonly values: Readonly<Record<CheckId, bigint | null>>
}

export interface Sweep {
  readonly scenario: string
  readonly policy: string | null
  readonly axes: readonly Axis[]
  readonly rows: readonly Row[]
}

const size = (value: bigint): bigint => (value < 0n ? -value : value)

export function rowOf(point: Point, checks: readonly CheckResult[]): Row {
  const values = Object.fromEntries(checkIds.map((id) => [id, null])) as Record<CheckId, bigint | null>
  for (const { id, value } of checks) {
    if (id === 'fault' || value === null) continue
    const known = values[id]
    if (known === null || size(value) > size(known)) values[id] = value
  }
  const fails = [...new Set(checks.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id))]
  return { point, verdict: verdictOf(checks), fails, values }
}

/** What colours a point: of a check how large its value is against the largest, else whether it fails. */
export function heatOf({ rows }: Sweep, check: CheckId | null): (row: Row) => number {
  if (check === null) return ({ verdict }) => (verdict === 'fail' ? 1 : 0)
  const most = rows.reduce(
    (worst, { values }) => (size(values[check] ?? 0n) > worst ? size(values[check]!) : worst),
    0n,
  )
  return ({ values }) => (most === 0n ? 0 : Number((size(values[check] ?? 0n) * 1000n) / most) / 1000)
}

export interface HeatMap {
  readonly across: Axis
  /** null: one axis, one line. */
  readonly down: Axis | null
  /** [line][column], the mean over all other axes; null: no point is there. */
  readonly cells: readonly (readonly (number | null)[])[]
}

/** The first axis goes across, the second one down. */
export function heatMap(sweep: Sweep, check: CheckId | null): HeatMap {
  const [across, down = null] = sweep.axes as readonly [Axis, Axis?]
  const heat = heatOf(sweep, check)
  const sums = (down?.values ?? ['']).map(() => across.values.map(() => ({ sum: 0, count: 0 })))
  for (const row of sweep.rows) {
    const cell = sums[down?.column(row.point[1]!) ?? 0]?.[across.column(row.point[0]!)]
    if (!cell) continue
    cell.sum += heat(row)
    cell.count++
  }
  return {
    across,
    down,
    cells: sums.map((line) => line.map(({ sum, count }) => (count === 0 ? null : sum / count))),
  }
}
