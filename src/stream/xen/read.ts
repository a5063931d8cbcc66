/**
 * Reads a Xen stream from begin to end, item by item. Nothing is believed before it is checked, and no more is in
 * memory than one record or one window of pages.
 *
 *            ┌────────────┐     ┌────────┐  LIBXC_CONTEXT   ┌────────┐
 *   begin ──>│ xl header  │────>│ libxl  │─────────────────>│ libxc  │──END──┐
 *     │      └────────────┘     │ header │  CHECKPOINT_END  │ header │       │ in libxl
 *     ├────────────────────────>│ record…│─────────────────>│ record…│<──┐   │
 *     │                         │        │<──CHECKPOINT─────│        │───┘   │
 *     │                         └────────┘<─────────────────└────────┘───────┘
 *     │                             └──END──> the file's end      │  not in libxl
 *     └──────────────────────────────────────────────────────────>└──END──> the file's end
 */
import type { StreamFile } from '../file.js'
import {
  BIG_ENDIAN,
  DOMAIN_HEADER_BYTES,
  DomainType,
  IMAGE_HEADER_BYTES,
  LIBXC_MAGIC,
  LIBXC_VERSIONS,
  LIBXL_HEADER_BYTES,
  LIBXL_MAGIC,
  LIBXL_VERSION,
  LibxcRecord,
  LibxlRecord,
  libxcNames,
  libxlNames,
  MAX_BATCH,
  MAX_BODY,
  MAX_XL_DATA,
  OPTIONAL,
  PAGE_BYTES,
  PAGE_TYPES,
  RECORD_HEADER_BYTES,
  SHAPES,
  XL_BYTE_ORDER,
  XL_HEADER_BYTES,
  XL_MAGIC,
  XL_MANDATORY_JSON,
  XL_MANDATORY_STREAM_V2,
} from './format.js'
import type { Item, LibxcHeader, LibxlHeader, PageBatch, StreamRecord, XlHeader } from './item.js'

/** Whether a file that begins so is a Xen stream: an xl, libxl or libxc one. */
export function isXenStream(head: Uint8Array): boolean {
  return [XL_MAGIC, LIBXL_MAGIC, LIBXC_MAGIC].some((magic) => magic.equals(head.subarray(0, magic.length)))
}

const begins = (head: Buffer, magic: Buffer) => head.subarray(0, magic.length).equals(magic)
const hex = (value: number) => `0x${value.toString(16)}`

/** Yields every item of the stream, in order. Throws StreamError. */
export function* readXenStream(file: StreamFile): Generator<Item> {
  const head = file.peek(XL_MAGIC.length)
  if (begins(head, XL_MAGIC)) yield readXlHeader(file)
  if (begins(file.peek(LIBXL_MAGIC.length), LIBXL_MAGIC)) yield* readLibxl(file)
  else yield* new LibxcReader(file).run()
  if (file.left > 0) {
    file.refuse(`byte ${file.at}`, `${file.left} bytes come after the last record; expected the file’s end`)
  }
}

function readXlHeader(file: StreamFile): XlHeader {
  const { at } = file
  const where = `xl header at byte ${at}`
  const head = file.take(XL_HEADER_BYTES, 'the xl header', where)
  const [byteOrder, mandatoryFlags, optionalFlags, length] = [32, 36, 40, 44].map((o) => head.readUInt32LE(o))
  if (byteOrder !== XL_BYTE_ORDER)
    file.refuse(where, `the byte order is ${hex(byteOrder!)}; expected ${hex(XL_BYTE_ORDER)}, little-endian`)
  const known = XL_MANDATORY_JSON | XL_MANDATORY_STREAM_V2
  if ((mandatoryFlags! & ~known) !== 0)
    file.refuse(where, `the mandatory flags are ${hex(mandatoryFlags!)}; expected none but ${hex(known)}`)
  if ((mandatoryFlags! & XL_MANDATORY_STREAM_V2) === 0)
    file.refuse(where, 'this is a legacy stream of Xen 4.5 or before; expected one of Xen 4.6 or later')
  if (length! > MAX_XL_DATA)
    file.refuse(where, `the optional data has ${length} bytes; expected at most ${MAX_XL_DATA}`)
  const data = Buffer.from(file.take(length!, 'the optional data', where))
  return {
    kind: 'xl-header',
    at,
    byteOrder,
    mandatoryFlags: mandatoryFlags!,
    optionalFlags: optionalFlags!,
    data,
  }
}

