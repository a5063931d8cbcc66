/**
 * Draws cases for the random instruction tester from the table of instructions: one to three instructions each, with
 * operands that keep storage accesses inside the case's own memory, and the registers they start from.
 *
 * Left out is what this tester cannot compare: instructions that read time, change MSR, wait, or speak to a platform;
 * forms that the architecture calls invalid; and where QEMU 7.2 is known to be wrong: divde does not see all overflows,
 * stqcx. never stores, lwat and stwat compare words without their sign, st*cx. takes any alignment, vrldmi does not insert,
 * mtfsb1 of an exception does not set FX, xsaddsp and the like round twice, xststdcsp finds classes that were not asked for,
 * xvmaxsp and xvminsp choose another one of two NaNs.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { findInstruction } from '../../src/power/disassemble.js'
import { INSTRUCTIONS, type Instruction } from '../../src/power/instructions.js'
import type { Kind } from './records.js'

export interface Case {
  readonly words: readonly number[]
  readonly little: boolean
  /** 64-bit CPUs: starts in 32-bit mode. */
  readonly narrow: boolean
  /** What the case starts from is drawn from this (drawStart), whatever the table of instructions is. */
  readonly seed: number
}

export interface Start {
  readonly gpr: readonly bigint[]
  readonly cr: number
  readonly xer: number
  /** null: behind the case's instructions. */
  readonly lr: bigint | null
  readonly ctr: bigint | null
  /** Offsets in the case's memory that r4, r5 and r6 point to. */
  readonly bases: readonly [number, number, number]
}

/** r4-r6 point into the case's memory, r7 and r8 are small numbers; no instruction changes them, but by update. */
const BASES = [4, 5, 6]
const INDICES = [7, 8]
const FREE = Array.from({ length: 32 }, (_, r) => r).filter((r) => ![...BASES, ...INDICES].includes(r))

const LEFT_OUT = new Set([
  ...[
    'mfspr',
    'mftb',
    'mtspr',
    'mtmsr',
    'mtmsrd',
    'mfmsr',
    'rfi',
    'rfid',
    'hrfid',
    'scv',
    'rfscv',
    'stop',
    'wait',
    'sc',
    'b',
    'bctar',
  ],
  ...[
    'vrldmi',
    'xvmaxsp',
    'xvminsp',
    'xsaddsp',
    'xssubsp',
    'xsmulsp',
    'xsdivsp',
    'xscvsxdsp',
    'xscvuxdsp',
    'xststdcsp',
  ],
  ...[
    'divde',
    'divdeo',
    'stbcx.',
    'sthcx.',
    'stwcx.',
    'stdcx.',
    'stqcx.',
    'tlbie',
    'tlbiel',
    'tlbia',
    'tlbsync',
    'msgsndp',
    'msgclrp',
    'mtsr',
    'mtsrin',
    'mfsr',
    'mfsrin',
    'icbt',
    'dcbi',
  ],
])

/** SPRs that hold what is written, and that the tester does not use itself: XER, LR, CTR, DAR. */
const SPRS = [1, 8, 9, 19]

const INTERESTING = [
  0n,
  1n,
  2n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
]

export interface Drawer {
  next(limit: number): number
  pick<T>(list: readonly T[]): T
}

export function drawer(seed: number): Drawer {
  const source = xoroshiro128plus(seed)
  const next = (limit: number) => (source.next() >>> 1) % limit
  return { next, pick: (list) => list[next(list.length)]! }
}

function number64(draw: Drawer): bigint {
  const kind = draw.next(8)
  if (kind === 0) return draw.pick(INTERESTING)
  if (kind === 1) return BigInt(draw.next(256))
  if (kind === 2) return BigInt.asUintN(64, -BigInt(draw.next(256)))
  const word = () => BigInt(draw.next(1 << 16)) | (BigInt(draw.next(1 << 16)) << 16n)
  if (kind === 3) return word()
  if (kind === 4) return BigInt.asUintN(64, BigInt.asIntN(32, word()))
  return word() | (word() << 32n)
}

