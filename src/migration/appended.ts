/** Bytes that come piece by piece and grow in a file as well: what a guest has seen, what it has printed. */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

export class Appended {
  readonly #path: string
  readonly #pieces: Buffer[] = []
  #length = 0
  #file: number | null = null
  /** It has grown since it was last flushed. */
  #loose = true

  constructor(path: string) {
    this.#path = path
  }

  get length(): number {
    return this.#length
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces)
  }

  /** Begins an empty file. */
  open(): void {
    this.#file = openSync(this.#path, 'w', 0o600)
  }

  add(bytes: Buffer): void {
    this.#pieces.push(bytes)
    this.#length += bytes.length
    writeSync(this.#file!, bytes)
    this.#loose = true
  }

  /** All of it is on the disk when this returns. */
  flush(): void {
    if (!this.#loose || this.#file === null) return
    fsyncSync(this.#file)
    this.#loose = false
  }

  /** Takes what a process before this one has left in the file. */
  reload(): void {
    const bytes = readFileSync(this.#path)
    this.#pieces.push(bytes)
    this.#length += bytes.length
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }
}
