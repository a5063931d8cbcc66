/** Writing and reading of little-endian fields; the reader never goes beyond its bytes. */

const utf8 = new TextDecoder('utf-8', { fatal: true })

export class ByteWriter {
  readonly #parts: Uint8Array[] = []

  /** The fields so far, in order, not joined: large ones are not copied. */
  get parts(): readonly Uint8Array[] {
    return this.#parts
  }

  u8(value: number): this {
    return this.bytes(Uint8Array.of(value))
  }
  u32(value: number): this {
    const field = Buffer.alloc(4)
    field.writeUInt32LE(value)
    return this.bytes(field)
  }
  u64(value: bigint): this {
    const field = Buffer.alloc(8)
    field.writeBigUInt64LE(BigInt.asUintN(64, value))
    return this.bytes(field)
  }
  /** A value of a real stream: u64 or s64 as the field is, so 128 bits, two's complement. */
  i128(value: bigint): this {
    return this.u64(value).u64(value >> 64n)
  }
  /** Numerator or denominator of an exact time: 256 bits, two's complement. */
  i256(value: bigint): this {
    return this.i128(value).i128(value >> 128n)
  }
  /** u32 length, UTF-8. */
  text(text: string): this {
    return this.blob(Buffer.from(text))
  }
  /** u32 length, bytes. */
  blob(bytes: Uint8Array): this {
    return this.u32(bytes.length).bytes(bytes)
  }
  bytes(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    return this
  }
}

/** Says what is wrong at a byte and what was expected there. */
export type Refuse = (at: number, detail: string) => never

export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #refuse: Refuse
  #at = 0

  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#refuse = refuse
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** Refuses the field that was read last, or what stands here. */
  refuse(detail: string, back = 0): never {
    return this.#refuse(this.#at - back, detail)
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#take(1, what))
  }
  u32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true)
  }
  u64(what: string): bigint {
    return this.#view.getBigUint64(this.#take(8, what), true)
  }
  i64(what: string): bigint {
    return this.#view.getBigInt64(this.#take(8, what), true)
  }
  i128(what: string): bigint {
    const low = this.u64(what)
    return (this.i64(what) << 64n) | low
  }
  i256(what: string): bigint {
    const low = BigInt.asUintN(128, this.i128(what))
    return (this.i128(what) << 128n) | low
  }
  /** 0 or 1. */
  flag(what: string): boolean {
    const value = this.u8(what)
    if (value > 1) this.refuse(`${what} is ${value}; expected 0 or 1`, 1)
    return value === 1
  }
  /** A count of things that take at least `size` bytes each: so many must be left. */
  count(what: string, size: number, most: number): number {
    const count = this.u32(what)
    if (count > most) this.refuse(`the number of ${what} is ${count}; expected at most ${most}`, 4)
    if (count * size > this.left) {
      const most = Math.floor(this.left / size)
      this.refuse(
        `the number of ${what} is ${count}; expected at most the ${most} that the bytes left hold`,
        4,
      )
    }
    return count
  }
  text(what: string): string {
    const bytes = this.blob(what)
    try {
      return utf8.decode(bytes)
    } catch {
      return this.refuse(`${what} is not UTF-8; expected UTF-8 text`, bytes.length)
    }
  }
  blob(what: string): Uint8Array {
    return this.bytes(this.u32(`the length of ${what}`), what)
  }
  /** The bytes themselves, not a copy. */
  bytes(length: number, what: string): Uint8Array {
    const at = this.#take(length, what)
    return this.#bytes.subarray(at, at + length)
  }
  end(): void {
    if (this.left > 0) this.refuse(`${this.left} bytes too many; expected the end of the section`)
  }

  #take(length: number, what: string): number {
    if (length > this.left) {
      this.refuse(`${this.left} bytes are left; expected the ${length} of ${what}`)
    }
    this.#at += length
    return this.#at - length
  }
}
