/**
 * VSX vectors of floating-point numbers: one element after the other. Their exceptions come together, and one that is enabled
 * leaves the target as it was; FPSCR's class and rounding bits are not theirs.
 * Source: Power ISA 3.0B, Book I, 7.6.3.
 */
import { compare, convert, EQUAL, from_signed, from_whole, GREATER, to_integer } from './float-convert'
import { DOUBLE, from_double, from_single, part_a, SINGLE, TO_ZERO, work } from './float-number'
import { begin } from './float-scalar'
import { float_interrupt, fpscr, FX, OE, OX, set_fpscr, STICKY, UE, UX, VE, VX_ALL, XE, XX, ZE, ZX } from './fpscr'
import { CRF, DRAFT, field_a, NEXT } from './registers'
import { Xvector } from './tables'
import { record_cr6, vsr_a, vsr_b, vsr_t } from './vector'
import {
  ABSOLUTE, ADD, ADDEND_B, COPY_SIGN, DIVIDE, FUSED, in_classes, LESS_ADDEND, MAXIMUM, MINIMUM, MULTIPLY, NEGATED, NEGATIVE,
  operate, OPPOSITE, RECIPROCAL, RECIPROCAL_ROOT, ROOT, ROUND_AWAY, ROUND_BY_MODE, ROUND_DOWN, ROUND_TO_ZERO, ROUND_UP, SUBTRACT,
} from './vsx-arith'
import { vector_test_divide, vector_test_sqrt } from './vsx-test'

@inline function size(format: u32): usize { return format == SINGLE ? 4 : 8 }
@inline function element(register: usize, i: usize, format: u32): u64 {
  return format == SINGLE ? <u64>load<u32>(register + i) : load<u64>(register + i)
}
@inline function draft(i: usize, format: u32, value: u64): void {
  if (format == SINGLE) store<u32>(DRAFT + i, <u32>value)
  else store<u64>(DRAFT + i, value)
}

/** Takes the exceptions of all elements; false if one is enabled. */
function accept_vector(): bool {
  const flags = work().flags
  const old = fpscr()
  set_fpscr(old | (flags & STICKY) | ((flags & STICKY & ~old) != 0 ? FX : 0))
  return !(
    ((flags & VX_ALL) != 0 && (old & VE) != 0) ||
    ((flags & OX) != 0 && (old & OE) != 0) ||
    ((flags & UX) != 0 && (old & UE) != 0) ||
    ((flags & ZX) != 0 && (old & ZE) != 0) ||
    ((flags & XX) != 0 && (old & XE) != 0)
  )
}

function finish(word: u32, pc: u64): u32 {
  if (accept_vector()) v128.store(vsr_t(word), v128.load(DRAFT))
  return float_interrupt(pc)
}

function compute(word: u32, op: u32, format: u32, pc: u64): u32 {
  const t = vsr_t(word)
  for (let i: usize = 0; i < 16; i += size(format)) {
    draft(i, format, operate(op, element(vsr_a(word), i, format), element(vsr_b(word), i, format), element(t, i, format), format))
  }
  return finish(word, pc)
}

function compare_all(word: u32, holds: u32, ordered: bool, format: u32, pc: u64): u32 {
  const enabled = (fpscr() & VE) != 0
  for (let i: usize = 0; i < 16; i += size(format)) {
    const answer = compare(element(vsr_a(word), i, format), element(vsr_b(word), i, format), format, ordered, enabled)
    draft(i, format, answer & holds ? u64.MAX_VALUE : 0)
  }
  if (accept_vector()) {
    v128.store(vsr_t(word), v128.load(DRAFT))
    if (word & 0x400) record_cr6(vsr_t(word))
  }
  return float_interrupt(pc)
}

/** To integers of as many bits, or of doubles to words and back; what is narrow lies in the words 0 and 2, twice. */
function to_integers(word: u32, from: u32, bits: u32, signed: bool, pc: u64): u32 {
  const wide = from == DOUBLE || bits == 64
  const n = part_a()
  for (let i: usize = 0; i < 16; i += wide ? 8 : 4) {
    if (from == DOUBLE) from_double(n, load<u64>(vsr_b(word) + i))
    else from_single(n, load<u32>(vsr_b(word) + i + (wide ? 4 : 0)))
    const value = to_integer(n, bits, signed, TO_ZERO)
    if (!wide) draft(i, SINGLE, value)
    else draft(i, DOUBLE, bits == 32 ? twice(value) : value)
  }
  return finish(word, pc)
}
@inline function twice(value: u64): u64 { return <u64><u32>value * 0x1_0000_0001 }

