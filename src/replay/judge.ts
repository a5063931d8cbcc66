/**
 * What the emulated guest showed, held against what the real one did.
 *
 * A clock was read between two instants, so what the real one is ahead of the emulated one lies between two bounds. It is
 * the same for a whole stay, so all readings together narrow it, and it must be the same after an event as before:
 *
 *     stay 0      [──────]            off by: from one middle to the other
 *     stay 1    [──────────]          may be by: half of both widths, and what the recording states as errors
 */
import type { SavedClocks } from '../policy/policy.js'
import type { Plan, PlannedStay } from './plan.js'
import type { Played, PlayedStay } from './play.js'
import { CLOCKS, type ClockName, type RecordedPage } from './recording.js'

/** Readings through a page are cut to whole ns, at both ends and in both guests. */
export const ROUNDING_NS = 4n

export type ReplayCheckId = 'page' | 'version' | 'tsc' | 'stream' | 'sleep' | ClockName

export interface ReplayCheck {
  readonly id: ReplayCheckId
  readonly verdict: 'pass' | 'fail' | 'skip'
  /** Of how many things seen, and how many were as predicted; of a clock all or none. */
  readonly seen: number
  readonly predicted: number
  /** Clocks and sleep: how far off, and how far they may be; null where nothing before is there to compare with. */
  readonly offNs: bigint | null
  readonly mayNs: bigint | null
  /** The line of the file where it fails. */
  readonly line: number | null
  /** What is wrong or why it is skipped; '' where all is well. */
  readonly message: string
}

export interface JudgedStay {
  readonly plan: PlannedStay
  readonly checks: readonly ReplayCheck[]
}

export interface Replayed {
  readonly plan: Plan
  readonly verdict: 'pass' | 'fail'
  readonly stays: readonly JudgedStay[]
}

export function judgeReplay(plan: Plan, played: Played): Replayed {
  const stays = plan.stays.map((stay, i): JudgedStay => {
    const seen = played.stays[i]!
    const checks = [
      pageCheck(seen),
      versionCheck(seen),
      tscCheck(stay),
      ...(stay.arrival ? [streamCheck(stay, seen.saved!)] : []),
      ...CLOCKS.map((clock) => clockCheck(clock, plan, played, i)),
      sleepCheck(plan, stay, seen),
    ]
    return { plan: stay, checks: checks.filter((check) => check !== null) }
  })
  const failed = stays.some(({ checks }) => checks.some(({ verdict }) => verdict === 'fail'))
  return { plan, verdict: failed ? 'fail' : 'pass', stays }
}

const held = (id: ReplayCheckId, seen: number): ReplayCheck => ({
  id,
  verdict: 'pass',
  seen,
  predicted: seen,
  offNs: null,
  mayNs: null,
  line: null,
  message: '',
})

// ---- pages and TSCs, bit for bit

const FIELDS = ['system_time', 'tsc_timestamp', 'tsc_to_system_mul', 'tsc_shift', 'flags'] as const

function pageCheck({ pages }: PlayedStay): ReplayCheck | null {
  if (pages.length === 0) return null
  const wrong = pages.flatMap(({ item, page }) => {
    const field = FIELDS.find((name) => page[name] !== item[name])
    return field ? [{ item, message: `${field} ${item[field]}; predicted ${page[field]}` }] : []
  })
  return counted('page', pages.length, wrong)
}

/** Publications cannot be counted, but none is lost, and a page that nobody is writing has an even version. */
function versionCheck({ pages, version }: PlayedStay): ReplayCheck | null {
  const seen = pages.flatMap(({ item }) => (item.version === null ? [] : [{ item, version: item.version }]))
  if (seen.length === 0) return null
  let least = version
  const wrong: { item: RecordedPage; message: string }[] = []
  for (const { item, version: is } of seen) {
    if (is % 2 === 1) wrong.push({ item, message: `version ${is} is odd; predicted an even one` })
    else if (is < least) wrong.push({ item, message: `version ${is}; predicted ${least} or later` })
    least = is
  }
  return counted('version', seen.length, wrong)
}

function tscCheck({ map, items }: PlannedStay): ReplayCheck | null {
  if (map.kind === 'native') return null
  const read = items.filter(({ item }) => item.kind === 'clock' && item.by === 'tsc')
  if (read.length === 0) return null
  const wrong = read.flatMap(({ item, neverShown }) =>
    Array.from({ length: neverShown }, () => ({
      item,
      message: 'a TSC that this scale and offset never show',
    })),
  )
  return counted('tsc', 2 * read.length, wrong)
}

