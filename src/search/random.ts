/** Chance that is none: every value follows from a seed and an index, on every machine alike. */
import { sha256 } from '@noble/hashes/sha2'
import { uniformBigInt } from 'pure-rand/distribution/uniformBigInt'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'

export class Random {
  readonly #generator: RandomGenerator

  /** Each (seed, index) has a generator of its own, so nothing depends on who drew before or on which thread. */
  constructor(seed: number, index: number) {
    const hash = new DataView(sha256(`${seed} ${index}`).buffer)
    this.#generator = xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => hash.getInt32(offset, true)))
  }

  /** Both ends are in it, here and below. */
  integer(low: number, high: number): number {
    return uniformInt(this.#generator, low, high)
  }

  bigint(low: bigint, high: bigint): bigint {
    return uniformBigInt(this.#generator, low, high)
  }

  /** True in `percent` of cases. */
  chance(percent: number): boolean {
    return this.integer(1, 100) <= percent
  }

  pick<T>(from: readonly T[]): T {
    return from[this.integer(0, from.length - 1)]!
  }

  /** One of the keys, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][]
    let rest = this.integer(
      1,
      entries.reduce((sum, [, weight]) => sum + weight, 0),
    )
    for (const [key, weight] of entries) {
      rest -= weight
      if (rest <= 0) return key
    }
    throw new Error('no weights')
  }

  /** Of any order of magnitude between the two alike; in most cases a round number. Both ends above 0. */
  magnitude(low: bigint, high: bigint): bigint {
    const orders = `${high}`.length - `${low}`.length
    const least = low * 10n ** BigInt(this.integer(0, orders))
    const from = least > high ? high : least
    const value = this.bigint(from, from * 10n > high ? high : from * 10n)
    const step = from / 10n
    const round = step > 0n && this.chance(70) ? value - (value % step) : value
    return round < low ? low : round
  }

  /** From -most to most. */
  around(most: bigint): bigint {
    return this.bigint(-most, most)
  }
}
