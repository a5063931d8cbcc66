/** Where things are in a picture. */
import type { Window } from './decimate.js'
import type { Span } from './shapes.js'

/** The plot of one guest. */
export interface Frame {
  /** px, as everything here. */
  readonly left: number
  /** Of the plot alone. */
  readonly width: number
  readonly window: Window
  /** Of an instant; those outside the window lie at its edges. */
  readonly at: (trueNs: bigint) => number
}

/** Of true time. */
export interface Interval {
  readonly fromNs: bigint
  readonly untilNs: bigint
}

/** A piece of the picture, and how high it is. Its y counts from its own top. */
export interface Block {
  readonly height: number
  readonly shapes: readonly string[]
}

/** From 0 to 1, in integers as long as they count: a share of years in ns is more than a double has. */
export function share(part: bigint, whole: bigint): number {
  if (part <= 0n) return 0
  return part >= whole ? 1 : Number((part * 1_000_000_000n) / whole) / 1e9
}

/** At least so wide that it is seen. */
export function spanOf({ fromNs, untilNs }: Interval, { at }: Frame, least = 2): Span {
  const x = at(fromNs)
  const width = at(untilNs) - x
  return width >= least ? { x, width } : { x: x + width / 2 - least / 2, width: least }
}

export function shortened(content: string, most: number): string {
  return content.length > most ? `${content.slice(0, most - 1)}…` : content
}

/** What of the intervals lies outside the others; both in the order of time. */
export function outside(intervals: readonly Interval[], others: readonly Interval[]): Interval[] {
  return intervals.flatMap(({ fromNs, untilNs }) => {
    const pieces: Interval[] = []
    let from = fromNs
    for (const other of others) {
      if (other.untilNs <= from || other.fromNs >= untilNs) continue
      if (other.fromNs > from) pieces.push({ fromNs: from, untilNs: other.fromNs })
      from = other.untilNs
    }
    return from < untilNs ? [...pieces, { fromNs: from, untilNs }] : pieces
  })
}