function from_integers(word: u32, bits: u32, signed: bool, to: u32, pc: u64): u32 {
  const wide = to == DOUBLE || bits == 64
  for (let i: usize = 0; i < 16; i += wide ? 8 : 4) {
    const narrow = load<u32>(vsr_b(word) + i + (wide ? 4 : 0))
    const whole = bits == 64 ? load<u64>(vsr_b(word) + i) : signed ? <u64><i64><i32>narrow : <u64>narrow
    const value = signed ? from_signed(<i64>whole, to) : from_whole(0, whole, to)
    draft(i, wide ? DOUBLE : SINGLE, wide && to == SINGLE ? twice(value) : value)
  }
  return finish(word, pc)
}

function between_formats(word: u32, from: u32, pc: u64): u32 {
  for (let i: usize = 0; i < 16; i += 8) {
    if (from == DOUBLE) store<u64>(DRAFT + i, twice(convert(load<u64>(vsr_b(word) + i), DOUBLE, SINGLE)))
    else store<u64>(DRAFT + i, convert(<u64>load<u32>(vsr_b(word) + i + 4), SINGLE, DOUBLE))
  }
  return finish(word, pc)
}

/** Exponents taken out, significands with their first bit, and exponents put in. */
function exponents(word: u32, format: u32): u32 {
  for (let i: usize = 0; i < 16; i += size(format)) draft(i, format, exponent(element(vsr_b(word), i, format), format))
  return keep(word)
}
@inline function exponent(bits: u64, format: u32): u64 { return format == SINGLE ? (bits >> 23) & 255 : (bits >> 52) & 0x7ff }
@inline function hidden(format: u32): u64 { return format == SINGLE ? 1 << 23 : 1 << 52 }

function significands(word: u32, format: u32): u32 {
  const last: u64 = format == SINGLE ? 255 : 0x7ff
  for (let i: usize = 0; i < 16; i += size(format)) {
    const bits = element(vsr_b(word), i, format)
    const e = exponent(bits, format)
    draft(i, format, (bits & (hidden(format) - 1)) | (e != 0 && e != last ? hidden(format) : 0))
  }
  return keep(word)
}

function insert_exponents(word: u32, format: u32): u32 {
  const last: u64 = format == SINGLE ? 255 : 0x7ff
  for (let i: usize = 0; i < 16; i += size(format)) {
    const field = last * hidden(format)
    const a = element(vsr_a(word), i, format) & ~field
    draft(i, format, a | ((element(vsr_b(word), i, format) & last) * hidden(format)))
  }
  return keep(word)
}

/** The mask of classes is spread over the word: bits 25, 29 and 11-15. */
function test_classes(word: u32, format: u32): u32 {
  const mask = (word & 0x40) | ((word & 4) << 3) | field_a(word)
  for (let i: usize = 0; i < 16; i += size(format)) {
    draft(i, format, in_classes(element(vsr_b(word), i, format), format, mask) ? u64.MAX_VALUE : 0)
  }
  return keep(word)
}

function keep(word: u32): u32 {
  v128.store(vsr_t(word), v128.load(DRAFT))
  return NEXT
}

const NMADD: u32 = FUSED | NEGATED
const NMSUB: u32 = FUSED | NEGATED | LESS_ADDEND
const MSUB: u32 = FUSED | LESS_ADDEND

