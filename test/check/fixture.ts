/** Runs made by hand: what a guest would have seen, written down record by record in the core's layout. */
import { type CheckResult, judge } from '../../src/check/index.js'
import { clockIds, ObservationLog, Seen } from '../../src/observation/log.js'
import { parseScenario } from '../../src/scenario/index.js'
import type { CheckId, Checks, ReadClock, ScenarioEvent } from '../../src/scenario/types.js'
import type { Correction, GuestResult, RunResult, Stop } from '../../src/world/result.js'

export const MS = 1_000_000n
export const S = 1_000_000_000n
/** 2008-08-06T00:00:00Z, the default of scenarios. */
export const START = 1_217_980_800n * S

export interface Row {
  trueNs: bigint
  kind: number
  index?: number
  value?: bigint
  extra?: bigint
  stoppedNs?: bigint
}

export function logOf(rows: readonly Row[]): ObservationLog {
  const view = new DataView(new ArrayBuffer(40 * rows.length))
  rows.forEach(({ trueNs, kind, index = 0, value = 0n, extra = 0n, stoppedNs = 0n }, i) => {
    view.setBigUint64(40 * i, trueNs, true)
    view.setUint32(40 * i + 8, kind, true)
    view.setUint32(40 * i + 12, index, true)
    view.setBigUint64(40 * i + 16, BigInt.asUintN(64, value), true)
    view.setBigUint64(40 * i + 24, BigInt.asUintN(64, extra), true)
    view.setBigUint64(40 * i + 32, stoppedNs, true)
  })
  const log = new ObservationLog()
  log.append(view, rows.length)
  return log
}

/** Readings of one reader: [true ns, value, true ns stopped until then]. */
export type Reading = readonly [trueNs: bigint, value: bigint, stoppedNs?: bigint]

export interface Made {
  readers?: { clock: ReadClock; name?: string; vcpu?: number; readings: readonly Reading[] }[]
  sleepers?: { name: string; forNs?: bigint; vcpu?: number }[]
  /** Anything else: sleeps, wakes, ticks, warnings. Sorted in by true time, behind readings of the same instant. */
  rows?: readonly Row[]
  stops?: readonly (readonly [fromNs: bigint, untilNs: bigint])[]
  corrections?: readonly Correction[]
  events?: readonly ScenarioEvent[]
  checks?: Partial<Checks>
  endNs?: bigint
  fault?: string
  system?: 'xen' | 'power'
}

const everything: Checks = {
  seam: null,
  warp: { limitNs: 0n },
  jump: { limitNs: 100n * MS },
  stall: { limitNs: S },
  'late-wake': { limitNs: 100n * MS },
  'early-wake': { limitNs: MS },
  'lost-wake': { limitNs: 5n * S },
  'wake-storm': { limit: 1000 },
  steal: { limitNs: 100n * MS },
  'soft-lockup': { limitNs: 20n * S },
  'stale-wall': { limitNs: S },
  rate: { limitPpb: 500_000n },
  'wall-error': { limitNs: S },
  'backwards-warning': { limit: 0 },
  skew: { limitNs: 1_000n },
  'set-back': { limitNs: S },
  backlog: { limit: 1000 },
  'cycle-offset': { limitNs: 0n },
  monotonic: { downtime: 'either' },
}

const texts = {
  xen: `
name: made
title: made by hand
cite: nowhere
duration: 100 s
hosts: {a: {hypervisor: xen}}
guests: {g: {on: a, kernel: linux-xen, vcpus: 4}}`,
  power: `
name: made
title: made by hand
duration: 100 s
hosts: {a: {hypervisor: power-kvm}}
guests: {g: {on: a, kernel: linux-ppc64}}`,
}

export function made(what: Made): RunResult {
  const { readers = [], sleepers = [], rows = [], stops = [], corrections = [], events = [] } = what
  const parsed = parseScenario(texts[what.system ?? 'xen'], 'made.yaml')
  const { position } = parsed.guests[0]!
  const sleep = sleepers.map(({ name, forNs = 2n * S, vcpu = 0 }) => {
    return { name, clock: 'monotonic' as const, forNs, atNs: 0n, everyNs: null, vcpu, position }
  })
  const endNs = what.endNs ?? 100n * S
  const readings: Row[] = readers.flatMap(({ clock, readings }, index) =>
    readings.map(([trueNs, value, stoppedNs = 0n]) => {
      return { trueNs, kind: Seen.read, index, value, extra: BigInt(clockIds[clock]), stoppedNs }
    }),
  )
  const sorted = [...readings, ...rows].sort((a, b) => Number(a.trueNs - b.trueNs))
  const guest: GuestResult = {
    name: 'g',
    kernel: parsed.guests[0]!.kernel,
    variant: 'stock',
    policy: 'xen-today',
    bootNs: 0n,
    readers: readers.map(({ clock, name = clock, vcpu = 0 }) => ({ name, clock, vcpu })),
    sleepers: sleep.map(({ name, clock, forNs, vcpu }) => ({ name, clock, forNs, vcpu })),
    observations: logOf(sorted),
    stops: stops.map(([fromNs, untilNs]): Stop => {
      const resumed = untilNs < endNs
      return { fromNs, untilNs, cause: 'pause', fromHost: 'a', toHost: 'a', resumed }
    }),
    corrections,
    clocks: { realtime: START + endNs, monotonic: endNs },
    stateHash: '0123456789abcdef',
    ticks: 240_000_000_000n,
    fault: what.fault ?? null,
  }
  const scenario = {
    ...parsed,
    durationNs: endNs,
    guests: [{ ...parsed.guests[0]!, sleep }],
    events: [...parsed.events, ...events],
    checks: { ...everything, ...what.checks },
  }
  return { scenario, startWallNs: START, endNs, guests: [guest], marks: [] }
}

/** What one check says of such a run. */
export function checked(id: CheckId, what: Made): CheckResult {
  return judge(made(what)).find((result) => result.id === id)!
}

/** Readings every `everyNs` from `fromNs` to `untilNs`, both included. */
export function readings(
  fromNs: bigint,
  untilNs: bigint,
  everyNs: bigint,
  value: (trueNs: bigint) => bigint,
  stoppedNs = 0n,
): Reading[] {
  const all: Reading[] = []
  for (let t = fromNs; t <= untilNs; t += everyNs) all.push([t, value(t), stoppedNs])
  return all
}

export const position = { line: 1, column: 1 }
