/** Sleepers under the axis, a row each: a line while one sleeps as it should, a bar for what is over. */
import { shortAt, shortNs } from '../check/format.js'
import type { GuestDrawing } from './drawing.js'
import { type Block, type Frame, shortened, spanOf } from './frame.js'
import { element, merged, type Span, text, told } from './shapes.js'
import { NOT_WOKEN, type SleepBars } from './sleeps.js'

const ROW = 20
const MIDDLE = 9
const MAX_ROWS = 12
/** Beyond this many bars in a row they are drawn without words of their own. */
const MAX_TOLD = 100

export function sleepRows({ sleeps, lateNs }: GuestDrawing, frame: Frame): Block[] {
  if (sleeps.length === 0) return []
  const rows = sleeps.slice(0, MAX_ROWS).map((bars) => sleepRow(bars, lateNs, frame))
  const more = sleeps.length - MAX_ROWS
  const rest =
    more > 0 ? [{ height: ROW, shapes: [text(frame.left, 13, 'cv-soft', `… and ${more} more`)] }] : []
  return [...rows, ...rest]
}

function sleepRow(bars: SleepBars, lateNs: bigint, frame: Frame): Block {
  const { name, issuedNs, dueNs, wokeNs } = bars
  const { fromNs, untilNs } = frame.window
  const asleep: Span[] = []
  const late: (Span & { readonly tip: string })[] = []
  const woken: number[] = []
  for (let i = 0; i < issuedNs.length; i++) {
    const ends = wokeNs[i] === NOT_WOKEN ? untilNs : wokeNs[i]!
    const due = dueNs[i]!
    if (ends < fromNs || issuedNs[i]! > untilNs) continue
    const asked = ends < due ? ends : due
    asleep.push(spanOf({ fromNs: issuedNs[i]!, untilNs: asked }, frame, 1))
    if (ends - due > lateNs)
      late.push({ ...spanOf({ fromNs: due, untilNs: ends }, frame), tip: tipOf(bars, i, ends) })
    else if (wokeNs[i] !== NOT_WOKEN && due - ends > lateNs)
      late.push({ ...spanOf({ fromNs: ends, untilNs: due }, frame), tip: tipOf(bars, i, ends) })
    if (wokeNs[i] !== NOT_WOKEN && ends <= untilNs) woken.push(frame.at(ends))
  }
  return {
    height: ROW,
    shapes: [
      text(frame.left - 8, MIDDLE + 4, 'cv-soft', shortened(name, 12), { 'text-anchor': 'end' }),
      ...merged(asleep).map(({ x, width }) =>
        element('line', { class: 'cv-asleep', x1: x, x2: x + width, y1: MIDDLE, y2: MIDDLE }),
      ),
      ...lateBars(late),
      ...merged(
        woken.map((x) => ({ x, width: 0 })),
        3,
      ).map(({ x, width }) =>
        element('line', {
          class: 'cv-woken',
          x1: x + width,
          x2: x + width,
          y1: MIDDLE - 6,
          y2: MIDDLE + 6,
        }),
      ),
    ],
  }
}

function lateBars(late: readonly (Span & { readonly tip: string })[]): string[] {
  const shape = ({ x, width }: Span) => ({ class: 'cv-late', x, y: MIDDLE - 5, width, height: 10, rx: 2 })
  if (late.length > MAX_TOLD) return merged(late).map((span) => element('rect', shape(span)))
  return late.map((span) => told('rect', shape(span), span.tip))
}

function tipOf({ name, issuedNs, dueNs, wokeNs, forNs }: SleepBars, i: number, ends: bigint): string {
  const off = ends - dueNs[i]!
  const issued = `${name}: sleep of ${shortNs(forNs)} at ${shortAt(issuedNs[i]!)}`
  if (wokeNs[i] === NOT_WOKEN) return `${issued}, still asleep ${shortNs(off)} after it was due`
  return `${issued}, woken ${off > 0n ? `${shortNs(off)} late` : `${shortNs(-off)} early`}`
}
