/**
 * An idle Debian Linux through a long time: busybox's shell, and beside it the program that reads the clocks and sleeps,
 * once an hour each. Nothing of it is shortened: the kernel wakes as often as it would on a host, and what it does is
 * executed; only the time in which it has ceded its CPU is skipped.
 */
import { readFileSync } from 'node:fs'
import { bootMachine, type PowerMachine } from '../../src/power/index.js'
import { busyboxRoot } from './busybox.js'

const SECOND = 1_000_000_000n
export const HOUR = 3600n * SECOND
/** A cycle a nanosecond, so the CPU's count is true time. */
const CPU_HZ = SECOND
const TB_HZ = 512_000_000n
const MEMORY = 256 << 20
const PROMPT = '# '
/** So long the shell is given to come up, and to answer. */
const PATIENCE = 60n * SECOND
const SLICE = 10_000_000n
const CLOCKS = ['realtime', 'monotonic', 'boottime', 'monotonic-raw'] as const
/** Of the program: all clocks, and six sleepers. */
const HOURLY = 'every=3600000 sleepers=3600000'
const LARGEST = (bits: number) => (1n << BigInt(bits - 1)) - 1n
const INIT = new URL('../../test/guests/linux/init.elf', import.meta.url)

export interface ClockShown {
  readonly clock: string
  readonly shownNs: string
  /** How much further it went than true time, from the first reading to the last. */
  readonly gainedNs: string
}

export interface Sleeper {
  readonly name: string
  readonly sleeps: number
  /** Of all its sleeps, after the instant that it asked for. */
  readonly leastLateNs: string
  readonly mostLateNs: string
}

export interface Uptime {
  readonly hours: number
  readonly instructions: string
  readonly timerInterrupts: number
  readonly contextSwitches: number
  readonly uptimeSeconds: number
  readonly clocks: readonly ClockShown[]
  /** TB at the end beyond cycles at the timebase's frequency. */
  readonly timebaseGained: string
  /** What the guest shows of the platform's clock (hwclock, whole seconds) less the platform's own. */
  readonly platformSecondsOff: number
  readonly sleepers: readonly Sleeper[]
  /** What the kernel said between boot and end. */
  readonly said: readonly string[]
  readonly hash: string
}

