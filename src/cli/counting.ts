/** Progress of work that is counted: on stderr, on a terminal, once it takes more than a second. */
import { note } from './output.js'

export class Counting {
  readonly #started = performance.now()
  #next = this.#started + 1_000
  #shown = false

  constructor(
    private readonly what: string,
    private readonly all: number,
    private readonly unit: string,
  ) {}

  /** So many are done; `more` is what else there is to say. */
  reached(done: number, more: string): void {
    const now = performance.now()
    if (!process.stderr.isTTY || now < this.#next) return
    this.#next = now + 200
    this.#shown = true
    const seconds = (now - this.#started) / 1000
    const perMinute = Math.round((done / seconds) * 60).toLocaleString('en-US')
    const left = Math.round((seconds / done) * (this.all - done))
    const line = `${this.what}: ${done.toLocaleString('en-US')} of ${this.all.toLocaleString('en-US')} ${this.unit}, ${perMinute} a minute, ${left} s left; ${more}`
    note(`\r${line.slice(0, 79)}\x1b[K`)
  }

  end(): void {
    if (this.#shown) note('\r\x1b[K')
  }
}
