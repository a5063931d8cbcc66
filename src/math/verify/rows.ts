/** Recordings of functions: numbers straight from the text into the core's rows, and compared there. */
import { MathCore } from '../core.js'
import { signed } from '../limits.js'
import type { Column, ColumnType, RowKind } from './kinds.js'
import { badRow, FIRST_ROWS, type Header, type Mismatch, type Verifier } from './result.js'

/** Greatest value, and how far below zero. */
export const RANGES: Record<ColumnType, readonly [most: bigint, least: bigint]> = {
  u1: [1n, 0n],
  u8: [0xffn, 0n],
  s8: [0x7fn, 0x80n],
  u32: [0xffff_ffffn, 0n],
  s32: [0x7fff_ffffn, 0x8000_0000n],
  u64: [0xffff_ffff_ffff_ffffn, 0n],
  s64: [0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n],
  x64: [0xffff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n],
}

/** Rows in a call of the core: some hundred kB, which stay in the CPU's cache. */
const CAPACITY = 2048
// assembly/lab-csv.ts
export const FIELD_BYTES = 24
export const CHECK_BYTES = 16
export const OUT_BYTES = 16
export const ALWAYS = 0xffff_ffff
/** The core reads text by eights. */
export const SLACK = 8
export const REASONS = ['', 'has fewer fields than the header', 'has more fields than the header']

/** Places in the heap, one after the other. */
interface Places {
  readonly fields: number
  readonly checks: number
  /** What lab_csv_read and lab_csv_compare leave behind. */
  readonly read: number
  readonly found: number
  readonly rows: number
  readonly expected: number
  readonly text: number
}

function placesFrom(heap: number, columns: number, results: number, width: number): Places {
  const fields = heap
  const checks = fields + columns * FIELD_BYTES
  const read = checks + results * CHECK_BYTES
  const found = read + OUT_BYTES + 8 * CAPACITY
  const rows = found + 8 + 8 * FIRST_ROWS * results
  const expected = rows + 8 * width * CAPACITY
  return { fields, checks, read, found, rows, expected, text: expected + 8 * results * CAPACITY }
}

/**
 * It has an instance of the core for itself, because a recording comes in pieces and there is state that outlives
 * them: the tables, the rows' constants, what pvclock_seq carries from row to row.
 */
export class RowVerifier implements Verifier {
  readonly #core = new MathCore()
  readonly #kind: RowKind
  readonly #header: Header
  readonly #results: readonly Column[]
  readonly #at: Places
  readonly #first: Mismatch[] = []
  #rows = 0
  #lines: number
  #mismatches = 0

