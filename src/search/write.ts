/** A history as the text of a scenario file: read again, it is the same history. What is a default is left out. */
import { KERNELS } from '../scenario/kernels.js'
import type { Checks, GuestSpec, HostSpec, Scenario, ScenarioEvent } from '../scenario/types.js'
import { formatDurationNs, formatHz, formatPpb } from '../scenario/units.js'

type Fields = readonly (readonly [key: string, value: string | null])[]

/** `{ a: 1, b: 2 }` of the fields that have a value; `{}` if none has. */
function inline(fields: Fields): string {
  const given = fields.filter(([, value]) => value !== null).map(([key, value]) => `${key}: ${value}`)
  return given.length === 0 ? '{}' : `{ ${given.join(', ')} }`
}

const unless = <T>(value: T, standard: T, form: (value: T) => string = String): string | null =>
  value === standard ? null : form(value)
const orNull = (text: string): string | null => (text === '{}' ? null : text)
const quoted = (text: string): string => (/^[\w./-][\w ./-]*$/.test(text) ? text : JSON.stringify(text))

export function historyText(history: Scenario): string {
  const { name, title, cite, summary, durationNs, hosts, guests, events, checks, expect, compare } = history
  const lines = [`name: ${name}`, `title: ${quoted(title)}`]
  if (cite !== null) lines.push(`cite: ${quoted(cite)}`)
  if (summary !== null) lines.push(`summary: ${JSON.stringify(summary)}`)
  lines.push(`duration: ${formatDurationNs(durationNs)}`, 'hosts:')
  for (const host of hosts) lines.push(`  ${host.name}: ${hostText(host)}`)
  lines.push('guests:')
  for (const guest of guests)
    lines.push(`  ${guest.name}:`, ...guestLines(guest, history).map((line) => `    ${line}`))
  // Boots at true time 0 are what `boot:` has as its default.
  const told = events.filter(({ kind }) => kind !== 'boot')
  if (told.length > 0) lines.push('events:', ...told.map((event) => `  - ${inline(eventFields(event))}`))
  lines.push('checks:', ...checkLines(checks).map((line) => `  ${line}`))
  if (expect) {
    lines.push('expect:', `  verdict: ${expect.verdict}`)
    if (expect.fails) lines.push(`  fails: [${expect.fails.join(', ')}]`)
    if (expect.curedBy.length > 0) lines.push(`  cured-by: [${expect.curedBy.map(quoted).join(', ')}]`)
  }
  if (compare.length > 0) lines.push(`compare: [${compare.map(quoted).join(', ')}]`)
  return `${lines.join('\n')}\n`
}

function hostText(host: HostSpec): string {
  const { hypervisor, uptimeNs, tsc, timebase, clockErrorPpb, wallOffsetNs, wallRatePpb, wallPushed } = host
  const isKvm = hypervisor === 'kvm'
  const reliable = isKvm
  return inline([
    ['hypervisor', hypervisor],
    ['uptime', unless(uptimeNs, 0n, formatDurationNs)],
    [
      'tsc',
      tsc &&
        orNull(
          inline([
            ['frequency', unless(tsc.frequencyHz, 2_400_000_000n, formatHz)],
            ['error', unless(tsc.errorPpb, 0n, formatPpb)],
            ['calibrated', unless(tsc.calibratedHz, null, (hz) => formatHz(hz!))],
            ['reliable', unless(tsc.reliable, reliable)],
            ['clocksource', unless(tsc.clocksource, tsc.reliable)],
            ['scaling', unless(tsc.scalingBits, null)],
          ]),
        ),
    ],
    [
      'timebase',
      timebase &&
        orNull(
          inline([
            ['frequency', unless(timebase.frequencyHz, 512_000_000n, formatHz)],
            ['error', unless(timebase.errorPpb, 0n, formatPpb)],
          ]),
        ),
    ],
    ['clock', orNull(inline([['error', unless(clockErrorPpb, 0n, formatPpb)]]))],
    [
      'wall',
      orNull(
        inline([
          ['offset', unless(wallOffsetNs, 0n, formatDurationNs)],
          ['rate', unless(wallRatePpb, 0n, formatPpb)],
          ['pushed', unless(wallPushed, 'every-11-min')],
        ]),
      ),
    ],
  ])
}

