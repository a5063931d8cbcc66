import { div_wide, muldiv_u64, muldiv_up_u64, mulhi_u64 } from '../wide'

/**
 * The Power timebase: TB = ticks + offset, where ticks is a count that starts with the host and runs at the
 * timebase frequency (Hz), and the offset is what a write to TB, or a migration, changes. VTB and PURR are
 * further offsets on the same ticks.
 */

const NS_PER_S: u64 = 1_000_000_000
const LOW_HALF: u64 = 0xffff_ffff
const LOW_24: u64 = 0xff_ffff

/** floor(ns * freq / 10^9) mod 2^64 (QEMU hw/ppc/ppc.c ns_to_tb). */
export function ns_to_tb(ns: u64, freq_hz: u64): u64 {
  return muldiv_u64(ns, freq_hz, NS_PER_S)
}

/** ceil(tb * 10^9 / freq) mod 2^64: the first ns at which the count is reached; 0 for a stopped timebase. */
export function tb_to_ns_round_up(tb: u64, freq_hz: u64): u64 {
  return muldiv_up_u64(tb, NS_PER_S, freq_hz)
}

/** The offset with which the timebase reads `value` when the count is `ticks`. */
export function tb_offset_for(ticks: u64, value: u64): u64 {
  return value - ticks
}

/** The offset after mttbl: the lower half of the running timebase is replaced. */
export function tb_write_lower(ticks: u64, offset: u64, value: u32): u64 {
  return tb_offset_for(ticks, ((ticks + offset) & ~LOW_HALF) | <u64>value)
}

/** The offset after mttbu: the upper half of the running timebase is replaced. */
export function tb_write_upper(ticks: u64, offset: u64, value: u32): u64 {
  return tb_offset_for(ticks, ((ticks + offset) & LOW_HALF) | ((<u64>value) << 32))
}

/** The offset after a write to TBU40: the upper 40 bits are replaced, the running lower 24 stay. */
export function tb_write_upper40(ticks: u64, offset: u64, value: u64): u64 {
  return tb_offset_for(ticks, ((ticks + offset) & LOW_24) | (value & ~LOW_24))
}

/**
 * The timebase offset KVM uses for the one asked for: rounded up to 2^24, because TBU40 is all it has to set it
 * (Linux arch/powerpc/kvm/book3s_hv.c, KVM_REG_PPC_TB_OFFSET).
 */
export function kvm_tb_offset(offset: u64): u64 {
  return (offset + LOW_24) & ~LOW_24
}

/**
 * The scale with which Linux turns timebase into ns (arch/powerpc/kernel/time.c time_init): 10^9 * 2^64 / freq,
 * shifted right until it fits. False, and nothing written, for frequency 0.
 *
 *     out: +0 u64 scale | +8 u64 shift
 */
export function linux_tb_scale(freq_hz: u64, out: usize): bool {
  if (freq_hz == 0) return false
  let hi = NS_PER_S / freq_hz
  let lo = div_wide(NS_PER_S % freq_hz, 0, freq_hz)
  let shift: u64 = 0
  while (hi != 0) {
    lo = (lo >> 1) | (hi << 63)
    hi >>= 1
    shift++
  }
  store<u64>(out, lo)
  store<u64>(out, shift, 8)
  return true
}

/** Linux's ns for a timebase; the left shift leaves the low bits 0 (arch/powerpc/kernel/time.c tb_to_ns). */
export function linux_tb_to_ns(tb: u64, scale: u64, shift: u64): u64 {
  return mulhi_u64(tb, scale) << shift
}
