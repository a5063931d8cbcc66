/**
 * Registers of the vCPU as locals of a compiled loop: fetched from the core's memory when it begins, put back when it ends.
 * A slot names a register by its address, and so do we.
 */
import { type Code, I32, I64, i32, i64, load, local, setLocal, store, type ValueType } from './wasm.js'

/** Offsets from address_cpu(), as in assembly/power-cpu/registers.ts. */
const AT = { zero: 0x100, lr: 0x108, ctr: 0x110, crf: 0x130, so: 0x138, ca: 0x13a, ca32: 0x13c } as const

export class Registers {
  readonly lr: number
  readonly ctr: number
  readonly cr0: number
  readonly so: number
  readonly ca: number
  readonly ca32: number
  readonly #zero: number
  readonly #flags: number
  readonly #first: number
  readonly #locals = new Map<number, number>()
  readonly #types: ValueType[] = []
  readonly #written = new Set<number>()

  /** `cpu`: address_cpu(); `first`: the number of the first local. */
  constructor(cpu: number, first: number) {
    this.#zero = cpu + AT.zero
    this.lr = cpu + AT.lr
    this.ctr = cpu + AT.ctr
    this.#flags = cpu + AT.crf
    this.cr0 = cpu + AT.crf
    this.so = cpu + AT.so
    this.ca = cpu + AT.ca
    this.ca32 = cpu + AT.ca32
    this.#first = first
  }

  /** Types of the locals. */
  get types(): readonly ValueType[] {
    return this.#types
  }

  /** Fields of CR and flags of XER are bytes, held in i32; other registers are i64. */
  #isFlag(address: number): boolean {
    return address >= this.#flags && address <= this.ca32
  }

  #local(address: number): number {
    let index = this.#locals.get(address)
    if (index === undefined) {
      index = this.#first + this.#types.length
      this.#locals.set(address, index)
      this.#types.push(this.#isFlag(address) ? I32 : I64)
    }
    return index
  }

  get(address: number): Code {
    return address === this.#zero ? i64(0n) : local(this.#local(address))
  }

  put(address: number, value: Code): Code {
    this.#written.add(address)
    return setLocal(this.#local(address), value)
  }

  /** Complete only when all code has been made. */
  fetch(): Code {
    return [...this.#locals].flatMap(([address, index]) =>
      setLocal(index, this.#isFlag(address) ? load.u8as32(i32(address)) : load.i64(i32(address))),
    )
  }

  putBack(): Code {
    return [...this.#written].flatMap((address) => {
      const value = local(this.#local(address))
      return this.#isFlag(address) ? store.i32as8(i32(address), value) : store.i64(i32(address), value)
    })
  }
}