// ---- libxl

function* readLibxl(file: StreamFile): Generator<Item> {
  yield readLibxlHeader(file)
  let libxc: LibxcReader | null = null
  for (;;) {
    const record = readRecord(file, 'libxl-record', (type) => libxlNames.get(type))
    yield record
    if (record.type === LibxlRecord.END) return
    if (record.type === LibxlRecord.LIBXC_CONTEXT) {
      if (libxc)
        file.refuse(`record LIBXC_CONTEXT at byte ${record.at}`, 'there is a second one; expected one')
      libxc = new LibxcReader(file)
      yield* libxc.run()
    } else if (record.type === LibxlRecord.CHECKPOINT_END && libxc) yield* libxc.run()
  }
}

function readLibxlHeader(file: StreamFile): LibxlHeader {
  const { at } = file
  const where = `libxl header at byte ${at}`
  const head = file.take(LIBXL_HEADER_BYTES, 'the libxl header', where)
  const version = head.readUInt32BE(8)
  const options = head.readUInt32BE(12)
  if (version !== LIBXL_VERSION) file.refuse(where, `the version is ${version}; expected ${LIBXL_VERSION}`)
  if ((options & BIG_ENDIAN) !== 0) file.refuse(where, 'it is big-endian; expected little-endian')
  return { kind: 'libxl-header', at, version, options }
}

// ---- libxc

class LibxcReader {
  readonly #file: StreamFile
  #header: LibxcHeader | null = null
  #staticDataEnd = false

  constructor(file: StreamFile) {
    this.#file = file
  }

  /** Up to END, or up to the CHECKPOINT at which libxl takes over; called again it goes on from there. */
  *run(): Generator<Item> {
    if (!this.#header) {
      this.#header = readLibxcHeader(this.#file)
      yield this.#header
    }
    for (;;) {
      const type = this.#file.peek(4)
      if (type.length === 4 && type.readUInt32LE() === LibxcRecord.PAGE_DATA) {
        yield* this.#pages()
        continue
      }
      const record = readRecord(this.#file, 'libxc-record', (one) => this.#name(one))
      this.#check(record)
      yield record
      if (record.type === LibxcRecord.END || record.type === LibxcRecord.CHECKPOINT) return
    }
  }

  /** undefined: not known in a stream of this version and domain. */
  #name(type: number): string | undefined {
    const name = libxcNames.get(type)
    if (!name) return undefined
    const { only, since = 0 } = SHAPES[name]
    const { version, domainType } = this.#header!
    return since > version || (only && DomainType[only] !== domainType) ? undefined : name
  }

  #check({ type, body, at }: StreamRecord): void {
    const name = libxcNames.get(type)
    if (type === LibxcRecord.STATIC_DATA_END) this.#staticDataEnd = true
    if (!name) return
    const { bytes, least = 0, each } = SHAPES[name]
    const { length } = body
    const refuse = (expected: string) =>
      this.#file.refuse(`record ${name} at byte ${at}`, `its body has ${length} bytes; expected ${expected}`)
    if (bytes !== undefined && length !== bytes) refuse(`${bytes}`)
    if (length < least) refuse(`at least ${least}`)
    if (each !== undefined && (length - least) % each !== 0) refuse(`${least} and a multiple of ${each}`)
  }

  *#pages(): Generator<Item> {
    const file = this.#file
    const { at } = file
    const where = `record PAGE_DATA at byte ${at}`
    if (this.#header!.version >= 3 && !this.#staticDataEnd)
      file.refuse(where, 'it comes before STATIC_DATA_END; expected that record first')
    const length = file.take(RECORD_HEADER_BYTES, 'a record header', where).readUInt32LE(4)
    if (length > file.left)
      file.refuse(where, `its body has ${length} bytes; expected at most the ${file.left} that are left`)
    if (length < 16) file.refuse(where, `its body has ${length} bytes; expected at least 16`)
    const head = file.take(8, 'the page count', where)
    const [count, reserved] = [head.readUInt32LE(0), head.readUInt32LE(4)]
    const most = Math.min(MAX_BATCH, (length - 8) >> 3)
    if (count === 0 || count > most) file.refuse(where, `it has ${count} pages; expected 1 to ${most}`)
    const pfns = pfnsOf(file.take(8 * count, 'the pfns', where))
    const types = typesOf(pfns)
    let present = 0
    for (const type of types) if (this.#hasData(type, where)) present++
    const expected = 8 + 8 * count + PAGE_BYTES * present
    if (length !== expected)
      file.refuse(
        where,
        `its body has ${length} bytes; expected ${expected} for ${present} pages with data of ${count}`,
      )
    yield { kind: 'pages', at, reserved, pfns } satisfies PageBatch
    for (const [i, type] of types.entries()) {
      if (!this.#hasData(type, where)) continue
      const { at: pageAt } = file
      yield { kind: 'page', at: pageAt, entry: pfns[i]!, bytes: file.take(PAGE_BYTES, 'a page', where) }
    }
  }

  #hasData(type: number, where: string): boolean {
    const known = PAGE_TYPES.get(type)
    return known
      ? known.data
      : this.#file.refuse(where, `a page has the type ${hex(type)}; expected a known one`)
  }
}

