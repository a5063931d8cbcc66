import { Seen } from '../../src/observation/log.js'
import type { GuestResult } from '../../src/world/index.js'

/** True ns that each sleep of a guest's sleeper took, in order. */
export function sleepsOf(guest: GuestResult, name: string): bigint[] {
  const index = guest.sleepers.findIndex((sleeper) => sleeper.name === name)
  return [...guest.observations.all(Seen.wake)]
    .filter((seen) => seen.index === index)
    .map((seen) => seen.value)
}

/** [true ns, value] of each reading of a clock. */
export function readingsOf(guest: GuestResult, clock: string): [bigint, bigint][] {
  const index = guest.readers.findIndex((reader) => reader.clock === clock)
  return [...guest.observations.all(Seen.read)]
    .filter((seen) => seen.index === index)
    .map((seen) => [seen.trueNs, seen.value])
}
