/** A report as one HTML file: it needs nothing else, and nothing of it reaches out. */
import { drawingSvg, plotStyle } from '../draw/index.js'
import { element, escapeXml } from '../draw/shapes.js'
import type { Block, Cell, Report } from './document.js'

const STYLE = `
:root{color-scheme:light dark;--ground:#fff;--ink:#1c2128;--soft:#59636e;--line:#d3d9df;--good:#2f6b32;--bad:#b3261e;--tint:#f5f7f9}
@media (prefers-color-scheme:dark){:root{--ground:#12161c;--ink:#e8ecf1;--soft:#a0abb8;--line:#39414b;--good:#7fbf82;--bad:#ff8a78;--tint:#1b2129}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:64rem;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
h1{margin:0;font-size:1.6rem;line-height:1.25;overflow-wrap:anywhere}
h2{margin:2.5rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--line);font-size:1.2rem}
p{margin:.5rem 0;max-width:48rem}
ul{margin:.5rem 0;padding-left:1.25rem}
.verdict{margin:.75rem 0;font-weight:600}
.good{color:var(--good)}.bad{color:var(--bad)}.soft{color:var(--soft)}
.wide{overflow-x:auto;margin:.75rem 0}
table{border-collapse:collapse;font-size:.92rem}
th,td{padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:500}
td{white-space:nowrap}td:last-child{white-space:normal}
pre{margin:.75rem 0;padding:.75rem 1rem;overflow-x:auto;background:var(--tint);border-radius:.4rem;font:.88rem/1.45 ui-monospace,"DejaVu Sans Mono",monospace}
details{margin:.4rem 0;padding:.4rem .75rem;background:var(--tint);border-radius:.4rem}
summary{cursor:pointer}
details .plot{margin:.5rem 0}
.plot{margin:1rem 0;overflow-x:auto}
.plot svg{display:block;width:100%;min-width:36rem;height:auto}
@media print{details{break-inside:avoid}}
`

/** Nothing may be loaded; styles stand in the file. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

export function htmlText({ title, blocks }: Report): string {
  const head = [
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    element('title', {}, escapeXml(title)),
    `<style>${STYLE}${plotStyle}</style>`,
  ]
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    ...head,
    '</head>',
    '<body>',
    '<main>',
    ...blocks.map(block),
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

function block(one: Block): string {
  switch (one.kind) {
    case 'heading':
      return element(`h${one.level}`, {}, escapeXml(one.text))
    case 'text':
      return element('p', {}, escapeXml(one.text))
    case 'verdict':
      return element(
        'p',
        { class: `verdict ${one.held ? 'good' : 'bad'}` },
        `${one.held ? '✓' : '✗'} ${escapeXml(one.text)}`,
      )
    case 'list':
      return element('ul', {}, ...one.items.map((item) => element('li', {}, escapeXml(item))))
    case 'lines':
      return element('pre', {}, escapeXml(one.lines.join('\n')))
    case 'plot':
      return element('div', { class: 'plot' }, drawingSvg(one.drawing, { styled: false }))
    case 'table':
      return table(one.head, one.rows)
    case 'folded':
      return element(
        'details',
        {},
        element('summary', {}, escapeXml(one.title)),
        '\n',
        one.blocks.map(block).join('\n'),
      )
  }
}

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  // An element without content would be closed in itself, which HTML does not know.
  const cell = (name: string, attributes: Record<string, string>, text: string) =>
    element(name, attributes, text === '' ? '&#160;' : escapeXml(text))
  const headRow = element('tr', {}, ...head.map((text) => cell('th', { scope: 'col' }, text)))
  const bodyRows = rows.map((row) =>
    element('tr', {}, ...row.map(({ text, tone }) => cell('td', tone ? { class: tone } : {}, text))),
  )
  const body = element('tbody', {}, '\n', bodyRows.join('\n'), '\n')
  return element('div', { class: 'wide' }, element('table', {}, element('thead', {}, headRow), '\n', body))
}
