/**
 * Scalar floating-point instructions that compute: arithmetic, rounding, conversion, comparison, estimates.
 * Source: Power ISA 3.0B, Book I, 4.6.6 to 4.6.8. Estimates are exact quotients, rounded, as on QEMU.
 */
import { float_add, float_divide, float_fused, float_multiply, float_sqrt } from './float-arith'
import {
  class_of, compare, convert, EQUAL, from_signed, from_whole, GREATER, to_integer, to_whole, UNORDERED,
} from './float-convert'
import {
  default_nan, DOUBLE, DOWN, from_double, is_nan, NEAREST_AWAY, part_a, SHORT, TO_ZERO, UP, work,
} from './float-number'
import { FI, float_done, FPCC, FPRF, fpscr, FR, FX, OE, RN, set_fpscr, STICKY, UE, VE, VXCVI, VX_ALL, ZE, ZX } from './fpscr'
import { CRF, field_a, field_b, field_c, field_d, NEXT } from './registers'
import { Fp } from './tables'
import { fpr, set_fpr } from './vector'
import { test_divide, test_sqrt } from './vsx-test'

/** Makes the work area ready for an operation under FPSCR. */
export function begin(): void {
  const w = work()
  const status = fpscr()
  w.flags = 0
  w.mode = <u32>(status & RN)
  w.scale_overflow = u32((status & OE) != 0)
  w.scale_underflow = u32((status & UE) != 0)
}

/** Takes the exceptions of the work area into FPSCR. False if one is enabled that leaves no result. */
export function accept(): bool {
  const flags = work().flags
  const old = fpscr()
  const stopped = ((flags & VX_ALL) != 0 && (old & VE) != 0) || ((flags & ZX) != 0 && (old & ZE) != 0)
  const rounding = stopped ? 0 : flags & (FR | FI)
  const fresh = flags & STICKY & ~old
  set_fpscr((old & ~(FR | FI)) | (flags & STICKY) | rounding | (fresh != 0 ? FX : 0))
  return !stopped
}

@inline export function set_class(bits: u64, format: u32): void {
  set_fpscr((fpscr() & ~FPRF) | (class_of(bits, format) << 12))
}

/** The result of an arithmetic instruction. */
function finish(word: u32, value: u64, pc: u64): u32 {
  if (accept()) {
    set_fpr(field_d(word), value)
    set_class(value, DOUBLE)
  }
  return float_done(word, pc)
}

/** The class of an integer is undefined: as on QEMU it stays, but an invalid conversion is a NaN. */
function set_integer_class(): void { if (work().flags & VXCVI) set_fpscr((fpscr() & ~FPRF) | NAN_CLASS) }
const NAN_CLASS: u64 = 0x11 << 12

function finish_integer(word: u32, value: u64, pc: u64): u32 {
  if (accept()) {
    set_fpr(field_d(word), value)
    set_integer_class()
  }
  return float_done(word, pc)
}

function fused(word: u32, format: u32, subtract: bool, negative: bool, pc: u64): u32 {
  const value = float_fused(fpr(field_a(word)), fpr(field_b(word)), fpr(field_c(word)), format, subtract)
  return finish(word, negative ? negated(value) : value, pc)
}

/** The opposite of a number; a NaN stays. */
@inline export function negated(value: u64): u64 { return value << 1 > <u64>0x7ff << 53 ? value : value ^ (1 << 63) }

/** fcmpu and fcmpo. */
function compare_fpr(word: u32, ordered: bool, pc: u64): u32 {
  const answer = compare(fpr(field_a(word)), fpr(field_b(word)), DOUBLE, ordered, (fpscr() & VE) != 0)
  return put_comparison(word, answer, pc)
}

/** A comparison's answer in CR and FPSCR; its rounding bits stay. */
export function put_comparison(word: u32, answer: u32, pc: u64): u32 {
  const kept = fpscr() & (FR | FI)
  accept()
  store<u8>(CRF + ((word >> 23) & 7), <u8>answer)
  set_fpscr((fpscr() & ~FPCC) | (<u64>answer << 12) | kept)
  return float_done(word & ~1, pc)
}

/** fctiw and its kin, by the bits of the integer. */
function to_whole_fpr(word: u32, bits: u32, signed: bool, mode: u32, pc: u64): u32 {
  const n = part_a()
  from_double(n, fpr(field_b(word)))
  const value = to_integer(n, bits, signed, mode)
  // The upper half of a word is undefined: as on QEMU the sign, or 0 for a NaN.
  return finish_integer(word, bits == 32 && is_nan(n) ? <u64><u32>value : value, pc)
}

function put_test(word: u32, answer: u32): u32 {
  store<u8>(CRF + ((word >> 23) & 7), <u8>answer)
  return NEXT
}

/** 1 / b. */
export function reciprocal(b: u64, format: u32): u64 { return float_divide(ONE, b, format) }
const ONE: u64 = 0x3ff0_0000_0000_0000

