/**
 * Skipping over an idle linux-2.6.18-xen.
 *
 * An idle CPU wakes for two things, each half a tick after a jiffy (model/linux-2-6-18-xen/timers.ts):
 *
 *   watchdog  it looks hz jiffies after its last run, which is one too early, and runs at the next: two interrupts a
 *             tick apart, each hz + 1 jiffies            A = touched + hz, B = A + 1 = the next `touched`
 *   reap      the slab allocator's housekeeping, each 2 hz jiffies
 *
 * What an interrupt does to jiffies, xtime and the CPU's accounting is whole ticks up to now, with the rest kept;
 * the sum is the same however many interrupts it takes. So the skipped ones are not run: jiffies and xtime take
 * one step to the last of them, the timers stand as it leaves them, and the accounting follows at the next.
 *
 * Each interrupt finds the time page renewed if there was a calibration since the CPU's last, and Xen counts that in
 * the page's version: as many times as there are calibrations, less those after which no interrupt came before
 * the next. Such a one fits only between B and the next A, which are a second of system time apart, when that
 * is a second of true time or more; publications() looks for them.
 */
import { boot_wide } from './boot-options'
import {
  host, machine, NEVER, NS_PER_SEC, RUNSTATE_BLOCKED, RUNSTATE_OFFLINE, RUNSTATE_RUNNABLE, SLEEPER_ASLEEP, sleeper, vcpu,
} from './layout'
import { do_timer, softirq_time } from './model/linux-2-6-18-xen/clock'
import { copy_page, wallclock_version } from './model/linux-2-6-18-xen/shadow'
import { cpu_state, kernel, NS } from './model/linux-2-6-18-xen/state'
import { spent } from './model/linux-2-6-18-xen/tick'
import { muldiv_u64 } from './wide'
import { sleeper_count } from './workload'
import { xen_publish_again, xen_published, xen_skip_to } from './x86/xen'
import {
  epoch_at, epoch_is_positive, epoch_now, epoch_ns, epoch_stamp, epoch_start, epoch_when, epochs_begin,
} from './x86/xen-epochs'

/** From 2262 on 64 bits of ns do not hold xtime, and the kernel's comparisons go wrong. */
const XTIME_SEC_MAX: i64 = i64.MAX_VALUE / NS
/** More than a wobble of NOW() by its roundings. */
const WOBBLE_NS: u64 = 1000

@inline function two_seconds(): u64 { return 2 * <u64>kernel().hz }
@inline function watchdog_period(): u64 { return <u64>kernel().hz + 1 }

/** The system time for which an idle CPU asks to be woken at jiffy `j`. */
@inline function deadline(j: u64): u64 {
  const k = kernel()
  return k.processed - k.offset + (j - k.jiffies) * k.ns_per_tick + k.ns_per_tick / 2
}

/** Skips the interrupts up to true time `limit` of a guest whose CPUs are all idle. */
export function skip_2_6_18(limit: u64): void {
  const k = kernel()
  const least = k.jiffies + 4 * <u64>k.hz
  const wanted = before_timers()
  if (wanted < least || !epochs_begin() || !is_steady(limit)) return
  const last = whole_pairs(min(wanted, last_jiffy(limit)))
  if (last < least) return
  let latest: u64 = 0
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) latest = max(latest, last_wake(cpu, last))
  const now = epoch_when(deadline(latest))

  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) skip_cpu(cpu, last)
  const ticks = latest - k.jiffies
  do_timer(ticks)
  k.processed += ticks * k.ns_per_tick
  k.seen += ticks * k.ns_per_tick
  xen_skip_to(now)
}

// ---- conditions

function is_steady(limit: u64): bool {
  const k = kernel()
  const late = <i64>(epoch_now(machine().now_ns) + k.offset - k.processed)
  if (late < 0 || <u64>late > two_seconds() * k.ns_per_tick) return false
  if (k.wc_version != wallclock_version() || !epoch_is_positive(limit)) return false
  if (<u64>host().timer_slop_ns + WOBBLE_NS >= k.ns_per_tick / 2) return false
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) if (!cpu_is_steady(cpu)) return false
  return true
}

/** Whether the CPU sleeps until its next timer, and its accounting has nothing left but fractions of a tick. */
function cpu_is_steady(cpu: u32): bool {
  const k = kernel()
  const c = cpu_state(cpu)
  const v = vcpu(cpu)
  const tick = <i64>k.ns_per_tick
  if (c.watchdog_printed == c.watchdog_touched || !v.singleshot_armed) return false
  const next = next_wake(cpu)
  if (next <= k.jiffies || v.singleshot_deadline != deadline(next)) return false
  const stolen = <i64>(spent(cpu, RUNSTATE_RUNNABLE) + spent(cpu, RUNSTATE_OFFLINE) - c.stolen)
  const blocked = <i64>(spent(cpu, RUNSTATE_BLOCKED) - c.blocked)
  const accounted = <i64>(v.state_entry_ns + k.offset - c.processed)
  return stolen >= 0 && stolen < tick && blocked >= 0 && blocked < tick && accounted >= 0
    && accounted - stolen - blocked < tick && <i64>(c.processed - k.processed) <= tick
}

/** The last jiffy whose interrupt comes before `limit`. */
function last_jiffy(limit: u64): u64 {
  const k = kernel()
  const ahead = <i64>(epoch_now(limit) + k.offset - k.processed)
  return ahead < 0 ? 0 : k.jiffies + <u64>ahead / k.ns_per_tick - 1
}

