/** The formats that `inspect` knows, and the one that a file has. */
import { StreamError } from '../stream/error.js'
import { StreamFile } from '../stream/file.js'
import { type Format, HEAD_BYTES } from './format.js'
import { qemuFormat } from './qemu.js'
import { snapshotFormat } from './snapshot.js'
import { xenFormat } from './xen.js'

/** In the order in which they are tried; the first whose magic fits reads the file. */
export const formats: readonly Format[] = [snapshotFormat, xenFormat, qemuFormat]

/** Throws StreamError for a file that cannot be read or is of none. */
export function formatOf(path: string): Format {
  const file = new StreamFile(path)
  try {
    const head = file.peek(HEAD_BYTES)
    const format = formats.find((one) => one.recognises(head))
    if (format) return format
  } finally {
    file.close()
  }
  const known = formats.map(({ title }) => title).join(', ')
  throw new StreamError(path, 'byte 0', `the format is unknown; expected ${known}`)
}
