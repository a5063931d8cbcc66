/**
 * Fields of a Xen stream that `--set` can change, and what depends on each. The stream keeps its length, so a copy is
 * the file with these bytes replaced.
 *
 *   tsc.khz     of an emulated TSC: scale and tsc_timestamp of the live time page and of SHARED_INFO's, so that they
 *               tell the same time as before; HVM also HEADER.gtsc_khz
 *   tsc.nsec    of an emulated PV TSC: their tsc_timestamp, which is the age at their system_time
 *   hvm.tsc     their tsc_timestamp, by the same difference
 *
 * All others stand alone.
 */
import { read, type TimePage } from '../math/read.js'
import { scale } from '../math/scale.js'
import { StreamError } from '../stream/error.js'
import { emulatedTsc, least, type XenFacts, xenFacts } from '../stream/xen/facts.js'
import { HVM_FIELDS } from '../stream/xen/hvm.js'
import { TSC_INFO_FIELDS, type TscInfo, WALL_CLOCK_OFFSETS } from '../stream/xen/records.js'
import { readXenSave, type XenSave } from '../stream/xen/save.js'
import { TIME_OFFSETS, VCPU_INFO_TIME } from '../stream/xen/time-page.js'
import type { Changed } from './format.js'
import { copyPatched, type Patch } from './patch.js'

type Width = 1 | 2 | 4 | 8

/** Where a field is in this stream; null: it has none. */
interface Place {
  readonly at: number
  readonly bytes: Width
  readonly signed?: true
}

interface FieldSpec {
  readonly form: string
  readonly place: (save: XenSave, facts: XenFacts) => Place | null
}

const U32 = 'a whole number below 2^32'
const U64 = 'a whole number below 2^64'

const inTsc = (field: keyof typeof TSC_INFO_FIELDS, bytes: Width, form: string): FieldSpec => ({
  form,
  place: ({ tsc }) => tsc && { at: tsc.at + TSC_INFO_FIELDS[field], bytes },
})

const inWallClock = (field: keyof (typeof WALL_CLOCK_OFFSETS)['wide']): FieldSpec => ({
  form: U32,
  place: ({ sharedInfo, pv }) => {
    if (!sharedInfo) return null
    const offsets = pv?.guest_width === 4 ? WALL_CLOCK_OFFSETS.compat : WALL_CLOCK_OFFSETS.wide
    return { at: sharedInfo.at + offsets[field], bytes: 4 }
  },
})

/** `page`: of the time page that `inspect` shows; `shared`: of vcpu_info[0] in SHARED_INFO. */
const inPage = (
  which: 'page' | 'shared',
  field: keyof typeof TIME_OFFSETS,
  bytes: Width,
  form: string,
): readonly [string, FieldSpec] => [
  `${which}.${field}`,
  {
    form,
    place: (save, facts) => {
      const start = which === 'page' ? pageAt(save, facts) : sharedAt(save)
      if (start === null) return null
      return { at: start + TIME_OFFSETS[field], bytes, ...(field === 'tsc_shift' && { signed: true }) }
    },
  },
]

const pageFields = (which: 'page' | 'shared') =>
  Object.fromEntries([
    inPage(which, 'version', 4, U32),
    inPage(which, 'tsc_timestamp', 8, U64),
    inPage(which, 'system_time', 8, U64),
    inPage(which, 'tsc_to_system_mul', 4, U32),
    inPage(which, 'tsc_shift', 1, 'a whole number from -128 to 127'),
    inPage(which, 'flags', 1, 'a whole number from 0 to 255'),
  ])

const inHvm = (field: keyof typeof HVM_FIELDS, form: string): FieldSpec => ({
  form,
  place: ({ hvmContext }) => {
    const { record, at, bytes, old } = HVM_FIELDS[field]
    const found = hvmContext?.records.find(({ name }) => name === record)
    if (!hvmContext || !found) return null
    return { at: hvmContext.at + found.at + (old?.length === found.length ? old.at : at), bytes }
  },
})

const FIELDS: Readonly<Record<string, FieldSpec>> = {
  'tsc.mode': inTsc('mode', 4, '0 (default), 1 (always emulate) or 2 (never emulate)'),
  'tsc.khz': inTsc('khz', 4, U32),
  'tsc.nsec': inTsc('nsec', 8, U64),
  'tsc.incarnation': inTsc('incarnation', 4, U32),
  'wc.version': inWallClock('wc_version'),
  'wc.sec': inWallClock('wc_sec'),
  'wc.nsec': inWallClock('wc_nsec'),
  'wc.sec_hi': inWallClock('wc_sec_hi'),
  ...pageFields('page'),
  ...pageFields('shared'),
  'hvm.gtsc_khz': inHvm('HEADER.gtsc_khz', U32),
  'hvm.tsc': inHvm('CPU.tsc', U64),
  'hvm.tsc_adjust': inHvm('TSC_ADJUST.tsc_adjust', U64),
}

export const xenFields = Object.entries(FIELDS).map(([name, { form }]) => ({ name, form }))

/** Writes a copy of `path` to `out` with these fields changed, all or nothing. Throws StreamError. */
export function changeXen(path: string, out: string, changes: ReadonlyMap<string, string>): Changed[] {
  const save = readXenSave(path)
  const facts = xenFacts(save)
  const asked = new Map([...changes].map(([name, text]) => [name, parse(save, facts, name, text)]))
  // What was asked for stands before what follows from it.
  const values = new Map([...dependants(save, facts, asked), ...asked])
  const patches: Patch[] = []
  const changed: Changed[] = []
  const current = currentValues(save, facts)
  for (const [field, value] of values) {
    const place = FIELDS[field]!.place(save, facts)!
    const from = current.get(field)!
    if (from === value) continue
    patches.push({ at: place.at, bytes: bytesOf(place, value) })
    changed.push({ field, from: `${from}`, to: `${value}` })
  }
  copyPatched(path, out, patches)
  return changed.sort((a, b) => Number(asked.has(b.field)) - Number(asked.has(a.field)))
}

