/**
 * Writes what the decoder goes by, assembly/power-cpu/tables.ts and src/power/hot/names.ts, from the tables of instructions
 * (src/power/instructions.ts) and of SPRs (src/power/sprs.ts): `power-tables.ts [--check]`. With --check nothing is
 * written; exit 1 if one of them is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { decoderTables, operationNames } from '../src/power/tables.js'

const FILES = { 'assembly/power-cpu/tables.ts': decoderTables(), 'src/power/hot/names.ts': operationNames() }

for (const [name, text] of Object.entries(FILES)) {
  const file = new URL(`../${name}`, import.meta.url)
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text)
  } else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${name} is out of date: run npx tsx scripts/power-tables.ts`)
    process.exitCode = 1
  }
}
