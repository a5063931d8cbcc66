/**
 * The report of a scenario as a document: the case, what its guests saw, the verdicts, what each policy does to it.
 * Blocks say what is there, not how it looks: markdown.ts and html.ts write the same ones.
 */
import { shortAt, shortNs, shortPpb } from '../check/format.js'
import { type Drawing, describeDrawing, drawingOf } from '../draw/index.js'
import type { HostSpec, Scenario } from '../scenario/types.js'
import { formatHz } from '../scenario/units.js'
import { answerText, type Column, heldChecks, short, shownChecks, worst } from './compare.js'
import { failedIds, type Outcome } from './outcome.js'
import { plotLines } from './plot.js'
import { plain } from './style.js'
import { sawLines } from './text.js'
import { showValue } from './values.js'

export interface Cell {
  readonly text: string
  readonly tone?: 'good' | 'bad' | 'soft'
}

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'verdict'; readonly held: boolean; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  /** Lines as they are. */
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly Cell[])[] }
  /** A picture, and the same for where pictures cannot be. */
  | { readonly kind: 'plot'; readonly drawing: Drawing; readonly lines: readonly string[] }
  | { readonly kind: 'folded'; readonly title: string; readonly blocks: readonly Block[] }

export interface Report {
  readonly title: string
  readonly blocks: readonly Block[]
}

/** `own` is the run under the guests' own policies, `columns` are those to be put side by side. */
export function reportOf(own: Outcome, columns: readonly Column[]): Report {
  const { scenario } = own.run
  return {
    title: scenario.name,
    blocks: [
      { kind: 'heading', level: 1, text: scenario.name },
      { kind: 'text', text: scenario.title },
      verdict(own),
      ...theCase(scenario),
      ...whatWasSeen(own),
      ...theChecks(own),
      ...thePolicies(columns),
      ...again(own),
    ],
  }
}

function verdict({ verdict, checks, expected }: Outcome): Block {
  const what = verdict === 'pass' ? 'PASS: every check holds' : `FAIL: ${failedIds(checks).join(', ')}`
  const known = expected === null ? '' : expected.met ? ', as the scenario expects' : ', not as it expects'
  return { kind: 'verdict', held: verdict === 'pass', text: `${what}${known}` }
}

// ---- the case

function theCase(scenario: Scenario): Block[] {
  const { summary, cite, events, drawn } = scenario
  const happens = events.filter(({ kind, atNs }) => kind !== 'boot' || atNs > 0n)
  return [
    { kind: 'heading', level: 2, text: 'The case' },
    ...(summary === null ? [] : [{ kind: 'text', text: summary } as const]),
    ...(cite === null ? [] : [{ kind: 'text', text: `Source: ${cite}` } as const]),
    hosts(scenario.hosts),
    guests(scenario),
    ...(happens.length === 0 ? [] : [{ kind: 'list', items: happens.map(eventText) } as const]),
    ...(drawn.length === 0
      ? []
      : [
          {
            kind: 'list',
            items: drawn.map((one) => `${one.path}: ${one.value}, drawn from ${one.text}`),
          } as const,
        ]),
  ]
}

function hosts(specs: readonly HostSpec[]): Block {
  return {
    kind: 'table',
    head: ['host', 'hypervisor', 'up for', 'counter', 'off by', 'wall clock off by'],
    rows: specs.map(({ name, hypervisor, uptimeNs, tsc, timebase, wallOffsetNs }) => {
      const counter = tsc ?? timebase
      const kind = tsc ? 'TSC' : 'TB'
      return [
        { text: name },
        { text: hypervisor },
        { text: shortNs(uptimeNs) },
        { text: counter ? `${kind} ${formatHz(counter.frequencyHz)}` : '' },
        { text: counter ? shortPpb(counter.errorPpb) : '' },
        { text: shortNs(wallOffsetNs) },
      ]
    }),
  }
}

function guests({ guests }: Scenario): Block {
  return {
    kind: 'table',
    head: ['guest', 'on', 'kernel', 'HZ', 'vCPUs', 'clocks read', 'sleepers'],
    rows: guests.map(({ name, on, kernel, variant, hz, vcpus, read, sleep }) => [
      { text: name },
      { text: on },
      { text: variant === 'stock' ? kernel : `${kernel} (${variant})` },
      { text: `${hz}` },
      { text: `${vcpus}` },
      { text: [...new Set(read.map(({ clock }) => clock))].join(', ') },
      { text: sleep.map((one) => `${one.name} (${shortNs(one.forNs)})`).join(', ') },
    ]),
  }
}

function eventText(event: Scenario['events'][number]): string {
  const whom = 'guest' in event ? event.guest : event.host
  const where =
    event.kind === 'migrate' ? ` to ${event.to}` : event.kind === 'restore' ? ` on ${event.on}` : ''
  const long =
    'downtimeNs' in event
      ? `, ${shortNs(event.downtimeNs)} down`
      : 'forNs' in event
        ? `, for ${shortNs(event.forNs)}`
        : ''
  return `at ${shortAt(event.atNs)}: ${event.kind} ${whom}${where}${long}`
}

