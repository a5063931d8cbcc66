/**
 * Draws cases for the tester of address translation: page tables of several processes, and accesses through them, for the
 * program of the random instruction tester (test/guests/power/random.S). A case is two of its cases:
 *
 *   in real mode      AMR, IAMR and PIDR are set, which makes QEMU forget what it has translated
 *   then              one load, store or fetch, as the mode drawn translates it
 *
 * What is compared is what each case left in its record, and the whole of memory behind the records: tables with their
 * reference and change bits, and the pages that were written to.
 *
 *   RECORDS | TABLES process table and trees | PAGES 64 KiB of data, 64 KiB of `sc` to be fetched
 *
 * Left out is what may be done in part: lmw, stmw and strings over two pages; and real pages beyond memory, where QEMU 7.2
 * says less than POWER9.
 */

import { type Drawer, drawer } from '../power-random/cases.js'
import { AT, type Batch, CODE, HEADER, RECORD_BYTES, RECORDS } from '../power-random/records.js'
import { PAGE_BITS, type PageSize, PageTables, PTE } from './page-tables.js'

const TABLES = 0x40_0000
const PAGES = 0x80_0000
const PAGE_BYTES = 0x1_0000
const END = PAGES + 2 * PAGE_BYTES
/** Program cases in a batch: the first one registers the process table. */
export const CASES = 1000
const CODE_BYTES = 32
const PIDS = [1, 2, 3]
/** No process, and behind the end of the table. */
const NOBODY = [0, 200, 256, 1 << 19]

const [SF, PR, EE, ME, IR, DR] = [1n << 63n, 0x4000n, 0x8000n, 0x1000n, 0x20n, 0x10n]
const KERNEL = 3n << 62n
const SC = 0x4400_0002
const SC_1 = 0x4400_0022
const mtspr = (n: number, r: number) =>
  ((31 << 26) | (r << 21) | ((n & 31) << 16) | ((n >> 5) << 11) | (467 << 1)) >>> 0
const [AMR, IAMR, PIDR, DEC] = [29, 61, 48, 22]

const d = (primary: number, low = 0) => ((primary << 26) | (9 << 21) | (4 << 16) | low) >>> 0
const x = (extended: number, low = 0) =>
  ((31 << 26) | (9 << 21) | (4 << 16) | (5 << 11) | (extended << 1) | low) >>> 0
/** Loads and stores of r9 at r4, or at r4 + r5, and what they need their address aligned to. */
const LOADS = [
  [d(34), 1],
  [d(40), 1],
  [d(42), 1],
  [d(32), 1],
  [d(33), 1], // with update
  [d(58), 1],
  [d(58, 1), 1],
  [x(21), 1],
  [x(534), 1],
  [x(532), 1],
  [x(53), 1],
  [x(54) & ~(31 << 21), 1], // dcbst
  [x(20), 4], // reserves
  [x(84), 8],
] as const
const STORES = [
  [d(38), 1],
  [d(44), 1],
  [d(36), 1],
  [d(37), 1],
  [d(62), 1],
  [d(62, 1), 1],
  [x(149), 1],
  [x(662), 1],
  [x(183), 1],
  [x(1014) & ~(31 << 21), 1], // dcbz
] as const

interface Place {
  readonly address: bigint
  readonly pid: number
  readonly code: boolean
}

interface Access {
  readonly words: readonly number[]
  readonly msr: bigint
  readonly pc: bigint
  readonly address: bigint
  readonly pid: number
  readonly amr: bigint
  readonly iamr: bigint
}

const SIZES: readonly PageSize[] = ['4K', '4K', '4K', '64K', '64K', '2M', '1G']
/** Where the tester's own code lies for processes and for the operating system. */
const CODE_AT = 0x7f_0000_0000n

