/**
 * Two reports side by side: what has become slower or faster by more than the noise.
 *
 * What is compared is the core's time in times of a peer's in the same run, so that another machine, a busy one or a lower
 * clock rate counts as little as possible. The peer is the first that both reports have: C, or else BigInt or Node.
 *
 * A change is one if all of these hold:
 *
 *   the intervals do not meet   Each report gives the median of its rounds' ratios and the interval that holds it in 98 of
 *                               100 cases (statistics.ts). It covers what varies from round to round.
 *   the medians are LEAST_CHANGE apart at least, and the ratios of the least times as well
 *                               Two runs of the same program differ more than their rounds: where memory lies and when the
 *                               compiler optimizes is decided once a run. docs/performance.md has the measurement.
 */
import { readFileSync } from 'node:fs'
import { type Style, wrap } from '../report/style.js'
import { BenchError } from './error.js'
import { type BenchReport, benchReport, FORMAT, type Ratio, type Result } from './report.js'
import { ratioOf } from './statistics.js'
import { digits, machineLines } from './text.js'

/** Medians that are closer than this are the same. */
export const LEAST_CHANGE = 0.1

/** Throws BenchError. */
export function readReport(path: string): BenchReport {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new BenchError(`${path}: ${(error as NodeJS.ErrnoException).code}; expected a file of bench --json`)
  }
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw new BenchError(`${path}: ${(error as Error).message}; expected what bench --json prints`)
  }
  const { success, data: report, error } = benchReport.safeParse(data)
  if (!success) {
    const { path: field, message } = error.issues[0]!
    throw new BenchError(`${path}: ${field.join('.') || 'the document'}: ${message}; expected ${FORMAT}`)
  }
  for (const { id, times_ns, peers } of report.results) {
    for (const { name, times_ns: theirs } of peers) {
      if (theirs.length === times_ns.length) continue
      throw new BenchError(
        `${path}: ${id}: ${theirs.length} rounds of ${name}; expected ${times_ns.length}, as many as of the core`,
      )
    }
  }
  return report
}

export type Change = {
  readonly id: string
  readonly title: string
  /** Beside which peer. */
  readonly peer: string
  readonly before: Ratio
  readonly after: Ratio
  /** after / before of the medians: 1.2 is 20 % slower. */
  readonly factor: number
  readonly verdict: 'slower' | 'faster' | 'same'
}

export type Comparison = {
  /** What makes the reports hard to compare. */
  readonly notes: readonly string[]
  readonly changes: readonly Change[]
  /** Ids that only one of them has, or that have no peer in common. */
  readonly gone: readonly string[]
  readonly added: readonly string[]
}

function change(before: Result, after: Result): Change[] {
  const same = (a: { name: string; title: string | null }) => (b: typeof a) =>
    a.name === b.name && a.title === b.title
  const peer = before.peers.find((one) => after.peers.some(same(one)))
  if (!peer) return []
  const beside = after.peers.find(same(peer))!
  const [a, b] = [ratioOf(before.times_ns, peer.times_ns), ratioOf(after.times_ns, beside.times_ns)]
  const factor = b.median / a.median
  const smaller = Math.min(factor, b.least / a.least)
  const larger = Math.max(factor, b.least / a.least)
  let verdict: Change['verdict'] = 'same'
  if (b.low > a.high && smaller >= 1 + LEAST_CHANGE) verdict = 'slower'
  if (b.high < a.low && larger <= 1 / (1 + LEAST_CHANGE)) verdict = 'faster'
  return [{ id: after.id, title: after.title, peer: peer.name, before: a, after: b, factor, verdict }]
}

export function compareReports(before: BenchReport, after: BenchReport): Comparison {
  const notes: string[] = []
  for (const key of ['cpu', 'cores', 'platform', 'node', 'gcc'] as const) {
    const [a, b] = [before.machine[key], after.machine[key]]
    if (a !== b) notes.push(`${key}: ${a ?? 'none'} before, ${b ?? 'none'} after`)
  }
  if (before.quick || after.quick) notes.push('quick: few rounds, so only large changes are seen')
  const changes = after.results.flatMap((result) => {
    const earlier = before.results.find(({ id }) => id === result.id)
    return earlier ? change(earlier, result) : []
  })
  const compared = new Set(changes.map(({ id }) => id))
  const others = ({ results }: BenchReport) => results.map(({ id }) => id).filter((id) => !compared.has(id))
  return { notes, changes, gone: others(before), added: others(after) }
}

/** Whether something has become slower. */
export function regressed({ changes }: Comparison): boolean {
  return changes.some(({ verdict }) => verdict === 'slower')
}

const HEAD = `${'core / peer, medians'.padEnd(34)}${'before'.padStart(8)}${'after'.padStart(9)}${'change'.padStart(9)}${'within'.padStart(14)}`

function line({ title, peer, before, after, factor, verdict }: Change, style: Style): string {
  const label = `${title.slice(0, 33 - peer.length - 3)} / ${peer}`.padEnd(34)
  const percent = `${factor >= 1 ? '+' : '−'}${Math.abs((factor - 1) * 100).toFixed(0)} %`
  // Of both intervals the wider side: what the medians may be off by.
  const widest = Math.max(
    before.high / before.median,
    before.median / before.low,
    after.high / after.median,
    after.median / after.low,
  )
  const within = `±${((widest - 1) * 100).toFixed(0)} %`
  const figures = `${digits(before.median)}`.padStart(8) + `${digits(after.median)}`.padStart(9)
  const word = verdict === 'slower' ? style.bad(verdict) : verdict === 'faster' ? style.good(verdict) : ''
  return `${label}${figures}${percent.padStart(9)}${within.padStart(9)} ${word}`.trimEnd()
}

export function comparisonText(
  comparison: Comparison,
  [before, after]: readonly [BenchReport, BenchReport],
  style: Style,
): string {
  const { notes, changes, gone, added } = comparison
  const slower = changes.filter(({ verdict }) => verdict === 'slower').length
  const faster = changes.filter(({ verdict }) => verdict === 'faster').length
  return `${[
    ...(notes.length > 0
      ? wrap(`Not the same conditions: ${notes.join('; ')}.`)
      : machineLines(after.machine)),
    `load ${before.machine.load_before} before, ${after.machine.load_before} after`,
    '',
    style.dim(HEAD),
    ...changes.map((one) => line(one, style)),
    ...(gone.length > 0 ? wrap(`Only before: ${gone.join(', ')}.`) : []),
    ...(added.length > 0 ? wrap(`Only after: ${added.join(', ')}.`) : []),
    '',
    ...wrap(
      `${slower} slower, ${faster} faster, ${changes.length - slower - faster} the same. A change counts if the intervals of the medians do not meet and both the medians and the least times are ${LEAST_CHANGE * 100} % apart or more.`,
    ),
  ].join('\n')}\n`
}
