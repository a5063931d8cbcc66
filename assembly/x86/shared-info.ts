import { pvclock_read, version_begin } from './pvclock'

/**
 * Where things lie in Xen's shared_info, vcpu_info and runstate area, which differ between 64-bit and 32-bit
 * guests (Xen public/xen.h, public/vcpu.h, public/arch-x86/xen.h; `wide` is true for 64-bit), and the wall
 * clock in it.
 *
 *     shared_info         x86-64   x86-32          vcpu_info          x86-64   x86-32
 *     vcpu_info[32]            0        0          upcall_pending u8       0        0
 *     evtchn_pending        2048     2048          upcall_mask u8          1        1
 *     evtchn_mask           2560     2176          pending_sel u64/u32     8        4
 *     wc_version u32        3072     2304          arch                   16        8
 *     wc_sec u32            3076     2308          time                   32       32
 *     wc_nsec u32           3080     2312
 *     wc_sec_hi u32         3084     2340          runstate           x86-64   x86-32
 *     arch (max_pfn first)  3088     2316          state u32               0        0
 *     size                  3136     2344          state_entry_time        8        4
 *                                                  time[4]                16       12
 *                                                  size                   48       44
 */

const NS_PER_S: u64 = 1_000_000_000

export const MAX_LEGACY_VCPUS: u32 = 32

export const VCPU_INFO_BYTES: usize = 64
export const VCPU_INFO_UPCALL_PENDING: usize = 0
export const VCPU_INFO_UPCALL_MASK: usize = 1
export const VCPU_INFO_TIME: usize = 32

/** The same for both widths: the 32 vcpu_infos before it are. */
export const SHARED_INFO_EVTCHN_PENDING: usize = 2048

export const RUNSTATE_STATE: usize = 0

/** Inside a wall clock (wc_version first), for both widths and for KVM: sec and nsec. */
export const WC_VERSION: usize = 0
export const WC_SEC: usize = 4
export const WC_NSEC: usize = 8

/** KVM's pvclock_wall_clock: version, sec, nsec, u32 each (asm/pvclock-abi.h). */
export const PVCLOCK_WALL_CLOCK_BYTES: usize = 12

export const SINGLESHOT_TIMER_TIMEOUT: usize = 0
export const SINGLESHOT_TIMER_FLAGS: usize = 8
export const PERIODIC_TIMER_BYTES: usize = 8

export function vcpu_info_pending_sel(wide: bool): usize {
  return wide ? 8 : 4
}

export function vcpu_info_arch(wide: bool): usize {
  return wide ? 16 : 8
}

/** The bytes of pending_sel, of a word of evtchn_pending and of a word of evtchn_mask. */
export function guest_word_bytes(wide: bool): usize {
  return wide ? 8 : 4
}

export function shared_info_evtchn_mask(wide: bool): usize {
  return wide ? 2560 : 2176
}

export function shared_info_wc_version(wide: bool): usize {
  return wide ? 3072 : 2304
}

export function shared_info_wc_sec(wide: bool): usize {
  return shared_info_wc_version(wide) + WC_SEC
}

export function shared_info_wc_nsec(wide: bool): usize {
  return shared_info_wc_version(wide) + WC_NSEC
}

/** For 64-bit guests in the padding after wc_nsec, for 32-bit guests inside arch. */
export function shared_info_wc_sec_hi(wide: bool): usize {
  return wide ? 3084 : 2340
}

export function shared_info_arch(wide: bool): usize {
  return wide ? 3088 : 2316
}

/** arch begins with max_pfn. */
export function shared_info_arch_max_pfn(wide: bool): usize {
  return shared_info_arch(wide)
}

export function shared_info_bytes(wide: bool): usize {
  return wide ? 3136 : 2344
}

export function runstate_entry_time(wide: bool): usize {
  return wide ? 8 : 4
}

export function runstate_time(wide: bool): usize {
  return wide ? 16 : 12
}

export function runstate_bytes(wide: bool): usize {
  return wide ? 48 : 44
}

export function singleshot_timer_bytes(wide: bool): usize {
  return wide ? 16 : 12
}

/**
 * Xen's wall clock after it was told that it is secs + nsecs at system time `system_time_base` ns
 * (common/time.c do_settime): UTC at system time 0, mod 2^64 ns.
 *
 *     out: +0 u64 wc_sec | +8 u64 wc_nsec
 */
