/**
 * What a machine-code guest tells of its clocks: lines of its console, in a form that any program can print.
 *
 *     @read CLOCK NS TB              a clock, and the timebase at about that instant
 *     @sleep NAME CLOCK NS TB        a sleep begins
 *     @wake NAME TB                  it ends
 *
 * CLOCK is one of a scenario's clocks; NS and TB are decimal, or hexadecimal with 0x. True time is not when a line was
 * printed but when TB showed what the line says, which is known to the tick.
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

const CLOCKS = Object.keys(clockIds) as ReadClock[]
const SLEEP_CLOCKS: readonly string[] = ['monotonic', 'realtime', 'boottime'] satisfies SleepClock[]
const NUMBER = '(-?\\d+|0x[0-9a-f]+)'
const READ = new RegExp(`^@read (\\S+) ${NUMBER} ${NUMBER}$`, 'i')
const SLEEP = new RegExp(`^@sleep (\\S+) (\\S+) ${NUMBER} ${NUMBER}$`, 'i')
const WAKE = new RegExp(`^@wake (\\S+) ${NUMBER}$`, 'i')

export class Told {
  readonly log = new ObservationLog()
  readonly readers: { readonly name: string; readonly clock: ReadClock; readonly vcpu: number }[] = []
  readonly sleepers: { readonly name: string; readonly clock: SleepClock; readonly forNs: bigint }[] = []
  /** Everything the guest has printed. */
  text = ''
  #rest = ''
  readonly #asleep = new Map<number, bigint>()

  /** What the guest has printed now, and in which stretches it ran up to now. */
  hear(text: string, stretches: readonly Stretch[], stops: readonly Stop[]): void {
    this.text += text
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) this.#line(line.trimEnd(), stretches, stops)
  }

  #line(line: string, stretches: readonly Stretch[], stops: readonly Stop[]): void {
    const see = (kind: number, index: number, value: bigint, extra: bigint, tb: string): bigint => {
      const trueNs = whenTimebase(BigInt(tb), stretches)
      const stoppedNs = stops.reduce(
        (sum, stop) => (stop.untilNs <= trueNs ? sum + stop.untilNs - stop.fromNs : sum),
        0n,
      )
      this.log.add({ trueNs, kind, index, value, extra, stoppedNs })
      return trueNs
    }
    const read = READ.exec(line)
    if (read && CLOCKS.includes(read[1] as ReadClock)) {
      const clock = read[1] as ReadClock
      const index = this.#named(this.readers, { name: clock, clock, vcpu: 0 })
      see(Seen.read, index, BigInt(read[2]!), BigInt(clockIds[clock]), read[3]!)
    }
    const sleep = SLEEP.exec(line)
    if (sleep && SLEEP_CLOCKS.includes(sleep[2]!)) {
      const forNs = BigInt(sleep[3]!)
      const index = this.#named(this.sleepers, { name: sleep[1]!, clock: sleep[2] as SleepClock, forNs })
      this.#asleep.set(index, see(Seen.sleep, index, forNs, 0n, sleep[4]!))
    }
    const wake = WAKE.exec(line)
    const woken = wake ? this.sleepers.findIndex(({ name }) => name === wake[1]) : -1
    const since = this.#asleep.get(woken)
    if (since === undefined) return
    this.#asleep.delete(woken)
    const trueNs = whenTimebase(BigInt(wake![2]!), stretches)
    const stood = stops.reduce((sum, { fromNs, untilNs }) => sum + within(fromNs, untilNs, since, trueNs), 0n)
    see(Seen.wake, woken, trueNs - since, stood, wake![2]!)
  }

  #named<T extends { readonly name: string }>(among: T[], one: T): number {
    const found = among.findIndex(({ name }) => name === one.name)
    return found >= 0 ? found : among.push(one) - 1
  }
}

const within = (fromNs: bigint, untilNs: bigint, sinceNs: bigint, endNs: bigint): bigint => {
  const from = fromNs > sinceNs ? fromNs : sinceNs
  const until = untilNs < endNs ? untilNs : endNs
  return until > from ? until - from : 0n
}

/** The first true ns of the latest stretch in which TB showed `tb`; the last stretch's end if there is none. */
function whenTimebase(tb: bigint, stretches: readonly Stretch[]): bigint {
  for (let i = stretches.length - 1; i >= 0; i--) {
    const { fromNs, untilNs, standing, tbOffset } = stretches[i]!
    const { at, rate, den } = standing
    // TB is the standing's whole ticks plus the offset, modulo 2^64: the nearest such value is meant.
    const missing = BigInt.asIntN(64, tb - tbOffset - at / den) * den - (at % den)
    const ns = rate === 0n ? 0n : missing <= 0n ? missing / rate : (missing + rate - 1n) / rate
    if (ns >= -1n && fromNs + ns <= untilNs) return ns > 0n ? fromNs + ns : fromNs
  }
  return stretches.at(-1)?.untilNs ?? 0n
}