export function vsx_vector(word: u32, which: i32, pc: u64): u32 {
  begin()
  switch (which) {
    case Xvector.XVADDDP: return compute(word, ADD, DOUBLE, pc)
    case Xvector.XVADDSP: return compute(word, ADD, SINGLE, pc)
    case Xvector.XVSUBDP: return compute(word, SUBTRACT, DOUBLE, pc)
    case Xvector.XVSUBSP: return compute(word, SUBTRACT, SINGLE, pc)
    case Xvector.XVMULDP: return compute(word, MULTIPLY, DOUBLE, pc)
    case Xvector.XVMULSP: return compute(word, MULTIPLY, SINGLE, pc)
    case Xvector.XVDIVDP: return compute(word, DIVIDE, DOUBLE, pc)
    case Xvector.XVDIVSP: return compute(word, DIVIDE, SINGLE, pc)
    case Xvector.XVMADDADP: return compute(word, FUSED, DOUBLE, pc)
    case Xvector.XVMADDASP: return compute(word, FUSED, SINGLE, pc)
    case Xvector.XVMADDMDP: return compute(word, FUSED | ADDEND_B, DOUBLE, pc)
    case Xvector.XVMADDMSP: return compute(word, FUSED | ADDEND_B, SINGLE, pc)
    case Xvector.XVMSUBADP: return compute(word, MSUB, DOUBLE, pc)
    case Xvector.XVMSUBASP: return compute(word, MSUB, SINGLE, pc)
    case Xvector.XVMSUBMDP: return compute(word, MSUB | ADDEND_B, DOUBLE, pc)
    case Xvector.XVMSUBMSP: return compute(word, MSUB | ADDEND_B, SINGLE, pc)
    case Xvector.XVNMADDADP: return compute(word, NMADD, DOUBLE, pc)
    case Xvector.XVNMADDASP: return compute(word, NMADD, SINGLE, pc)
    case Xvector.XVNMADDMDP: return compute(word, NMADD | ADDEND_B, DOUBLE, pc)
    case Xvector.XVNMADDMSP: return compute(word, NMADD | ADDEND_B, SINGLE, pc)
    case Xvector.XVNMSUBADP: return compute(word, NMSUB, DOUBLE, pc)
    case Xvector.XVNMSUBASP: return compute(word, NMSUB, SINGLE, pc)
    case Xvector.XVNMSUBMDP: return compute(word, NMSUB | ADDEND_B, DOUBLE, pc)
    case Xvector.XVNMSUBMSP: return compute(word, NMSUB | ADDEND_B, SINGLE, pc)
    case Xvector.XVMAXDP: return compute(word, MAXIMUM, DOUBLE, pc)
    case Xvector.XVMAXSP: return compute(word, MAXIMUM, SINGLE, pc)
    case Xvector.XVMINDP: return compute(word, MINIMUM, DOUBLE, pc)
    case Xvector.XVMINSP: return compute(word, MINIMUM, SINGLE, pc)
    case Xvector.XVSQRTDP: return compute(word, ROOT, DOUBLE, pc)
    case Xvector.XVSQRTSP: return compute(word, ROOT, SINGLE, pc)
    case Xvector.XVREDP: return compute(word, RECIPROCAL, DOUBLE, pc)
    case Xvector.XVRESP: return compute(word, RECIPROCAL, SINGLE, pc)
    case Xvector.XVRSQRTEDP: return compute(word, RECIPROCAL_ROOT, DOUBLE, pc)
    case Xvector.XVRSQRTESP: return compute(word, RECIPROCAL_ROOT, SINGLE, pc)
    case Xvector.XVRDPI: return compute(word, ROUND_AWAY, DOUBLE, pc)
    case Xvector.XVRSPI: return compute(word, ROUND_AWAY, SINGLE, pc)
    case Xvector.XVRDPIZ: return compute(word, ROUND_TO_ZERO, DOUBLE, pc)
    case Xvector.XVRSPIZ: return compute(word, ROUND_TO_ZERO, SINGLE, pc)
    case Xvector.XVRDPIP: return compute(word, ROUND_UP, DOUBLE, pc)
    case Xvector.XVRSPIP: return compute(word, ROUND_UP, SINGLE, pc)
    case Xvector.XVRDPIM: return compute(word, ROUND_DOWN, DOUBLE, pc)
    case Xvector.XVRSPIM: return compute(word, ROUND_DOWN, SINGLE, pc)
    case Xvector.XVRDPIC: return compute(word, ROUND_BY_MODE, DOUBLE, pc)
    case Xvector.XVRSPIC: return compute(word, ROUND_BY_MODE, SINGLE, pc)
    default: return signs(word, which, pc)
  }
}

