/**
 * For tests of linux-2-6-18-xen.ts alone: what the hypervisor would do to one vCPU, the kernel's entry points,
 * and its variables. The machine never runs; the test writes the time page and the wall clock into guest memory
 * and sets the host's TSC. No function here is used by the shell.
 */
import { CAUSE_TIMER, CLOCK_GETTIMEOFDAY, sleeper, vcpu } from '../layout'
import { runstate_publish } from '../vcpu'
import { process_sleeps } from '../workload'
import { l26_boot, l26_interrupt, l26_nanosleep, l26_read_clock, l26_resume } from './linux-2-6-18-xen'
import { softirq_time } from './linux-2-6-18-xen/clock'
import { jiffies_to_st, ns_to_jiffies, usec_to_jiffies } from './linux-2-6-18-xen/jiffies'
import { cpu_state, kernel } from './linux-2-6-18-xen/state'

/** The ns that vCPU 0 has spent in each run state, and since when it is in its present one. */
export function lab26_runstate(runnable: u64, blocked: u64, offline: u64, entry: u64): void {
  const v = vcpu(0)
  v.time1_ns = runnable
  v.time2_ns = blocked
  v.time3_ns = offline
  v.state_entry_ns = entry
  runstate_publish(0)
}

export function lab26_boot(): void {
  l26_boot(0)
}

export function lab26_tick(): void {
  l26_interrupt(0, CAUSE_TIMER)
}

export function lab26_resume(): void {
  l26_resume()
}

export function lab26_gettimeofday(): u64 {
  return l26_read_clock(0, CLOCK_GETTIMEOFDAY)
}

/** Process 0 calls nanosleep; returns the expiry. */
export function lab26_nanosleep(): u64 {
  process_sleeps(0)
  l26_nanosleep(0, 0)
  return sleeper(0).expires
}

/** The time with which timers expire. */
export function lab26_softirq_time(): i64 {
  return softirq_time()
}

/** The guest time of the jiffy that is `ahead` jiffies from now. */
export function lab26_jiffies_to_st(ahead: i64): u64 {
  return jiffies_to_st(kernel().jiffies + <u64>ahead)
}

/** Durations in jiffies. */
export function lab26_ns_to_jiffies(ns: i64): u64 {
  return ns_to_jiffies(ns)
}

export function lab26_usec_to_jiffies(usec: u64): u64 {
  return usec_to_jiffies(usec)
}

/**
 * The kernel's variables as words at `out`: jiffies since boot, processed, CPU 0's processed, xtime s and ns,
 * wall_to_monotonic s and ns, monotonic_tv s and us, stolen, idle and system ticks.
 */
export function lab26_state(out: usize): void {
  const k = kernel()
  const c = cpu_state(0)
  store<u64>(out, k.jiffies - <u64>(<u32>(-300 * <i32>k.hz)))
  store<u64>(out, k.processed, 8)
  store<u64>(out, c.processed, 16)
  store<i64>(out, k.xtime_sec, 24)
  store<i64>(out, k.xtime_nsec, 32)
  store<i64>(out, k.wtm_sec, 40)
  store<i64>(out, k.wtm_nsec, 48)
  store<i64>(out, k.monotonic_sec, 56)
  store<i64>(out, k.monotonic_usec, 64)
  store<u64>(out, c.steal_ticks, 72)
  store<u64>(out, c.idle_ticks, 80)
  store<u64>(out, c.system_ticks, 88)
}
