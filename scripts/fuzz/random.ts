/** Chance for the fuzzer: each input has its own, so that any one can be made again by itself. */
import { createHash } from 'node:crypto'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'

export class Chance {
  readonly #generator: ReturnType<typeof xoroshiro128plusFromState>

  constructor(...what: readonly (string | number)[]) {
    const digest = createHash('sha256').update(what.join(' ')).digest()
    this.#generator = xoroshiro128plusFromState([0, 4, 8, 12].map((at) => digest.readInt32LE(at) | 1))
  }

  /** 0 to `below` - 1. */
  below(below: number): number {
    return below <= 1 ? 0 : uniformInt(this.#generator, 0, below - 1)
  }
  oneOf<T>(some: readonly T[]): T {
    return some[this.below(some.length)]!
  }
  /** Small numbers often, large ones too. */
  length(most: number): number {
    return this.below(Math.min(most, 2 ** this.below(17)) + 1)
  }
}
