/**
 * Guest clocks minus true time over true time, for a terminal.
 *
 *      gettimeofday
 *     5 s ┤
 *       0 ┼⠒⠒⠒⠒⠒⠒⠒⡇┄┄┄┄┄┄┄        a panel for each clock that leaves the truth; those that
 *    -5 s ┤                  agree share one, those that are right share a line
 *         └──────░──────┬─── true time; ░ the guest is stopped
 *         0            60 s
 *                M           events, named below
 *
 * A wall clock is drawn against the true time of day, any other against the true time since its first reading.
 * Every reading is in the plot: a column of dots reaches from the lowest to the highest of its readings.
 */
import { shortAt, shortNs } from '../check/format.js'
import { type Series, seriesOf } from '../check/index.js'
import type { EventMark, GuestResult, RunResult } from '../world/result.js'
import { BrailleCanvas } from './braille.js'
import { stepOf } from './scale.js'
import { type Style, WIDTH, wrap } from './style.js'

/** In front of the plot: labels and the axis. */
const MARGIN = 11
const COLUMNS = WIDTH - MARGIN - 1
/** Below this a clock counts as right, and a panel shows no smaller range. */
const FLAT_NS = 1_000_000n
const MAX_LEGEND = 8

export interface PlotOptions {
  readonly style: Style
  /** Rows of a panel. */
  readonly rows?: number
}

/** One plot a guest, as lines. Guests without a reader of a clock have none. */
export function plotLines(run: RunResult, { style, rows = 7 }: PlotOptions): string[] {
  return run.guests.flatMap((guest) => {
    const clocks = seriesOf(guest, run.startWallNs)
      .filter(({ kind, length }) => (kind === 'wall' || kind === 'elapsed') && length > 0)
      .map((series) => trace(series, run.endNs))
    return clocks.length === 0 ? [] : guestPlot(guest, clocks, run, rows, style)
  })
}

function guestPlot(
  guest: GuestResult,
  traces: Trace[],
  run: RunResult,
  rows: number,
  style: Style,
): string[] {
  const title = run.guests.length > 1 ? `${guest.name}: clocks minus true time` : 'clocks minus true time'
  const lines = [style.bold(title)]
  // What is no more than a line beside the worst clock is not drawn.
  const near = traces.map(worst).reduce((a, b) => (a > b ? a : b)) / 100n
  const limit = near > FLAT_NS ? near : FLAT_NS
  const flat = traces.filter((one) => worst(one) <= limit)
  if (flat.length > 0) {
    const names = flat.map(({ name }) => name).join(', ')
    const off = shortNs(flat.map(worst).reduce((a, b) => (a > b ? a : b)))
    lines.push(...indented(`${names}: right all the time, within ${off}`, MARGIN - 1))
  }
  const panels = together(traces.filter((one) => !flat.includes(one)))
  for (const panel of panels) lines.push(...panelLines(panel, rows, style))
  if (panels.length > 0) lines.push(...axisLines(guest, traces, run, style))
  return lines
}

// ---- what a clock did

/** A clock's error by column of dots; true time runs over 2 * COLUMNS of them. */
interface Trace {
  readonly name: string
  readonly low: bigint
  readonly high: bigint
  readonly columns: readonly (Column | undefined)[]
  /** Columns of characters in which it stood still. */
  readonly still: ReadonlySet<number>
}

interface Column {
  readonly first: bigint
  last: bigint
  low: bigint
  high: bigint
  /** Whether the guest was stopped since the reading before the first one. */
  readonly afterStop: boolean
}

function trace(series: Series, endNs: bigint): Trace {
  const columns: (Column | undefined)[] = new Array(2 * COLUMNS)
  const still = new Set<number>()
  let low = series.error(0)
  let high = low
  let restsSince = 0
  for (let k = 0; k < series.length; k++) {
    const error = series.error(k)
    if (error < low) low = error
    if (error > high) high = error
    const trueNs = series.trueNs(k)
    const x = columnOf(trueNs, endNs, 2 * COLUMNS)
    const column = columns[x]
    if (!column) {
      const afterStop = k > 0 && series.stoppedNs(k) !== series.stoppedNs(k - 1)
      columns[x] = { first: error, last: error, low: error, high: error, afterStop }
    } else {
      column.last = error
      if (error < column.low) column.low = error
      if (error > column.high) column.high = error
    }
    if (k > 0 && series.value(k) !== series.value(k - 1)) restsSince = k
    // A column stands still when the clock rested for all of it.
    const from = columnOf(series.trueNs(restsSince), endNs, COLUMNS)
    for (let c = columnOf(trueNs, endNs, COLUMNS) - 1; c > from && !still.has(c); c--) still.add(c)
  }
  return { name: series.name, low, high, columns, still }
}

