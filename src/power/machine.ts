/**
 * A machine that runs Power machine code: one instance of build/power.wasm with its guest memory. Everything is counted
 * in cycles of its CPU; what a cycle is in true time is up to whoever runs it.
 */
import { type Build, instanceOf } from '../core/load.js'
import { type CopiedMemory, fill, marked, PAGE, type Run, type SparseMemory } from '../core/sparse.js'
import { latin1Text } from './bytes.js'
import { COST_CLASSES, type CostClass } from './costs.js'
import type { PowerExports } from './exports.js'
import { HotLoops } from './hot/index.js'
import type { TreeOptions } from './tree.js'

/** Of assembly/engine/layout.ts and what lies there: a state of another layout is another machine's. */
export const STATE_LAYOUT = 1

/** Boards, as assembly/power-cpu/board.ts has them. */
const BOARDS = { uart: 1, pseries: 2 } as const

export interface PowerModel {
  readonly title: string
  readonly board: keyof typeof BOARDS
  /** 64-bit server CPU, ISA 3.0; else a 32-bit classic one. */
  readonly server: boolean
  /** Processor version register. */
  readonly pvr: number
  readonly decBits: number
  readonly tbHz: bigint
}

/** The frequencies are those of QEMU's boards (40p 100 MHz, pseries 512 MHz), so that outputs compare. */
export const MODELS = {
  bare32: {
    title: 'a bare 32-bit board: classic CPU (604), UART at 0x800003f8',
    board: 'uart',
    server: false,
    pvr: 0x0004_0103,
    decBits: 32,
    tbHz: 100_000_000n,
  },
  pseries: {
    title: 'pseries: POWER9, everything around it by hypercall and RTAS',
    board: 'pseries',
    server: true,
    pvr: 0x004e_1200,
    decBits: 56,
    tbHz: 512_000_000n,
  },
} as const satisfies Record<string, PowerModel>
export type ModelName = keyof typeof MODELS

/** Why a run ended; `debug`: at a breakpoint or a watchpoint. */
export type PowerEnd = 'time' | 'off' | 'reboot' | 'halted' | 'fault' | 'debug'

const FAULTS: Readonly<Record<number, string>> = {
  1: 'checkstop: no storage at the address, and machine checks are off',
  3: 'address translation that this CPU does not have (hashed page tables, classic BATs and segments)',
}

/** vCPUs of a machine on pseries, as assembly/engine/layout.ts has room for. */
export const MAX_CPUS = 4

const OFF = 1
const FAULT = 2
const REBOOT = 3
/** Of WebAssembly: memory grows by these. */
const GROWTH = 65536
const NVRAM_BYTES = 65536
/** Offsets of registers from address_cpu(), as in assembly/power-cpu/registers.ts. */
const AT = { gpr: 0, lr: 0x108, ctr: 0x110, msr: 0x120, pc: 0x128, spr: 0x1000 } as const
/** Enough that a look costs nothing, few enough that a hot loop is soon found. */
const LOOK_AFTER = 100_000n
/** In cycles: what a machine runs without a pause while it idles. */
const LONGEST_SLICE = 100_000_000n

/** 2026-01-01T00:00:00Z: the same in every run, unless someone says otherwise. */
const DAY_ZERO = 1_767_225_600_000_000_000n

/** 32 bytes of a seed, for the guest's own random numbers. */
function seedBytes(seed: bigint): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(32))
  for (let i = 0; i < 4; i++)
    bytes.setBigUint64(8 * i, BigInt.asUintN(64, (seed + 1n) * 0x9e3779b97f4a7c15n * BigInt(i + 1)))
  return new Uint8Array(bytes.buffer)
}

export interface PowerOptions {
  readonly model?: ModelName
  /** Guest memory, a multiple of 4 KiB up to 2 GiB. */
  readonly ramBytes?: number
  /** One cycle is an instruction, unless `costs` says otherwise; 1 GHz is an instruction a nanosecond. */
  readonly cpuHz?: bigint
  readonly tbHz?: bigint
  /** Width of the decrementer, 32 or on a server 56; default: the model's. */
  readonly decBits?: number
  readonly costs?: Partial<Record<CostClass, number>>
  /** vCPUs, 1 to 4; more than one on pseries only. */
  readonly cpus?: number
  /** What the platform's clock of day shows at the start, ns since 1970. */
  readonly dayNs?: bigint
  /** Of the platform's random numbers. */
  readonly seed?: bigint
  readonly build?: Build
  /**
   * Instructions between two looks at where the machine is, by which hot loops are found and compiled; default 100,000, 0 for
   * none. Nothing but the time that a run takes depends on it.
   */
  readonly lookAfter?: bigint
}

export interface PowerSnapshot {
  readonly state: Uint8Array
  readonly ram: Uint8Array
}

/** What it takes to make a machine that a state and memory fit: all else is in the state. */
export interface PowerMake {
  readonly model: ModelName
  readonly ramBytes: number
  readonly cpuHz: bigint
  /** What its timebase counts before anybody sets another source. */
  readonly tbHz: bigint
  readonly decBits: number
  readonly cpus: number
}