export function xen_settime(secs: u64, nsecs: u32, system_time_base: u64, out: usize): void {
  const x = secs * NS_PER_S + <u64>nsecs - system_time_base
  store<u64>(out, x / NS_PER_S)
  store<u64>(out, x % NS_PER_S, 8)
}

/** Makes the version at `wc_address` odd: from now until wallclock_write_end readers retry. */
export function wallclock_write_begin(wc_address: usize): void {
  store<u32>(wc_address, version_begin(load<u32>(wc_address)))
}

export function wallclock_write_end(wc_address: usize): void {
  store<u32>(wc_address, load<u32>(wc_address) + 1)
}

/** Stores sec and nsec, and the upper half of sec at sec_hi_address unless that is 0. */
export function wallclock_write_fields(wc_address: usize, sec_hi_address: usize, sec: u64, nsec: u32): void {
  store<u32>(wc_address, <u32>sec, WC_SEC)
  store<u32>(wc_address, nsec, WC_NSEC)
  if (sec_hi_address != 0) store<u32>(sec_hi_address, <u32>(sec >> 32))
}

/**
 * Writes a domain's wall clock into its shared_info (Xen common/time.c update_domain_wallclock_time): Xen's own
 * wc_sec and wc_nsec, moved by the domain's offset in seconds.
 */
export function shared_info_write_wallclock(
  shared_info: usize,
  wide: bool,
  wc_sec: u64,
  wc_nsec: u32,
  time_offset_s: i64,
): void {
  const wc = shared_info + shared_info_wc_version(wide)
  wallclock_write_begin(wc)
  wallclock_write_fields(wc, shared_info + shared_info_wc_sec_hi(wide), wc_sec + <u64>time_offset_s, wc_nsec)
  wallclock_write_end(wc)
}

/**
 * Writes KVM's wall clock for an epoch (realtime - kvmclock) in ns (arch/x86/kvm/x86.c kvm_write_wall_clock).
 * sec is cut to 32 bits, so it wraps in 2106; sec_hi_address, or 0 for none, serves guests with Xen's layout.
 */
export function kvm_write_wallclock(wc_address: usize, sec_hi_address: usize, epoch_ns: u64): void {
  wallclock_write_begin(wc_address)
  wallclock_write_fields(wc_address, sec_hi_address, epoch_ns / NS_PER_S, <u32>(epoch_ns % NS_PER_S))
  wallclock_write_end(wc_address)
}

/**
 * The raw wall clock under its version. 1 and the result at `out`, or 0 and nothing written when a writer is
 * in the middle of it.
 *
 *     out: +0 u64 sec (32 bits of it) | +8 u64 nsec
 */
export function wallclock_try_read(wc_address: usize, out: usize): i32 {
  const version = load<u32>(wc_address)
  const sec = load<u32>(wc_address, WC_SEC)
  const nsec = load<u32>(wc_address, WC_NSEC)
  if ((version & 1) != 0 || load<u32>(wc_address) != version) return 0
  store<u64>(out, sec)
  store<u64>(out, nsec, 8)
  return 1
}

/** The wall clock's full 64-bit seconds, from wc_sec and wc_sec_hi; for who reads the extension. */
export function shared_info_wallclock_sec(shared_info: usize, wide: bool): u64 {
  const low = <u64>load<u32>(shared_info + shared_info_wc_sec(wide))
  return low | ((<u64>load<u32>(shared_info + shared_info_wc_sec_hi(wide))) << 32)
}

/**
 * Realtime as a modern Linux guest computes it at boot and resume, from the wall clock at wc_address and the
 * vcpu_time_info page at `tsc` (kernel/pvclock.c pvclock_read_wallclock). It ignores wc_sec_hi. 1 and the result at
 * `out`, or 0 when the wall clock is being written.
 *
 *     out: +0 u64 tv_sec | +8 u64 tv_nsec
 */
export function pvclock_read_wallclock(wc_address: usize, page_address: usize, tsc: u64, out: usize): i32 {
  if (wallclock_try_read(wc_address, out) == 0) return 0
  const ns = pvclock_read(page_address, tsc) + load<u64>(out) * NS_PER_S + load<u64>(out, 8)
  store<u64>(out, ns / NS_PER_S)
  store<u64>(out, ns % NS_PER_S, 8)
  return 1
}
