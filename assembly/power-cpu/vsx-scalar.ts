/**
 * VSX scalar floating point: the first doubleword of registers, with FPSCR as the classic instructions have it.
 * Source: Power ISA 3.0B, Book I, 7.6.3.
 */
import { compare, convert, EQUAL, from_signed, from_whole, GREATER, LESS, to_integer, UNORDERED } from './float-convert'
import { double_to_single, single_to_double } from './float-format'
import { DOUBLE, from_double, is_nan, part_a, part_b, SHORT, SINGLE, TO_ZERO, work } from './float-number'
import { accept, begin, put_comparison, set_class } from './float-scalar'
import { float_interrupt, FPCC, fpscr, set_fpscr, VE } from './fpscr'
import { CRF, field_a, field_b, field_d, gpr, NEXT, set_gpr } from './registers'
import { Xscalar } from './tables'
import { high, set_both, vsr_a, vsr_b, vsr_t } from './vector'
import {
  ABSOLUTE, ADD, ADDEND_B, COPY_SIGN, DIVIDE, FUSED, in_classes, is_silent, LESS_ADDEND, MAXIMUM, MINIMUM, MULTIPLY, NEGATED,
  NEGATIVE, operate, OPPOSITE, RECIPROCAL, RECIPROCAL_ROOT, ROOT, ROUND_AWAY, ROUND_BY_MODE, ROUND_DOWN, ROUND_TO_ZERO, ROUND_UP,
  SUBTRACT,
} from './vsx-arith'
import { test_divide, test_sqrt } from './vsx-test'

const FRACTION: u64 = 0xf_ffff_ffff_ffff

@inline function put(word: u32, value: u64): u32 {
  set_both(vsr_t(word), value, 0)
  return NEXT
}
@inline function crf(word: u32): usize { return CRF + ((word >> 23) & 7) }

function finish(word: u32, value: u64, pc: u64): u32 {
  if (accept()) {
    put(word, value)
    set_class(value, DOUBLE)
  }
  return float_interrupt(pc)
}

function compute(word: u32, op: u32, format: u32, pc: u64): u32 {
  const value = operate(op, high(vsr_a(word)), high(vsr_b(word)), high(vsr_t(word)), format)
  if (is_silent(op)) return put(word, value)
  // Extremes have no class.
  if (op == MAXIMUM || op == MINIMUM) return unclassed(word, value, pc)
  return finish(word, value, pc)
}

function unclassed(word: u32, value: u64, pc: u64): u32 {
  const kept = fpscr() & ROUNDING
  if (accept()) put(word, value)
  set_fpscr(fpscr() | kept)
  return float_interrupt(pc)
}
const ROUNDING: u64 = 0x6_0000

/** A word lies in both halves of the doubleword. The class of an integer is undefined, and stays. */
function integer(word: u32, bits: u32, signed: bool, pc: u64): u32 {
  const n = part_a()
  from_double(n, high(vsr_b(word)))
  const value = to_integer(n, bits, signed, TO_ZERO)
  if (accept()) put(word, bits == 32 ? twice(value) : value)
  return float_interrupt(pc)
}
@inline function twice(value: u64): u64 { return <u64><u32>value * 0x1_0000_0001 }

/** xscvdpsp: the single in both halves of the doubleword. */
function to_single(word: u32, pc: u64): u32 {
  const value = convert(high(vsr_b(word)), DOUBLE, SINGLE)
  if (accept()) {
    put(word, twice(value))
    set_class(value, SINGLE)
  }
  return float_interrupt(pc)
}

/** xscmpeqdp and its kin: all ones or zeros. */
function compare_mask(word: u32, holds: u32, ordered: bool, pc: u64): u32 {
  const answer = compare(high(vsr_a(word)), high(vsr_b(word)), DOUBLE, ordered, (fpscr() & VE) != 0)
  return unclassed(word, answer & holds ? u64.MAX_VALUE : 0, pc)
}

/** xsmaxcdp, xsmincdp: as C's comparison chooses; xsmaxjdp, xsminjdp: as Java's, the first NaN and +0 above -0. */
function extreme(word: u32, larger: bool, java: bool, pc: u64): u32 {
  const a = high(vsr_a(word))
  const b = high(vsr_b(word))
  const answer = compare(a, b, DOUBLE, false, false)
  const signed = a >> 63 != 0
  let first = answer == (larger ? GREATER : LESS)
  if (java) {
    if (answer == UNORDERED) first = a << 1 > <u64>0x7ff << 53
    if (answer == EQUAL) first = signed != larger
  }
  return unclassed(word, first ? a : b, pc)
}

