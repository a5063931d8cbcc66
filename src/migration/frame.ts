/**
 * The frames of a migration's connection, version 1. Integers are little-endian.
 *
 *       ┌───────────────────────────────────────────────────────────────┐
 *     0 │ u16 type │ u16 0 │ u32 length of the body │ u32 length of the data │
 *    12 │ u32 number of the record on this side of the connection, from 0    │
 *    16 │ u32 CRC-32 of bytes 0 to 15 and of the body                        │
 *       ├───────────────────────────────────────────────────────────────┤
 *    20 │ body: fields, see records.ts                                  │
 *       ├───────────────────────────────────────────────────────────────┤
 *       │ data: memory pages; the body has an XXH64 of each run of them │
 *       └───────────────────────────────────────────────────────────────┘
 *
 * Each type has its greatest lengths (LIMITS), held against the header before a byte behind it is kept; before both
 * sides have shown who they are, only the first three types pass. So nobody can make a reader hold more than one
 * record, of at most MAX_BODY and MAX_DATA bytes.
 */
import { crc32 } from 'node:zlib'
import { MigrationError } from './error.js'

export const HEADER_BYTES = 20

/** By number, never to be reordered. */
export const Type = {
  HELLO: 1,
  PROOF: 2,
  REFUSED: 3,
  START: 4,
  READY: 5,
  PAGES: 6,
  LOG: 7,
  ROUND: 8,
  ROUND_DONE: 9,
  SYNC: 10,
  SYNCED: 11,
  PREPARE: 12,
  PREPARED: 13,
  COMMIT: 14,
  OWNED: 15,
  DONE: 16,
  QUERY: 17,
  ANSWER: 18,
  TEXT: 19,
} as const
export type TypeName = keyof typeof Type

const NAMES = new Map<number, TypeName>(
  Object.entries(Type).map(([name, number]) => [number, name as TypeName]),
)

const KIB = 1024
const MIB = 1024 * KIB
export const MAX_BODY = 16 * MIB
export const MAX_DATA = MIB

/** The longest body of each type; PAGES alone has data. */
const LIMITS: Readonly<Record<TypeName, number>> = {
  HELLO: 256,
  PROOF: 64,
  REFUSED: 4 * KIB,
  START: 2 * MIB,
  READY: 256,
  PAGES: 8 * KIB,
  LOG: MIB,
  TEXT: MIB,
  ROUND: 64,
  ROUND_DONE: 64,
  SYNC: 64,
  SYNCED: 64,
  PREPARE: MAX_BODY,
  PREPARED: 64,
  COMMIT: 64,
  OWNED: 64,
  DONE: 64,
  QUERY: 64,
  ANSWER: 64,
}
/** What a side that has not shown who it is may send. */
const STRANGERS: readonly TypeName[] = ['HELLO', 'PROOF', 'REFUSED']

export interface Frame {
  readonly type: TypeName
  readonly body: Buffer
  /** In pieces, as they came. */
  readonly data: readonly Uint8Array[]
  /** Of the record on its side of the connection, and its first byte there. */
  readonly number: number
  readonly at: number
}

/** Its header and body; data, if any, goes behind it. */
export function encodeFrame(type: TypeName, number: number, body: Uint8Array, dataBytes = 0): Buffer[] {
  if (body.length > LIMITS[type]) throw new RangeError(`a ${type} of ${body.length} bytes`)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16LE(Type[type], 0)
  header.writeUInt32LE(body.length, 4)
  header.writeUInt32LE(dataBytes, 8)
  header.writeUInt32LE(number >>> 0, 12)
  header.writeUInt32LE(crc32(body, crc32(header.subarray(0, 16))), 16)
  return [header, Buffer.from(body.buffer, body.byteOffset, body.length)]
}

interface Header {
  readonly type: TypeName
  readonly bodyBytes: number
  readonly dataBytes: number
  readonly crc: number
}

