/** Instances of the core that are used again and again: for thousands of short runs, making them would cost the most. */
import type { CoreExports } from './exports.js'
import { type Build, instantiate } from './load.js'

/** Bytes of an instance that has never grown; a grown one is not kept. */
const FRESH_BYTES = 0x200000
/** The bitmap of written pages of such an instance's guest memory. */
const DIRTY_BYTES = 32
/** Guest memory that hypervisor and kernel models write (assembly/memory.ts). */
const MODEL_BYTES = 0x10000

export class Instances {
  readonly build: Build
  readonly #free: CoreExports[] = []
  readonly #taken: CoreExports[] = []

  constructor(build: Build = 'release') {
    this.build = build
  }

  /** An instance as a new one is. It is its taker's until `reclaim`. */
  take(): CoreExports {
    const core = this.#free.pop() ?? instantiate(this.build)
    this.#taken.push(core)
    return core
  }

  /** Takes back all that were given out: whoever had them must not touch them any more. */
  reclaim(): void {
    for (const core of this.#taken) if (cleared(core)) this.#free.push(core)
    this.#taken.length = 0
  }
}

/**
 * Makes everything zero that a run may read before it writes it: what is kept beside the state (which machine_init
 * clears) and guest memory. Of that hypervisor and kernel write the beginning, and who writes beyond marks it.
 */
function cleared(core: CoreExports): boolean {
  const { buffer } = core.memory
  if (buffer.byteLength !== FRESH_BYTES) return false
  const bytes = new Uint8Array(buffer)
  bytes.fill(0, core.address_call(), core.address_state())
  bytes.fill(0, core.address_state_end(), core.address_records())
  const dirty = bytes.subarray(core.address_dirty(), core.address_dirty() + DIRTY_BYTES)
  const guest = core.address_guest_memory()
  if (dirty.some((byte) => byte !== 0)) bytes.fill(0, guest)
  else if (core.machine_program() !== 0) bytes.fill(0, guest, guest + MODEL_BYTES)
  dirty.fill(0)
  return true
}
