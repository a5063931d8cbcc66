/**
 * The kernel's copy of the time page, and guest time: the line on which jiffies, xtime and all timers count.
 *
 *     guest time = Xen's system time + Kernel.offset
 *
 * In the stock kernel the offset is 0, so guest time is the uptime of the host; that is why a move to another
 * host needs time_resume, and why it hurts when that or the wall clock is wrong.
 *
 * Guest code takes no time here and a hypervisor writes the page at once, so a reader never meets a page that
 * is being written: the retry loops of the real functions have nothing to wait for.
 * Source: arch/i386/kernel/time-xen.c.
 */
import { boot_wide } from '../../boot-options'
import { NS_PER_SEC } from '../../layout'
import { at, GPA_SHARED_INFO } from '../../memory'
import { rdtsc } from '../../x86/cpu'
import { pvclock_read, VcpuTimeInfo } from '../../x86/pvclock'
import { scale_delta } from '../../x86/scale'
import {
  shared_info_wc_version,
  VCPU_INFO_BYTES,
  VCPU_INFO_TIME,
  WC_NSEC,
  WC_SEC,
} from '../../x86/shared-info'
import { cpu_state, kernel, time_t, VARIANT_FIX_3, variant, word } from './state'

/** Less than this is jitter: no warning, no sign of another host (permitted_clock_jitter). */
export const JITTER_NS: i64 = 10000000
/** Longer than a running kernel ever goes without a look at the time: the watchdog wakes each CPU every second. */
const ABSENCE_NS: i64 = 3000000000

function page_address(cpu: u32): usize {
  return at(GPA_SHARED_INFO) + <usize>cpu * VCPU_INFO_BYTES + VCPU_INFO_TIME
}

function wallclock_address(): usize {
  return at(GPA_SHARED_INFO) + shared_info_wc_version(boot_wide())
}

/** wc_version as it stands in shared_info. */
export function wallclock_version(): u32 {
  return load<u32>(wallclock_address())
}

/** Xen's wall clock in ns: UTC at system time 0. wc_sec becomes a time_t on its way; wc_sec_hi is unknown here. */
export function wallclock_ns(): u64 {
  const sec = time_t(<i64>load<u32>(wallclock_address(), WC_SEC))
  return <u64>sec * NS_PER_SEC + <u64>load<u32>(wallclock_address(), WC_NSEC)
}

/** Whether the shadow is a copy of the page as it is now (time_values_up_to_date). */
export function up_to_date(cpu: u32): bool {
  return cpu_state(cpu).version == changetype<VcpuTimeInfo>(page_address(cpu)).version
}

/** Copies the page (get_time_values_from_xen). */
@inline export function refresh(cpu: u32): void {
  if (variant() == VARIANT_FIX_3 && host_changed(cpu)) rebase(cpu)
  copy_page(cpu)
}

export function copy_page(cpu: u32): void {
  const page = changetype<VcpuTimeInfo>(page_address(cpu))
  const c = cpu_state(cpu)
  c.version = page.version
  c.tsc = page.tsc_timestamp
  c.sys = page.system_time + kernel().offset
  c.mul = page.tsc_to_system_mul
  c.shift = page.tsc_shift
  c.usec_mul = c.mul / 1000
}

export function refresh_if_stale(cpu: u32): void {
  if (!up_to_date(cpu)) refresh(cpu)
}

/** ns since the shadow's stamp; huge when the TSC is behind it. */
@inline export function nsec_offset(cpu: u32): u64 {
  const c = cpu_state(cpu)
  return scale_delta(rdtsc(cpu) - c.tsc, c.mul, c.shift)
}

/** us since the shadow's stamp. The multiplier was truncated when it was divided by 1000: up to 0.47 ppm slow. */
export function usec_offset(cpu: u32): u64 {
  const c = cpu_state(cpu)
  return word(scale_delta(rdtsc(cpu) - c.tsc, c.usec_mul, c.shift))
}

/** Guest time now, by the shadow. */
@inline export function guest_now(cpu: u32): u64 {
  const k = kernel()
  const now = cpu_state(cpu).sys + nsec_offset(cpu)
  if (<i64>(now - k.seen) > 0) k.seen = now
  return now
}

/**
 * Fix 3: whether this may be another host, because the page tells another time than its shadow foretold, or a
 * time long after the last. linux-2-6-18-xen.ts says why these two.
 */
function host_changed(cpu: u32): bool {
  const c = cpu_state(cpu)
  if (c.version == 0) return false // nothing was copied yet
  const foretold = c.sys + nsec_offset(cpu)
  const told = pvclock_read(page_address(cpu), rdtsc(cpu)) + kernel().offset
  const apart = <i64>(told - foretold)
  return apart > JITTER_NS || apart < -JITTER_NS || <i64>(told - kernel().seen) > ABSENCE_NS
}

/**
 * Fixes 2 and 3: guest time goes on on a host whose system time is another one. Two hosts agree on UTC, and
 * wc says what it was at each one's system time 0, so guest time advances by as much as UTC did. When that would
 * take it back, wc is stale or this host's clock is behind; then it goes on from where it was, and these wc
 * fields are not believed until they change.
 */
export function rebase(cpu: u32): void {
  const k = kernel()
  const system_time = pvclock_read(page_address(cpu), rdtsc(cpu))
  const wc = wallclock_ns()
  const offset = k.offset + (wc - k.wc_ns)
  if (<i64>(system_time + offset - k.seen) >= -JITTER_NS) {
    k.offset = offset
  } else {
    k.offset = k.seen - system_time
    k.wc_version = wallclock_version()
  }
  k.wc_ns = wc
}
