/**
 * A recording lived through by the emulator: the guest begins as it was first seen, on hosts that show at each instant what
 * the real ones showed, is stopped, saved, landed and resumed by the policy of today's Xen, and is asked for what its
 * time page and its clocks read whenever the real guest's were read.
 */
import { u64 } from '../core/exports.js'
import type { Build } from '../core/load.js'
import type { TimePage } from '../math/read.js'
import { clockIds, Seen } from '../observation/log.js'
import { XenClocks } from '../policy/clocks.js'
import type { ClockPolicy, SavedClocks } from '../policy/policy.js'
import { xenToday } from '../policy/xen-today.js'
import { parseScenario } from '../scenario/parse.js'
import type { ReadClock } from '../scenario/types.js'
import type { StreamTime } from '../stream/time.js'
import { readTimePage } from '../stream/xen/time-page.js'
import type { Guest } from '../world/guest.js'
import type { Host } from '../world/host.js'
import { World } from '../world/index.js'
import { type Instant, ReplayedHost } from './host.js'
import { type Plan, type Planned, type PlannedStay, readingsOf, trueNs } from './plan.js'
import type { ClockName, RecordedClock, RecordedHost, RecordedPage } from './recording.js'
import { shownNow, tscAt } from './tsc.js'

/** What the emulated guest showed where the real one was seen. */
export interface Played {
  readonly stays: readonly PlayedStay[]
}

export interface PlayedStay {
  readonly pages: readonly { readonly item: RecordedPage; readonly page: TimePage }[]
  /** The emulated clock at both ends of each reading. */
  readonly clocks: readonly { readonly item: RecordedClock; readonly from: bigint; readonly until: bigint }[]
  /** What the policy wrote into the stream on the way here; null for the first stay. */
  readonly saved: SavedClocks | null
  /** The page's version when the guest had just begun or resumed. */
  readonly version: number
  /** System time at which the sleeper of before the event woke; null without one. */
  readonly woke: bigint | null
}

const GUEST = 'guest'
const FROM = 'recording'
const IDS: Readonly<Record<ClockName, ReadClock>> = {
  realtime: 'realtime',
  monotonic: 'monotonic',
  boottime: 'boottime',
  monotonic_raw: 'monotonic-raw',
}
/** For a host of which nobody says what its wall clock shows; nothing that is compared hangs on it. */
const SOME_TIME_NS = 1_767_225_600_000_000_000n

export interface PlayOptions {
  /** Called before each stay but the first, with how many are done. */
  readonly onStay?: (done: number) => void
  readonly build?: Build
}

export function play(plan: Plan, { onStay = () => {}, build = 'release' }: PlayOptions = {}): Played {
  return new Player(plan, build).play(onStay)
}

class Player {
  readonly #plan: Plan
  readonly #world: World
  readonly #guest: Guest
  /** System time at which Xen made the domain, for the policy. */
  #created: bigint | null = null

