/** Big-endian fields of a stream, one after the other; each error names the section and the byte. */
import type { StreamFile } from '../file.js'

export class Cursor {
  readonly file: StreamFile
  /** What errors call the place: `section timer`. */
  section = 'the header'

  constructor(file: StreamFile) {
    this.file = file
  }

  get at(): number {
    return this.file.at
  }

  /** Refuses what was read last, `back` bytes ago, or what stands here. */
  refuse(detail: string, back = 0): never {
    return this.file.refuse(this.#where(back), detail)
  }

  u8(what: string): number {
    return this.#take(1, what).readUInt8(0)
  }
  u16(what: string): number {
    return this.#take(2, what).readUInt16BE(0)
  }
  u32(what: string): number {
    return this.#take(4, what).readUInt32BE(0)
  }
  u64(what: string): bigint {
    return this.#take(8, what).readBigUInt64BE(0)
  }
  /** u8 length and that many letters. */
  name(what: string): string {
    return this.letters(this.u8(`the length of ${what}`), what)
  }
  /** Of ASCII, as all names in streams are. */
  letters(length: number, what: string): string {
    const text = this.bytes(length, what).toString('latin1')
    if (/^[\x20-\x7e]*$/.test(text)) return text
    return this.refuse(
      `${what} is called ${JSON.stringify(text.slice(0, 20))}; expected letters of ASCII`,
      length,
    )
  }
  /** A copy. The caller has bounded `length`. */
  bytes(length: number, what: string): Buffer {
    return Buffer.from(this.#take(length, what))
  }
  /** A copy of more than a window. */
  large(length: number, what: string): Buffer {
    this.#there(length, what)
    const bytes = Buffer.allocUnsafe(length)
    let at = 0
    for (const piece of this.file.pieces(length, what)) at += piece.copy(bytes, at)
    return bytes
  }
  skip(length: number, what: string): void {
    this.#there(length, what)
    this.file.skip(length, what)
  }
  /** The next byte, left to be read; -1 at the end. */
  peek(): number {
    return this.file.peek(1)[0] ?? -1
  }

  #take(length: number, what: string): Buffer {
    this.#there(length, what)
    return this.file.take(length, what)
  }
  #there(length: number, what: string): void {
    if (length > this.file.left)
      this.refuse(`${this.file.left} bytes are left; expected the ${length} of ${what}`)
  }
  #where(back: number): string {
    return `${this.section}, byte ${this.at - back}`
  }
}
