import { scale_delta, scale_mul, scale_reciprocal, scale_shift, xen_time_scale } from './scale'
import { tsc_ratio } from './tsc'

/**
 * A Xen domain's TSC mode and what follows from it (Xen arch/x86/time.c tsc_set_info, tsc_get_info, gtime_to_gtsc;
 * docs/man/xen-tscmode.7). Frequencies are in kHz, times are Xen system time in ns.
 *
 *     +0 u32 mode | +4 u32 vtsc (1: RDTSC is emulated) | +8 u32 tsc_khz | +12 u32 incarnation | +16 u64 vtsc_offset
 *     +24 vtsc_to_ns {u32 mul, i32 shift} | +32 ns_to_vtsc {u32 mul, i32 shift}                      40 bytes
 */
@unmanaged
export class DomainTsc {
  mode: u32
  vtsc: u32
  tsc_khz: u32
  incarnation: u32
  vtsc_offset: u64
  vtsc_to_ns_mul: u32
  vtsc_to_ns_shift: i32
  ns_to_vtsc_mul: u32
  ns_to_vtsc_shift: i32
}

export const TSC_MODE_DEFAULT: u32 = 0
export const TSC_MODE_ALWAYS_EMULATE: u32 = 1
export const TSC_MODE_NEVER_EMULATE: u32 = 2

const EINVAL: i32 = -22

/** Default mode emulates unless the host's TSC is safe and has, or by scaling gets, the guest's frequency. */
function default_is_native(khz: u32, host_khz: u32, host_safe: bool, hvm: bool, frac_bits: u32): bool {
  if (!host_safe) return false
  return khz == host_khz || (hvm && tsc_ratio(khz, host_khz, frac_bits) != 0)
}

/**
 * Sets the mode, at domain creation and at restore: elapsed_ns, gtsc_khz (0: the host's) and incarnation are what
 * tsc_get_info gave on the host before. 0, or -EINVAL and nothing changed for an unknown mode or no frequency.
 * A PV hardware domain does not come here: it has vtsc 0 and nothing else (all-zero bytes).
 *
 * @param now this host's system time
 * @param host_safe whether the host's TSC is constant and in step on all CPUs
 * @param frac_bits 48 or 32, 0 when the CPU has no TSC scaling
 */
export function tsc_set_info(
  d: DomainTsc,
  mode: u32,
  elapsed_ns: u64,
  gtsc_khz: u32,
  incarnation: u32,
  now: u64,
  host_khz: u32,
  host_safe: bool,
  hvm: bool,
  frac_bits: u32,
): i32 {
  if (mode > TSC_MODE_NEVER_EMULATE) return EINVAL
  let vtsc = false
  if (mode != TSC_MODE_NEVER_EMULATE) {
    const khz = gtsc_khz != 0 ? gtsc_khz : host_khz
    if (khz == 0) return EINVAL
    d.tsc_khz = khz
    d.vtsc_offset = now - elapsed_ns
    const to_ns = xen_time_scale(<u64>khz * 1000)
    d.vtsc_to_ns_mul = scale_mul(to_ns)
    d.vtsc_to_ns_shift = scale_shift(to_ns)
    vtsc = mode == TSC_MODE_ALWAYS_EMULATE || !default_is_native(khz, host_khz, host_safe, hvm, frac_bits)
    if (vtsc) {
      const to_vtsc = scale_reciprocal(d.vtsc_to_ns_mul, d.vtsc_to_ns_shift)
      d.ns_to_vtsc_mul = scale_mul(to_vtsc)
      d.ns_to_vtsc_shift = scale_shift(to_vtsc)
    }
  }
  d.mode = mode
  d.vtsc = u32(vtsc)
  d.incarnation = incarnation + 1
  return 0
}

/**
 * What a save carries, written at `out` in the layout of the migration stream's X86_TSC_INFO record:
 *
 *     out: +0 u32 mode | +4 u32 khz | +8 u64 elapsed ns | +16 u32 incarnation | +20 u32 0
 */
export function tsc_get_info(
  d: DomainTsc,
  now: u64,
  rdtsc: u64,
  host_khz: u32,
  hvm: bool,
  frac_bits: u32,
  out: usize,
): void {
  let elapsed: u64 = 0
  let khz: u32 = 0
  if (d.mode == TSC_MODE_ALWAYS_EMULATE || (d.mode == TSC_MODE_DEFAULT && d.vtsc != 0)) {
    elapsed = now - d.vtsc_offset
    khz = d.tsc_khz
  } else if (d.mode == TSC_MODE_DEFAULT) {
    elapsed = scale_delta(rdtsc, d.vtsc_to_ns_mul, d.vtsc_to_ns_shift)
    khz = hvm && frac_bits != 0 ? d.tsc_khz : host_khz
  }
  store<u32>(out, d.mode)
  store<u32>(out, khz, 4)
  store<u64>(out, <i64>elapsed < 0 ? 0 : elapsed, 8)
  store<u32>(out, d.incarnation, 16)
  store<u32>(out, 0, 20)
}

/** The ratio the CPU is given for this domain: only a native HVM guest in default mode is scaled; else 0. */
export function domain_tsc_ratio(d: DomainTsc, host_khz: u32, hvm: bool, frac_bits: u32): u64 {
  if (!hvm || d.vtsc != 0 || d.mode == TSC_MODE_NEVER_EMULATE) return 0
  return tsc_ratio(d.tsc_khz, host_khz, frac_bits)
}

/**
 * The emulated TSC at guest time `gtime` ns. For a PV guest that is system time, from which the offset is taken;
 * an HVM guest's time already has its own offset.
 *
 * The offset is compared as an unsigned number, as in Xen. Restored to a host whose uptime is below elapsed_ns
 * the offset wraps, and a PV guest's TSC is then far from where it was (at shift > 0 the scale loses the top bits).
 * It still ticks, and because the page's tsc_timestamp comes from here too, the guest's time stays right.
 */
export function gtime_to_gtsc(d: DomainTsc, gtime: u64, hvm: bool): u64 {
  const mul = d.ns_to_vtsc_mul
  const shift = d.ns_to_vtsc_shift
  if (hvm) return scale_delta(gtime, mul, shift)
  if (gtime < d.vtsc_offset) return 0 - scale_delta(d.vtsc_offset - gtime, mul, shift)
  return scale_delta(gtime - d.vtsc_offset, mul, shift)
}