function columnOf(trueNs: bigint, endNs: bigint, columns: number): number {
  return Math.min(Number((trueNs * BigInt(columns)) / endNs), columns - 1)
}

function worst({ low, high }: Trace): bigint {
  return -low > high ? -low : high
}

// ---- panels

/** Traces that look the same, side by side. */
function together(traces: readonly Trace[]): Trace[][] {
  const panels: Trace[][] = []
  for (const one of traces) {
    const panel = panels.find(([other]) => sameLook(one, other!))
    if (panel) panel.push(one)
    else panels.push([one])
  }
  return panels
}

function sameLook(a: Trace, b: Trace): boolean {
  const low = a.low < b.low ? a.low : b.low
  const high = a.high > b.high ? a.high : b.high
  const near = (high - low) / 50n
  return a.columns.every((column, x) => {
    const other = b.columns[x]
    if (!column || !other) return column === other
    return distance(column.low, other.low) <= near && distance(column.high, other.high) <= near
  })
}

function distance(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a
}

function panelLines(panel: readonly Trace[], rows: number, style: Style): string[] {
  const [drawn] = panel
  // Zero is always in the picture, and on a row of its own.
  const low = drawn!.low < 0n ? drawn!.low : 0n
  const high = drawn!.high > 0n ? drawn!.high : 0n
  const range = high - low > FLAT_NS ? high - low : FLAT_NS
  const step = stepOf((range + BigInt(rows) - 2n) / (BigInt(rows) - 1n), worst(drawn!))
  // A row reaches a little beyond its value, so what is that little over a step needs no row more.
  const little = step.ns / 4n
  const top = ceilDiv(high - little, step.ns)
  const bottom = -ceilDiv(-low - little, step.ns)
  const height = Number(top - bottom) + 1
  const canvas = new BrailleCanvas(COLUMNS, height)
  // The second dot line of a character row stands for the row's value.
  const dotOf = (error: bigint) => Number(((top * step.ns - error) * 8n + step.ns) / (2n * step.ns)) + 1
  draw(canvas, drawn!, dotOf)
  const every = height > 4 ? 2n : 1n
  const lines = [`${' '.repeat(MARGIN - 1)}${style.accent(panel.map(({ name }) => name).join(', '))}`]
  for (let row = 0; row < height; row++) {
    const multiple = top - BigInt(row)
    const label = multiple % every === 0n ? signed(multiple, step.label(multiple)) : ''
    const tick = multiple === 0n ? '┼' : label ? '┤' : '│'
    const cells = canvas.row(row, multiple === 0n ? '┄' : ' ').trimEnd()
    const dim = cells.replace(/┄+/g, (zero) => style.dim(zero))
    lines.push(`${label.padStart(MARGIN - 2)} ${style.dim(tick)}${dim}`)
  }
  return lines
}

function draw(canvas: BrailleCanvas, { columns }: Trace, dotOf: (error: bigint) => number): void {
  let before: { x: number; y: number } | null = null
  for (const [x, column] of columns.entries()) {
    if (!column) continue
    if (before && !column.afterStop) canvas.line(before.x, before.y, x, dotOf(column.first))
    canvas.line(x, dotOf(column.low), x, dotOf(column.high))
    before = { x, y: dotOf(column.last) }
  }
}

function signed(multiple: bigint, label: string): string {
  return multiple > 0n ? `+${label}` : label
}

function ceilDiv(a: bigint, b: bigint): bigint {
  return a > 0n ? (a + b - 1n) / b : 0n
}

// ---- the axis of true time

