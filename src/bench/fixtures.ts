/** Machines of the core, set up by hand. */
import type { CoreExports } from '../core/exports.js'
import { Machine } from '../core/machine.js'
import type { Setting } from './bigint-guest.js'

const Counter = { tsc: 0, timebase: 1, mono: 2, wall: 3 } as const
const HYPERVISOR_XEN = 1
const LINUX_2_6_18_XEN = 1
const FOREVER = (1n << 63n) - 1n

/** linux-2.6.18-xen, x86-64, one vCPU, booted at true time 0; always busy, or without anything to do. */
export function xenGuest({ tscKhz, uptime, utc, hz, busy }: Setting): Machine {
  const machine = new Machine()
  const { core } = machine
  core.host_configure(HYPERVISOR_XEN, Number(tscKhz), 0, 48, 1, 1, 0, 0, 0n)
  core.host_set_counter(Counter.tsc, (uptime * tscKhz) / 1_000_000n, tscKhz * 10n ** 12n, 10n ** 18n)
  core.host_set_counter(Counter.mono, uptime, 1n, 1n)
  core.host_set_counter(Counter.wall, utc, 1n, 1n)
  core.host_start()
  core.xen_sync_wall()
  core.guest_configure(LINUX_2_6_18_XEN, 1, 1, 0, 0, Number(hz), 0, 0, 0, 0, 1 << 20)
  if (busy) core.workload_add_busy(0, 0n, FOREVER)
  core.xen_update_wallclock()
  core.guest_publish_time()
  machine.boot()
  return machine
}

/**
 * A guest without a kernel whose readers are all there is in the event queue. `away`: its CPU is taken, so that
 * nothing is read and nothing observed.
 */
export function readersOnly(readers: readonly { from: bigint; every: bigint }[], away: boolean): Machine {
  const machine = new Machine()
  const { core } = machine
  core.guest_configure(0, 1, 1, 0, 0, 100, 0, 0, 0, 0, 1 << 20)
  for (const { from, every } of readers) core.workload_add_reader(0, 0, from, every, FOREVER)
  machine.boot()
  if (away) core.machine_steal(0, true)
  return machine
}

/** A machine with a guest, for calls that do next to nothing. */
export function bareCore(): CoreExports {
  return readersOnly([], false).core
}
