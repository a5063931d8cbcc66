/**
 * What a history is judged by: what its policy promises, and what nobody can be blamed for. Oscillators and hosts'
 * wall clocks have errors, which are in the history; a limit makes room for the most that they come to.
 */

import type { Downtime, Promises } from '../policy/promises.js'
import type { Checks, HostSpec, Scenario, ScenarioEvent } from '../scenario/types.js'

const SECOND = 1_000_000_000n
const MS = 1_000_000n
/** A sleeper may be this late: what a kernel with a tick of 10 ms, and a vCPU that was busy, make of it. */
const LATE_NS = 100n * MS

/** What kernels round their own rates by: modern ones a multiplier; 2.6.18 a tick, to what its HZ makes of an i8254. */
const KERNEL_PPB = 1_000n
const OLD_KERNEL_PPB = 150_000n

type Judged = Pick<Scenario, 'hosts' | 'guests' | 'events' | 'durationNs'>

export function limitsOf(history: Judged, promises: Promises): Checks {
  const { guests, events } = history
  const wallNs = wallErrorNs(history)
  const readsWall = guests.some(({ read }) =>
    read.some(({ clock }) => clock === 'realtime' || clock === 'gettimeofday'),
  )
  // Two hosts may be wrong in opposite directions.
  const apartNs = 2n * wallNs
  const ofStopNs = promises.boundNs + (readsWall || promises.byWallClocks ? apartNs : 0n)
  const offNs = driftNs(history) + ofStopNs
  // What one stop may do, each may do in the same direction.
  const offInAllNs = offNs + ofStopNs * BigInt(Math.max(0, events.filter(isStop).length - 1))
  const stolenNs = events.reduce((sum, event) => (event.kind === 'steal' ? sum + event.forNs : sum), 0n)
  const lateNs = LATE_NS + offInAllNs + stolenNs
  const ofDayNs = offInAllNs + wallNs + rtcNs(history, wallNs)
  return {
    // What a guest's clocks of elapsed time may never do; its time of day follows hosts that do not agree.
    warp: { limitNs: readsWall ? apartNs : 0n },
    jump: { limitNs: LATE_NS + offInAllNs },
    stall: { limitNs: SECOND + offInAllNs },
    'late-wake': { limitNs: lateNs },
    'early-wake': { limitNs: MS + offInAllNs },
    'lost-wake': { limitNs: 5n * SECOND + lateNs },
    'wake-storm': { limit: 1000 },
    steal: { limitNs: LATE_NS },
    'soft-lockup': { limitNs: 20n * SECOND },
    'stale-wall': { limitNs: SECOND + ofDayNs },
    // Where the hosts' times of day differ, what follows them catches up at times of its own, which looks like a rate.
    rate: wallNs > 0n ? null : { limitPpb: 500_000n },
    'wall-error': { limitNs: LATE_NS + ofDayNs },
    'backwards-warning': { limit: 0 },
    skew: null,
    'set-back': null,
    backlog: null,
    'cycle-offset': null,
    monotonic: { downtime: downtimeOf(events, promises) },
    seam: { limitNs: offInAllNs + longestReadingNs(history) / 1000n },
  }
}

const isStop = ({ kind }: ScenarioEvent): boolean => kind === 'migrate' || kind === 'save' || kind === 'pause'

/** What is promised of every stop of the history; `either` where they differ. */
function downtimeOf(events: readonly ScenarioEvent[], { downtime }: Promises): Downtime {
  const said = new Set<Downtime>()
  for (const event of events) {
    if (event.kind === 'pause' || event.kind === 'save') said.add(downtime[event.kind])
    if (event.kind !== 'migrate') continue
    // One that fails is a pause to the guest, and what its saving has done may show.
    said.add(event.aborted && downtime.migrate !== 'either' ? downtime.pause : downtime.migrate)
  }
  return said.size === 1 ? [...said][0]! : 'either'
}

/** RTCs count whole seconds: who boots or sets its clock by one that is off by anything is off by up to one. */
function rtcNs({ hosts, events }: Judged, wallNs: bigint): bigint {
  const bootsByRtc = hosts[0]!.timebase !== null && wallNs > 0n
  return bootsByRtc || events.some(({ kind }) => kind === 'rtc-resync') ? SECOND : 0n
}

/** The most that a host's wall clock is away from true time. */
function wallErrorNs({ hosts, events, durationNs }: Judged): bigint {
  return hosts.reduce((most, { name, wallOffsetNs, wallRatePpb }) => {
    let ns = size(wallOffsetNs) + (size(wallRatePpb) * durationNs) / SECOND
    for (const event of events) {
      if (!('host' in event) || event.host !== name) continue
      if (event.kind === 'ntp-step') ns += size(event.byNs)
      if (event.kind === 'set-wall') ns += size(event.offsetNs)
      if (event.kind === 'ntp-slew') ns += (size(event.ratePpb) * event.forNs) / SECOND
    }
    return max(most, ns)
  }, 0n)
}

/** The most that a guest's clock can lose or gain on true time by its hosts' oscillators and its own NTP. */
function driftNs({ hosts, guests, events, durationNs }: Judged): bigint {
  const worst = hosts.reduce((most, host) => max(most, errorPpbOf(host)), 0n)
  const own = events.reduce((sum, e) => (e.kind === 'guest-ntp-slew' ? sum + size(e.ratePpb) : sum), 0n)
  const isOld = guests.some(({ kernel }) => kernel === 'linux-2.6.18-xen')
  return ((worst + own + (isOld ? OLD_KERNEL_PPB : KERNEL_PPB)) * durationNs) / SECOND
}

function errorPpbOf({ tsc, timebase, clockErrorPpb }: HostSpec): bigint {
  const hz = tsc ?? timebase!
  const calibrated = tsc?.calibratedHz ?? null
  const believed = calibrated === null ? 0n : (size(calibrated - hz.frequencyHz) * SECOND) / hz.frequencyHz
  return size(hz.errorPpb) + believed + size(clockErrorPpb)
}

function longestReadingNs({ guests }: Judged): bigint {
  return guests.flatMap(({ read }) => read).reduce((most, { everyNs }) => max(most, everyNs), 0n)
}

const size = (value: bigint): bigint => (value < 0n ? -value : value)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