/** Bits of the word from the operands of the table; what they may be is up to `row`. */
function operand(name: string, row: Instruction, draw: Drawer): number {
  // vextuwlx and its kin: RA says where an element begins.
  if (name === 'RA' && row.name.startsWith('vextu')) return draw.pick(INDICES) << 16
  const storage = row.operands.some((other) => /^RA0?$|\(RA0?\)$/.test(other)) && isStorage(row)
  switch (name) {
    case 'RT':
      return (
        (row.name.startsWith('lmw')
          ? 20 + draw.next(12)
          : row.name.startsWith('lsw')
            ? 9 + draw.next(12)
            : draw.pick(FREE)) << 21
      )
    case 'RS':
      return (row.name.startsWith('stmw') ? 20 + draw.next(12) : draw.next(32)) << 21
    case 'RTp':
      return (10 + 2 * draw.next(11)) << 21
    case 'RSp':
      return (2 * draw.next(16)) << 21
    case 'RA':
    case 'RA0':
      return (storage ? draw.pick(BASES) : writesRa(row) ? draw.pick(FREE) : draw.next(32)) << 16
    case 'RB':
      return (storage ? draw.pick(INDICES) : draw.next(32)) << 11
    case 'RC':
      return draw.next(32) << 6
    case 'SI':
      return draw.next(1 << 16)
    case 'UI':
      return draw.next(1 << 16)
    case 'VRT':
    case 'FRT':
      return draw.next(32) << 21
    case 'VRA':
    case 'FRA':
      return draw.next(32) << 16
    case 'VRB':
    case 'FRB':
      return draw.next(32) << 11
    case 'VRC':
    case 'FRC':
      return draw.next(32) << 6
    case 'XT':
      return (draw.next(32) << 21) | draw.next(2)
    case 'XA':
      return (draw.next(32) << 16) | (draw.next(2) << 2)
    case 'XB':
      return (draw.next(32) << 11) | (draw.next(2) << 1)
    case 'XC':
      return (draw.next(32) << 6) | (draw.next(2) << 3)
    case 'XTdq':
      return (draw.next(32) << 21) | (draw.next(2) << 3)
    case 'D(RA)':
    case 'D(RA0)':
      return (draw.pick(BASES) << 16) | ((draw.next(64) - 32) & 0xffff)
    case 'DS(RA)':
    case 'DS(RA0)':
      return (draw.pick(BASES) << 16) | ((draw.next(64) - 32) & 0xfffc)
    case 'DQ(RA0)':
      return (draw.pick(BASES) << 16) | ((draw.next(64) - 32) & 0xfff0)
    case 'BD':
      return 8
    case 'FXM':
      return fieldMask(row, draw)
    case 'FC':
      // QEMU compares words without their sign: no signed maximum and minimum of words.
      return draw.pick(row.name.endsWith('dat') ? [0, 1, 2, 3, 4, 5, 6, 7] : [0, 1, 2, 3, 4, 6]) << 11
    case 'BO':
      return branchOptions(row, draw) << 21
    case 'DX':
      return (draw.next(32) << 16) | (draw.next(1024) << 6) | draw.next(2)
    default:
      return small(name, row, draw)
  }
}

/** Fields of a few bits: how many, and where they start. */
const FIELDS: Readonly<Record<string, readonly [bits: number, shift: number]>> = {
  BF: [3, 23],
  BFA: [3, 18],
  TO: [5, 21],
  SH: [5, 11],
  NB: [5, 11],
  MB: [5, 6],
  ME: [5, 1],
  BI: [5, 16],
  BT: [5, 21],
  BA: [5, 16],
  BB: [5, 11],
  BC: [5, 6],
  UIM2: [2, 16],
  UIM5: [5, 16],
  SIM: [5, 16],
  SHB: [4, 6],
  SHW: [2, 8],
  DM: [2, 8],
  IMM8: [8, 11],
  DCMX: [7, 16],
  ST: [1, 15],
  SIX: [4, 11],
  STRM: [2, 21],
  U: [4, 12],
  W: [1, 16],
  FLM: [8, 17],
  DRM: [3, 11],
  RM: [2, 11],
}

/** Bytes of an element by the last letter of vextractub, vinsertd and so on. */
const ELEMENT: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, d: 8 }

