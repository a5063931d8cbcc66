/** The report of one run for people: 80 columns, with or without colours. */
import { shortAt, shortNs } from '../check/format.js'
import { type CheckResult, overdueNs, type Sleep, sleepsOf } from '../check/index.js'
import { Seen } from '../observation/log.js'
import type { GuestResult, RunResult } from '../world/result.js'
import { failedIds, type Outcome } from './outcome.js'
import { plotLines } from './plot.js'
import { type Style, wrap } from './style.js'
import { showValue } from './values.js'

export interface TextOptions {
  readonly style: Style
  readonly plot: boolean
}

export function runText(outcome: Outcome, { style, plot }: TextOptions): string {
  const { run } = outcome
  const lines = [...head(run, style), '']
  for (const guest of run.guests) {
    const checks = outcome.checks.filter((check) => check.guest === guest.name)
    lines.push(...guestHead(guest, style), ...stopLines(guest), ...sawLines(guest, run), '')
    lines.push(...checkTable(checks, style), '')
  }
  if (plot) lines.push(...plotLines(run, { style }), '')
  lines.push(...verdictLines(outcome, style))
  return `${lines.join('\n')}\n`
}

function head({ scenario }: RunResult, style: Style): string[] {
  const lines = [style.bold(scenario.name), ...wrap(scenario.title)]
  if (scenario.cite !== null) lines.push(...wrap(scenario.cite, 2, 78).map(style.dim))
  for (const { path, text, value } of scenario.drawn)
    lines.push(...wrap(`${path}: ${value}, drawn from ${text}`, 2))
  return lines
}

function guestHead({ name, kernel, variant, policy }: GuestResult, style: Style): string[] {
  const kernelName = variant === 'stock' ? kernel : `${kernel} (${variant})`
  return [`${style.bold(`guest ${name}`)}: ${kernelName}, policy ${style.accent(policy)}`]
}

function stopLines({ stops }: GuestResult): string[] {
  return stops.slice(0, MAX_LINES).map(({ fromNs, untilNs, cause, fromHost, toHost, resumed }) => {
    const where = fromHost === toHost ? `on ${fromHost}` : `${fromHost} to ${toHost}`
    const length = resumed ? `for ${shortNs(untilNs - fromNs)}` : 'and not resumed'
    return `  ${cause} at ${shortAt(fromNs)}, ${where}: stopped ${length}`
  })
}

// ---- what the guest saw

/** Of one kind. */
const MAX_LINES = 8

/** Its sleeps, sleeper by sleeper, and what its kernel noticed. */
export function sawLines(guest: GuestResult, run: RunResult): string[] {
  const times = new Map<number, number>()
  const worst = new Map<number, Sleep>()
  for (const sleep of sleepsOf(guest, run)) {
    const { sleeper } = sleep
    times.set(sleeper, (times.get(sleeper) ?? 0) + 1)
    const before = worst.get(sleeper)
    if (!before || overdueNs(sleep) > overdueNs(before)) worst.set(sleeper, sleep)
  }
  const lines = [...worst]
    .sort(([a], [b]) => a - b)
    .map(([sleeper, sleep]) => {
      const count = times.get(sleeper)!
      return `  ${guest.sleepers[sleeper]!.name}: ${count > 1 ? `${count} sleeps; the latest, ` : ''}${sleepText(sleep)}`
    })
  return [...lines.slice(0, MAX_LINES), ...more(lines.length), ...noticed(guest)].flatMap(wrapAt)
}

function sleepText({ durationNs, issuedNs, wokeNs, elapsedNs, stoppedNs }: Sleep): string {
  const issued = `nanosleep(${shortNs(durationNs)}) issued at ${shortAt(issuedNs)}`
  const stopped = stoppedNs > 0n ? `, ${shortNs(stoppedNs)} of it stopped` : ''
  return wokeNs === null
    ? `${issued} is still asleep at the end, after ${shortNs(elapsedNs)}${stopped}`
    : `${issued} woke after ${shortNs(elapsedNs)}${stopped}`
}

function more(count: number): string[] {
  return count > MAX_LINES ? [`  … and ${count - MAX_LINES} more sleepers`] : []
}

