/**
 * When everything of a recording happened, on each host's system time and on one true time for all. What the recording
 * does not say follows from what it does; nothing here asks the emulator.
 *
 *   system time   begin … last reading | stop   save     restored   resumed | first reading …
 *   of the host   ───────── a ─────────┴─────────┘          └──────── b ───────┴─────────
 *
 *   save      nsec before it the emulated TSC of the stream was 0: vtsc_offset + nsec there
 *   restored  likewise here, by the new vtsc_offset
 *   resumed   CLOCK_MONOTONIC stands still from stop to resumed, so what it did not count says how long that was
 */
import type {
  ClockName,
  RecordedClock,
  RecordedEvent,
  RecordedHost,
  RecordedPage,
  Recording,
  Stay,
} from './recording.js'
import { mapOf, nowAt, shownNow, type TscMap, tscAt } from './tsc.js'

/** A page or a reading at instants of its host's system time. */
export interface Planned<T = RecordedPage | RecordedClock> {
  readonly item: T
  /** The page in force. */
  readonly page: RecordedPage | null
  readonly from: bigint
  readonly until: bigint
  /** Of the two TSCs, those that the guest's emulated TSC never shows. */
  readonly neverShown: number
}

export interface Arrival {
  readonly event: RecordedEvent
  /** System time of the host before at which the guest stood still, and at which the stream's clocks were written. */
  readonly stopped: bigint
  readonly saved: bigint
  /** System time of this host at which Xen set the domain's TSC. */
  readonly restored: bigint
  readonly resumed: bigint
  /** How `resumed` is known: as recorded, from CLOCK_MONOTONIC, or no later than the first reading. */
  readonly resumedFrom: 'recorded' | 'monotonic' | 'first seen'
}

export interface PlannedStay {
  readonly host: RecordedHost
  readonly map: TscMap
  readonly arrival: Arrival | null
  readonly items: readonly Planned[]
  /** System time of its first instant, and the true time of that. */
  readonly beginNow: bigint
  readonly beginNs: bigint
  /** The last reading. */
  readonly lastNow: bigint
}

export interface Plan {
  readonly recording: Recording
  readonly stays: readonly PlannedStay[]
  readonly endNs: bigint
}

/** The least time from the last reading to the stop; a sleeper falls asleep in between. */
const STOP_AFTER_NS = 2n
const SECOND = 1_000_000_000n

export const trueNs = ({ beginNs, beginNow }: PlannedStay, now: bigint): bigint => beginNs + (now - beginNow)

export function planOf(recording: Recording): Plan {
  const { guest, stays } = recording
  const planned: PlannedStay[] = []
  for (const [i, stay] of stays.entries()) {
    const map = mapOf(guest, stay, stays[i + 1]?.event?.tsc ?? null) ?? { kind: 'native' as const }
    const items = place(stay, map, guest.tscKhz)
    const before = planned.at(-1)
    const arrival = stay.event && before ? arrive(guest.tscKhz, before, stay.event, map, items) : null
    const beginNow = arrival?.resumed ?? items.map(({ from }) => from).reduce(min)
    const lastNow = items.map(({ until }) => until).reduce(max, beginNow)
    const beginNs = arrival && before ? before.beginNs + awayNs(before, stay.host, arrival) : 0n
    planned.push({ host: stay.host, map, arrival, items, beginNow, beginNs, lastNow })
  }
  const last = planned.at(-1)!
  return { recording, stays: planned, endNs: trueNs(last, last.lastNow) + 1_000_000n }
}

/** Instants of everything that was seen in a stay. */
function place({ items }: Stay, map: TscMap, khz: number): Planned[] {
  const planned: Planned[] = []
  let page: RecordedPage | null = null
  for (const item of items) {
    if (item.kind === 'page') {
      page = item
      planned.push({ item, page, from: item.system_time, until: item.system_time, neverShown: 0 })
    } else if (item.by === 'now') {
      planned.push({ item, page, from: item.from, until: item.until, neverShown: 0 })
    } else {
      const [from, until] = [item.from, item.until].map((tsc) => nowAt(map, khz, tsc, shownNow(page!, tsc)))
      const neverShown = [from!, until!].filter(({ shown }) => !shown).length
      planned.push({ item, page, from: from!.now, until: until!.now, neverShown })
    }
  }
  return planned
}

