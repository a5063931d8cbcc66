/**
 * The page from which a guest reads time, and where the live one is.
 *
 *   vcpu_time_info  +0 u32 version · +4 u32 0 · +8 u64 tsc_timestamp · +16 u64 system_time ·
 *                   +24 u32 tsc_to_system_mul · +28 s8 tsc_shift · +29 u8 flags · +30 2 bytes 0
 *
 * A guest begins with the one in shared_info. Linux then registers a vcpu_info of its own (VCPUOP_register_vcpu_info)
 * and often a second copy of the time alone (VCPUOP_register_vcpu_time_memory_area): from then on Xen writes there,
 * and the one in shared_info stands still. The stream does not say where they are, so they are looked for by what
 * they must be: version even and not 0, paddings 0, a normalised multiplier, a rate that is the domain's, and the clock
 * of this boot of the host. What passes may still be a copy that a program made; copies are older, so the latest is the
 * live one, and if it is not later than SHARED_INFO's, that one is.
 *
 * Sources: Xen public/xen.h struct vcpu_time_info, public/vcpu.h; Linux asm/pvclock-abi.h.
 */
import type { TimePage } from '../../math/read.js'
import { type Scale, scaleRate } from '../../math/scale.js'
import { PAGE_BYTES } from './format.js'

export const VCPU_INFO_BYTES = 64
/** Of the time in a vcpu_info. */
export const VCPU_INFO_TIME = 32
export const TIME_BYTES = 32

export const TIME_OFFSETS = {
  version: 0,
  tsc_timestamp: 8,
  system_time: 16,
  tsc_to_system_mul: 24,
  tsc_shift: 28,
  flags: 29,
} as const

/** Words of 32 bits. */
const MUL_WORD = 6
const WORDS = PAGE_BYTES / 4
const MOST_SHIFT = 32
/** Copies of it in a guest's memory are some tens; a guest that is full of them is not ours to remember. */
const MOST_CANDIDATES = 4096

export interface FoundPage extends TimePage {
  readonly pfn: bigint
  /** In the page. */
  readonly offset: number
  /** Of its first byte in the file. */
  readonly at: number
}

export function readTimePage(bytes: Uint8Array, at = 0): TimePage {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, TIME_BYTES)
  return {
    version: view.getUint32(TIME_OFFSETS.version, true),
    tsc_timestamp: view.getBigUint64(TIME_OFFSETS.tsc_timestamp, true),
    system_time: view.getBigUint64(TIME_OFFSETS.system_time, true),
    tsc_to_system_mul: view.getUint32(TIME_OFFSETS.tsc_to_system_mul, true),
    tsc_shift: view.getInt8(TIME_OFFSETS.tsc_shift),
    flags: view.getUint8(TIME_OFFSETS.flags),
  }
}

/** The scale of a page; null for one that was never written. */
export function scaleOfPage({ tsc_to_system_mul: mul, tsc_shift: shift }: TimePage): Scale | null {
  return mul === 0 ? null : { mul, shift }
}

/** Hz of the TSC that a page describes, cut. */
export function pageHz(scale: Scale): bigint {
  const { num, den } = scaleRate(scale)
  return (1_000_000_000n * den) / num
}

/** Collects what may be a time page while pages go by. */
export class TimePageSearch {
  readonly #page = new Uint8Array(PAGE_BYTES)
  readonly #words = new Uint32Array(this.#page.buffer)
  readonly #found: FoundPage[] = []

  get candidates(): readonly FoundPage[] {
    return this.#found
  }

