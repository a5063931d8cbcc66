/**
 * A drawing as SVG: complete in itself, for light and dark, with its words for who cannot see it.
 *
 *   title
 *   right all the time: …                                        clocks that need no panel
 *           (M)            (W)                                   events
 *   +20 s ┤──────╮░░                                             a panel for the clocks that look the same,
 *       0 ┤      ╰──────                                         stops, stalls and jumps as bands
 *         └──────┬──────┬──────                                  true time
 *   after  ──────████████                                        a sleeper: asleep, late
 *   M 60 s: migrate g to b                                       what is what
 */
import { shortAt, shortNs } from '../check/format.js'
import { type BinsOf, binsOf, type Window } from './decimate.js'
import { describeDrawing, faultWords } from './describe.js'
import type { Drawing, GuestDrawing } from './drawing.js'
import { type Block, type Frame, type Interval, outside, share, shortened, spanOf } from './frame.js'
import { PLOT_MARGINS } from './margins.js'
import { FLAT_NS, type Panel, panelsOf } from './panels.js'
import { type Axis, axisOf } from './scale.js'
import { element, escapeXml, merged, px, type Span, text, told } from './shapes.js'
import { isLate } from './sleeps.js'
import { sleepRows } from './svg-sleeps.js'
import { plotStyle } from './theme.js'

export interface SvgOptions {
  /** px; default 960. At least 320. */
  readonly width?: number
  /** The stretch of true time that is drawn; default: all of it. */
  readonly fromNs?: bigint
  readonly untilNs?: bigint
  /** false: the page has plotStyle in a sheet of its own. */
  readonly styled?: boolean
  /** Another way to cut curves to columns, with the same result. */
  readonly bins?: BinsOf
}

const LEFT = PLOT_MARGINS.left
const RIGHT = PLOT_MARGINS.right
const PANEL = 128
const HEAD = 22
const LINE = 18
/** As wide as a character is at most, on average. */
const CHARACTER = 6.6
const MAX_EVENTS = 12
/** A letter and its ground. */
const BADGE = 17

