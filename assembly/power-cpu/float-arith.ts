/**
 * Arithmetic on numbers taken apart (float-number.ts), exact or with what does not fit in the last bit; and the operations of
 * IEEE 754 made of it, with the NaNs and invalid operations of the architecture.
 * Source: Power ISA 3.0B, Book I, 4.4.1, 4.6.6 and the tables of actions in 7.6.3.
 */
import { div_wide, mulhi_u64 } from '../wide'
import {
  default_nan, DOWN, FINITE, from_double, from_single, infinity, INFINITE, is_nan, normalize, pack_nan, part_a, part_b,
  part_c, Parts, result, round, shift_jam_wide, SIGNALLING, SINGLE, work, ZERO, zero,
} from './float-number'
import { VXIDI, VXIMZ, VXISI, VXSNAN, VXSQRT, VXZDZ, ZX } from './fpscr'

@inline function invalid(flag: u64, format: u32): u64 {
  work().flags |= flag
  return default_nan(format)
}

/** A register's or element's bits: SHORT operands are doubles. */
@inline function take(n: Parts, bits: u64, format: u32): void {
  if (format == SINGLE) from_single(n, <u32>bits)
  else from_double(n, bits)
}

@inline function note_signalling(n: Parts): void { if (n.kind == SIGNALLING) work().flags |= VXSNAN }

/** The sum of two finite numbers, one of which may be zero, in the result; no rounding yet. */
function sum(x: Parts, y: Parts): void {
  const r = result()
  const larger = y.kind == ZERO || (x.kind != ZERO && !below(x, y)) ? x : y
  const smaller = larger == x ? y : x
  const same = x.sign == y.sign
  r.sign = larger.sign
  r.exponent = larger.exponent + 1
  // One place to the right, so that there is room for a carry.
  r.low = (larger.high << 63) | (larger.low >> 1) | (larger.low & 1)
  r.high = larger.high >> 1
  if (smaller.kind != ZERO) {
    shift_jam_wide(smaller, <u32>(larger.exponent - smaller.exponent) + 1)
    if (same) {
      const low = r.low + smaller.low
      r.high += smaller.high + u64(low < r.low)
      r.low = low
    } else {
      r.high -= smaller.high + u64(r.low < smaller.low)
      r.low -= smaller.low
    }
  }
  normalize(r)
  if (r.kind == ZERO && !same) r.sign = work().mode == DOWN ? 1 : 0
}

/** Whether x is the smaller one, signs aside; both are finite and not zero. */
export function below(x: Parts, y: Parts): bool {
  if (x.exponent != y.exponent) return x.exponent < y.exponent
  return x.high != y.high ? x.high < y.high : x.low < y.low
}

/** The product of two finite numbers of 64 bits that are not zero, exact, in x. */
function multiply_into(x: Parts, y: Parts): void {
  const low = x.high * y.high
  x.high = mulhi_u64(x.high, y.high)
  x.low = low
  x.sign ^= y.sign
  x.exponent += y.exponent + 1
  normalize(x)
}

/** The result as bits. */
@inline function rounded(n: Parts, format: u32): u64 { return n.kind == ZERO ? zero(format, n.sign) : round(n, format) }

/** A sum of numbers that are no NaNs. */
function total(x: Parts, y: Parts, format: u32): u64 {
  if (x.kind == INFINITE) return y.kind == INFINITE && x.sign != y.sign ? invalid(VXISI, format) : infinity(format, x.sign)
  if (y.kind == INFINITE) return infinity(format, y.sign)
  if (x.kind == ZERO && y.kind == ZERO) {
    return zero(format, x.sign == y.sign ? x.sign : work().mode == DOWN ? 1 : 0)
  }
  sum(x, y)
  return rounded(result(), format)
}

/** a + b. `negate` turns b's sign, but not a NaN's. */
export function float_add(a: u64, b: u64, format: u32, negate: bool): u64 {
  const x = part_a()
  const y = part_b()
  take(x, a, format)
  take(y, b, format)
  note_signalling(x)
  note_signalling(y)
  if (is_nan(x)) return pack_nan(format, x)
  if (is_nan(y)) return pack_nan(format, y)
  if (negate) y.sign ^= 1
  return total(x, y, format)
}

