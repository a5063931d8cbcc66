/**
 * What a guest's clocks do over each thing that happens to guests: each row is one run, whose guest sleeps, reads its clocks
 * and is judged like any other.
 *
 *     0 s            60 s                     90 s           180 s
 *     boot ───────── stop … save ──────────── goes on ─────── end
 */
import { shortNs } from '../../src/check/format.js'
import { judge } from '../../src/check/index.js'
import { Seen } from '../../src/observation/log.js'
import { builtInPolicy } from '../../src/policy/built-in.js'
import { failedIds } from '../../src/report/outcome.js'
import { parseScenario } from '../../src/scenario/parse.js'
import type { StreamTime } from '../../src/stream/time.js'
import { type RunResult, runScenario } from '../../src/world/index.js'
import type { Page, Row } from './pages.js'

const SECOND = 1_000_000_000n
const AWAY_NS = 30n * SECOND
/** A migration's downtime; the save comes a third of it after the stop. */
const DOWN_NS = 300_000_000n

interface Happening {
  readonly name: string
  readonly awayNs: bigint
  readonly events: string
}

const HAPPENINGS: readonly Happening[] = [
  {
    name: 'pause',
    awayNs: AWAY_NS,
    events: '{ at: 60 s, pause: g }, { at: 90 s, resume: g }',
  },
  {
    name: 'save, restore',
    awayNs: AWAY_NS,
    events: '{ at: 60 s, save: g }, { at: 90 s, restore: g }',
  },
  {
    name: 'save, reboot, restore',
    awayNs: AWAY_NS,
    events: '{ at: 60 s, save: g }, { at: 61 s, reboot: a, takes: 20 s }, { at: 90 s, restore: g }',
  },
  {
    name: 'migrate',
    awayNs: DOWN_NS,
    events: '{ at: 60 s, migrate: g, to: b, downtime: 300 ms, stop-to-save: 100 ms }',
  },
  {
    name: 'to a clock 5 s ahead',
    awayNs: DOWN_NS,
    events: '{ at: 60 s, migrate: g, to: skewed, downtime: 300 ms, stop-to-save: 100 ms }',
  },
  {
    name: 'to another frequency',
    awayNs: DOWN_NS,
    events: '{ at: 60 s, migrate: g, to: other, downtime: 300 ms, stop-to-save: 100 ms }',
  },
]

function hostsText(hypervisor: Page['hypervisor']): string {
  const counter = (frequency: string) =>
    hypervisor.startsWith('power')
      ? `timebase: { frequency: ${frequency === 'nominal' ? '512 MHz' : '500 MHz'} }`
      : `tsc: { frequency: ${frequency === 'nominal' ? '2.4 GHz' : '3 GHz'}${hypervisor === 'kvm' ? ', reliable: true, clocksource: true, scaling: 48' : ''} }`
  const host = (uptime: string, frequency = 'nominal', more = '') =>
    `{ hypervisor: ${hypervisor}, uptime: ${uptime}, ${counter(frequency)}${more} }`
  return `
  a: ${host('30 d')}
  b: ${host('2 h')}
  skewed: ${host('2 h', 'nominal', ', wall: { offset: 5 s }')}
  other: ${host('2 h', 'other')}`
}

function scenarioText(
  { hypervisor, reference }: Page,
  { kernel, guest, pvh }: Row,
  { events }: Happening,
): string {
  const wide = kernel === 'linux-2.6.18-xen' ? '' : ', { clock: boottime, every: 100 ms }'
  const more = [guest, pvh ? 'from: pvh' : '']
    .filter(Boolean)
    .map((text) => `, ${text}`)
    .join('')
  return `
name: system
title: a guest's life
duration: 3 min
hosts: ${hostsText(hypervisor)}
guests:
  g: { on: a, kernel: ${kernel}${more}, read: [ { clock: realtime, every: 100 ms }, { clock: monotonic, every: 100 ms }${wide}${reference ? ', { clock: reference, every: 1 h }' : ''} ], sleep: [ { for: 2 s, at: 10 s, every: 1 s } ] }
events: [ ${events} ]
`
}

/** A PVH guest that begins with its host's TSC. */
const PVH: StreamTime = {
  system: 'xen',
  clocks: { mode: 1n, khz: 2_400_000n, nsec: 0n, incarnation: 0n, tsc: 0n },
  policy: 'xen-today',
  hvm: true,
  wide: true,
  host: {
    uptimeNs: 30n * 86_400n * SECOND,
    wallNs: null,
    tsc: null,
    timebase: null,
    frequencyHz: 2_400_000_000n,
  },
}

export interface Line {
  readonly row: Row
  readonly happening: string
  readonly clocks: readonly string[]
  readonly fails: readonly string[]
}

/** Every thing that happens, under one policy. What the policy refuses is said so. */
export function linesOf(page: Page, row: Row): Line[] {
  return HAPPENINGS.map((happening) => lineOf(page, row, happening))
}

