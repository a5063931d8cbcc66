/**
 * A file read once from begin to end, in pieces: what a stream is when it comes through a pipe. Memory is one window
 * and what the caller keeps; a length in the file never makes it allocate more than is there.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { StreamError } from './error.js'

const WINDOW_BYTES = 1 << 20

/** Called now and then with how far the file is read, and how large it is. */
export type OnRead = (at: number, size: number) => void

export class StreamFile {
  readonly path: string
  readonly size: number
  readonly #file: number
  readonly #onRead: OnRead | undefined
  /** Of WINDOW_BYTES, or all of a smaller file. */
  readonly #window: Buffer
  /** Where the window begins in the file, how much of it is filled, and how far it has been taken. */
  #base = 0
  #filled = 0
  #taken = 0

  /** Throws StreamError for a file that cannot be read. */
  constructor(path: string, onRead?: OnRead) {
    this.path = path
    this.#onRead = onRead
    try {
      // Without O_NONBLOCK the opening of a named pipe would wait for its writer.
      this.#file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const what = code === 'ENOENT' ? 'there is no such file' : `this file cannot be read (${message})`
      throw new StreamError(path, null, `${what}; expected a saved guest`)
    }
    const status = fstatSync(this.#file)
    if (!status.isFile()) {
      this.close()
      throw new StreamError(path, null, 'this is not a regular file; expected a saved guest')
    }
    this.size = status.size
    this.#window = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, status.size))
  }

  close(): void {
    closeSync(this.#file)
  }

  /** The byte of the file that is read next. */
  get at(): number {
    return this.#base + this.#taken
  }
  get left(): number {
    return this.size - this.at
  }

  refuse(where: string | null, detail: string): never {
    throw new StreamError(this.path, where, detail)
  }

  /**
   * The next `length` bytes, at most a window: valid until the next call. `what` and `where` are for the error of a
   * file that ends before.
   */
  take(length: number, what: string, where: string | null = null): Buffer {
    if (length > this.left) {
      this.refuse(
        where ?? `byte ${this.at}`,
        `${this.left} bytes are left; expected the ${length} of ${what}`,
      )
    }
    if (length > WINDOW_BYTES) throw new RangeError(`${length} bytes are more than a window`)
    if (this.#taken + length > this.#filled) this.#fill(length)
    this.#taken += length
    return this.#window.subarray(this.#taken - length, this.#taken)
  }

  /** The same, left to be taken. Shorter where the file ends. */
  peek(length: number): Buffer {
    const there = Math.min(length, this.left)
    const bytes = this.take(there, 'the file')
    this.#taken -= there
    return bytes
  }

  /** The next `length` bytes in pieces of at most a window, each valid until the next. */
  *pieces(length: number, what: string, where: string | null = null, most = WINDOW_BYTES): Generator<Buffer> {
    for (let rest = length; rest > 0; ) {
      const piece = this.take(Math.min(rest, most), what, where)
      yield piece
      rest -= piece.length
    }
  }

  /** Passes over `length` bytes without reading what is not in the window. */
  skip(length: number, what: string, where: string | null = null): void {
    if (length > this.left) {
      this.refuse(
        where ?? `byte ${this.at}`,
        `${this.left} bytes are left; expected the ${length} of ${what}`,
      )
    }
    this.#taken += length
    if (this.#taken <= this.#filled) return
    this.#base += this.#taken
    this.#taken = 0
    this.#filled = 0
  }

  /** Moves what is left to the window's begin and reads on until `length` bytes are there. */
  #fill(length: number): void {
    this.#onRead?.(this.at, this.size)
    this.#window.copyWithin(0, this.#taken, this.#filled)
    this.#base += this.#taken
    this.#filled -= this.#taken
    this.#taken = 0
    while (this.#filled < length) {
      const at = this.#base + this.#filled
      const got = readSync(this.#file, this.#window, this.#filled, this.#window.length - this.#filled, at)
      if (got === 0)
        this.refuse(`byte ${at}`, 'the file became shorter while it was read; expected it to stay')
      this.#filled += got
    }
  }
}
