/** A stretch of true time. */
export interface Span {
  readonly fromNs: bigint
  readonly untilNs: bigint
}

export function overlapNs(a: Span, b: Span): bigint {
  const [first, second] = a.fromNs <= b.fromNs ? [a, b] : [b, a]
  const end = first.untilNs < second.untilNs ? first.untilNs : second.untilNs
  return end > second.fromNs ? end - second.fromNs : 0n
}