/** The state is of another machine than the one it came with. */
export class PowerStateError extends Error {
  override readonly name = 'PowerStateError'
}

export class PowerMachine implements CopiedMemory {
  readonly core: PowerExports
  readonly model: PowerModel
  readonly make: PowerMake
  readonly #build: Build
  /** What the guest has printed, not fetched yet. */
  #printed: Uint8Array[] = []
  /** Cycles that it runs without a pause. */
  #slice: bigint
  readonly #lookAfter: bigint
  readonly #hot: HotLoops | null
  readonly #ramBytes: number
  /** What a device tree says of it. */
  readonly described: Omit<TreeOptions, 'append' | 'initrd' | 'rtas'>

  constructor(options: PowerOptions = {}) {
    const { model = 'bare32', build = 'release' } = options
    this.model = MODELS[model]
    this.#build = build
    this.#ramBytes = options.ramBytes ?? 16 << 20
    this.core = instanceOf('power', build) as unknown as PowerExports
    const { lookAfter = LOOK_AFTER } = options
    this.#lookAfter = lookAfter || LOOK_AFTER
    this.#slice = this.#lookAfter
    this.#hot = lookAfter === 0n ? null : new HotLoops(this.core)
    this.#grow()
    const { board, server, pvr } = this.model
    const decBits = options.decBits ?? this.model.decBits
    if (!this.core.machine_reset(this.#ramBytes, BOARDS[board], server ? 1 : 0, pvr, decBits)) {
      throw new RangeError(`guest memory of ${this.#ramBytes} bytes: a multiple of 4 KiB up to 2 GiB`)
    }
    for (const [name, cycles] of Object.entries(options.costs ?? {})) {
      if (!this.core.set_cost(COST_CLASSES.indexOf(name as CostClass), cycles)) {
        throw new RangeError(`cost of ${name}: ${cycles} is not between 1 and 255 cycles`)
      }
    }
    const { cpuHz = 1_000_000_000n, dayNs = DAY_ZERO, seed = 0n } = options
    const tbHz = options.tbHz ?? this.model.tbHz
    this.core.set_clock(0n, tbHz, cpuHz)
    this.core.set_platform(BigInt.asUintN(64, dayNs), cpuHz, seed)
    const cpus = options.cpus ?? 1
    if ((cpus !== 1 && !server) || !this.core.set_vcpus(cpus))
      throw new RangeError(`${cpus} vCPUs: 1 to ${MAX_CPUS}, on pseries`)
    this.make = { model, ramBytes: this.#ramBytes, cpuHz, tbHz, decBits, cpus }
    this.described = { ramBytes: this.#ramBytes, cpus, cpuHz, tbHz, pvr, decBits, seed: seedBytes(seed) }
  }

  #grow(): void {
    const missing = this.core.address_ram() + this.#ramBytes - this.core.memory.buffer.byteLength
    if (missing > 0) this.core.memory.grow(Math.ceil(missing / GROWTH))
  }

  get ram(): Uint8Array {
    return new Uint8Array(this.core.memory.buffer, this.core.address_ram(), this.#ramBytes)
  }

  get guestMemory(): Uint8Array {
    return this.ram
  }

  cleanPages(): void {
    this.core.dirty_clear()
  }

  dirtyPages(): Run[] {
    const bytes = Math.ceil(this.#ramBytes / PAGE / 8)
    return marked(this.ram, new Uint8Array(this.core.memory.buffer, this.core.address_dirty(), bytes))
  }

  memoryHash(at: number, length: number): bigint {
    return BigInt.asUintN(64, this.core.hash(this.core.address_ram() + at, length))
  }

  get state(): Uint8Array {
    const from = this.core.address_state()
    return new Uint8Array(this.core.memory.buffer, from, this.core.address_state_end() - from)
  }

  get cycles(): bigint {
    return BigInt.asUintN(64, this.core.cycles())
  }

  /** Instructions executed; known only while each takes one cycle. */
  get instructions(): bigint {
    return this.cycles - BigInt.asUintN(64, this.core.idle_cycles())
  }

  get timebase(): bigint {
    return BigInt.asUintN(64, this.core.timebase())
  }

  get fault(): string | null {
    const detail = BigInt.asUintN(64, this.core.fault_detail()).toString(16)
    const text = FAULTS[this.core.fault()]
    return text ? `${text}: 0x${detail}` : null
  }

  #register(offset: number): DataView {
    return new DataView(this.core.memory.buffer, this.core.address_cpu() + offset, 8)
  }

  gpr(index: number): bigint {
    return this.#register(AT.gpr + 8 * index).getBigUint64(0, true)
  }

  setGpr(index: number, value: bigint): void {
    this.#register(AT.gpr + 8 * index).setBigUint64(0, value, true)
  }

  /** A special register that holds what was written to it: not those that have bytes of their own, and no clock. */
  spr(number: number): bigint {
    return this.#register(AT.spr + 8 * number).getBigUint64(0, true)
  }

  setSpr(number: number, value: bigint): void {
    this.#register(AT.spr + 8 * number).setBigUint64(0, value, true)
    this.core.machine_changed()
  }

  setCtr(value: bigint): void {
    this.#register(AT.ctr).setBigUint64(0, value, true)
  }

  get pc(): bigint {
    return this.#register(AT.pc).getBigUint64(0, true)
  }

  set pc(value: bigint) {
    this.#register(AT.pc).setBigUint64(0, value, true)
  }

  get msr(): bigint {
    return this.#register(AT.msr).getBigUint64(0, true)
  }

  set msr(value: bigint) {
    this.#register(AT.msr).setBigUint64(0, value, true)
  }

  /** Puts bytes into guest memory. */
  write(address: number, bytes: Uint8Array): void {
    this.ram.set(bytes, address)
    this.core.machine_changed()
  }

  /**
   * Runs until `cycles` have gone by, the guest stops, or `pause` says so between two slices. `halted` is told when it
   * happens; a machine that is run on after it only lets time go by.
   */
  run(cycles: bigint, pause: () => boolean = () => false): PowerEnd {
    return this.#run(cycles, pause, (until) => this.core.run(until))
  }

  /** The same, one instruction after another, until a watchpoint is met: `debug`. */
  runWatched(cycles: bigint): PowerEnd {
    return this.#run(
      cycles,
      () => false,
      (until) => this.core.run_watched(until),
    )
  }

  #run(cycles: bigint, pause: () => boolean, go: (until: bigint) => number): PowerEnd {
    const halted = this.core.halted() !== 0
    for (;;) {
      const now = this.cycles
      if (now >= cycles || pause()) return 'time'
      const until = now + this.#slice < cycles ? now + this.#slice : cycles
      const before = this.instructions
      const status = go(until)
      this.#fetchConsole()
      this.#look(this.instructions - before)
      if (status === OFF) return 'off'
      if (status === FAULT) return 'fault'
      if (status === REBOOT) return 'reboot'
      if (this.core.debug_why() !== 0) return 'debug'
      if (this.core.halted() !== 0 && !halted) return 'halted'
    }
  }

  /** After a slice in which so many instructions were executed. */
  #look(executed: bigint): void {
    if (2n * executed < this.#lookAfter) {
      if (this.#slice < LONGEST_SLICE) this.#slice *= 2n
      return
    }
    if (executed > 2n * this.#lookAfter) this.#slice /= 2n
    this.#hot?.look()
  }

  #fetchConsole(): void {
    const used = this.core.console_used()
    if (used === 0) return
    this.#printed.push(new Uint8Array(this.core.memory.buffer, this.core.address_console(), used).slice())
    this.core.console_clear()
  }

  /** What the guest printed since the last call. */
  takeConsole(): string {
    const text = this.#printed.map(latin1Text).join('')
    this.#printed = []
    return text
  }

  /** What the platform's clock of day shows, ns since 1970. */
  get dayNs(): bigint {
    return this.core.day()
  }

  /** 64 KiB that outlive a reboot. */
  get nvram(): Uint8Array {
    return new Uint8Array(this.core.memory.buffer, this.core.address_nvram(), NVRAM_BYTES)
  }

  /** Types on the guest's console; answers how many characters it had room for. */
  type(characters: Uint8Array): number {
    const refused = characters.findIndex((character) => !this.core.console_type(character))
    return refused < 0 ? characters.length : refused
  }

  /** XXH64 of state and guest memory. */
  get hash(): string {
    const state = this.core.address_state()
    const length = this.core.address_state_end() - state
    const parts = [this.core.hash(state, length), this.core.hash(this.core.address_ram(), this.#ramBytes)]
    return parts.map((part) => BigInt.asUintN(64, part).toString(16).padStart(16, '0')).join('')
  }

  snapshot(): PowerSnapshot {
    return { state: this.state.slice(), ram: this.ram.slice() }
  }

  /** A new machine of the same make. */
  another(): PowerMachine {
    return new PowerMachine({ ...this.make, build: this.#build })
  }

  /** The state up to its last byte that is not zero. */
  shortState(): Uint8Array {
    const { state } = this
    let length = state.length
    while (length > 0 && state[length - 1] === 0) length--
    return state.slice(0, length)
  }

  /**
   * Becomes the machine of which `state` is the short state; its memory, or what it has already if that is left out.
   * Throws PowerStateError for a state of another make.
   */
  become(state: Uint8Array, memory?: SparseMemory): void {
    this.state.fill(0).set(state)
    if (memory) fill(this.ram, memory)
    this.core.machine_changed()
    const { model, ramBytes, cpus } = this.make
    const { board, server } = MODELS[model]
    if (!this.core.machine_is(ramBytes, BOARDS[board], server ? 1 : 0, cpus))
      throw new PowerStateError(
        `the state is not of a ${model} machine of ${ramBytes} bytes and ${cpus} vCPUs; expected one of these`,
      )
  }

  restore({ state, ram }: PowerSnapshot): void {
    this.state.set(state)
    this.ram.set(ram)
    this.core.machine_changed()
  }
}
