/**
 * What cases with floating point and vectors start from: registers full of special values, FPSCR, VSCR, and which facilities
 * and exceptions MSR lets through.
 */
import { findInstruction } from '../../src/power/disassemble.js'
import { type Drawer, isNegated, isReciprocal, isVectorToInteger } from './cases.js'

export interface FloatStart {
  /** 64 registers of 128 bits, as two doublewords each. */
  readonly vsr: readonly (readonly [bigint, bigint])[]
  readonly fpscr: bigint
  readonly vscr: number
  /** MSR bits besides those of every case. */
  readonly msr: bigint
}

const FP = 1n << 13n
const VEC = 1n << 25n
const VSX = 1n << 23n
const FE_ON = [1n << 11n, 1n << 8n, (1n << 11n) | (1n << 8n)]
const FE = [0n, 0n, ...FE_ON]
/** Enable bits of FPSCR. With VE or ZE, and FE off, QEMU writes the result that should not be there. */
const [VE, OE, UE, ZE, XE] = [1n << 7n, 1n << 6n, 1n << 5n, 1n << 4n, 1n << 3n]

/** Ends, halves and middles of the numbers of a format: fraction bits and exponent bits. */
function specials(fractionBits: bigint, exponentBits: bigint): bigint[] {
  const one = 1n << fractionBits
  const most = (1n << exponentBits) - 1n
  const bias = most >> 1n
  const at = (exponent: bigint, fraction: bigint) => (exponent << fractionBits) | (fraction & (one - 1n))
  return [
    ...[0n, 1n, 2n, one - 1n, one >> 1n, (one >> 1n) + 1n],
    ...[at(1n, 0n), at(1n, 1n), at(1n, -1n), at(2n, 0n), at(fractionBits, 0n), at(fractionBits + 1n, -1n)],
    ...[
      at(bias - 1n, 0n),
      at(bias - 1n, -1n),
      at(bias, 0n),
      at(bias, 1n),
      at(bias, one >> 1n),
      at(bias + 1n, 0n),
    ],
    ...[at(bias + 30n, 0n), at(bias + 31n, 0n), at(bias + 31n, 1n), at(bias + 32n, 0n), at(bias + 30n, -1n)],
    ...[at(bias + fractionBits, 1n), at(bias + fractionBits + 1n, 1n), at(most - 1n, 0n), at(most - 1n, -1n)],
    ...[at(most, 0n), at(most, 1n), at(most, one >> 1n), at(most, (one >> 1n) + 5n), at(most, -1n)],
  ]
}

const DOUBLES = [
  ...specials(52n, 11n),
  // Integers and halves at the ends of what conversions give; where singles begin and end.
  ...[
    0x43e0_0000_0000_0000n,
    0x43df_ffff_ffff_ffffn,
    0x43f0_0000_0000_0000n,
    0x43ef_ffff_ffff_ffffn,
    0x41df_ffff_ffc0_0000n,
    0x41df_ffff_ffe0_0000n,
    0x41df_ffff_fff0_0000n,
    0x41ef_ffff_ffe0_0000n,
    0x41ef_ffff_fff0_0000n,
    0x47ef_ffff_e000_0000n,
    0x47ef_ffff_f000_0000n,
    0x47ef_ffff_efff_ffffn,
    0x47f0_0000_0000_0000n,
    0x3810_0000_0000_0000n,
    0x380f_ffff_ffff_ffffn,
    0x3690_0000_0000_0000n,
    0x36a0_0000_0000_0000n,
    0x368f_ffff_ffff_ffffn,
    0x3ff8_0000_0000_0000n,
    0x4004_0000_0000_0000n,
    0x3fe0_0000_0000_0001n,
  ],
]
const SINGLES = specials(23n, 8n)
const BYTES = [0n, 1n, 0x7fn, 0x80n, 0xffn]

function bits(draw: Drawer, count: number): bigint {
  let value = 0n
  for (let i = 0; i < count; i += 16) value = (value << 16n) | BigInt(draw.next(1 << 16))
  return BigInt.asUintN(count, value)
}

/** A double: special, near a power of two, or any number with an exponent that leaves something to do. */
export function drawDouble(draw: Drawer): bigint {
  const sign = BigInt(draw.next(2)) << 63n
  const kind = draw.next(8)
  if (kind < 3) return sign | draw.pick(DOUBLES)
  if (kind === 3) return bits(draw, 64)
  const exponent = BigInt(
    kind === 4 ? 870 + draw.next(64) : kind === 5 ? draw.next(2048) : 1023 - 64 + draw.next(136),
  )
  const fraction = draw.next(3) === 0 ? bits(draw, 16) << BigInt(draw.next(37)) : bits(draw, 52)
  return sign | (exponent << 52n) | BigInt.asUintN(52, fraction)
}

/** A single that is widened, as lfs leaves it in a register. */
function drawWidened(draw: Drawer): bigint {
  const [view, fraction] = [new DataView(new ArrayBuffer(8)), bits(draw, 23)]
  const sign = BigInt(draw.next(2)) << 31n
  view.setUint32(0, Number(sign | (BigInt(draw.next(255)) << 23n) | fraction))
  view.setFloat64(0, view.getFloat32(0))
  return view.getBigUint64(0)
}