/** Bytes to frames, in any pieces. Each mistake is a MigrationError that names record and byte. */
export class FrameDecoder {
  readonly #peer: string
  #pieces: Uint8Array[] = []
  #held = 0
  /** Of the stream: where the record begins that is being read. */
  #at = 0
  #number = 0
  #header: Header | null = null
  #headerBytes: Buffer = Buffer.alloc(0)
  #strangers = true

  constructor(peer: string) {
    this.#peer = peer
  }

  /** The other side has shown who it is: all types pass. */
  trust(): void {
    this.#strangers = false
  }

  /** Whether the stream may end here. */
  get between(): boolean {
    return this.#held === 0 && this.#header === null
  }

  /** For errors about what is expected next. */
  get where(): string {
    const name = this.#header ? ` (${this.#header.type})` : ''
    return `record ${this.#number}${name}, byte ${this.#at}`
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#pieces.push(bytes)
    this.#held += bytes.length
  }

  /** The next whole frame; null: more bytes are needed. Throws MigrationError. */
  next(): Frame | null {
    if (!this.#header) {
      if (this.#held < HEADER_BYTES) return null
      this.#headerBytes = this.#take(HEADER_BYTES)
      this.#header = this.#readHeader(this.#headerBytes)
    }
    const { type, bodyBytes, dataBytes, crc } = this.#header
    if (this.#held < bodyBytes + dataBytes) return null
    const body = this.#take(bodyBytes)
    if (crc32(body, crc32(this.#headerBytes.subarray(0, 16))) !== crc)
      this.#refuse(16, 'it is damaged: its CRC-32 is another; expected it as it was sent')
    const data = this.#pull(dataBytes)
    const frame = { type, body, data, number: this.#number, at: this.#at }
    this.#at += HEADER_BYTES + bodyBytes + dataBytes
    this.#number++
    this.#header = null
    return frame
  }

  #readHeader(bytes: Buffer): Header {
    const number = bytes.readUInt16LE(0)
    const type = NAMES.get(number)
    if (!type) return this.#refuse(0, `the type is ${number}; expected 1 to ${NAMES.size}`)
    if (bytes.readUInt16LE(2) !== 0)
      this.#refuse(2, `a reserved field is ${bytes.readUInt16LE(2)}; expected 0`)
    if (this.#strangers && !STRANGERS.includes(type))
      this.#refuse(0, `this is a ${type} before both sides are known; expected ${STRANGERS.join(', ')}`)
    const bodyBytes = bytes.readUInt32LE(4)
    if (bodyBytes > LIMITS[type])
      this.#refuse(4, `the body of a ${type} has ${bodyBytes} bytes; expected at most ${LIMITS[type]}`)
    const dataBytes = bytes.readUInt32LE(8)
    const most = type === 'PAGES' ? MAX_DATA : 0
    if (dataBytes > most)
      this.#refuse(8, `the data of a ${type} has ${dataBytes} bytes; expected at most ${most}`)
    const sequence = bytes.readUInt32LE(12)
    if (sequence !== this.#number >>> 0)
      this.#refuse(12, `the record says it is number ${sequence}; expected ${this.#number}`)
    return { type, bodyBytes, dataBytes, crc: bytes.readUInt32LE(16) }
  }

  #refuse(offset: number, detail: string): never {
    const name = this.#header ? ` (${this.#header.type})` : ''
    throw new MigrationError(this.#peer, `record ${this.#number}${name}, byte ${this.#at + offset}`, detail)
  }

  /** The next bytes in one piece. */
  #take(length: number): Buffer {
    const pieces = this.#pull(length)
    const [only] = pieces
    if (pieces.length === 1) return Buffer.from(only!.buffer, only!.byteOffset, length)
    return Buffer.concat(pieces)
  }

  #pull(length: number): Uint8Array[] {
    const pulled: Uint8Array[] = []
    let done = 0
    for (let left = length; left > 0; ) {
      const piece = this.#pieces[done]!
      if (piece.length <= left) {
        pulled.push(piece)
        left -= piece.length
        done++
      } else {
        pulled.push(piece.subarray(0, left))
        this.#pieces[done] = piece.subarray(left)
        left = 0
      }
    }
    this.#pieces.splice(0, done)
    this.#held -= length
    return pulled
  }
}
