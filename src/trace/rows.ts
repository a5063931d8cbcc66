/**
 * Everything that a run leaves behind as one stream of rows in the order of true time: what guests saw, what was
 * done to them, what their hosts' clocks showed. Every format of a trace is made of these rows, one at a time, so
 * what a trace costs in memory does not grow with it.
 */
import { seriesOf } from '../check/index.js'
import { lateLimitNs, NOT_WOKEN, sleepBarsOf } from '../draw/sleeps.js'
import { Seen } from '../observation/log.js'
import type { GuestResult, RunResult } from '../world/result.js'
import type { Sample, Sampled } from './sample.js'

/** What happened; the words that CSV and Parquet have in `event`. */
export type TraceEvent =
  | 'mark'
  | 'stop'
  | 'resume'
  | 'sample'
  | 'late'
  | 'read'
  | 'sleep'
  | 'wake'
  | 'ticks'
  | 'time-went-backwards'
  | 'clock-set'
  | 'soft-lockup'
  | 'watchdog-touched'
  | 'boot'
  | 'settime'
  | 'set-rtc'
  | 'frequency-error'

export interface TraceRow {
  readonly trueNs: bigint
  readonly event: TraceEvent
  /** '' where it is about none. */
  readonly guest: string
  /** Where the guest is, or the host that it is about; '' where nobody is. */
  readonly host: string
  /** The reader, the sleeper, `vcpu N`, the kind of a mark; of a sample its clock. */
  readonly subject: string
  /** Of readings, sleeps and samples. */
  readonly clock: string
  /** What the event says, see docs/exports.md; ns unless it says otherwise. */
  readonly value: bigint | null
  /** Registers and stolen time are unsigned, everything else is signed. */
  readonly unsigned: boolean
  /** Clock minus true time, ns, of readings of wall and elapsed clocks. */
  readonly errorNs: bigint | null
  readonly extra: bigint | null
  /** True ns that the guest had stood still. */
  readonly stoppedNs: bigint | null
  /** For people. */
  readonly detail: string
}

const NOTHING = {
  guest: '',
  host: '',
  subject: '',
  clock: '',
  value: null,
  unsigned: false,
  errorNs: null,
  extra: null,
  stoppedNs: null,
  detail: '',
} as const

const EVENTS: Readonly<Record<number, TraceEvent>> = {
  [Seen.read]: 'read',
  [Seen.sleep]: 'sleep',
  [Seen.wake]: 'wake',
  [Seen.ticks]: 'ticks',
  [Seen.backwards]: 'time-went-backwards',
  [Seen.clockSet]: 'clock-set',
  [Seen.softLockup]: 'soft-lockup',
  [Seen.watchdogTouched]: 'watchdog-touched',
  [Seen.boot]: 'boot',
  [Seen.settime]: 'settime',
  [Seen.setRtc]: 'set-rtc',
  [Seen.frequencyError]: 'frequency-error',
}
/** Those that are about a vCPU. */
const OF_VCPU: ReadonlySet<number> = new Set([
  Seen.ticks,
  Seen.backwards,
  Seen.softLockup,
  Seen.watchdogTouched,
])

/** In the order of true time; of one instant marks first, then guests in their order, then samples. */
export function* rowsOf({ run, samples }: Sampled): Generator<TraceRow> {
  yield* merged([
    marks(run),
    ...run.guests.flatMap((guest) => [stops(guest), seen(guest, run), late(guest, run)]),
    sampled(samples),
  ])
}

/** Of equal instants the earlier source first. */
function* merged(sources: readonly Generator<TraceRow>[]): Generator<TraceRow> {
  const heads = sources.map((source) => source.next())
  for (;;) {
    let first = -1
    let firstNs = 0n
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i]!
      if (head.done || (first >= 0 && head.value.trueNs >= firstNs)) continue
      first = i
      firstNs = head.value.trueNs
    }
    if (first < 0) return
    yield heads[first]!.value as TraceRow
    heads[first] = sources[first]!.next()
  }
}

function* marks({ marks }: RunResult): Generator<TraceRow> {
  for (const { atNs, kind, label, guest = '', host = '' } of marks)
    yield { ...NOTHING, trueNs: atNs, event: 'mark', guest, host, subject: kind, detail: label }
}

