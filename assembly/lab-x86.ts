import { each, get, put } from './lab-rows'
import { CpuTime, cpu_time_now, local_time_calibration } from './x86/calibration'
import { DomainTsc, domain_tsc_ratio, gtime_to_gtsc, tsc_get_info, tsc_set_info } from './x86/domain-tsc'
import {
  PVCLOCK_PAGE_BYTES,
  pvclock_clocksource_read,
  pvclock_publish_kvm,
  pvclock_publish_xen,
  pvclock_read,
  pvclock_read_begin,
  pvclock_read_retry,
  pvclock_try_read,
  pvclock_write_step,
  VcpuTimeInfo,
} from './x86/pvclock'
import {
  kvm_time_scale,
  pvclock_tsc_khz,
  scale_delta,
  scale_mul,
  scale_reciprocal,
  scale_shift,
  unscale_up,
  xen_time_scale,
} from './x86/scale'
import * as info from './x86/shared-info'
import {
  kvm_ioctl_set_tsc_khz,
  kvm_l1_tsc_offset,
  kvm_nested_tsc_offset,
  kvm_nested_tsc_ratio,
  kvm_set_tsc_khz,
  kvm_tsc_needs_scaling,
  kvm_tsc_threshold_high,
  kvm_tsc_threshold_low,
  scale_tsc,
  tsc_ratio,
} from './x86/tsc'
import {
  periodic_next,
  periodic_work,
  set_periodic_timer,
  set_singleshot_timer,
  set_timer_op,
} from './x86/xen-timer'

/** The x86 part of lab.ts; the form of the functions is described there. */

const NS_PER_S: u64 = 1_000_000_000

function put_scale(row: usize, word: usize, scale: u64): void {
  put(row, word, scale_mul(scale))
  put(row, word + 1, <u64>(<i64>scale_shift(scale)))
}

/** delta, mul, shift | ns */
export function lab_scale_delta(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 4, (row, scratch) => {
    put(row, 3, scale_delta(get(row, 0), <u32>get(row, 1), <i32>get(row, 2)))
  })
}

/** ns, mul, shift | least delta */
export function lab_unscale_up(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 4, (row, scratch) => {
    put(row, 3, unscale_up(get(row, 0), <u32>get(row, 1), <i32>get(row, 2)))
  })
}

/**
 * hz | Xen's mul, shift; KVM's mul, shift; Linux's kHz from KVM's; then ns to ticks: Xen's mul, shift; KVM's mul, shift
 */
export function lab_time_scale(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 10, (row, scratch) => {
    const hz = get(row, 0)
    const xen = xen_time_scale(hz)
    const kvm = kvm_time_scale(NS_PER_S, hz)
    put_scale(row, 1, xen)
    put_scale(row, 3, kvm)
    put(row, 5, pvclock_tsc_khz(scale_mul(kvm), scale_shift(kvm)))
    put_scale(row, 6, scale_reciprocal(scale_mul(xen), scale_shift(xen)))
    put_scale(row, 8, kvm_time_scale(hz, NS_PER_S))
  })
}

/** scaled Hz, base Hz | KVM's mul, shift */
export function lab_kvm_time_scale(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 4, (row, scratch) => put_scale(row, 2, kvm_time_scale(get(row, 0), get(row, 1))))
}

/** mul, shift | Xen's reciprocal mul, shift; Linux's kHz */
export function lab_reciprocal(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 5, (row, scratch) => {
    const mul = <u32>get(row, 0)
    const shift = <i32>get(row, 1)
    put_scale(row, 2, scale_reciprocal(mul, shift))
    put(row, 4, pvclock_tsc_khz(mul, shift))
  })
}

/**
 * Operations on one vcpu_time_info in scratch: op, tsc_timestamp, system_time, mul, shift, flags, x | result, ns,
 * version and flags of a try_read. op 0..6 that write step, 7 publish as Xen does (x force; result: wrote), 8
 * publish as KVM does (x stopped), 9 try_read at tsc x, 10 read begin, 11 the page's fields into words 1 to 5 as
 * the bits of x select (bit 0: tsc_timestamp), 12 read retry with version x, 13 read at tsc x, 14 set version to x.
 */
