/** A stretch of true time. */
export interface Span {
  readonly fromNs: bigint
  readonly untilNs: bigint
}

export function overlapNs(a: Span, b: Span): bigint {
  const [first, second] = a.fromNs <= b.fromNs ? [a, b] : [b, a]
  if (first.untilNs >= second.untilNs) return second.untilNs - second.fromNs
  return first.untilNs > second.fromNs ? first.untilNs - second.fromNs : 0n
}
