/**
 * Floating-point numbers taken apart, and put together again with the rounding and the exceptions of IEEE 754 as the
 * architecture has them. Integers only: a number is a sign, an exponent and 128 bits of significand.
 *
 *     value = (-1)^sign × (high.low / 2^127) × 2^exponent      high has its first bit set: 1 <= significand < 2
 *     NaN     the fraction, left-justified in high.low, its first bit saying that it is quiet
 *
 * An instruction works on the four numbers of the scratch area and leaves its exceptions in Work.flags, as bits of FPSCR.
 * Sources: Power ISA 3.0B, Book I, 4.3 and 4.4; IEEE 754-2008, 4.3, 5.4, 7.
 */
import { RUN } from '../engine/layout'
import { FI, FR, OX, UX, XX } from './fpscr'

export const ZERO: u32 = 0
export const FINITE: u32 = 1
export const INFINITE: u32 = 2
export const QUIET: u32 = 3
export const SIGNALLING: u32 = 4

/** Formats. SHORT is a single as registers hold it: rounded to a single, in the form of a double. */
export const DOUBLE: u32 = 0
export const SHORT: u32 = 1
export const SINGLE: u32 = 2

export const NEAREST: u32 = 0
export const TO_ZERO: u32 = 1
export const UP: u32 = 2
export const DOWN: u32 = 3
/** To the nearest, of two as near the one farther from zero: only for rounding to integers. */
export const NEAREST_AWAY: u32 = 4

@unmanaged
export class Parts {
  sign: u32
  kind: u32
  exponent: i32
  pad: u32
  high: u64
  low: u64
}

@unmanaged
export class Work {
  flags: u64 // exceptions of the operation at hand, FR and FI
  mode: u32 // how to round
  scale_overflow: u32 // 1 where the exception is enabled: the result is scaled into range, and not limited
  scale_underflow: u32
  pad: u32
}
const WORK: usize = RUN + 0x200
@inline export function work(): Work { return changetype<Work>(WORK) }
@inline export function part_a(): Parts { return changetype<Parts>(WORK + 0x20) }
@inline export function part_b(): Parts { return changetype<Parts>(WORK + 0x40) }
@inline export function part_c(): Parts { return changetype<Parts>(WORK + 0x60) }
@inline export function result(): Parts { return changetype<Parts>(WORK + 0x80) }

@inline export function is_nan(n: Parts): bool { return n.kind >= QUIET }

function set(n: Parts, kind: u32, exponent: i32, high: u64): void {
  n.kind = kind
  n.exponent = exponent
  n.high = high
  n.low = 0
}

/** The number with `exponent` and a significand that begins anywhere. */
export function normalize(n: Parts): void {
  if ((n.high | n.low) == 0) {
    n.kind = ZERO
    return
  }
  n.kind = FINITE
  if (n.high == 0) {
    n.high = n.low
    n.low = 0
    n.exponent -= 64
  }
  const shift = clz<u64>(n.high)
  if (shift == 0) return
  n.high = (n.high << shift) | (n.low >> (64 - shift))
  n.low <<= shift
  n.exponent -= <i32>shift
}

function from_fields(n: Parts, sign: u32, biased: u32, last: u32, bias: i32, fraction: u64): void {
  n.sign = sign
  if (biased == last) set(n, fraction == 0 ? INFINITE : <i64>fraction < 0 ? QUIET : SIGNALLING, 0, fraction)
  else if (biased != 0) set(n, FINITE, <i32>biased - bias, (fraction >> 1) | (<u64>1 << 63))
  else {
    set(n, ZERO, 1 - bias, fraction >> 1)
    normalize(n)
  }
}

export function from_double(n: Parts, bits: u64): void {
  from_fields(n, <u32>(bits >> 63), <u32>(bits >> 52) & 0x7ff, 0x7ff, 1023, bits << 12)
}

export function from_single(n: Parts, bits: u32): void {
  from_fields(n, bits >> 31, (bits >> 23) & 255, 255, 127, <u64>bits << 41)
}

/** A whole number. */
export function from_integer(n: Parts, sign: u32, magnitude: u64): void {
  n.sign = sign
  set(n, ZERO, 63, magnitude)
  normalize(n)
}

/** To the right with what is lost in the last bit. */
export function shift_jam(value: u64, by: u32): u64 {
  if (by == 0) return value
  if (by > 63) return u64(value != 0)
  return (value >> by) | u64(value << (64 - by) != 0)
}

export function shift_jam_wide(n: Parts, by: u32): void {
  if (by == 0) return
  if (by > 127) {
    n.low = u64((n.high | n.low) != 0)
    n.high = 0
  } else if (by > 63) {
    n.low = shift_jam(n.high, by - 64) | u64(n.low != 0)
    n.high = 0
  } else {
    n.low = (n.low >> by) | (n.high << (64 - by)) | u64(n.low << (64 - by) != 0)
    n.high >>= by
  }
}