function small(name: string, row: Instruction, draw: Drawer): number {
  const field = FIELDS[name]
  if (field) return draw.next(1 << field[0]) << field[1]
  // Bits of FPSCR without exceptions, and without NI: under QEMU mtfsb1 sets neither FX nor NI.
  if (name === 'BTF')
    return draw.pick([0, 1, 2, 13, 14, 15, 16, 17, 18, 19, 20, 24, 25, 26, 27, 28, 30, 31]) << 21
  // The element has to end inside the register.
  if (name === 'UIM4') return draw.next(17 - (ELEMENT[row.name.at(-1)!] ?? 4)) << 16
  if (name === 'DCMXs') return (draw.next(32) << 16) | (draw.next(2) << 6) | (draw.next(2) << 2)
  // A whole FPSCR, one half, or the fields of FLM.
  if (name === 'LW') return draw.next(4) === 0 ? draw.next(2) << 16 : draw.next(2) << 25
  if (name === 'SH6') return (draw.next(32) << 11) | (draw.next(2) << 1)
  if (name === 'MB6') return (draw.next(32) << 6) | (draw.next(2) << 5)
  // On 32-bit CPUs a comparison of doublewords does not exist.
  if (name === 'L') return row.name.startsWith('cmp') ? draw.next(2) << 21 : 0
  return 0 // BH, CY, CT: hints, or the only value there is
}

const isStorage = ({ costClass }: Instruction) =>
  ['load', 'store', 'multiple', 'reserve', 'cache'].includes(costClass)

/** RA is the result of logical and rotate instructions, and of those that name it first. */
const writesRa = (row: Instruction) => row.operands[0] === 'RA'

function fieldMask(row: Instruction, draw: Drawer): number {
  // mfocrf and mtocrf name one field; the general forms have bit 11 clear.
  if (draw.next(2) === 0) return (1 << 20) | ((1 << draw.next(8)) << 12)
  return row.name === 'mfcr' ? 0 : draw.next(256) << 12
}

function branchOptions(row: Instruction, draw: Drawer): number {
  const bo = draw.pick([0, 2, 4, 8, 10, 12, 16, 18, 20])
  return row.name === 'bcctr' ? bo | 4 : bo
}

function instruction(rows: readonly Instruction[], server: boolean, draw: Drawer): number {
  return rows[0]!.facility === 'none' && draw.next(40) === 0
    ? moveSpr(draw)
    : drawWord(draw.pick(rows), server, draw)
}

/** An instruction of a row, with operands of its own. */
export function drawWord(row: Instruction, server: boolean, draw: Drawer): number {
  let word = ((row.primary << 26) | row.value) >>> 0
  for (const name of row.operands) word = (word | operand(name, row, draw)) >>> 0
  if (!server && row.name.startsWith('cmp')) word = (word & ~(1 << 21)) >>> 0
  // L and W of mtfsf, W of mtfsfi: not on classic CPUs.
  if (!server && row.name.startsWith('mtfsf')) word = (word & ~((1 << 25) | (1 << 16))) >>> 0
  if (row.record && draw.next(2) === 0) word |= 1
  if (row.form === 'VC' || row.form === 'XX3C') word |= draw.next(2) << 10
  if (row.costClass === 'branch') word |= draw.next(2)
  if (row.name.endsWith('.') && row.primary === 31) word |= 1
  return word >>> 0
}

function moveSpr(draw: Drawer): number {
  const n = draw.pick(SPRS)
  const write = draw.next(2) === 0
  const t = write ? draw.next(32) : draw.pick(FREE)
  return ((31 << 26) | (t << 21) | ((n & 31) << 16) | ((n >> 5) << 11) | ((write ? 467 : 339) << 1)) >>> 0
}

/** What the CPU has, without what cannot be compared. */
export function testedRows(server: boolean, kind: Kind): readonly Instruction[] {
  return INSTRUCTIONS.filter(
    (row) =>
      !LEFT_OUT.has(row.name) &&
      (kind === 'float') === (row.facility !== 'none') &&
      !(server ? row.only32 : row.only64 || row.server),
  )
}

export function drawCase(rows: readonly Instruction[], server: boolean, draw: Drawer): Case {
  const count = 1 + draw.next(3)
  let words: number[]
  do words = Array.from({ length: count }, () => instruction(rows, server, draw))
  while (goesAstray(words) || seesQuirks(words))
  // A case with lwarx and stwcx. together is rare by chance.
  if (rows[0]!.facility === 'none' && draw.next(30) === 0)
    words.splice(0, words.length, ...reservedPair(rows, draw))
  return {
    words,
    little: server && draw.next(3) === 0 && !words.some(isMultiple),
    narrow: server && draw.next(4) === 0,
    seed: draw.next(1 << 30),
  }
}

