/** Which clocks are drawn, and which of them share a panel. */
import { type Curve, errorNs, firstAt, worstNs } from './curve.js'
import { type Bin, type BinsOf, binsOf, type Window } from './decimate.js'

/** Below this a clock counts as right, and a panel shows no smaller range. */
export const FLAT_NS = 1_000_000n

export interface Panel {
  /** Those that look the same; the first is drawn for all. */
  readonly curves: readonly Curve[]
  readonly bins: readonly Bin[]
  /** Lowest and highest error in the window, zero included, ns. */
  readonly lowNs: bigint
  readonly highNs: bigint
}

export interface Panels {
  readonly panels: readonly Panel[]
  /** Right all the time: no more than a line beside the worst clock. */
  readonly flat: readonly Curve[]
  /** The most that one of those was off, ns. */
  readonly flatNs: bigint
}

/** The curves of one guest, cut to a window. `bins`: another way to cut them, with the same result. */
export function panelsOf(curves: readonly Curve[], window: Window, bins: BinsOf = binsOf): Panels {
  const near = max(curves.map(worstNs)) / 100n
  const limit = near > FLAT_NS ? near : FLAT_NS
  const flat = curves.filter((curve) => worstNs(curve) <= limit)
  const panels: { curves: Curve[]; bins: Bin[]; lowNs: bigint; highNs: bigint }[] = []
  for (const curve of curves) {
    if (flat.includes(curve)) continue
    const cut = bins(curve, window)
    const panel = panels.find((other) => sameLook(other.bins, cut))
    if (panel) panel.curves.push(curve)
    else panels.push({ curves: [curve], bins: cut, ...rangeOf(cut) })
  }
  return { panels, flat, flatNs: max(flat.map(worstNs)) }
}

/** The reading that stands nearest to an instant, for what a pointer shows; null: none at or before it. */
export function readingAt(curve: Curve, trueNs: bigint): { trueNs: bigint; errorNs: bigint } | null {
  const k = firstAt(curve, trueNs + 1n) - 1
  return k < 0 ? null : { trueNs: curve.trueNs[k]!, errorNs: errorNs(curve, k) }
}

function rangeOf(bins: readonly Bin[]): { lowNs: bigint; highNs: bigint } {
  let lowNs = 0n
  let highNs = 0n
  for (const { low, high } of bins) {
    if (low < lowNs) lowNs = low
    if (high > highNs) highNs = high
  }
  return { lowNs, highNs }
}

/** Whether `bins` lie on what is `drawn`: a clock that was read less often may share a panel. */
function sameLook(drawn: readonly Bin[], bins: readonly Bin[]): boolean {
  const [one, other] = [rangeOf(drawn), rangeOf(bins)]
  const low = one.lowNs < other.lowNs ? one.lowNs : other.lowNs
  const high = one.highNs > other.highNs ? one.highNs : other.highNs
  const near = (high - low) / 50n
  const byColumn = new Map(drawn.map((bin) => [bin.x, bin]))
  return bins.every((bin) => {
    const there = byColumn.get(bin.x)
    return there && distance(bin.low, there.low) <= near && distance(bin.high, there.high) <= near
  })
}

function distance(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a
}

function max(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a > b ? a : b), 0n)
}