/** The bits of a leaf: most let most things through. */
function rights(draw: Drawer): bigint {
  if (draw.next(3) === 0)
    return BigInt(draw.next(64)) | (draw.next(2) === 0 ? PTE.referenced | PTE.changed : 0n)
  return (
    PTE.read |
    PTE.write |
    PTE.execute |
    (draw.next(2) === 0 ? PTE.privileged : 0n) |
    (draw.next(2) === 0 ? PTE.referenced : 0n)
  )
}

/** One tree with pages of all sizes, some of them broken; answers its process table entry and where to look. */
function drawTree(
  tables: PageTables,
  draw: Drawer,
  pid: number,
): { readonly tree: bigint; readonly places: Place[] } {
  const tree = tables.tree()
  const places = new Map<bigint, Place>()
  for (let page = 0; page < 1 << 20; page += PAGE_BYTES)
    tables.map(tree, CODE_AT + BigInt(page), BigInt(CODE + page), PTE.read | PTE.execute, '64K')
  for (let i = 0; i < 24; i++) {
    const size = draw.pick(SIZES)
    const bits = PAGE_BITS[size]
    const code = draw.next(3) === 0
    const within = size === '1G' ? BigInt(PAGES) : 0n
    // Neighbours often, so that accesses reach from one to the next.
    const region = BigInt(1 + draw.next(4)) << 40n
    const page =
      region + (BigInt(draw.next(6)) << bits) + (size === '4K' ? 0n : BigInt(SIZES.indexOf(size)) << 36n)
    const offset = size === '4K' ? BigInt(draw.next(16) << 12) : 0n
    const real =
      size === '1G' ? 0n : size === '2M' ? BigInt(PAGES) : BigInt(PAGES + (code ? PAGE_BYTES : 0)) + offset
    // Code stays what it is: stores that reach over from a neighbour too are refused.
    const leaf = tables.map(tree, page, real, code ? rights(draw) & ~PTE.write : rights(draw), size)
    if (draw.next(12) === 0) tables.setEntry(leaf, tables.entry(leaf) & ~(1n << 63n))
    const address =
      (pid === 0 ? KERNEL : 0n) | (page + within + (code && bits > 16n ? BigInt(PAGE_BYTES) : 0n))
    places.set(page, { address, pid, code }) // the last one mapped there counts
  }
  return { tree, places: [...places.values()] }
}

/** A process table entry that POWER9 does not take, now and then. */
function spoilt(tree: bigint, draw: Drawer): bigint {
  const kind = draw.next(8)
  if (kind === 0) return tree ^ (1n << 5n)
  if (kind === 1) return (tree & ~31n) | BigInt(draw.next(32))
  if (kind === 2) return 0n
  return tree
}

function drawAccess(places: readonly Place[], index: number, draw: Drawer): Access {
  const problem = draw.next(2) === 0
  const fetches = draw.next(4) === 0
  const narrow = draw.next(12) === 0
  const place = draw.pick(places.filter(({ code }) => code === fetches))
  const inside = draw.next(5) === 0 ? 0x1000 - 1 - draw.next(8) : draw.next(0x1000 - 16)
  const [word, aligned] = draw.pick(draw.next(2) === 0 ? LOADS : STORES)
  const astray = draw.next(16) === 0 ? draw.pick([1n << 62n, 1n << 63n, 1n << 55n, 1n << 61n, 1n << 45n]) : 0n
  const offset = fetches ? inside & ~3 : inside - (inside % aligned)
  const address = (place.address + BigInt(offset)) ^ astray
  const mode = problem ? PR | EE | IR | DR : fetches || draw.next(2) === 0 ? IR | DR : DR
  const own = (mode & IR ? CODE_AT : BigInt(CODE)) + BigInt(index * CODE_BYTES)
  return {
    words: [word, SC],
    msr: ME | mode | (narrow && !fetches ? 0n : SF),
    pc: fetches ? address : own,
    address,
    // Another process may have data there, which is no code.
    pid: fetches && place.pid !== 0 ? place.pid : draw.next(12) === 0 ? draw.pick(NOBODY) : draw.pick(PIDS),
    amr: BigInt(draw.next(2) * draw.next(4)) << 62n,
    iamr: BigInt(draw.next(4) === 0 ? 1 : 0) << 62n,
  }
}

