/**
 * What VSX computes on one element, scalar or of a vector: arithmetic by number, extremes, tests of classes.
 * Source: Power ISA 3.0B, Book I, 7.6.3.
 */
import { float_add, float_divide, float_fused, float_multiply, float_sqrt } from './float-arith'
import { class_of, compare, convert, LESS, to_whole } from './float-convert'
import {
  DOUBLE, DOWN, from_double, from_single, is_nan, NEAREST_AWAY, pack_nan, part_a, part_b, SHORT, SIGNALLING, SINGLE, TO_ZERO, UP,
  work,
} from './float-number'
import { FI, FR, VXSNAN, XX } from './fpscr'

export const ADD: u32 = 0
export const SUBTRACT: u32 = 1
export const MULTIPLY: u32 = 2
export const DIVIDE: u32 = 3
export const ROOT: u32 = 4
export const RECIPROCAL: u32 = 5
export const RECIPROCAL_ROOT: u32 = 6
export const ROUND_AWAY: u32 = 7
export const ROUND_TO_ZERO: u32 = 8
export const ROUND_UP: u32 = 9
export const ROUND_DOWN: u32 = 10
export const ROUND_BY_MODE: u32 = 11
export const MAXIMUM: u32 = 12
export const MINIMUM: u32 = 13
export const COPY_SIGN: u32 = 14
export const ABSOLUTE: u32 = 15
export const NEGATIVE: u32 = 16
export const OPPOSITE: u32 = 17
/** Products with a sum, and what may be added: b is the addend and not t; it is subtracted; the result is negated. */
export const FUSED: u32 = 32
export const ADDEND_B: u32 = 1
export const LESS_ADDEND: u32 = 2
export const NEGATED: u32 = 4

@inline function sign_of(format: u32): u64 { return format == SINGLE ? 1 << 31 : 1 << 63 }
@inline function nan(bits: u64, format: u32): bool {
  return format == SINGLE ? <u32>bits << 1 > <u32>0xff << 24 : bits << 1 > <u64>0x7ff << 53
}
const SINGLE_ONE: u64 = 0x3f80_0000
const DOUBLE_ONE: u64 = 0x3ff0_0000_0000_0000
@inline function one(format: u32): u64 { return format == SINGLE ? SINGLE_ONE : DOUBLE_ONE }

/** a or b; the larger one with `larger`. Of a number and a quiet NaN it is the number, and +0 is above -0. */
function extreme(a: u64, b: u64, format: u32, larger: bool): u64 {
  if (!nan(a, format) && !nan(b, format)) {
    const order = compare(a, b, format, false, false)
    const less = order == LESS || (order != 4 && (a & sign_of(format)) != 0)
    return less == larger ? b : a
  }
  const x = part_a()
  const y = part_b()
  if (format == SINGLE) {
    from_single(x, <u32>a)
    from_single(y, <u32>b)
  } else {
    from_double(x, a)
    from_double(y, b)
  }
  if (x.kind == SIGNALLING || y.kind == SIGNALLING) work().flags |= VXSNAN
  if (x.kind == SIGNALLING || (is_nan(x) && y.kind != SIGNALLING && is_nan(y))) return pack_nan(format, x)
  if (y.kind == SIGNALLING) return pack_nan(format, y)
  return is_nan(x) ? b : a
}

function fused(op: u32, a: u64, b: u64, t: u64, format: u32): u64 {
  const addend = op & ADDEND_B ? b : t
  const value = float_fused(a, addend, op & ADDEND_B ? t : b, format, (op & LESS_ADDEND) != 0)
  return (op & NEGATED) != 0 && !nan(value, format) ? value ^ sign_of(format) : value
}

function reciprocal_root(b: u64, format: u32): u64 {
  // A single's root is taken of the double that it is, and rounded once more at the end.
  const root = format == SINGLE ? float_sqrt(b, SINGLE) : float_sqrt(b, DOUBLE)
  if (nan(root, format)) return format == SHORT ? convert(root, DOUBLE, SHORT) : root
  return float_divide(one(format), root, format)
}

/** The result of an operation; `t` is what the target held. */
export function operate(op: u32, a: u64, b: u64, t: u64, format: u32): u64 {
  if (op & FUSED) return fused(op, a, b, t, format)
  switch (<i32>op) {
    case ADD: return float_add(a, b, format, false)
    case SUBTRACT: return float_add(a, b, format, true)
    case MULTIPLY: return float_multiply(a, b, format)
    case DIVIDE: return float_divide(a, b, format)
    case ROOT: return float_sqrt(b, format)
    case RECIPROCAL: return float_divide(one(format), b, format)
    case RECIPROCAL_ROOT: return reciprocal_root(b, format)
    case ROUND_AWAY: return to_whole(b, format, NEAREST_AWAY, 0)
    case ROUND_TO_ZERO: return to_whole(b, format, TO_ZERO, 0)
    case ROUND_UP: return to_whole(b, format, UP, 0)
    case ROUND_DOWN: return to_whole(b, format, DOWN, 0)
    case ROUND_BY_MODE: return to_whole(b, format, work().mode, XX | FI | FR)
    case MAXIMUM: return extreme(a, b, format, true)
    case MINIMUM: return extreme(a, b, format, false)
    case COPY_SIGN: return (a & sign_of(format)) | (b & ~sign_of(format))
    case ABSOLUTE: return b & ~sign_of(format)
    case NEGATIVE: return b | sign_of(format)
    default: return b ^ sign_of(format) // OPPOSITE
  }
}

/** Whether an operation leaves FPSCR alone. */
@inline export function is_silent(op: u32): bool { return op >= COPY_SIGN && op <= OPPOSITE }

/** Whether a number is of one of the classes of a mask: NaN 64, +∞ 32, -∞ 16, +0 8, -0 4, +denormal 2, -denormal 1. */
export function in_classes(bits: u64, format: u32, mask: u32): bool {
  switch (<i32>class_of(bits, format)) {
    case 0x11: return (mask & 64) != 0
    case 0x05: return (mask & 32) != 0
    case 0x09: return (mask & 16) != 0
    case 0x02: return (mask & 8) != 0
    case 0x12: return (mask & 4) != 0
    case 0x14: return (mask & 2) != 0
    case 0x18: return (mask & 1) != 0
    default: return false
  }
}
