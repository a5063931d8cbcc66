/**
 * Colours of the pictures, light and dark. Written out rule by rule: programs that draw SVG without a browser know
 * classes, but neither variables nor media queries, and then show the light one. Text has a contrast of 4.5 to its
 * ground at least (WCAG 2 AA), curves and bars 3.
 */

interface Palette {
  readonly ground: string
  readonly ink: string
  readonly soft: string
  readonly grid: string
  readonly curve: string
  readonly stop: string
  readonly stall: string
  readonly jump: string
  readonly sleep: string
  readonly event: string
}

const LIGHT: Palette = {
  ground: '#ffffff',
  ink: '#1c2128',
  soft: '#59636e',
  grid: '#e2e6ea',
  curve: '#0b5cc4',
  stop: '#d3d9df',
  stall: '#fbe0a6',
  jump: '#c22f1d',
  sleep: '#4d7a4f',
  event: '#6a3fb5',
}

const DARK: Palette = {
  ground: '#12161c',
  ink: '#e8ecf1',
  soft: '#a0abb8',
  grid: '#2b323b',
  curve: '#69b1ff',
  stop: '#3a424d',
  stall: '#5c4512',
  jump: '#ff7a66',
  sleep: '#7fbf82',
  event: '#c3a4ff',
}

const rules = (c: Palette): string => `
.cv-ground{fill:${c.ground}}
.cv-plot text{fill:${c.ink}}
.cv-plot .cv-soft{fill:${c.soft}}
.cv-plot .cv-good{fill:${c.sleep}}
.cv-plot .cv-bad{fill:${c.jump}}
.cv-grid{stroke:${c.grid}}
.cv-zero,.cv-axis{stroke:${c.soft}}
.cv-curve{stroke:${c.curve}}
.cv-plot .cv-name{fill:${c.curve}}
.cv-stop{fill:${c.stop}}
.cv-stall{fill:${c.stall}}
.cv-jump,.cv-late{fill:${c.jump}}
.cv-asleep,.cv-woken{stroke:${c.sleep}}
.cv-mark{stroke:${c.event}}
.cv-badge{fill:${c.event}}
.cv-plot .cv-letter{fill:${c.ground}}`

const SHAPES = `.cv-plot text{font:12px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
.cv-plot .cv-title{font-size:14px;font-weight:600}
.cv-plot .cv-name,.cv-plot .cv-letter{font-weight:600}
.cv-plot .cv-letter{font-size:10px}
.cv-grid,.cv-zero,.cv-axis{stroke-width:1;shape-rendering:crispEdges}
.cv-zero{stroke-dasharray:3 3}
.cv-curve{fill:none;stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}
.cv-mark{stroke-width:1;stroke-dasharray:2 3}
.cv-jump{fill-opacity:.45}
.cv-asleep{stroke-width:2}
.cv-woken{stroke-width:2}`

/** What an SVG of src/draw/svg.ts needs, as the text of a style sheet. All its classes begin with `cv-`. */
export const plotStyle = `${SHAPES}${rules(LIGHT)}
@media (prefers-color-scheme:dark){${rules(DARK)}
}
`

/** The same for who has chosen one of the two. */
export function plotStyleOf(theme: 'light' | 'dark'): string {
  return SHAPES + rules(theme === 'dark' ? DARK : LIGHT)
}