function parse(save: XenSave, facts: XenFacts, name: string, text: string): bigint {
  const refuse = (detail: string): never => {
    throw new StreamError(save.fileName, `--set ${name}`, detail)
  }
  const spec = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
  const place = spec?.place(save, facts)
  if (!spec || !place) {
    const there = Object.keys(FIELDS).filter((field) => FIELDS[field]!.place(save, facts))
    return refuse(`there is no such field in this stream; expected one of ${there.join(', ')}`)
  }
  const wrong = () => refuse(`${JSON.stringify(text)} does not fit; expected ${spec.form}`)
  if (!/^(-?\d{1,20}|0x[\da-f]{1,16})$/i.test(text)) return wrong()
  const value = BigInt(text)
  const bits = 8 * place.bytes
  if ((place.signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) !== value) return wrong()
  if (name === 'tsc.mode' && value > 2n) return wrong()
  return value
}

function bytesOf({ bytes }: Place, value: bigint): Buffer {
  const field = Buffer.alloc(8)
  field.writeBigUInt64LE(BigInt.asUintN(64, value))
  return field.subarray(0, bytes)
}

/** Byte of the file at which the time page that is shown begins. */
function pageAt(save: XenSave, { live, shared }: XenFacts): number | null {
  return live[0]?.at ?? (shared && sharedAt(save))
}

function sharedAt({ sharedInfo }: XenSave): number | null {
  return sharedInfo && sharedInfo.at + VCPU_INFO_TIME
}

function currentValues(save: XenSave, facts: XenFacts): Map<string, bigint> {
  const { tsc, sharedInfo, hvmContext } = save
  const hvm = (record: string, field: string) =>
    hvmContext?.records.find(({ name }) => name === record)?.fields?.[field] as bigint | number | undefined
  const values: Readonly<Record<string, bigint | number | undefined>> = {
    'tsc.mode': tsc?.mode,
    'tsc.khz': tsc?.khz,
    'tsc.nsec': tsc?.nsec,
    'tsc.incarnation': tsc?.incarnation,
    'wc.version': sharedInfo?.wc_version,
    'wc.sec': sharedInfo?.wc_sec,
    'wc.nsec': sharedInfo?.wc_nsec,
    'wc.sec_hi': sharedInfo?.wc_sec_hi,
    ...named('page', facts.page),
    ...named('shared', sharedInfo?.time[0] ?? null),
    'hvm.gtsc_khz': hvm('HEADER', 'gtsc_khz'),
    'hvm.tsc': hvm('CPU', 'tsc'),
    'hvm.tsc_adjust': hvm('TSC_ADJUST', 'tsc_adjust'),
  }
  return new Map(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, BigInt(value)]])),
  )
}

function named(which: string, page: TimePage | null): Record<string, bigint | number> {
  return Object.fromEntries(Object.entries(page ?? {}).map(([name, value]) => [`${which}.${name}`, value]))
}

// ---- what depends on what

/** Fields that follow from those that were asked for; one that was asked for itself does not follow. */
function dependants(save: XenSave, facts: XenFacts, asked: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const follow = new Map<string, bigint>()
  const { page, live, shared, emulated, systemTimeNs, tsc } = facts
  const { tsc: info, hvm } = save
  if (!info || !page || !emulated || systemTimeNs === null || (hvm && tsc === null)) return follow
  if (!['tsc.khz', 'tsc.nsec', 'hvm.tsc'].some((name) => asked.has(name))) return follow
  const khz = Number(asked.get('tsc.khz') ?? info.khz)
  const nsec = asked.get('tsc.nsec') ?? info.nsec
  if (khz === 0)
    throw new StreamError(
      save.fileName,
      '--set tsc.khz',
      'an emulated TSC needs a frequency; expected 1 or more',
    )
  const { mul, shift } = scale(BigInt(khz) * 1000n).toNs.xen
  const pages = { page, ...(live.length > 0 && shared && { shared }) }
  for (const [which, one] of Object.entries(pages)) {
    const stamp = hvm
      ? hvmStamp(one, info, khz, tsc!, asked.get('hvm.tsc') ?? tsc!)
      : emulatedTsc({ ...info, khz, nsec }, systemTimeNs - nsec, one.system_time)
    follow.set(`${which}.tsc_to_system_mul`, BigInt(mul)).set(`${which}.tsc_shift`, BigInt(shift))
    follow.set(`${which}.tsc_timestamp`, stamp)
  }
  if (hvm) follow.set('hvm.gtsc_khz', BigInt(khz))
  return follow
}

/** An HVM guest's TSC stands in its CPU's state: the stamp is as many ns before that as it was. */
function hvmStamp(page: TimePage, info: TscInfo, khz: number, tsc: bigint, now: bigint): bigint {
  const ticks = BigInt.asUintN(64, tsc - page.tsc_timestamp)
  if (khz === info.khz) return BigInt.asUintN(64, now - ticks)
  const inTicks = (atKhz: number, ns: bigint) => emulatedTsc({ ...info, khz: atKhz, nsec: 0n }, 0n, ns)
  // Reading them back is a little off, one part in 2^31: what makes exactly these ticks is near.
  const nearly = read(page, tsc).ns - page.system_time
  const off = (nearly >> 28n) + 4n
  const from = nearly > off ? nearly - off : 0n
  const before = least(from, nearly + off, (ns) => inTicks(info.khz, ns) >= ticks)
  return BigInt.asUintN(64, now - inTicks(khz, before))
}
