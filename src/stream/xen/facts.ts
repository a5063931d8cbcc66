/**
 * What a Xen stream implies about its guest's clocks at the moment of saving.
 *
 *   emulated TSC   PV: the live page's stamp tells at which system time the TSC was 0, and X86_TSC_INFO.nsec, the guest's
 *                  age, how long before the save that was.
 *   native TSC     PV: the TSC is the host's, and the stream does not say what it showed; the last stamp of the live
 *                  page is as near as one comes. HVM: the context has it.
 *
 * Every formula is the core's, by way of src/math. Source: Xen arch/x86/time.c tsc_get_info, gtime_to_gtsc.
 */
import { type DomainTscReport, domainTsc } from '../../math/domain-tsc.js'
import { read, type TimePage } from '../../math/read.js'
import type { StreamTime } from '../time.js'
import { type TscInfo, wallClockNs } from './records.js'
import { sharedTimePage, type XenSave } from './save.js'
import { Expected, type FoundPage, pageHz, scaleOfPage } from './time-page.js'

export const TSC_MODES = ['default', 'always emulate', 'never emulate'] as const

export interface XenFacts {
  /** Of X86_TSC_INFO, or of the HVM context, or as the time page tells it; null: the stream does not say. */
  readonly frequencyHz: bigint | null
  readonly frequencyFrom: string
  /** RDTSC is emulated; null: the stream does not tell. */
  readonly emulated: boolean | null
  /** The guest's own time pages: the latest first, one a vCPU as far as they were found. */
  readonly live: readonly FoundPage[]
  /** vcpu_info[0].time of SHARED_INFO: stale if there is a live one. */
  readonly shared: TimePage | null
  /** The one of these that counts; null: none was ever written. */
  readonly page: TimePage | null
  readonly pageFrom: string
  /** The guest's TSC when it was saved; null: not in the stream. */
  readonly tsc: bigint | null
  readonly tscFrom: string
  /** Xen's system time then: what the guest's page shows at that TSC, else the page's last stamp. */
  readonly systemTimeNs: bigint | null
  readonly systemTimeFrom: string
  /** System time at which an emulated TSC was 0. */
  readonly vtscOffset: bigint | null
  /** UTC at system time 0 of that host, ns since 1970; null: not in the stream (HVM). */
  readonly epochNs: bigint | null
  /** The host's wall clock at the save. */
  readonly wallNs: bigint | null
}

/** A native PV guest's stream has no frequency; Xen renews the scale each second as it calibrates. */
const SHARED_SCALE = 'the scale of SHARED_INFO’s time page'

/** System time at the save: what a page shows at that TSC, else its last stamp. */
function shownTime(page: TimePage | null, tsc: bigint | null): bigint | null {
  return page && (tsc === null ? page.system_time : read(page, tsc).ns)
}

/** A TSC frequency that the core's arithmetic is made for, kHz. */
const MOST_KHZ = 16_000_000

export function xenFacts(save: XenSave): XenFacts {
  const { tsc: info } = save
  const shared = written(sharedTimePage(save))
  const [frequency, from] = frequencyOf(save, shared)
  const domain = domainOf(save)
  const hvmTsc = hvmField(save, 'CPU', 'tsc')
  const scale = domain?.vtscToNs ?? null
  const expected = frequency === null ? null : new Expected({ hz: frequency, scale, shared, tsc: hvmTsc })
  const live = expected ? save.search.live(expected, Math.max(1, save.vcpus.length)) : []
  const page = live[0] ?? shared
  const emulated = domain ? isEmulated(domain, page) : info && info.mode === 2 ? false : null
  const vtscOffset = emulated && !save.hvm && info && page ? offsetOf(info, page) : null
  const tsc = vtscOffset === null ? hvmTsc : emulatedTsc(info!, vtscOffset, vtscOffset + info!.nsec)
  const systemTimeNs = vtscOffset === null ? shownTime(page, tsc) : vtscOffset + info!.nsec
  const epochNs = save.sharedInfo && save.sharedInfo.wc_version > 0 ? wallClockNs(save.sharedInfo) : null
  const native = live[0] && from === SHARED_SCALE
  return {
    frequencyHz: native ? pageHz(scaleOfPage(live[0]!)!) : frequency,
    frequencyFrom: native ? 'the scale of the live time page' : from,
    emulated,
    live,
    shared,
    page,
    pageFrom: live[0] ? whereText(live[0]) : shared ? 'SHARED_INFO, vcpu_info[0]' : 'no time page',
    tsc,
    tscFrom: hvmTsc !== null ? 'HVM_CONTEXT, CPU.tsc' : 'X86_TSC_INFO.nsec, through the emulated scale',
    systemTimeNs,
    systemTimeFrom:
      vtscOffset !== null
        ? 'X86_TSC_INFO.nsec and the time page’s stamp'
        : tsc === null
          ? 'the time page’s last stamp'
          : 'the time page, read at that TSC',
    vtscOffset,
    epochNs,
    wallNs: epochNs === null || systemTimeNs === null ? null : epochNs + systemTimeNs,
  }
}