/** Exponents compared; NaNs are unordered. */
function compare_exponents(word: u32, pc: u64): u32 {
  const a = part_a()
  const b = part_b()
  from_double(a, high(vsr_a(word)))
  from_double(b, high(vsr_b(word)))
  const ea = (high(vsr_a(word)) >> 52) & 0x7ff
  const eb = (high(vsr_b(word)) >> 52) & 0x7ff
  const answer = is_nan(a) || is_nan(b) ? UNORDERED : ea < eb ? LESS : ea > eb ? GREATER : EQUAL
  work().flags = 0
  return put_comparison(word, answer, pc)
}

/** xststdcdp, xststdcsp: the sign, whether the class is among those asked for, and whether it is no single. */
function test_class(word: u32, single: bool): u32 {
  const bits = high(vsr_b(word))
  const mask = (word >> 16) & 127
  const negative: u32 = bits >> 63 != 0 ? 8 : 0
  const other = single && single_to_double(double_to_single(bits)) != bits
  const exponent = (bits >> 52) & 0x7ff
  const short_denormal = single && exponent > 0 && exponent < 897
  const matches = short_denormal ? (mask & (negative ? 1 : 2)) != 0 : in_classes(bits, DOUBLE, mask)
  const answer = negative | (matches ? 2 : 0) | (other ? 1 : 0)
  store<u8>(crf(word), <u8>answer)
  set_fpscr((fpscr() & ~FPCC) | (<u64>answer << 12))
  return NEXT
}

function significand(bits: u64): u64 {
  const exponent = (bits >> 52) & 0x7ff
  return (bits & FRACTION) | (exponent != 0 && exponent != 0x7ff ? FRACTION + 1 : 0)
}

function insert_exponent(word: u32): u32 {
  const keep: u64 = FRACTION | (1 << 63)
  return put(word, (gpr(field_a(word)) & keep) | ((gpr(field_b(word)) & 0x7ff) << 52))
}

const NMADD: u32 = FUSED | NEGATED
const NMSUB: u32 = FUSED | NEGATED | LESS_ADDEND
const MSUB: u32 = FUSED | LESS_ADDEND

export function vsx_scalar(word: u32, which: i32, pc: u64): u32 {
  begin()
  switch (which) {
    case Xscalar.XSADDSP: return compute(word, ADD, SHORT, pc)
    case Xscalar.XSSUBSP: return compute(word, SUBTRACT, SHORT, pc)
    case Xscalar.XSMULSP: return compute(word, MULTIPLY, SHORT, pc)
    case Xscalar.XSDIVSP: return compute(word, DIVIDE, SHORT, pc)
    case Xscalar.XSADDDP: return compute(word, ADD, DOUBLE, pc)
    case Xscalar.XSSUBDP: return compute(word, SUBTRACT, DOUBLE, pc)
    case Xscalar.XSMULDP: return compute(word, MULTIPLY, DOUBLE, pc)
    case Xscalar.XSDIVDP: return compute(word, DIVIDE, DOUBLE, pc)
    case Xscalar.XSMADDASP: return compute(word, FUSED, SHORT, pc)
    case Xscalar.XSMADDMSP: return compute(word, FUSED | ADDEND_B, SHORT, pc)
    case Xscalar.XSMSUBASP: return compute(word, MSUB, SHORT, pc)
    case Xscalar.XSMSUBMSP: return compute(word, MSUB | ADDEND_B, SHORT, pc)
    case Xscalar.XSMADDADP: return compute(word, FUSED, DOUBLE, pc)
    case Xscalar.XSMADDMDP: return compute(word, FUSED | ADDEND_B, DOUBLE, pc)
    case Xscalar.XSMSUBADP: return compute(word, MSUB, DOUBLE, pc)
    case Xscalar.XSMSUBMDP: return compute(word, MSUB | ADDEND_B, DOUBLE, pc)
    case Xscalar.XSNMADDASP: return compute(word, NMADD, SHORT, pc)
    case Xscalar.XSNMADDMSP: return compute(word, NMADD | ADDEND_B, SHORT, pc)
    case Xscalar.XSNMSUBASP: return compute(word, NMSUB, SHORT, pc)
    case Xscalar.XSNMSUBMSP: return compute(word, NMSUB | ADDEND_B, SHORT, pc)
    case Xscalar.XSNMADDADP: return compute(word, NMADD, DOUBLE, pc)
    case Xscalar.XSNMADDMDP: return compute(word, NMADD | ADDEND_B, DOUBLE, pc)
    case Xscalar.XSNMSUBADP: return compute(word, NMSUB, DOUBLE, pc)
    case Xscalar.XSNMSUBMDP: return compute(word, NMSUB | ADDEND_B, DOUBLE, pc)
    case Xscalar.XSMAXDP: return compute(word, MAXIMUM, DOUBLE, pc)
    case Xscalar.XSMINDP: return compute(word, MINIMUM, DOUBLE, pc)
    case Xscalar.XSCPSGNDP: return compute(word, COPY_SIGN, DOUBLE, pc)
    case Xscalar.XSABSDP: return compute(word, ABSOLUTE, DOUBLE, pc)
    case Xscalar.XSNABSDP: return compute(word, NEGATIVE, DOUBLE, pc)
    case Xscalar.XSNEGDP: return compute(word, OPPOSITE, DOUBLE, pc)
    case Xscalar.XSSQRTSP: return compute(word, ROOT, SHORT, pc)
    case Xscalar.XSSQRTDP: return compute(word, ROOT, DOUBLE, pc)
    case Xscalar.XSRESP: return compute(word, RECIPROCAL, SHORT, pc)
    case Xscalar.XSREDP: return compute(word, RECIPROCAL, DOUBLE, pc)
    case Xscalar.XSRSQRTESP: return compute(word, RECIPROCAL_ROOT, SHORT, pc)
    case Xscalar.XSRSQRTEDP: return compute(word, RECIPROCAL_ROOT, DOUBLE, pc)
    case Xscalar.XSRDPI: return compute(word, ROUND_AWAY, DOUBLE, pc)
    case Xscalar.XSRDPIZ: return compute(word, ROUND_TO_ZERO, DOUBLE, pc)
    case Xscalar.XSRDPIP: return compute(word, ROUND_UP, DOUBLE, pc)
    case Xscalar.XSRDPIM: return compute(word, ROUND_DOWN, DOUBLE, pc)
    case Xscalar.XSRDPIC: return compute(word, ROUND_BY_MODE, DOUBLE, pc)
    case Xscalar.XSMAXCDP: return extreme(word, true, false, pc)
    case Xscalar.XSMINCDP: return extreme(word, false, false, pc)
    case Xscalar.XSMAXJDP: return extreme(word, true, true, pc)
    case Xscalar.XSMINJDP: return extreme(word, false, true, pc)
    default: return conversions(word, which, pc)
  }
}

