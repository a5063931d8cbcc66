/** Words into text, by the table of instructions. Names are the architecture's: no simplified mnemonics. */
import { INSTRUCTIONS, type Instruction } from './instructions.js'
import { SPRS } from './sprs.js'

const field = (word: number, shift: number, bits: number) => (word >>> shift) & ((1 << bits) - 1)
const signed = (value: number, bits: number) => (value << (32 - bits)) >> (32 - bits)
const sprNumber = (word: number) => field(word, 16, 5) | (field(word, 11, 5) << 5)
const register = (number: number) => `r${number}`
const base = (word: number) => (field(word, 16, 5) === 0 ? '0' : register(field(word, 16, 5)))
const hex = (value: number | bigint) => `0x${value.toString(16)}`

/** What an operand of the table's column is in a word; branch targets need the word's own address. */
const OPERANDS: Readonly<Record<string, (word: number, address: bigint) => string>> = {
  RT: (w) => register(field(w, 21, 5)),
  RS: (w) => register(field(w, 21, 5)),
  RTp: (w) => register(field(w, 21, 5)),
  RSp: (w) => register(field(w, 21, 5)),
  RA: (w) => register(field(w, 16, 5)),
  RA0: base,
  RB: (w) => register(field(w, 11, 5)),
  RC: (w) => register(field(w, 6, 5)),
  SI: (w) => `${signed(w, 16)}`,
  UI: (w) => `${field(w, 0, 16)}`,
  BF: (w) => `cr${field(w, 23, 3)}`,
  BFA: (w) => `cr${field(w, 18, 3)}`,
  L: (w) => `${field(w, 21, 1)}`,
  TO: (w) => `${field(w, 21, 5)}`,
  SH: (w) => `${field(w, 11, 5)}`,
  MB: (w) => `${field(w, 6, 5)}`,
  ME: (w) => `${field(w, 1, 5)}`,
  SH6: (w) => `${field(w, 11, 5) | (field(w, 1, 1) << 5)}`,
  MB6: (w) => `${field(w, 6, 5) | (field(w, 5, 1) << 5)}`,
  BO: (w) => `${field(w, 21, 5)}`,
  BI: (w) => `${field(w, 16, 5)}`,
  BH: (w) => `${field(w, 11, 2)}`,
  BT: (w) => `${field(w, 21, 5)}`,
  BA: (w) => `${field(w, 16, 5)}`,
  BB: (w) => `${field(w, 11, 5)}`,
  BC: (w) => `${field(w, 6, 5)}`,
  BD: (w, address) => target(w, signed(w & 0xfffc, 16), address),
  LI: (w, address) => target(w, signed(w & 0x03ff_fffc, 26), address),
  LEV: (w) => `${field(w, 5, 7)}`,
  FXM: (w) => `${field(w, 12, 8)}`,
  SPR: (w) => SPRS.find(({ number }) => number === sprNumber(w))?.name ?? `${sprNumber(w)}`,
  NB: (w) => `${field(w, 11, 5)}`,
  FC: (w) => `${field(w, 11, 5)}`,
  CT: (w) => `${field(w, 21, 5)}`,
  CY: (w) => `${field(w, 9, 2)}`,
  RIC: (w) => `${field(w, 18, 2)}`,
  PRS: (w) => `${field(w, 17, 1)}`,
  R: (w) => `${field(w, 16, 1)}`,
  SR: (w) => `${field(w, 16, 4)}`,
  VRT: (w) => `v${field(w, 21, 5)}`,
  VRA: (w) => `v${field(w, 16, 5)}`,
  VRB: (w) => `v${field(w, 11, 5)}`,
  VRC: (w) => `v${field(w, 6, 5)}`,
  FRT: (w) => `f${field(w, 21, 5)}`,
  FRA: (w) => `f${field(w, 16, 5)}`,
  FRB: (w) => `f${field(w, 11, 5)}`,
  FRC: (w) => `f${field(w, 6, 5)}`,
  // The sixth bit of a VSX register's number lies at the end of the word.
  XT: (w) => `vs${field(w, 21, 5) | (field(w, 0, 1) << 5)}`,
  XA: (w) => `vs${field(w, 16, 5) | (field(w, 2, 1) << 5)}`,
  XB: (w) => `vs${field(w, 11, 5) | (field(w, 1, 1) << 5)}`,
  XC: (w) => `vs${field(w, 6, 5) | (field(w, 3, 1) << 5)}`,
  XTdq: (w) => `vs${field(w, 21, 5) | (field(w, 3, 1) << 5)}`,
  UIM2: (w) => `${field(w, 16, 2)}`,
  UIM4: (w) => `${field(w, 16, 4)}`,
  UIM5: (w) => `${field(w, 16, 5)}`,
  SIM: (w) => `${signed(field(w, 16, 5), 5)}`,
  SHB: (w) => `${field(w, 6, 4)}`,
  SHW: (w) => `${field(w, 8, 2)}`,
  DM: (w) => `${field(w, 8, 2)}`,
  IMM8: (w) => `${field(w, 11, 8)}`,
  ST: (w) => `${field(w, 15, 1)}`,
  SIX: (w) => `${field(w, 11, 4)}`,
  STRM: (w) => `${field(w, 21, 2)}`,
  BTF: (w) => `${field(w, 21, 5)}`,
  U: (w) => `${field(w, 12, 4)}`,
  W: (w) => `${field(w, 16, 1)}`,
  FLM: (w) => `${field(w, 17, 8)}`,
  LW: (w) => `${field(w, 25, 1)},${field(w, 16, 1)}`,
  DRM: (w) => `${field(w, 11, 3)}`,
  RM: (w) => `${field(w, 11, 2)}`,
  DCMX: (w) => `${field(w, 16, 7)}`,
  DCMXs: (w) => `${(w & 0x40) | ((w & 4) << 3) | field(w, 16, 5)}`,
  DX: (w) => `${signed((w & 0xffc0) | (field(w, 16, 5) << 1) | (w & 1), 16)}`,
}