// ---- what was seen

function whatWasSeen({ run }: Outcome): Block[] {
  const seen = run.guests.flatMap((guest) => {
    const lines = sawLines(guest, run).map((line) => line.slice(2))
    return lines.length > 0 && run.guests.length > 1 ? [`${guest.name}:`, ...lines] : lines
  })
  return [
    { kind: 'heading', level: 2, text: 'What its guests saw' },
    plot(run),
    ...(seen.length > 0 ? [{ kind: 'lines', lines: seen } as const] : []),
  ]
}

function plot(run: Outcome['run']): Block {
  const drawing = drawingOf(run)
  const words = describeDrawing(drawing)
  const lines = plotLines(run, { style: plain })
  return { kind: 'plot', drawing, lines: lines.length > 0 ? lines : words }
}

function theChecks({ checks, run }: Outcome): Block[] {
  const several = run.guests.length > 1
  const judged = checks.filter(({ verdict }) => verdict !== 'skip')
  const left = checks.map(({ id }) => id).filter((id) => !judged.some((check) => check.id === id))
  const rows = judged.map((check): Cell[] => {
    const fails = check.verdict === 'fail'
    return [
      { text: fails ? '✗' : '✓', tone: fails ? 'bad' : 'good' },
      ...(several ? [{ text: check.guest }] : []),
      { text: check.id },
      { text: showValue(check.value, check.unit) },
      { text: showValue(check.limit, check.unit) },
      { text: check.atTrueNs === null ? '' : shortAt(check.atTrueNs) },
      fails ? { text: check.message, tone: 'bad' } : { text: check.message },
    ]
  })
  return [
    { kind: 'heading', level: 2, text: 'Verdicts' },
    {
      kind: 'table',
      head: ['', ...(several ? ['guest'] : []), 'check', 'worst', 'limit', 'at', 'what it found'],
      rows,
    },
    ...(left.length === 0
      ? []
      : [{ kind: 'text', text: `Not judged: ${[...new Set(left)].join(', ')}.` } as const]),
  ]
}

// ---- the policies

function thePolicies(columns: readonly Column[]): Block[] {
  if (columns.length === 0) return []
  const held = heldChecks(columns)
  return [
    { kind: 'heading', level: 2, text: 'What each policy does to it' },
    policyTable(columns),
    ...(held.length === 0 ? [] : [{ kind: 'text', text: `Hold everywhere: ${held.join(', ')}.` } as const]),
    {
      kind: 'verdict',
      held: columns.some(({ outcome }) => outcome.verdict === 'pass'),
      text: answerText(columns),
    },
    ...columns.map(({ policy, title, source, outcome }): Block => {
      const failed = outcome.checks.filter((check) => check.verdict === 'fail')
      const found = failed.map((check) => `${check.id}: ${check.message}`)
      return {
        kind: 'folded',
        title: `${policy}: ${title}`,
        blocks: [
          { kind: 'text', text: `Source: ${source}` },
          ...(found.length > 0 ? [{ kind: 'list', items: found } as const] : []),
          plot(outcome.run),
        ],
      }
    }),
  ]
}

function policyTable(columns: readonly Column[]): Block {
  const cell = (column: Column, id: Parameters<typeof worst>[1]): Cell => {
    const check = worst(column, id)
    if (!check) return { text: '–', tone: 'soft' }
    const value = check.value === null || check.value === 0n ? '' : ` ${short(check)}`
    return check.verdict === 'fail' ? { text: `✗${value}`, tone: 'bad' } : { text: `✓${value}`, tone: 'good' }
  }
  const verdicts = columns.map(({ outcome }): Cell => {
    return outcome.verdict === 'pass' ? { text: 'PASS', tone: 'good' } : { text: 'FAIL', tone: 'bad' }
  })
  return {
    kind: 'table',
    head: ['check', ...columns.map(({ policy }) => policy)],
    rows: [
      ...shownChecks(columns).map((id) => [{ text: id }, ...columns.map((column) => cell(column, id))]),
      [{ text: 'verdict' }, ...verdicts],
    ],
  }
}

function again({ run }: Outcome): Block[] {
  const { fileName, name, seed } = run.scenario
  const what = /[\\/]library[\\/][^\\/]+$/.test(fileName) ? name : fileName
  return [
    { kind: 'heading', level: 2, text: 'To see it again' },
    { kind: 'lines', lines: [`chronovisor run ${what} --seed ${seed} --plot`] },
    {
      kind: 'list',
      items: run.guests.map(
        (guest) => `state of ${guest.name} at the end: ${guest.stateHash || 'it is on no host'}`,
      ),
    },
  ]
}
