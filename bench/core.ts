/** The core as the benchmarks use it: lab batches, and machines set up by hand. */
import type { CoreExports } from '../src/core/exports.js'
import { instantiate } from '../src/core/load.js'
import { Machine } from '../src/core/machine.js'
import type { Setting } from './bigint-guest.js'

type LabCall = (rows: number, count: number, scratch: number) => void

/** The rows of one export of assembly/lab.ts, laid once into the core's memory and computed at each run(). */
export class Batch {
  readonly words: BigUint64Array
  readonly #run: () => void

  constructor(name: string, width: number, rows: readonly (readonly bigint[])[]) {
    const core = instantiate()
    const scratch = core.address_guest_memory()
    const at = scratch + 4096
    const bytes = rows.length * width * 8
    core.memory.grow(Math.ceil(bytes / 65536) + 1)
    this.words = new BigUint64Array(core.memory.buffer, at, rows.length * width)
    rows.forEach((row, i) => {
      this.words.set(
        row.map((word) => BigInt.asUintN(64, word)),
        i * width,
      )
    })
    const call = (core as unknown as Record<string, LabCall>)[name]!
    this.#run = () => call(at, rows.length, scratch)
  }

  run(): void {
    this.#run()
  }

  /** Word `word` of each row. */
  column(width: number, word: number): bigint[] {
    return [...this.words].filter((_, i) => i % width === word)
  }
}

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