function guestLines(guest: GuestSpec, { durationNs: endNs, hosts }: Scenario): string[] {
  const told = hosts.find(({ name }) => name === guest.on)!.timebase?.frequencyHz
  const { kernel, variant, arch, hz, vcpus, policy, dom0, ntp, tsc, dec, read, sleep, timebase } = guest
  const facts = KERNELS[kernel]
  const lines = [`on: ${guest.on}`, `kernel: ${kernel}`]
  const key = (name: string, value: string | null) => value !== null && lines.push(`${name}: ${value}`)
  key('variant', unless(variant, 'stock'))
  key('arch', unless(arch, facts.archs[0]!))
  key('hz', unless(hz, facts.hz[0]!))
  key('vcpus', unless(vcpus, 1))
  key('policy', policy && quoted(policy))
  key('dom0', unless(dom0, false))
  key('ntp', unless(ntp, 'off'))
  key('tsc', tsc && orNull(inline([['mode', unless(tsc.mode, 0)]])))
  key(
    'timebase',
    timebase && timebase.frequencyHz !== told ? `{ frequency: ${formatHz(timebase.frequencyHz)} }` : null,
  )
  key(
    'dec',
    dec &&
      orNull(
        inline([
          ['bits', unless(dec.bits, 32)],
          ['type', unless(dec.type, 'level')],
        ]),
      ),
  )
  if (read.length > 0) lines.push('read:')
  for (const { name, clock, everyNs, fromNs, untilNs, vcpu } of read) {
    const fields: Fields = [
      ['clock', clock],
      ['every', formatDurationNs(everyNs)],
      ['from', unless(fromNs, 0n, formatDurationNs)],
      ['until', unless(untilNs, endNs, formatDurationNs)],
      ['vcpu', unless(vcpu, 0)],
      ['name', unless<string>(name, clock)],
    ]
    lines.push(`  - ${inline(fields)}`)
  }
  if (sleep.length > 0) lines.push('sleep:')
  sleep.forEach(({ name, clock, forNs, atNs, everyNs, vcpu }, i) => {
    const fields: Fields = [
      ['for', formatDurationNs(forNs)],
      ['at', unless(atNs, 0n, formatDurationNs)],
      ['every', everyNs === null ? null : formatDurationNs(everyNs)],
      ['clock', unless(clock, 'monotonic')],
      ['vcpu', unless(vcpu, 0)],
      ['name', unless(name, `sleep-${i + 1}`)],
    ]
    lines.push(`  - ${inline(fields)}`)
  })
  return lines
}

function eventFields(event: ScenarioEvent): Fields {
  return [['at', formatDurationNs(event.atNs)], ...actionFields(event)]
}

function actionFields(event: ScenarioEvent): Fields {
  switch (event.kind) {
    case 'migrate':
      return [
        ['migrate', event.guest],
        ['to', event.to],
        ['downtime', formatDurationNs(event.downtimeNs)],
        ['stop-to-save', unless(event.stopToSaveNs, 0n, formatDurationNs)],
        ['aborted', event.aborted ? 'true' : null],
      ]
    case 'restore':
      return [
        ['restore', event.guest],
        ['on', event.on],
      ]
    case 'reboot':
      return [
        ['reboot', event.host],
        ['takes', formatDurationNs(event.takesNs)],
      ]
    case 'set-wall':
      return [
        ['set-wall', event.host],
        ['offset', formatDurationNs(event.offsetNs)],
      ]
    case 'ntp-step':
      return [
        ['ntp-step', event.host],
        ['by', formatDurationNs(event.byNs)],
      ]
    case 'ntp-slew':
      return [
        ['ntp-slew', event.host],
        ['rate', formatPpb(event.ratePpb)],
        ['for', formatDurationNs(event.forNs)],
      ]
    case 'host-suspend':
      return [
        ['host-suspend', event.host],
        ['for', formatDurationNs(event.forNs)],
        ['update-wallclock', unless(event.updateWallclock, true)],
        ['tsc', unless(event.tsc, 'stands')],
      ]
    case 'tsc-step':
      return [
        ['tsc-step', event.host],
        ['by', formatDurationNs(event.byNs)],
      ]
    case 'set-tsc':
      return [
        ['set-tsc', event.guest],
        ['vcpu', unless(event.vcpu, 0)],
        ['to', `${event.to}`],
      ]
    case 'agent-settime':
      return [
        ['agent-settime', event.guest],
        ['from', typeof event.from === 'string' ? event.from : event.from.guest],
      ]
    case 'guest-ntp-step':
      return [
        ['guest-ntp', event.guest],
        ['step', 'true'],
      ]
    case 'guest-ntp-slew':
      return [
        ['guest-ntp', event.guest],
        ['rate', formatPpb(event.ratePpb)],
        ['for', formatDurationNs(event.forNs)],
      ]
    case 'steal':
      return [
        ['steal', event.guest],
        ['for', formatDurationNs(event.forNs)],
        ['vcpu', unless(event.vcpu, 0)],
      ]
    case 'tell-frequency':
      return [
        ['tell-frequency', event.guest],
        ['frequency', formatHz(event.frequencyHz)],
      ]
    default:
      return [[event.kind, event.guest]]
  }
}

/** Every check: what a history is judged by is part of it. */
function checkLines(checks: Checks): string[] {
  return Object.entries(checks).map(([id, check]) => {
    if (check === null) return `${id}: off`
    if ('downtime' in check) return `${id}: { downtime: ${check.downtime} }`
    const limit =
      'limitNs' in check
        ? formatDurationNs(check.limitNs)
        : 'limitPpb' in check
          ? formatPpb(check.limitPpb)
          : `${check.limit}`
    return `${id}: { limit: ${limit} }`
  })
}
