/** A sweep for the terminal: what fails how often and where it is worst, and a heat map of characters. */

import { shortNs, shortPpb } from '../check/format.js'
import { checkIds } from '../check/index.js'
import type { Json } from '../report/json.js'
import { type Style, WIDTH, wrap } from '../report/style.js'
import type { CheckId } from '../scenario/types.js'
import { heatMap, type Row, type Sweep } from './result.js'

/** From none to all. */
const SHADES = [' ', '░', '▒', '▓', '█'] as const

const size = (value: bigint): bigint => (value < 0n ? -value : value)
const whereOf = ({ axes }: Sweep, { point }: Row): string =>
  axes.map(({ path }, i) => `${path.split('.').at(-1)}=${point[i]}`).join(' ')

export function sweepText(sweep: Sweep, check: CheckId | null, style: Style): string {
  const { rows, scenario, policy } = sweep
  const failing = rows.filter(({ verdict }) => verdict === 'fail').length
  const under = policy === null ? '' : ` under ${policy}`
  const head = `${rows.length.toLocaleString('en-US')} points, ${failing.toLocaleString('en-US')} fail`
  return [
    `${style.bold(scenario)}${under}: ${head}`,
    '',
    ...checkLines(sweep, style),
    '',
    ...mapLines(sweep, check),
    '',
  ].join('\n')
}

/** A line for each check that fails somewhere. */
function checkLines(sweep: Sweep, style: Style): string[] {
  const lines = checkIds.flatMap((id) => {
    const failing = sweep.rows.filter(({ fails }) => fails.includes(id))
    if (failing.length === 0) return []
    const worst = failing.reduce((a, b) => (size(b.values[id]!) > size(a.values[id]!) ? b : a))
    const label = `${style.bad('✗')} ${id.padEnd(18)}${`${failing.length}`.padStart(6)}  `
    const worstText = `worst ${valueText(id, worst.values[id]!)} at ${whereOf(sweep, worst)}`
    return wrap(worstText, 0, WIDTH - 28).map((line, i) => (i === 0 ? label : ' '.repeat(28)) + line)
  })
  return lines.length > 0 ? lines : [`${style.good('✓')} every check holds at every point`]
}

function valueText(id: CheckId, value: bigint): string {
  if (id === 'rate') return shortPpb(size(value))
  return id === 'wake-storm' || id === 'backwards-warning' ? `${value}` : shortNs(value)
}

function mapLines(sweep: Sweep, check: CheckId | null): string[] {
  const { across, down, cells } = heatMap(sweep, check)
  const margin = Math.min(24, Math.max(...(down?.values ?? ['']).map(({ length }) => length)))
  const room = WIDTH - margin - 2
  const wide = Math.max(1, Math.min(6, Math.floor(room / across.values.length)))
  const shown = Math.min(across.values.length, room)
  const what = check === null ? 'share of points that fail' : `${check}, against the worst`
  const lines = cells.map((line, i) => {
    const label = (down?.values[i] ?? '').slice(0, margin).padStart(margin)
    return `${label} ┤${line
      .slice(0, shown)
      .map((cell) => shade(cell).repeat(wide))
      .join('')}`.trimEnd()
  })
  const [first, last] = [across.values[0]!, across.values[shown - 1]!]
  const space = Math.max(1, shown * wide - first.length - last.length)
  return [
    ...wrap(`${what}: ${SHADES.slice(1).join('')} a little to all, · no point`),
    ...(down ? [down.path] : []),
    ...lines,
    `${' '.repeat(margin)} └${'─'.repeat(shown * wide)}`,
    `${' '.repeat(margin + 2)}${first}${' '.repeat(space)}${last}`.slice(0, WIDTH),
    `${' '.repeat(margin + 2)}${across.path}`.slice(0, WIDTH),
    ...(sweep.axes.length > 2
      ? wrap(
          `each cell is the mean over ${sweep.axes
            .slice(2)
            .map(({ path }) => path)
            .join(', ')}`,
        )
      : []),
  ]
}

function shade(cell: number | null): string {
  if (cell === null) return '·'
  return cell === 0 ? SHADES[0] : SHADES[Math.max(1, Math.round(cell * 4)) as 1 | 2 | 3 | 4]
}

export function sweepJson(sweep: Sweep): Json {
  const { scenario, policy, axes, rows } = sweep
  return {
    scenario,
    policy,
    axes: axes.map(({ path, values }) => ({ path, values })),
    points: rows.length,
    failing: rows.filter(({ verdict }) => verdict === 'fail').length,
    rows: rows.map((row) => ({
      at: Object.fromEntries(axes.map(({ path }, i) => [path, row.point[i]!])),
      verdict: row.verdict,
      fails: row.fails,
      values: Object.fromEntries(
        checkIds.map((id) => [id, row.values[id] === null ? null : `${row.values[id]}`]),
      ),
    })),
  }
}
