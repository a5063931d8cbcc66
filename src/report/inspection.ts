/** What `inspect` prints. */
import type { Inspected, ResumedClock, Row } from '../inspect/index.js'
import { instantText, secondsText } from '../inspect/text.js'
import { type Style, WIDTH, wrap } from './style.js'

export function inspectionText(inspected: Inspected, style: Style): string {
  const { path, title, sections, policies, resumed } = inspected
  const lines = [...wrap(`${path}: ${title}`, 2), '']
  for (const { title: name, rows } of sections) lines.push(style.bold(name), ...table(rows, style), '')
  if (policies.length > 0) {
    const rows = policies.map(({ policy, because }) => ({ name: policy, value: because }))
    lines.push(style.bold('policy that these values imply'), ...table(rows, style), '')
  }
  if (resumed) {
    lines.push(...wrap(style.bold(`resumed on that host under ${resumed.policy}`), 2))
    lines.push(...table(resumed.clocks.map(clockRow), style), '')
  }
  return `${lines.join('\n').trimEnd()}\n`
}

function clockRow({ name, unit, saved, resumed, note }: ResumedClock): Row {
  const show = (value: bigint) =>
    unit === 'ticks' ? `${value}` : unit === 'ns' ? secondsText(value) : instantText(value)
  const before = saved === null ? '' : `${show(saved)} -> `
  return { name, value: `${before}${show(resumed)}`, ...(note !== undefined && { note }) }
}

function table(rows: readonly Row[], style: Style): string[] {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const indent = width + 4
  return rows.flatMap(({ name, value, note }) => {
    const [first, ...rest] = wrap(value, 0, WIDTH - indent)
    const notes = note === undefined ? [] : wrap(note, 0, WIDTH - indent)
    return [
      `  ${style.accent(name.padEnd(width))}  ${first}`,
      ...rest.map((line) => ' '.repeat(indent) + line),
      ...notes.map((line) => ' '.repeat(indent) + style.dim(line)),
    ]
  })
}