function axisLines(guest: GuestResult, traces: readonly Trace[], run: RunResult, style: Style): string[] {
  const { endNs } = run
  const margin = ' '.repeat(MARGIN - 1)
  const step = stepOf(endNs / 6n, endNs)
  const line: string[] = new Array(COLUMNS).fill('─')
  const labels: string[] = new Array(COLUMNS + 8).fill(' ')
  for (let n = 0n; n * step.ns <= endNs; n++) {
    const x = columnOf(n * step.ns, endNs, COLUMNS)
    if (n > 0n) line[x] = '┬'
    const label = step.label(n)
    const at = Math.max(0, Math.min(x - (label.length >> 1), COLUMNS - label.length))
    if (labels.slice(Math.max(0, at - 1), at + label.length + 1).every((c) => c === ' ')) {
      labels.splice(at, label.length, ...label)
    }
  }
  for (const { fromNs, untilNs } of guest.stops) {
    for (let x = columnOf(fromNs, endNs, COLUMNS); x <= columnOf(untilNs, endNs, COLUMNS); x++) line[x] = '░'
  }
  const lines = [
    `${margin}${style.dim('└')}${style.dim(line.join(''))}`,
    `${margin} ${style.dim(labels.join('').trimEnd())}`,
  ]
  const standsAt = ({ still }: Trace, x: number) => line[x] !== '░' && still.has(x)
  const standing = traces.filter((one) => line.some((_, x) => standsAt(one, x)))
  if (standing.length > 0) {
    const bar = line.map((_, x) => (standing.some((one) => standsAt(one, x)) ? '═' : ' '))
    lines.push(under('standing', style.bad(bar.join('').trimEnd())))
  }
  const legend = guest.stops.length > 0 ? ['░ the guest is stopped'] : []
  if (standing.length > 0) legend.push(`═ stands still: ${standing.map(({ name }) => name).join(', ')}`)
  return [...lines, ...markLines(guest, run, style), ...legend.flatMap((text) => indented(text, MARGIN))]
}

const LETTERS: Readonly<Record<string, string>> = {
  boot: 'B',
  pause: 'P',
  resume: 'R',
  save: 'S',
  restore: 'R',
  migrate: 'M',
  reboot: 'B',
  'set-wall': 'W',
  'ntp-step': 'N',
  'ntp-slew': 'N',
  'host-suspend': 'H',
  'agent-settime': 'A',
  'guest-ntp-step': 'G',
  'guest-ntp-slew': 'G',
  'rtc-resync': 'C',
  steal: 'T',
  'tell-frequency': 'F',
}

function markLines(guest: GuestResult, run: RunResult, style: Style): string[] {
  const hosts = new Set(guest.stops.flatMap(({ fromHost, toHost }) => [fromHost, toHost]))
  hosts.add(run.scenario.guests.find(({ name }) => name === guest.name)!.on)
  const marks = run.marks.filter((mark) => {
    if (mark.kind === 'boot' && mark.atNs === 0n) return false
    return mark.guest !== undefined
      ? mark.guest === guest.name
      : mark.host === undefined || hosts.has(mark.host)
  })
  if (marks.length === 0) return []
  const row: string[] = new Array(COLUMNS).fill(' ')
  for (const mark of marks) {
    // Where several fall into one column, the later ones stand beside it.
    const x = columnOf(mark.atNs, run.endNs, COLUMNS)
    const free = [x, x + 1, x + 2].find((at) => row[at] === ' ')
    if (free !== undefined) row[free] = letterOf(mark)
  }
  const legend = marks
    .slice(0, MAX_LEGEND)
    .map((mark) => `${letterOf(mark)} ${shortAt(mark.atNs)}: ${mark.label}`)
  if (marks.length > MAX_LEGEND) legend.push(`… and ${marks.length - MAX_LEGEND} more`)
  return [
    under('events', style.bold(row.join('').trimEnd())),
    ...legend.flatMap((text) => indented(text, MARGIN)),
  ]
}

function letterOf({ kind }: EventMark): string {
  return LETTERS[kind] ?? '•'
}

function under(name: string, row: string): string {
  return `${name.padStart(MARGIN - 2)}  ${row}`
}

function indented(text: string, indent: number): string[] {
  return wrap(text, 2, WIDTH - indent).map((line) => ' '.repeat(indent) + line)
}
