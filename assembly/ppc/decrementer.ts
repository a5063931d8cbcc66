/**
 * The Power decrementer: it counts down with the timebase's ticks and interrupts when its top bit gets set
 * (QEMU hw/ppc/ppc.c; Power ISA Book III, chapter on the timer facilities). It hangs on the ticks themselves,
 * not on TB, so that a write to TB does not move it. HDEC is another of the same kind.
 *
 * Its state is `next`, the tick at which it reads 0. `bits` is its width: 32, or 56 for the large one.
 */

/** Bits [0, bits) of value. bits is 1 to 64. */
function low_bits(value: u64, bits: u32): u64 {
  return value & (u64.MAX_VALUE >> (64 - bits))
}

/** The tick at which a decrementer written with `value` at `ticks` reads 0. */
export function decr_next(ticks: u64, value: u64, bits: u32): u64 {
  return ticks + low_bits(value, bits)
}

/** What a server processor's decrementer reads: 32 bits zero-extended, the large one sign-extended to 64. */
export function decr_read(next: u64, ticks: u64, bits: u32): u64 {
  const value = low_bits(next - ticks, bits)
  if (bits == 32) return value
  return <u64>(<i64>(value << (64 - bits)) >> (64 - bits))
}

/** What an embedded (BookE) decrementer reads: it stops at 0. */
export function decr_read_booke(next: u64, ticks: u64): u64 {
  return next < ticks ? 0 : low_bits(next - ticks, 32)
}

/** Whether a value has the top bit, which stands for "below zero". */
export function decr_msb(value: u64, bits: u32): bool {
  return ((value >> (bits - 1)) & 1) != 0
}

/**
 * Whether writing `value` over `old` interrupts at once. A level-triggered decrementer does so whenever the top
 * bit is set, an edge-triggered one only when the write turns it from 0 to 1.
 */
export function decr_write_raises(old: u64, value: u64, bits: u32, edge: bool): bool {
  return decr_msb(value, bits) && !(edge && decr_msb(old, bits))
}

/** Whether writing `value` takes a pending interrupt back: only if it is level-triggered, by a clear top bit. */
export function decr_write_lowers(value: u64, bits: u32, edge: bool): bool {
  return !edge && !decr_msb(value, bits)
}
