/** Guests that Xen has saved: `xl save` and what is in it. */
import type { TimePage } from '../math/read.js'
import { formatHz } from '../scenario/units.js'
import { TSC_MODES, type XenFacts, xenFacts, xenStreamTime } from '../stream/xen/facts.js'
import { isXenStream } from '../stream/xen/read.js'
import { readXenSave, type XenSave } from '../stream/xen/save.js'
import type { FoundPage } from '../stream/xen/time-page.js'
import type { Detail, Format, ImpliedPolicy, Inspection, Row, Section } from './format.js'
import { resumeFrom } from './resume.js'
import { instantText, secondsText } from './text.js'
import { changeXen, xenFields } from './xen-fields.js'

export const xenFormat: Format = {
  id: 'xen',
  title: 'a guest saved by Xen (xl save, libxl or libxc stream)',
  recognises: isXenStream,
  inspect: (path, onRead) => inspectXen(readXenSave(path, onRead)),
  fields: xenFields,
  change: changeXen,
}

function inspectXen(save: XenSave): Inspection {
  const facts = xenFacts(save)
  const time = xenStreamTime(save, facts)
  const { libxc, fileName } = save
  const name = nameOf(save)
  return {
    format: xenFormat.id,
    title: `${kindOf(save)} guest${name === null ? '' : ` ${name}`}, saved by Xen ${libxc.xenMajor}.${libxc.xenMinor}`,
    sections: sections(save, facts),
    details: details(save, facts),
    policies: impliedBy(save, facts),
    time,
    ...(time && { resume: (host) => resumeFrom(fileName, time, host, facts.tsc) }),
  }
}

/** What libxl's configuration says beyond PV or not. */
function kindOf({ hvm, config }: XenSave): string {
  const type = textAt(config, 'c_info', 'type')
  return hvm ? (type === 'pvh' ? 'PVH' : 'HVM') : 'PV'
}

function nameOf({ config }: XenSave): string | null {
  return textAt(config, 'c_info', 'name')
}

/** A text in JSON that nobody has checked, without what a terminal would obey. */
function textAt(json: unknown, ...path: readonly string[]): string | null {
  let at = json
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return null
    at = Object.getOwnPropertyDescriptor(at, key)?.value
  }
  return typeof at === 'string' ? at.slice(0, 100).replace(/\p{C}/gu, '?') : null
}

// ---- for people

function sections(save: XenSave, facts: XenFacts): Section[] {
  const { hvmContext } = save
  return [
    { title: 'TSC', rows: tscRows(save, facts) },
    { title: 'time at the save', rows: timeRows(save, facts) },
    ...facts.live.map((page, i) => ({
      title: `vcpu_time_info, live${i > 0 ? `, another vCPU’s (${i})` : ''}: ${placeText(page)}`,
      rows: pageRows(page),
    })),
    ...(facts.shared
      ? [
          {
            title: `vcpu_time_info, vcpu_info[0] of SHARED_INFO${facts.live.length > 0 ? ': stale' : ''}`,
            rows: pageRows(facts.shared),
          },
        ]
      : []),
    ...(hvmContext ? [{ title: 'HVM context', rows: hvmRows(save) }] : []),
    { title: 'stream', rows: streamRows(save) },
  ]
}

function tscRows({ tsc, hvm }: XenSave, { frequencyHz, frequencyFrom, emulated, ...facts }: XenFacts): Row[] {
  const rows: Row[] = []
  if (tsc) {
    const meaning = TSC_MODES[tsc.mode] ?? 'unknown to Xen'
    const how = emulated === null ? '' : emulated ? ', emulated' : ', native'
    rows.push({ name: 'mode', value: `${tsc.mode}, ${meaning}${how}` })
  }
  if (frequencyHz !== null)
    rows.push({ name: 'frequency', value: formatHz(frequencyHz), note: `from ${frequencyFrom}` })
  if (tsc) {
    rows.push({
      name: 'nsec',
      value: secondsText(tsc.nsec),
      note: tsc.mode === 2 ? 'native: not counted' : 'the guest’s age, as Xen counts it',
    })
    rows.push({ name: 'incarnation', value: `${tsc.incarnation}` })
  }
  if (facts.tsc !== null)
    rows.push({ name: 'guest’s TSC', value: `${facts.tsc}`, note: `from ${facts.tscFrom}` })
  else if (!hvm)
    rows.push({
      name: 'guest’s TSC',
      value: 'the host’s',
      note: 'not in the stream; the page has its last stamp',
    })
  if (facts.vtscOffset !== null)
    rows.push({
      name: 'vtsc_offset',
      value: secondsText(facts.vtscOffset),
      note: 'system time at which the TSC was 0',
    })
  return rows
}

function timeRows({ sharedInfo, hvm }: XenSave, facts: XenFacts): Row[] {
  const rows: Row[] = []
  if (facts.systemTimeNs !== null)
    rows.push({
      name: 'system time',
      value: secondsText(facts.systemTimeNs),
      note: `the host’s uptime; from ${facts.systemTimeFrom}`,
    })
  if (sharedInfo && facts.epochNs !== null) {
    const version = `wc_version ${sharedInfo.wc_version}`
    rows.push({
      name: 'epoch',
      value: instantText(facts.epochNs),
      note: `wc_*, ${version}: UTC at system time 0`,
    })
  } else
    rows.push({
      name: 'epoch',
      value: 'not in the stream',
      note: hvm ? 'Xen keeps an HVM guest’s shared_info' : 'never written',
    })
  if (facts.wallNs !== null)
    rows.push({ name: 'wall clock', value: instantText(facts.wallNs), note: 'epoch + system time' })
  rows.push({ name: 'shown from', value: facts.pageFrom })
  return rows
}