/** A batch for runOurs and runQemu: `seed` says everything. */
export function drawBatch(seed: number): Batch {
  const draw = drawer(seed)
  const memory = new Uint8Array(END)
  const tables = new PageTables(memory, TABLES)
  const kernel = drawTree(tables, draw, 0)
  const users = PIDS.map((pid) => drawTree(tables, draw, pid))
  const entries = Object.fromEntries(
    users.map(({ tree }, i) => [PIDS[i], i === 2 ? spoilt(tree, draw) : tree]),
  )
  const table = tables.processTable({ ...entries, 0: kernel.tree })
  if (tables.end > PAGES) throw new Error(`page tables up to 0x${tables.end.toString(16)}`)
  const view = new DataView(memory.buffer)
  for (let at = 0; at < PAGE_BYTES; at += 2) view.setUint16(PAGES + at, draw.next(1 << 16))
  for (let at = 0; at < PAGE_BYTES; at += 4) view.setUint32(PAGES + PAGE_BYTES + at, SC)

  const put = (
    index: number,
    words: readonly number[],
    msr: bigint,
    pc: bigint,
    gpr: Readonly<Record<number, bigint>>,
  ) => {
    const record = RECORDS + index * RECORD_BYTES.integer
    for (const [i, word] of words.entries()) view.setUint32(CODE + index * CODE_BYTES + 4 * i, word)
    for (const [r, value] of Object.entries(gpr)) view.setBigUint64(record + AT.gpr + 8 * Number(r), value)
    view.setBigUint64(record + AT.msr, msr)
    view.setBigUint64(record + AT.code, pc)
  }
  const real = (index: number) => BigInt(CODE + index * CODE_BYTES)
  put(0, [SC_1, SC], SF | ME, real(0), { 3: 0x37cn, 4: 0x1dn, 5: BigInt(table), 6: 0n, 7: 0n })
  const places = [...kernel.places, ...users.flatMap((user) => user.places)]
  for (let i = 1; i < 2 * CASES; i += 2) {
    const access = drawAccess(places, i + 1, draw)
    const set = [mtspr(AMR, 10), mtspr(IAMR, 11), mtspr(PIDR, 12), mtspr(DEC, 13), SC]
    put(i, set, SF | ME, real(i), {
      10: access.amr,
      11: access.iamr,
      12: BigInt(access.pid),
      13: 0x7fff_ffffn,
    })
    const base = access.address - 16n
    const indexed = access.words[0]! >>> 26 === 31
    put(i + 1, access.words, access.msr, access.pc, {
      4: BigInt.asUintN(64, indexed ? base : access.address),
      5: 16n,
      9: (BigInt(draw.next(1 << 30)) << 32n) | BigInt(draw.next(1 << 30)),
    })
  }
  const count = 2 * CASES + 1
  view.setBigUint64(HEADER, BigInt(count))
  view.setBigUint64(HEADER + 8, BigInt(RECORDS))
  const blank = { words: [], little: false, narrow: false, seed }
  return {
    kind: 'integer',
    cases: Array.from({ length: count }, () => blank),
    header: memory.slice(HEADER, HEADER + 16),
    code: memory.slice(CODE, CODE + count * CODE_BYTES),
    records: memory.slice(RECORDS, END),
  }
}

/** What of a run's bytes belongs to a case: its record. The rest, from `memoryFrom` on, is tables and pages. */
export const recordOf = (index: number): number => (2 * index + 2) * RECORD_BYTES.integer
export const memoryFrom = TABLES - RECORDS
export const describeAt = (at: number): string => {
  const real = RECORDS + at
  return real < PAGES ? `tables at 0x${real.toString(16)}` : `pages at 0x${real.toString(16)}`
}
