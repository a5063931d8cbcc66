/**
 * The HVM context: what Xen itself keeps of an HVM or PVH guest. Save records one after the other, the first HEADER,
 * the last END:
 *
 *   u16 type · u16 instance (the vCPU) · u32 length · body
 *
 * Those that have to do with time are decoded, the others named. Source: Xen public/arch-x86/hvm/save.h.
 */
import type { RefuseRecord } from './records.js'

const NAMES = [
  'END',
  'HEADER',
  'CPU',
  'PIC',
  'IOAPIC',
  'LAPIC',
  'LAPIC_REGS',
  'PCI_IRQ',
  'ISA_IRQ',
  'PCI_LINK',
  'PIT',
  'RTC',
  'HPET',
  'PMTIMER',
  'MTRR',
  'VIRIDIAN_DOMAIN',
  'CPU_XSAVE',
  'VIRIDIAN_VCPU',
  'VMCE_VCPU',
  'TSC_ADJUST',
  'CPU_MSR',
] as const
export const HVM_END = 0
export const HVM_HEADER = 1
const HEADER_BYTES = 8
const FILE_MAGIC = 0x54381286
/** Before msr_tsc_aux was added to it, in Xen 3.4, and since. */
const CPU_BYTES = { old: 1024, today: 1032 } as const

export type HvmFields = Readonly<
  Record<string, number | bigint | readonly Readonly<Record<string, number | bigint>>[]>
>

export interface HvmRecord {
  readonly type: number
  /** `type 99` for one that this does not know. */
  readonly name: string
  readonly instance: number
  /** Of its body in the context. */
  readonly at: number
  readonly length: number
  /** null: it has nothing to do with time. */
  readonly fields: HvmFields | null
}

/** Where a field stands in the body of its record, and its width; `old`: in one of that length. */
interface HvmField {
  readonly record: string
  readonly at: number
  readonly bytes: 4 | 8
  readonly old?: { readonly length: number; readonly at: number }
}
export const HVM_FIELDS = {
  'HEADER.gtsc_khz': { record: 'HEADER', at: 20, bytes: 4 },
  'CPU.tsc': { record: 'CPU', at: 1008, bytes: 8, old: { length: CPU_BYTES.old, at: 1000 } },
  'TSC_ADJUST.tsc_adjust': { record: 'TSC_ADJUST', at: 0, bytes: 8 },
} satisfies Record<string, HvmField> as Readonly<
  Record<'HEADER.gtsc_khz' | 'CPU.tsc' | 'TSC_ADJUST.tsc_adjust', HvmField>
>

/** Every save record, in order. */
export function readHvmContext(context: Uint8Array, refuse: RefuseRecord): HvmRecord[] {
  const view = new DataView(context.buffer, context.byteOffset, context.length)
  const records: HvmRecord[] = []
  for (let at = 0; ; ) {
    if (context.length - at < HEADER_BYTES)
      refuse(
        `at ${at} of it ${context.length - at} bytes are left; expected the ${HEADER_BYTES} of a save record`,
      )
    const [type, instance, length] = [
      view.getUint16(at, true),
      view.getUint16(at + 2, true),
      view.getUint32(at + 4, true),
    ]
    const name = NAMES[type] ?? `type ${type}`
    at += HEADER_BYTES
    if (length > context.length - at)
      refuse(
        `save record ${name} at ${at} of it has ${length} bytes; expected at most the ${context.length - at} that are left`,
      )
    if (records.length === 0 && type !== HVM_HEADER)
      refuse(`its first save record is ${name}; expected HEADER`)
    const body = new DataView(context.buffer, context.byteOffset + at, length)
    const wrong: RefuseRecord = (detail) => refuse(`save record ${name} at ${at} of it: ${detail}`)
    records.push({ type, name, instance, at, length, fields: DECODERS[name]?.(body, wrong) ?? null })
    at += length
    if (type !== HVM_END) continue
    if (at !== context.length) refuse(`${context.length - at} bytes come after its END; expected none`)
    return records
  }
}

type Decoder = (body: DataView, refuse: RefuseRecord) => HvmFields

