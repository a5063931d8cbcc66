/** Writes the items of a Xen stream: what was read comes out byte for byte, and new streams can be made. */
import {
  DOMAIN_HEADER_BYTES,
  IMAGE_HEADER_BYTES,
  LIBXC_MAGIC,
  LIBXL_HEADER_BYTES,
  LIBXL_MAGIC,
  LibxcRecord,
  PAGE_BYTES,
  PAGE_TYPES,
  PFN_TYPE_SHIFT,
  RECORD_HEADER_BYTES,
  XL_HEADER_BYTES,
  XL_MAGIC,
} from './format.js'
import type { Item, LibxcHeader, LibxlHeader, PageBatch, StreamRecord, XlHeader } from './item.js'

/** The bytes of one item, in pieces; pages are passed on and not copied. */
export function encodeItem(item: Item): readonly Uint8Array[] {
  switch (item.kind) {
    case 'xl-header':
      return [xlHeader(item), item.data]
    case 'libxl-header':
      return [libxlHeader(item)]
    case 'libxc-header':
      return [libxcHeader(item)]
    case 'pages':
      return [pageBatch(item)]
    case 'page':
      return [item.bytes]
    default:
      return [recordHeader(item.type, item.body.length), item.body, padding(item)]
  }
}

/** The bytes of a whole stream, in pieces. */
export function* encodeStream(items: Iterable<Item>): Generator<Uint8Array> {
  for (const item of items) yield* encodeItem(item)
}

function xlHeader({ byteOrder, mandatoryFlags, optionalFlags, data }: XlHeader): Buffer {
  const bytes = Buffer.alloc(XL_HEADER_BYTES)
  XL_MAGIC.copy(bytes)
  ;[byteOrder, mandatoryFlags, optionalFlags, data.length].forEach((value, i) => {
    bytes.writeUInt32LE(value, XL_MAGIC.length + 4 * i)
  })
  return bytes
}

function libxlHeader({ version, options }: LibxlHeader): Buffer {
  const bytes = Buffer.alloc(LIBXL_HEADER_BYTES)
  LIBXL_MAGIC.copy(bytes)
  bytes.writeUInt32BE(version, 8)
  bytes.writeUInt32BE(options, 12)
  return bytes
}

function libxcHeader(header: LibxcHeader): Buffer {
  const bytes = Buffer.alloc(IMAGE_HEADER_BYTES + DOMAIN_HEADER_BYTES)
  LIBXC_MAGIC.copy(bytes)
  bytes.writeUInt32BE(header.version, 12)
  bytes.writeUInt16BE(header.options, 16)
  if (header.reserved) bytes.set(header.reserved, 18)
  const domain = bytes.subarray(IMAGE_HEADER_BYTES)
  domain.writeUInt32LE(header.domainType, 0)
  domain.writeUInt16LE(header.pageShift, 4)
  domain.writeUInt16LE(header.domainReserved ?? 0, 6)
  domain.writeUInt32LE(header.xenMajor, 8)
  domain.writeUInt32LE(header.xenMinor, 12)
  return bytes
}

function recordHeader(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES)
  bytes.writeUInt32LE(type, 0)
  bytes.writeUInt32LE(length, 4)
  return bytes
}

function padding({ body, padding: kept }: StreamRecord): Uint8Array {
  return kept ?? Buffer.alloc(-body.length & 7)
}

/** The record's header and its pfns; the pages follow as items of their own. */
function pageBatch({ pfns, reserved = 0 }: PageBatch): Buffer {
  const present = pfns.reduce((sum, entry) => sum + (hasData(entry) ? 1 : 0), 0)
  const length = 8 + 8 * pfns.length + PAGE_BYTES * present
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES + 8 + 8 * pfns.length)
  recordHeader(LibxcRecord.PAGE_DATA, length).copy(bytes)
  bytes.writeUInt32LE(pfns.length, RECORD_HEADER_BYTES)
  bytes.writeUInt32LE(reserved, RECORD_HEADER_BYTES + 4)
  bytes.set(new Uint8Array(pfns.buffer, pfns.byteOffset, pfns.byteLength), RECORD_HEADER_BYTES + 8)
  return bytes
}

/** Whether a page of this entry has data in the stream. */
export function hasData(entry: bigint): boolean {
  return PAGE_TYPES.get(Number(entry >> PFN_TYPE_SHIFT))?.data === true
}
