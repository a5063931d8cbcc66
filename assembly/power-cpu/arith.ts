/**
 * Arithmetic, CR and trap instructions that are rare enough to be a call away from the interpreter's loop. All get the
 * instruction word. Source: Power ISA 3.0B, Book I, chapter 3; where it leaves a result undefined, as QEMU has it
 * (a quotient that does not exist is the dividend; of the extended divisions, and a remainder, 0).
 */
import { div_wide, mulhi_u64 } from '../wide'
import { raise_program, PROGRAM_TRAP } from './exception'
import {
  CA, CA32, cr_bit, CRF, field_a, field_b, field_c, field_d, get_cr, gpr, NEXT, OV, OV32, record_cr0, server, set_cr_bit,
  set_gpr, SO, wide_mode,
} from './registers'
import { Arith } from './tables'

/** Number of the handler: the slot's aux. */
@inline function which(slot: usize): i32 { return load<u16>(slot, 12) }

export function arith(slot: usize, pc: u64): u32 {
  const word = load<u32>(slot, 8)
  const a = gpr(field_a(word))
  const b = gpr(field_b(word))
  const s = gpr(field_d(word))
  switch (which(slot)) {
    case Arith.TDI: return trap(word, s_compare(a, <u64><i64><i16>word), pc)
    case Arith.TWI: return trap(word, s_compare(<u64><i64><i32>a, <u64><i64><i16>word), pc)
    case Arith.TW: return trap(word, s_compare(<u64><i64><i32>a, <u64><i64><i32>b), pc)
    case Arith.TD: return trap(word, s_compare(a, b), pc)
    case Arith.RLWNM: return to_a(word, rotate_word(<u32>s, <u32>b & 31, word))
    case Arith.RLDCL: return to_a(word, rotl<u64>(s, b & 63) & (u64.MAX_VALUE >> mb6(word)))
    case Arith.RLDCR: return to_a(word, rotl<u64>(s, b & 63) & (u64.MAX_VALUE << (63 - mb6(word))))
    case Arith.SRAW: return to_a(word, shift_word(s, b))
    case Arith.SRAD: return to_a(word, shift_doubleword(s, b))
    case Arith.EXTSWSLI: return to_a(word, <u64><i64><i32>s << ((<u64>field_b(word)) | ((word & 2) << 4)))
    case Arith.CNTTZW: return to_a(word, <u64>ctz<u32>(<u32>s))
    case Arith.CNTTZD: return to_a(word, ctz<u64>(s))
    case Arith.POPCNTB: return plain_a(word, bytes_popcount(s))
    case Arith.POPCNTW: return plain_a(word, <u64>popcnt<u32>(<u32>s) | (<u64>popcnt<u32>(<u32>(s >> 32)) << 32))
    case Arith.POPCNTD: return plain_a(word, popcnt<u64>(s))
    case Arith.PRTYW: return plain_a(word, parity(<u32>s) | (parity(<u32>(s >> 32)) << 32))
    case Arith.PRTYD: return plain_a(word, parity(<u32>s) ^ parity(<u32>(s >> 32)))
    case Arith.CMPB: return plain_a(word, compare_bytes(s, b))
    case Arith.BPERMD: return plain_a(word, permute_bits(s, b))
    case Arith.MADDHD: return plain_d(word, add_high(a, b, gpr(field_c(word)), true))
    case Arith.MADDHDU: return plain_d(word, add_high(a, b, gpr(field_c(word)), false))
    case Arith.MADDLD: return plain_d(word, a * b + gpr(field_c(word)))
    case Arith.MULHDU: return to_d(word, mulhi_u64(a, b))
    case Arith.MULHD: return to_d(word, <u64>mulhi_i64(a, b))
    case Arith.MULHW: return to_d(word, <u64><u32>((<i64><i32>a * <i64><i32>b) >> 32))
    case Arith.MODSW: return plain_d(word, <u64><i64>mod_i32(<i32>a, <i32>b))
    case Arith.MODUW: return plain_d(word, <u32>b == 0 ? 0 : <u64>(<u32>a % <u32>b))
    case Arith.MODSD: return plain_d(word, <u64>mod_i64(<i64>a, <i64>b))
    case Arith.MODUD: return plain_d(word, b == 0 ? 0 : a % b)
    case Arith.SETB: return plain_d(word, set_boolean(load<u8>(CRF + ((word >> 18) & 7))))
    case Arith.ADDEX: return plain_d(word, add_through_overflow(a, b))
    default: return arith_more(which(slot), word, a, b)
  }
}

