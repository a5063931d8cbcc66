import { scale_delta } from './scale'

export * from './scale'

/**
 * vcpu_time_info: the page through which Xen and KVM tell a guest how to turn its TSC into time. 32 bytes,
 * the same for 32-bit and 64-bit guests (Xen public/xen.h, Linux asm/pvclock-abi.h).
 *
 *     +0 u32 version | +4 u32 pad | +8 u64 tsc_timestamp | +16 u64 system_time
 *     +24 u32 tsc_to_system_mul | +28 i8 tsc_shift | +29 u8 flags | +30 u8 pad[2]
 *
 * The version protocol: the writer makes the version odd, writes the fields, makes it even again; a reader
 * that saw an odd version, or one that changed, reads again.
 */
@unmanaged
export class VcpuTimeInfo {
  version: u32
  pad0: u32
  tsc_timestamp: u64
  system_time: u64
  tsc_to_system_mul: u32
  tsc_shift: i8
  flags: u8
  pad1: u16
}

export const PVCLOCK_PAGE_BYTES: usize = 32

/** Flag: the TSCs of all vCPUs agree, so readers need no guard against going backwards. */
export const PVCLOCK_TSC_STABLE: u8 = 1
/** Flag: the host stopped the guest since the guest last looked. */
export const PVCLOCK_GUEST_STOPPED: u8 = 2

/** The version a writer shows while it writes. Made from the guest's copy, so a corrupt odd one heals. */
export function version_begin(version: u32): u32 {
  return (version + 1) | 1
}

/**
 * One store of a publication: 0 begin, 1 tsc_timestamp, 2 system_time, 3 mul, 4 shift, 5 flags, 6 end.
 * Between two steps a reader on another CPU may look. Like the copy of a whole structure that the hypervisors
 * make, it also zeroes the padding.
 */
@inline
export function pvclock_write_step(
  page_address: usize,
  step: u32,
  tsc_timestamp: u64,
  system_time: u64,
  mul: u32,
  shift: i32,
  flags: u8,
): void {
  const page = changetype<VcpuTimeInfo>(page_address)
  if (step == 0) {
    page.version = version_begin(page.version)
    page.pad0 = 0
  } else if (step == 1) page.tsc_timestamp = tsc_timestamp
  else if (step == 2) page.system_time = system_time
  else if (step == 3) page.tsc_to_system_mul = mul
  else if (step == 4) page.tsc_shift = <i8>shift
  else if (step == 5) {
    page.flags = flags
    page.pad1 = 0
  } else page.version++
}

function publish(
  page_address: usize,
  tsc_timestamp: u64,
  system_time: u64,
  mul: u32,
  shift: i32,
  flags: u8,
): void {
  // Not a loop: with the steps inlined a publication is nine stores.
  pvclock_write_step(page_address, 0, tsc_timestamp, system_time, mul, shift, flags)
  pvclock_write_step(page_address, 1, tsc_timestamp, system_time, mul, shift, flags)
  pvclock_write_step(page_address, 2, tsc_timestamp, system_time, mul, shift, flags)
  pvclock_write_step(page_address, 3, tsc_timestamp, system_time, mul, shift, flags)
  pvclock_write_step(page_address, 4, tsc_timestamp, system_time, mul, shift, flags)
  pvclock_write_step(page_address, 5, tsc_timestamp, system_time, mul, shift, flags)
  pvclock_write_step(page_address, 6, tsc_timestamp, system_time, mul, shift, flags)
}

/**
 * Writes the page as Xen does; true if it wrote. It leaves the page alone, version included, when no field
 * changed and `force` is not set (arch/x86/time.c __update_vcpu_system_time).
 */
export function pvclock_publish_xen(
  page_address: usize,
  tsc_timestamp: u64,
  system_time: u64,
  mul: u32,
  shift: i32,
  flags: u8,
  force: bool,
): bool {
  const page = changetype<VcpuTimeInfo>(page_address)
  const same =
    page.tsc_timestamp == tsc_timestamp &&
    page.system_time == system_time &&
    page.tsc_to_system_mul == mul &&
    page.tsc_shift == <i8>shift &&
    page.flags == flags &&
    page.pad0 == 0 &&
    page.pad1 == 0
  if (same && !force) return false
  publish(page_address, tsc_timestamp, system_time, mul, shift, flags)
  return true
}