function signs(word: u32, which: i32, pc: u64): u32 {
  switch (which) {
    case Xvector.XVCPSGNDP: return compute(word, COPY_SIGN, DOUBLE, pc)
    case Xvector.XVCPSGNSP: return compute(word, COPY_SIGN, SINGLE, pc)
    case Xvector.XVABSDP: return compute(word, ABSOLUTE, DOUBLE, pc)
    case Xvector.XVABSSP: return compute(word, ABSOLUTE, SINGLE, pc)
    case Xvector.XVNABSDP: return compute(word, NEGATIVE, DOUBLE, pc)
    case Xvector.XVNABSSP: return compute(word, NEGATIVE, SINGLE, pc)
    case Xvector.XVNEGDP: return compute(word, OPPOSITE, DOUBLE, pc)
    case Xvector.XVNEGSP: return compute(word, OPPOSITE, SINGLE, pc)
    case Xvector.XVCMPEQDP: return compare_all(word, EQUAL, false, DOUBLE, pc)
    case Xvector.XVCMPEQSP: return compare_all(word, EQUAL, false, SINGLE, pc)
    case Xvector.XVCMPGTDP: return compare_all(word, GREATER, true, DOUBLE, pc)
    case Xvector.XVCMPGTSP: return compare_all(word, GREATER, true, SINGLE, pc)
    case Xvector.XVCMPGEDP: return compare_all(word, GREATER | EQUAL, true, DOUBLE, pc)
    case Xvector.XVCMPGESP: return compare_all(word, GREATER | EQUAL, true, SINGLE, pc)
    case Xvector.XVXEXPDP: return exponents(word, DOUBLE)
    case Xvector.XVXEXPSP: return exponents(word, SINGLE)
    case Xvector.XVXSIGDP: return significands(word, DOUBLE)
    case Xvector.XVXSIGSP: return significands(word, SINGLE)
    case Xvector.XVIEXPDP: return insert_exponents(word, DOUBLE)
    case Xvector.XVIEXPSP: return insert_exponents(word, SINGLE)
    case Xvector.XVTSTDCDP: return test_classes(word, DOUBLE)
    case Xvector.XVTSTDCSP: return test_classes(word, SINGLE)
    default: return conversions(word, which, pc)
  }
}

function conversions(word: u32, which: i32, pc: u64): u32 {
  const crf = CRF + ((word >> 23) & 7)
  switch (which) {
    case Xvector.XVCVSPUXWS: return to_integers(word, SINGLE, 32, false, pc)
    case Xvector.XVCVSPSXWS: return to_integers(word, SINGLE, 32, true, pc)
    case Xvector.XVCVSPUXDS: return to_integers(word, SINGLE, 64, false, pc)
    case Xvector.XVCVSPSXDS: return to_integers(word, SINGLE, 64, true, pc)
    case Xvector.XVCVDPUXWS: return to_integers(word, DOUBLE, 32, false, pc)
    case Xvector.XVCVDPSXWS: return to_integers(word, DOUBLE, 32, true, pc)
    case Xvector.XVCVDPUXDS: return to_integers(word, DOUBLE, 64, false, pc)
    case Xvector.XVCVDPSXDS: return to_integers(word, DOUBLE, 64, true, pc)
    case Xvector.XVCVUXWSP: return from_integers(word, 32, false, SINGLE, pc)
    case Xvector.XVCVSXWSP: return from_integers(word, 32, true, SINGLE, pc)
    case Xvector.XVCVUXDSP: return from_integers(word, 64, false, SINGLE, pc)
    case Xvector.XVCVSXDSP: return from_integers(word, 64, true, SINGLE, pc)
    case Xvector.XVCVUXWDP: return from_integers(word, 32, false, DOUBLE, pc)
    case Xvector.XVCVSXWDP: return from_integers(word, 32, true, DOUBLE, pc)
    case Xvector.XVCVUXDDP: return from_integers(word, 64, false, DOUBLE, pc)
    case Xvector.XVCVSXDDP: return from_integers(word, 64, true, DOUBLE, pc)
    case Xvector.XVCVDPSP: return between_formats(word, DOUBLE, pc)
    case Xvector.XVCVSPDP: return between_formats(word, SINGLE, pc)
    case Xvector.XVTDIVDP: store<u8>(crf, <u8>vector_test_divide(vsr_a(word), vsr_b(word), DOUBLE)); return NEXT
    case Xvector.XVTDIVSP: store<u8>(crf, <u8>vector_test_divide(vsr_a(word), vsr_b(word), SINGLE)); return NEXT
    case Xvector.XVTSQRTDP: store<u8>(crf, <u8>vector_test_sqrt(vsr_b(word), DOUBLE)); return NEXT
    default: store<u8>(crf, <u8>vector_test_sqrt(vsr_b(word), SINGLE)); return NEXT // XVTSQRTSP
  }
}
