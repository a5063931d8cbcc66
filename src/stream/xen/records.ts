/**
 * The bodies of libxc records, decoded. Lengths are checked by the reader (SHAPES) before they come here, but for
 * those that depend on another field. Layouts: Xen public/xen.h, public/arch-x86/xen*.h, public/domctl.h.
 */
import type { TimePage } from '../../math/read.js'
import { PAGE_BYTES, PFN_MASK } from './format.js'
import { readTimePage, VCPU_INFO_BYTES, VCPU_INFO_TIME } from './time-page.js'

/** Says what is wrong with a record, and does not come back. */
export type RefuseRecord = (detail: string) => never

export interface TscInfo {
  /** 0 default, 1 always emulate, 2 never emulate. */
  readonly mode: number
  readonly khz: number
  /** Of the guest's own time, since it was created. */
  readonly nsec: bigint
  readonly incarnation: number
}

export const TSC_INFO_FIELDS = { mode: 0, khz: 4, nsec: 8, incarnation: 16 } as const

export function readTscInfo(body: Uint8Array): TscInfo {
  const view = viewOf(body)
  return {
    mode: view.getUint32(TSC_INFO_FIELDS.mode, true),
    khz: view.getUint32(TSC_INFO_FIELDS.khz, true),
    nsec: view.getBigUint64(TSC_INFO_FIELDS.nsec, true),
    incarnation: view.getUint32(TSC_INFO_FIELDS.incarnation, true),
  }
}

export interface WallClock {
  readonly wc_version: number
  readonly wc_sec: number
  readonly wc_nsec: number
  readonly wc_sec_hi: number
}

export interface SharedInfo extends WallClock {
  /** vcpu_info[0..31].time */
  readonly time: readonly TimePage[]
}

/** Where wc_version, wc_sec, wc_nsec and wc_sec_hi are: in a guest of 64 bits and of 32. */
export const WALL_CLOCK_OFFSETS = {
  wide: { wc_version: 3072, wc_sec: 3076, wc_nsec: 3080, wc_sec_hi: 3084 },
  compat: { wc_version: 2304, wc_sec: 2308, wc_nsec: 2312, wc_sec_hi: 2340 },
} as const
const LEGACY_VCPUS = 32

export function readSharedInfo(body: Uint8Array, wide: boolean): SharedInfo {
  const view = viewOf(body)
  const at = wide ? WALL_CLOCK_OFFSETS.wide : WALL_CLOCK_OFFSETS.compat
  return {
    wc_version: view.getUint32(at.wc_version, true),
    wc_sec: view.getUint32(at.wc_sec, true),
    wc_nsec: view.getUint32(at.wc_nsec, true),
    wc_sec_hi: view.getUint32(at.wc_sec_hi, true),
    time: Array.from({ length: LEGACY_VCPUS }, (_, i) =>
      readTimePage(body, i * VCPU_INFO_BYTES + VCPU_INFO_TIME),
    ),
  }
}

/** UTC at system time 0, ns since the epoch. */
export function wallClockNs({ wc_sec, wc_nsec, wc_sec_hi }: WallClock): bigint {
  return ((BigInt(wc_sec_hi) << 32n) | BigInt(wc_sec)) * 1_000_000_000n + BigInt(wc_nsec)
}

export interface PvInfo {
  /** Octets: 4 or 8. */
  readonly guest_width: number
  readonly pt_levels: number
}

export function readPvInfo(body: Uint8Array, refuse: RefuseRecord): PvInfo {
  const [guest_width, pt_levels] = [body[0]!, body[1]!]
  if (guest_width !== 4 && guest_width !== 8) refuse(`guest_width is ${guest_width}; expected 4 or 8`)
  if (pt_levels !== 3 && pt_levels !== 4) refuse(`pt_levels is ${pt_levels}; expected 3 or 4`)
  return { guest_width, pt_levels }
}

/** Frames of the guest's P2M table, which covers pfns from start to end, both included. */
export function readP2mFrames(body: Uint8Array, width: number, refuse: RefuseRecord) {
  const view = viewOf(body)
  const [start_pfn, end_pfn] = [view.getUint32(0, true), view.getUint32(4, true)]
  const each = PAGE_BYTES / width
  const frames = Math.floor(end_pfn / each) - Math.floor(start_pfn / each) + 1
  const there = (body.length - 8) / 8
  if (end_pfn < start_pfn || frames !== there)
    refuse(`it has ${there} frames for the pfns ${start_pfn} to ${end_pfn}; expected ${Math.max(frames, 1)}`)
  return { start_pfn, end_pfn, frames }
}