function* stops({ name, stops }: GuestResult): Generator<TraceRow> {
  for (const { fromNs, untilNs, cause, fromHost, toHost, resumed } of stops) {
    const detail = fromHost === toHost ? `${cause} on ${fromHost}` : `${cause}, ${fromHost} to ${toHost}`
    const row = { ...NOTHING, guest: name, subject: cause, detail }
    yield { ...row, trueNs: fromNs, event: 'stop', host: fromHost }
    if (resumed) yield { ...row, trueNs: untilNs, event: 'resume', host: toHost, value: untilNs - fromNs }
  }
}

/** The guest's observations. Its stops are told by `stops`, which knows why. */
function* seen(guest: GuestResult, run: RunResult): Generator<TraceRow> {
  const { observations: log, name, readers, sleepers } = guest
  const series = seriesOf(guest, run.startWallNs)
  const read = readers.map(() => 0)
  const hostAt = residence(guest, run)
  for (let i = 0; i < log.length; i++) {
    const kind = log.kind(i)
    const event = EVENTS[kind]
    if (!event) continue
    const index = log.index(i)
    const trueNs = log.trueNs(i)
    const host = hostAt(trueNs)
    if (kind === Seen.read) {
      const one = series[index]!
      const k = read[index]!++
      // Written out: there are millions of these.
      yield {
        trueNs,
        event,
        guest: name,
        host,
        subject: one.name,
        clock: one.clock,
        value: one.value(k),
        unsigned: one.kind === 'counter' || one.kind === 'steal',
        errorNs: one.kind === 'wall' || one.kind === 'elapsed' ? one.error(k) : null,
        extra: null,
        stoppedNs: log.stoppedNs(i),
        detail: '',
      }
      continue
    }
    const asleep = kind === Seen.sleep || kind === Seen.wake
    yield {
      ...NOTHING,
      trueNs,
      event,
      guest: name,
      host,
      subject: asleep ? sleepers[index]!.name : OF_VCPU.has(kind) ? `vcpu ${index}` : '',
      clock: asleep ? sleepers[index]!.clock : '',
      value: log.value(i),
      extra: log.extra(i),
      stoppedNs: log.stoppedNs(i),
    }
  }
}

/** Sleeps that last longer than the scenario allows, at the instant at which they were due. */
function* late(guest: GuestResult, run: RunResult): Generator<TraceRow> {
  const lateNs = lateLimitNs(run)
  const found = sleepBarsOf(guest, run).flatMap(({ name, clock, dueNs, wokeNs }) =>
    Array.from(dueNs, (due, i) => ({ name, clock, due, woke: wokeNs[i]! })).filter(
      ({ due, woke }) => (woke === NOT_WOKEN ? run.endNs : woke) - due > lateNs,
    ),
  )
  found.sort((a, b) => (a.due < b.due ? -1 : a.due > b.due ? 1 : 0))
  const hostAt = residence(guest, run)
  for (const { name, clock, due, woke } of found) {
    const row = { ...NOTHING, trueNs: due, event: 'late' as const, guest: guest.name, host: hostAt(due) }
    yield { ...row, subject: name, clock, value: woke === NOT_WOKEN ? null : woke - due }
  }
}

/** The host that a guest is on, asked at instants that never go back. */
function residence({ name, stops }: GuestResult, { scenario }: RunResult): (trueNs: bigint) => string {
  let host = scenario.guests.find((spec) => spec.name === name)!.on
  let next = 0
  return (trueNs) => {
    while (next < stops.length && stops[next]!.untilNs <= trueNs) host = stops[next++]!.toHost
    return host
  }
}

function* sampled(samples: readonly Sample[]): Generator<TraceRow> {
  for (const { atNs, hosts, guests } of samples) {
    const row = { ...NOTHING, trueNs: atNs, event: 'sample' as const }
    for (const { name, clocks } of hosts) {
      for (const { clock, value, unit } of clocks)
        yield { ...row, host: name, subject: clock, clock, value, unsigned: unit === 'ticks' }
    }
    for (const { name, host, clocks } of guests) {
      for (const { clock, value, unit } of clocks)
        yield { ...row, guest: name, host, subject: clock, clock, value, unsigned: unit === 'ticks' }
    }
  }
}
