/**
 * The page from which a guest reads time, and where the live one is.
 *
 *   vcpu_time_info  +0 u32 version · +4 u32 0 · +8 u64 tsc_timestamp · +16 u64 system_time ·
 *                   +24 u32 tsc_to_system_mul · +28 s8 tsc_shift · +29 u8 flags · +30 2 bytes 0
 *
 * A guest begins with the one in shared_info. Linux then registers a vcpu_info of its own (VCPUOP_register_vcpu_info)
 * and often a second copy of the time alone (VCPUOP_register_vcpu_time_memory_area): from then on Xen writes there,
 * and the one in shared_info stands still. The stream does not say where they are, so they are looked for by what
 * they must be: version even and not 0, paddings 0, a normalised multiplier, and a rate that is the domain's. What
 * passes may still be a copy that a program made; copies are older, so the latest system_time is the live one.
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
    const pages = exact.length > 0 ? exact : fitting
    const first = [...pages].sort(laterFirst)[0]
    if (!first) return []
    // Linux has one vcpu_info a CPU at the same place of each CPU's own pages.
    const others = pages.filter(({ pfn, offset }) => pfn !== first.pfn && offset === first.offset)
    return [first, ...others.sort(laterFirst)].slice(0, vcpus)
  }
}

/** Later first; of equals the one that lies in a vcpu_info, then the lower one. */
function laterFirst(a: FoundPage, b: FoundPage): number {
  if (a.system_time !== b.system_time) return a.system_time > b.system_time ? -1 : 1
  const outside = ({ offset }: FoundPage) => (offset % VCPU_INFO_BYTES === VCPU_INFO_TIME ? 0 : 1)
  return outside(a) - outside(b) || a.at - b.at
}

/** What a domain's time page must look like. */
export class Expected {
  readonly #hz: bigint
  readonly #scale: Scale | null

  /** `scale`: exactly this one, where the TSC is emulated. `hz`: about this rate, 2 % either way. */
  constructor(hz: bigint, scale: Scale | null) {
    this.#hz = hz
    this.#scale = scale
  }

  fits(page: TimePage): boolean {
    const off = pageHz(scaleOfPage(page)!) - this.#hz
    return (off < 0n ? -off : off) * 50n <= this.#hz
  }

  exact({ tsc_to_system_mul: mul, tsc_shift: shift }: TimePage): boolean {
    return this.#scale?.mul === mul && this.#scale.shift === shift
  }
}
