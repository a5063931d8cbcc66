/**
 * Writes assembly/power-cpu/tables.ts, the decoder's tables, from the table of instructions (src/power/instructions.ts)
 * and of SPRs (src/power/sprs.ts): `power-tables.ts [--check]`. With --check nothing is written; exit 1 if it is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { decoderTables } from '../src/power/tables.js'

const file = new URL('../assembly/power-cpu/tables.ts', import.meta.url)
const text = decoderTables()
if (!process.argv.includes('--check')) {
  writeFileSync(file, text)
} else if (readFileSync(file, 'utf8') !== text) {
  console.error('assembly/power-cpu/tables.ts is out of date: run npx tsx scripts/power-tables.ts')
  process.exitCode = 1
}