/** 1 / the square root of b, each step rounded; its inexactness says nothing. */
export function reciprocal_sqrt(b: u64, format: u32): u64 {
  const root = float_sqrt(b, DOUBLE)
  return root << 1 > <u64>0x7ff << 53 ? convert(root, DOUBLE, format) : float_divide(ONE, root, format)
}

export function float_scalar(word: u32, which: i32, pc: u64): u32 {
  begin()
  const a = fpr(field_a(word))
  const b = fpr(field_b(word))
  const c = fpr(field_c(word))
  switch (which) {
    case Fp.FADD: return finish(word, float_add(a, b, DOUBLE, false), pc)
    case Fp.FADDS: return finish(word, float_add(a, b, SHORT, false), pc)
    case Fp.FSUB: return finish(word, float_add(a, b, DOUBLE, true), pc)
    case Fp.FSUBS: return finish(word, float_add(a, b, SHORT, true), pc)
    case Fp.FMUL: return finish(word, float_multiply(a, c, DOUBLE), pc)
    case Fp.FMULS: return finish(word, float_multiply(a, c, SHORT), pc)
    case Fp.FDIV: return finish(word, float_divide(a, b, DOUBLE), pc)
    case Fp.FDIVS: return finish(word, float_divide(a, b, SHORT), pc)
    case Fp.FSQRT: return finish(word, float_sqrt(b, DOUBLE), pc)
    case Fp.FSQRTS: return finish(word, float_sqrt(b, SHORT), pc)
    case Fp.FMADD: return fused(word, DOUBLE, false, false, pc)
    case Fp.FMADDS: return fused(word, SHORT, false, false, pc)
    case Fp.FMSUB: return fused(word, DOUBLE, true, false, pc)
    case Fp.FMSUBS: return fused(word, SHORT, true, false, pc)
    case Fp.FNMADD: return fused(word, DOUBLE, false, true, pc)
    case Fp.FNMADDS: return fused(word, SHORT, false, true, pc)
    case Fp.FNMSUB: return fused(word, DOUBLE, true, true, pc)
    case Fp.FNMSUBS: return fused(word, SHORT, true, true, pc)
    case Fp.FRE: return finish(word, reciprocal(b, DOUBLE), pc)
    case Fp.FRES: return finish(word, reciprocal(b, SHORT), pc)
    case Fp.FRSQRTE: return finish(word, reciprocal_sqrt(b, DOUBLE), pc)
    case Fp.FRSQRTES: return finish(word, reciprocal_sqrt(b, SHORT), pc)
    case Fp.FRSP: return finish(word, convert(b, DOUBLE, SHORT), pc)
    case Fp.FCMPU: return compare_fpr(word, false, pc)
    case Fp.FCMPO: return compare_fpr(word, true, pc)
    case Fp.FTDIV: return put_test(word, test_divide(a, b, DOUBLE))
    case Fp.FTSQRT: return put_test(word, test_sqrt(b, DOUBLE))
    default: return conversions(word, which, b, pc)
  }
}

function conversions(word: u32, which: i32, b: u64, pc: u64): u32 {
  const mode = work().mode
  switch (which) {
    case Fp.FCTIW: return to_whole_fpr(word, 32, true, mode, pc)
    case Fp.FCTIWZ: return to_whole_fpr(word, 32, true, TO_ZERO, pc)
    case Fp.FCTIWU: return to_whole_fpr(word, 32, false, mode, pc)
    case Fp.FCTIWUZ: return to_whole_fpr(word, 32, false, TO_ZERO, pc)
    case Fp.FCTID: return to_whole_fpr(word, 64, true, mode, pc)
    case Fp.FCTIDZ: return to_whole_fpr(word, 64, true, TO_ZERO, pc)
    case Fp.FCTIDU: return to_whole_fpr(word, 64, false, mode, pc)
    case Fp.FCTIDUZ: return to_whole_fpr(word, 64, false, TO_ZERO, pc)
    case Fp.FCFID: return finish(word, from_signed(<i64>b, DOUBLE), pc)
    case Fp.FCFIDU: return finish(word, from_whole(0, b, DOUBLE), pc)
    case Fp.FCFIDS: return finish(word, from_signed(<i64>b, SHORT), pc)
    case Fp.FCFIDUS: return finish(word, from_whole(0, b, SHORT), pc)
    case Fp.FRIN: return finish(word, to_whole(b, DOUBLE, NEAREST_AWAY, 0), pc)
    case Fp.FRIZ: return finish(word, to_whole(b, DOUBLE, TO_ZERO, 0), pc)
    case Fp.FRIP: return finish(word, to_whole(b, DOUBLE, UP, 0), pc)
    default: return finish(word, to_whole(b, DOUBLE, DOWN, 0), pc) // FRIM
  }
}
