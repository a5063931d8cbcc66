/** The tables of docs/systems are what runs show; `npm run systems -- --check` compares all of them. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { BEGIN, END } from '../../scripts/systems/marks.js'
import { pages } from '../../scripts/systems/pages.js'
import { linesOf, policyTable } from '../../scripts/systems/table.js'
import { policies } from '../../src/policy/built-in.js'

const folder = new URL('../../docs/systems/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')

it.each(pages)('$id: the first policy does what its page says', (page) => {
  const text = read(`${page.id}.md`)
  const made = text.slice(text.indexOf(BEGIN), text.indexOf(END))
  expect(made).toContain(policyTable(linesOf(page, page.rows[0]!)))
})

it('each page is linked', () => {
  const links = [...read('README.md').matchAll(/\]\((?:\.\.\/)?([\w.-]+\.md)\)/g)].map((m) => m[1]!)
  for (const { id } of pages) expect(links).toContain(`${id}.md`)
  expect(pages.filter(({ id }) => !existsSync(new URL(`${id}.md`, folder)))).toEqual([])
})

it('each built-in policy is on a page', () => {
  const shown = new Set(pages.flatMap(({ rows }) => rows.map(({ policy }) => policy)))
  expect(policies.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([])
})
