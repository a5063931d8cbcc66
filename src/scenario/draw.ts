/**
 * Ranges (`100 ms .. 400 ms`) and what the seed makes of them.
 *
 * Every range is drawn on its own, from the seed and the path of its key: a range that is added to a file or
 * taken out leaves the others' values as they are.
 */
import { sha256 } from '@noble/hashes/sha2'
import { uniformBigInt } from 'pure-rand/distribution/uniformBigInt'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'
import { label } from './places.js'
import type { DrawnValue } from './types.js'
import { type Quantity, UnitError } from './units.js'

/** Two ends of at most 60 characters each, and what is between them. */
const MAX_LENGTH = 125

/** A quantity that is still to be drawn: both ends are in it. */
export class Range {
  constructor(
    /** As it was written, but on one line. */
    readonly text: string,
    readonly low: bigint,
    readonly high: bigint,
    /** Of what the value has to be a whole number; both ends are. */
    readonly step: bigint,
    readonly kind: Quantity,
  ) {}

  /** In the unit of its ends. */
  draw(seed: number, path: string): bigint {
    // The generator's own seed has 32 bits: too few for a seed of 53 and a path. Its state has 128.
    const hash = new DataView(sha256(`${seed} ${path}`).buffer)
    const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => hash.getInt32(offset, true)))
    return uniformBigInt(generator, this.low / this.step, this.high / this.step) * this.step
  }
}

/** Is this meant as a range? No quantity has two dots in a row. */
export function isRange(text: string): boolean {
  return text.includes('..')
}

/** `end` reads one end and checks it. Throws UnitError. */
export function readRange(text: string, kind: Quantity, step: bigint, end: (text: string) => bigint): Range {
  const shown = JSON.stringify(text.slice(0, MAX_LENGTH))
  const ends = text.split('..')
  if (ends.length > 2) throw new UnitError(`${shown} has more than two ends; expected low .. high`)
  const [low, high] = ends.map((written) => {
    try {
      return end(written.trim())
    } catch (error) {
      throw error instanceof UnitError ? new UnitError(`in the range ${shown}, ${error.message}`) : error
    }
  }) as [bigint, bigint]
  if (low > high) throw new UnitError(`the range ${shown} begins above its end; expected the lower end first`)
  return new Range(text.trim().replace(/\s+/g, ' '), low, high, step, kind)
}

/** A value of the schema with a number in the place of each range. */
export type Drawn<Value> = Value extends Range
  ? never
  : Value extends object
    ? { [Key in keyof Value]: Drawn<Value[Key]> }
    : Value

/** Draws every range below `root`; `drawn` is in the order in which they are met. */
export function drawRanges<Root>(root: Root, seed: number): { value: Drawn<Root>; drawn: DrawnValue[] } {
  const drawn: DrawnValue[] = []
  const visit = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (value instanceof Range) {
      const key = label(path)
      const number = value.draw(seed, key)
      drawn.push({ path: key, text: value.text, value: value.kind.format(number) })
      return number
    }
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, visit(child, [...path, key])]),
    )
  }
  return { value: visit(root, []) as Drawn<Root>, drawn }
}
