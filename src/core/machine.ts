/**
 * A machine: one instance of the core, with a host's clocks and at most one guest. This is the only file that
 * knows how the core is called; addresses come from the core itself.
 */
import { ObservationLog } from '../observation/log.js'
import { type CoreExports, u64 } from './exports.js'
import type { Instances } from './instances.js'
import { type Build, instantiate } from './load.js'
import { type CopiedMemory, fill, marked, PAGE, type Run, type SparseMemory, sparse } from './sparse.js'

/** Machine.run_state of the core. */
export const RunState = { empty: 0, off: 1, running: 2, stopped: 3, faulted: 4 } as const

/**
 * How a run gets on. All end in the same bytes: `skipping` computes what an idle guest does by itself, `event-by-event`
 * fires every event, `tick-by-tick` walks every nanosecond and polls the timers.
 */
export type Pace = 'skipping' | 'event-by-event' | 'tick-by-tick'

/** What run_until returns; the core's RAN_*. */
const Ran = { done: 0, full: 1, exit: 2, fault: 3 } as const

const faults: Record<number, string> = {
  1: 'livelock: a million events at one instant',
  3: 'diverged: a timer was due at another instant than foreseen',
}

/** A hypercall of dom0 that concerns the whole host. */
export type Exit =
  | { readonly kind: 'settime'; readonly secs: bigint; readonly nsecs: number; readonly systemTime: bigint }
  | { readonly kind: 'rtc'; readonly secs: bigint }

const EXIT_SETTIME = 1
const EXIT_RTC = 2

/** A stopped guest without a host: its part of the state, and its memory. */
export interface GuestImage {
  readonly state: Uint8Array
  readonly memory: SparseMemory
  /** The machine whose guest memory holds `memory` already: it becomes the guest's. */
  readonly arrived?: Machine
  readonly vcpus: number
  readonly program: number
  readonly stoppedAtNs: bigint
  readonly stoppedTotalNs: bigint
}

export class Machine implements CopiedMemory {
  readonly core: CoreExports
  readonly build: Build
  #log: ObservationLog

  constructor(
    options: {
      readonly build?: Build
      readonly nowNs?: bigint
      readonly log?: ObservationLog
      /** Where its instance comes from, in place of a new one. */
      readonly instances?: Instances | null
    } = {},
  ) {
    this.build = options.instances?.build ?? options.build ?? 'release'
    this.core = options.instances?.take() ?? instantiate(this.build)
    this.core.machine_init(options.nowNs ?? 0n)
    this.#log = options.log ?? new ObservationLog()
  }

  /** Another machine with the same state and guest memory; observations go to `log`. */
  clone(log?: ObservationLog): Machine {
    const copy = new Machine({ build: this.build, ...(log ? { log } : {}) })
    copy.restore(this.snapshot())
    return copy
  }

  /** Where its observations go. */
  get log(): ObservationLog {
    return this.#log
  }

  get nowNs(): bigint {
    return u64(this.core.machine_now())
  }

  /** Why the guest stopped working, null if it did not. */
  get fault(): string | null {
    return faults[this.core.machine_fault()] ?? null
  }

  /** XXH64 of state and guest memory, 16 hex digits. */
  get hash(): string {
    return u64(this.core.machine_hash()).toString(16).padStart(16, '0')
  }

  /** Valid until the memory grows. */
  get guestMemory(): Uint8Array {
    return this.#bytes(this.core.address_guest_memory(), this.core.machine_memory_size())
  }

  /** Gives the guest `bytes` of memory. */
  growMemory(bytes: number): void {
    const missing = this.core.address_guest_memory() + bytes - this.core.memory.buffer.byteLength
    if (missing > 0) this.core.memory.grow(Math.ceil(missing / 65536))
    this.core.machine_set_memory_size(bytes)
  }

  /**
   * Lets true time pass up to `untilNs`; events at that instant are left for the next call. Returns early, at an
   * earlier instant, with what dom0 asked for, if it did. A guest that faulted stands still while time goes on.
   */
  run(untilNs: bigint, pace: Pace = 'skipping'): Exit[] {
    const { core } = this
    while (true) {
      const why =
        pace === 'tick-by-tick' ? core.run_ticking(untilNs) : core.run_until(untilNs, pace === 'skipping')
      this.#drain()
      if (why === Ran.exit) return this.#exits()
      if (why === Ran.done || why === Ran.fault) return []
    }
  }

  /** Every byte of the machine. */
  snapshot(): { state: Uint8Array; memory: Uint8Array } {
    this.#drain()
    const from = this.core.address_state()
    return {
      state: this.#bytes(from, this.core.address_state_end() - from).slice(),
      memory: this.guestMemory.slice(),
    }
  }

