/**
 * The multiplier-and-shift arithmetic with which x86 guests turn a TSC difference into nanoseconds.
 *
 *     ns = floor((shift < 0 ? delta >> -shift : delta << shift) * mul / 2^32)
 *
 * mul is u32. shift comes from a signed byte; as in the compiled kernels on x86-64 its magnitude counts
 * modulo 64. A scale travels as one u64, `mul | (u64(u32(shift)) << 32)`. 0 means "refused": a real scale
 * never has mul 0.
 */

const NS_PER_S: u64 = 1_000_000_000

export function scale_pack(mul: u32, shift: i32): u64 {
  return <u64>mul | ((<u64>(<u32>shift)) << 32)
}

export function scale_mul(scale: u64): u32 {
  return <u32>scale
}

export function scale_shift(scale: u64): i32 {
  return <i32>(scale >> 32)
}

/**
 * Ticks to ns. Bits that a positive shift moves out of the top are lost, as in the real functions; the
 * product never overflows. Linux asm/pvclock.h pvclock_scale_delta, Xen arch/x86/time.c scale_delta, QEMU
 * hw/i386/kvm/clock.c kvmclock_current_nsec.
 */
export function scale_delta(delta: u64, mul: u32, shift: i32): u64 {
  // Two returns, so that it is a branch: a choice of values computes both shifts, and a page's shift never changes.
  const left = <i64>shift
  if (left < 0) return scale_shifted(delta >> -left, mul)
  return scale_shifted(delta << left, mul)
}

/** What scale_delta makes of a delta that is shifted already. */
@inline
export function scale_shifted(shifted: u64, mul: u64): u64 {
  return (shifted >> 32) * mul + (((shifted & 0xffff_ffff) * mul) >> 32)
}

/**
 * The least delta with scale_delta(delta, mul, shift) >= ns, or u64.MAX_VALUE if there is none. This is the
 * TSC distance at which a guest first sees ns nanoseconds.
 */
export function unscale_up(ns: u64, mul: u32, shift: i32): u64 {
  if (ns == 0) return 0
  if (mul == 0) return u64.MAX_VALUE
  const m = <u64>mul
  // x = ceil(ns * 2^32 / mul) is the least shifted delta: 32 bits, then 32 bits more. Most often the first are 0.
  const high = ns < m ? 0 : ns / m
  if (high >> 32 != 0) return u64.MAX_VALUE
  const rest = (ns - high * m) << 32
  const low = rest / m
  const x = (high << 32) + low + u64(low * m != rest)
  const bits = (shift < 0 ? -shift : shift) & 63
  if (bits == 0) return x
  if (shift < 0) return x >> (64 - bits) == 0 ? x << bits : u64.MAX_VALUE
  // Shifted deltas are the multiples of 2^bits below 2^64; a larger delta only repeats them.
  const delta = (x >> bits) + u64((x & (((<u64>1) << bits) - 1)) != 0)
  return delta >> (64 - bits) == 0 ? delta : u64.MAX_VALUE
}

/** Xen's scale for ticks of `hz` to ns (arch/x86/time.c set_time_scale). 0 Hz, where Xen hangs, gives 0. */
export function xen_time_scale(hz: u64): u64 {
  if (hz == 0) return 0
  let ticks = hz
  let shift = 0
  while (ticks > 2 * NS_PER_S) {
    ticks >>= 1
    shift--
  }
  while (ticks <= NS_PER_S) {
    ticks <<= 1
    shift++
  }
  return scale_pack(<u32>((NS_PER_S << 32) / ticks), shift)
}

/**
 * KVM's scale from ticks of `base` Hz to ticks of `scaled` Hz (arch/x86/kvm/x86.c kvm_get_time_scale).
 * 0 for the inputs with which the real function hangs or is wrong: base 0, scaled 0, scaled >= 2^63.
 */
export function kvm_time_scale(scaled: u64, base: u64): u64 {
  if (base == 0 || scaled == 0 || scaled >> 63 != 0) return 0
  let to = scaled
  let from = base
  let shift = 0
  while (from > 2 * to || from >> 32 != 0) {
    from >>= 1
    shift--
  }
  while (from <= to || to >> 32 != 0) {
    if (to >> 32 != 0 || from >> 31 != 0) to >>= 1
    else from <<= 1
    shift++
  }
  return scale_pack(<u32>((to << 32) / from), shift)
}

/**
 * Xen's scale in the other direction, ns to ticks (arch/x86/time.c scale_reciprocal). It inverts the
 * multiplier after truncation, so it differs from a scale made from the frequency. mul 0, where Xen hangs,
 * gives 0.
 */
export function scale_reciprocal(mul: u32, shift: i32): u64 {
  if (mul == 0) return 0
  let dividend: u64 = 0x8000_0000
  let inverse_shift = 1 - shift
  while (dividend >= <u64>mul) {
    dividend >>= 1
    inverse_shift++
  }
  return scale_pack(<u32>((dividend << 32) / <u64>mul), inverse_shift)
}

/**
 * The TSC frequency in kHz that a Linux guest derives from its page (kernel/pvclock.c pvclock_tsc_khz); up to
 * 3 kHz off, because it shifts left after truncation. mul 0, where Linux divides by zero, gives 0.
 */
export function pvclock_tsc_khz(mul: u32, shift: i32): u64 {
  if (mul == 0) return 0
  const khz = ((<u64>1_000_000) << 32) / <u64>mul
  return shift < 0 ? khz << -shift : khz >> shift
}