const atLeast = (body: DataView, bytes: number, refuse: RefuseRecord) => {
  if (body.byteLength < bytes) refuse(`it has ${body.byteLength} bytes; expected at least ${bytes}`)
}

const DECODERS: Readonly<Record<string, Decoder>> = {
  HEADER(body, refuse) {
    atLeast(body, 24, refuse)
    const magic = body.getUint32(0, true)
    if (magic !== FILE_MAGIC)
      refuse(`its magic is 0x${magic.toString(16)}; expected 0x${FILE_MAGIC.toString(16)}`)
    return {
      version: body.getUint32(4, true),
      changeset: body.getBigUint64(8, true),
      cpuid: body.getUint32(16, true),
      gtsc_khz: body.getUint32(20, true),
    }
  },
  CPU(body, refuse) {
    if (body.byteLength === CPU_BYTES.old) return { msr_tsc_aux: 0n, tsc: body.getBigUint64(1000, true) }
    atLeast(body, CPU_BYTES.today, refuse)
    return { msr_tsc_aux: body.getBigUint64(1000, true), tsc: body.getBigUint64(1008, true) }
  },
  LAPIC(body, refuse) {
    atLeast(body, 16, refuse)
    return {
      apic_base_msr: body.getBigUint64(0, true),
      disabled: body.getUint32(8, true),
      timer_divisor: body.getUint32(12, true),
      tdt_msr: body.byteLength >= 24 ? body.getBigUint64(16, true) : 0n,
    }
  },
  // The APIC's registers that are its timer (Intel SDM volume 3, table of local APIC registers).
  LAPIC_REGS(body, refuse) {
    atLeast(body, 1024, refuse)
    return {
      lvtt: body.getUint32(0x320, true),
      tmict: body.getUint32(0x380, true),
      tmcct: body.getUint32(0x390, true),
      tdcr: body.getUint32(0x3e0, true),
    }
  },
  PIT(body, refuse) {
    atLeast(body, 56, refuse)
    const channels = [0, 1, 2].map((i) => ({
      count: body.getUint32(16 * i, true),
      mode: body.getUint8(16 * i + 13),
    }))
    return { channels, speaker_data_on: body.getUint32(48, true) }
  },
  RTC(body, refuse) {
    atLeast(body, 16, refuse)
    const cmos = (index: number) => body.getUint8(index)
    return {
      seconds: cmos(0),
      minutes: cmos(2),
      hours: cmos(4),
      day: cmos(7),
      month: cmos(8),
      year: cmos(9),
      register_a: cmos(10),
      register_b: cmos(11),
      rtc_offset: body.byteLength >= 24 ? body.getBigInt64(16, true) : 0n,
    }
  },
  HPET(body, refuse) {
    atLeast(body, 0x160, refuse)
    const timers = [0, 1, 2].map((i) => ({
      config: body.getBigUint64(0x100 + 32 * i, true),
      comparator: body.getBigUint64(0x108 + 32 * i, true),
    }))
    return { config: body.getBigUint64(0x10, true), mc64: body.getBigUint64(0xf0, true), timers }
  },
  PMTIMER(body, refuse) {
    atLeast(body, 8, refuse)
    return { tmr_val: body.getUint32(0, true) }
  },
  VIRIDIAN_DOMAIN(body, refuse) {
    atLeast(body, 16, refuse)
    const later = (at: number) => (body.byteLength >= at + 8 ? body.getBigUint64(at, true) : 0n)
    return { guest_os_id: body.getBigUint64(8, true), time_ref_count: later(16), reference_tsc: later(24) }
  },
  TSC_ADJUST(body, refuse) {
    atLeast(body, 8, refuse)
    return { tsc_adjust: body.getBigUint64(0, true) }
  },
  CPU_MSR(body, refuse) {
    atLeast(body, 8, refuse)
    const count = body.getUint32(0, true)
    const there = Math.floor((body.byteLength - 8) / 16)
    if (count > there) refuse(`it says ${count} MSRs and has room for ${there}; expected no more`)
    const msrs = Array.from({ length: count }, (_, i) => ({
      index: body.getUint32(8 + 16 * i, true),
      value: body.getBigUint64(16 + 16 * i, true),
    }))
    return { msrs }
  },
}
