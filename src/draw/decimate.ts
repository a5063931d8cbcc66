/**
 * Millions of readings in as many columns as a picture has: what is drawn of a column is its first, its lowest,
 * its highest and its last reading, so every reading is in the picture.
 */
import { type Curve, errorNs, firstAt } from './curve.js'

/** A stretch of true time, both ends included, and the columns that it is cut into. */
export interface Window {
  readonly fromNs: bigint
  /** More than `fromNs`. */
  readonly untilNs: bigint
  readonly columns: number
}

/** The readings of one column: errors in ns. */
export interface Bin {
  /** Column, from 0. */
  readonly x: number
  readonly first: bigint
  last: bigint
  low: bigint
  high: bigint
  /** The guest was stopped since the reading before the first one: no line joins the two. */
  readonly afterStop: boolean
}

export type BinsOf = (curve: Curve, window: Window) => Bin[]

/** The column that an instant falls into; those outside fall into the first or the last one. */
export function columnAt(trueNs: bigint, { fromNs, untilNs, columns }: Window): number {
  if (trueNs <= fromNs) return 0
  const column = Number(((trueNs - fromNs) * BigInt(columns)) / (untilNs - fromNs))
  return Math.min(column, columns - 1)
}

/** The columns that have a reading, in their order. */
export function binsOf(curve: Curve, window: Window): Bin[] {
  const { trueNs, afterStop } = curve
  const bins: Bin[] = []
  let bin: Bin | undefined
  let stop = 0
  for (let k = firstAt(curve, window.fromNs); k < trueNs.length && trueNs[k]! <= window.untilNs; k++) {
    const error = errorNs(curve, k)
    const x = columnAt(trueNs[k]!, window)
    if (bin && bin.x === x) {
      bin.last = error
      if (error < bin.low) bin.low = error
      if (error > bin.high) bin.high = error
      continue
    }
    while (stop < afterStop.length && afterStop[stop]! < k) stop++
    bin = { x, first: error, last: error, low: error, high: error, afterStop: afterStop[stop] === k }
    bins.push(bin)
  }
  return bins
}
