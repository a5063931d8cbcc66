/** Recordings that are not rows of numbers, or need a machine: taken apart line by line. */
import { badRow, FIRST_ROWS, type Header, type Mismatch, type Verifier } from './result.js'

/** A line of the file as text by column. */
export class Line {
  constructor(
    private readonly header: Header,
    readonly number: number,
    readonly text: string,
    private readonly fields: readonly string[],
  ) {}

  field(column: string): string {
    return this.fields[this.header.columns.indexOf(column)]!
  }

  integer(column: string): bigint {
    const field = this.field(column)
    if (!/^-?\d{1,20}$/.test(field)) throw this.refuse(column, 'a decimal integer of 64 bits')
    return BigInt(field)
  }

  refuse(column: string, expected: string): Error {
    const field = JSON.stringify(this.field(column).slice(0, 40))
    return badRow(this.header, this.number, `${column}: ${field}; expected ${expected}`)
  }
}

/** What the core gives for a line, by column. */
export type Answer = readonly (readonly [column: string, got: string])[]

/** Holds each line against what the core gives for it. */
export class LineVerifier implements Verifier {
  readonly #header: Header
  readonly #first: Mismatch[] = []
  #rows = 0
  #lines: number
  #mismatches = 0

  /**
   * @param judge is given each line, and calls back with its answer
   * @param same whether a recorded text stands for the core's
   */
  constructor(
    header: Header,
    private readonly judge: (line: Line, answered: (line: Line, answer: Answer) => void) => void,
    private readonly same: (column: string, recorded: string, got: string) => boolean = (_, a, b) => a === b,
  ) {
    this.#header = header
    this.#lines = header.lines
  }

  take(text: Uint8Array): void {
    const lines = Buffer.from(text).toString('utf8').split('\n')
    for (const ended of lines.slice(0, -1)) {
      this.#lines++
      const line = ended.replace(/\r$/, '')
      if (line === '') continue
      const fields = line.split(',').map((field) => field.replace(/^"(.*)"$/, '$1'))
      const { columns } = this.#header
      if (fields.length !== columns.length) {
        const count = fields.length < columns.length ? 'fewer' : 'more'
        throw badRow(this.#header, this.#lines, `has ${count} fields than the header`)
      }
      this.judge(new Line(this.#header, this.#lines, line, fields), this.#answered)
    }
  }

  end() {
    return { rows: this.#rows, mismatches: this.#mismatches, first: this.#first }
  }

  readonly #answered = (line: Line, answer: Answer): void => {
    const row = ++this.#rows
    const wrong = answer.filter(([column, got]) => !this.same(column, line.field(column), got))
    if (wrong.length === 0) return
    this.#mismatches++
    if (this.#mismatches > FIRST_ROWS) return
    for (const [column, got] of wrong) {
      const expected = line.field(column)
      this.#first.push({ row, line: line.number, column, expected, got, text: line.text })
    }
  }
}
