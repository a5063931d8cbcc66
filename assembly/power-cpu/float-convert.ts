/**
 * Floating-point numbers to integers and back, to whole numbers, to other formats; their class and their order.
 * Source: Power ISA 3.0B, Book I, 4.6.7, 4.6.8, 7.6.3.
 */
import { below } from './float-arith'
import {
  DOUBLE, FINITE, from_double, from_integer, from_single, infinity, INFINITE, is_nan, pack_nan, part_a, part_b, Parts, round,
  rounds_up, SIGNALLING, SINGLE, work, ZERO, zero,
} from './float-number'
import { FI, FR, VXCVI, VXSNAN, VXVC, XX } from './fpscr'

/** The part of a number before the point, rounded; inexactness is noted in the flags given. Beyond 2^64 it is not called. */
function whole_part(n: Parts, mode: u32, inexact: u64): u64 {
  const e = n.exponent
  const whole = e < 0 ? 0 : n.high >> <u64>(63 - e)
  // What lies behind the point, left-justified; all that counts below a half is that it is there.
  const rest = e < -1 ? 1 : e == 63 ? 0 : n.high << <u64>(e + 1)
  if (rest == 0) return whole
  const up = rounds_up(mode, n.sign, (whole & 1) != 0, rest, <u64>1 << 63)
  work().flags |= up ? inexact : inexact & ~FR
  return whole + u64(up)
}

/** An integer of `bits` bits; what does not fit becomes the nearest that does, a NaN the least. */
export function to_integer(n: Parts, bits: u32, signed: bool, mode: u32): u64 {
  const w = work()
  const top = <u64>1 << (bits - 1)
  const least: u64 = signed ? 0 - top : 0
  if (is_nan(n)) {
    w.flags |= n.kind == SIGNALLING ? VXSNAN | VXCVI : VXCVI
    return least
  }
  if (n.kind == ZERO) return 0
  const most = signed ? top - 1 : top - 1 + top
  const limit = n.sign != 0 ? 0 - least : most
  const flags = w.flags
  const magnitude = n.kind == FINITE && n.exponent < 64 ? whole_part(n, mode, XX | FI | FR) : u64.MAX_VALUE
  if (magnitude > limit || n.kind == INFINITE || n.exponent >= 64) {
    w.flags = flags | VXCVI
    return n.sign != 0 ? least : most
  }
  return n.sign != 0 ? 0 - magnitude : magnitude
}

/** An integer as a number of `format`. */
export function from_whole(sign: u32, magnitude: u64, format: u32): u64 {
  const n = part_a()
  from_integer(n, sign, magnitude)
  return n.kind == ZERO ? zero(format, 0) : round(n, format)
}

export function from_signed(value: i64, format: u32): u64 {
  return from_whole(value < 0 ? 1 : 0, value < 0 ? 0 - <u64>value : <u64>value, format)
}

/** A whole number near the one given; `inexact` is what is noted if it is another one. DOUBLE or SINGLE. */
export function to_whole(bits: u64, format: u32, mode: u32, inexact: u64): u64 {
  const n = part_a()
  if (format == SINGLE) from_single(n, <u32>bits)
  else from_double(n, bits)
  if (n.kind == SIGNALLING) work().flags |= VXSNAN
  if (is_nan(n)) return pack_nan(format, n)
  if (n.kind != FINITE || n.exponent > 60) return bits
  const sign = n.sign
  from_integer(n, sign, whole_part(n, mode, inexact))
  return n.kind == ZERO ? zero(format, sign) : round(n, format)
}

/** One format from another. */
export function convert(bits: u64, from: u32, to: u32): u64 {
  const n = part_a()
  if (from == SINGLE) from_single(n, <u32>bits)
  else from_double(n, bits)
  if (n.kind == SIGNALLING) work().flags |= VXSNAN
  if (is_nan(n)) return pack_nan(to, n)
  if (n.kind == INFINITE) return infinity(to, n.sign)
  return n.kind == ZERO ? zero(to, n.sign) : round(n, to)
}

/** The class of a number, as FPRF has it. */
export function class_of(bits: u64, format: u32): u64 {
  const magnitude = format == SINGLE ? bits << 33 : bits << 1
  const negative = format == SINGLE ? bits >> 31 != 0 : <i64>bits < 0
  const infinite: u64 = format == SINGLE ? 0xff << 56 : 0x7ff << 53
  const normal: u64 = format == SINGLE ? 1 << 56 : 1 << 53
  if (magnitude > infinite) return 0x11
  if (magnitude == infinite) return negative ? 0x09 : 0x05
  if (magnitude == 0) return negative ? 0x12 : 0x02
  if (magnitude < normal) return negative ? 0x18 : 0x14
  return negative ? 0x08 : 0x04
}

export const LESS: u32 = 8
export const GREATER: u32 = 4
export const EQUAL: u32 = 2
export const UNORDERED: u32 = 1

/** How two numbers lie, with the invalid operations of a comparison that is `ordered` or not; `enabled`: FPSCR[VE]. */
export function compare(a: u64, b: u64, format: u32, ordered: bool, enabled: bool): u32 {
  const x = part_a()
  const y = part_b()
  if (format == SINGLE) {
    from_single(x, <u32>a)
    from_single(y, <u32>b)
  } else {
    from_double(x, a)
    from_double(y, b)
  }
  if (is_nan(x) || is_nan(y)) {
    const signalling = x.kind == SIGNALLING || y.kind == SIGNALLING
    if (signalling) work().flags |= VXSNAN
    if (ordered && !(signalling && enabled)) work().flags |= VXVC
    return UNORDERED
  }
  return order(x, y)
}

/** Of two numbers that are no NaNs. */
function order(x: Parts, y: Parts): u32 {
  if (x.kind == ZERO && y.kind == ZERO) return EQUAL
  if (x.kind == ZERO) return y.sign != 0 ? GREATER : LESS
  if (y.kind == ZERO || x.sign != y.sign) return x.sign != 0 ? LESS : GREATER
  const smaller = magnitude_below(x, y)
  if (!smaller && !magnitude_below(y, x)) return EQUAL
  return smaller == (x.sign == 0) ? LESS : GREATER
}

function magnitude_below(x: Parts, y: Parts): bool {
  if (x.kind == INFINITE) return false
  return y.kind == INFINITE || below(x, y)
}
