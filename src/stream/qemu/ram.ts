/**
 * Guest memory in a QEMU migration stream: it is counted and passed over, by its own framing.
 *
 *   a record   u64 address and flags (the bits below a page) · by its flags:
 *     04 MEM_SIZE   the address is the size of all memory; then, until that is reached:
 *                   u8 n · name · u64 length [ · u64 address, with x-ignore-shared ]
 *     02 ZERO       block · u8 fill: a page of it
 *     08 PAGE       block · a page
 *     40 XBZRLE     block · u8 01 · u16 n · n bytes: changes of a page that was sent before
 *    100 COMPRESS   block · u32 n · n bytes of zlib: a page
 *     10 EOS        the end of this section's part
 *   block   with flag 20 CONTINUE nothing, the same block as before; else u8 n · name
 *
 * Source: QEMU migration/ram.c, the RAM_SAVE_FLAG_* and ram_load_precopy.
 */
import type { Cursor } from './cursor.js'

const Flag = {
  memSize: 0x04,
  zero: 0x02,
  page: 0x08,
  eos: 0x10,
  continue: 0x20,
  xbzrle: 0x40,
  hook: 0x80,
  compressed: 0x100,
  multifd: 0x200,
} as const

/** The encoding of XBZRLE that there is. */
const XBZRLE_ENCODING = 1
/** zlib's bound for a page of 64 KiB, with room. */
const MAX_COMPRESSED = 1 << 17
const MAX_BLOCKS = 4096

export interface RamBlock {
  readonly name: string
  readonly bytes: bigint
}

/** What was found of guest memory. A page is counted as often as it is in the stream. */
export interface Ram {
  blocks: RamBlock[]
  zeroPages: number
  fullPages: number
  compressedPages: number
  /** Changes of a page. */
  deltas: number
}

export const noRam = (): Ram => ({ blocks: [], zeroPages: 0, fullPages: 0, compressedPages: 0, deltas: 0 })

export interface RamOptions {
  readonly pageSize: number
  readonly capabilities: readonly string[]
}

/** Reads one part of a RAM section, up to its EOS. */
export function readRam(from: Cursor, ram: Ram, { pageSize, capabilities }: RamOptions): void {
  const mask = BigInt(pageSize - 1)
  for (;;) {
    const word = from.u64('an address with flags')
    const flags = Number(word & mask)
    if (flags === Flag.eos) return
    if (flags === Flag.memSize) readBlocks(from, ram, word & ~mask, capabilities)
    else readPage(from, ram, flags, pageSize)
  }
}

function readBlocks(from: Cursor, ram: Ram, total: bigint, capabilities: readonly string[]): void {
  ram.blocks = []
  for (let rest = total; rest > 0n; ) {
    const name = from.name('a memory block')
    const bytes = from.u64('the size of a memory block')
    if (bytes === 0n || bytes > rest)
      from.refuse(`memory block ${name} has ${bytes} bytes; expected 1 to the ${rest} that are left`, 8)
    if (ram.blocks.length === MAX_BLOCKS) from.refuse(`more than ${MAX_BLOCKS} memory blocks; expected fewer`)
    if (capabilities.includes('x-ignore-shared')) from.u64('the address of a memory block')
    ram.blocks.push({ name, bytes })
    rest -= bytes
  }
}

function readPage(from: Cursor, ram: Ram, flags: number, pageSize: number): void {
  const kind = flags & ~Flag.continue
  if (kind === Flag.multifd)
    from.refuse('memory was sent over several channels (multifd); expected one stream that holds it all', 8)
  if (kind === Flag.hook) from.refuse('memory was sent by RDMA; expected one stream that holds it all', 8)
  if (kind !== Flag.zero && kind !== Flag.page && kind !== Flag.xbzrle && kind !== Flag.compressed)
    from.refuse(`the flags of a page are 0x${flags.toString(16)}; expected a kind of page that is known`, 8)
  if ((flags & Flag.continue) === 0) {
    const name = from.name('a memory block')
    if (!ram.blocks.some((block) => block.name === name))
      from.refuse(
        `a page is in memory block ${JSON.stringify(name)}; expected one of those in the list`,
        name.length,
      )
  }
  if (kind === Flag.zero) {
    from.u8('the fill of a page')
    ram.zeroPages++
  } else if (kind === Flag.page) {
    from.skip(pageSize, 'a page')
    ram.fullPages++
  } else if (kind === Flag.xbzrle) {
    const encoding = from.u8('the encoding of a page')
    if (encoding !== XBZRLE_ENCODING)
      from.refuse(`the encoding is ${encoding}; expected ${XBZRLE_ENCODING}`, 1)
    from.skip(from.u16('the length of changes'), 'the changes of a page')
    ram.deltas++
  } else {
    const length = from.u32('the length of a compressed page')
    if (length > MAX_COMPRESSED)
      from.refuse(`a compressed page has ${length} bytes; expected at most ${MAX_COMPRESSED}`, 4)
    from.skip(length, 'a compressed page')
    ram.compressedPages++
  }
}
