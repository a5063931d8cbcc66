/** Reads a snapshot's frame: header, checksums, sections. Nothing in it is believed before it is checked. */
import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { crc32, gunzipSync } from 'node:zlib'
import { ByteReader } from './bytes.js'
import { SnapshotError } from './error.js'
import {
  DIGEST_BYTES,
  FLAG_GZIP,
  HEADER_BYTES,
  KINDS,
  MAGIC,
  MAX_BODY,
  MAX_GROWTH,
  SECTION_HEADER_BYTES,
  SECTIONS,
  VERSION,
} from './format.js'

interface Header {
  readonly gzip: boolean
  readonly kind: number
  readonly length: number
  readonly unpacked: number
}

/** The contents of a snapshot, by section. */
export class Frame {
  readonly #sections = new Map<string, Uint8Array[]>()

  constructor(
    readonly fileName: string,
    readonly kind: number,
  ) {}

  add(name: string, content: Uint8Array): void {
    this.#sections.set(name, [...(this.#sections.get(name) ?? []), content])
  }
  has(name: string): boolean {
    return this.#sections.has(name)
  }
  /** A reader of each section of that name. */
  all(name: string): ByteReader[] {
    return (this.#sections.get(name) ?? []).map((content) => new ByteReader(content, this.#refuse(name)))
  }
  one(name: string): ByteReader {
    return this.all(name)[0]!
  }

  #refuse(name: string) {
    return (at: number, detail: string): never => {
      throw new SnapshotError(this.fileName, `section ${name}, byte ${at}`, detail)
    }
  }
}

/** Throws SnapshotError for whatever is wrong with the file. */
export function readFrame(path: string, ...kinds: readonly number[]): Frame {
  const file = open(path)
  try {
    const begin = readBegin(file, path, kinds)
    const rest = readBytes(file, begin.rest, path)
    const digest = createHash('sha256')
      .update(begin.head)
      .update(rest.subarray(0, begin.header.length))
      .digest()
    return frameOf(path, begin.header, rest, digest)
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    closeSync(file)
  }
}

/** The same, with the digest computed of what is there while the rest is read. */
export async function readFrameAsync(path: string, ...kinds: readonly number[]): Promise<Frame> {
  const file = open(path)
  try {
    const begin = readBegin(file, path, kinds)
    const { rest, digest } = await readHashed(file, begin, path)
    return frameOf(path, begin.header, rest, digest)
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    closeSync(file)
  }
}

interface Begin {
  readonly head: Buffer
  readonly header: Header
  /** Bytes of body and digest. */
  readonly rest: number
}

function readBegin(file: number, path: string, kinds: readonly number[]): Begin {
  const size = sizeOf(file, path)
  const head = readBytes(file, Math.min(size, HEADER_BYTES), path)
  const header = readHeader(head, size, path)
  if (!kinds.includes(header.kind))
    wrong(path, 12, `this is a snapshot of ${KINDS[header.kind]}; expected one of ${KINDS[kinds[0]!]}`)
  return { head, header, rest: size - HEADER_BYTES }
}

function unreadable(path: string, error: unknown): SnapshotError {
  if (error instanceof SnapshotError) return error
  return new SnapshotError(path, null, `${(error as Error).message}; expected a snapshot file`)
}

const PIECE = 2 << 20
const readAsync = promisify(read)

async function readHashed(file: number, { head, header, rest: length }: Begin, path: string) {
  const rest = Buffer.allocUnsafeSlow(length)
  const hash = createHash('sha256').update(head)
  for (let at = 0, hashed = 0; hashed < length; ) {
    const pending = at < length ? readAsync(file, rest, at, Math.min(PIECE, length - at), null) : null
    // Meanwhile a thread reads.
    hash.update(rest.subarray(hashed, Math.min(at, header.length)))
    hashed = at
    const got = (await pending)?.bytesRead ?? 0
    if (pending && got === 0) shorter(path, at)
    at += got
  }
  return { rest, digest: hash.digest() }
}

function shorter(path: string, at: number): never {
  wrong(path, at, 'the file became shorter while it was read; expected it to be left alone')
}

function wrong(path: string, at: number, detail: string): never {
  throw new SnapshotError(path, `byte ${at}`, detail)
}

function open(path: string): number {
  try {
    // Without O_NONBLOCK the opening of a named pipe would wait for its writer.
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const what = code === 'ENOENT' ? 'there is no such file' : `this file cannot be read (${message})`
    throw new SnapshotError(path, null, `${what}; expected a snapshot file`)
  }
}

function sizeOf(file: number, path: string): number {
  const status = fstatSync(file)
  if (!status.isFile())
    throw new SnapshotError(path, null, 'this is not a regular file; expected a snapshot file')
  return status.size
}

function readBytes(file: number, length: number, path: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let at = 0; at < length; ) {
    const got = readSync(file, bytes, at, length - at, null)
    if (got === 0) shorter(path, at)
    at += got
  }
  return bytes
}