  constructor(plan: Plan, build: Build) {
    this.#plan = plan
    this.#world = new World(parseScenario(scenarioText(plan), plan.recording.fileName), {
      build,
      policy: this.#policy(),
      streams: new Map([[FROM, streamOf(plan)]]),
    })
    this.#guest = this.#world.guest(GUEST)
  }

  /** Today's, of a toolstack that created the domain at the instant which the recording implies. */
  #policy(): ClockPolicy {
    return {
      ...xenToday,
      restore: (context, saved) => {
        if (this.#created !== null) context.xen!.setCreated(this.#created)
        xenToday.restore(context, saved)
      },
    }
  }

  play(onStay: (index: number) => void): Played {
    const played: Omit<PlayedStay, 'woke'>[] = []
    for (const [i, stay] of this.#plan.stays.entries()) {
      if (i > 0) onStay(i)
      const host = this.#hostOf(stay)
      this.#created = stay.map.kind === 'pvh' ? stay.map.created : null
      const saved = i > 0 ? this.#move(this.#plan.stays[i - 1]!, stay, host) : this.#begin(stay, host)
      const { version } = this.#page()
      played.push({ ...this.#live(stay, host), saved, version })
    }
    this.#world.runUntil(this.#plan.endNs)
    return { stays: played.map((stay, i) => ({ ...stay, woke: this.#woke(i) })) }
  }

  #hostOf({ host, map }: PlannedStay): ReplayedHost {
    return new ReplayedHost(this.#emulated(host), host.tscKhz, map.kind !== 'native')
  }

  #emulated(host: RecordedHost): Host {
    return this.#world.host(`host-${hostsOf(this.#plan).indexOf(host)}`)
  }

  #begin(stay: PlannedStay, host: ReplayedHost): null {
    if (stay.host.wallNs !== null) host.setEpoch(stay.host.wallNs)
    this.#world.runUntil(0n)
    const [first] = readingsOf(stay.items, 'realtime')
    if (first) {
      const middle = (first.from + first.until) / 2n
      this.#guest.machine!.core.guest_settimeofday(first.item.ns - (middle - stay.beginNow))
    }
    return null
  }

  /** The real restore: stop, save, land and resume, each at its instant. */
  #move(before: PlannedStay, stay: PlannedStay, host: ReplayedHost): SavedClocks {
    const { event, stopped, saved, restored, resumed } = stay.arrival!
    const cause = event.kind === 'migrate' ? 'migrate' : 'save'
    const world = this.#world
    const guest = this.#guest
    const stopNs = trueNs(before, stopped)
    world.runUntil(stopNs)
    guest.stop(cause, true)
    world.runUntil(max(stopNs, trueNs(before, saved)))
    this.#hostOf(before).show({ now: saved, page: null })
    guest.save(cause, true)
    const { clocks } = guest.saved

    world.runUntil(trueNs(stay, restored))
    const target = this.#emulated(stay.host)
    const { wallNs } = stay.host
    target.replace({ uptimeNs: restored, ...(wallNs !== null && { wallNs: wallNs + restored }) })
    if (wallNs !== null) host.setEpoch(wallNs)
    guest.land(target, cause, true)
    world.runUntil(trueNs(stay, resumed))
    host.show({ now: resumed, page: null })
    guest.resume(cause)
    return clocks
  }

  #live(stay: PlannedStay, host: ReplayedHost): Pick<PlayedStay, 'pages' | 'clocks'> {
    const pages: PlayedStay['pages'][number][] = []
    const clocks: PlayedStay['clocks'][number][] = []
    const at = (instant: Instant) => {
      this.#world.runUntil(trueNs(stay, instant.now))
      host.show(instant)
    }
    for (const { item, page, from, until } of stay.items) {
      if (item.kind === 'page') {
        at({ now: max(from, stay.beginNow), page })
        pages.push({ item, page: this.#page() })
        continue
      }
      const tsc = (value: bigint) => (item.by === 'tsc' ? { tsc: value } : {})
      at({ now: from, page, ...tsc(item.from) })
      const low = this.#read(item.clock)
      at({ now: until, page, ...tsc(item.until) })
      clocks.push({ item, from: low, until: this.#read(item.clock) })
    }
    return { pages, clocks }
  }

  #page(): TimePage {
    return readTimePage(new XenClocks(this.#guest.machine!, true).timePage())
  }

  #read(clock: ClockName): bigint {
    return u64(this.#guest.machine!.core.guest_read_clock(0, clockIds[IDS[clock]]))
  }

  /** Sleeper i - 1 fell asleep before the guest left for stay i. */
  #woke(i: number): bigint | null {
    const wake = [...this.#guest.log.all(Seen.wake)].find(({ index }) => index === i - 1)
    const stay = this.#plan.stays[i]!
    return wake ? stay.beginNow + (wake.trueNs - stay.beginNs) : null
  }
}

/** The guest as it was first seen, in the form in which a saved one begins. */
function streamOf({ recording: { guest }, stays }: Plan): StreamTime {
  const { host, map, beginNow, items } = stays[0]!
  const clocks = {
    mode: BigInt(guest.tscMode),
    khz: BigInt(guest.tscKhz),
    nsec: map.kind === 'pv' ? u64(beginNow - map.vtscOffset) : 0n,
    incarnation: 0n,
    ...(guest.kind === 'pvh' && { tsc: firstTsc(items, guest.tscKhz, stays[0]!) }),
  }
  return {
    system: 'xen',
    clocks,
    policy: xenToday.name,
    hvm: guest.kind === 'pvh',
    wide: true,
    host: {
      uptimeNs: beginNow,
      wallNs: host.wallNs === null ? null : host.wallNs + beginNow,
      tsc: null,
      timebase: null,
      frequencyHz: BigInt(host.tscKhz) * 1000n,
    },
  }
}

/** A PVH guest's TSC at its first instant. */
function firstTsc(items: readonly Planned[], khz: number, { map, beginNow }: PlannedStay): bigint {
  if (map.kind === 'pvh') return tscAt(map, khz, beginNow)
  const page = items[0]!.page
  return page
    ? u64(page.tsc_timestamp + ((beginNow - shownNow(page, page.tsc_timestamp)) * BigInt(khz)) / 1_000_000n)
    : 0n
}

/** Each once; the first is where the guest was first seen. */
const hostsOf = ({ stays }: Plan): RecordedHost[] => [...new Set(stays.map(({ host }) => host))]

function scenarioText(plan: Plan): string {
  const {
    recording: { guest },
    stays,
    endNs,
  } = plan
  const [first] = stays as [PlannedStay]
  const sleep = stays
    .slice(0, -1)
    .map((stay) => `{ for: ${guest.sleepNs} ns, at: ${trueNs(stay, stay.lastNow) + 1n} ns }`)
  const lines = hostsOf(plan).map(
    ({ tscKhz, reliable, stable }, i) =>
      `  host-${i}: { hypervisor: xen, uptime: ${i === 0 ? first.beginNow : 0n} ns, tsc: { frequency: ${tscKhz} kHz, reliable: ${reliable}, clocksource: ${stable} }, wall: { pushed: when-set } }`,
  )
  const start = (first.host.wallNs ?? SOME_TIME_NS) + first.beginNow
  return `
name: replay
title: a recording
start: ${new Date(Number(start / 1_000_000n)).toISOString()}
duration: ${max(endNs, 1_000_000n)} ns
hosts:
${lines.join('\n')}
guests:
  ${GUEST}: { on: host-0, kernel: linux-xen, hz: ${guest.hz}, from: ${FROM}, sleep: [${guest.sleepNs === null ? '' : sleep.join(', ')}] }
`
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