function placeText({ pfn, offset }: FoundPage): string {
  return `pfn 0x${pfn.toString(16)} + 0x${offset.toString(16)}`
}

function pageRows(page: TimePage): Row[] {
  const { tsc_to_system_mul: mul, tsc_shift: shift, flags } = page
  return [
    { name: 'version', value: `${page.version}` },
    { name: 'tsc_timestamp', value: `${page.tsc_timestamp}` },
    { name: 'system_time', value: `${page.system_time} ns` },
    { name: 'mul, shift', value: `${mul}, ${shift}` },
    {
      name: 'flags',
      value: `${flags}${flags & 1 ? ', TSC_STABLE' : ''}${flags & 2 ? ', GUEST_STOPPED' : ''}`,
    },
  ]
}

function hvmRows({ hvmContext }: XenSave): Row[] {
  return (hvmContext?.records ?? []).flatMap(({ name, instance, fields }) => {
    if (!fields) return []
    const shown = Object.entries(fields).filter(([, value]) => typeof value !== 'object')
    return [{ name: `${name} ${instance}`, value: shown.map(([key, value]) => `${key} ${value}`).join(', ') }]
  })
}

function streamRows(save: XenSave): Row[] {
  const { xl, libxl, libxc, size, records, pageTypes, pagesWithData } = save
  const layers = [xl && 'xl', libxl && `libxl version ${libxl.version}`, `libxc version ${libxc.version}`]
  const types = [...pageTypes].map(([name, count]) => `${count} ${name}`).join(', ')
  return [
    { name: 'format', value: layers.filter(Boolean).join(', ') },
    { name: 'size', value: `${size} bytes` },
    { name: 'pages', value: `${pagesWithData} with data`, ...(types !== '' && { note: types }) },
    {
      name: 'records',
      value: records.map(({ name, count }) => (count > 1 ? `${name} × ${count}` : name)).join(', '),
    },
  ]
}

// ---- what follows

function impliedBy({ libxc, tsc }: XenSave, { emulated }: XenFacts): ImpliedPolicy[] {
  const { version, xenMajor, xenMinor } = libxc
  const mode =
    tsc && `, and X86_TSC_INFO sets ${emulated ? 'an emulated TSC that goes on from nsec' : 'the TSC’s mode'}`
  return [
    {
      policy: 'xen-today',
      because: `a libxc stream of version ${version} (Xen ${xenMajor}.${xenMinor}): its restorer leaves the wall clock to the new host${mode ?? ''}`,
    },
  ]
}

// ---- for programs

function details(save: XenSave, facts: XenFacts): Inspection['details'] {
  const { tsc, sharedInfo, hvmContext, libxc } = save
  return {
    domain: { type: save.hvm ? 'hvm' : 'pv', kind: kindOf(save).toLowerCase(), name: nameOf(save) },
    xen: `${libxc.xenMajor}.${libxc.xenMinor}`,
    libxc_version: libxc.version,
    size: save.size,
    tsc_info: tsc && { mode: tsc.mode, khz: tsc.khz, nsec: tsc.nsec, incarnation: tsc.incarnation },
    tsc: {
      frequency_hz: facts.frequencyHz,
      frequency_from: facts.frequencyFrom,
      emulated: facts.emulated,
      guest_tsc: facts.tsc,
      guest_tsc_from: facts.tsc === null ? null : facts.tscFrom,
      vtsc_offset_ns: facts.vtscOffset,
    },
    system_time_ns: facts.systemTimeNs,
    epoch_ns: facts.epochNs,
    wall_ns: facts.wallNs,
    time_page_from: facts.pageFrom,
    live_time_pages: facts.live.map((page) => ({ pfn: page.pfn, offset: page.offset, ...pageDetail(page) })),
    shared_info: sharedInfo && {
      wc_version: sharedInfo.wc_version,
      wc_sec: sharedInfo.wc_sec,
      wc_nsec: sharedInfo.wc_nsec,
      wc_sec_hi: sharedInfo.wc_sec_hi,
      vcpu0_time: pageDetail(sharedInfo.time[0]!),
      stale: facts.live.length > 0,
    },
    pv_info: save.pv && { ...save.pv },
    p2m_frames: save.p2m && { ...save.p2m },
    vcpus: save.vcpus.map(({ id, basic, extended, xsave, msrs }) => ({
      id,
      basic: basic && { ...basic },
      extended: extended && { ...extended },
      xsave: xsave && { ...xsave },
      msrs: msrs?.map((msr) => ({ ...msr })) ?? null,
    })),
    hvm_context:
      hvmContext?.records.map(({ type, name, instance, length, fields }) => {
        return { type, name, instance, length, fields: fields as Detail }
      }) ?? null,
    hvm_params: save.hvmParams && Object.fromEntries(save.hvmParams),
    msr_policy: save.msrPolicy.map((msr) => ({ ...msr })),
    pages: { with_data: save.pagesWithData, by_type: Object.fromEntries(save.pageTypes) },
    records: save.records.map((record) => ({ ...record })),
  }
}

function pageDetail(page: TimePage): { readonly [key: string]: Detail } {
  const { version, tsc_timestamp, system_time, tsc_to_system_mul, tsc_shift, flags } = page
  return { version, tsc_timestamp, system_time, tsc_to_system_mul, tsc_shift, flags }
}
