/**
 * `npm run systems`: writes the tables of docs/systems/*.md, of real runs, between the two marks of each page; what stands
 * around them is written by hand. With `-- --check` nothing is written, and the exit status is 1 if a table is not what
 * the runs make of it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BEGIN, END } from './systems/marks.js'
import { pages } from './systems/pages.js'
import { linesOf, pageTable } from './systems/table.js'

const check = process.argv.includes('--check')
let stale = 0
let runs = 0
for (const page of pages) {
  const file = fileURLToPath(new URL(`../docs/systems/${page.id}.md`, import.meta.url))
  const text = readFileSync(file, 'utf8')
  const [from, until] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (from < 0 || until < from) {
    console.error(`${file}: expected the marks ${BEGIN} and ${END}`)
    process.exit(2)
  }
  const lines = page.rows.flatMap((row) => linesOf(page, row))
  runs += lines.length
  const made = `${text.slice(0, from)}${BEGIN}\n\n${pageTable(page, lines)}\n${text.slice(until)}`
  if (made === text) continue
  stale++
  if (check) console.error(`docs/systems/${page.id}.md is not what the runs show; npm run systems writes it`)
  else writeFileSync(file, made)
}
console.log(`${pages.length} pages of ${runs} runs, ${stale} ${check ? 'stale' : 'written'}`)
process.exit(check && stale > 0 ? 1 : 0)
