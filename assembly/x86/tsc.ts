import { div_wide, muldiv_u64, mulhi_u64 } from '../wide'
import { kvm_time_scale } from './scale'

/**
 * The guest's TSC as a function of the host's: (host * ratio >> frac_bits) + offset. frac_bits is 48 on Intel
 * (VMX), 32 on AMD (SVM), and 0 for a CPU without TSC scaling, whose only ratio is 1. Frequencies are in kHz.
 */

const NS_PER_S: u64 = 1_000_000_000
const PPM: u64 = 1_000_000
/** How far, in ppm, KVM lets host and guest frequency differ before it scales. */
const KVM_TOLERANCE_PPM: u64 = 250

const EINVAL: i32 = -22

/** The largest ratio the CPU's register holds. */
export function tsc_ratio_max(frac_bits: u32): u64 {
  return frac_bits == 48 ? u64.MAX_VALUE : ((<u64>1) << (frac_bits + 8)) - 1
}

/** The ratio that is no scaling. */
export function tsc_ratio_one(frac_bits: u32): u64 {
  return (<u64>1) << frac_bits
}

/** floor(guest_khz * 2^frac_bits / host_khz), 0 if the CPU cannot hold it (Xen hvm_get_tsc_scaling_ratio). */
export function tsc_ratio(guest_khz: u32, host_khz: u32, frac_bits: u32): u64 {
  if (frac_bits == 0 || host_khz == 0) return 0
  const hi = <u64>guest_khz >> (64 - frac_bits)
  if (hi >= <u64>host_khz) return 0
  const ratio = div_wide(hi, (<u64>guest_khz) << frac_bits, host_khz)
  return ratio <= tsc_ratio_max(frac_bits) ? ratio : 0
}

/** (tsc * ratio) >> frac_bits over 128 bits, cut to 64 (Xen hvm_scale_tsc, KVM kvm_scale_tsc). */
export function scale_tsc(tsc: u64, ratio: u64, frac_bits: u32): u64 {
  if (ratio == tsc_ratio_one(frac_bits)) return tsc
  // WebAssembly shifts modulo 64, so frac_bits 0 has to be taken apart.
  if (frac_bits == 0) return tsc * ratio
  return (mulhi_u64(tsc, ratio) << (64 - frac_bits)) | ((tsc * ratio) >> frac_bits)
}

/** The lowest guest frequency that KVM runs unscaled (arch/x86/kvm/x86.c adjust_tsc_khz). */
export function kvm_tsc_threshold_low(host_khz: u32): u32 {
  return <u32>((<u64>host_khz * (PPM - KVM_TOLERANCE_PPM)) / PPM)
}

/** The highest guest frequency that KVM runs unscaled. */
export function kvm_tsc_threshold_high(host_khz: u32): u32 {
  return <u32>((<u64>host_khz * (PPM + KVM_TOLERANCE_PPM)) / PPM)
}

/** Whether KVM scales: not if the guest's frequency is within 250 ppm, both ends included. */
export function kvm_tsc_needs_scaling(guest_khz: u32, host_khz: u32): bool {
  return guest_khz < kvm_tsc_threshold_low(host_khz) || guest_khz > kvm_tsc_threshold_high(host_khz)
}

/** The frequency from which on KVM_SET_TSC_KHZ refuses, on a CPU that scales. */
export function kvm_max_guest_tsc_khz(host_khz: u32, frac_bits: u32): u64 {
  const limit = muldiv_u64(host_khz, tsc_ratio_max(frac_bits), tsc_ratio_one(frac_bits))
  return limit < 0x7fff_ffff ? limit : 0x7fff_ffff
}

/**
 * What KVM makes of a guest frequency (arch/x86/kvm/x86.c kvm_set_tsc_khz). 0, or -1 if the CPU cannot do it;
 * `out` is written either way, and the ratio is then 0.
 *
 *     out: +0 u64 ratio | +8 u64 scale of ns to virtual TSC | +16 u32 virtual_tsc_khz | +20 u32 catch up in software
 *
 * The virtual TSC's frequency and scale are the requested ones even where KVM does not scale.
 */
export function kvm_set_tsc_khz(guest_khz: u32, host_khz: u32, frac_bits: u32, out: usize): i32 {
  store<u64>(out, 0)
  store<u64>(out, kvm_time_scale(<u64>guest_khz * 1000, NS_PER_S), 8)
  store<u32>(out, guest_khz, 16)
  store<u32>(out, 0, 20)
  if (guest_khz == 0) return -1
  let ratio = tsc_ratio_one(frac_bits)
  if (kvm_tsc_needs_scaling(guest_khz, host_khz)) {
    if (frac_bits != 0) {
      ratio = tsc_ratio(guest_khz, host_khz, frac_bits)
      if (ratio == 0 || ratio == tsc_ratio_max(frac_bits)) return -1
    } else {
      // Software can push a TSC that is too slow forward at each exit; one that is too fast it cannot hold.
      if (guest_khz < host_khz) return -1
      store<u32>(out, 1, 20)
    }
  }
  store<u64>(out, ratio)
  return 0
}

/**
 * The ioctl KVM_SET_TSC_KHZ: 0 stands for the host's frequency. -EINVAL if it is refused, else 0 and `out` as
 * kvm_set_tsc_khz leaves it.
 */
export function kvm_ioctl_set_tsc_khz(user_khz: u32, host_khz: u32, frac_bits: u32, out: usize): i32 {
  if (frac_bits != 0 && <u64>user_khz >= kvm_max_guest_tsc_khz(host_khz, frac_bits)) return EINVAL
  const khz = user_khz == 0 ? host_khz : user_khz
  return kvm_set_tsc_khz(khz, host_khz, frac_bits, out) == 0 ? 0 : EINVAL
}

/** The offset with which the guest's TSC is `target` now (arch/x86/kvm/x86.c kvm_compute_l1_tsc_offset). */
export function kvm_l1_tsc_offset(target: u64, host_tsc: u64, ratio: u64, frac_bits: u32): u64 {
  return target - scale_tsc(host_tsc, ratio, frac_bits)
}

/** The ratio from the host to a guest's guest (kvm_calc_nested_tsc_multiplier). */
export function kvm_nested_tsc_ratio(l1_ratio: u64, l2_ratio: u64, frac_bits: u32): u64 {
  return scale_tsc(l1_ratio, l2_ratio, frac_bits)
}

/** The offset to a guest's guest; scaling truncates the L1 offset toward zero (kvm_calc_nested_tsc_offset). */
export function kvm_nested_tsc_offset(l1_offset: i64, l2_offset: i64, l2_ratio: u64, frac_bits: u32): i64 {
  const negative = l1_offset < 0
  const size = scale_tsc(<u64>(negative ? 0 - l1_offset : l1_offset), l2_ratio, frac_bits)
  return <i64>(negative ? 0 - size : size) + l2_offset
}
