/**
 * An initial RAM file system of a few files: the "newc" archive that Linux unpacks (Documentation/driver-api/
 * early-userspace/buffer-format).
 */

export interface RamFile {
  /** Without a slash at the front. */
  readonly path: string
  /** Kind and rights, as stat(2) has them; 0o100755 is a program, 0o040755 a folder, 0o020600 a character device. */
  readonly mode: number
  readonly bytes?: Uint8Array
  /** Of a device: major and minor number. */
  readonly device?: readonly [number, number]
}

const MAGIC = '070701'
const LAST = 'TRAILER!!!'
const BLOCK = 512

const padded = (bytes: Uint8Array, to: number): Uint8Array =>
  Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)])

function entry(
  { path, mode, bytes = new Uint8Array(), device = [0, 0] }: RamFile,
  number: number,
): Uint8Array {
  const name = Buffer.from(`${path}\0`, 'latin1')
  const links = 1
  const fields = [number, mode, 0, 0, links, 0, bytes.length, 0, 0, ...device, name.length, 0]
  const header = MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join('')
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name]), 4), padded(bytes, 4)])
}

/** The archive of `files`, in their order: folders before what is in them. */
export function initramfs(files: readonly RamFile[]): Uint8Array {
  const all = [...files, { path: LAST, mode: 0 }]
  return padded(Buffer.concat(all.map((file, i) => entry(file, i + 1))), BLOCK)
}

/** The archive with one program, which is the first process, and a console for it. */
export function initramfsOf(program: Uint8Array): Uint8Array {
  return initramfs([
    { path: 'dev', mode: 0o040755 },
    { path: 'dev/console', mode: 0o020600, device: [5, 1] },
    { path: 'init', mode: 0o100755, bytes: program },
  ])
}
