/**
 * Writes a file: all of it or nothing. It grows under a temporary name in the same folder, is flushed to the disk
 * and then takes its name in one step; whatever fails or is killed before, an older file of that name stands.
 */
import {
  closeSync,
  fsync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writevSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
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
  const { target, temporary } = namesOf(path)
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
  flushFolder(dirname(target))
}

/** The same for one that has to wait. */
export async function replaceFileAsync(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  mode = 0o600,
): Promise<void> {
  const { target, temporary } = namesOf(path)
  const file = await open(temporary, 'wx', mode)
  try {
    try {
      await write(file)
      await file.sync()
    } finally {
      await file.close()
    }
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  flushFolder(dirname(target))
}

/**
 * A file on its way to the disk under a temporary name, so that taking its own name later is all that is left to do.
 * Throws what cannot be written; whoever does not `take` it must `drop` it.
 */
export class StagedFile {
  /** Its content is on the disk. Rejects with what went wrong. */
  readonly ready: Promise<void>
  readonly #target: string
  readonly #temporary: string

  /** `tag` tells it from others that wait for the same name. */
  constructor(path: string, chunks: Iterable<Uint8Array | string>, mode: number, tag: string) {
    const { target, temporary } = namesOf(path, tag)
    this.#target = target
    this.#temporary = temporary
    const file = openSync(temporary, 'wx', mode)
    try {
      writeChunks(file, chunks)
    } catch (error) {
      closeSync(file)
      this.drop()
      throw error
    }
    this.ready = new Promise((resolve, reject) => {
      fsync(file, (error) => {
        closeSync(file)
        if (error) reject(error)
        else resolve()
      })
    })
    this.ready.catch(() => {})
  }

  /** Once it is ready: it has its name, on the disk too, when this returns. */
  take(): void {
    renameSync(this.#temporary, this.#target)
    flushFolder(dirname(this.#target))
  }

  drop(): void {
    rmSync(this.#temporary, { force: true })
  }
}

function namesOf(
  path: string,
  tag = `${process.pid}`,
): { readonly target: string; readonly temporary: string } {
  const target = targetOf(path)
  const temporary = join(dirname(target), `.${basename(target)}.${tag}.tmp`)
  // A process that had our number and was killed may have left one.
  rmSync(temporary, { force: true })
  return { target, temporary }
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
  for (let rest = parts; rest.length > 0; ) rest = after(rest, writevSync(file, rest))
}

export async function writePartsAsync(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  for (let rest = parts.filter(({ length }) => length > 0); rest.length > 0; ) {
    const { bytesWritten } = await file.writev(rest.slice(0, MAX_PARTS))
    rest = after(rest, bytesWritten)
  }
}

/** What is left of the parts when their first `written` bytes are done. */
function after(parts: readonly Uint8Array[], written: number): Uint8Array[] {
  let done = 0
  let bytes = written
  while (done < parts.length && bytes >= parts[done]!.length) bytes -= parts[done++]!.length
  const rest = parts.slice(done)
  if (bytes > 0) rest[0] = rest[0]!.subarray(bytes)
  return rest
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
