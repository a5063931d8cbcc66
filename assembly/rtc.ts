/**
 * An emulated RTC that makes up, when its VM goes on, for every tick it has missed, while the VM waits (Xen
 * xen/arch/x86/hvm/rtc.c before 9c667640ec3b, which made it a day at most; QEMU hw/rtc/mc146818rtc.c).
 *
 *   stop ── gap by the host's wall clock ── resume ── floor(gap / period) ticks, each at a cost ── the vCPUs run
 */
import { queue_arm } from './event-queue'
import { host_wall } from './host'
import { guest, machine, SLOT_RTC } from './layout'

/** The VM stops: the RTC is up to date. */
export function rtc_stopped(): void { guest().rtc_last_ns = host_wall() }

/** The VM is to run: how long it has to wait for its RTC, ns; SLOT_RTC fires when it is done. */
export function rtc_catch_up(): u64 {
  const g = guest()
  const gap = <i64>(host_wall() - g.rtc_last_ns)
  if (!g.rtc_period_ns || gap <= 0) return 0
  const counted = g.rtc_most_ns ? min(<u64>gap, g.rtc_most_ns) : <u64>gap
  const wait = counted / g.rtc_period_ns * g.rtc_cost_ns
  if (wait) queue_arm(SLOT_RTC, machine().now_ns + wait)
  return wait
}
