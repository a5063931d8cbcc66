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
 * What is drawn is src/draw's; every reading is in the plot: a column of dots reaches from the lowest to the highest
 * of its readings.
 */
import { shortAt, shortNs } from '../check/format.js'
import type { Bin, Window } from '../draw/decimate.js'
import {
  type Curve,
  columnAt,
  type Drawing,
  drawingOf,
  type GuestDrawing,
  type Panel,
  panelsOf,
} from '../draw/index.js'
import { FLAT_NS } from '../draw/panels.js'
import { stepOf } from '../draw/scale.js'
import type { RunResult } from '../world/result.js'
import { BrailleCanvas } from './braille.js'
import { type Style, WIDTH, wrap } from './style.js'

/** In front of the plot: labels and the axis. */
const MARGIN = 11
const COLUMNS = WIDTH - MARGIN - 1
const MAX_LEGEND = 8

export interface PlotOptions {
  readonly style: Style
  /** Rows of a panel. */
  readonly rows?: number
}

/** One plot a guest, as lines. Guests without a reader of a clock have none. */
export function plotLines(run: RunResult, { style, rows = 7 }: PlotOptions): string[] {
  const drawing = drawingOf(run)
  return drawing.guests.flatMap((guest) =>
    guest.curves.length === 0 ? [] : guestPlot(guest, drawing, rows, style),
  )
}

function guestPlot(guest: GuestDrawing, { guests, endNs }: Drawing, rows: number, style: Style): string[] {
  const title = guests.length > 1 ? `${guest.name}: clocks minus true time` : 'clocks minus true time'
  const lines = [style.bold(title)]
  const { panels, flat, flatNs } = panelsOf(guest.curves, {
    fromNs: 0n,
    untilNs: endNs,
    columns: 2 * COLUMNS,
  })
  if (flat.length > 0) {
    const names = flat.map(({ name }) => name).join(', ')
    lines.push(...indented(`${names}: right all the time, within ${shortNs(flatNs)}`, MARGIN - 1))
  }
  for (const panel of panels) lines.push(...panelLines(panel, rows, style))
  if (panels.length > 0) lines.push(...axisLines(guest, endNs, style))
  return lines
}

// ---- panels

function panelLines(panel: Panel, rows: number, style: Style): string[] {
  // Zero is always in the picture, and on a row of its own.
  const { lowNs: low, highNs: high } = panel
  const range = high - low > FLAT_NS ? high - low : FLAT_NS
  const step = stepOf((range + BigInt(rows) - 2n) / (BigInt(rows) - 1n), -low > high ? -low : high)
  // A row reaches a little beyond its value, so what is that little over a step needs no row more.
  const little = step.ns / 4n
  const top = ceilDiv(high - little, step.ns)
  const bottom = -ceilDiv(-low - little, step.ns)
  const height = Number(top - bottom) + 1
  const canvas = new BrailleCanvas(COLUMNS, height)
  // The second dot line of a character row stands for the row's value.
  const dotOf = (error: bigint) => Number(((top * step.ns - error) * 8n + step.ns) / (2n * step.ns)) + 1
  draw(canvas, panel.bins, dotOf)
  const every = height > 4 ? 2n : 1n
  const lines = [`${' '.repeat(MARGIN - 1)}${style.accent(panel.curves.map(({ name }) => name).join(', '))}`]
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

function draw(canvas: BrailleCanvas, bins: readonly Bin[], dotOf: (error: bigint) => number): void {
  let before: { x: number; y: number } | null = null
  for (const { x, first, last, low, high, afterStop } of bins) {
    if (before && !afterStop) canvas.line(before.x, before.y, x, dotOf(first))
    canvas.line(x, dotOf(low), x, dotOf(high))
    before = { x, y: dotOf(last) }
  }
}

function signed(multiple: bigint, label: string): string {
  return multiple > 0n ? `+${label}` : label
}

function ceilDiv(a: bigint, b: bigint): bigint {
  return a > 0n ? (a + b - 1n) / b : 0n
}

// ---- the axis of true time

function axisLines(guest: GuestDrawing, endNs: bigint, style: Style): string[] {
  const window: Window = { fromNs: 0n, untilNs: endNs, columns: COLUMNS }
  const margin = ' '.repeat(MARGIN - 1)
  const step = stepOf(endNs / 6n, endNs)
  const line: string[] = new Array(COLUMNS).fill('─')
  const labels: string[] = new Array(COLUMNS + 8).fill(' ')
  for (let n = 0n; n * step.ns <= endNs; n++) {
    const x = columnAt(n * step.ns, window)
    if (n > 0n) line[x] = '┬'
    const label = step.label(n)
    const at = Math.max(0, Math.min(x - (label.length >> 1), COLUMNS - label.length))
    if (labels.slice(Math.max(0, at - 1), at + label.length + 1).every((c) => c === ' ')) {
      labels.splice(at, label.length, ...label)
    }
  }
  for (const { fromNs, untilNs } of guest.stops) {
    for (let x = columnAt(fromNs, window); x <= columnAt(untilNs, window); x++) line[x] = '░'
  }
  const lines = [
    `${margin}${style.dim('└')}${style.dim(line.join(''))}`,
    `${margin} ${style.dim(labels.join('').trimEnd())}`,
  ]
  const standing = guest.curves
    .map(({ name, stalls }) => ({ name, still: stillColumns(stalls, window) }))
    .filter(({ still }) => line.some((mark, x) => mark !== '░' && still.has(x)))
  if (standing.length > 0) {
    const bar = line.map((mark, x) =>
      mark !== '░' && standing.some(({ still }) => still.has(x)) ? '═' : ' ',
    )
    lines.push(under('standing', style.bad(bar.join('').trimEnd())))
  }
  const legend = guest.stops.length > 0 ? ['░ the guest is stopped'] : []
  if (standing.length > 0) legend.push(`═ stands still: ${standing.map(({ name }) => name).join(', ')}`)
  return [...lines, ...markLines(guest, window, style), ...legend.flatMap((text) => indented(text, MARGIN))]
}

/** Those in which a clock rested from end to end. */
function stillColumns(stalls: Curve['stalls'], window: Window): Set<number> {
  const still = new Set<number>()
  for (const { fromNs, untilNs } of stalls) {
    for (let x = columnAt(fromNs, window) + 1; x < columnAt(untilNs, window); x++) still.add(x)
  }
  return still
}

function markLines({ marks }: GuestDrawing, window: Window, style: Style): string[] {
  if (marks.length === 0) return []
  const row: string[] = new Array(COLUMNS).fill(' ')
  for (const mark of marks) {
    // Where several fall into one column, the later ones stand beside it.
    const x = columnAt(mark.atNs, window)
    const free = [x, x + 1, x + 2].find((at) => row[at] === ' ')
    if (free !== undefined) row[free] = mark.letter
  }
  const legend = marks
    .slice(0, MAX_LEGEND)
    .map((mark) => `${mark.letter} ${shortAt(mark.atNs)}: ${mark.label}`)
  if (marks.length > MAX_LEGEND) legend.push(`… and ${marks.length - MAX_LEGEND} more`)
  return [
    under('events', style.bold(row.join('').trimEnd())),
    ...legend.flatMap((text) => indented(text, MARGIN)),
  ]
}

function under(name: string, row: string): string {
  return `${name.padStart(MARGIN - 2)}  ${row}`
}

function indented(text: string, indent: number): string[] {
  return wrap(text, 2, WIDTH - indent).map((line) => ' '.repeat(indent) + line)
}
