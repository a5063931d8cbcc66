/**
 * 128-bit intermediates for a machine that has only 64: product, quotient, and their combination a*b/c.
 *
 * Everything is exact. Where a result is wider than 64 bits its low 64 bits are returned, as the real
 * programs do (QEMU include/qemu/host-utils.h muldiv64, Linux include/linux/math64.h).
 */

const LOW: u64 = 0xffff_ffff

/** The high 64 bits of the 128-bit product a*b. The low 64 bits are `a * b`. */
export function mulhi_u64(a: u64, b: u64): u64 {
  const al = a & LOW
  const ah = a >> 32
  const bl = b & LOW
  const bh = b >> 32
  // Each sum is at most (2^32-1)^2 + 2*(2^32-1) = 2^64-1, so no carry is lost.
  const high_low = ah * bl + ((al * bl) >> 32)
  const low_high = al * bh + (high_low & LOW)
  return ah * bh + (high_low >> 32) + (low_high >> 32)
}

/**
 * floor((hi*2^64 + lo) / d). The caller guarantees hi < d, so that the quotient fits in 64 bits.
 *
 * Schoolbook division in base 2^32 (Knuth, The Art of Computer Programming, vol. 2, algorithm 4.3.1 D, for a
 * divisor of two digits). The divisor is shifted until its top bit is set; then an estimate of a quotient
 * digit from its leading digit is at most two too large.
 */
export function div_wide(hi: u64, lo: u64, d: u64): u64 {
  if (hi == 0) return lo / d
  const s = clz(d)
  const divisor = d << s
  const dh = divisor >> 32
  const dl = divisor & LOW
  // `lo >> (64 - s)` would be a shift by 64, which WebAssembly takes as 0, when s is 0.
  const top = s == 0 ? hi : (hi << s) | (lo >> (64 - s))
  const rest = lo << s

  const q1 = quotient_digit(top, rest >> 32, dh, dl)
  // The true remainder is below the divisor, so computing it mod 2^64 is enough.
  const middle = ((top << 32) | (rest >> 32)) - q1 * divisor
  const q0 = quotient_digit(middle, rest & LOW, dh, dl)
  return (q1 << 32) | q0
}

/** One base-2^32 digit: floor((top*2^32 + next) / (dh*2^32 + dl)), for top below the divisor. */
function quotient_digit(top: u64, next: u64, dh: u64, dl: u64): u64 {
  let q = top / dh
  let r = top - q * dh
  while (q > LOW || q * dl > ((r << 32) | next)) {
    q--
    r += dh
    // Once r has more than 32 bits the estimate cannot be too large any more, and r << 32 would overflow.
    if (r > LOW) break
  }
  return q
}

/** (hi*2^64 + lo) mod d. The caller guarantees hi < d. */
export function rem_wide(hi: u64, lo: u64, d: u64): u64 {
  return lo - div_wide(hi, lo, d) * d
}

/** floor(a*b/c) mod 2^64, for any a and b; 0 for c = 0. */
export function muldiv_u64(a: u64, b: u64, c: u64): u64 {
  if (c == 0) return 0
  const hi = mulhi_u64(a, b)
  return div_wide(hi < c ? hi : hi % c, a * b, c)
}

/** ceil(a*b/c) mod 2^64, for any a and b; 0 for c = 0. */
export function muldiv_up_u64(a: u64, b: u64, c: u64): u64 {
  const q = muldiv_u64(a, b, c)
  // The remainder is below 2^64, so it survives that q was cut to 64 bits.
  return c == 0 || a * b == q * c ? q : q + 1
}