export function lab_pvclock_page(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 10, (row, page) => {
    const op = get(row, 0)
    const x = get(row, 6)
    put(row, 7, page_operation(row, page, op, x))
  })
}

function page_operation(row: usize, page: usize, op: u64, x: u64): u64 {
  const stamp = get(row, 1)
  const time = get(row, 2)
  const mul = <u32>get(row, 3)
  const shift = <i32>get(row, 4)
  const flags = <u8>get(row, 5)
  if (op == 7) return u64(pvclock_publish_xen(page, stamp, time, mul, shift, flags, x != 0))
  if (op == 8) pvclock_publish_kvm(page, stamp, time, mul, shift, flags, x != 0)
  else if (op == 9) return <u64>pvclock_try_read(page, x, row + 64)
  else if (op == 10) return <u64>pvclock_read_begin(page)
  else if (op == 11) fields_to_row(changetype<VcpuTimeInfo>(page), row, x)
  else if (op == 12) return u64(pvclock_read_retry(page, <u32>x))
  else if (op == 13) return pvclock_read(page, x)
  else if (op == 14) store<u32>(page, <u32>x)
  else pvclock_write_step(page, <u32>op, stamp, time, mul, shift, flags)
  return 0
}

function fields_to_row(page: VcpuTimeInfo, row: usize, selected: u64): void {
  if ((selected & 1) != 0) put(row, 1, page.tsc_timestamp)
  if ((selected & 2) != 0) put(row, 2, page.system_time)
  if ((selected & 4) != 0) put(row, 3, page.tsc_to_system_mul)
  if ((selected & 8) != 0) put(row, 4, <u64>(<i64>page.tsc_shift))
  if ((selected & 16) != 0) put(row, 5, page.flags)
}

function lay_page(page: usize, version: u32, stamp: u64, time: u64, mul: u64, shift: u64, flags: u64): void {
  const p = changetype<VcpuTimeInfo>(page)
  p.version = version
  p.tsc_timestamp = stamp
  p.system_time = time
  p.tsc_to_system_mul = <u32>mul
  p.tsc_shift = <i8>shift
  p.flags = <u8>flags
}

/** version, tsc_timestamp, system_time, mul, shift, flags, tsc | ns */
export function lab_pvclock_read(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 8, (row, page) => {
    const version = <u32>get(row, 0)
    lay_page(page, version, get(row, 1), get(row, 2), get(row, 3), get(row, 4), get(row, 5))
    put(row, 7, pvclock_read(page, get(row, 6)))
  })
}

/**
 * The guarded read; last_value and the count of watchdog touches live in scratch after the page.
 * version, tsc_timestamp, system_time, mul, shift, flags, tsc, valid_flags, reset (1: last_value := 0 first),
 * nowd (1: the variant without watchdogs) | ns, last_value, the page's flags, touches by this read
 */
export function lab_pvclock_guard(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 14, (row, page) => {
    const last_value = page + PVCLOCK_PAGE_BYTES
    const touches = last_value + 8
    lay_page(page, <u32>get(row, 0), get(row, 1), get(row, 2), get(row, 3), get(row, 4), get(row, 5))
    if (get(row, 8) != 0) store<u64>(last_value, 0)
    store<u32>(touches, 0)
    const counted: usize = get(row, 9) != 0 ? 0 : touches
    put(row, 10, pvclock_clocksource_read(page, get(row, 6), <u8>get(row, 7), last_value, counted))
    put(row, 11, load<u64>(last_value))
    put(row, 12, changetype<VcpuTimeInfo>(page).flags)
    put(row, 13, load<u32>(touches))
  })
}

