/**
 * Points of a picture in a core's memory, millions of them, and what is left of them in as many columns as the
 * picture has (assembly/decimate.ts). Behind the room for columns the points lie one list after the other.
 */
import { type CoreExports, u64 } from './exports.js'
import { instantiate } from './load.js'

const POINT_BYTES = 16
const COLUMN_BYTES = 40
/** No screen is wider. */
export const MAX_COLUMNS = 16_384

/** A list of points. */
export interface PointList {
  readonly address: number
  readonly length: number
}

/** The points of one column of a picture: their y in their order, and its extremes. */
export interface PointColumn {
  /** Counted from the left, from 0. */
  readonly column: number
  readonly points: number
  readonly first: bigint
  readonly last: bigint
  readonly low: bigint
  readonly high: bigint
}

export class Points {
  readonly #core: CoreExports = instantiate()
  readonly #columns = this.#core.address_guest_memory()
  #end = this.#columns + MAX_COLUMNS * COLUMN_BYTES

  /** Keeps `length` points, in the order of x (u64); y is an s64. */
  add(length: number, x: (index: number) => bigint, y: (index: number) => bigint): PointList {
    const address = this.#end
    this.#end += length * POINT_BYTES
    const { memory } = this.#core
    const missing = this.#end - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536))
    const words = new BigInt64Array(memory.buffer, address, 2 * length)
    for (let i = 0; i < length; i++) {
      words[2 * i] = x(i)
      words[2 * i + 1] = y(i)
    }
    return { address, length }
  }

  /** The part of a list from point `from` on, up to point `to`, that one not included. */
  slice({ address }: PointList, from: number, to: number): PointList {
    return { address: address + from * POINT_BYTES, length: to - from }
  }

  /** How many points of the list have a smaller x. */
  below({ address, length }: PointList, x: bigint): number {
    return this.#core.points_below(address, length, x)
  }

  /** Point `index` of the list. */
  at({ address }: PointList, index: number): { readonly x: bigint; readonly y: bigint } {
    const view = new DataView(this.#core.memory.buffer, address + index * POINT_BYTES, POINT_BYTES)
    return { x: view.getBigUint64(0, true), y: view.getBigInt64(8, true) }
  }

  /** What the points from x = `from` to `until`, both included, come to in at most MAX_COLUMNS columns. */
  columns(list: PointList, from: bigint, until: bigint, columns: number): PointColumn[] {
    const core = this.#core
    const count = core.decimate(list.address, list.length, u64(from), u64(until), columns, this.#columns)
    const view = new DataView(core.memory.buffer, this.#columns, count * COLUMN_BYTES)
    return Array.from({ length: count }, (_, i) => {
      const at = i * COLUMN_BYTES
      return {
        column: view.getUint32(at, true),
        points: view.getUint32(at + 4, true),
        first: view.getBigInt64(at + 8, true),
        last: view.getBigInt64(at + 16, true),
        low: view.getBigInt64(at + 24, true),
        high: view.getBigInt64(at + 32, true),
      }
    })
  }
}