function drawSingle(draw: Drawer): bigint {
  const sign = BigInt(draw.next(2)) << 31n
  if (draw.next(2) === 0) return sign | draw.pick(SINGLES)
  const exponent = BigInt(draw.next(3) === 0 ? draw.next(256) : 127 - 30 + draw.next(64))
  return sign | (exponent << 23n) | bits(draw, 23)
}

/** Eight bytes of a register. */
function drawHalf(draw: Drawer): bigint {
  const kind = draw.next(10)
  if (kind < 4) return drawDouble(draw)
  if (kind === 4) return drawWidened(draw)
  if (kind < 7) return (drawSingle(draw) << 32n) | drawSingle(draw)
  if (kind === 7)
    return Array.from({ length: 8 }, () => draw.pick(BYTES)).reduce((all, byte) => (all << 8n) | byte, 0n)
  if (kind === 8) return BigInt.asUintN(64, BigInt(draw.next(256)) - 128n)
  return bits(draw, 64)
}

/** Status bits of FPSCR, and which exceptions are enabled; no exception that is enabled is there from the start. */
function drawFpscr(draw: Drawer, server: boolean): bigint {
  const enabled = draw.next(3) === 0 ? draw.next(32) << 3 : 0
  const sticky = draw.next(2) === 0 ? bits(draw, 32) & 0x9fff_f700n : 0n
  let value = sticky | BigInt(enabled) | BigInt(draw.next(4))
  for (const bit of [3n, 4n, 5n, 6n]) if ((BigInt(enabled) >> bit) & 1n) value &= ~(1n << (bit + 22n))
  if (enabled & 0x80) value &= ~0x01f8_0700n
  // QEMU sets FX with every exception, also with one that was there.
  if (value & 0x1ff8_0700n) value |= 1n << 31n
  return server && draw.next(4) === 0 ? value | (BigInt(draw.next(8)) << 32n) : value
}

/** QEMU 7.2 asks for other facilities than the architecture where the register's number decides, and in six more. */
function isClear(word: number): boolean {
  const row = findInstruction(word)
  return (
    row !== undefined && !row.facility.includes('-') && !/^((l|st)xs(d|sp)|vrl[wd](mi|nm))$/.test(row.name)
  )
}

/**
 * Bits of FPSCR that a case starts without, since QEMU 7.2 has wrong what they ask for. fnmadd and its kin give the negative
 * of what fmadd gives; QEMU negates first and then rounds, so that up and down change places. frsp scales exponents of
 * doubles modulo 256, and so do other instructions whose operands are no singles. fcmpo of a signalling NaN sets VXVC with VE as
 * well. Of an integer that is inexact as a number no result is left if that is an enabled exception.
 */
function withheld(words: readonly number[]): bigint {
  const names = words.map((word) => findInstruction(word)?.name ?? '')
  const without = (found: boolean, bits: bigint) => (found ? bits : 0n)
  return (
    without(names.some(isNegated), 2n) |
    without(names.includes('fcmpo'), VE) |
    without(names.includes('frsp') || (words.some(isShort) && !words.every(isShort)), OE | UE) |
    without(
      names.some((name) => name.startsWith('fcfid')),
      XE,
    ) |
    without(
      names.some((name) => /^x[sv]/.test(name)),
      VE | OE | UE | ZE | XE,
    )
  )
}

/** Neither a double nor two singles that are zero. */
const withoutZero = (value: bigint) =>
  value | (BigInt.asUintN(31, value) === 0n ? 1n : 0n) | ((value >> 32n) & 0x7fff_ffffn ? 0n : 1n << 32n)

/** Neither a double nor a single that is a NaN. */
const withoutNan = (value: bigint) => value & ~((1n << 53n) | (1n << 24n) | (1n << 56n))

/** Arithmetic that rounds to singles. */
const isShort = (word: number) => word >>> 26 === 59 || /^xs\w+sp$/.test(findInstruction(word)?.name ?? '')

export function drawFloatStart(words: readonly number[], draw: Drawer, server: boolean): FloatStart {
  const facilities = server ? [FP, VEC, VSX] : [FP]
  const off = draw.next(12) === 0 && words.every(isClear) ? draw.pick(facilities) : 0n
  const fpscr = drawFpscr(draw, server) & ~withheld(words)
  const names = words.map((word) => findInstruction(word)?.name ?? '')
  const half = () => {
    const value = fpscr & (OE | UE) && words.some(isShort) ? drawWidened(draw) : drawHalf(draw)
    if (names.some(isVectorToInteger)) return withoutNan(value)
    return names.some(isReciprocal) ? withoutZero(value) : value
  }
  return {
    vsr: Array.from({ length: server ? 64 : 32 }, () => [half(), half()] as const),
    fpscr,
    vscr: (draw.next(2) << 16) | (draw.next(8) === 0 ? 1 : 0),
    msr:
      facilities.reduce((all, facility) => all | facility, draw.pick(fpscr & (VE | ZE) ? FE_ON : FE)) & ~off,
  }
}