/** The registers that a case starts from; more is drawn from `draw` for its memory. */
export function drawStart({ words }: Case, server: boolean, draw: Drawer): Start {
  const bases = [64 + draw.next(64), 64 + draw.next(64), 64 + 16 * draw.next(4)] as const
  const gpr = Array.from({ length: 32 }, () => number64(draw))
  for (const r of INDICES) gpr[r] = BigInt(draw.pick([0, 4, 8, 16, 32, draw.next(33)]))
  if (words.some(isExtract)) for (const r of INDICES) gpr[r] = BigInt(draw.next(13))
  if (words.some(isConditional)) gpr[8] = BigInt(16 * draw.next(3))
  return {
    gpr,
    cr: draw.next(1 << 16) * 65536 + draw.next(1 << 16),
    // The byte count of string instructions: no more than fills registers that are not bases.
    xer: ((draw.next(8) << 29) | (draw.next(server ? 4 : 1) << 18) | draw.next(33)) >>> 0,
    lr: words.some(isToRegister) ? null : number64(draw),
    ctr: words.some(isToRegister) ? null : draw.next(4) === 0 ? 1n : number64(draw),
    bases,
  }
}

const isBranch = (word: number) => word >>> 26 === 16 || isToRegister(word)
/** bclr and bcctr: LR and CTR have to point behind the case. */
const isToRegister = (word: number) => word >>> 26 === 19 && [16, 528].includes((word >>> 1) & 1023)
const isMtspr = (word: number) => word >>> 26 === 31 && ((word >>> 1) & 1023) === 467

const extended = (word: number) => (word >>> 26 === 31 ? (word >>> 1) & 1023 : -1)
/** vextublx to vextuwrx. */
const isExtract = (word: number) =>
  word >>> 26 === 4 && ((word & 0x7ff) - 1549) % 64 === 0 && (word & 0x7ff) >= 1549
/** QEMU does not look at the alignment of st*cx. without a reservation; these come in pairs with an aligned address. */
const isConditional = (word: number) => [150, 182, 214, 694, 726].includes(extended(word))
/** In little-endian mode QEMU takes the alignment interrupt of these without setting DAR. */
const isMultiple = (word: number) =>
  [46, 47].includes(word >>> 26) || [533, 597, 661, 725].includes(extended(word))

/** lswx and stswx: their count is in XER, and more than 32 bytes reach the bases or beyond the case's memory. */
const isCounted = (word: number) => [533, 661].includes(extended(word))

/** Two branches, or an SPR changed that says where a branch goes or how long a string is: anything could happen. */
function goesAstray(words: readonly number[]): boolean {
  const branches = words.filter(isBranch).length
  return branches > 1 || (words.some(isMtspr) && (branches === 1 || words.some(isCounted)))
}

/**
 * QEMU sets FX with every exception, not only with a new one, and never FR; so no instruction that reads or writes FPSCR stands
 * beside one that computes. Of zero fre and fres give 1/2 there, so their operand must not be a result.
 */
function seesQuirks(words: readonly number[]): boolean {
  const rows = words.flatMap((word) => findInstruction(word) ?? [])
  // Nor that of conversions of vectors to integers: see float-cases.ts.
  if (rows.slice(1).some(({ name }) => isReciprocal(name) || isVectorToInteger(name))) return true
  return (
    rows.some(({ does }) => COMPUTES.has(does)) && rows.some(({ name }) => /^mtfs|^mffs|^mcrfs/.test(name))
  )
}
/** Files of handlers that change FPSCR by what they compute. */
const COMPUTES = new Set(['fp', 'xscalar', 'xvector'])
export const isReciprocal = (name: string) => /^fres?$|^x[sv]r(e|sqrte)[sd]p$/.test(name)
/** Of several elements that are no integers QEMU takes a NaN for a number. */
export const isVectorToInteger = (name: string) => /^xvcv[sd]p[su]x[wd]s$/.test(name)
export const isNegated = (name: string) => /^(fnm|x[sv]nm)/.test(name)

/** Without lqarx: under QEMU 7.2 stqcx. never stores. */
const PAIRS = ['lbarx', 'lharx', 'lwarx', 'ldarx']

function reservedPair(rows: readonly Instruction[], draw: Drawer): number[] {
  const loads = rows.filter(({ name }) => PAIRS.includes(name))
  const load = draw.pick(loads)
  const store = INSTRUCTIONS.find(({ name }) => name === `st${load.name[1]}cx.`)!
  const [a, b] = [6 << 16, 8 << 11]
  const word = (row: Instruction, r: number) => ((31 << 26) | (r << 21) | a | b | (row.extended << 1)) >>> 0
  return [word(load, 11), word(store, draw.next(16) * 2) | 1]
}
