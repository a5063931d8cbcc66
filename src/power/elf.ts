/**
 * Executable files for Power: ELF32 and ELF64, both byte orders (System V ABI, chapters 4 and 5), read as far as loading
 * takes: header, program headers, entry.
 */

/** The file cannot be loaded: which, where in it, and what was expected. */
export class ElfError extends Error {
  override readonly name = 'ElfError'
}

export interface ElfSegment {
  /** Physical address. */
  readonly address: number
  readonly bytes: Uint8Array
  /** Bytes in memory; those beyond `bytes` are zero. */
  readonly memoryBytes: number
}

export interface Elf {
  readonly bits: 32 | 64
  readonly littleEndian: boolean
  /** Of type 3, linked to no place: it relocates itself. */
  readonly shared: boolean
  readonly entry: bigint
  readonly segments: readonly ElfSegment[]
}

const MAGIC = [0x7f, 0x45, 0x4c, 0x46]
const MACHINES: Readonly<Record<number, 32 | 64>> = { 20: 32, 21: 64 }
const LOAD = 1

/** Offsets of fields in the header and in a program header. */
const LAYOUT = {
  32: {
    size: 52,
    entry: 24,
    headers: 28,
    headerSize: 42,
    count: 44,
    header: 32,
    offset: 4,
    address: 12,
    file: 16,
    memory: 20,
  },
  64: {
    size: 64,
    entry: 24,
    headers: 32,
    headerSize: 54,
    count: 56,
    header: 56,
    offset: 8,
    address: 24,
    file: 32,
    memory: 40,
  },
} as const

/** Whether a file begins as ELF files do. */
export function isElf(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte)
}

/** Addresses from here on are those of a kernel. */
export const UPPER_HALF = 1n << 63n

/** Whether it is to be loaded where QEMU loads kernels: it relocates itself. */
export function relocatesItself(elf: Elf): boolean {
  return elf.bits === 64 && (elf.shared || elf.entry >= UPPER_HALF)
}

/** Reads a file's segments; `name` is for messages. Throws ElfError. */
export function readElf(bytes: Uint8Array, name: string): Elf {
  const fail = (offset: number, text: string): never => {
    throw new ElfError(`${name}: offset ${offset}: ${text}`)
  }
  if (!isElf(bytes)) return fail(0, 'not an ELF file (no 7f 45 4c 46); --raw loads an image without a header')
  const bits =
    bytes[4] === 1 ? 32 : bytes[4] === 2 ? 64 : fail(4, `class ${bytes[4]}, neither 1 (ELF32) nor 2 (ELF64)`)
  const littleEndian =
    bytes[5] === 1 ? true : bytes[5] === 2 ? false : fail(5, `byte order ${bytes[5]}, neither 1 nor 2`)
  const at = LAYOUT[bits]
  if (bytes.length < at.size) return fail(bytes.length, `the file ends inside its header of ${at.size} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const u16 = (offset: number) => view.getUint16(offset, littleEndian)
  const u32 = (offset: number) => view.getUint32(offset, littleEndian)
  const wide = (offset: number) =>
    bits === 32 ? BigInt(u32(offset)) : view.getBigUint64(offset, littleEndian)
  const machine = u16(18)
  if (MACHINES[machine] !== bits) {
    return fail(18, `machine ${machine}; expected ${bits === 32 ? '20 (PowerPC)' : '21 (PowerPC64)'}`)
  }
  const type = u16(16)
  if (type !== 2 && !(type === 3 && bits === 64))
    return fail(16, `type ${type}; expected 2, an executable, or of 64-bit ones 3, which relocates itself`)
  const headerSize = u16(at.headerSize)
  if (headerSize < at.header)
    return fail(at.headerSize, `program headers of ${headerSize} bytes; expected ${at.header}`)
  const segments: ElfSegment[] = []
  for (let i = 0; i < u16(at.count); i++) {
    const header = Number(wide(at.headers)) + i * headerSize
    if (header + at.header > bytes.length)
      return fail(at.headers, `program header ${i} lies outside the file`)
    if (u32(header) !== LOAD) continue
    const [offset, address, file, memory] = [at.offset, at.address, at.file, at.memory].map((field) =>
      Number(wide(header + field)),
    ) as [number, number, number, number]
    if (offset + file > bytes.length)
      return fail(header, `segment ${i} goes to ${offset + file}, beyond the file's end`)
    if (memory < file)
      return fail(header, `segment ${i} has ${file} bytes in the file and only ${memory} in memory`)
    segments.push({ address, bytes: bytes.subarray(offset, offset + file), memoryBytes: memory })
  }
  if (segments.length === 0) return fail(at.headers, 'no segment to load')
  return { bits, littleEndian, shared: type === 3, entry: wide(at.entry), segments }
}
