/**
 * Skipping over an idle modern Linux, on Xen and on Power.
 *
 * An idle CPU wakes for its watchdog, each 4 s of CLOCK_MONOTONIC, and for nothing else (model/hrtimer.ts). jiffies
 * and the timekeeper take in whole ticks, however many have gone by, and the watchdog's timer moves on by whole periods;
 * so the CPU is moved on by n periods and wakes then for the first time, and what it computes of its clocks at
 * that interrupt it computes itself. That is right as long as n periods on all is as it is now, n periods later: the
 * clocksource counts whole ns or a whole number of ticks in a period, and NTP leaves mult alone.
 */
import { boot_privileged, boot_variant } from './boot-options'
import { Counter } from './counter'
import { host_counter } from './host'
import {
  guest, host, HOST_MONO, HOST_TIMEBASE, machine, NS_PER_SEC, SLEEPER_ASLEEP, sleeper, TB_HOST, TB_VIRTUAL_CLOCK, vcpu,
} from './layout'
import { CpuTimers, cpu_timers, KTIME_MAX, sleeper_expires, timers_have_passed, WATCHDOG_PERIOD_NS } from './model/hrtimer'
import { lppc_move_next_tb, lppc_next_tb, lppc_wakes_alike } from './model/linux-ppc64'
import { lxen_counts_system_time } from './model/linux-xen'
import { timekeeper, timekeeper_is_even, tk_monotonic } from './model/timekeeping'
import { dec_rearm, guest_timebase, tb_source_at } from './ppc/cpu'
import { sleeper_count } from './workload'
import { xen_publish_again, xen_published, xen_skip_to } from './x86/xen'
import { epoch_at, epoch_is_positive, epoch_now, epoch_stamp, epoch_when, epochs_begin } from './x86/xen-epochs'

/** How long before a sleeper is due the CPU wakes for its watchdog alone. */
const ROOM_NS: i64 = 1_000_000_000

/** Whether the CPU waits for its watchdog, with every other timer after it. */
function waits_for_watchdog(c: CpuTimers): bool {
  return c.tick_stopped != 0 && c.expires_next == c.watchdog && c.tick > c.watchdog && c.rtc_sync == KTIME_MAX
}

/** CLOCK_MONOTONIC up to which interrupts may be skipped: `limit`, or well before a sleeper is due. */
function before_sleepers(limit: u64): u64 {
  let last = limit
  for (let i: u32 = 0, n = sleeper_count(); i < n; i++) {
    if (sleeper(i).state != SLEEPER_ASLEEP) continue
    const at = <i64>sleeper_expires(i) - ROOM_NS
    if (at <= 0) return 0
    last = min(last, <u64>at)
  }
  return last
}

/** How many of the CPU's interrupts can be skipped so that the one after them is not after `last`. */
@inline function periods(c: CpuTimers, last: u64): u64 {
  return last < c.watchdog ? 0 : (last - c.watchdog) / WATCHDOG_PERIOD_NS
}

/** The CPU's timers as they are `n` periods later. */
function move_timers(c: CpuTimers, n: u64): void {
  const ns = n * WATCHDOG_PERIOD_NS
  c.watchdog += ns
  c.expires_next += ns
  if (c.tick == KTIME_MAX) return
  c.tick += ns
  c.next_tick += ns
}

// ---- Xen

/** Skips up to true time `limit`; the guest's clocksource is system time itself, ns by ns. */
export function skip_linux_xen(limit: u64): void {
  if (boot_privileged() || boot_variant() || !lxen_counts_system_time()) return
  if (!timekeeper_is_even() || timekeeper().mult != <u32>1 << timekeeper().shift) return
  if (!epochs_begin() || !epoch_is_positive(limit)) return
  const last = before_sleepers(tk_monotonic(epoch_now(limit)))
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) {
    const c = cpu_timers(cpu)
    const v = vcpu(cpu)
    if (!waits_for_watchdog(c) || !v.singleshot_armed) return
    if (tk_monotonic(v.singleshot_deadline) != c.watchdog || periods(c, last) < 2) return
  }
  let now: u64 = 0
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) now = max(now, skip_xen_cpu(cpu, last))
  timers_have_passed(epoch_now(now))
  xen_skip_to(now)
}

/** The CPU's interrupts are skipped; when the last of them was. Each finds the time page four calibrations old. */
function skip_xen_cpu(cpu: u32, last: u64): u64 {
  const c = cpu_timers(cpu)
  const v = vcpu(cpu)
  const n = periods(c, last)
  const first = epoch_at(epoch_when(v.singleshot_deadline))
  const wake = epoch_when(v.singleshot_deadline + (n - 1) * WATCHDOG_PERIOD_NS)
  const count = <u32>n - u32(first < 0 && xen_published(cpu))
  xen_publish_again(cpu, epoch_stamp(epoch_at(wake)), count)
  move_timers(c, n)
  v.singleshot_deadline += n * WATCHDOG_PERIOD_NS
  return wake
}

// ---- Power

/**
 * Skips up to true time `limit`, where TB counts at most once a ns, and a period of the watchdog is a whole number of
 * ticks that the kernel takes for exactly that period. Then an interrupt comes at the very tick for which DEC
 * was set, and if the next one leaves DEC as the last one did, so do all.
 */
export function skip_linux_ppc64(limit: u64): void {
  const t = timekeeper()
  const period = WATCHDOG_PERIOD_NS / NS_PER_SEC * <u64>guest().tb_hz
  if (boot_variant() || host().timer_slop_ns || guest().booke || !ticks_are_distinct()) return
  if (!timekeeper_is_even() || period * t.mult != WATCHDOG_PERIOD_NS << t.shift) return
  const limit_tb = tb_source_at(limit) + guest().tb_offset
  if (<i64>limit_tb < 0 || <i64>(limit_tb - guest_timebase()) < 0) return
  const last = before_sleepers(tk_monotonic(limit_tb))
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) {
    const c = cpu_timers(cpu)
    const v = vcpu(cpu)
    // VTB that is held, since the guest was stopped, goes on at the CPU's next interrupt: that one is not skipped.
    if (!waits_for_watchdog(c) || !v.dec_armed || v.vtb_stopped || periods(c, last) < 2) return
    if (v.dec_next + guest().tb_offset != lppc_next_tb(cpu) || !lppc_wakes_alike(cpu, v.dec_last, period)) return
  }
  let tb: u64 = 0
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) {
    const n = periods(cpu_timers(cpu), last)
    move_timers(cpu_timers(cpu), n)
    lppc_move_next_tb(cpu, n * period)
    vcpu(cpu).dec_next += n * period
    dec_rearm(cpu)
    tb = max(tb, lppc_next_tb(cpu) - period)
  }
  timers_have_passed(tb)
}

/** Whether the guest's TB shows every value: it counts, and no ns of true time has two ticks. */
function ticks_are_distinct(): bool {
  const g = guest()
  if (g.tb_disabled || g.tb_hz > <u32>NS_PER_SEC) return false
  if (g.tb_source == TB_VIRTUAL_CLOCK) return !g.vmclk_stopped && at_most_once(host_counter(HOST_MONO))
  return g.tb_source == TB_HOST && at_most_once(host_counter(HOST_TIMEBASE))
}

function at_most_once(c: Counter): bool { return c.num != 0 && c.num <= c.den }
