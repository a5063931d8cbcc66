/**
 * The clocks that processes and timers see: xtime, gettimeofday with its clamp, CLOCK_MONOTONIC, and how the
 * wall clock is set. jiffies and wall_jiffies are always equal here, so no tick is ever "lost".
 * Source: arch/i386/kernel/time-xen.c, kernel/timer.c, kernel/time.c, kernel/hrtimer.c ktime_get_ts.
 */
import { boot_privileged, boot_wide } from '../../boot-options'
import { NS_PER_SEC } from '../../layout'
import { observe, SEEN_CLOCK_SET } from '../../observe'
import { platform_op_settime } from '../../x86/hypercall'
import {
  guest_now,
  nsec_offset,
  refresh_if_stale,
  usec_offset,
  wallclock_ns,
  wallclock_version,
} from './shadow'
import {
  cpu_state,
  floor_sec,
  independent_wallclock,
  kernel,
  NS,
  time_t,
  VARIANT_FIX_2,
  variant,
  word,
} from './state'

const USEC_PER_SEC: u64 = 1000000

/** `n` ticks are over: jiffies and xtime go on (do_timer, update_wall_time). */
export function do_timer(n: u64): void {
  const k = kernel()
  k.jiffies += n
  k.xtime_frac += <i64>n * k.tick_adjust
  const nsec = k.xtime_nsec + <i64>(n * k.tick_nsec) + (k.xtime_frac >> 12)
  k.xtime_frac &= 0xfff
  k.xtime_sec = time_t(k.xtime_sec + floor_sec(nsec))
  k.xtime_nsec = nsec - floor_sec(nsec) * NS
}

/**
 * Sets xtime, given UTC at Xen's system time 0 in ns, without touching monotonic time (__update_wallclock).
 * Returns by how many ns the wall clock moved.
 */
export function set_wall(epoch: u64): i64 {
  const k = kernel()
  const now = k.processed - k.offset + epoch
  const sec = time_t(now / NS_PER_SEC)
  const nsec = <i64>(now % NS_PER_SEC)
  const moved = (sec - k.xtime_sec) * NS + (nsec - k.xtime_nsec)
  const wtm_nsec = k.wtm_nsec + k.xtime_nsec - nsec
  k.wtm_sec = time_t(k.wtm_sec + (k.xtime_sec - sec) + floor_sec(wtm_nsec))
  k.wtm_nsec = wtm_nsec - floor_sec(wtm_nsec) * NS
  k.xtime_sec = sec
  k.xtime_nsec = nsec
  return moved
}

/** Reads Xen's wall clock: UTC at system time 0 in ns. */
export function read_wallclock(): u64 {
  const k = kernel()
  k.wc_version = wallclock_version()
  k.wc_ns = wallclock_ns()
  return k.wc_ns
}

/** Takes over Xen's wall clock (update_wallclock). Returns by how many ns the kernel's moved. */
export function update_wallclock(): i64 {
  const epoch = read_wallclock()
  return independent_wallclock() ? 0 : set_wall(epoch)
}

export function report_clock_set(moved: i64): void {
  if (moved != 0) observe(SEEN_CLOCK_SET, 0, moved, 0)
}

/** gettimeofday in ns of whole us. It never goes back: until it has caught up, the largest result is repeated. */
export function gettimeofday(cpu: u32): i64 {
  const k = kernel()
  refresh_if_stale(cpu)
  if (variant() >= VARIANT_FIX_2) guest_now(cpu)
  const ahead = <i64>(cpu_state(cpu).sys - k.processed)
  const carry = floor_sec(ahead)
  const usec = word(usec_offset(cpu) + (<u64>k.xtime_nsec / 1000 + <u64>(ahead - carry * NS) / 1000))
  const sec = time_t(k.xtime_sec + carry + usec / USEC_PER_SEC)
  const rest = <i64>(usec % USEC_PER_SEC)
  // The real function keeps the seconds in an unsigned long; so the clamp survives a time_t that has wrapped.
  const later = word(sec) > word(k.monotonic_sec) || (sec == k.monotonic_sec && rest > k.monotonic_usec)
  if (later) {
    k.monotonic_sec = sec
    k.monotonic_usec = rest
  }
  return k.monotonic_sec * NS + k.monotonic_usec * 1000
}

/** A time in ns after it was a timespec: in a 32-bit kernel the seconds have wrapped. */
function through_timespec(ns: i64): i64 {
  if (boot_wide()) return ns
  const sec = floor_sec(ns)
  return time_t(sec) * NS + (ns - sec * NS)
}

/** CLOCK_MONOTONIC (ktime_get): gettimeofday plus wall_to_monotonic, so the clamp holds it too. */
export function ktime_get(cpu: u32): i64 {
  const k = kernel()
  return through_timespec(gettimeofday(cpu) + k.wtm_sec * NS + k.wtm_nsec)
}

/** Monotonic time as timers see it: that of the last tick (hrtimer_get_softirq_time). */
export function softirq_time(): i64 {
  const k = kernel()
  return through_timespec(k.xtime_sec * NS + k.xtime_nsec + k.wtm_sec * NS + k.wtm_nsec)
}

/** monotonic_clock, which is sched_clock of a 64-bit kernel: guest time itself. */
export function monotonic_clock(cpu: u32): u64 {
  refresh_if_stale(cpu)
  return guest_now(cpu)
}

/**
 * Tells Xen that UTC is sec.nsec when guest time is `at_guest_time`, then takes it back from there. XENPF_settime
 * has 32-bit seconds.
 */
export function settime_xen(sec: i64, nsec: i64, at_guest_time: u64): void {
  platform_op_settime(<u64>(<u32>sec), <u32>nsec, at_guest_time - kernel().offset)
  report_clock_set(update_wallclock())
}

/**
 * settimeofday. dom0 sets Xen's clock, a guest with independent_wallclock its own. For all other guests nothing
 * changes but that gettimeofday may go back again.
 */
export function settimeofday(cpu: u32, ns: u64): void {
  const k = kernel()
  refresh_if_stale(cpu)
  const stamp = cpu_state(cpu).sys
  const at_stamp = time_t(ns / NS_PER_SEC) * NS + <i64>(ns % NS_PER_SEC) - <i64>nsec_offset(cpu)
  if (independent_wallclock()) {
    report_clock_set(set_wall(<u64>at_stamp - (stamp - k.offset)))
  } else if (boot_privileged()) {
    const sec = floor_sec(at_stamp)
    settime_xen(sec, at_stamp - sec * NS, stamp)
  }
  k.monotonic_sec = 0
  k.monotonic_usec = 0
}
