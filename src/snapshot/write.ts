/** Writes a snapshot: all of it or nothing. */
import { createHash } from 'node:crypto'
import { crc32, gzipSync } from 'node:zlib'
import { replaceWith } from '../file/replace.js'
import { SnapshotError } from './error.js'
import { FLAG_GZIP, HEADER_BYTES, MAGIC, SECTION_HEADER_BYTES, type Sections, VERSION } from './format.js'

export interface SaveOptions {
  readonly gzip?: boolean
}

/** Returns the number of bytes written. Throws SnapshotError. */
export function writeFile(path: string, parts: readonly Uint8Array[]): number {
  try {
    // It holds a guest's memory: nobody else's to read.
    return replaceWith(path, parts, 0o600)
  } catch (error) {
    const detail = `it cannot be written (${(error as Error).message}); expected a file name in a folder with room`
    throw new SnapshotError(path, null, detail)
  }
}

/** The file as parts, in order. */
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
  const digest = createHash('sha256')
  for (const part of [header, ...body]) digest.update(part)
  return [header, ...body, digest.digest()]
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
