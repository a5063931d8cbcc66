/** A copy of a file with some of its bytes replaced, as long as it was. */
import { writeSync } from 'node:fs'
import { replaceFile } from '../file/replace.js'
import { StreamError } from '../stream/error.js'
import { StreamFile } from '../stream/file.js'

export interface Patch {
  /** The byte of the file that is replaced first. */
  readonly at: number
  readonly bytes: Uint8Array
}

/** Writes `path` with these bytes to `out`, all or nothing. Patches do not overlap. Throws StreamError. */
export function copyPatched(path: string, out: string, patches: readonly Patch[]): void {
  try {
    copy(
      path,
      out,
      [...patches].sort((a, b) => a.at - b.at),
    )
  } catch (error) {
    if (error instanceof StreamError) throw error
    const reason = (error as Error).message
    throw new StreamError(out, null, `it cannot be written (${reason}); expected a file name`)
  }
}

function copy(path: string, out: string, patches: readonly Patch[]): void {
  const file = new StreamFile(path)
  try {
    replaceFile(out, (target) => {
      for (const { at, bytes } of patches) {
        passOn(file, target, at - file.at)
        file.skip(bytes.length, 'the field')
        writeWhole(target, bytes)
      }
      passOn(file, target, file.left)
    })
  } finally {
    file.close()
  }
}

function passOn(file: StreamFile, target: number, length: number): void {
  for (const piece of file.pieces(length, 'the stream')) writeWhole(target, piece)
}

function writeWhole(target: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(target, bytes, at)
}
