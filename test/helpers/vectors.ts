import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, TestRunner } from 'vitest'
import type { Core } from './core.js'
import { u64 } from './core.js'

const folder = new URL('../data/vectors/', import.meta.url)

/** A row of a vector file: `row.number('delta')`, and text for the few columns that are not numbers. */
export class VectorRow {
  constructor(
    private readonly columns: ReadonlyMap<string, number>,
    readonly fields: readonly string[],
  ) {}

  text(column: string): string {
    const index = this.columns.get(column)
    if (index === undefined) throw new Error(`no column ${column}`)
    return this.fields[index]!
  }

  number(column: string): bigint {
    return BigInt(this.text(column))
  }

  numbers(...columns: string[]): bigint[] {
    return columns.map((column) => this.number(column))
  }
}

/** All rows of test/data/vectors/NAME.csv, or NAME.csv.gz. */
export function readVectors(name: string): VectorRow[] {
  const plain = new URL(`${name}.csv`, folder)
  const text = existsSync(plain)
    ? readFileSync(plain, 'utf8')
    : gunzipSync(readFileSync(new URL(`${name}.csv.gz`, folder))).toString('utf8')
  const [header, ...lines] = text.trimEnd().split('\n')
  const columns = new Map(header!.split(',').map((column, index) => [column, index]))
  return lines.map((line) => new VectorRow(columns, line.split(',')))
}

declare module 'vitest' {
  interface TaskMeta {
    replayed?: { file: string; rows: number; mismatches: number }
  }
}

/** Leaves in the test's record (vitest --reporter=json) what was replayed and how many rows differed. */
export function noteReplay(file: string, rows: number, mismatches: number): void {
  TestRunner.getCurrentTest()!.meta.replayed = { file, rows, mismatches }
}

export interface Replay {
  /** The vector file and how many rows it must have. */
  file: string
  rows: number
  /** The export of assembly/lab.ts and how many words its rows have. */
  call: string
  width: number
  /** The input words of a row. */
  input: (row: VectorRow, index: number) => bigint[]
  /** Word number to the value the real program gave (signed or unsigned). */
  expected: (row: VectorRow, index: number) => [word: number, value: bigint][]
}

/** Replays every row of a vector file through the core and demands every result. */
export function replay(core: Core, spec: Replay): void {
  const rows = readVectors(spec.file)
  expect(rows.length).toBe(spec.rows)
  const results = core.batch(spec.call, spec.width, rows.map(spec.input))
  const wrong: string[] = []
  const wrongRows = new Set<number>()
  rows.forEach((row, index) => {
    for (const [word, value] of spec.expected(row, index)) {
      const got = results[index]![word]!
      if (got === u64(value)) continue
      wrongRows.add(index)
      wrong.push(`row ${index + 2}, word ${word}: ${got}, not ${u64(value)}: ${row.fields}`)
    }
  })
  noteReplay(spec.file, rows.length, wrongRows.size)
  expect(wrong.slice(0, 5)).toEqual([])
}
