/**
 * The past of a machine: checkpoints, from which any earlier instruction is run to again. A machine is a function of its
 * state, so what is replayed is what happened.
 *
 * A checkpoint shares its pages of memory with the one before where they are equal. When there are too many, every second
 * one of the older half goes: the recent past is near, the far past can be reached.
 */
import type { PowerMachine } from '../machine.js'

const PAGE = 4096
const MOST = 24
/** So that a step back replays a fraction of a second. */
export const EVERY_CYCLES = 20_000_000n

export interface Checkpoint {
  readonly cycles: bigint
  readonly state: Uint8Array
  readonly pages: readonly Uint8Array[]
}

export class History {
  readonly #machine: PowerMachine
  #checkpoints: Checkpoint[] = []

  constructor(machine: PowerMachine) {
    this.#machine = machine
    this.keep()
  }

  /** The first instant that can be reached. */
  get begin(): bigint {
    return this.#checkpoints[0]!.cycles
  }

  /** When the next checkpoint is to be made. */
  get next(): bigint {
    return this.#checkpoints.at(-1)!.cycles + EVERY_CYCLES
  }

  /** Remembers the machine as it is; checkpoints of a later time, of another future, are forgotten. */
  keep(): void {
    const { cycles, state, ram } = this.#machine
    this.#checkpoints = this.#checkpoints.filter((one) => one.cycles < cycles)
    const before = this.#checkpoints.at(-1)?.pages
    const memory = Buffer.from(ram.buffer, ram.byteOffset, ram.length)
    const pages = Array.from({ length: Math.ceil(memory.length / PAGE) }, (_, i) => {
      const page = memory.subarray(i * PAGE, (i + 1) * PAGE)
      const old = before?.[i] ?? EMPTY
      return page.equals(old) ? old : new Uint8Array(page)
    })
    this.#checkpoints.push({ cycles, state: state.slice(), pages })
    if (this.#checkpoints.length <= MOST) return
    this.#checkpoints = this.#checkpoints.filter((_, i) => i > MOST / 2 || i % 2 === 0)
  }

  /** Checkpoints at `cycles` and before, the latest first. */
  *before(cycles: bigint): Generator<Checkpoint> {
    for (const one of [...this.#checkpoints].reverse()) if (one.cycles <= cycles) yield one
  }

  /** Takes the machine back. */
  restore({ state, pages }: Checkpoint): void {
    const { ram } = this.#machine
    this.#machine.state.set(state)
    for (const [i, page] of pages.entries()) ram.set(page, i * PAGE)
    this.#machine.core.machine_changed()
  }
}

const EMPTY = new Uint8Array(PAGE)