/** Whether a significand whose bits below `half` × 2 are dropped is rounded away from zero. */
export function rounds_up(mode: u32, sign: u32, kept_odd: bool, rest: u64, half: u64): bool {
  switch (mode) {
    case NEAREST: return rest > half || (rest == half && kept_odd)
    case UP: return sign == 0 && rest != 0
    case DOWN: return sign != 0 && rest != 0
    case NEAREST_AWAY: return rest >= half
    default: return false
  }
}

function pack(format: u32, sign: u32, biased: u32, fraction: u64): u64 {
  if (format == SINGLE) return (<u64>sign << 31) | (<u64>biased << 23) | fraction
  return (<u64>sign << 63) | (<u64>biased << 52) | fraction
}

export function infinity(format: u32, sign: u32): u64 { return pack(format, sign, format == SINGLE ? 255 : 0x7ff, 0) }
export function zero(format: u32, sign: u32): u64 { return pack(format, sign, 0, 0) }

/** The NaN of an invalid operation. */
@inline export function default_nan(format: u32): u64 { return format == SINGLE ? 0x7fc0_0000 : 0x7ff8_0000_0000_0000 }

/** A NaN, made quiet; what does not fit is cut off. (A SHORT operand that no single can hold is undefined.) */
export function pack_nan(format: u32, n: Parts): u64 {
  const fraction = n.high | (<u64>1 << 63)
  if (format == SHORT) return pack(DOUBLE, n.sign, 0x7ff, (fraction >> 41) << 29)
  if (format == SINGLE) return pack(SINGLE, n.sign, 255, fraction >> 41)
  return pack(DOUBLE, n.sign, 0x7ff, fraction >> 12)
}

/** The largest finite number. */
function largest(format: u32, sign: u32): u64 {
  if (format == SINGLE) return pack(SINGLE, sign, 254, 0x7f_ffff)
  return format == SHORT ? pack(DOUBLE, sign, 1023 + 127, 0xf_ffff_e000_0000) : pack(DOUBLE, sign, 0x7fe, 0xf_ffff_ffff_ffff)
}

/** What exponents are moved by where overflow or underflow is enabled (Power ISA 3.0B, Book I, 4.4.3 and 4.4.4). */
@inline function scale(format: u32): i32 { return format == DOUBLE ? 1536 : 192 }

function overflow(n: Parts, format: u32): u64 {
  const w = work()
  w.flags |= OX | XX | FI
  const mode = w.mode
  const limited = mode == TO_ZERO || (mode == UP && n.sign != 0) || (mode == DOWN && n.sign == 0)
  if (!limited) w.flags |= FR
  return limited ? largest(format, n.sign) : infinity(format, n.sign)
}

/** A finite number that is not zero, rounded to `format`. Tininess is seen before rounding. */
export function round(n: Parts, format: u32): u64 {
  const w = work()
  const precision: u32 = format == DOUBLE ? 53 : 24
  const most: i32 = format == DOUBLE ? 1023 : 127
  let significand = n.high | u64(n.low != 0)
  let exponent = n.exponent
  const tiny = exponent < 1 - most
  if (tiny && w.scale_underflow != 0) {
    exponent += scale(format)
    w.flags |= UX
  } else if (tiny) {
    significand = shift_jam(significand, <u32>(1 - most - exponent))
    exponent = 1 - most
  }
  const dropped = 64 - precision
  const rest = significand & ((<u64>1 << dropped) - 1)
  let kept = significand >> dropped
  if (rest != 0) w.flags |= tiny ? UX | XX | FI : XX | FI
  if (rounds_up(w.mode, n.sign, (kept & 1) != 0, rest, <u64>1 << (dropped - 1))) {
    kept++
    w.flags |= FR
    if (kept >> precision != 0) {
      kept >>= 1
      exponent++
    }
  }
  if (exponent > most) {
    if (w.scale_overflow == 0) return overflow(n, format)
    w.flags |= OX
    exponent -= scale(format)
  }
  return assemble(format, n.sign, exponent, kept, precision)
}

/** A rounded number: `kept` has `precision` bits, or fewer if it is denormal, or zero. */
function assemble(format: u32, sign: u32, exponent: i32, kept: u64, precision: u32): u64 {
  const normal = kept >> (precision - 1) != 0
  if (format == SHORT) {
    if (kept == 0) return zero(DOUBLE, sign)
    // What is denormal as a single is a normal double.
    const shift = clz<u64>(kept) - 11
    return pack(DOUBLE, sign, <u32>(exponent + 1023 + 29 - <i32>shift), (kept << shift) & 0xf_ffff_ffff_ffff)
  }
  const bias = format == SINGLE ? 127 : 1023
  const fraction = kept & ((<u64>1 << (precision - 1)) - 1)
  return pack(format, sign, normal ? <u32>(exponent + bias) & (format == SINGLE ? 255 : 0x7ff) : 0, fraction)
}
