/**
 * What this kernel keeps in its memory, and how long its words are.
 *
 *   GPA_KERNEL   Kernel: what all CPUs share
 *   after it     Cpu × 32: what the kernel has per CPU
 */
import { boot_variant, boot_wide } from '../../boot-options'
import { NS_PER_SEC } from '../../layout'
import { at, GPA_KERNEL } from '../../memory'

/** The build of the kernel, boot_variant() without INDEPENDENT_WALLCLOCK; linux-2-6-18-xen.ts describes them. */
export const VARIANT_STOCK: u32 = 0
export const VARIANT_NO_REBASE: u32 = 1
export const VARIANT_FIX_2: u32 = 2
export const VARIANT_FIX_3: u32 = 3
/** Added to the variant: once booted, the guest keeps its own wall clock (sysctl xen.independent_wallclock). */
export const INDEPENDENT_WALLCLOCK: u32 = 8

export const NS: i64 = NS_PER_SEC

@unmanaged
export class Kernel {
  processed: u64 // guest time in ns up to which jiffies and xtime count (processed_system_time)
  jiffies: u64 // jiffies_64
  xtime_sec: i64 // the wall clock at `processed`
  xtime_nsec: i64
  wtm_sec: i64 // wall_to_monotonic
  wtm_nsec: i64
  monotonic_sec: i64 // the largest result of gettimeofday (monotonic_tv)
  monotonic_usec: i64
  xtime_frac: i64 // part of xtime below 1 ns, in 2^-12 ns
  tick_adjust: i64 // what NTP adds to each tick of xtime, in 2^-12 ns
  wc_ns: u64 // the wall clock last read from Xen: UTC at system time 0
  offset: u64 // guest time minus Xen's system time; 0 except in FIX_2 and FIX_3
  seen: u64 // the latest guest time that was computed; used by FIX_2 and FIX_3
  ns_per_tick: u64 // length of a jiffy on the time line of `processed`
  tick_nsec: u64 // what a jiffy adds to xtime
  sync_cmos_at: u64 // jiffies when the timer fires; NEVER: not armed
  sync_xen_at: u64
  sec_conversion: u64 // see jiffies.ts
  nsec_conversion: u64
  usec_conversion: u64
  max_sec: u64
  jiffies_shift: u32
  hz: u32
  wc_version: u32 // of the wc_ns
  pad0: u32
}

@unmanaged
export class Cpu {
  // the shadow of vcpu_time_info
  tsc: u64
  sys: u64 // guest time at `tsc`: the page's system_time plus Kernel.offset
  mul: u32
  usec_mul: u32
  shift: i32
  version: u32
  // accounting
  processed: u64 // guest time up to which this CPU's ticks are accounted
  stolen: u64 // of the runstate area, what is accounted: ns runnable or offline, and ns blocked
  blocked: u64
  steal_ticks: u64
  idle_ticks: u64
  system_ticks: u64
  // jiffies
  reap_at: u64 // slab's cache_reap
  watchdog_touched: u64
  watchdog_printed: u64
}

export function kernel(): Kernel {
  return changetype<Kernel>(at(GPA_KERNEL))
}

export function cpu_state(cpu: u32): Cpu {
  return changetype<Cpu>(at(GPA_KERNEL) + offsetof<Kernel>() + <usize>cpu * offsetof<Cpu>())
}

export function variant(): u32 {
  return boot_variant() & ~INDEPENDENT_WALLCLOCK
}

export function independent_wallclock(): bool {
  return (boot_variant() & INDEPENDENT_WALLCLOCK) != 0
}

/** `x` as a time_t or a long: 32 bits in a 32-bit kernel, so seconds wrap in 2038 there. */
export function time_t(x: i64): i64 {
  return boot_wide() ? x : <i64>(<i32>x)
}

/** `x` as an unsigned long. */
export function word(x: u64): u64 {
  return boot_wide() ? x : <u64>(<u32>x)
}

/** Whole seconds in `ns`, rounded down: what a normalisation carries. */
export function floor_sec(ns: i64): i64 {
  if (<u64>ns < <u64>NS) return 0 // most often, and far cheaper than two divisions
  return ns / NS - i64(ns % NS < 0)
}
