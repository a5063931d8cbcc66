import { SaxesParser } from 'saxes'
import { describe, expect, it } from 'vitest'
import { builtInPolicy } from '../../src/policy/index.js'
import type { Column } from '../../src/report/compare.js'
import { reportOf } from '../../src/report/document.js'
import { htmlText } from '../../src/report/html.js'
import { markdownText } from '../../src/report/markdown.js'
import { outcomeOf } from '../../src/report/outcome.js'
import { runScenario } from '../../src/world/index.js'
import { made } from '../check/fixture.js'
import { libraryScenario } from '../helpers/library.js'

const scenario = await libraryScenario('xen-1282-stale-lower')
const columns = ['xen-2008', 'xen-fix-2'].map((name): Column => {
  const policy = builtInPolicy(name)
  const outcome = outcomeOf(runScenario(scenario, { policy }), name)
  return { policy: name, title: policy.title, source: policy.source, outcome }
})
const report = reportOf(outcomeOf(runScenario(scenario), null), columns)

/** Names and attributes of all elements; the document's own tags close like XML but for `meta`. */
function tags(html: string): { name: string; attributes: Record<string, string> }[] {
  const found: { name: string; attributes: Record<string, string> }[] = []
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ name, attributes }) => {
    found.push({ name, attributes: attributes as Record<string, string> })
  })
  parser.write(html.replace('<!doctype html>\n', '').replace(/<meta ([^>]*)>/g, '<meta $1/>')).close()
  return found
}

describe('markdownText', () => {
  const text = markdownText(report)

  it('has the case, its source, what was seen, the verdicts and the policies', () => {
    expect(text).toMatch(/^# xen-1282-stale-lower\n/)
    expect(text.match(/^## .*$/gm)).toEqual([
      '## The case',
      '## What its guests saw',
      '## Verdicts',
      '## What each policy does to it',
      '## To see it again',
    ])
    expect(text).toContain('Source: xen-devel 2008-08-06 msg00258 (Rik van Riel), BUG 1282')
    expect(text).toContain('after: nanosleep(2 s) issued at 61.2 s woke after 20.8 s')
    expect(text).toContain('┤')
    expect(text).toContain(
      '| check | xen-2008 | xen-fix-2 |\n| --- | --- | --- |\n| jump | **✗ 19.8 s** | ✓ |',
    )
    expect(text).toContain('**✓ Every check holds under xen-fix-2.**')
    expect(text).toContain('chronovisor run xen-1282-stale-lower --seed 1 --plot')
  })

  it('keeps every row of a table on one line with as many cells as its head', () => {
    const cells = (line: string) => line.replaceAll('\\|', '').split('|').length
    for (const table of text.match(/(^\|.*\n)+/gm)!) {
      const lines = table.trim().split('\n')
      expect(new Set(lines.map(cells)).size).toBe(1)
    }
  })

  it('makes nothing of what a name says', () => {
    const run = made({ readers: [], endNs: 10n ** 9n })
    const odd = {
      ...run,
      scenario: { ...run.scenario, title: '<img src=x> *a* [b](c) | d', summary: '# no\n- no' },
    }
    const [, ...lines] = markdownText(reportOf(outcomeOf(odd, null), [])).split('\n')
    expect(lines[1]).toBe('\\<img src=x\\> \\*a\\* \\[b\\](c) \\| d')
    expect(lines).toContain('\\# no - no')
  })
})

describe('htmlText', () => {
  const text = htmlText(report)
  const found = tags(text)

  it('is one file that loads nothing', () => {
    expect(found.filter(({ name }) => ['script', 'link', 'img', 'iframe'].includes(name))).toEqual([])
    const attributes = found.flatMap(({ attributes }) => Object.keys(attributes))
    expect(attributes.filter((name) => /^(src|href|style|on.*)$/.test(name))).toEqual([])
    expect(text).toContain(`content="default-src 'none'; style-src 'unsafe-inline'`)
    expect(text).not.toMatch(/@import|url\(/)
  })

  it('has a picture of the run and of each policy’s, with the same rows as the Markdown', () => {
    expect(found.filter(({ name }) => name === 'svg')).toHaveLength(3)
    expect(found.filter(({ name }) => name === 'details')).toHaveLength(2)
    const rows = markdownText(report).match(/^\|(?! ---)/gm)!
    expect(found.filter(({ name }) => name === 'tr')).toHaveLength(rows.length)
    expect(text).toContain('<td class="bad">✗ 19.8 s</td>')
  })
})