function arith_more(which: i32, word: u32, a: u64, b: u64): u32 {
  switch (which) {
    case Arith.MCRF: store<u8>(CRF + ((word >> 23) & 7), load<u8>(CRF + ((word >> 18) & 7))); return NEXT
    case Arith.CRNOR: return cr_set(word, ~(cr_a(word) | cr_b(word)))
    case Arith.CRANDC: return cr_set(word, cr_a(word) & ~cr_b(word))
    case Arith.CRXOR: return cr_set(word, cr_a(word) ^ cr_b(word))
    case Arith.CRNAND: return cr_set(word, ~(cr_a(word) & cr_b(word)))
    case Arith.CRAND: return cr_set(word, cr_a(word) & cr_b(word))
    case Arith.CREQV: return cr_set(word, ~(cr_a(word) ^ cr_b(word)))
    case Arith.CRORC: return cr_set(word, cr_a(word) | ~cr_b(word))
    case Arith.CROR: return cr_set(word, cr_a(word) | cr_b(word))
    case Arith.MFCR: return move_from_cr(word)
    case Arith.MTCRF: return move_to_cr(word)
    case Arith.MCRXR: return move_xer(word)
    case Arith.MCRXRX: return move_xer_extended(word)
    case Arith.CMPRB: return compare_ranges(word, a, b)
    case Arith.CMPEQB: return compare_any_byte(word, a, b)
    default: return divide_or_overflow(which, word, a, b)
  }
}

/** Divisions, and the OE forms of everything. */
function divide_or_overflow(which: i32, word: u32, a: u64, b: u64): u32 {
  switch (which) {
    case Arith.DIVW: case Arith.DIVWO: return divided(word, <u64>div_i32(<i32>a, <i32>b), bad_i32(<i32>a, <i32>b))
    case Arith.DIVWU: case Arith.DIVWUO: return divided(word, <u64>(<u32>b == 0 ? <u32>a : <u32>a / <u32>b), <u32>b == 0)
    case Arith.DIVWE: case Arith.DIVWEO: return divide_word_extended(word, <i32>a, <i32>b)
    case Arith.DIVWEU: case Arith.DIVWEUO: {
      const bad = <u32>a >= <u32>b
      return divided(word, bad ? 0 : (<u64><u32>a << 32) / <u64><u32>b, bad)
    }
    case Arith.DIVD: case Arith.DIVDO: {
      const bad = b == 0 || (b == u64.MAX_VALUE && a == 1 << 63)
      return divided(word, bad ? a : <u64>(<i64>a / <i64>b), bad)
    }
    case Arith.DIVDU: case Arith.DIVDUO: return divided(word, b == 0 ? a : a / b, b == 0)
    case Arith.DIVDE: case Arith.DIVDEO: return divide_extended(word, a, b)
    case Arith.DIVDEU: case Arith.DIVDEUO: return divided(word, a >= b ? 0 : div_wide(a, 0, b), a >= b)
    case Arith.ADDO: return sum(word, a, b, 0, false)
    case Arith.ADDCO: return sum(word, a, b, 0, true)
    case Arith.ADDEO: return sum(word, a, b, carry(), true)
    case Arith.ADDZEO: return sum(word, a, 0, carry(), true)
    case Arith.ADDMEO: return sum(word, a, u64.MAX_VALUE, carry(), true)
    case Arith.SUBFO: return sum(word, ~a, b, 1, false)
    case Arith.SUBFCO: return sum(word, ~a, b, 1, true)
    case Arith.SUBFEO: return sum(word, ~a, b, carry(), true)
    case Arith.SUBFZEO: return sum(word, ~a, 0, carry(), true)
    case Arith.SUBFMEO: return sum(word, ~a, u64.MAX_VALUE, carry(), true)
    case Arith.NEGO: return sum(word, ~a, 0, 1, false)
    case Arith.MULLWO: {
      const product = <i64><i32>a * <i64><i32>b
      return overflowing(word, <u64>product, product != <i64><i32>product)
    }
    default: return overflowing(word, a * b, mulhi_i64(a, b) != <i64>(a * b) >> 63) // MULLDO
  }
}

@inline function carry(): u64 { return <u64>load<u8>(CA) }
@inline function mb6(word: u32): u64 { return <u64>(((word >> 6) & 31) | (word & 32)) }

/** Results with an Rc form, to RA or RT, and without one. */
function to_a(word: u32, value: u64): u32 {
  set_gpr(field_a(word), value)
  if (word & 1) record_cr0(value)
  return NEXT
}
function to_d(word: u32, value: u64): u32 {
  set_gpr(field_d(word), value)
  if (word & 1) record_cr0(value)
  return NEXT
}
@inline function plain_a(word: u32, value: u64): u32 {
  set_gpr(field_a(word), value)
  return NEXT
}
@inline function plain_d(word: u32, value: u64): u32 {
  set_gpr(field_d(word), value)
  return NEXT
}

