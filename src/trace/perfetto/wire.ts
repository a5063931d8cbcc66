/**
 * Writes protobuf's wire format (protobuf.dev/programming-guides/encoding): tag, then varint, 8 bytes or length and
 * bytes. 64-bit numbers are bigint, which protobuf libraries would have as doubles or objects.
 */
export class Message {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** What has been written, until the next `clear`. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  clear(): this {
    this.#length = 0
    return this
  }

  /** uint32, uint64, bool, enum; int64 too: a negative one takes ten bytes. */
  integer(field: number, value: bigint | number): this {
    this.#varint(field << 3)
    if (typeof value === 'number') this.#varint(value)
    else this.#varint64(BigInt.asUintN(64, value))
    return this
  }

  fixed64(field: number, value: bigint): this {
    this.#varint((field << 3) | 1)
    this.#reserve(8)
    this.#view.setBigUint64(this.#length, BigInt.asUintN(64, value), true)
    this.#length += 8
    return this
  }

  double(field: number, value: number): this {
    this.#varint((field << 3) | 1)
    this.#reserve(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
    return this
  }

  /** A string, or a message within this one. */
  content(field: number, content: string | Message): this {
    const bytes = typeof content === 'string' ? UTF8.encode(content) : content.bytes
    this.#varint((field << 3) | 2)
    this.#varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  #varint64(value: bigint): void {
    let rest = value
    for (; rest >= 1n << 31n; rest >>= 7n) this.#byte(Number(rest & 0x7fn) | 0x80)
    this.#varint(Number(rest))
  }

  #varint(value: number): void {
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#byte((rest % 0x80) | 0x80)
    this.#byte(rest)
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const larger = new Uint8Array(2 * (this.#length + more))
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

const UTF8 = new TextEncoder()