function readLibxcHeader(file: StreamFile): LibxcHeader {
  const { at } = file
  const where = `libxc header at byte ${at}`
  const head = file.take(IMAGE_HEADER_BYTES + DOMAIN_HEADER_BYTES, 'the libxc headers', where)
  if (!begins(head, LIBXC_MAGIC))
    file.refuse(where, 'its marker is another; expected ff × 8 and XENF, of Xen 4.6 or later')
  const version = head.readUInt32BE(12)
  const options = head.readUInt16BE(16)
  if (!LIBXC_VERSIONS.includes(version)) file.refuse(where, `the version is ${version}; expected 2 or 3`)
  if (options !== 0)
    file.refuse(where, `the options are ${hex(options)}; expected 0: little-endian, and no other is defined`)
  const domain = head.subarray(IMAGE_HEADER_BYTES)
  const [domainType, pageShift] = [domain.readUInt32LE(0), domain.readUInt16LE(4)]
  if (domainType !== DomainType.pv && domainType !== DomainType.hvm)
    file.refuse(where, `the domain type is ${hex(domainType)}; expected 1 (PV) or 2 (HVM)`)
  if (pageShift !== 12) file.refuse(where, `the page shift is ${pageShift}; expected 12`)
  return {
    kind: 'libxc-header',
    at,
    version,
    options,
    reserved: Buffer.from(head.subarray(18, IMAGE_HEADER_BYTES)),
    domainType,
    pageShift,
    domainReserved: domain.readUInt16LE(6),
    xenMajor: domain.readUInt32LE(8),
    xenMinor: domain.readUInt32LE(12),
  }
}

/** A record with its body, copied. `name`: undefined for a type that is not known here. */
function readRecord(
  file: StreamFile,
  kind: StreamRecord['kind'],
  name: (type: number) => string | undefined,
): StreamRecord {
  const { at } = file
  const head = file.take(RECORD_HEADER_BYTES, 'a record header', `byte ${at}`)
  const [type, length] = [head.readUInt32LE(0), head.readUInt32LE(4)]
  const known = name(type)
  const where = `record ${known ?? hex(type)} at byte ${at}`
  if (known === undefined && type < OPTIONAL)
    file.refuse(where, 'it is unknown here and not optional; expected bit 31 of its type, or a known one')
  if (length > file.left)
    file.refuse(where, `its body has ${length} bytes; expected at most the ${file.left} that are left`)
  if (length > MAX_BODY) file.refuse(where, `its body has ${length} bytes; expected at most ${MAX_BODY}`)
  const body = Buffer.allocUnsafe(length)
  let done = 0
  for (const piece of file.pieces(length, 'its body', where)) done += piece.copy(body, done)
  const padding = Buffer.from(file.take(-length & 7, 'its padding', where))
  return { kind, at, type, body, padding }
}

function pfnsOf(bytes: Buffer): BigUint64Array {
  const pfns = new BigUint64Array(bytes.length >> 3)
  new Uint8Array(pfns.buffer).set(bytes)
  return pfns
}

/** The type of each, bits 63 to 60. */
function typesOf(pfns: BigUint64Array): Uint8Array {
  const words = new Uint32Array(pfns.buffer, pfns.byteOffset, 2 * pfns.length)
  return Uint8Array.from(pfns, (_, i) => words[2 * i + 1]! >>> 28)
}
