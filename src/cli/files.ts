/** Files that a command writes beside what it prints. */
import { formatBytes } from '../scenario/units.js'
import { InputError, note } from './output.js'

/** Runs `write`, which returns the size in bytes, and says on stderr what was written. */
export function written(what: string, file: string, write: () => number): void {
  let bytes: number
  try {
    bytes = write()
  } catch (error) {
    if (!(error instanceof Error) || !isOfFile(error)) throw error
    throw new InputError(
      `${file}: it cannot be written (${error.message}); expected a file name in a folder with room`,
    )
  }
  note(`${what}: ${file}, ${sizeText(bytes)}\n`)
}

function isOfFile(error: Error): boolean {
  return 'syscall' in error || error.message.endsWith('that is not a regular file')
}

function sizeText(bytes: number): string {
  return bytes < 10_240 ? formatBytes(BigInt(bytes)) : `${Math.round(bytes / 1024)} KiB`
}