export class LongGuest {
  readonly machine: PowerMachine
  readonly #hoursFrom: bigint
  readonly #before: {
    readonly instructions: bigint
    readonly lines: number
    readonly interrupts: number
    readonly switches: number
  }
  readonly #lines: string[] = []
  #rest = ''

  /**
   * Boots, and stands at the shell's prompt. `kernel`, `busybox` are files, `append` words for the kernel, `program` those for
   * test/guests/linux/init.c, which runs beside the shell.
   */
  constructor(kernel: string, busybox: string, append = '', program = HOURLY) {
    this.machine = bootMachine(readFileSync(kernel), kernel, {
      ramBytes: MEMORY,
      cpuHz: CPU_HZ,
      tbHz: TB_HZ,
      append: `console=hvc0 panic=-1 quiet ${append}`.trim(),
      initrd: { name: 'busybox', bytes: busyboxRoot(busybox, { clocks: readFileSync(INIT) }) },
    })
    this.#until(`\n${PROMPT}`)
    // Its input is a pipe into which nobody writes.
    this.#answer(`sleep 1000000000 | clocks ${program} then=stay &`)
    this.#before = { instructions: this.machine.instructions, lines: this.#lines.length, ...this.#counts() }
    this.#hoursFrom = this.machine.cycles
  }

  /** Another hour. Throws when the guest ends. */
  hour(): void {
    const end = this.machine.run(this.machine.cycles + HOUR)
    if (end !== 'time') throw new Error(`the guest ended: ${this.machine.fault ?? end}`)
    this.#hear(this.machine.takeConsole())
  }

  get hours(): bigint {
    return (this.machine.cycles - this.#hoursFrom) / HOUR
  }

  /** Goes on for a time; what was printed meanwhile. */
  go(ns: bigint): string {
    this.machine.run(this.machine.cycles + (ns * CPU_HZ) / SECOND)
    return this.machine.takeConsole()
  }

  /** DEC of the one vCPU reads the largest value it can hold, as after a migration that did not carry it. */
  loseDec(): void {
    const { core, described } = this.machine
    core.set_dec(0, BigInt.asUintN(64, core.source_ticks() + LARGEST(described.decBits)), 1)
  }

  /** ns until DEC passes 0. */
  get decNs(): bigint {
    const { core } = this.machine
    return (BigInt.asIntN(64, core.dec_next(0) - core.source_ticks()) * SECOND) / TB_HZ
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split(/\r?\n/)
    this.#rest = lines.pop()!
    this.#lines.push(...lines)
  }

  #until(text: string): string {
    const limit = this.machine.cycles + PATIENCE
    let printed = ''
    while (!printed.includes(text)) {
      if (this.machine.run(this.machine.cycles + SLICE) !== 'time' || this.machine.cycles > limit)
        throw new Error(`the guest does not answer:\n${printed.slice(-500)}`)
      printed += this.machine.takeConsole()
    }
    this.#hear(printed)
    return printed
  }

  /** What the shell answers to a line. */
  #answer(line: string): string {
    this.machine.type(Buffer.from(`${line}\n`))
    return this.#until(`\n${PROMPT}`)
  }

  #counts(): { readonly interrupts: number; readonly switches: number } {
    const text = this.#answer('grep event /proc/interrupts; grep ctxt /proc/stat')
    return {
      interrupts: Number(/LOC: +(\d+) +Local timer interrupts for timer event device/.exec(text)![1]),
      switches: Number(/ctxt (\d+)/.exec(text)![1]),
    }
  }

  /** What it has come to. */
  result(): Uptime {
    const { machine } = this
    const hours = Number(this.hours)
    const instructions = machine.instructions - this.#before.instructions
    const { interrupts, switches } = this.#counts()
    const up = Number(/^(\d+\.\d+) \d+\.\d+\r$/m.exec(this.#answer('cat /proc/uptime'))![1])
    const [, shown] = /^\w{3} (\w{3} .*) +0\.0/m.exec(this.#answer('hwclock -ur'))!
    const platform = machine.dayNs / SECOND
    const tb = (machine.cycles * TB_HZ) / CPU_HZ
    return {
      hours,
      instructions: `${instructions}`,
      timerInterrupts: interrupts - this.#before.interrupts,
      contextSwitches: switches - this.#before.switches,
      uptimeSeconds: up,
      clocks: this.#clocks(),
      timebaseGained: `${machine.timebase - tb}`,
      platformSecondsOff: Date.parse(`${shown} UTC`) / 1000 - Number(platform),
      sleepers: this.#sleepers(),
      said: this.#lines.slice(this.#before.lines).filter((line) => /^\[ *\d+\.\d+\]/.test(line)),
      hash: machine.hash,
    }
  }

  #clocks(): ClockShown[] {
    const lines = this.#lines.filter((line) => line.startsWith('@clocks ')).map(fields)
    const [first, last] = [lines[0]!, lines.at(-1)!]
    // Each of the four is read a quarter of the way on between two readings of TB.
    const at = (line: Fields, index: number) => {
      const [from, until] = line.get('tb') as [bigint, bigint]
      return from + ((until - from) * BigInt(2 * index + 1)) / 8n
    }
    return CLOCKS.map((clock, index) => {
      const value = (line: Fields) => line.get(clock)![0]!
      const elapsed = ((at(last, index) - at(first, index)) * SECOND) / TB_HZ
      return { clock, shownNs: `${value(last)}`, gainedNs: `${value(last) - value(first) - elapsed}` }
    })
  }

  #sleepers(): Sleeper[] {
    const woke = this.#lines.filter((line) => line.startsWith('@woke '))
    const name = (line: string) => line.split(' ').slice(1, 3).join(' ')
    return [...new Set(woke.map(name))].sort().map((one) => {
      const late = woke.filter((line) => name(line) === one).map((line) => fields(line).get('late')![0]!)
      late.sort((a, b) => (a < b ? -1 : 1))
      return {
        name: one,
        sleeps: late.length,
        leastLateNs: `${late[0]}`,
        mostLateNs: `${late.at(-1)}`,
      }
    })
  }
}

type Fields = ReadonlyMap<string, readonly bigint[]>

/** Numbers of a line by the names before them. */
function fields(line: string): Fields {
  const found = new Map<string, bigint[]>()
  for (const [, name, value] of line.matchAll(/([a-z-]+) (-?\d+)/g))
    found.set(name!, [...(found.get(name!) ?? []), BigInt(value!)])
  return found
}