export function float_multiply(a: u64, b: u64, format: u32): u64 {
  const x = part_a()
  const y = part_b()
  take(x, a, format)
  take(y, b, format)
  note_signalling(x)
  note_signalling(y)
  if (is_nan(x)) return pack_nan(format, x)
  if (is_nan(y)) return pack_nan(format, y)
  const sign = x.sign ^ y.sign
  if (x.kind == INFINITE || y.kind == INFINITE) {
    return x.kind == ZERO || y.kind == ZERO ? invalid(VXIMZ, format) : infinity(format, sign)
  }
  if (x.kind == ZERO || y.kind == ZERO) return zero(format, sign)
  multiply_into(x, y)
  return round(x, format)
}

/** a × c + b, rounded once. The first NaN of a, b, c is the result. */
export function float_fused(a: u64, b: u64, c: u64, format: u32, negate: bool): u64 {
  const x = part_a()
  const y = part_b()
  const z = part_c()
  take(x, a, format)
  take(y, b, format)
  take(z, c, format)
  note_signalling(x)
  note_signalling(y)
  note_signalling(z)
  const nothing = (x.kind == INFINITE && z.kind == ZERO) || (x.kind == ZERO && z.kind == INFINITE)
  if (nothing) work().flags |= VXIMZ
  if (is_nan(x)) return pack_nan(format, x)
  if (is_nan(y)) return pack_nan(format, y)
  if (is_nan(z)) return pack_nan(format, z)
  if (nothing) return default_nan(format)
  if (negate) y.sign ^= 1
  if (x.kind == FINITE && z.kind == FINITE) multiply_into(x, z)
  else {
    x.kind = x.kind == INFINITE || z.kind == INFINITE ? INFINITE : ZERO
    x.sign ^= z.sign
  }
  return total(x, y, format)
}

export function float_divide(a: u64, b: u64, format: u32): u64 {
  const x = part_a()
  const y = part_b()
  take(x, a, format)
  take(y, b, format)
  note_signalling(x)
  note_signalling(y)
  if (is_nan(x)) return pack_nan(format, x)
  if (is_nan(y)) return pack_nan(format, y)
  const sign = x.sign ^ y.sign
  if (x.kind == INFINITE) return y.kind == INFINITE ? invalid(VXIDI, format) : infinity(format, sign)
  if (y.kind == INFINITE) return zero(format, sign)
  if (y.kind == ZERO) {
    if (x.kind == ZERO) return invalid(VXZDZ, format)
    work().flags |= ZX
    return infinity(format, sign)
  }
  if (x.kind == ZERO) return zero(format, sign)
  const r = result()
  const quotient = div_wide(x.high >> 1, x.high << 63, y.high)
  r.sign = sign
  r.exponent = x.exponent - y.exponent
  r.high = quotient
  // What is left over only has to be seen.
  r.low = u64((x.high << 63) - quotient * y.high != 0)
  normalize(r)
  return round(r, format)
}

export function float_sqrt(a: u64, format: u32): u64 {
  const x = part_a()
  take(x, a, format)
  note_signalling(x)
  if (is_nan(x)) return pack_nan(format, x)
  if (x.kind == ZERO) return zero(format, x.sign)
  if (x.sign != 0) return invalid(VXSQRT, format)
  if (x.kind == INFINITE) return infinity(format, 0)
  root(x)
  return round(result(), format)
}

/** The square root of a positive number of at most 57 bits: two bits of it for each bit of the root. */
function root(x: Parts): void {
  const r = result()
  const odd = (x.exponent & 1) != 0
  let high = odd ? x.high : x.high >> 1
  let low: u64 = odd ? 0 : x.high << 63
  let found: u64 = 0
  let rest: u64 = 0
  for (let i = 0; i < ROOT_BITS; i++) {
    rest = (rest << 2) | (high >> 62)
    high = (high << 2) | (low >> 62)
    low <<= 2
    const trial = (found << 2) | 1
    found <<= 1
    if (rest < trial) continue
    rest -= trial
    found |= 1
  }
  r.kind = FINITE
  r.sign = 0
  r.exponent = x.exponent >> 1
  r.high = found << (64 - ROOT_BITS)
  r.low = u64((rest | high | low) != 0)
}
const ROOT_BITS: i32 = 57