  /** `at`: of the page in the file. */
  look(pfn: bigint, bytes: Uint8Array, at: number): void {
    this.#page.set(bytes)
    const words = this.#words
    // Fields of 64 bits lie at multiples of 8, so the multiplier is at an even word.
    for (let mul = MUL_WORD; mul < WORDS - 1; mul += 2) {
      if (words[mul]! < 0x80000000 || words[mul + 1]! > 0xffff || !this.#fits(mul)) continue
      const offset = 4 * (mul - MUL_WORD)
      if (this.#found.length === MOST_CANDIDATES) return
      this.#found.push({ ...readTimePage(this.#page, offset), pfn, offset, at: at + offset })
    }
  }

  #fits(mul: number): boolean {
    const words = this.#words
    const shiftAndFlags = words[mul + 1]!
    const [shift, flags] = [(shiftAndFlags << 24) >> 24, shiftAndFlags >>> 8]
    if (flags > 3 || shift < -MOST_SHIFT || shift > MOST_SHIFT) return false
    const version = words[mul - 6]!
    if (version === 0 || (version & 1) !== 0 || words[mul - 5] !== 0) return false
    const systemTimeHigh = words[mul - 1]!
    return systemTimeHigh < 0x80000000 && (systemTimeHigh !== 0 || words[mul - 2] !== 0)
  }

  /** The live pages, vCPU by vCPU as far as they can be told apart; empty where there is none. */
  live(expected: Expected, vcpus: number): FoundPage[] {
    const fitting = this.#found.filter((page) => expected.fits(page))
    const exact = fitting.filter((page) => expected.exact(page))
    const pages = (exact.length > 0 ? exact : fitting).sort((a, b) => expected.laterFirst(a, b))
    const [first] = pages
    if (!first || expected.isStale(first)) return []
    // Linux has one vcpu_info a CPU at the same place of each CPU's own pages.
    const others = pages.filter(({ pfn, offset }) => pfn !== first.pfn && offset === first.offset)
    return [first, ...others].slice(0, vcpus)
  }
}

/** What is known of a domain's clock before its page is found. */
export interface KnownClock {
  /** About this rate, 2 % either way. */
  readonly hz: bigint
  /** Exactly this scale, where the TSC is emulated. */
  readonly scale: Scale | null
  /** The page of SHARED_INFO: of this boot of the host, and live until the guest registers another. */
  readonly shared: TimePage | null
  /** The TSC of an HVM guest at the save: it goes on from host to host, which system time does not. */
  readonly tsc: bigint | null
}

/** What a domain's live time page must look like, and which of two is later. */
export class Expected {
  readonly #known: KnownClock

  constructor(known: KnownClock) {
    this.#known = known
  }

  fits(page: TimePage): boolean {
    const { hz, shared, tsc } = this.#known
    if (!near(pageHz(scaleOfPage(page)!), hz, 0n)) return false
    if (tsc !== null && BigInt.asIntN(64, tsc - page.tsc_timestamp) < 0n) return false
    return shared === null || this.#sameHost(page, shared)
  }

  exact({ tsc_to_system_mul: mul, tsc_shift: shift }: TimePage): boolean {
    const { scale } = this.#known
    return scale?.mul === mul && scale.shift === shift
  }

  /** A copy of SHARED_INFO's page, or older than that: then that one is live. */
  isStale({ system_time }: TimePage): boolean {
    return this.#known.shared !== null && system_time <= this.#known.shared.system_time
  }

  /** Later first; of equals the one that lies in a vcpu_info, then the lower one. */
  laterFirst(a: FoundPage, b: FoundPage): number {
    const time = this.#known.tsc === null ? 'system_time' : 'tsc_timestamp'
    if (a[time] !== b[time]) return a[time] > b[time] ? -1 : 1
    const outside = ({ offset }: FoundPage) => (offset % VCPU_INFO_BYTES === VCPU_INFO_TIME ? 0 : 1)
    return outside(a) - outside(b) || a.at - b.at
  }

  /** Between two pages of one boot of a host as many ns go by as the ticks between them take. */
  #sameHost(a: TimePage, b: TimePage): boolean {
    const ticks = BigInt.asIntN(64, a.tsc_timestamp - b.tsc_timestamp)
    return near((ticks * 1_000_000_000n) / this.#known.hz, a.system_time - b.system_time, SLACK_NS)
  }
}

/** Of two stamps that were written within one calibration. */
const SLACK_NS = 1_000_000n

/** 2 % either way, which is more than Xen's calibration strays in a second. */
function near(value: bigint, wanted: bigint, slack: bigint): boolean {
  const size = (x: bigint) => (x < 0n ? -x : x)
  return size(value - wanted) <= size(wanted) / 50n + slack
}
