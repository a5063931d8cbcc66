/**
 * A loop as a module of WebAssembly. A block runs only if enough cycles are left for all of it, so an event that is due in
 * the middle of one finds the interpreter there; each way out says how many cycles have gone by and where it goes on.
 */
import { BEGIN, Frame, GOES_TO, LEFT } from './frame.js'
import type { Loop } from './loops.js'
import { codeOf } from './operations.js'
import { Shape } from './shape.js'
import { SLOT_SIZE, type Slot, type SlotPage, wayOf } from './slots.js'
import {
  block,
  branch,
  type Code,
  i32,
  i64,
  local,
  loop,
  moduleOf,
  op32,
  op64,
  setLocal,
  when,
} from './wasm.js'

interface Block {
  readonly first: number
  readonly slots: readonly Slot[]
  /** Slots that it may go on with: a branch's target, the next one. */
  readonly to: number | null
  readonly next: number | null
}

/** What code lies in, from the inside outwards: a loop or a block that a block follows, by number; or a condition. */
type Around = readonly { readonly kind: 'loop' | 'before' | 'if'; readonly block: number }[]

/** Splits a loop's slots where branches come in and go out. */
function blocksOf(page: SlotPage, { head, slots }: Loop): Block[] {
  const inside = new Set(slots)
  const begins = new Set([head])
  for (const index of slots) {
    const { to } = wayOf(page.slot(index)!, index)
    if (to !== null) begins.add(to).add(index + 1)
    if (!inside.has(index - 1)) begins.add(index)
  }
  const blockAt = (first: number): Block => {
    const own: Slot[] = []
    for (let index = first; ; index++) {
      const slot = page.slot(index)!
      const { to, next } = wayOf(slot, index)
      own.push(slot)
      const ends = to !== null || begins.has(index + 1) || !inside.has(index + 1)
      if (ends) return { first, slots: own, to, next: next ? index + 1 : null }
    }
  }
  const rest = [...begins].filter((first) => first !== head && inside.has(first)).sort((a, b) => a - b)
  return [head, ...rest].map(blockAt)
}

class Compiler {
  readonly #head: number
  readonly #blocks: readonly Block[]
  readonly #numbers: ReadonlyMap<number, number>
  readonly #shape: Shape
  readonly #frame: Frame

  constructor(page: SlotPage, { head, slots }: Loop, frame: Frame) {
    this.#head = head
    this.#frame = frame
    this.#blocks = blocksOf(page, { head, slots })
    this.#numbers = new Map(this.#blocks.map(({ first }, number) => [first, number]))
    const number = (slot: number | null) => (slot === null ? undefined : this.#numbers.get(slot))
    this.#shape = new Shape(
      this.#blocks.map(({ to, next }) => [number(to), number(next)].filter((one) => one !== undefined)),
    )
  }

  module(): Uint8Array<ArrayBuffer> {
    const { registers } = this.#frame
    const body = this.#tree(0, [])
    const result = op64.or(
      op64.extendU(local(LEFT)),
      op64.shl(op64.extendU(op32.add(local(BEGIN), local(GOES_TO))), i64(32n)),
    )
    return moduleOf(this.#frame.locals, [
      ...registers.fetch(),
      ...block(body),
      ...registers.putBack(),
      ...result,
    ])
  }

  /** Goes on with the slot `index`, outside; `depth`: blocks around, but for the outermost. */
  #leave(index: number, depth: number): Code {
    return [...setLocal(GOES_TO, i32((index - this.#head) * SLOT_SIZE)), ...branch(depth)]
  }

  #tree(number: number, around: Around): Code {
    const joins = this.#shape.joinsAfter(number)
    if (!this.#shape.isHead(number)) return this.#within(number, joins, around)
    return loop(this.#within(number, joins, [{ kind: 'loop', block: number }, ...around]))
  }

  #within(number: number, [join, ...joins]: readonly number[], around: Around): Code {
    if (join === undefined) return this.#block(number, around)
    const inner = this.#within(number, joins, [{ kind: 'before', block: join }, ...around])
    return [...block(inner), ...this.#tree(join, around)]
  }

  #block(number: number, around: Around): Code {
    const frame = this.#frame
    const { first, slots } = this.#blocks[number]!
    frame.beginBlock()
    const all = slots.reduce((sum, { cycles }) => sum + cycles, 0)
    const spend = (cycles: number): Code => setLocal(LEFT, op32.sub(local(LEFT), i32(cycles)))
    const needs = all - slots.at(-1)!.cycles
    const code: number[] = [...when(op32.leS(local(LEFT), i32(needs)), this.#leave(first, around.length + 1))]
    let spent = 0
    for (const [i, slot] of slots.entries()) {
      frame.leave = [...(spent > 0 ? spend(spent) : []), ...this.#leave(first + i, around.length + 2)]
      code.push(...codeOf(frame, slot))
      spent += slot.cycles
    }
    return [...code, ...spend(all), ...this.#end(number, around)]
  }

  #end(number: number, around: Around): Code {
    const { slots, to, next } = this.#blocks[number]!
    const inside: Around = [{ kind: 'if', block: number }, ...around]
    if (to === null) return this.#go(number, next!, around)
    if (next === null) return this.#go(number, to, around)
    return when(this.#condition(slots.at(-1)!), this.#go(number, to, inside), this.#go(number, next, inside))
  }

  /** Whether a branch is taken. */
  #condition({ op, d, a }: Slot): Code {
    const frame = this.#frame
    if (op === 'BDNZ') return frame.counts
    if (op === 'BDZ') return op32.eqz(frame.counts)
    return op === 'BC_TRUE' ? frame.condition(d, a) : op32.eqz(frame.condition(d, a))
  }

  #go(from: number, index: number, around: Around): Code {
    const to = this.#numbers.get(index)
    if (to === undefined) return this.#leave(index, around.length)
    const back = this.#shape.isBack(from, to)
    if (!back && !this.#shape.isJoin(to)) return this.#tree(to, around)
    const kind = back ? 'loop' : 'before'
    const depth = around.findIndex((one) => one.kind === kind && one.block === to)
    // Back into the middle of a loop that is entered from two sides.
    return depth < 0 ? this.#leave(index, around.length) : branch(depth)
  }
}

/** The module of a loop, for addresses of 64 bits or of 32; `cpu`: address_cpu(). */
export function compileLoop(page: SlotPage, loop: Loop, cpu: number, wide: boolean): Uint8Array<ArrayBuffer> {
  return new Compiler(page, loop, new Frame(cpu, wide, page.littleEndian)).module()
}