/** wc_sec, wc_nsec, tsc_timestamp, system_time, mul, shift, tsc, wc_version | status, tv_sec, tv_nsec */
export function lab_wallclock_read(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 11, (row, page) => {
    const wc = page + PVCLOCK_PAGE_BYTES
    lay_page(page, 0, get(row, 2), get(row, 3), get(row, 4), get(row, 5), 0)
    store<u32>(wc, <u32>get(row, 7), info.WC_VERSION)
    store<u32>(wc, <u32>get(row, 0), info.WC_SEC)
    store<u32>(wc, <u32>get(row, 1), info.WC_NSEC)
    put(row, 8, <u64>info.pvclock_read_wallclock(wc, page, get(row, 6), row + 72))
  })
}

/**
 * Operations on one wall clock in scratch, with a sec_hi after it: op, sec, nsec | result, sec and nsec of a try_read.
 * op 0 write begin, 1 write fields, 2 write end, 3 try_read.
 */
export function lab_wallclock_page(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 6, (row, wc) => {
    const op = get(row, 0)
    put(row, 3, 0)
    if (op == 0) info.wallclock_write_begin(wc)
    else if (op == 1)
      info.wallclock_write_fields(wc, wc + info.PVCLOCK_WALL_CLOCK_BYTES, get(row, 1), <u32>get(row, 2))
    else if (op == 2) info.wallclock_write_end(wc)
    else put(row, 3, <u64>info.wallclock_try_read(wc, row + 32))
  })
}

/**
 * Xen's wall clock, in the shared_info at scratch. secs, nsecs, system_time_base, domain offset in s,
 * version before, wide | Xen's wc_sec, wc_nsec; the guest's wc_sec, wc_nsec, wc_sec_hi, version; 64-bit seconds
 */
export function lab_settime(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 13, (row, si) => {
    const wide = get(row, 5) != 0
    const wc = si + info.shared_info_wc_version(wide)
    store<u32>(wc, <u32>get(row, 4))
    info.xen_settime(get(row, 0), <u32>get(row, 1), get(row, 2), row + 48)
    info.shared_info_write_wallclock(si, wide, get(row, 6), <u32>get(row, 7), <i64>get(row, 3))
    put(row, 8, load<u32>(si + info.shared_info_wc_sec(wide)))
    put(row, 9, load<u32>(si + info.shared_info_wc_nsec(wide)))
    put(row, 10, load<u32>(si + info.shared_info_wc_sec_hi(wide)))
    put(row, 11, load<u32>(wc))
    put(row, 12, info.shared_info_wallclock_sec(si, wide))
  })
}

/** epoch_ns, version before | sec, nsec, sec_hi, version, of KVM's wall clock in scratch with a sec_hi after it */
export function lab_kvm_wallclock(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 6, (row, wc) => {
    const sec_hi = wc + info.PVCLOCK_WALL_CLOCK_BYTES
    store<u32>(wc, <u32>get(row, 1))
    info.kvm_write_wallclock(wc, sec_hi, get(row, 0))
    put(row, 2, load<u32>(wc, info.WC_SEC))
    put(row, 3, load<u32>(wc, info.WC_NSEC))
    put(row, 4, load<u32>(sec_hi))
    put(row, 5, load<u32>(wc))
  })
}

/**
 * host_khz, guest_khz, frac_bits, host_tsc, target_tsc | KVM scales, status, ratio, scaled TSC, L1 offset, virtual
 * mul, shift, catch-up; Xen's ratio, scaled TSC; status of the ioctl. Scaled TSC and offset are 0 without a ratio.
 */
export function lab_tsc(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 16, (row, out) => {
    const host = <u32>get(row, 0)
    const guest = <u32>get(row, 1)
    const frac = <u32>get(row, 2)
    const tsc = get(row, 3)
    put(row, 15, <u64>(<i64>kvm_ioctl_set_tsc_khz(guest, host, frac, out)))
    put(row, 5, u64(kvm_tsc_needs_scaling(guest, host)))
    put(row, 6, <u64>(<i64>kvm_set_tsc_khz(guest, host, frac, out)))
    const ratio = load<u64>(out)
    put(row, 7, ratio)
    put(row, 8, ratio == 0 ? 0 : scale_tsc(tsc, ratio, frac))
    put(row, 9, ratio == 0 ? 0 : kvm_l1_tsc_offset(get(row, 4), tsc, ratio, frac))
    put_scale(row, 10, load<u64>(out, 8))
    put(row, 12, load<u32>(out, 20))
    const xen_ratio = tsc_ratio(guest, host, frac)
    put(row, 13, xen_ratio)
    put(row, 14, xen_ratio == 0 ? 0 : scale_tsc(tsc, xen_ratio, frac))
  })
}