/** The readings of one clock, in order. */
export const readingsOf = (items: readonly Planned[], clock: ClockName): Planned<RecordedClock>[] =>
  items.filter((one): one is Planned<RecordedClock> => one.item.kind === 'clock' && one.item.clock === clock)

/** What system time is ahead of CLOCK_MONOTONIC, as all readings of a stay together allow; null without one. */
function ahead(items: readonly Planned[]): bigint | null {
  const readings = readingsOf(items, 'monotonic')
  if (readings.length === 0) return null
  const low = readings.map(({ from, item }) => from - item.ns).reduce(max)
  const high = readings.map(({ until, item }) => until - item.ns).reduce(min)
  return (low + high) / 2n
}

function arrive(
  khz: number,
  before: PlannedStay,
  event: RecordedEvent,
  map: TscMap,
  items: readonly Planned[],
): Arrival {
  const firstSeen = items.find(({ item }) => item.kind === 'clock')?.from ?? items[0]!.from
  const [was, is] = [ahead(before.items), ahead(items)]
  const stopped = before.lastNow + STOP_AFTER_NS
  if (event.resumed !== null || was === null || is === null) {
    const resumed = event.resumed ?? firstSeen
    const resumedFrom = event.resumed === null ? 'first seen' : 'recorded'
    return { event, stopped, resumed, resumedFrom, ...crossing(khz, before, event, map, resumed) }
  }
  // Had it stopped at once; the longer it ran on, the later it was resumed.
  const earliest = min(stopped - was + is, firstSeen)
  const { saved, restored } = crossing(khz, before, event, map, earliest)
  const ranOn = max(0n, min(restored - earliest, saved - stopped))
  return {
    event,
    stopped: stopped + ranOn,
    saved,
    restored,
    resumed: earliest + ranOn,
    resumedFrom: 'monotonic',
  }
}

/**
 * When the stream's clocks were written, and when they were set: the instants between which the guest's TSC stood still.
 * If nobody noted either, they were set when the guest went on.
 */
function crossing(
  khz: number,
  { map: old, lastNow }: PlannedStay,
  { nsec, tsc }: RecordedEvent,
  map: TscMap,
  resumed: bigint,
): Pick<Arrival, 'saved' | 'restored'> {
  const stopped = lastNow + STOP_AFTER_NS
  if (map.kind === 'pv' && old.kind === 'pv') {
    const age = nsec ?? resumed - map.vtscOffset
    return { saved: old.vtscOffset + age, restored: map.vtscOffset + age }
  }
  if (map.kind !== 'pvh' || old.kind !== 'pvh') return { saved: stopped, restored: resumed }
  const shown = (at: TscMap, value: bigint, from: bigint) =>
    nowAt(at, khz, value, guess(at, khz, value, from))
  if (tsc !== null) return { saved: shown(old, tsc, lastNow).now, restored: shown(map, tsc, resumed).now }
  // Not each TSC that the one showed is one that the other shows.
  for (let restored = resumed; restored > resumed - 50n; restored--) {
    const before = shown(old, tscAt(map, khz, restored), lastNow)
    if (before.shown) return { saved: before.now, restored }
  }
  return { saved: stopped, restored: resumed }
}

/** About when an emulated TSC shows a value. */
function guess(map: TscMap, khz: number, tsc: bigint, from: bigint): bigint {
  const ticks = BigInt.asIntN(64, tsc - tscAt(map, khz, from))
  return from + (ticks * 1_000_000n) / BigInt(khz)
}

/** True time from the begin of one stay to that of the next: by the two hosts' wall clocks, if they are known. */
function awayNs(
  before: PlannedStay,
  host: RecordedHost,
  { saved, resumed, restored, stopped }: Arrival,
): bigint {
  const lived = stopped - before.beginNow
  const least = saved - stopped + (resumed - restored)
  const wall =
    host.wallNs !== null && before.host.wallNs !== null
      ? host.wallNs + resumed - (before.host.wallNs + stopped)
      : host.name === before.host.name
        ? resumed - stopped
        : SECOND
  return lived + max(wall, max(least, STOP_AFTER_NS))
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
