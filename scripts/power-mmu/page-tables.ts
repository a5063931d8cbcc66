/** Builds radix trees in guest memory, for the tester and for tests (Power ISA 3.0B, Book III, 5.7.10). */

const VALID = 1n << 63n
const LEAF = 1n << 62n

/** Bits of a leaf. */
export const PTE = {
  referenced: 0x100n,
  changed: 0x80n,
  guarded: 0x20n,
  privileged: 8n,
  read: 4n,
  write: 2n,
  execute: 1n,
} as const

export const PAGE_BITS = { '4K': 12n, '64K': 16n, '2M': 21n, '1G': 30n } as const
export type PageSize = keyof typeof PAGE_BITS

/** Address bits that each level divides, by the size of the page that the tree ends with. */
const LEVELS: Readonly<Record<PageSize, readonly number[]>> = {
  '4K': [13, 9, 9, 9],
  '64K': [13, 9, 9, 5],
  '2M': [13, 9, 9],
  '1G': [13, 9],
}

export class PageTables {
  readonly #memory: DataView
  #next: number

  /** Tables are made from `start` on, upwards; `ram` is guest memory. */
  constructor(ram: Uint8Array, start: number) {
    this.#memory = new DataView(ram.buffer, ram.byteOffset, ram.byteLength)
    this.#next = start
  }

  get end(): number {
    return this.#next
  }

  #allocate(bits: number): number {
    const size = 8 << bits
    const at = Math.ceil(this.#next / size) * size
    this.#next = at + size
    return at
  }

  entry(at: number): bigint {
    return this.#memory.getBigUint64(at)
  }

  setEntry(at: number, value: bigint): void {
    this.#memory.setBigUint64(at, BigInt.asUintN(64, value))
  }

  /** An empty tree; answers its process table entry. RTS is that of 52 bits, 21: the upper two bits 2, the lower three 5. */
  tree(): bigint {
    return (2n << 61n) | BigInt(this.#allocate(13)) | (5n << 5n) | 13n
  }

  /** A process table of 4 KiB with these entries; answers its address. */
  processTable(entries: Readonly<Record<number, bigint>>): number {
    const at = this.#allocate(9)
    for (const [pid, entry] of Object.entries(entries)) this.setEntry(at + 16 * Number(pid), entry)
    return at
  }

  /** Maps the page of `address` to `real` with the bits of a leaf; answers where the leaf lies. */
  map(tree: bigint, address: bigint, real: bigint, bits: bigint, size: PageSize = '4K'): number {
    let directory = Number(tree & 0x0fff_ffff_ffff_ff00n) & ~0xff
    let left = 52
    const levels = LEVELS[size]
    for (const [level, width] of levels.entries()) {
      left -= width
      const at = directory + 8 * Number((address >> BigInt(left)) & ((1n << BigInt(width)) - 1n))
      if (level === levels.length - 1) {
        this.setEntry(at, VALID | LEAF | real | bits)
        return at
      }
      if (this.entry(at) === 0n) {
        const below = levels[level + 1]!
        this.setEntry(at, VALID | BigInt(this.#allocate(below)) | BigInt(below))
      }
      directory = Number(this.entry(at) & 0x0fff_ffff_ffff_ff00n)
    }
    throw new RangeError('no level')
  }
}
