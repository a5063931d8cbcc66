/** What a verification finds, and what the parts of it share. */
import { MathError } from '../limits.js'

/** A recorded value that is not the core's. */
export interface Mismatch {
  /** Rows count from 1; the file's first line is 1, and mostly the header. */
  readonly row: number
  readonly line: number
  readonly column: string
  readonly expected: string
  readonly got: string
  /** The whole line. */
  readonly text: string
}

export interface VerifyResult {
  readonly file: string
  /** The name of the recording that the header stands for. */
  readonly kind: string
  readonly rows: number
  /** How many rows differ. */
  readonly mismatches: number
  /** Every column that differs in the first rows that do. */
  readonly first: readonly Mismatch[]
}

/** How many rows with mismatches are told in full. */
export const FIRST_ROWS = 5

/** Takes a recording's text after the header, whole lines at a time. Throws MathError at a row that it cannot read. */
export interface Verifier {
  take(text: Uint8Array): void
  end(): Omit<VerifyResult, 'file' | 'kind'>
}

/** The header's columns in the order of the file. */
export interface Header {
  readonly file: string
  readonly columns: readonly string[]
  /** Lines up to the first row. */
  readonly lines: number
}

export function badRow(header: Header, line: number, what: string): MathError {
  return new MathError(`${header.file}:${line}: ${what}`)
}
