/**
 * What software looks at before it divides or takes a root by itself: ftdiv, ftsqrt and their VSX forms.
 * Source: Power ISA 3.0B, Book I, 4.6.6 (ftdiv, ftsqrt) and 7.6.3 (xvtdivsp, xvtsqrtsp).
 *
 *   answer   8 | 4 if an operand is infinite, or the divisor (radicand) zero or denormal | 2 if the usual way may fail
 */
import { SINGLE } from './float-number'

/** Exponent of a number as it is stored, and whether nothing but the sign is set. */
@inline function biased(bits: u64, format: u32): i32 {
  return format == SINGLE ? <i32>(bits >> 23) & 255 : <i32>(bits >> 52) & 0x7ff
}
@inline function last(format: u32): i32 { return format == SINGLE ? 255 : 0x7ff }
@inline function is_zero(bits: u64, format: u32): bool { return format == SINGLE ? <u32>bits << 1 == 0 : bits << 1 == 0 }
@inline function is_infinite(bits: u64, format: u32): bool {
  return format == SINGLE ? <u32>bits << 1 == <u32>0xff << 24 : bits << 1 == <u64>0x7ff << 53
}
/** The largest exponent without bias, and from which stored one on results keep all their bits. */
@inline function most(format: u32): i32 { return format == SINGLE ? 127 : 1023 }
@inline function low_end(format: u32): i32 { return format == SINGLE ? 24 : 53 }

export function test_divide(a: u64, b: u64, format: u32): u32 {
  const ea = biased(a, format)
  const eb = biased(b, format)
  const far = most(format)
  const hard = is_infinite(a, format) || is_infinite(b, format) || eb == 0
  const apart = !is_zero(a, format) && (ea - eb >= far || ea - eb <= 2 - far || ea <= low_end(format))
  const range = eb <= 1 || eb >= 2 * far - 2 || apart
  return 8 | (hard ? 4 : 0) | (hard || range || ea == last(format) ? 2 : 0)
}

export function test_sqrt(b: u64, format: u32): u32 {
  const e = biased(b, format)
  const hard = is_infinite(b, format) || e == 0
  const negative = format == SINGLE ? b >> 31 != 0 : <i64>b < 0
  return 8 | (hard ? 4 : 0) | (hard || e == last(format) || negative || e <= low_end(format) ? 2 : 0)
}

/** Of vectors: what any element says. */
export function vector_test_divide(a: usize, b: usize, format: u32): u32 {
  if (format != SINGLE) {
    return test_divide(load<u64>(a), load<u64>(b), format) | test_divide(load<u64>(a, 8), load<u64>(b, 8), format)
  }
  let answer: u32 = 0
  for (let i: usize = 0; i < 16; i += 4) answer |= test_divide(<u64>load<u32>(a + i), <u64>load<u32>(b + i), SINGLE)
  return answer
}

export function vector_test_sqrt(b: usize, format: u32): u32 {
  if (format != SINGLE) return test_sqrt(load<u64>(b), format) | test_sqrt(load<u64>(b, 8), format)
  let answer: u32 = 0
  for (let i: usize = 0; i < 16; i += 4) answer |= test_sqrt(<u64>load<u32>(b + i), SINGLE)
  return answer
}
