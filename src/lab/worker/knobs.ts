/**
 * The values of a scenario that one wants to turn, with where they stand in its text, and the turning itself: the
 * text stays as it was written, only the value changes.
 */
import { type Document, isCollection, isScalar, LineCounter, parseDocument } from 'yaml'
import type { GuestSpec, HostSpec, Scenario, ScenarioEvent } from '../../scenario/types.js'
import { formatDurationNs, formatHz, formatPpb } from '../../scenario/units.js'
import type { Knob, Slider } from '../protocol.js'

type Path = Knob['path']
type Base = Pick<Knob, 'path' | 'group' | 'label' | 'kind'>

const S = 1_000_000_000n

/** Host by host, guest by guest, event by event. */
export function knobsOf(text: string, scenario: Scenario): Knob[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { intAsBigInt: true, lineCounter: lines })
  const put: Put = (base, fallback, choices, slider) => {
    const written = writtenAt(document, base.path)
    const isRange = written?.includes('..') ?? false
    return { ...base, choices, text: written ?? fallback, slider: isRange ? null : slider }
  }
  return [
    ...scenario.hosts.flatMap((host) => hostKnobs(host, scenario, put)),
    ...scenario.guests.map((guest) => hzKnob(guest, put)),
    ...eventKnobs(scenario, document, lines, put),
  ]
}

type Put = (base: Base, fallback: string, choices: readonly string[], slider: Slider | null) => Knob

function hostKnobs(host: HostSpec, scenario: Scenario, put: Put): Knob[] {
  const group = `host ${host.name}`
  const path = ['hosts', host.name]
  const longest = scenario.hosts.reduce((most, { uptimeNs }) => max(most, uptimeNs), 60n * S)
  const duration = (label: string, keys: Path, value: bigint, slider: Slider): Knob =>
    put({ path: [...path, ...keys], group, label, kind: 'duration' }, formatDurationNs(value), [], slider)
  const [register, clock] = host.timebase
    ? (['timebase', host.timebase] as const)
    : (['tsc', host.tsc!] as const)
  const { frequencyHz, errorPpb } = clock
  const skew = max(10n * S, 2n * magnitude(host.wallOffsetNs))
  return [
    duration('uptime', ['uptime'], host.uptimeNs, sliderOf(0n, 2n * longest, host.uptimeNs)),
    duration(
      'wall clock skew',
      ['wall', 'offset'],
      host.wallOffsetNs,
      sliderOf(-skew, skew, host.wallOffsetNs),
    ),
    put(
      { path: [...path, register, 'frequency'], group, label: `${register} frequency`, kind: 'frequency' },
      formatHz(frequencyHz),
      [],
      sliderOf(frequencyHz / 2n, (frequencyHz * 3n) / 2n, frequencyHz),
    ),
    put(
      { path: [...path, register, 'error'], group, label: `${register} error`, kind: 'rate' },
      formatPpb(errorPpb),
      [],
      sliderOf(-500_000n, 500_000n, errorPpb),
    ),
  ]
}

function hzKnob({ name, hz, kernel }: GuestSpec, put: Put): Knob {
  const choices = kernel === 'linux-2.6.18-xen' ? ['100', '250', '1000'] : ['100', '250', '300', '1000']
  const base: Base = { path: ['guests', name, 'hz'], group: `guest ${name}`, label: 'HZ', kind: 'choice' }
  return put(base, `${hz}`, choices, null)
}

/** What takes time or moves a clock. Events are sorted by time; in the file they are found by their place. */
function eventKnobs(scenario: Scenario, document: Document, lines: LineCounter, put: Put): Knob[] {
  const items = itemsOf(document, 'events').map((offset) => lines.linePos(offset))
  return scenario.events.flatMap((event) => {
    const turned = turnedOf(event)
    const { line, column } = event.position
    const index = items.findIndex((place) => place.line === line && place.col === column)
    if (!turned || index < 0) return []
    const { key, label, ns } = turned
    const group = `${event.kind} at ${formatDurationNs(event.atNs)}`
    const most = max(10n * S, 2n * magnitude(ns))
    const slider = sliderOf(event.kind === 'ntp-step' ? -most : 0n, most, ns)
    return put(
      { path: ['events', index, key], group, label, kind: 'duration' },
      formatDurationNs(ns),
      [],
      slider,
    )
  })
}

function turnedOf(event: ScenarioEvent): { key: string; label: string; ns: bigint } | null {
  switch (event.kind) {
    case 'migrate':
      return { key: 'downtime', label: 'downtime', ns: event.downtimeNs }
    case 'reboot':
      return { key: 'takes', label: 'takes', ns: event.takesNs }
    case 'host-suspend':
      return { key: 'for', label: 'lasts', ns: event.forNs }
    case 'ntp-step':
      return { key: 'by', label: 'step', ns: event.byNs }
    default:
      return null
  }
}

// ---- sliders

/** Up to 1000 positions, a round step apart; `value` is one of them where it is round enough. */
function sliderOf(least: bigint, most: bigint, value: bigint): Slider {
  const step = roundStep((most - least) / 1000n)
  const from = -(-least / step) * step
  return { least: from, step, steps: Number((most - from) / step), value }
}

/** The smallest of 1, 2, 5, 10, … that is at least so much. */
function roundStep(least: bigint): bigint {
  for (let tens = 1n; ; tens *= 10n) {
    for (const digit of [1n, 2n, 5n]) if (digit * tens >= least) return digit * tens
  }
}

// ---- the text

/** A value as the file writes it; null where it does not. */
function writtenAt(document: Document, path: Path): string | null {
  const node = document.getIn(path, true)
  if (!isScalar(node)) return null
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
}

/** Where the items of a list begin. */
function itemsOf(document: Document, key: string): number[] {
  const list = document.get(key, true)
  if (!isCollection(list)) return []
  return list.items.map((item) => (item as { range?: readonly number[] | null }).range?.[0] ?? -1)
}

/**
 * The text with another value at `path`. What is written there is replaced and nothing else; where nothing is, the
 * key is added, and what holds it is written anew.
 */
export function turned(text: string, path: Path, value: string): string {
  const document = parseDocument(text, { intAsBigInt: true })
  const node = document.getIn(path, true)
  if (isScalar(node) && node.range) return text.slice(0, node.range[0]) + value + text.slice(node.range[1])
  document.setIn(path, value)
  return document.toString({ lineWidth: 0 })
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
const magnitude = (a: bigint): bigint => (a < 0n ? -a : a)
