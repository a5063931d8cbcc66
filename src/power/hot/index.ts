/**
 * Hot loops of a machine: where it is found again and again when it pauses, the loop around that place is compiled
 * (compile.ts) and entered by the interpreter from then on (assembly/engine/hot.ts). What is compiled and when follows from
 * the guest's cycles alone, and changes nothing but the time that they take.
 */
import type { PowerExports } from '../exports.js'
import { compileLoop } from './compile.js'
import { type Loop, loopAround } from './loops.js'
import { SLOT_SIZE, SlotPage } from './slots.js'

/** Slots that are counted together. */
const NEIGHBOURS = 64 * SLOT_SIZE
/** Pauses that find a machine in a place before the loop there is looked for. */
const OFTEN = 4
/** Functions of a machine: loops that are compiled anew because code changed take another one. */
const MOST = 0x2000
const WIDE = 0x8000

/** Modules by what they were compiled of: the same code at the same place in its page gives the same one. */
const modules = new Map<string, WebAssembly.Module>()
const MOST_MODULES = 1024

export class HotLoops {
  readonly #core: PowerExports
  /** By place in the core's memory: how often the machine was found there. */
  readonly #found = new Map<number, number>()
  /** Functions of this machine's table by what they were compiled of. */
  readonly #functions = new Map<string, number>()

  constructor(core: PowerExports) {
    this.#core = core
  }

  /** The machine pauses. */
  look(): void {
    const slot = this.#core.slot_at_hand()
    if (slot === 0) return
    const place = Math.floor(slot / NEIGHBOURS)
    const times = (this.#found.get(place) ?? 0) + 1
    this.#found.set(place, times)
    // A search costs more than a pause: in vain, the next one is when it was found there twice as often.
    if (times < OFTEN || (times & (times - 1)) !== 0) return
    const address = this.#core.page_of_slot(slot)
    const page = new SlotPage(this.#core.memory, address, (one) => this.#core.slot_alone(one))
    const loop = loopAround(page, (slot - address) / SLOT_SIZE)
    if (loop && !page.isCompiled(loop.head)) this.#enter(page, loop, address)
  }

  #enter(page: SlotPage, loop: Loop, address: number): void {
    const wide = this.#core.wide_at_hand() !== 0
    const key = [wide, page.littleEndian, loop.head, ...loop.slots.map((index) => page.text(index))].join()
    let index = this.#functions.get(key)
    if (index === undefined) {
      if (this.#functions.size === MOST) return
      index = this.#install(this.#module(key, page, loop, wide))
      this.#functions.set(key, index)
    }
    const [begin, first, last] = [loop.head, loop.slots[0]!, loop.slots.at(-1)!].map(
      (slot) => address + slot * SLOT_SIZE,
    )
    this.#core.loop_compiled(begin!, wide ? index | WIDE : index, first!, last!)
  }

  #module(key: string, page: SlotPage, loop: Loop, wide: boolean): WebAssembly.Module {
    let module = modules.get(key)
    if (!module) {
      if (modules.size === MOST_MODULES) modules.clear()
      module = new WebAssembly.Module(compileLoop(page, loop, this.#core.address_cpu(), wide))
      modules.set(key, module)
    }
    return module
  }

  #install(module: WebAssembly.Module): number {
    const { memory, table, reach } = this.#core
    const { run } = new WebAssembly.Instance(module, { env: { memory, reach } }).exports
    const index = table.grow(1)
    table.set(index, run)
    return index
  }
}
