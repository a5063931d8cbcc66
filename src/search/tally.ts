/** What a number of histories came to. Tallies add up in any order and grouping to the same sum. */
import type { Breach } from './examine.js'

export interface Broken {
  /** How many histories break it. */
  readonly count: number
  /** The first that does. */
  readonly first: number
}

export interface Tally {
  readonly histories: number
  /** How many of them have hosts of different nominal frequency. */
  readonly mixed: number
  /** What guests saw in them, in readings, wakes and so on. */
  readonly observations: number
  readonly broken: Readonly<Partial<Record<Breach, Broken>>>
}

export const NONE: Tally = { histories: 0, mixed: 0, observations: 0, broken: {} }

export function sum(a: Tally, b: Tally): Tally {
  const broken: Partial<Record<Breach, Broken>> = { ...a.broken }
  for (const [key, { count, first }] of Object.entries(b.broken) as [Breach, Broken][]) {
    const own = broken[key]
    broken[key] = own ? { count: own.count + count, first: Math.min(own.first, first) } : { count, first }
  }
  return {
    histories: a.histories + b.histories,
    mixed: a.mixed + b.mixed,
    observations: a.observations + b.observations,
    broken,
  }
}
