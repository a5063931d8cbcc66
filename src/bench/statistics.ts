/** Medians and how well they are known. */
import type { Goal, Ratio } from './report.js'

const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b)

export function median(values: readonly number[]): number {
  const sorted = ascending(values)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** How often the median may lie outside of its interval. */
const RISK = 0.02

/**
 * An interval that holds the true median but for one case in 50, whatever the distribution: from the kth smallest to the
 * kth largest value. Each value is below the median with probability 1/2, so the binomial distribution gives k. With
 * fewer than 7 values it is all of them, and the risk greater.
 */
export function medianInterval(values: readonly number[]): { low: number; high: number } {
  const sorted = ascending(values)
  const n = sorted.length
  let left = 0 // values outside on each side
  let term = 0.5 ** n // probability that exactly `left` values are below
  let below = term
  while (2 * (below + (term * (n - left)) / (left + 1)) <= RISK) {
    term = (term * (n - left)) / (left + 1)
    below += term
    left++
  }
  return { low: sorted[left]!, high: sorted[n - 1 - left]! }
}

/** Round by round. */
export function ratios(of: readonly number[], to: readonly number[]): number[] {
  return of.map((time, round) => time / to[round]!)
}

export function ratioOf(of: readonly number[], to: readonly number[]): Ratio {
  const all = ratios(of, to)
  return { least: Math.min(...of) / Math.min(...to), median: median(all), ...medianInterval(all) }
}

export function meets({ least }: Ratio, goal: Goal): boolean {
  return 'at_most' in goal ? least <= goal.at_most : 1 / least >= goal.times_as_fast
}
