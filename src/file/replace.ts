/**
 * Writes a file: all of it or nothing. It grows under a temporary name in the same folder, is flushed to the disk
 * and then takes its name in one step; whatever fails or is killed before, an older file of that name stands.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writevSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** So much is gathered before it is written. */
const CHUNK_BYTES = 1 << 18
/** The vector of one call has at most IOV_MAX parts. */
const MAX_PARTS = 512

/**
 * The chunks, one by one, so a long file is never in memory as a whole; text becomes UTF-8. Returns the number of
 * bytes. Throws what the file system or `chunks` throws, and then has written nothing.
 */
export function replaceWith(path: string, chunks: Iterable<Uint8Array | string>, mode = 0o666): number {
  let bytes = 0
  replaceFile(
    path,
    (file) => {
      bytes = writeChunks(file, chunks)
    },
    mode,
  )
  return bytes
}

/** What `write` writes becomes the file of that name, once all of it is on the disk. Throws what fails. */
export function replaceFile(path: string, write: (file: number) => void, mode = 0o600): void {
  const target = targetOf(path)
  const folder = dirname(target)
  const temporary = join(folder, `.${basename(target)}.${process.pid}.tmp`)
  // A process that had our number and was killed may have left one.
  rmSync(temporary, { force: true })
  const file = openSync(temporary, 'wx', mode)
  try {
    try {
      write(file)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  flushFolder(folder)
}

/** Where a link leads. A device or a folder is not to be replaced by a file. */
function targetOf(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status && !status.isFile())
    throw new Error('there is something of that name that is not a regular file')
  return status ? realpathSync(path) : path
}

function writeChunks(file: number, chunks: Iterable<Uint8Array | string>): number {
  let total = 0
  let parts: Uint8Array[] = []
  let gathered = 0
  for (const chunk of chunks) {
    const part = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (part.length === 0) continue
    parts.push(part)
    gathered += part.length
    total += part.length
    if (gathered < CHUNK_BYTES && parts.length < MAX_PARTS) continue
    writeParts(file, parts)
    parts = []
    gathered = 0
  }
  writeParts(file, parts)
  return total
}

function writeParts(file: number, parts: readonly Uint8Array[]): void {
  let rest = [...parts]
  while (rest.length > 0) {
    let written = writevSync(file, rest)
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