/** TO's conditions that hold: 16 less, 8 greater, 4 equal, 2 less and 1 greater as unsigned numbers. */
function s_compare(a: u64, b: u64): u32 {
  if (a == b) return 4
  return (<i64>a < <i64>b ? 16 : 8) | (a < b ? 2 : 1)
}
function trap(word: u32, holds: u32, pc: u64): u32 {
  return field_d(word) & holds ? raise_program(PROGRAM_TRAP, pc) : NEXT
}

function rotate_word(value: u32, by: u32, word: u32): u64 {
  const twice = <u64>rotl<u32>(value, by) * 0x1_0000_0001
  const from = <u64>((word >> 6) & 31) + 32
  const to = <u64>((word >> 1) & 31) + 32
  const head = u64.MAX_VALUE >> from
  const tail = u64.MAX_VALUE << (63 - to)
  return twice & (from <= to ? head & tail : head | tail)
}

function lost(negative: bool, bits: bool): void {
  store<u8>(CA, <u8>(negative && bits))
  store<u8>(CA32, <u8>(negative && bits))
}
function shift_word(s: u64, b: u64): u64 {
  const value = <i32>s
  const far = (b & 32) != 0
  const by = <u32>b & 31
  lost(value < 0, far || (value & ((1 << by) - 1)) != 0)
  return <u64><i64>(far ? value >> 31 : value >> by)
}
function shift_doubleword(s: u64, b: u64): u64 {
  const value = <i64>s
  const far = (b & 64) != 0
  const by = b & 63
  lost(value < 0, far || (s & ((<u64>1 << by) - 1)) != 0)
  return <u64>(far ? value >> 63 : value >> by)
}

function bytes_popcount(s: u64): u64 {
  let counts: u64 = 0
  for (let shift: u64 = 0; shift < 64; shift += 8) counts |= popcnt<u64>((s >> shift) & 0xff) << shift
  return counts
}
/** Parity of the least significant bits of a word's bytes. */
function parity(word: u32): u64 { return <u64>(popcnt<u32>(word & 0x0101_0101) & 1) }

function compare_bytes(s: u64, b: u64): u64 {
  let equal: u64 = 0
  for (let shift: u64 = 0; shift < 64; shift += 8) if ((((s ^ b) >> shift) & 0xff) == 0) equal |= <u64>0xff << shift
  return equal
}

/** Byte i of `s` numbers a bit of `b`, from its most significant one; 64 and more stand for 0. */
function permute_bits(s: u64, b: u64): u64 {
  let bits: u64 = 0
  for (let i: u64 = 0; i < 8; i++) {
    const index = (s >> (8 * i)) & 0xff
    if (index < 64) bits |= ((b >> (63 - index)) & 1) << i
  }
  return bits
}

function mulhi_i64(a: u64, b: u64): i64 {
  return <i64>(mulhi_u64(a, b) - (<i64>a < 0 ? b : 0) - (<i64>b < 0 ? a : 0))
}
function add_high(a: u64, b: u64, c: u64, signed: bool): u64 {
  const high = signed ? <u64>mulhi_i64(a, b) : mulhi_u64(a, b)
  const carry = <u64>(a * b + c < c)
  return high + carry + (signed && <i64>c < 0 ? u64.MAX_VALUE : 0)
}

function mod_i32(a: i32, b: i32): i32 { return bad_i32(a, b) ? 0 : a % b }
function mod_i64(a: i64, b: i64): i64 { return b == 0 || (b == -1 && a == i64.MIN_VALUE) ? 0 : a % b }
function bad_i32(a: i32, b: i32): bool { return b == 0 || (b == -1 && a == i32.MIN_VALUE) }
function div_i32(a: i32, b: i32): u32 { return bad_i32(a, b) ? <u32>a : <u32>(a / b) }

function set_boolean(field: u32): u64 { return field & 8 ? u64.MAX_VALUE : field & 4 ? 1 : 0 }

/** addex: OV is the carry, in and out. */
function add_through_overflow(a: u64, b: u64): u64 {
  const result = a + b + <u64>load<u8>(OV)
  const into33 = <u8>((a ^ b ^ result) >> 32) & 1
  store<u8>(OV32, into33)
  store<u8>(OV, wide_mode() ? <u8>(((a & b) | ((a | b) & ~result)) >> 63) : into33)
  return result
}