function lineOf(page: Page, row: Row, happening: Happening): Line {
  const scenario = parseScenario(scenarioText(page, row, happening), 'systems')
  const told = { row, happening: happening.name }
  try {
    const run = runScenario(scenario, {
      policy: builtInPolicy(row.policy),
      ...(row.pvh && { streams: new Map([['pvh', PVH]]) }),
    })
    const { clocks, ticks } = run.guests[0]!
    const { endNs, startWallNs } = run
    const { tsc, timebase } = scenario.hosts.find(({ name }) => name === 'a')!
    const hz = (tsc ?? timebase)!.frequencyHz
    const counted = BigInt.asIntN(64, ticks - (endNs * hz) / SECOND)
    return {
      ...told,
      clocks: [
        said(clocks.monotonic! - endNs, happening.awayNs),
        clocks.boottime === undefined || row.kernel === 'linux-2.6.18-xen'
          ? '–'
          : said(clocks.boottime - endNs, happening.awayNs),
        said(clocks.realtime! - startWallNs - endNs, happening.awayNs),
        counterSaid(counted, hz, happening.awayNs),
        ...(page.reference ? [said(referenceOff(run), happening.awayNs)] : []),
      ],
      fails: failedIds(judge(run)),
    }
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('refuses')) throw error
    return { ...told, clocks: ['refused', '', '', '', ...(page.reference ? [''] : [])], fails: [] }
  }
}

/** Reference time counts from some instant: what it is off since the guest's boot. */
function referenceOff({ guests, endNs }: RunResult): bigint {
  const { observations, readers, clocks } = guests[0]!
  const first = [...observations.all(Seen.read)].find(({ index }) => readers[index]!.clock === 'reference')!
  return clocks.reference! - first.value - (endNs - first.trueNs)
}

/** Less is what downtimes, slews and rounding cost. */
const SMALL_NS = 20_000_000n

/** How a clock came through, by what it is off true time at the end. */
function said(off: bigint, awayNs: bigint): string {
  if (abs(off) < SMALL_NS) return 'goes on'
  if (abs(off + awayNs) < SMALL_NS) return 'stands still'
  return `${off > 0n ? '+' : '−'}${shortNs(abs(off), 3)}`
}

/** An emulated or host's counter may be at another value altogether. */
function counterSaid(counted: bigint, hz: bigint, awayNs: bigint): string {
  const off = (counted * SECOND) / hz
  return abs(off) > 3600n * SECOND ? 'another value' : said(off, awayNs)
}

const CLOCKS = ['MONOTONIC', 'BOOTTIME', 'REALTIME', 'TSC or TB']

export const nameOf = ({ policy, note }: Row): string => `${policy}${note === '' ? '' : `, ${note}`}`

/** What stands between the marks of a page, as Markdown. */
export function pageTable(page: Page, lines: readonly Line[]): string {
  const sections = page.rows.map((row) => policyTable(lines.filter((line) => line.row === row)))
  return `${[...checksTable(lines), ...sections.map((section) => `\n${section}`)].join('\n')}\n`
}

/** What one policy does, whatever happens: a section of a page. */
export function policyTable(lines: readonly Line[]): string {
  const [{ row, clocks }] = lines as [Line]
  const reference = clocks.length > CLOCKS.length ? ['reference time'] : []
  const head = ['what happens', ...CLOCKS, ...reference, 'checks that fail']
  return [
    `### ${nameOf(row)}`,
    '',
    title(row),
    '',
    `| ${head.join(' | ')} |`,
    `|${'---|'.repeat(head.length)}`,
    ...lines.map(({ happening, clocks, fails }) => {
      const judged = clocks[0] === 'refused' ? '' : fails.join(', ') || '✓'
      return `| ${[happening, ...clocks, judged].join(' | ')} |`
    }),
  ].join('\n')
}

function title(row: Row): string {
  const { title, source } = builtInPolicy(row.policy)
  return `${title}. Source: ${source}.`
}

/** Policies × checks: what fails where; ✓ where a check always holds. */
function checksTable(lines: readonly Line[]): string[] {
  const failing = [...new Set(lines.flatMap(({ fails }) => fails))]
  if (failing.length === 0) return ['Every check holds, whatever happens.']
  const names = [...new Set(lines.map(({ row }) => row))]
  const cell = (row: Row, check: string) =>
    lines
      .filter((line) => line.row === row && line.fails.includes(check))
      .map(({ happening }) => happening)
      .join('; ') || '✓'
  return [
    `| policy | ${failing.join(' | ')} |`,
    `|${'---|'.repeat(failing.length + 1)}`,
    ...names.map((row) => `| ${nameOf(row)} | ${failing.map((check) => cell(row, check)).join(' | ')} |`),
  ]
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value)
