/**
 * The timer interrupt. Source: arch/i386/kernel/time-xen.c timer_interrupt, init_missing_ticks_accounting.
 */
import { boot_wide } from '../../boot-options'
import { RUNSTATE_BLOCKED, RUNSTATE_OFFLINE, RUNSTATE_RUNNABLE } from '../../layout'
import { at, GPA_RUNSTATE } from '../../memory'
import { observe, SEEN_BACKWARDS, SEEN_TICKS } from '../../observe'
import { vcpuop_register_runstate_memory_area } from '../../x86/hypercall'
import { runstate_time } from '../../x86/shared-info'
import { do_timer, report_clock_set, update_wallclock } from './clock'
import { guest_now, JITTER_NS, refresh, wallclock_version } from './shadow'
import { cpu_state, kernel } from './state'
import { run_timers, softlockup_tick, touch_watchdog } from './timers'

const RUNSTATE_AREA: u32 = 64 // bytes a CPU

/** ns that this CPU has spent in a run state, by the area that Xen keeps up to date. */
export function spent(cpu: u32, state: u32): u64 {
  const times = at(GPA_RUNSTATE + cpu * RUNSTATE_AREA) + runstate_time(boot_wide())
  return load<u64>(times + <usize>state * 8)
}

function spent_stolen(cpu: u32): u64 {
  return spent(cpu, RUNSTATE_RUNNABLE) + spent(cpu, RUNSTATE_OFFLINE)
}

/** Registers the runstate area anew; what it holds now counts as accounted. */
export function init_missing_ticks_accounting(cpu: u32): void {
  const c = cpu_state(cpu)
  memory.fill(at(GPA_RUNSTATE + cpu * RUNSTATE_AREA), 0, RUNSTATE_AREA)
  vcpuop_register_runstate_memory_area(cpu, GPA_RUNSTATE + cpu * RUNSTATE_AREA)
  c.blocked = spent(cpu, RUNSTATE_BLOCKED)
  c.stolen = spent_stolen(cpu)
}

export function timer_interrupt(cpu: u32): void {
  const k = kernel()
  const c = cpu_state(cpu)
  refresh(cpu)
  const now = guest_now(cpu)
  const delta = <i64>(now - k.processed)
  const delta_cpu = <i64>(now - c.processed)
  // The real warning is rate-limited on its way to the log; what it reports happens each time.
  if (delta < -JITTER_NS || delta_cpu < -JITTER_NS) observe(SEEN_BACKWARDS, cpu, delta, delta_cpu)

  const tick = <i64>k.ns_per_tick
  if (delta >= tick) {
    const ticks = <u64>ticks_in(delta, tick)
    k.processed += ticks * k.ns_per_tick
    do_timer(ticks)
    if (ticks > 1 && !meant_to_skip(cpu, ticks)) observe(SEEN_TICKS, cpu, ticks, 0)
  }
  // The work that calls clock_was_set is queued too; without high-resolution timers it does nothing.
  if (k.wc_version != wallclock_version()) report_clock_set(update_wallclock())

  const stolen = account(cpu, delta_cpu)
  // Meant as "more than 5 s of stolen ticks". When nothing was accounted the variable still holds ns.
  if (stolen > 5 * <i64>k.hz) touch_watchdog(cpu)
  softlockup_tick(cpu)
  run_timers(cpu)
}

/** Whether these ticks are those that an idle CPU lets pass: at most a second of them, then its watchdog wakes it. */
function meant_to_skip(cpu: u32, ticks: u64): bool {
  return ticks <= <u64>kernel().hz && spent(cpu, RUNSTATE_BLOCKED) - cpu_state(cpu).blocked >= kernel().ns_per_tick
}

/** Whole ticks in `ns`, which is not negative. An interrupt each tick has one: no division then. */
function ticks_in(ns: i64, tick: i64): i64 {
  return ns < tick ? 0 : ns < 2 * tick ? 1 : ns / tick
}

/** Accounts this CPU's ticks as stolen, idle or busy; returns the stolen ticks, or ns if there was nothing to account. */
function account(cpu: u32, delta_cpu: i64): i64 {
  const c = cpu_state(cpu)
  const tick = <i64>kernel().ns_per_tick
  let left = delta_cpu
  let stolen = <i64>(spent_stolen(cpu) - c.stolen)
  let blocked = <i64>(spent(cpu, RUNSTATE_BLOCKED) - c.blocked)
  if (stolen > 0 && left > 0) {
    left -= stolen
    if (left < 0) stolen += left
    stolen /= tick
    c.stolen += stolen * tick
    c.processed += stolen * tick
    c.steal_ticks += stolen
  }
  if (blocked > 0 && left > 0) {
    left -= blocked
    if (left < 0) blocked += left
    blocked /= tick
    c.blocked += blocked * tick
    c.processed += blocked * tick
    c.idle_ticks += blocked
  }
  if (left > 0) {
    const ticks = ticks_in(left, tick)
    c.processed += ticks * tick
    c.system_ticks += ticks
  }
  return stolen
}
