/**
 * An initial RAM file system: the "newc" archive that Linux unpacks (Documentation/driver-api/early-userspace/
 * buffer-format). Everything in it is root's and of 1970, so that equal files give equal archives.
 */
import { joined, latin1Bytes, padded } from './bytes.js'

export interface RamFile {
  /** Without a slash at the front. */
  readonly path: string
  /** Kind and rights, as stat(2) has them. */
  readonly mode: number
  /** Of a file what is in it, of a link where it points. */
  readonly bytes?: Uint8Array
  /** Of a device: major and minor number. */
  readonly device?: readonly [number, number]
}

const MAGIC = '070701'
const LAST = 'TRAILER!!!'
const BLOCK = 512
const utf8 = new TextEncoder()

/** What a first process has open from the start. */
export const CONSOLE: RamFile = { path: 'dev/console', mode: 0o020600, device: [5, 1] }

export const ramFolder = (path: string): RamFile => ({ path, mode: 0o040755 })
export const ramFile = (path: string, bytes: Uint8Array, rights = 0o644): RamFile => ({
  path,
  mode: 0o100000 | rights,
  bytes,
})
export const ramLink = (path: string, to: string): RamFile => ({
  path,
  mode: 0o120777,
  bytes: utf8.encode(to),
})

function entry(
  { path, mode, bytes = new Uint8Array(), device = [0, 0] }: RamFile,
  number: number,
): Uint8Array {
  const name = utf8.encode(`${path}\0`)
  const links = 1
  const fields = [number, mode, 0, 0, links, 0, bytes.length, 0, 0, ...device, name.length, 0]
  const header = MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join('')
  return joined([padded(joined([latin1Bytes(header), name]), 4), padded(bytes, 4)])
}

/** The archive of `files`, in their order: folders before what is in them. */
export function initramfs(files: readonly RamFile[]): Uint8Array {
  const all = [...files, { path: LAST, mode: 0 }]
  return padded(joined(all.map((file, i) => entry(file, i + 1))), BLOCK)
}

/** The archive with one program, which is the first process, and a console for it. */
export function initramfsOf(program: Uint8Array): Uint8Array {
  return initramfs([ramFolder('dev'), CONSOLE, ramFile('init', program, 0o755)])
}