/** A displacement with its base: `-8(r1)`. */
const DISPLACEMENTS: Readonly<Record<string, number>> = { D: 0xffff, DS: 0xfffc, DQ: 0xfff0 }

function target(word: number, distance: number, address: bigint): string {
  return hex(BigInt.asUintN(64, word & 2 ? BigInt(distance) : address + BigInt(distance)))
}

function operand(name: string, word: number, address: bigint): string {
  const [displacement, inner] = name.split(/[()]/)
  const mask = DISPLACEMENTS[displacement!]
  if (inner === undefined || mask === undefined) return OPERANDS[name]!(word, address)
  return `${signed(word & mask, 16)}(${OPERANDS[inner]!(word, address)})`
}

function matches({ primary, mask, value }: Instruction, word: number): boolean {
  return word >>> 26 === primary && (word & mask) === value
}

/** The row of the table that a word is an instance of. */
export function findInstruction(word: number): Instruction | undefined {
  return INSTRUCTIONS.find((row) => matches(row, word))
}

/** Bit 0 stands for Rc, or for LK in branches. */
function suffix(row: Instruction, word: number): string {
  if (row.costClass === 'branch')
    return `${word & 1 ? 'l' : ''}${'BI'.includes(row.form) && word & 2 ? 'a' : ''}`
  // Vector comparisons have Rc in the middle.
  if (row.form === 'VC' || row.form === 'XX3C') return word & 0x400 ? '.' : ''
  return row.record && word & 1 ? '.' : ''
}

/** One instruction as text; a word that is none as `.long`. */
export function disassemble(word: number, address = 0n): string {
  const row = findInstruction(word)
  if (!row) return `.long ${hex(word >>> 0)}`
  const operands = row.operands.map((name) => operand(name, word, address))
  return `${row.name}${suffix(row, word)}${operands.length > 0 ? ` ${operands.join(',')}` : ''}`
}