/** host_khz | the lowest and the highest guest_khz that KVM does not scale */
export function lab_kvm_tolerance(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 3, (row, scratch) => {
    const host = <u32>get(row, 0)
    put(row, 1, kvm_tsc_threshold_low(host))
    put(row, 2, kvm_tsc_threshold_high(host))
  })
}

/** frac_bits, l1_ratio, l2_ratio, l1_offset, l2_offset | nested ratio, nested offset */
export function lab_nested_tsc(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 7, (row, scratch) => {
    const frac = <u32>get(row, 0)
    const l2_ratio = get(row, 2)
    put(row, 5, kvm_nested_tsc_ratio(get(row, 1), l2_ratio, frac))
    put(row, 6, <u64>kvm_nested_tsc_offset(<i64>get(row, 3), <i64>get(row, 4), l2_ratio, frac))
  })
}

/**
 * tsc_set_info on an all-zero domain, then gtime_to_gtsc and tsc_get_info. mode, elapsed_ns, gtsc_khz, incarnation,
 * now, host_khz, host_safe, hvm, frac_bits, guest time, later system time, later TSC |
 * status, vtsc, tsc_khz, vtsc_offset, vtsc_to_ns mul, shift, ns_to_vtsc mul, shift, incarnation, ratio, emulated
 * TSC at guest time (0 unless vtsc), then mode, elapsed_ns, khz, incarnation of tsc_get_info (0 after a refusal)
 */
export function lab_domain_tsc(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 27, (row, scratch) => {
    memory.fill(scratch, 0, 64)
    const d = changetype<DomainTsc>(scratch)
    const host = <u32>get(row, 5)
    const hvm = get(row, 7) != 0
    const frac = <u32>get(row, 8)
    const status = domain_tsc_set(row, d, host, hvm, frac)
    put(row, 12, <u64>(<i64>status))
    put(row, 13, d.vtsc)
    put(row, 14, d.tsc_khz)
    put(row, 15, d.vtsc_offset)
    put(row, 16, d.vtsc_to_ns_mul)
    put(row, 17, <u64>(<i64>d.vtsc_to_ns_shift))
    put(row, 18, d.ns_to_vtsc_mul)
    put(row, 19, <u64>(<i64>d.ns_to_vtsc_shift))
    put(row, 20, d.incarnation)
    put(row, 21, status == 0 ? domain_tsc_ratio(d, host, hvm, frac) : 0)
    put(row, 22, d.vtsc != 0 ? gtime_to_gtsc(d, get(row, 9), hvm) : 0)
    const out = scratch + 40
    if (status == 0) tsc_get_info(d, get(row, 10), get(row, 11), host, hvm, frac, out)
    put(row, 23, load<u32>(out))
    put(row, 24, load<u64>(out, 8))
    put(row, 25, load<u32>(out, 4))
    put(row, 26, load<u32>(out, 16))
  })
}

function domain_tsc_set(row: usize, d: DomainTsc, host_khz: u32, hvm: bool, frac_bits: u32): i32 {
  const khz = <u32>get(row, 2)
  const incarnation = <u32>get(row, 3)
  const safe = get(row, 6) != 0
  return tsc_set_info(
    d,
    <u32>get(row, 0),
    get(row, 1),
    khz,
    incarnation,
    get(row, 4),
    host_khz,
    safe,
    hvm,
    frac_bits,
  )
}

/**
 * tsc, local, master, mul, shift of the CPU; tsc, local, master now; constant_tsc; a TSC to read at |
 * renewed, tsc, local, master, mul, shift afterwards, and the system time at that TSC
 */
