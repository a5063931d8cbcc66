/** A canvas of dots in braille characters: each holds two dots across and four down (Unicode block 2800). */
export class BrailleCanvas {
  readonly #cells: Uint8Array

  constructor(
    readonly columns: number,
    readonly rows: number,
  ) {
    this.#cells = new Uint8Array(columns * rows)
  }

  /** x counts from the left, y from the top; dots outside are dropped. */
  dot(x: number, y: number): void {
    if (x < 0 || y < 0 || x >= 2 * this.columns || y >= 4 * this.rows) return
    this.#cells[(y >> 2) * this.columns + (x >> 1)]! |= DOTS[y & 3]![x & 1]!
  }

  /** A straight line, both ends included. */
  line(x0: number, y0: number, x1: number, y1: number): void {
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1)
    for (let i = 0; i <= steps; i++) {
      this.dot(Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps))
    }
  }

  /** One character a cell; `empty` where there is no dot. */
  row(index: number, empty = ' '): string {
    const cells = this.#cells.subarray(index * this.columns, (index + 1) * this.columns)
    return Array.from(cells, (dots) => (dots === 0 ? empty : String.fromCharCode(0x2800 + dots))).join('')
  }
}

// Left and right dot of each of the four lines.
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
]
