/**
 * Stolen time as /proc/stat shows it (Linux kernel/sched/cputime.c steal_account_process_time): the paravirtual steal
 * clock is read when time is accounted, and what it has gained since is added.
 *
 *   at a tick of a busy CPU    at most a tick is taken
 *   when a CPU leaves idle     all of it
 *
 * Both are unsigned. A steal clock that has fallen, as Xen's does in a migration before Linux 5e25f5db6abb, gives a
 * difference of nearly 2^64:
 *
 *   4.11 to 4.13  times are ns: added as a whole it makes the sum fall; tick by tick every tick counts as stolen
 *   4.8 to 4.10   the difference is turned into cputime, jiffies here, first, so the sum does not come back: it has 2^64 ns
 *                 worth of jiffies too many, or grows by a tick each tick
 */
import { boot_hz, boot_variant } from '../boot-options'
import { NS_PER_SEC } from '../layout'
import { cpu_timers } from './hrtimer'

/** boot_variant: the accounting of Linux 4.8 to 4.10, and of 4.11 to 4.13; the steal clock is cleared by a migration. */
export const VARIANT_STEAL_4_8: u32 = 7
export const VARIANT_STEAL_4_11: u32 = 8

@inline export function steal_is_accounted(): bool {
  return boot_variant() == VARIANT_STEAL_4_8 || boot_variant() == VARIANT_STEAL_4_11
}

/** Time is accounted on this CPU; `clock` is the steal clock, `idle` that it was idle until now. */
export function steal_account(cpu: u32, clock: u64, idle: bool): void {
  const c = cpu_timers(cpu)
  const tick = NS_PER_SEC / boot_hz()
  const gained = clock - c.prev_steal
  const most = idle ? u64.MAX_VALUE : tick
  if (boot_variant() == VARIANT_STEAL_4_11) {
    const taken = min(gained, most)
    c.stat_steal += taken
    c.prev_steal += taken
    return
  }
  const taken = min(gained / tick, most / tick) * tick
  c.stat_steal += taken
  c.prev_steal += taken
}

@inline export function steal_accounted(cpu: u32): u64 { return cpu_timers(cpu).stat_steal }
