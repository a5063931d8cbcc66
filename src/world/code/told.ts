/**
 * What a machine-code guest tells of its clocks: lines of its console, in a form that any program can print.
 *
 *     @clocks N tb T CLOCK NS ... tb T      clocks, read one after another between two readings of the timebase
 *     @sleeps NAME CLOCK ... asked NS ... tb T      a sleep begins; its name is NAME CLOCK
 *     @woke NAME CLOCK ... tb T                     it ends
 *
 * CLOCK is one of a scenario's clocks; numbers are decimal, or hexadecimal with 0x; other pairs of a name and a number
 * may stand between. Of several vCPUs, `cpu C` says on which one clocks were read, each then being a reader of its own,
 * and a sleep's NAME ends in @C. A line with anything else in it is left out. True time is not when a line was printed but
 * when TB showed what the line says, to the tick; of clocks halfway between the two.
 */
import { clockIds, ObservationLog, Seen } from '../../observation/log.js'
import type { ReadClock, SleepClock } from '../../scenario/types.js'
import type { Stop } from '../result.js'
import type { Standing } from './source.js'

/** A time in which the guest ran on one host with one setting of its clocks. */
export interface Stretch {
  readonly fromNs: bigint
  untilNs: bigint
  readonly standing: Standing
  readonly tbOffset: bigint
}

export interface ToldReader {
  readonly name: string
  readonly clock: ReadClock
  readonly vcpu: number
}
export interface ToldSleeper {
  readonly name: string
  readonly clock: SleepClock
  readonly forNs: bigint
}

/** What has been told up to an instant, but for the observations. */
export interface ToldSoFar {
  readonly readers: readonly ToldReader[]
  readonly sleepers: readonly ToldSleeper[]
  /** Sleepers by number, and since which true ns they sleep. */
  readonly asleep: readonly (readonly [sleeper: number, sinceNs: bigint])[]
  /** Everything printed, and what of it is a line without an end. */
  readonly text: string
  readonly rest: string
}

const CLOCKS = Object.keys(clockIds) as ReadClock[]
export const SLEEP_CLOCKS = ['monotonic', 'realtime', 'boottime'] as const satisfies SleepClock[]
/** The whole line: a kernel's own messages go to the same console, and into the middle of lines. */
const KINDS = /^@(clocks|sleeps|woke) (\S+)(?: ([a-z]+))??(?: [a-z-]+ (?:-?\d+|0x[0-9a-f]+))+$/
const PAIR = /([a-z-]+) (-?\d+|0x[0-9a-f]+)(?= |$)/g

export class Told {
  readonly log: ObservationLog
  readonly readers: ToldReader[]
  readonly sleepers: ToldSleeper[]
  /** Everything the guest has printed. */
  text: string
  #rest: string
  readonly #asleep: Map<number, bigint>

  /** From the begin, or from where another has come. */
  constructor(so?: ToldSoFar, log = new ObservationLog()) {
    this.log = log
    this.readers = [...(so?.readers ?? [])]
    this.sleepers = [...(so?.sleepers ?? [])]
    this.text = so?.text ?? ''
    this.#rest = so?.rest ?? ''
    this.#asleep = new Map(so?.asleep ?? [])
  }

  get soFar(): ToldSoFar {
    const { readers, sleepers, text } = this
    return {
      readers: [...readers],
      sleepers: [...sleepers],
      asleep: [...this.#asleep],
      text,
      rest: this.#rest,
    }
  }

  /** What the guest has printed now, and in which stretches it ran up to now. */
  hear(text: string, stretches: readonly Stretch[], stops: readonly Stop[]): void {
    this.text += text
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) this.#line(line.trimEnd(), stretches, stops)
  }

  #line(line: string, stretches: readonly Stretch[], stops: readonly Stop[]): void {
    const kind = KINDS.exec(line)
    if (!kind) return
    const pairs = [...line.matchAll(PAIR)].map(([, name, value]) => [name!, BigInt(value!)] as const)
    const ticks = pairs.filter(([name]) => name === 'tb').map(([, value]) => value)
    if (ticks.length < (kind[1] === 'clocks' ? 2 : 1)) return
    const trueNs = whenTimebase((ticks[0]! + ticks.at(-1)!) / 2n, stretches)
    const see = (seen: number, index: number, value: bigint, extra: bigint) => {
      const stoppedNs = stoodStill(stops, 0n, trueNs)
      this.log.add({ trueNs, kind: seen, index, value, extra, stoppedNs })
    }
    const vcpu = Number(pairs.find(([name]) => name === 'cpu')?.[1] ?? 0n)
    if (kind[1] === 'clocks') {
      for (const [id, value] of pairs) {
        const clock = CLOCKS.find((one) => one === id)
        if (!clock) continue
        const name = vcpu === 0 ? clock : `${clock} on vCPU ${vcpu}`
        see(Seen.read, this.#named(this.readers, { name, clock, vcpu }), value, BigInt(clockIds[clock]))
      }
      return
    }
    const [, what, first, clock] = kind
    if (!(SLEEP_CLOCKS as readonly string[]).includes(clock ?? '')) return
    const name = `${first} ${clock}`
    if (what === 'sleeps') {
      const forNs = pairs.find(([one]) => one === 'asked')?.[1] ?? 0n
      const index = this.#named(this.sleepers, { name, clock: clock as SleepClock, forNs })
      this.#asleep.set(index, trueNs)
      see(Seen.sleep, index, forNs, 0n)
      return
    }
    const index = this.sleepers.findIndex((one) => one.name === name)
    const since = this.#asleep.get(index)
    if (since === undefined) return
    this.#asleep.delete(index)
    const stood = stoodStill(stops, since, trueNs)
    see(Seen.wake, index, trueNs - since, stood)
  }

  #named<T extends { readonly name: string }>(among: T[], one: T): number {
    const found = among.findIndex(({ name }) => name === one.name)
    return found >= 0 ? found : among.push(one) - 1
  }
}

/** For how long the guest stood still between two instants. */
function stoodStill(stops: readonly Stop[], sinceNs: bigint, endNs: bigint): bigint {
  return stops.reduce((sum, { fromNs, untilNs }) => {
    const from = fromNs > sinceNs ? fromNs : sinceNs
    const until = untilNs < endNs ? untilNs : endNs
    return until > from ? sum + until - from : sum
  }, 0n)
}

/**
 * The first true ns of the latest stretch in which TB showed `tb`. A value that none has shown is the middle of a reading
 * that a jump of TB cut in two: then the latest stretch's begin, whenever the line is heard.
 */
function whenTimebase(tb: bigint, stretches: readonly Stretch[]): bigint {
  for (let i = stretches.length - 1; i >= 0; i--) {
    const { fromNs, untilNs, standing, tbOffset } = stretches[i]!
    const { at, rate, den } = standing
    // TB is the standing's whole ticks plus the offset, modulo 2^64: the nearest such value is meant.
    const missing = BigInt.asIntN(64, tb - tbOffset - at / den) * den - (at % den)
    const ns = rate === 0n ? 0n : missing <= 0n ? missing / rate : (missing + rate - 1n) / rate
    if (ns >= -1n && fromNs + ns <= untilNs) return ns > 0n ? fromNs + ns : fromNs
  }
  return stretches.at(-1)?.fromNs ?? 0n
}

/** The vCPU of a sleeper that is called that. */
export const vcpuOf = (sleeper: string): number => Number(/@(\d+) /.exec(sleeper)?.[1] ?? 0)