function noticed({ observations: log }: GuestResult): string[] {
  const lines: string[] = []
  for (let i = 0; i < log.length; i++) {
    if (log.kind(i) !== Seen.frequencyError) continue
    lines.push(
      `  noticed at ${shortAt(log.trueNs(i))}: its timebase runs at ${log.value(i)} Hz, it was told ${log.extra(i)} Hz`,
    )
  }
  return lines.slice(0, 1)
}

function wrapAt(line: string): string[] {
  const indent = /^ */.exec(line)![0].length
  return wrap(line.trim(), 2, 80 - indent).map((one) => ' '.repeat(indent) + one)
}

// ---- checks

function checkTable(checks: readonly CheckResult[], style: Style): string[] {
  const judged = checks.filter(({ verdict }) => verdict !== 'skip')
  const failed = judged.filter(({ verdict }) => verdict === 'fail')
  const rows = judged.map((check) => [
    check.id,
    showValue(check.value, check.unit),
    showValue(check.limit, check.unit),
    check.atTrueNs === null ? '' : shortAt(check.atTrueNs),
    check.subject ?? '',
  ])
  const header = ['check', 'worst', 'limit', 'at', 'seen by']
  const lines = [`  ${style.dim(`  ${cells(header)}`)}`]
  judged.forEach(({ verdict }, i) => {
    const mark = verdict === 'fail' ? style.bad('✗') : style.good('✓')
    const row = cells(rows[i]!)
    lines.push(`  ${mark} ${verdict === 'fail' ? style.bold(row) : row}`)
  })
  lines.push(...notJudged(checks).flatMap(wrapAt).map(style.dim))
  for (const { message } of failed) lines.push(...wrapAt(`    ${message}`).map(style.bad))
  return lines
}

/** Those with one reason together. */
function notJudged(checks: readonly CheckResult[]): string[] {
  const byReason = new Map<string, string[]>()
  for (const { id, verdict, message } of checks) {
    if (verdict === 'skip') byReason.set(message, [...(byReason.get(message) ?? []), id])
  }
  const reasons = [...byReason].map(([reason, ids]) => `${ids.join(', ')} (${reason})`)
  return reasons.length > 0 ? [`    not judged: ${reasons.join('; ')}`] : []
}

const WIDTHS = [18, 11, 11, 15, 0]

/** Numbers stand at the right of their column; whatever is too wide for its column still keeps a space behind it. */
function cells(row: readonly string[]): string {
  return row
    .map((cell, i) => {
      const width = WIDTHS[i]!
      return `${i === 1 || i === 2 ? cell.padStart(width - 2) : cell.padEnd(width - 1)} `.padEnd(width)
    })
    .join('')
    .trimEnd()
}

// ---- verdict

function verdictLines({ checks, verdict, expected, run }: Outcome, style: Style): string[] {
  const colour = verdict === 'pass' ? style.good : style.bad
  const what = verdict === 'pass' ? 'PASS: every check holds' : `FAIL: ${failedIds(checks).join(', ')}`
  const lines = wrap(what, 6).map((line) => line.replace(/^(PASS|FAIL)/, colour))
  if (expected?.met) lines.push(style.dim('This is what the scenario expects of this policy.'))
  if (expected && !expected.met) {
    const which =
      expected.fails && expected.fails.length > 0 ? ` by exactly ${expected.fails.join(', ')}` : ''
    lines.push(...wrap(`Not as expected: the scenario says ${expected.verdict}${which}.`, 2).map(style.bad))
    const failing = expected.passes.filter((name) =>
      checks.some((check) => check.guest === name && check.verdict === 'fail'),
    )
    if (failing.length > 0)
      lines.push(...wrap(`It says that every check holds on ${failing.join(', ')}.`, 2).map(style.bad))
  }
  for (const { prediction, holds, message } of expected?.predicted ?? []) {
    const line = `${holds ? '=' : '≠'} ${message}, from ${prediction.formula.value}`
    lines.push(...wrap(line, 2).map(holds ? style.dim : style.bad))
  }
  const states = run.guests.map(({ name, stateHash }) => `state of ${name} ${stateHash}`)
  return [...lines, ...wrap(`seed ${run.scenario.seed}, ${states.join(', ')}`, 2).map(style.dim)]
}
