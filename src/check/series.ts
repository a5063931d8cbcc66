/**
 * The readings of one reader in their order, and what they should have been.
 *
 *   kind     clocks                                          what they should show
 *   wall     realtime, gettimeofday                          startWallNs + true time
 *   elapsed  monotonic, boottime, uptime, monotonic-raw,     their first reading + true time since then
 *            sched, reference, reference-page
 *   counter  counter                                         ticks; its owner may move it, so nothing
 *   steal    steal                                           what the host took (steal.ts)
 *   ticks    jiffies                                         an idle kernel lets them rest, so nothing
 *
 * Reading k of a series and the one before it are *pair* k. A pair is *excused* for a wall clock when a correction
 * from outside may have moved the clock between its two readings: someone set it, so its step is no fault.
 */
import type { ObservationLog } from '../observation/log.js'
import { Seen } from '../observation/log.js'
import type { ReadClock } from '../scenario/types.js'
import type { GuestResult } from '../world/result.js'

export type ClockKind = 'wall' | 'elapsed' | 'counter' | 'steal' | 'ticks'

const KINDS: Readonly<Record<ReadClock, ClockKind>> = {
  realtime: 'wall',
  gettimeofday: 'wall',
  monotonic: 'elapsed',
  boottime: 'elapsed',
  uptime: 'elapsed',
  'monotonic-raw': 'elapsed',
  sched: 'elapsed',
  counter: 'counter',
  steal: 'steal',
  jiffies: 'ticks',
  reference: 'elapsed',
  'reference-page': 'elapsed',
}

export class Series {
  readonly name: string
  readonly clock: ReadClock
  readonly kind: ClockKind
  readonly vcpu: number
  readonly length: number
  readonly #log: ObservationLog
  /** Where reading k is in the log. */
  readonly #positions: Uint32Array
  readonly #excused: ReadonlySet<number>
  /** Reading minus true time where the clock is right. */
  readonly #offset: bigint

  constructor(
    reader: GuestResult['readers'][number],
    log: ObservationLog,
    positions: Uint32Array,
    startWallNs: bigint,
    correctedAt: readonly bigint[],
  ) {
    this.name = reader.name
    this.clock = reader.clock
    this.kind = KINDS[reader.clock]
    this.vcpu = reader.vcpu
    this.length = positions.length
    this.#log = log
    this.#positions = positions
    this.#offset = this.kind === 'wall' || this.length === 0 ? startWallNs : this.value(0) - this.trueNs(0)
    this.#excused = this.kind === 'wall' ? this.#pairsAround(correctedAt) : new Set()
  }

  trueNs(k: number): bigint {
    return this.#log.trueNs(this.#positions[k]!)
  }

  /** ns; of a counter ticks. Registers and stolen time are unsigned, times are signed. */
  value(k: number): bigint {
    const value = this.#log.value(this.#positions[k]!)
    return value < 0n && (this.kind === 'counter' || this.kind === 'steal')
      ? BigInt.asUintN(64, value)
      : value
  }

  /** True ns that the guest has spent stopped until reading k. */
  stoppedNs(k: number): bigint {
    return this.#log.stoppedNs(this.#positions[k]!)
  }

  /** How far reading k is ahead of what the clock should show; wall and elapsed clocks only. */
  error(k: number): bigint {
    return this.value(k) - this.trueNs(k) - this.#offset
  }

  /** Whether a correction may lie between reading k - 1 and reading k, both included. */
  excused(k: number): boolean {
    return this.#excused.has(k)
  }

  /** First reading at or after `trueNs`; `length` if there is none. */
  firstAt(trueNs: bigint): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.trueNs(middle) < trueNs) low = middle + 1
      else high = middle
    }
    return low
  }

  #pairsAround(instants: readonly bigint[]): Set<number> {
    const pairs = new Set<number>()
    for (const at of instants) {
      // A reading at the very instant may have been before or after the correction, so both its pairs count.
      let k = this.firstAt(at)
      do if (k > 0 && k < this.length) pairs.add(k)
      while (k < this.length && this.trueNs(k++) === at)
    }
    return pairs
  }
}

/** What is needed of a guest for that. */
type Read = Pick<GuestResult, 'readers' | 'observations' | 'stops' | 'corrections'>

/** Every reader of a guest as a series, in the order of `readers`. */
export function seriesOf(guest: Read, startWallNs: bigint): Series[] {
  const { observations: log, readers } = guest
  const counts = readers.map(() => 0)
  for (let i = 0; i < log.length; i++) if (log.kind(i) === Seen.read) counts[log.index(i)]!++
  const positions = counts.map((count) => new Uint32Array(count))
  counts.fill(0)
  for (let i = 0; i < log.length; i++) {
    if (log.kind(i) !== Seen.read) continue
    const reader = log.index(i)
    positions[reader]![counts[reader]!++] = i
  }
  const correctedAt = correctionInstants(guest)
  return readers.map((reader, i) => new Series(reader, log, positions[i]!, startWallNs, correctedAt))
}

/**
 * When corrections moved the guest's wall clock. One made on the host reaches the guest at its next look at the
 * hypervisor's wall clock: the first time after it that the kernel says it moved its clock (Seen.clockSet), unless
 * the guest was stopped before that.
 */
function correctionInstants({ corrections, observations: log, stops }: Read): bigint[] {
  if (corrections.length === 0) return []
  const moved: bigint[] = []
  for (let i = 0; i < log.length; i++) if (log.kind(i) === Seen.clockSet) moved.push(log.trueNs(i))
  return corrections.flatMap(({ atNs, by }) => {
    if (by !== 'set-wall' && by !== 'ntp-step') return [atNs]
    const stop = stops.find(({ fromNs }) => fromNs >= atNs)
    const arrived = moved.find((at) => at >= atNs)
    return arrived === undefined || (stop && arrived > stop.fromNs) ? [atNs] : [atNs, arrived]
  })
}