/** The flags KVM writes: its own, GUEST_STOPPED that the guest has not cleared yet, or a new stop. */
export function pvclock_kvm_flags(page_address: usize, flags: u8, stopped: bool): u8 {
  const kept = changetype<VcpuTimeInfo>(page_address).flags & PVCLOCK_GUEST_STOPPED
  return flags | kept | (stopped ? PVCLOCK_GUEST_STOPPED : 0)
}

/** Writes the page as KVM does, always (arch/x86/kvm/x86.c kvm_setup_guest_pvclock). */
export function pvclock_publish_kvm(
  page_address: usize,
  tsc_timestamp: u64,
  system_time: u64,
  mul: u32,
  shift: i32,
  flags: u8,
  stopped: bool,
): void {
  const all = pvclock_kvm_flags(page_address, flags, stopped)
  publish(page_address, tsc_timestamp, system_time, mul, shift, all)
}

/** A reader's first step: the version to compare with afterwards. An odd one never compares equal. */
export function pvclock_read_begin(page_address: usize): u32 {
  return changetype<VcpuTimeInfo>(page_address).version & ~1
}

/** A reader's last step: whether what it read since pvclock_read_begin must be thrown away. */
export function pvclock_read_retry(page_address: usize, version: u32): bool {
  return changetype<VcpuTimeInfo>(page_address).version != version
}

/**
 * The page's time in ns at `tsc`, mod 2^64; a tsc before tsc_timestamp gives a huge value, as in Linux
 * (asm/pvclock.h __pvclock_read_cycles). It takes the page as it lies there; see pvclock_try_read.
 */
export function pvclock_read(page_address: usize, tsc: u64): u64 {
  const page = changetype<VcpuTimeInfo>(page_address)
  const delta = tsc - page.tsc_timestamp
  // Not page.tsc_shift: of a field the compiler extends the sign once more.
  const shift = <i32>load<i8>(page_address, offsetof<VcpuTimeInfo>('tsc_shift'))
  return scale_delta(delta, page.tsc_to_system_mul, shift) + page.system_time
}

/**
 * One attempt under the version protocol. 1 and the result at `out` when the page was whole, 0 and nothing
 * written when a writer is in the middle of it: a real reader would spin.
 *
 *     out: +0 u64 ns | +8 u32 version | +12 u32 flags
 */
export function pvclock_try_read(page_address: usize, tsc: u64, out: usize): i32 {
  const version = pvclock_read_begin(page_address)
  const ns = pvclock_read(page_address, tsc)
  const flags = changetype<VcpuTimeInfo>(page_address).flags
  if (pvclock_read_retry(page_address, version)) return 0
  store<u64>(out, ns)
  store<u32>(out, version, 8)
  store<u32>(out, flags, 12)
  return 1
}

/**
 * A Linux guest's clock in ns (kernel/pvclock.c pvclock_clocksource_read). GUEST_STOPPED is cleared in the page
 * and the u32 at stopped_seen_address, the touches of the watchdogs, goes up by one; with address 0 it is the
 * variant that leaves both alone (pvclock_clocksource_read_nowd). Unless flag TSC_STABLE is both in the page
 * and in valid_flags, the result never falls below the u64 at last_value_address, which is shared by all CPUs.
 * The page must be whole.
 */
export function pvclock_clocksource_read(
  page_address: usize,
  tsc: u64,
  valid_flags: u8,
  last_value_address: usize,
  stopped_seen_address: usize,
): u64 {
  const page = changetype<VcpuTimeInfo>(page_address)
  const ns = pvclock_read(page_address, tsc)
  if (stopped_seen_address != 0 && (page.flags & PVCLOCK_GUEST_STOPPED) != 0) {
    page.flags &= ~PVCLOCK_GUEST_STOPPED
    store<u32>(stopped_seen_address, load<u32>(stopped_seen_address) + 1)
  }
  if ((valid_flags & page.flags & PVCLOCK_TSC_STABLE) != 0) return ns
  const last = load<u64>(last_value_address)
  if (ns <= last) return last
  store<u64>(last_value_address, ns)
  return ns
}
