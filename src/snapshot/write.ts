/** Writes a snapshot: all of it or nothing. */
import { createHash } from 'node:crypto'
import { crc32, gzipSync } from 'node:zlib'
import { replaceFileAsync, replaceWith, writePartsAsync } from '../file/replace.js'
import { SnapshotError } from './error.js'
import {
  DIGEST_BYTES,
  FLAG_GZIP,
  HEADER_BYTES,
  MAGIC,
  SECTION_HEADER_BYTES,
  type Sections,
  VERSION,
} from './format.js'

export interface SaveOptions {
  readonly gzip?: boolean
}

/** Writes the parts and their digest. Returns the number of bytes written. Throws SnapshotError. */
export function writeFile(path: string, parts: readonly Uint8Array[]): number {
  try {
    return replaceWith(path, withDigest(parts), MODE)
  } catch (error) {
    throw unwritable(path, error)
  }
}

/**
 * The same, with the digest computed while the parts go to the disk: they must not change until it is settled.
 */
export async function writeFileAsync(path: string, parts: readonly Uint8Array[]): Promise<number> {
  try {
    await replaceFileAsync(
      path,
      async (file) => {
        const written = writePartsAsync(file, parts).then(() => file.datasync())
        const [digest] = await Promise.all([digestOf(parts), written])
        await writePartsAsync(file, [digest])
      },
      MODE,
    )
  } catch (error) {
    throw unwritable(path, error)
  }
  return total(parts) + DIGEST_BYTES
}

/** It holds a guest's memory: nobody else's to read. */
const MODE = 0o600

function unwritable(path: string, error: unknown): SnapshotError {
  const detail = `it cannot be written (${(error as Error).message}); expected a file name in a folder with room`
  return new SnapshotError(path, null, detail)
}

function* withDigest(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  const digest = createHash('sha256')
  for (const part of parts) {
    digest.update(part)
    yield part
  }
  yield digest.digest()
}

const DIGEST_PIECE = 4 << 20

/** In pieces, so that what else is under way gets its turn. */
async function digestOf(parts: readonly Uint8Array[]): Promise<Buffer> {
  const digest = createHash('sha256')
  for (const part of parts) {
    for (let at = 0; at < part.length; at += DIGEST_PIECE) {
      digest.update(part.subarray(at, at + DIGEST_PIECE))
      if (part.length > DIGEST_PIECE) await new Promise(setImmediate)
    }
  }
  return digest.digest()
}

/** The file as parts, in order, without the digest at its end. */
export function encode(kind: number, sections: Sections, { gzip = false }: SaveOptions): Uint8Array[] {
  const plain = encodeBody(sections)
  const body = gzip ? [gzipSync(Buffer.concat(plain), { level: 1 })] : plain
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeUInt16LE(VERSION, 8)
  header.writeUInt16LE(gzip ? FLAG_GZIP : 0, 10)
  header.writeUInt32LE(kind, 12)
  header.writeBigUInt64LE(BigInt(total(body)), 16)
  header.writeBigUInt64LE(BigInt(total(plain)), 24)
  return [header, ...body]
}

/** Sections one after the other, each with its header. */
export function encodeBody(sections: Sections): Uint8Array[] {
  return sections.flatMap(([name, content]) => [sectionHeader(name, content), ...content])
}

function sectionHeader(name: string, content: readonly Uint8Array[]): Uint8Array {
  const header = Buffer.alloc(SECTION_HEADER_BYTES)
  header.write(name, 'latin1')
  header.writeUInt32LE(
    content.reduce((crc, part) => crc32(part, crc), 0),
    4,
  )
  header.writeBigUInt64LE(BigInt(total(content)), 8)
  return header
}

function total(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}
