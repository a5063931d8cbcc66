/** The heat map of a sweep as SVG: a cell for each point of the first two axes, from none to all. */
import { element, escapeXml, text, told } from '../draw/shapes.js'
import { plotStyle } from '../draw/theme.js'
import type { CheckId } from '../scenario/types.js'
import { heatMap, type Sweep } from './result.js'

const TOP = 64
const LEFT = 150
const BOTTOM = 56
const RIGHT = 16
const WIDTH = 960
const MOST_LINE = 36
/** Labels on the axis across that have room. */
const LABEL = 90
const HEAT = '.cv-heat{fill:#c22f1d;stroke:none}.cv-none{fill:none;stroke-dasharray:2 2}'

export function heatSvg(sweep: Sweep, check: CheckId | null): string {
  const { across, down, cells } = heatMap(sweep, check)
  const column = (WIDTH - LEFT - RIGHT) / across.values.length
  const line = Math.max(4, Math.min(MOST_LINE, 480 / cells.length))
  const height = TOP + cells.length * line + BOTTOM
  const what = check === null ? 'share of points that fail' : `${check}, against the worst`
  const title = `${sweep.scenario}${sweep.policy === null ? '' : ` under ${sweep.policy}`}: ${what}`
  const shapes = cells.flatMap((row, i) =>
    row.map((cell, k) => {
      const [x, y] = [LEFT + k * column, TOP + i * line]
      const where = [across.values[k]!, ...(down ? [down.values[i]!] : [])].join(', ')
      const area = { x, y, width: column, height: line }
      return cell === null
        ? told('rect', { ...area, class: 'cv-none cv-axis' }, `${where}: no point`)
        : told(
            'rect',
            { ...area, class: 'cv-heat', 'fill-opacity': cell },
            `${where}: ${Math.round(cell * 100)} %`,
          )
    }),
  )
  const every = Math.ceil(LABEL / column)
  const everyLine = Math.ceil(14 / line)
  const end = TOP + cells.length * line
  const labels = [
    ...across.values.flatMap((value, k) =>
      k % every === 0 ? [text(LEFT + k * column, end + 18, 'cv-soft', value)] : [],
    ),
    ...(down?.values ?? []).flatMap((value, i) =>
      i % everyLine === 0
        ? [text(LEFT - 8, TOP + (i + 0.5) * line + 4, 'cv-soft', value, { 'text-anchor': 'end' })]
        : [],
    ),
    text(LEFT, end + 40, 'cv-name', across.path),
    ...(down ? [text(16, TOP - 12, 'cv-name', down.path)] : []),
  ]
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${WIDTH} ${height}`,
      width: WIDTH,
      height,
      class: 'cv-plot',
      role: 'img',
    },
    element('title', {}, escapeXml(title)),
    element('style', {}, `${plotStyle}${HEAT}`),
    element('rect', { class: 'cv-ground', width: '100%', height: '100%' }),
    text(16, 26, 'cv-title', title),
    element('rect', {
      class: 'cv-axis',
      fill: 'none',
      x: LEFT,
      y: TOP,
      width: WIDTH - LEFT - RIGHT,
      height: end - TOP,
    }),
    ...shapes,
    ...labels,
  )
}
