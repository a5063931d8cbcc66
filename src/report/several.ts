/** The report of several runs for people: a line or two for each, and the sum. */
import { failedIds, type Outcome } from './outcome.js'
import { type Style, wrap } from './style.js'

/** What is kept of a run when the next one begins. */
export interface Line {
  readonly name: string
  readonly held: boolean
  /** Fails, and the scenario says so. */
  readonly known: boolean
  readonly text: string
}

export function lineOf(outcome: Outcome, expected: boolean): Line {
  const { run, checks, verdict } = outcome
  const { name } = run.scenario
  const met = outcome.expected?.met
  const held = expected && met !== undefined ? met : verdict === 'pass'
  const failed = failedIds(checks).join(', ')
  const known = verdict === 'fail' && met === true
  const not = met === false ? ' (not as the scenario expects)' : ''
  return { name, held, known, text: `${failed}${known ? ' (as the scenario expects)' : not}`.trim() }
}

export function lineText({ name, held, known, text }: Line, style: Style): string {
  const mark = held ? (known ? style.dim('✗') : style.good('✓')) : style.bad('✗')
  const rest = text === '' ? [] : wrap(text, 0, 74).map((line) => `      ${held ? style.dim(line) : line}`)
  return [`  ${mark} ${name}`, ...rest].join('\n')
}

export function sumText(lines: readonly Line[], style: Style): string {
  const held = lines.filter((line) => line.held).length
  const known = lines.filter((line) => line.held && line.known).length
  const failed = lines.length - held
  const of = `${lines.length} scenario${lines.length === 1 ? '' : 's'}`
  const knownText = known > 0 ? `, of them ${known} that fail${known === 1 ? 's' : ''} as expected` : ''
  const what = failed === 0 ? style.good('PASS') : style.bad('FAIL')
  return `${what}: ${held} of ${of} hold${knownText}${failed > 0 ? `; ${failed} fail` : ''}`
}