export function drawingSvg(drawing: Drawing, options: SvgOptions = {}): string {
  const { width = 960, styled = true, fromNs = 0n, untilNs = drawing.endNs, bins = binsOf } = options
  const plot = Math.max(width, 320) - LEFT - RIGHT
  const window: Window = { fromNs, untilNs, columns: plot }
  const at = (trueNs: bigint) => LEFT + share(trueNs - fromNs, untilNs - fromNs) * plot
  const frame: Frame = { left: LEFT, width: plot, window, at }
  const blocks = drawing.guests
    .filter(({ curves, sleeps }) => curves.length > 0 || sleeps.length > 0)
    .flatMap((guest) => guestBlocks(guest, drawing, frame, bins))
  const { height, body } = stack(blocks, 14)
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${px(Math.max(width, 320))} ${px(height + 8)}`,
      width: Math.max(width, 320),
      height: height + 8,
      class: 'cv-plot',
      role: 'img',
    },
    element('title', {}, escapeXml(`${drawing.title}: clocks minus true time`)),
    element('desc', {}, escapeXml(describeDrawing(drawing).join(' '))),
    styled ? element('style', {}, plotStyle) : '',
    element('rect', { class: 'cv-ground', width: '100%', height: '100%' }),
    body,
  )
}

function stack(blocks: readonly Block[], top: number): { height: number; body: string } {
  let y = top
  const placed = blocks.map(({ height, shapes }) => {
    const group = element('g', { transform: `translate(0 ${px(y)})` }, '\n', shapes.join('\n'), '\n')
    y += height
    return group
  })
  return { height: y, body: placed.join('\n') }
}

function guestBlocks(guest: GuestDrawing, drawing: Drawing, frame: Frame, bins: BinsOf): Block[] {
  const { panels, flat, flatNs } = panelsOf(guest.curves, frame.window, bins)
  const title = `${drawing.guests.length > 1 ? `${guest.name}: ` : ''}clocks minus true time`
  const right = flat.map(({ name }) => name).join(', ')
  const axis = axisOf(frame.window.fromNs, frame.window.untilNs, Math.max(2, Math.floor(frame.width / 110)))
  const plot: Block[] = [
    ...panels.map((panel) => panelBlock(panel, guest, axis, frame)),
    axisBlock(axis, frame),
    ...sleepRows(guest, frame),
  ]
  const rows = stack(plot, guest.marks.length > 0 ? HEAD : 4)
  return [
    { height: HEAD, shapes: [text(LEFT, 12, 'cv-title', title)] },
    ...(flat.length === 0
      ? []
      : [textBlock(`${right}: right all the time, within ${shortNs(flatNs)}`, frame)]),
    { height: rows.height, shapes: [...behind(guest, frame, rows.height), rows.body] },
    ...legend(guest, panels, frame),
  ]
}

function textBlock(content: string, { left, width }: Frame): Block {
  return {
    height: LINE,
    shapes: [text(left, 14, 'cv-soft', shortened(content, Math.floor(width / CHARACTER)))],
  }
}

// ---- what reaches through all rows: stops and events

function behind(guest: GuestDrawing, frame: Frame, height: number): string[] {
  const top = guest.marks.length > 0 ? HEAD : 4
  const stops = guest.stops.filter(inWindow(frame.window)).map(({ fromNs, untilNs, cause }) => {
    const tip = `stopped (${cause}) from ${shortAt(fromNs)} for ${shortNs(untilNs - fromNs)}`
    return band(spanOf({ fromNs, untilNs }, frame), 'cv-stop', top, height - top, tip)
  })
  return [...stops, ...marks(guest, frame, height)]
}

function marks({ marks }: GuestDrawing, { window, at }: Frame, height: number): string[] {
  let free = 0
  return marks
    .filter(({ atNs }) => atNs >= window.fromNs && atNs <= window.untilNs)
    .map(({ atNs, letter, label }) => {
      const x = at(atNs)
      // Where two events are nearly one, the letters stand side by side.
      const badge = Math.max(x, free)
      free = badge + BADGE
      return element(
        'g',
        {},
        element('title', {}, escapeXml(`${shortAt(atNs)}: ${label}`)),
        element('line', { class: 'cv-mark', x1: x, x2: x, y1: 14, y2: height }),
        element('circle', { class: 'cv-badge', cx: badge, cy: 8, r: BADGE / 2 - 1 }),
        text(badge, 11.5, 'cv-letter', letter, { 'text-anchor': 'middle' }),
      )
    })
}

const inWindow =
  ({ fromNs, untilNs }: Window) =>
  (span: Interval): boolean =>
    span.untilNs >= fromNs && span.fromNs <= untilNs

function band({ x, width }: Span, kind: string, y: number, height: number, tip: string): string {
  return told('rect', { class: kind, x, y, width, height }, tip)
}

// ---- a panel

function panelBlock(panel: Panel, guest: GuestDrawing, axis: Axis, frame: Frame): Block {
  const range = panel.highNs - panel.lowNs > FLAT_NS ? panel.highNs - panel.lowNs : FLAT_NS
  const low = panel.lowNs - range / 16n
  const high = panel.highNs + range / 16n
  const head = panelHead(panel, frame)
  const top = head.height
  const y = (errorNs: bigint) => top + (1 - share(errorNs - low, high - low)) * PANEL
  const [drawn] = panel.curves
  const visible = inWindow(frame.window)
  const stalls = drawn!.stalls.filter(visible)
  const jumps = drawn!.jumps.filter(visible)
  const bands = (spans: readonly Interval[], kind: string, least: number) =>
    merged(spans.map((span) => spanOf(span, frame, least))).map(({ x, width }) =>
      element('rect', { class: kind, x, y: top, width, height: PANEL }),
    )
  return {
    height: top + PANEL + 10,
    shapes: [
      ...bands(outside(stalls, guest.stops), 'cv-stall', 1),
      ...bands(jumps, 'cv-jump', 3),
      ...axis.ticks.map(({ ns }) => vertical(frame.at(ns), top, top + PANEL)),
      ...valueAxis(low, high, y, frame),
      element('path', { class: 'cv-curve', d: curvePath(panel, y, frame) }),
      ...head.shapes,
    ],
  }
}

/** Names, and beside them what is wrong with them; below them where that is not enough room. */
function panelHead({ curves }: Panel, { left, width }: Frame): Block {
  const names = curves.map(({ name }) => name).join(', ')
  const faults = faultWords(curves[0]!)
  const room = Math.floor(width / CHARACTER)
  const name = text(left, HEAD - 7, 'cv-name', shortened(names, room))
  const beside = faults.join(', ')
  if (names.length + beside.length + 2 <= room) {
    const right = text(left + width, HEAD - 7, 'cv-bad', beside, { 'text-anchor': 'end' })
    return { height: HEAD, shapes: [name, right] }
  }
  const below = faults.map((words, i) =>
    text(left, HEAD - 7 + (i + 1) * LINE, 'cv-bad', shortened(words, room)),
  )
  return { height: HEAD + below.length * LINE, shapes: [name, ...below] }
}

function vertical(x: number, y1: number, y2: number): string {
  return element('line', { class: 'cv-grid', x1: x, x2: x, y1, y2 })
}

function valueAxis(
  low: bigint,
  high: bigint,
  y: (errorNs: bigint) => number,
  { left, width }: Frame,
): string[] {
  return axisOf(low, high, 5).ticks.flatMap(({ ns, label }) => {
    const kind = ns === 0n ? 'cv-zero' : 'cv-grid'
    const at = y(ns)
    return [
      element('line', { class: kind, x1: left, x2: left + width, y1: at, y2: at }),
      text(left - 8, at + 4, 'cv-soft', ns > 0n ? `+${label}` : label, { 'text-anchor': 'end' }),
    ]
  })
}

/** From column to column; over a stop the pen is lifted. */
function curvePath({ bins }: Panel, y: (errorNs: bigint) => number, { left }: Frame): string {
  const points: string[] = []
  let pen = false
  for (const { x, first, low, high, last, afterStop } of bins) {
    const at = px(left + x + 0.5)
    points.push(`${pen && !afterStop ? 'L' : 'M'}${at} ${px(y(first))}`)
    if (low !== high) points.push(`V${px(y(low))}V${px(y(high))}V${px(y(last))}`)
    // A single reading is a dot: a line of no length with round ends.
    else points.push('h0')
    pen = true
  }
  return points.join('')
}

// ---- true time

function axisBlock({ ticks, base }: Axis, { left, width, at }: Frame): Block {
  const labels = ticks.map(({ ns, label }, i) => {
    const x = at(ns)
    const anchor = x > left + width - 16 ? 'end' : i === 0 && x < left + 16 ? 'start' : 'middle'
    return text(x, 16, 'cv-soft', label, { 'text-anchor': anchor })
  })
  const line = element('line', { class: 'cv-axis', x1: left, x2: left + width, y1: 0, y2: 0 })
  const ends = ticks.map(({ ns }) =>
    element('line', { class: 'cv-axis', x1: at(ns), x2: at(ns), y1: 0, y2: 4 }),
  )
  const from = base === null ? [] : [text(left, 34, 'cv-soft', `counted from ${base}`)]
  return { height: base === null ? 26 : 44, shapes: [line, ...ends, ...labels, ...from] }
}

// ---- what is what

function legend(guest: GuestDrawing, panels: readonly Panel[], frame: Frame): Block[] {
  const drawn = panels.map(({ curves }) => curves[0]!)
  const keys: (readonly [string, string])[] = []
  if (guest.stops.length > 0) keys.push(['cv-stop', 'the guest is stopped'])
  if (drawn.some(({ stalls }) => stalls.length > 0)) keys.push(['cv-stall', 'the clock stands still'])
  if (drawn.some(({ jumps }) => jumps.length > 0)) keys.push(['cv-jump', 'the clock jumps'])
  const events = guest.marks.slice(0, MAX_EVENTS).map(({ atNs, letter, label }) => {
    return textBlock(`${letter}  ${shortAt(atNs)}: ${label}`, frame)
  })
  if (guest.marks.length > MAX_EVENTS)
    events.push(textBlock(`… and ${guest.marks.length - MAX_EVENTS} events more`, frame))
  if (guest.sleeps.length > 0) keys.push(['cv-asleep', 'asleep'])
  if (guest.sleeps.some((bars) => isLate(bars, guest.lateNs))) keys.push(['cv-late', 'asleep for too long'])
  return [...swatchRows(keys, frame), { height: 8, shapes: [] }, ...events, { height: 12, shapes: [] }]
}

/** As many side by side as there is room for. */
function swatchRows(keys: readonly (readonly [string, string])[], { left, width }: Frame): Block[] {
  const rows: string[][] = []
  let x = left + width
  for (const [kind, words] of keys) {
    const needed = 32 + CHARACTER * words.length
    if (x + needed > left + width) {
      rows.push([])
      x = left
    }
    rows.at(-1)!.push(swatch(kind, x), text(x + 20, 18, 'cv-soft', words))
    x += needed
  }
  return rows.map((shapes) => ({ height: 22, shapes }))
}

function swatch(kind: string, x: number): string {
  if (kind === 'cv-asleep') return element('line', { class: kind, x1: x, x2: x + 14, y1: 14, y2: 14 })
  return element('rect', { class: kind, x, y: 8, width: 14, height: 12 })
}
