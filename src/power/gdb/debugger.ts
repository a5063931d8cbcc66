/**
 * A machine under a debugger: it goes forwards and backwards, by instructions or until a break- or watchpoint.
 *
 *     checkpoint ────── checkpoint ── now        back: to a checkpoint before, and forwards again to the instant sought
 *
 * Instants are cycles. An instruction that takes more than one is stepped over as a whole.
 */
import type { PowerEnd, PowerMachine } from '../machine.js'
import { History } from './history.js'
import { realOf } from './translate.js'

export type WatchKind = 'watch' | 'rwatch' | 'awatch'
const KINDS = { rwatch: 1, watch: 2, awatch: 3 } as const

export interface Watch {
  readonly kind: WatchKind
  readonly address: bigint
  readonly bytes: number
}

/** Why it stands where it does. */
export type Halt =
  | { readonly why: 'step' | 'break' | 'begin' | 'interrupt' }
  | { readonly why: 'watch'; readonly watch: Watch }
  | { readonly why: 'over'; readonly text: string }

const BREAK = 1
/** As long as a run may last before the debugger can interrupt it. */
const SLICE_CYCLES = 5_000_000n
const MOST_CYCLES_AN_INSTRUCTION = 255n

export class Debugger {
  readonly machine: PowerMachine
  readonly #history: History
  readonly #breaks = new Set<bigint>()
  #watches: Watch[] = []
  /** The last instant that anybody has seen: what is printed up to it has been printed. */
  #seenCycles: bigint
  readonly #print: (text: string) => void

  constructor(machine: PowerMachine, print: (text: string) => void) {
    this.machine = machine
    this.#print = print
    this.#history = new History(machine)
    this.#seenCycles = machine.cycles
  }

  addBreak(address: bigint): void {
    this.#breaks.add(address)
  }
  removeBreak(address: bigint): void {
    this.#breaks.delete(address)
  }
  addWatch(watch: Watch): void {
    this.#watches.push(watch)
  }
  removeWatch({ kind, address, bytes }: Watch): void {
    this.#watches = this.#watches.filter(
      (one) => one.kind !== kind || one.address !== address || one.bytes !== bytes,
    )
  }

  /** Something was changed by hand: from here the future is another one. */
  changed(): void {
    this.machine.core.machine_changed()
    this.#history.keep()
    this.#seenCycles = this.machine.cycles
  }

  // ---- forwards

  step(): Halt {
    return this.#to(this.machine.cycles + 1n) ?? { why: 'step' }
  }

  /** Goes on until something stops it; `interrupted` is asked now and then. */
  async go(interrupted: () => Promise<boolean>): Promise<Halt> {
    const first = this.#to(this.machine.cycles + 1n)
    if (first) return first
    this.#arm()
    try {
      for (;;) {
        const halt = this.#slice(min(this.machine.cycles + SLICE_CYCLES, this.#history.next))
        if (halt) return halt
        if (await interrupted()) return { why: 'interrupt' }
      }
    } finally {
      this.#disarm()
    }
  }

  /** To the instant `cycles`, with nothing armed. */
  #to(cycles: bigint): Halt | null {
    while (this.machine.cycles < cycles) {
      const end = this.machine.run(min(cycles, max(this.#history.next, this.machine.cycles + 1n)))
      this.#heard()
      if (isOver(end)) return over(this.machine, end)
    }
    return null
  }

  /** With what is armed, up to `cycles` at most. */
  #slice(cycles: bigint): Halt | null {
    const { machine } = this
    machine.core.debug_stopped(0)
    const end = this.#watches.length > 0 ? machine.runWatched(cycles) : machine.run(cycles)
    this.#heard()
    if (isOver(end)) return over(machine, end)
    if (end !== 'debug') return null
    return machine.core.debug_why() === BREAK ? { why: 'break' } : { why: 'watch', watch: this.#met() }
  }

  #met(): Watch {
    const real = Number(this.machine.core.debug_address())
    const met = this.#watches.find(({ address, bytes }) => {
      const from = realOf(this.machine, address)
      return from !== null && real >= from && real < from + bytes
    })
    return met ?? this.#watches[0]!
  }

  /** Prints what is new, and remembers the instant if it is time to. */
  #heard(): void {
    const text = this.machine.takeConsole()
    const { cycles } = this.machine
    if (cycles > this.#seenCycles) {
      this.#print(text)
      this.#seenCycles = cycles
    }
    if (cycles >= this.#history.next) this.#history.keep()
  }

  #arm(): void {
    const { machine } = this
    machine.core.debug_clear()
    for (const address of this.#breaks) {
      const real = realOf(machine, address)
      if (real !== null) machine.core.debug_break(BigInt(real))
    }
    for (const { kind, address, bytes } of this.#watches) {
      const real = realOf(machine, address)
      if (real !== null) machine.core.debug_watch(BigInt(real), bytes, KINDS[kind])
    }
  }

  #disarm(): void {
    this.machine.core.debug_clear()
  }

  // ---- backwards

  /** To the instruction before this one. */
  stepBack(): Halt {
    const now = this.machine.cycles
    for (let back = 1n; back <= MOST_CYCLES_AN_INSTRUCTION; back++) {
      if (!this.#backTo(now - back)) break
      if (this.machine.cycles < now) return { why: 'step' }
    }
    this.#backTo(this.#history.begin)
    return { why: 'begin' }
  }

  /** To the last instant before now at which something would have stopped it. */
  goBack(): Halt {
    let end = this.machine.cycles
    for (const from of this.#history.before(end - 1n)) {
      this.#history.restore(from)
      const found = this.#lastHalt(end)
      if (found) {
        this.#backTo(found.cycles)
        return found.halt
      }
      end = from.cycles
    }
    this.#backTo(this.#history.begin)
    return { why: 'begin' }
  }

  /** Running from here, the last halt before the instant `end`. */
  #lastHalt(end: bigint): { readonly halt: Halt; readonly cycles: bigint } | null {
    let last: { readonly halt: Halt; readonly cycles: bigint } | null = null
    // A checkpoint may stand at a breakpoint itself, which the slot's own operation finds.
    this.#arm()
    while (this.machine.cycles < end) {
      const before = this.machine.cycles
      const halt = this.#slice(end)
      const { cycles } = this.machine
      if (halt && halt.why !== 'over' && cycles < end) last = { halt, cycles }
      if (halt?.why === 'over') break
      if (halt?.why !== 'break') continue
      this.#disarm()
      this.#to(max(cycles, before) + 1n)
      this.#arm()
    }
    this.#disarm()
    return last
  }

  /** To the first instruction at `cycles` or later; false when that is before the first checkpoint. */
  #backTo(cycles: bigint): boolean {
    for (const from of this.#history.before(cycles)) {
      this.#history.restore(from)
      this.#to(cycles)
      return true
    }
    return false
  }
}

const isOver = (end: PowerEnd): boolean => end === 'off' || end === 'reboot' || end === 'fault'

function over(machine: PowerMachine, end: PowerEnd): Halt {
  return { why: 'over', text: machine.fault ?? end }
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
