/** Sleepers as bars: from when a sleep was due to when it ended, over true time. */
import { type Sleep, sleepsOf } from '../check/index.js'
import type { SleepClock } from '../scenario/types.js'
import type { GuestResult, RunResult } from '../world/result.js'

/** One sleeper's sleeps as columns, in the order in which they were issued. */
export interface SleepBars {
  readonly name: string
  readonly clock: SleepClock
  /** What each of them asks for, ns. */
  readonly forNs: bigint
  /** True time at which it fell asleep. */
  readonly issuedNs: BigInt64Array
  /** True time at which it should have woken: time in which the guest stood still does not count. */
  readonly dueNs: BigInt64Array
  /** True time at which it woke; NOT_WOKEN: it was still asleep at the end. */
  readonly wokeNs: BigInt64Array
}

export const NOT_WOKEN = -1n

/** What is needed of a guest for that. */
type Slept = Pick<GuestResult, 'sleepers' | 'observations' | 'stops'>

/** Sleeper by sleeper; those that never slept have none. */
export function sleepBarsOf(guest: Slept, run: Pick<RunResult, 'endNs'>): SleepBars[] {
  const bySleeper = guest.sleepers.map((): Sleep[] => [])
  for (const sleep of sleepsOf(guest, run)) bySleeper[sleep.sleeper]!.push(sleep)
  return bySleeper.flatMap((sleeps, i) => {
    const { name, clock, forNs } = guest.sleepers[i]!
    if (sleeps.length === 0) return []
    return {
      name,
      clock: clock as SleepClock,
      forNs,
      issuedNs: BigInt64Array.from(sleeps, ({ issuedNs }) => issuedNs),
      dueNs: BigInt64Array.from(sleeps, (sleep) => dueNs(sleep, guest)),
      wokeNs: BigInt64Array.from(sleeps, ({ wokeNs }) => wokeNs ?? NOT_WOKEN),
    }
  })
}

/** Moved behind every stop that begins before it. */
function dueNs({ issuedNs, durationNs }: Sleep, { stops }: Slept): bigint {
  let due = issuedNs + durationNs
  for (const { fromNs, untilNs } of stops) {
    if (untilNs <= issuedNs) continue
    if (fromNs >= due) break
    due += untilNs - (fromNs > issuedNs ? fromNs : issuedNs)
  }
  return due
}

/** Whether one of the sleeps ended more than `lateNs` after it was due; one that never ended counts as late. */
export function isLate({ dueNs, wokeNs }: SleepBars, lateNs: bigint): boolean {
  return dueNs.some((due, i) => wokeNs[i] === NOT_WOKEN || wokeNs[i]! - due > lateNs)
}

/** What a sleep may last longer than it asked for, ns: the limit of `late-wake`, or its default when it is off. */
export function lateLimitNs({ scenario }: RunResult): bigint {
  return scenario.checks['late-wake']?.limitNs ?? 100_000_000n
}
