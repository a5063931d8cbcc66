/**
 * Writes a snapshot: all of it or nothing. It grows under a temporary name in the same folder, is flushed to the disk
 * and then takes its name in one step; whatever fails or is killed before, an older file of that name stands.
 */
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writevSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { crc32, gzipSync } from 'node:zlib'
import { SnapshotError } from './error.js'
import { FLAG_GZIP, HEADER_BYTES, MAGIC, SECTION_HEADER_BYTES, type Sections, VERSION } from './format.js'

export interface SaveOptions {
  readonly gzip?: boolean
}

/** Returns the number of bytes written. Throws SnapshotError. */
export function writeFile(path: string, parts: readonly Uint8Array[]): number {
  try {
    replaceFile(path, (file) => writeAll(file, parts))
  } catch (error) {
    const detail = `it cannot be written (${(error as Error).message}); expected a file name in a folder with room`
    throw new SnapshotError(path, null, detail)
  }
  return total(parts)
}

/** What `write` writes becomes the file of that name, once all of it is on the disk. Throws what fails. */
export function replaceFile(path: string, write: (file: number) => void): void {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`)
  // A process that had our number and was killed may have left one.
  rmSync(temporary, { force: true })
  const file = openSync(temporary, 'wx', 0o600)
  try {
    try {
      write(file)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  flushFolder(folder)
}

/** The vector of one call has at most IOV_MAX parts. */
const MAX_PARTS = 512

function writeAll(file: number, parts: readonly Uint8Array[]): void {
  for (let rest = parts.filter(({ length }) => length > 0); rest.length > 0; ) {
    let written = writevSync(file, rest.slice(0, MAX_PARTS))
    let done = 0
    while (done < rest.length && written >= rest[done]!.length) written -= rest[done++]!.length
    rest = rest.slice(done)
    if (written > 0) rest[0] = rest[0]!.subarray(written)
  }
}

/** The new name survives a power failure too, where folders can be flushed. */
export function flushFolder(folder: string): void {
  let file: number
  try {
    file = openSync(folder, 'r')
  } catch {
    return
  }
  try {
    fsyncSync(file)
  } catch {
    // Some file systems, and Windows, do not flush folders.
  } finally {
    closeSync(file)
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