  restore(snapshot: { readonly state: Uint8Array; readonly memory: Uint8Array }): void {
    this.growMemory(snapshot.memory.length)
    this.#bytes(this.core.address_state(), snapshot.state.length).set(snapshot.state)
    this.guestMemory.set(snapshot.memory)
  }

  /** Makes this machine, whose guest memory stays, a copy of `host`, which has no guest; observations go to `log`. */
  adopt(host: Machine, log: ObservationLog): this {
    this.restoreHost(host.hostState())
    this.#log = log
    return this
  }

  /** Of a machine without a guest: its state up to the last byte that is not zero. */
  hostState(): Uint8Array {
    const from = this.core.address_state()
    const state = this.#bytes(from, this.core.address_guest() - from)
    let length = state.length
    while (length > 0 && state[length - 1] === 0) length--
    return state.slice(0, length)
  }

  /** Makes this machine, which is new, the one that `hostState` was taken of. */
  restoreHost(state: Uint8Array): void {
    const from = this.core.address_state()
    this.#bytes(from, this.core.address_guest() - from)
      .fill(0)
      .set(state)
    this.core.host_restored()
  }

  /** The stopped guest, to be taken to another machine. Its memory is this one's own: this one must not run again. */
  image(): GuestImage {
    return { ...this.imageWithoutMemory(), memory: sparse(this.guestMemory) }
  }

  /** The same where memory goes another way: of its memory only the size. */
  imageWithoutMemory(): GuestImage {
    this.#drain()
    const from = this.core.address_guest()
    return {
      state: this.#bytes(from, this.core.address_state_end() - from).slice(),
      memory: { size: this.guestMemory.length, runs: [] },
      vcpus: this.core.machine_vcpus(),
      program: this.core.machine_program(),
      stoppedAtNs: u64(this.core.machine_stopped_at()),
      stoppedTotalNs: u64(this.core.machine_stopped_total()),
    }
  }

  /** Puts a guest on this machine, which has none: it stands stopped, its clocks are for a policy to set. */
  land(image: GuestImage): void {
    if (image.arrived !== this) {
      this.growMemory(image.memory.size)
      fill(this.guestMemory, image.memory)
    }
    this.core.machine_set_memory_size(image.memory.size)
    this.#bytes(this.core.address_guest(), image.state.length).set(image.state)
    this.core.machine_land(image.vcpus, image.stoppedAtNs, image.stoppedTotalNs, image.program)
  }

  cleanPages(): void {
    this.core.dirty_clear()
  }

  dirtyPages(): Run[] {
    this.core.dirty_collect()
    const memory = this.guestMemory
    return marked(memory, this.#bytes(this.core.address_dirty(), Math.ceil(memory.length / PAGE / 8)))
  }

  memoryHash(at: number, length: number): bigint {
    return u64(this.core.memory_hash(at, length, 0n))
  }

  boot(): void {
    this.core.machine_boot()
    this.#drain()
  }
  stop(): void {
    this.core.machine_stop()
    this.#drain()
  }
  /** `suspended`: a Xen PV guest whose suspend hypercall returns now. */
  resume(suspended: boolean): void {
    this.core.machine_resume(suspended)
    this.#drain()
  }

  /** Scratch memory for calls that pass more than numbers. */
  get callArea(): { address: number; view: DataView } {
    const address = this.core.address_call()
    return { address, view: new DataView(this.core.memory.buffer, address, 4096) }
  }

  #bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.core.memory.buffer, address, length)
  }

  #drain(): void {
    const ring = new DataView(this.core.memory.buffer, this.core.address_ring(), 4)
    const count = ring.getUint32(0, true)
    if (count === 0) return
    const size = count * this.core.record_size()
    this.log.append(new DataView(this.core.memory.buffer, this.core.address_records(), size), count)
    ring.setUint32(0, 0, true)
  }

  #exits(): Exit[] {
    const core = this.core
    const bits = core.machine_exit()
    core.machine_exit_clear()
    const exits: Exit[] = []
    if (bits & EXIT_SETTIME) {
      exits.push({
        kind: 'settime',
        secs: u64(core.machine_exit_secs()),
        nsecs: core.machine_exit_nsecs(),
        systemTime: u64(core.machine_exit_system_time()),
      })
    }
    if (bits & EXIT_RTC) exits.push({ kind: 'rtc', secs: u64(core.machine_exit_rtc_secs()) })
    return exits
  }
}
