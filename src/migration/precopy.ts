/**
 * The rounds of a pre-copy, as pure functions of page counts: how long each takes in true time, when the rest is small
 * enough, and how much the guest is slowed down where it writes faster than memory can be sent.
 *
 *   round 0   every page that is not zero          while a round is sent the guest runs on, bytes / bandwidth long
 *   round n   the pages written in round n-1
 *   last      the guest stands still: the pages written in the last round, then its state
 *
 * The rules are QEMU's (docs/devel/migration, migration parameters): the guest is stopped when the rest takes no longer than
 * downtime-limit (300 ms) at max-bandwidth (128 MiB/s); auto-converge begins when twice in a row more than
 * throttle-trigger-threshold (50 %) of what was sent was written meanwhile, with cpu-throttle-initial (20 %), then
 * cpu-throttle-increment (10 %) more, to max-cpu-throttle (99 %). A throttled vCPU runs 10 ms and then waits
 * 10 ms × share / (1 - share). QEMU has no limit of rounds; Xen's libxc had one of 30, which is the default here.
 */
import { PAGE, type Run } from '../core/sparse.js'
import { HEADER_BYTES, MAX_DATA } from './frame.js'
import { MAX_RUNS, pagesBodyBytes } from './records.js'

export interface CopyLimits {
  /** Bytes of true time's second. */
  readonly bandwidth: bigint
  readonly downtimeNs: bigint
  /** After so many the guest is stopped, whatever is left. */
  readonly rounds: number
  readonly autoConverge: boolean
}

const MIB = 1024n * 1024n
export const DEFAULT_LIMITS: CopyLimits = {
  bandwidth: 128n * MIB,
  downtimeNs: 300_000_000n,
  rounds: 30,
  autoConverge: false,
}

export const MIN_BANDWIDTH = 4096n
const SECOND = 1_000_000_000n

/** True time that so many bytes take. */
export function sendingNs(bytes: number, { bandwidth }: Pick<CopyLimits, 'bandwidth'>): bigint {
  return (BigInt(bytes) * SECOND + bandwidth - 1n) / bandwidth
}

/** Runs as records: at most MAX_DATA bytes and MAX_RUNS runs in each. The runs are views of the same memory. */
export function batches(runs: readonly Run[]): Run[][] {
  const all: Run[][] = []
  let batch: Run[] = []
  let room = MAX_DATA
  for (const run of runs) {
    for (let done = 0; done < run.bytes.length; ) {
      if (room === 0 || batch.length === MAX_RUNS) {
        all.push(batch)
        batch = []
        room = MAX_DATA
      }
      const length = Math.min(room, run.bytes.length - done)
      batch.push({ at: run.at + done, bytes: run.bytes.subarray(done, done + length) })
      done += length
      room -= length
    }
  }
  if (batch.length > 0) all.push(batch)
  return all
}

export const pageCount = (runs: readonly Run[]): number =>
  runs.reduce((sum, { bytes }) => sum + bytes.length, 0) / PAGE

/** What they are on the wire, records and all. */
export function wireBytes(runs: readonly Run[]): number {
  const records = batches(runs)
  const bodies = records.reduce((sum, batch) => sum + pagesBodyBytes(batch.length), 0)
  return pageCount(runs) * PAGE + bodies + records.length * HEADER_BYTES
}

export interface Round {
  readonly number: number
  readonly pages: number
  readonly bytes: number
  /** True time. */
  readonly beginNs: bigint
  readonly endNs: bigint
  /** Written while it was sent. */
  readonly dirtyPages: number
  /** What these would take with the guest stopped. */
  readonly expectedDowntimeNs: bigint
  /** Share of its time that the guest was kept from running, percent. */
  readonly throttle: number
}

const TRIGGER_PERCENT = 50
const TRIGGER_ROUNDS = 2
const FIRST_THROTTLE = 20
const MORE_THROTTLE = 10
const MOST_THROTTLE = 99

/** The guest's throttle, round by round. */
export class Throttle {
  #percent = 0
  #fast = 0
  #sinceNs = 0n

  get percent(): number {
    return this.#percent
  }

  /** After a round: it may be raised for the next. */
  after({ pages, dirtyPages, endNs }: Pick<Round, 'pages' | 'dirtyPages' | 'endNs'>): void {
    if (dirtyPages * 100 <= pages * TRIGGER_PERCENT) return
    if (++this.#fast < TRIGGER_ROUNDS) return
    this.#fast = 0
    this.#percent =
      this.#percent === 0 ? FIRST_THROTTLE : Math.min(this.#percent + MORE_THROTTLE, MOST_THROTTLE)
    this.#sinceNs = endNs
  }

  /** When the guest is kept from running between two instants: from, and for how long. */
  steals(fromNs: bigint, untilNs: bigint): [atNs: bigint, forNs: bigint][] {
    return this.#percent === 0 ? [] : steals(fromNs, untilNs, this.#percent, this.#sinceNs)
  }
}

const SLICE_NS = 10_000_000n

/** SLICE_NS on and then off, from `sinceNs` on, whatever rounds begin or end meanwhile. */
export function steals(
  fromNs: bigint,
  untilNs: bigint,
  percent: number,
  sinceNs: bigint,
): [atNs: bigint, forNs: bigint][] {
  const period = SLICE_NS + (SLICE_NS * BigInt(percent)) / BigInt(100 - percent)
  const all: [bigint, bigint][] = []
  for (let at = sinceNs + ((fromNs - sinceNs) / period) * period; at < untilNs; at += period) {
    const begin = at + SLICE_NS > fromNs ? at + SLICE_NS : fromNs
    const end = at + period < untilNs ? at + period : untilNs
    if (begin < end) all.push([begin, end - begin])
  }
  return all
}

/** Whether the guest is stopped now, after `round`. */
export function enough(round: Round, limits: CopyLimits): boolean {
  return round.expectedDowntimeNs <= limits.downtimeNs || round.number + 1 >= limits.rounds
}