/** The vCPU that a record of X86_PV_VCPU_* is of. */
export function readVcpuId(body: Uint8Array): number {
  return viewOf(body).getUint32(0, true)
}

/** struct vcpu_guest_context of a guest of 64 bits and of 32: its length and the fields that are shown. */
const CONTEXTS = {
  wide: { bytes: 5168, flags: 512, ip: 648, user_flags: 664, sp: 672, cr3: 5008, vm_assist: 5136 },
  compat: { bytes: 2800, flags: 512, ip: 548, user_flags: 556, sp: 560, cr3: 2728, vm_assist: 2796 },
} as const

export function readVcpuBasic(body: Uint8Array, wide: boolean, refuse: RefuseRecord) {
  const layout = wide ? CONTEXTS.wide : CONTEXTS.compat
  const context = body.subarray(8)
  if (context.length !== layout.bytes)
    refuse(`its context has ${context.length} bytes; expected ${layout.bytes}`)
  const view = viewOf(context)
  const word = (at: number) => (wide ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true)))
  return {
    vcpu_id: readVcpuId(body),
    flags: word(layout.flags),
    ip: word(layout.ip),
    eflags: word(layout.user_flags),
    sp: word(layout.sp),
    cr3: word(layout.cr3),
    vm_assist: word(layout.vm_assist),
  }
}

/** struct xen_domctl_ext_vcpucontext. */
export function readVcpuExtended(body: Uint8Array, refuse: RefuseRecord) {
  if (body.length < 48) refuse(`its body has ${body.length} bytes; expected at least 48`)
  const view = viewOf(body)
  return {
    vcpu_id: readVcpuId(body),
    size: view.getUint32(12, true),
    syscall32_callback_eip: view.getBigUint64(16, true),
    sysenter_callback_eip: view.getBigUint64(24, true),
  }
}

/** xcr0, xcr0_accum and the XSAVE area behind them; a vCPU that never had one has nothing. */
export function readVcpuXsave(body: Uint8Array, refuse: RefuseRecord) {
  const length = body.length - 8
  if (length !== 0 && length < 16) refuse(`its context has ${length} bytes; expected 0 or at least 16`)
  const view = viewOf(body)
  const vcpu_id = readVcpuId(body)
  if (length === 0) return { vcpu_id, xcr0: 0n, xcr0_accum: 0n, area_bytes: 0 }
  const [xcr0, xcr0_accum] = [view.getBigUint64(8, true), view.getBigUint64(16, true)]
  return { vcpu_id, xcr0, xcr0_accum, area_bytes: length - 16 }
}

export interface Msr {
  readonly index: number
  readonly value: bigint
}

/** struct xen_domctl_vcpu_msr or xen_msr_entry: u32 index · u32 0 · u64 value. */
export function readMsrs(entries: Uint8Array): Msr[] {
  const view = viewOf(entries)
  return Array.from({ length: entries.length / 16 }, (_, i) => ({
    index: view.getUint32(16 * i, true),
    value: view.getBigUint64(16 * i + 8, true),
  }))
}

export function readVcpuMsrs(body: Uint8Array) {
  return { vcpu_id: readVcpuId(body), msrs: readMsrs(body.subarray(8)) }
}

/** HVM parameters by index (public/hvm/params.h). */
export function readHvmParams(body: Uint8Array, refuse: RefuseRecord): Map<bigint, bigint> {
  const view = viewOf(body)
  const count = view.getUint32(0, true)
  const there = (body.length - 8) / 16
  if (count !== there) refuse(`it says ${count} parameters and has ${there}; expected as many`)
  const pair = (i: number): [bigint, bigint] => [
    view.getBigUint64(8 + 16 * i, true),
    view.getBigUint64(16 + 16 * i, true),
  ]
  return new Map(Array.from({ length: there }, (_, i) => pair(i)))
}

/** A guest frame of a page entry. */
export function pfnOf(entry: bigint): bigint {
  return entry & PFN_MASK
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