function counted(
  id: ReplayCheckId,
  seen: number,
  wrong: readonly { readonly item: { readonly line: number }; readonly message: string }[],
): ReplayCheck {
  const [first] = wrong
  if (!first) return held(id, seen)
  const { item, message } = first
  return { ...held(id, seen), verdict: 'fail', predicted: seen - wrong.length, line: item.line, message }
}

/** The record X86_TSC_INFO and the TSC of the HVM context, as the policy wrote them. */
function streamCheck({ arrival }: PlannedStay, saved: SavedClocks): ReplayCheck | null {
  const { event } = arrival!
  const wrong = (['nsec', 'tsc'] as const).flatMap((field) =>
    event[field] === null || event[field] === saved[field]
      ? []
      : [{ item: event, message: `${field} ${event[field]}; predicted ${saved[field] ?? 'none'}` }],
  )
  const seen = (event.nsec === null ? 0 : 1) + (event.tsc === null ? 0 : 1)
  return seen === 0 ? null : counted('stream', seen, wrong)
}

// ---- clocks

interface Bounds {
  readonly low: bigint
  readonly high: bigint
  readonly count: number
  /** The reading that lets no more than `low`, or no less than `high`: the later of the two. */
  readonly line: number
}

/** What the real clock is ahead of the emulated one, by all readings of a stay. */
function boundsOf(clock: ClockName, { clocks }: PlayedStay): Bounds | null {
  let bounds: Bounds | null = null
  for (const { item, from, until } of clocks) {
    if (item.clock !== clock) continue
    const low = item.ns - until - item.errorNs
    const high = item.ns - from + item.errorNs
    const before: Bounds = bounds ?? { low, high, count: 0, line: item.line }
    const narrower = low > before.low || high < before.high
    bounds = {
      low: max(low, before.low),
      high: min(high, before.high),
      count: before.count + 1,
      line: narrower ? item.line : before.line,
    }
  }
  return bounds
}

function clockCheck(clock: ClockName, plan: Plan, played: Played, i: number): ReplayCheck | null {
  const bounds = boundsOf(clock, played.stays[i]!)
  if (!bounds) return null
  const { low, high, count, line } = bounds
  const check = held(clock, count)
  if (low > high + ROUNDING_NS) {
    const message = `its readings here do not agree with each other: they are ${low - high} ns apart`
    return { ...check, verdict: 'fail', predicted: 0, offNs: low - high, mayNs: ROUNDING_NS, line, message }
  }
  const { arrival, host } = plan.stays[i]!
  if (!arrival) return { ...check, mayNs: max(high - low, 0n) / 2n + ROUNDING_NS }
  const before = boundsOf(clock, played.stays[i - 1]!)
  if (!before) return { ...check, verdict: 'skip', predicted: 0, message: 'it was not read before' }
  const countsAway = clock === 'realtime' || clock === 'boottime'
  const from = plan.stays[i - 1]!.host
  if (countsAway && (host.wallNs === null || from.wallNs === null)) {
    const message = 'it counts the time away, and the wall clocks of the hosts are not recorded'
    return { ...check, verdict: 'skip', predicted: 0, message }
  }
  const stated = countsAway ? host.wallErrorNs + from.wallErrorNs + arrival.event.errorNs : 0n
  const offNs = (low + high - before.low - before.high) / 2n
  const mayNs = (max(high - low, 0n) + max(before.high - before.low, 0n)) / 2n + stated + ROUNDING_NS
  if ((offNs < 0n ? -offNs : offNs) <= mayNs) return { ...check, offNs, mayNs }
  const message = `off by ${offNs} ns across the event; it may be by ${mayNs} ns`
  return { ...check, verdict: 'fail', predicted: 0, offNs, mayNs, line: arrival.event.line, message }
}

/** The recorder slept over the event: when did it take its next sample? */
function sleepCheck(
  { recording: { guest } }: Plan,
  { arrival, items }: PlannedStay,
  { woke }: PlayedStay,
): ReplayCheck | null {
  const first = items.find(({ item }) => item.kind === 'clock')
  if (!arrival || guest.sleepNs === null || !first) return null
  const check = held('sleep', 1)
  const fail = (message: string, offNs: bigint | null): ReplayCheck => {
    return {
      ...check,
      verdict: 'fail',
      predicted: 0,
      offNs,
      mayNs: guest.lateNs,
      line: first.item.line,
      message,
    }
  }
  if (woke === null) return fail('the emulated recorder never woke', null)
  const offNs = first.from - woke
  if (offNs < -ROUNDING_NS) return fail(`the real recorder woke ${-offNs} ns before the emulated one`, offNs)
  if (offNs > guest.lateNs) return fail(`the real recorder came ${offNs} ns after the emulated one`, offNs)
  return { ...check, offNs, mayNs: guest.lateNs }
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