/** The last jiffy whose interrupt may be skipped, well before a timer that wakes somebody: its CPU must not look for it yet. */
function before_timers(): u64 {
  const k = kernel()
  let last: u64 = NEVER
  const room = 2 * <u64>k.hz + 2
  if (k.sync_cmos_at != NEVER) last = min(last, k.sync_cmos_at - room)
  if (k.sync_xen_at != NEVER) last = min(last, k.sync_xen_at - room)
  let left = wall_left()
  for (let i: u32 = 0, n = sleeper_count(); i < n; i++) {
    if (sleeper(i).state == SLEEPER_ASLEEP) left = min(left, sleep_left(i))
  }
  const tick = <i64>k.tick_nsec + (k.tick_adjust >> 12) + 1
  return left < 0 || tick <= 0 ? 0 : min(last, k.jiffies + <u64>(left / tick) - room)
}

/** ns of xtime until a wall clock or CLOCK_MONOTONIC leaves the range of its type. */
function wall_left(): i64 {
  const k = kernel()
  const end: i64 = boot_wide() ? XTIME_SEC_MAX : i32.MAX_VALUE
  const sec = max(k.xtime_sec, k.xtime_sec + k.wtm_sec)
  return min(end - sec - 1, XTIME_SEC_MAX - 1) * NS
}

/**
 * ns of xtime until sleeper `index` is due; -1 when it waits for a clock that stands still, because gettimeofday
 * has shown more than there is now.
 */
function sleep_left(index: u32): i64 {
  const k = kernel()
  const shown = k.monotonic_sec - k.xtime_sec
  return shown > 1 ? -1 : <i64>sleeper(index).expires - softirq_time()
}

// ---- wakes

/** When an idle CPU that has looked at its watchdog no more than once wakes next. */
@inline function next_wake(cpu: u32): u64 {
  const c = cpu_state(cpu)
  return min(c.watchdog_touched + <u64>kernel().hz, c.reap_at)
}

/** watchdog_touched and reap_at after all interrupts up to jiffy `last`. */
@inline function touched_after(cpu: u32, last: u64): u64 {
  const touched = cpu_state(cpu).watchdog_touched
  return touched + (last - touched) / watchdog_period() * watchdog_period()
}
@inline function reap_after(cpu: u32, last: u64): u64 {
  const at = cpu_state(cpu).reap_at
  return last < at ? at : at + ((last - at) / two_seconds() + 1) * two_seconds()
}

/** The CPU's last wake up to jiffy `last`, if it has one. */
function last_wake(cpu: u32, last: u64): u64 {
  return max(touched_after(cpu, last), reap_after(cpu, last) - two_seconds())
}

/**
 * `last`, or a little less, so that no CPU's next wake follows its last one within a tick. Then it has looked at its
 * watchdog no more than once, and Xen's periodic timer, of a tick, is due at every wake.
 */
function whole_pairs(last: u64): u64 {
  for (let tries: u32 = 0; tries < 64; tries++) {
    let moved = false
    for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) {
      const next = min(touched_after(cpu, last) + <u64>kernel().hz, reap_after(cpu, last))
      const before = last_wake(cpu, last)
      if (next <= last) last = next - 1
      else if (next <= before + 1) last = before - 1
      else continue
      moved = true
    }
    if (!moved) return last
  }
  return 0
}

/** The CPU's interrupts up to jiffy `last` have been. */
function skip_cpu(cpu: u32, last: u64): void {
  const c = cpu_state(cpu)
  if (next_wake(cpu) > last) return
  const wake = last_wake(cpu, last)
  const count = publications(cpu, wake)
  if (count != 0) {
    xen_publish_again(cpu, epoch_stamp(epoch_at(epoch_when(deadline(wake)))), count)
    copy_page(cpu)
  }
  const touched = touched_after(cpu, last)
  c.reap_at = reap_after(cpu, last)
  c.watchdog_touched = touched
  vcpu(cpu).singleshot_deadline = deadline(next_wake(cpu))
}

// ---- publications

/** How often Xen renews the CPU's time page from its next wake to that at jiffy `last`. */
function publications(cpu: u32, last: u64): u32 {
  const first = epoch_at(epoch_when(deadline(next_wake(cpu))))
  const begins: u32 = first >= 0 || !xen_published(cpu) ? 1 : 0
  return begins + <u32>(epoch_at(epoch_when(deadline(last))) - first) - unseen(cpu, last)
}

/** How many calibrations no interrupt of the CPU saw: they and the next one lie between a B and the A after it. */
function unseen(cpu: u32, last: u64): u32 {
  const k = kernel()
  const hz = <u64>k.hz
  const gap = muldiv_u64(hz * k.ns_per_tick, NS_PER_SEC, epoch_ns()) + 4 // true ns from B to A, at most
  if (gap < NS_PER_SEC) return 0
  const begin = 2 * NS_PER_SEC - gap // a gap that begins this long after a calibration may hold two
  const step = muldiv_u64(watchdog_period() * k.ns_per_tick, NS_PER_SEC, epoch_ns()) + 4 - NS_PER_SEC
  let count: u32 = 0
  let b = cpu_state(cpu).watchdog_touched + watchdog_period()
  while (b + hz <= last) {
    const at = epoch_when(deadline(b))
    const phase = at - epoch_start(epoch_at(at))
    if (phase < begin) {
      b += max((begin - phase) / step, 1) * watchdog_period()
      continue
    }
    if (epoch_at(epoch_when(deadline(b + hz))) - epoch_at(at) >= 2 && reap_after(cpu, b) >= b + hz) count++
    b += watchdog_period()
  }
  return count
}
