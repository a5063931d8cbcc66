/**
 * The same scenario under several policies: which fix cures what?
 *
 *                      xen-2008   xen-fix-1   …
 *   stall              ✗ 19.8 s   ✓
 *   late-wake          ✗ 18.8 s   ✓ 10 ms
 *   verdict            FAIL       PASS
 */
import { shortNs, shortPpb } from '../check/format.js'
import { type CheckResult, checkIds } from '../check/index.js'
import { columnJson, type Json } from './json.js'
import type { Outcome } from './outcome.js'
import { type Style, WIDTH, wrap } from './style.js'

export interface Column {
  readonly policy: string
  /** One line for people. */
  readonly title: string
  /** What it follows. */
  readonly source: string
  readonly outcome: Outcome
}

/** Left of the columns: the longest name of a check and a space. */
const NAMES = 19
const CELL = 10
const PER_TABLE = Math.floor((WIDTH - NAMES) / CELL)

export interface CompareOptions {
  readonly style: Style
  /** Only what fails somewhere, and without what the policies are. */
  readonly brief?: boolean
}

/** The table; of more policies than fit, several. */
export function compareLines(columns: readonly Column[], { style, brief = false }: CompareOptions): string[] {
  const shown = shownChecks(columns)
  const lines: string[] = []
  for (let i = 0; i < columns.length; i += PER_TABLE) {
    if (i > 0) lines.push('')
    lines.push(...table(columns.slice(i, i + PER_TABLE), shown, style))
  }
  const held = heldChecks(columns)
  if (held.length > 0 && !brief)
    lines.push('', ...wrap(`hold everywhere: ${held.join(', ')}`, 2).map(style.dim))
  if (!brief) lines.push('', ...titleLines(columns, style))
  return [...lines, '', ...answer(columns, style)]
}

/** Checks that hold wherever they judge. */
export function heldChecks(columns: readonly Column[]): CheckResult['id'][] {
  const shown = shownChecks(columns)
  return checkIds.filter((id) => !shown.includes(id) && columns.some((column) => worst(column, id)))
}

/** `compare --json`. */
export function compareJson(columns: readonly Column[]): Json {
  const { scenario } = columns[0]!.outcome.run
  return {
    scenario: scenario.name,
    title: scenario.title,
    system: scenario.system,
    seed: scenario.seed,
    policies: columns.map(({ policy, outcome }) => columnJson(policy, outcome)),
  }
}

/** Checks that fail somewhere, and `fault`. */
export function shownChecks(columns: readonly Column[]): CheckResult['id'][] {
  const all: CheckResult['id'][] = [...checkIds, 'fault']
  return all.filter((id) => columns.some((column) => worst(column, id)?.verdict === 'fail'))
}

/** Of all guests the one that fails, and of those the one that fails most. */
export function worst({ outcome }: Column, id: CheckResult['id']): CheckResult | undefined {
  return outcome.checks
    .filter((check) => check.id === id && check.verdict !== 'skip')
    .reduce<CheckResult | undefined>((a, b) => (a && rank(a) >= rank(b) ? a : b), undefined)
}

function rank({ verdict, value }: CheckResult): bigint {
  const size = value === null ? 0n : value < 0n ? -value : value
  return verdict === 'fail' ? size + (1n << 128n) : size
}

function table(columns: readonly Column[], shown: readonly CheckResult['id'][], style: Style): string[] {
  const heads = columns.map(({ policy }) => breakName(policy))
  const height = Math.max(...heads.map(({ length }) => length))
  const lines: string[] = []
  for (let row = 0; row < height; row++) {
    // Names stand on the line of the table.
    const parts = heads.map((head) => head[row - height + head.length] ?? '')
    lines.push(style.accent(line('', parts)))
  }
  for (const id of shown) {
    const cells = columns.map((column) => cell(worst(column, id), style))
    lines.push(line(id, cells))
  }
  const verdicts = columns.map(({ outcome: { verdict } }) =>
    verdict === 'pass' ? style.good('PASS'.padEnd(CELL)) : style.bad('FAIL'.padEnd(CELL)),
  )
  lines.push(line('verdict', verdicts))
  return lines
}

/** Cells may hold colours, so they come padded; names and heads do not. */
function line(name: string, cells: readonly string[]): string {
  return (name.padEnd(NAMES) + cells.map((one) => one.padEnd(CELL)).join('')).trimEnd()
}

function cell(check: CheckResult | undefined, style: Style): string {
  if (!check) return style.dim('–'.padEnd(CELL))
  const value = check.value === null || check.value === 0n ? '' : ` ${short(check)}`
  return check.verdict === 'fail'
    ? style.bad(`✗${value}`.padEnd(CELL))
    : style.good('✓') + style.dim(value.padEnd(CELL - 1))
}

/** At most eight characters. */
export function short({ value, unit }: CheckResult): string {
  const size = value! < 0n ? -value! : value!
  return unit === 'ns' ? shortNs(size, 3) : unit === 'ppb' ? shortPpb(size, 3) : `${size}`
}

/** Pieces of at most CELL - 1 characters, broken behind dashes where that is possible. */
function breakName(policy: string): string[] {
  const pieces: string[] = []
  for (const part of policy.split(/(?<=[-/.])/)) {
    const last = pieces.at(-1)
    if (last !== undefined && last.length + part.length < CELL) pieces[pieces.length - 1] = last + part
    else pieces.push(...(part.match(new RegExp(`.{1,${CELL - 1}}`, 'g')) ?? []))
  }
  return pieces
}

function titleLines(columns: readonly Column[], style: Style): string[] {
  return columns.flatMap(({ policy, title }) => {
    const [first, ...rest] = wrap(`${policy}: ${title}`, 4)
    return [style.accent(policy) + first!.slice(policy.length), ...rest]
  })
}

function answer(columns: readonly Column[], style: Style): string[] {
  return wrap(answerText(columns), 2).map(style.bold)
}

export function answerText(columns: readonly Column[]): string {
  const good = columns.filter(({ outcome }) => outcome.verdict === 'pass').map(({ policy }) => policy)
  return good.length === 0
    ? 'No policy here holds every check.'
    : `Every check holds under ${good.join(', ')}.`
}
