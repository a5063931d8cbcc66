/** A report as Markdown, as GitHub and GitLab show it. */
import type { Block, Cell, Report } from './document.js'

export function markdownText({ blocks }: Report): string {
  return `${blocks.map(block).join('\n\n')}\n`
}

function block(one: Block): string {
  switch (one.kind) {
    case 'heading':
      return `${'#'.repeat(one.level)} ${escaped(one.text)}`
    case 'text':
      return escaped(one.text)
    case 'verdict':
      return `**${one.held ? '✓' : '✗'} ${escaped(one.text)}**`
    case 'list':
      return one.items.map((item) => `- ${escaped(item)}`).join('\n')
    case 'lines':
    case 'plot':
      return fenced(one.lines)
    case 'table':
      return table(one.head, one.rows)
    case 'folded':
      return [
        '<details>',
        `<summary>${html(one.title)}</summary>`,
        '',
        one.blocks.map(block).join('\n\n'),
        '',
        '</details>',
      ].join('\n')
  }
}

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(head.map(escaped)),
    line(head.map(() => '---')),
    ...rows.map((row) =>
      line(
        row.map(({ text, tone }) => (tone === 'bad' && text !== '' ? `**${escaped(text)}**` : escaped(text))),
      ),
    ),
  ].join('\n')
}

/** Behind a fence that nothing within it ends. */
function fenced(lines: readonly string[]): string {
  const longest = Math.max(
    2,
    ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([ticks]) => ticks.length)),
  )
  const fence = '`'.repeat(longest + 1)
  return [`${fence}text`, ...lines, fence].join('\n')
}

/** Words, and nothing that Markdown would make something of. */
function escaped(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|#~]/g, '\\$&')
}

function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