export function lab_calibration(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 17, (row, scratch) => {
    const t = changetype<CpuTime>(scratch)
    t.local_tsc = get(row, 0)
    t.local_stime = get(row, 1)
    t.master_stime = get(row, 2)
    t.mul = <u32>get(row, 3)
    t.shift = <i32>get(row, 4)
    put(row, 10, u64(local_time_calibration(t, get(row, 5), get(row, 6), get(row, 7), get(row, 8) != 0)))
    put(row, 11, t.local_tsc)
    put(row, 12, t.local_stime)
    put(row, 13, t.master_stime)
    put(row, 14, t.mul)
    put(row, 15, <u64>(<i64>t.shift))
    put(row, 16, cpu_time_now(t, get(row, 9)))
  })
}

/** now, timeout | deadline, all ones for none */
export function lab_set_timer_op(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 3, (row, scratch) => put(row, 2, set_timer_op(get(row, 0), <i64>get(row, 1))))
}

/** now, timeout, flags, legacy | 0 arm, 1 inject, or the negative error */
export function lab_set_singleshot(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 5, (row, scratch) => {
    const result = set_singleshot_timer(get(row, 0), get(row, 1), <u32>get(row, 2), get(row, 3) != 0)
    put(row, 4, <u64>(<i64>result))
  })
}

/** now, last event, period | status, next due, last event after a look at the timer */
export function lab_periodic(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 6, (row, scratch) => {
    const last = get(row, 1)
    const period = get(row, 2)
    put(row, 3, <u64>(<i64>set_periodic_timer(period)))
    put(row, 4, periodic_next(last, period))
    put(row, 5, periodic_work(get(row, 0), last, period))
  })
}

/** wide | the 30 values of test/data/vectors/layout.csv, in its order */
export function lab_layout(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 31, (row, scratch) => {
    const wide = get(row, 0) != 0
    put(row, 1, offsetof<VcpuTimeInfo>())
    put(row, 2, offsetof<VcpuTimeInfo>('version'))
    put(row, 3, offsetof<VcpuTimeInfo>('tsc_timestamp'))
    put(row, 4, offsetof<VcpuTimeInfo>('system_time'))
    put(row, 5, offsetof<VcpuTimeInfo>('tsc_to_system_mul'))
    put(row, 6, offsetof<VcpuTimeInfo>('tsc_shift'))
    put(row, 7, offsetof<VcpuTimeInfo>('flags'))
    put(row, 8, info.VCPU_INFO_BYTES)
    put(row, 9, info.VCPU_INFO_UPCALL_PENDING)
    put(row, 10, info.VCPU_INFO_UPCALL_MASK)
    put(row, 11, info.vcpu_info_pending_sel(wide))
    put(row, 12, info.vcpu_info_arch(wide))
    put(row, 13, info.VCPU_INFO_TIME)
    put(row, 14, info.SHARED_INFO_EVTCHN_PENDING)
    put(row, 15, info.shared_info_evtchn_mask(wide))
    put(row, 16, info.shared_info_wc_version(wide))
    put(row, 17, info.shared_info_wc_sec(wide))
    put(row, 18, info.shared_info_wc_nsec(wide))
    put(row, 19, info.shared_info_arch(wide))
    put(row, 20, info.shared_info_wc_sec_hi(wide))
    put(row, 21, info.shared_info_bytes(wide))
    put(row, 22, info.shared_info_arch_max_pfn(wide))
    put(row, 23, info.runstate_bytes(wide))
    put(row, 24, info.RUNSTATE_STATE)
    put(row, 25, info.runstate_entry_time(wide))
    put(row, 26, info.runstate_time(wide))
    put(row, 27, info.singleshot_timer_bytes(wide))
    put(row, 28, info.SINGLESHOT_TIMER_FLAGS)
    put(row, 29, info.PERIODIC_TIMER_BYTES)
    put(row, 30, info.MAX_LEGACY_VCPUS)
  })
}