function readHeader(head: Buffer, size: number, path: string): Header {
  if (!head.subarray(0, MAGIC.length).equals(MAGIC.subarray(0, head.length)) || size < MAGIC.length)
    wrong(path, 0, 'this is no snapshot of chronovisor; expected a file that `chronovisor save` wrote')
  if (size < HEADER_BYTES + DIGEST_BYTES)
    wrong(path, size, `the file ends here; expected at least ${HEADER_BYTES + DIGEST_BYTES} bytes`)
  const version = head.readUInt16LE(8)
  if (version === 0 || version > VERSION)
    wrong(path, 8, `this is a snapshot of version ${version}; expected version ${VERSION}`)
  const flags = head.readUInt16LE(10)
  if ((flags & ~FLAG_GZIP) !== 0) wrong(path, 10, `the flags are ${flags}; expected 0 or ${FLAG_GZIP}`)
  const kind = head.readUInt32LE(12)
  if (!SECTIONS[kind]) wrong(path, 12, `the kind is ${kind}; expected 1 to 3`)
  const length = head.readBigUInt64LE(16)
  const there = size - HEADER_BYTES - DIGEST_BYTES
  if (length !== BigInt(there)) wrong(path, 16, `the body has ${there} bytes; expected ${length}`)
  if (length > BigInt(MAX_BODY)) wrong(path, 16, `the body has ${length} bytes; expected at most ${MAX_BODY}`)
  const unpacked = head.readBigUInt64LE(24)
  const gzip = (flags & FLAG_GZIP) !== 0
  const most = gzip ? Math.min(MAX_BODY, there * MAX_GROWTH) : there
  if (gzip ? unpacked > BigInt(most) : unpacked !== length)
    wrong(path, 24, `the unpacked body has ${unpacked} bytes; expected ${gzip ? 'at most ' : ''}${most}`)
  return { gzip, kind, length: there, unpacked: Number(unpacked) }
}

function frameOf(path: string, header: Header, rest: Buffer, digest: Buffer): Frame {
  const packed = rest.subarray(0, header.length)
  const whole = digest.equals(rest.subarray(header.length))
  if (header.gzip && !whole) refuseDigest(path)
  const body = header.gzip ? unpack(path, header, packed) : packed
  // The sections' own checksums tell which one is damaged; where nothing is they need not be computed.
  const known = SECTIONS[header.kind]!
  const frame = readSections(new Frame(path, header.kind), known, body, HEADER_BYTES, !whole)
  if (!whole) refuseDigest(path)
  refuseMissing(frame, known, 'in the file')
  return frame
}

/** The sections of a body that came otherwise, with their checksums looked at. Throws SnapshotError. */
export function readBody(name: string, kind: number, known: readonly string[], body: Buffer): Frame {
  const frame = readSections(new Frame(name, kind), known, body, 0, true)
  refuseMissing(frame, known, 'there')
  return frame
}

function refuseMissing(frame: Frame, known: readonly string[], where: string): void {
  const missing = known.find((name) => !frame.has(name))
  if (missing !== undefined)
    throw new SnapshotError(frame.fileName, `section ${missing}`, `it is missing; expected it ${where}`)
}

function refuseDigest(path: string): never {
  throw new SnapshotError(
    path,
    null,
    'the file is damaged: its SHA-256 is another; expected the file as it was written',
  )
}

function unpack(path: string, { unpacked }: Header, packed: Buffer): Buffer {
  let body: Buffer
  try {
    // One byte more than it should be shows that it is longer. Zero would mean no limit.
    body = gunzipSync(packed, { maxOutputLength: unpacked + 1 })
  } catch (error) {
    return wrong(path, HEADER_BYTES, `${(error as Error).message}; expected a gzip body`)
  }
  if (body.length !== unpacked)
    wrong(path, HEADER_BYTES, `the body unpacks to ${body.length} bytes; expected ${unpacked}`)
  return body
}

function readSections(
  frame: Frame,
  known: readonly string[],
  body: Buffer,
  from: number,
  damaged: boolean,
): Frame {
  const path = frame.fileName
  for (let at = 0; at < body.length; ) {
    // Of a gzip file this is the place in the unpacked body.
    const place = from + at
    if (body.length - at < SECTION_HEADER_BYTES)
      wrong(
        path,
        place,
        `${body.length - at} bytes are left; expected the ${SECTION_HEADER_BYTES} of a section`,
      )
    const name = body.toString('latin1', at, at + 4)
    if (!/^[A-Za-z]{4}$/.test(name))
      wrong(path, place, `${JSON.stringify(name)} is no name of a section; expected four letters`)
    const length = body.readBigUInt64LE(at + 8)
    const left = body.length - at - SECTION_HEADER_BYTES
    if (length > BigInt(left))
      wrong(
        path,
        place + 8,
        `section ${name} has ${length} bytes; expected at most the ${left} that are left`,
      )
    const content = body.subarray(at + SECTION_HEADER_BYTES, at + SECTION_HEADER_BYTES + Number(length))
    if (damaged && crc32(content) !== body.readUInt32LE(at + 4))
      throw new SnapshotError(
        path,
        `section ${name}`,
        'it is damaged: its CRC-32 is another; expected it as written',
      )
    if (known.includes(name)) {
      if (frame.has(name) && name !== 'HOST')
        wrong(path, place, `there is a second section ${name}; expected one`)
      frame.add(name, content)
    } else if (name[0]! < 'a') {
      wrong(path, place, `section ${name} is unknown; expected ${known.join(', ')}, or a later program`)
    }
    at += SECTION_HEADER_BYTES + content.length
  }
  return frame
}