/** OV, OV32 and SO are set when the instruction word has OE; CR0 after them, as it takes SO along. */
function overflow(out: bool, out32: bool): void {
  store<u8>(OV, <u8>out)
  if (server()) store<u8>(OV32, <u8>out32)
  if (out) store<u8>(SO, 1)
}
function overflowing(word: u32, value: u64, out: bool): u32 {
  overflow(out, out)
  return to_d(word, value)
}
function divided(word: u32, value: u64, bad: bool): u32 {
  if (word & 0x400) overflow(bad, bad)
  return to_d(word, value)
}
function divide_word_extended(word: u32, a: i32, b: i32): u32 {
  const dividend = <i64>a << 32
  if (b == 0 || (dividend == i64.MIN_VALUE && b == -1)) return divided(word, 0, true)
  const quotient = dividend / <i64>b
  const bad = quotient != <i64><i32>quotient
  return divided(word, bad ? 0 : <u64>quotient, bad)
}

/** (RA followed by 64 zeros) / RB, signed. */
function divide_extended(word: u32, a: u64, b: u64): u32 {
  const negative = (<i64>a < 0) != (<i64>b < 0)
  const dividend = <i64>a < 0 ? 0 - a : a
  const divisor = <i64>b < 0 ? 0 - b : b
  if (dividend >= divisor) return divided(word, 0, true)
  const quotient = div_wide(dividend, 0, divisor)
  const limit = (<u64>1 << 63) - <u64>!negative
  if (quotient > limit) return divided(word, 0, true)
  return divided(word, negative ? 0 - quotient : quotient, false)
}

function sum(word: u32, a: u64, b: u64, carry: u64, carries: bool): u32 {
  const result = a + b + carry
  const wide = wide_mode()
  const into33 = <u8>((a ^ b ^ result) >> 32) & 1
  const out = (~(a ^ b) & (a ^ result)) >> 63
  const out32 = <u32>(~(a ^ b) & (a ^ result)) >> 31
  if (carries) {
    store<u8>(CA32, into33)
    store<u8>(CA, wide ? <u8>(((a & b) | ((a | b) & ~result)) >> 63) : into33)
  }
  overflow(wide ? out != 0 : out32 != 0, out32 != 0)
  return to_d(word, result)
}

@inline function cr_a(word: u32): u32 { return cr_bit(field_a(word)) }
@inline function cr_b(word: u32): u32 { return cr_bit(field_b(word)) }
function cr_set(word: u32, value: u32): u32 {
  set_cr_bit(field_d(word), value & 1)
  return NEXT
}

/** mfcr, and mfocrf where bit 11 is set: one field in its place, the others 0. */
function move_from_cr(word: u32): u32 {
  const fxm = (word >> 12) & 255
  if (!(word & 0x10_0000)) return plain_d(word, <u64>get_cr())
  if (popcnt(fxm) != 1) return plain_d(word, 0)
  const field = <u32>clz(fxm) - 24
  return plain_d(word, <u64>load<u8>(CRF + field) << (28 - 4 * <u64>field))
}
function move_to_cr(word: u32): u32 {
  const value = <u32>gpr(field_d(word))
  for (let field: u32 = 0; field < 8; field++) {
    if ((word >> (19 - field)) & 1) store<u8>(CRF + field, <u8>((value >> (28 - 4 * field)) & 15))
  }
  return NEXT
}
function move_xer(word: u32): u32 {
  store<u8>(CRF + ((word >> 23) & 7), (load<u8>(SO) << 3) | (load<u8>(OV) << 2) | (load<u8>(CA) << 1))
  store<u8>(SO, 0)
  store<u8>(OV, 0)
  store<u8>(CA, 0)
  return NEXT
}
function move_xer_extended(word: u32): u32 {
  const flags = (load<u8>(OV) << 3) | (load<u8>(OV32) << 2) | (load<u8>(CA) << 1) | load<u8>(CA32)
  store<u8>(CRF + ((word >> 23) & 7), flags)
  return NEXT
}

function compare_ranges(word: u32, a: u64, b: u64): u32 {
  const character = <u32>a & 0xff
  const first = character >= (<u32>(b >> 16) & 0xff) && character <= (<u32>(b >> 24) & 0xff)
  const second = character >= (<u32>b & 0xff) && character <= (<u32>(b >> 8) & 0xff)
  const found = second || ((word & 0x20_0000) != 0 && first)
  store<u8>(CRF + ((word >> 23) & 7), found ? 4 : 0)
  return NEXT
}
function compare_any_byte(word: u32, a: u64, b: u64): u32 {
  let found = false
  for (let shift: u64 = 0; shift < 64; shift += 8) if (((b >> shift) & 0xff) == (a & 0xff)) found = true
  store<u8>(CRF + ((word >> 23) & 7), found ? 4 : 0)
  return NEXT
}