function conversions(word: u32, which: i32, pc: u64): u32 {
  const b = high(vsr_b(word))
  switch (which) {
    case Xscalar.XSCVDPUXWS: return integer(word, 32, false, pc)
    case Xscalar.XSCVDPSXWS: return integer(word, 32, true, pc)
    case Xscalar.XSCVDPUXDS: return integer(word, 64, false, pc)
    case Xscalar.XSCVDPSXDS: return integer(word, 64, true, pc)
    case Xscalar.XSCVUXDSP: return finish(word, from_whole(0, b, SHORT), pc)
    case Xscalar.XSCVSXDSP: return finish(word, from_signed(<i64>b, SHORT), pc)
    case Xscalar.XSCVUXDDP: return finish(word, from_whole(0, b, DOUBLE), pc)
    case Xscalar.XSCVSXDDP: return finish(word, from_signed(<i64>b, DOUBLE), pc)
    case Xscalar.XSRSP: return finish(word, convert(b, DOUBLE, SHORT), pc)
    case Xscalar.XSCVDPSP: return to_single(word, pc)
    case Xscalar.XSCVDPSPN: return put(word, twice(<u64>double_to_single(b)))
    case Xscalar.XSCVSPDP: return finish(word, convert(b >> 32, SINGLE, DOUBLE), pc)
    case Xscalar.XSCVSPDPN: return put(word, single_to_double(<u32>(b >> 32)))
    case Xscalar.XSCMPEQDP: return compare_mask(word, EQUAL, false, pc)
    case Xscalar.XSCMPGTDP: return compare_mask(word, GREATER, true, pc)
    case Xscalar.XSCMPGEDP: return compare_mask(word, GREATER | EQUAL, true, pc)
    case Xscalar.XSCMPUDP: return compare_scalars(word, false, pc)
    case Xscalar.XSCMPODP: return compare_scalars(word, true, pc)
    case Xscalar.XSCMPEXPDP: return compare_exponents(word, pc)
    case Xscalar.XSTDIVDP: store<u8>(crf(word), <u8>test_divide(high(vsr_a(word)), b, DOUBLE)); return NEXT
    case Xscalar.XSTSQRTDP: store<u8>(crf(word), <u8>test_sqrt(b, DOUBLE)); return NEXT
    case Xscalar.XSTSTDCSP: return test_class(word, true)
    case Xscalar.XSTSTDCDP: return test_class(word, false)
    case Xscalar.XSXEXPDP: set_gpr(field_d(word), (b >> 52) & 0x7ff); return NEXT
    case Xscalar.XSXSIGDP: set_gpr(field_d(word), significand(b)); return NEXT
    default: return insert_exponent(word) // XSIEXPDP
  }
}

function compare_scalars(word: u32, ordered: bool, pc: u64): u32 {
  return put_comparison(word, compare(high(vsr_a(word)), high(vsr_b(word)), DOUBLE, ordered, (fpscr() & VE) != 0), pc)
}
