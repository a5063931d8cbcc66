/** Sleeps of a guest, put together from its observations. */
import { Seen } from '../observation/log.js'
import type { GuestResult, RunResult } from '../world/result.js'
import { overlapNs } from './span.js'

export interface Sleep {
  /** Index into `sleepers`. */
  readonly sleeper: number
  readonly issuedNs: bigint
  /** What it asked for. */
  readonly durationNs: bigint
  /** True time at which it woke; null: it was still asleep at the end. */
  readonly wokeNs: bigint | null
  /** True ns from its issue to its wake or to the end. */
  readonly elapsedNs: bigint
  /** How much of that the guest stood still. */
  readonly stoppedNs: bigint
}

/** What is needed of a guest and of its run for that. */
type Slept = Pick<GuestResult, 'observations' | 'stops'>
type Ended = Pick<RunResult, 'endNs'>

/** Every sleep once: those that ended in the order of their wakes, then those that did not. */
export function* sleepsOf(guest: Slept, run: Ended): Generator<Sleep> {
  const { observations: log } = guest
  const issued = new Map<number, number>()
  for (let i = 0; i < log.length; i++) {
    const kind = log.kind(i)
    if (kind !== Seen.sleep && kind !== Seen.wake) continue
    const sleeper = log.index(i)
    if (kind === Seen.sleep) {
      issued.set(sleeper, i)
      continue
    }
    const from = issued.get(sleeper)
    if (from === undefined) continue
    issued.delete(sleeper)
    yield {
      sleeper,
      issuedNs: log.trueNs(from),
      durationNs: log.value(from),
      wokeNs: log.trueNs(i),
      elapsedNs: log.value(i),
      stoppedNs: log.extra(i),
    }
  }
  for (const [sleeper, from] of issued) {
    const issuedNs = log.trueNs(from)
    yield {
      sleeper,
      issuedNs,
      durationNs: log.value(from),
      wokeNs: null,
      elapsedNs: run.endNs - issuedNs,
      stoppedNs: guest.stops.reduce(
        (sum, stop) => sum + overlapNs(stop, { fromNs: issuedNs, untilNs: run.endNs }),
        0n,
      ),
    }
  }
}

/** How much longer than it asked for a sleep lasted, counting only time in which the guest ran; negative: shorter. */
export function overdueNs(sleep: Sleep): bigint {
  return sleep.elapsedNs - sleep.stoppedNs - sleep.durationNs
}
