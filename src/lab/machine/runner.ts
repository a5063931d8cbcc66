/**
 * A machine that is run in steps, with what was typed and in which cycle, and with snapshots of the way: the same
 * keys in the same cycles give the same bits, in a page and outside.
 */
import { type SparseMemory, sparse } from '../../core/sparse.js'
import { joined } from '../../power/bytes.js'
import type { PowerEnd, PowerMachine } from '../../power/machine.js'
import type { Typed } from './protocol.js'

/** What the console has no room for is tried again in cycles that are multiples of this, as `chronovisor boot` does. */
const EVERY_CYCLES = 50_000_000n

export interface Kept {
  readonly id: number
  readonly cycles: bigint
  readonly hash: string
  readonly state: Uint8Array
  readonly ram: SparseMemory
  /** Of the console's text. */
  readonly characters: number
  readonly end: PowerEnd | null
  readonly keys: readonly Typed[]
  readonly waiting: Uint8Array
}

const copied = ({ size, runs }: SparseMemory): SparseMemory => ({
  size,
  runs: runs.map(({ at, bytes }) => ({ at, bytes: bytes.slice() })),
})

const least = (...cycles: bigint[]): bigint => cycles.reduce((a, b) => (b < a ? b : a))

export class Runner {
  /** All that the guest has printed; a character is a byte. */
  text = ''
  /** Why it stopped by itself. */
  end: PowerEnd | null = null
  keys: Typed[] = []
  readonly kept: Kept[] = []
  #planned: Typed[]
  #waiting: Uint8Array = new Uint8Array()
  #triedAt = -1n
  #ids = 0

  /** `planned`: what is typed by itself, in the order of cycles. */
  constructor(
    readonly machine: PowerMachine,
    planned: readonly Typed[] = [],
  ) {
    this.#planned = planned.map((one) => one)
  }

  /** Runs to that cycle, or to the guest's end. */
  step(until: bigint): void {
    while (this.end === null && this.machine.cycles < until) {
      this.#feed()
      const planned = this.#planned[0]?.at ?? until
      const end = this.machine.run(least(until, planned, this.#waiting.length > 0 ? this.#retry : until))
      this.text += this.machine.takeConsole()
      if (end !== 'time') this.end = end
    }
  }

  /** Types now. */
  type(bytes: Uint8Array): void {
    const first = this.#waiting.length === 0
    this.#waiting = joined([this.#waiting, bytes])
    if (first) this.#try()
  }

  get #retry(): bigint {
    return (this.#triedAt / EVERY_CYCLES + 1n) * EVERY_CYCLES
  }

  #feed(): void {
    const { cycles } = this.machine
    while (this.#planned.length > 0 && this.#planned[0]!.at <= cycles) this.type(this.#planned.shift()!.bytes)
    if (this.#waiting.length > 0 && cycles >= this.#retry) this.#try()
  }

  #try(): void {
    const { cycles } = this.machine
    const taken = this.machine.type(this.#waiting)
    if (taken > 0) this.keys = [...this.keys, { at: cycles, bytes: this.#waiting.slice(0, taken) }]
    this.#waiting = this.#waiting.slice(taken)
    this.#triedAt = cycles
  }

  keep(): Kept {
    const { machine, end, keys } = this
    const kept = {
      id: this.#ids++,
      cycles: machine.cycles,
      hash: machine.hash,
      state: machine.shortState(),
      ram: copied(sparse(machine.ram)),
      characters: this.text.length,
      end,
      keys,
      waiting: this.#waiting,
    }
    this.kept.push(kept)
    return kept
  }

  /** Back to what was kept: what was planned to be typed is not typed again. */
  back(id: number): void {
    const kept = this.kept.find((one) => one.id === id)
    if (!kept) throw new Error(`there is no snapshot ${id}`)
    this.machine.become(kept.state, kept.ram)
    this.text = this.text.slice(0, kept.characters)
    this.end = kept.end
    this.keys = [...kept.keys]
    this.#waiting = kept.waiting
    this.#triedAt = kept.cycles
    this.#planned = []
  }
}
