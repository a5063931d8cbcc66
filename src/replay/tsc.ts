/**
 * How a guest's TSC and its host's system time hang together, as far as a recording tells: what of it is not written
 * down follows from the pages. All arithmetic is the core's.
 *
 *   PV, emulated     TSC = S(now - vtsc_offset)               one unknown ns
 *   PVH, emulated    TSC = S(now - created) + tsc_offset      created: when Xen made the domain. Only how it falls between
 *                                                             two ticks can be told, so any such instant serves
 *   native           TSC = the host's                         now = system_time + scale(TSC - tsc_timestamp)
 *
 * S is ns to ticks. It takes 1 ns to 1 or more ticks, so most TSCs name one ns, and some are never shown.
 *
 * Source: Xen arch/x86/time.c gtime_to_gtsc, collect_time_info; arch/x86/hvm/vpt.c hvm_init_guest_time.
 */
import { domainTsc } from '../math/domain-tsc.js'
import { read } from '../math/read.js'
import { emulatedTsc, offsetOf } from '../stream/xen/facts.js'
import type { RecordedGuest, RecordedHost, RecordedPage, Stay } from './recording.js'

const u64 = (value: bigint) => BigInt.asUintN(64, value)
const s64 = (value: bigint) => BigInt.asIntN(64, value)

export type TscMap =
  | { readonly kind: 'native' }
  | { readonly kind: 'pv'; readonly vtscOffset: bigint }
  | { readonly kind: 'pvh'; readonly created: bigint; readonly tscOffset: bigint }

/** Whether Xen emulates RDTSC for that guest there. */
export function isEmulated({ kind, tscMode, tscKhz }: RecordedGuest, host: RecordedHost): boolean {
  const at = { nsec: 0n, incarnation: 0, now: 0n, at: 0n }
  const { tscKhz: hostKhz, reliable } = host
  return domainTsc({ ...at, mode: tscMode, khz: tscKhz, hostKhz, reliable, hvm: kind === 'pvh' }).emulated
}

/** Ticks of an emulated TSC at `khz` in `ns`, as an HVM guest has them; negative time has negative ticks. */
function ticks(khz: number, ns: bigint): bigint {
  const at = ns < 0n ? -ns : ns
  const fixed = { mode: 1, nsec: 0n, incarnation: 0, now: 0n, hostKhz: khz, reliable: false, hvm: true }
  const { tsc } = domainTsc({ ...fixed, khz, at })
  return ns < 0n ? u64(-tsc) : tsc
}

export function tscAt(map: TscMap, khz: number, now: bigint): bigint {
  if (map.kind === 'native') throw new Error('the host has a native TSC, not a function of system time')
  if (map.kind === 'pvh') return u64(ticks(khz, now - map.created) + map.tscOffset)
  return emulatedTsc({ mode: 1, khz, nsec: 0n, incarnation: 0 }, map.vtscOffset, now)
}

/** System time when a page is read at a TSC. A TSC that is behind the stamp counts back. */
export function shownNow(page: RecordedPage, tsc: bigint): bigint {
  const fields = { ...page, version: 2, flags: 0, system_time: 0n, tsc_timestamp: 0n }
  const behind = s64(tsc - page.tsc_timestamp)
  return behind < 0n
    ? page.system_time - read(fields, -behind).ns
    : page.system_time + read(fields, behind).ns
}

/**
 * The system time at which an emulated TSC showed `tsc`, and whether there is one. `near` is at most some ns off: a page
 * cuts its reading to whole ns.
 */
export function nowAt(map: TscMap, khz: number, tsc: bigint, near: bigint): { now: bigint; shown: boolean } {
  if (map.kind === 'native') return { now: near, shown: true }
  for (const off of [0n, 1n, -1n, 2n, -2n]) {
    if (tscAt(map, khz, near + off) === tsc) return { now: near + off, shown: true }
  }
  return { now: near, shown: false }
}

/** A TSC that the guest was seen to show, and roughly when. */
interface Seen {
  readonly tsc: bigint
  readonly near: bigint
}

/** What the pages and TSCs of a stay say; null where there is no page. `leaving`: the TSC of the stream that it ends in. */
export function mapOf(
  guest: RecordedGuest,
  { host, event, items }: Stay,
  leaving: bigint | null,
): TscMap | null {
  if (!isEmulated(guest, host)) return { kind: 'native' }
  const pages = items.filter((item) => item.kind === 'page')
  const [first] = pages
  if (guest.kind === 'pv') {
    const given = event ? event.vtscOffset : guest.vtscOffset
    if (given !== null) return { kind: 'pv', vtscOffset: given }
    if (!first) return null
    const info = { mode: 1, khz: guest.tscKhz, nsec: 0n, incarnation: 0 }
    return { kind: 'pv', vtscOffset: offsetOf(info, { ...first, version: first.version ?? 0 }) }
  }
  return first ? phaseOf(guest.tscKhz, pages, seenIn(items, leaving)) : null
}

function seenIn(items: Stay['items'], leaving: bigint | null): Seen[] {
  const seen: Seen[] = []
  let page: RecordedPage | null = null
  for (const item of items) {
    if (item.kind === 'page') page = item
    else if (item.by === 'tsc')
      for (const tsc of [item.from, item.until]) seen.push({ tsc, near: shownNow(page!, tsc) })
  }
  if (leaving !== null && page) seen.unshift({ tsc: leaving, near: shownNow(page, leaving) })
  return seen
}

/** Tried creations. Each moves the cut between two ticks by a fraction of one; a prime of ns apart, they come by all. */
const PHASES = 20_000n
/** Where none explains all pages. */
const FEW_PHASES = 500n
const APART_NS = 104_729n
/** A domain is made some seconds before its guest goes on. */
const BEFORE_NS = 5_000_000_000n

/** The creation that explains every page and every TSC that was seen; if there is none, most of the pages. */
function phaseOf(khz: number, pages: readonly RecordedPage[], seen: readonly Seen[]): TscMap {
  const [first] = pages as [RecordedPage]
  const base = first.system_time > 2n * BEFORE_NS ? first.system_time - BEFORE_NS : first.system_time / 2n
  const made = (k: bigint): TscMap => {
    const created = base - k * APART_NS
    return {
      kind: 'pvh',
      created,
      tscOffset: u64(first.tsc_timestamp - ticks(khz, first.system_time - created)),
    }
  }
  const missed = (map: TscMap) => (page: RecordedPage) =>
    tscAt(map, khz, page.system_time) !== page.tsc_timestamp
  let best = { map: made(0n), misses: Number.POSITIVE_INFINITY }
  for (let k = 0n; k < PHASES && k * APART_NS <= base; k++) {
    const map = made(k)
    if (pages.some(missed(map))) continue
    const misses = seen.findIndex(({ tsc, near }) => !nowAt(map, khz, tsc, near).shown) < 0 ? 0 : 1
    if (misses < best.misses) best = { map, misses }
    if (misses === 0) return map
  }
  if (best.misses === 1) return best.map
  for (let k = 0n; k < FEW_PHASES && k * APART_NS <= base; k++) {
    const map = made(k)
    const misses = pages.filter(missed(map)).length
    if (misses < best.misses) best = { map, misses }
  }
  return best.map
}