/** What a policy restores and a simulation begins with; null where the stream has no TSC record or no time page. */
export function xenStreamTime(save: XenSave, facts: XenFacts): StreamTime | null {
  const { tsc: info } = save
  const { frequencyHz, systemTimeNs, wallNs, emulated, tsc, page } = facts
  // Xen refuses any other mode (-EINVAL), and so does the core.
  if (!info || info.mode >= TSC_MODES.length || systemTimeNs === null) return null
  if (frequencyHz === null || !usable(Number(frequencyHz / 1000n))) return null
  const clocks = {
    mode: BigInt(info.mode),
    khz: BigInt(info.khz),
    nsec: info.nsec,
    incarnation: BigInt(info.incarnation),
    ...(save.hvm && tsc !== null && { tsc }),
  }
  const hostTsc = emulated === false && !save.hvm ? page!.tsc_timestamp : null
  return {
    system: 'xen',
    clocks,
    policy: 'xen-today',
    hvm: save.hvm,
    wide: save.pv?.guest_width !== 4,
    host: { uptimeNs: systemTimeNs, wallNs, tsc: hostTsc, timebase: null, frequencyHz },
  }
}

/** `the guest’s vcpu_info at pfn 0x5a31, byte 0x100`. */
function whereText({ pfn, offset }: FoundPage): string {
  return `guest memory, pfn 0x${pfn.toString(16)} + 0x${offset.toString(16)}`
}

function written(page: TimePage | null): TimePage | null {
  return page && scaleOfPage(page) && page.version !== 0 ? page : null
}

function frequencyOf(save: XenSave, shared: TimePage | null): readonly [bigint | null, string] {
  const { tsc } = save
  if (tsc && usable(tsc.khz)) return [BigInt(tsc.khz) * 1000n, 'X86_TSC_INFO.khz']
  const khz = hvmField(save, 'HEADER', 'gtsc_khz')
  if (khz !== null && usable(Number(khz))) return [khz * 1000n, 'HVM_CONTEXT, HEADER.gtsc_khz']
  if (shared) return [pageHz(scaleOfPage(shared)!), SHARED_SCALE]
  return [null, 'the stream does not say']
}

function usable(khz: number): boolean {
  return khz > 0 && khz <= MOST_KHZ
}

/** The emulated TSC of a domain of this age; null for one that has none. */
function domainOf({ tsc, hvm }: XenSave): DomainTscReport | null {
  if (!tsc || tsc.mode > 1 || !usable(tsc.khz)) return null
  // On a host that is not reliable every such domain is emulated; with its age as system time its offset is 0.
  return domainTsc({ ...tsc, now: tsc.nsec, hostKhz: tsc.khz, reliable: false, hvm, at: tsc.nsec })
}

/**
 * The system time at which an emulated PV TSC was 0: the one for which Xen writes exactly this stamp at this system
 * time. A guest that is older than its host has a negative one, and a TSC far away from its age.
 */
export function offsetOf(info: TscInfo, { system_time: at, tsc_timestamp: stamp }: TimePage): bigint {
  const shown = (offset: bigint) => emulatedTsc(info, offset, at)
  if (stamp <= shown(0n)) return least(0n, at, (offset) => shown(offset) <= stamp)
  const ticks = BigInt.asIntN(64, stamp - shown(-1n))
  return -least(1n, OLDEST_NS, (ns) => BigInt.asIntN(64, shown(-ns) - shown(-1n)) >= ticks)
}

/** 36 years: beyond it the scaled difference of two stamps no longer fits. */
const OLDEST_NS = 1n << 60n

/** The least of `low` to `high` from which on `holds`; `high` if none does. */
export function least(low: bigint, high: bigint, holds: (value: bigint) => boolean): bigint {
  let [from, to] = [low, high]
  while (from < to) {
    const middle = (from + to) / 2n
    if (holds(middle)) to = middle
    else from = middle + 1n
  }
  return from
}

/** The TSC of a PV domain, emulated, at a system time. `offset`: as xenFacts has it. */
export function emulatedTsc(info: TscInfo, offset: bigint, at: bigint): bigint {
  const now = BigInt.asUintN(64, offset + info.nsec)
  return domainTsc({
    ...info,
    now,
    hostKhz: info.khz,
    reliable: false,
    hvm: false,
    at: BigInt.asUintN(64, at),
  }).tsc
}

/** In default mode Xen emulates or not as the host allows: an emulated page has exactly the domain's scale. */
function isEmulated({ vtscToNs }: DomainTscReport, page: TimePage | null): boolean | null {
  if (!page) return null
  return page.tsc_to_system_mul === vtscToNs.mul && page.tsc_shift === vtscToNs.shift
}

/** A field of the first save record of that name. */
export function hvmField({ hvmContext }: XenSave, record: string, field: string): bigint | null {
  const value = hvmContext?.records.find(({ name }) => name === record)?.fields?.[field]
  return typeof value === 'bigint' || typeof value === 'number' ? BigInt(value) : null
}