  constructor(kind: RowKind, header: Header) {
    this.#kind = kind
    this.#header = header
    this.#lines = header.lines
    this.#results = [...kind.results, ...(kind.conditional ?? [])]
    this.#at = placesFrom(this.#core.heap, header.columns.length, this.#results.length, kind.width)
    const view = this.#view(0)
    this.#layFields(view)
    this.#layChecks(view)
    for (const [word, value] of kind.constants ?? []) {
      for (let row = 0; row < CAPACITY; row++)
        view.setBigUint64(this.#at.rows + 8 * (row * kind.width + word), value, true)
    }
  }

  take(text: Uint8Array): void {
    const { exports, scratch } = this.#core
    const { fields, read, rows, text: start } = this.#at
    const view = this.#view(text.length)
    new Uint8Array(view.buffer, start, text.length).set(text)
    const columns = this.#header.columns.length
    for (let at = 0; at < text.length; ) {
      const count = exports.lab_csv_read(start + at, text.length - at, fields, columns, CAPACITY, read)
      exports[this.#kind.call](rows, count, scratch)
      this.#compare(view, count, start + at)
      this.#rows += count
      this.#lines += view.getUint32(read + 4, true)
      at += view.getUint32(read, true)
      if (view.getUint32(read + 8, true) !== 0) this.#refuse(view, start + at)
    }
  }

  end() {
    return { rows: this.#rows, mismatches: this.#mismatches, first: this.#first }
  }

  /** The whole memory, with room for so much text. */
  #view(text: number): DataView {
    const { buffer } = this.#core.view(this.#at.text - this.#core.heap + text + SLACK)
    return new DataView(buffer)
  }

  #layFields(view: DataView): void {
    const { kind, at } = { kind: this.#kind, at: this.#at }
    const lay = ([name, type]: Column, address: number, stride: number) => {
      const field = at.fields + FIELD_BYTES * this.#header.columns.indexOf(name)
      const [most, least] = RANGES[type]
      view.setUint32(field, address, true)
      view.setUint32(field + 4, stride, true)
      view.setBigUint64(field + 8, most, true)
      view.setBigUint64(field + 16, least, true)
    }
    for (const column of kind.inputs) lay(column, at.rows + 8 * column[2], 8 * kind.width)
    for (const [i, column] of this.#results.entries())
      lay(column, at.expected + 8 * i, 8 * this.#results.length)
  }

  #layChecks(view: DataView): void {
    const unless = this.#results.findIndex(([name]) => name === this.#kind.unless)
    for (const [i, [, , word]] of this.#results.entries()) {
      const check = this.#at.checks + CHECK_BYTES * i
      const conditional = i >= this.#kind.results.length
      view.setUint32(check, word, true)
      view.setUint32(check + 4, i, true)
      view.setUint32(check + 8, conditional ? unless : ALWAYS, true)
    }
  }

  #compare(view: DataView, count: number, text: number): void {
    const { rows, expected, checks, found } = this.#at
    const stride = 8 * this.#kind.width
    const results = this.#results.length
    const left = Math.max(FIRST_ROWS - this.#mismatches, 0)
    this.#mismatches += this.#core.exports.lab_csv_compare(
      rows,
      stride,
      expected,
      8 * results,
      count,
      checks,
      results,
      left,
      found,
    )
    const entries = view.getUint32(found, true)
    for (let i = 0; i < entries; i++) {
      const row = view.getUint32(found + 4 + 8 * i, true)
      const result = view.getUint32(found + 8 + 8 * i, true)
      const [name, type, word] = this.#results[result]!
      const place = this.#at.read + OUT_BYTES + 8 * row
      const value = (address: number) => shown(view.getBigUint64(address, true), type)
      this.#first.push({
        row: this.#rows + row + 1,
        line: this.#lines + view.getUint32(place + 4, true) + 1,
        column: name,
        expected: value(expected + 8 * (row * results + result)),
        got: value(rows + stride * row + 8 * word),
        text: lineAt(view, text + view.getUint32(place, true)),
      })
    }
  }

  #refuse(view: DataView, line: number): never {
    const { read } = this.#at
    const status = view.getUint32(read + 8, true)
    const index = view.getUint32(read + 12, true)
    const name = this.#header.columns[index]!
    const field = lineAt(view, line).split(',')[index] ?? ''
    const type = [...this.#kind.inputs, ...this.#results].find((column) => column[0] === name)?.[1]
    const [most, least] = RANGES[type ?? 'u64']
    const expected = `expected a decimal number from ${-least} to ${most}`
    const why = REASONS[status] ?? `${name}: ${JSON.stringify(field.slice(0, 40))}; ${expected}`
    throw badRow(this.#header, this.#lines + 1, why)
  }
}

/** As the column has it: signed where it may be below zero. */
function shown(word: bigint, type: ColumnType): string {
  return `${RANGES[type][1] > 0n && type !== 'x64' ? signed(word) : word}`
}

/** The text of the line that starts at an address. */
export function lineAt(view: DataView, address: number): string {
  const bytes = new Uint8Array(view.buffer, address)
  return Buffer.from(bytes.subarray(0, bytes.indexOf(0x0a)))
    .toString('utf8')
    .replace(/\r$/, '')
}
