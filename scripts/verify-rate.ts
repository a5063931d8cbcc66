/**
 * `tsx scripts/verify-rate.ts [--json] [--only KIND]`: how many recorded rows a second `math verify` holds against the core.
 * Each recording of test/data/vectors is repeated until it has half a million rows or 100 MB, as plain CSV, and verified from
 * the file. Time is that of the processor, of which other programs take nothing, and the least of RUNS.
 *
 * Not among them: drift and layout, which are tables of some 30 rows.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { verifyFile } from '../src/math/verify/index.js'

const RUNS = 5
const ROWS = 500_000
const BYTES = 100e6
const vectors = fileURLToPath(new URL('../test/data/vectors/', import.meta.url))
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : null

function repeated(file: string): string {
  const bytes = readFileSync(join(vectors, file))
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  const end = text.indexOf('\n') + 1
  const rows = text.slice(end)
  const times = Math.min(ROWS / rows.split('\n').length, BYTES / rows.length)
  return text.slice(0, end) + rows.repeat(Math.ceil(times))
}

async function rate(file: string) {
  const results = []
  for (let run = 0; run < RUNS; run++) {
    const before = process.cpuUsage()
    const { kind, rows, mismatches } = await verifyFile(file)
    const { user, system } = process.cpuUsage(before)
    results.push({ kind, rows, mismatches, rows_a_second: Math.round(rows / ((user + system) / 1e6)) })
  }
  return results.sort((a, b) => b.rows_a_second - a.rows_a_second)[0]!
}

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-verify-'))
try {
  const files = []
  for (const name of readdirSync(vectors).sort()) {
    if (/^(drift|layout)\./.test(name) || (only && !name.startsWith(only))) continue
    const file = join(folder, name.replace(/\.gz$/, ''))
    writeFileSync(file, repeated(name))
    files.push(await rate(file))
    rmSync(file)
  }
  if (process.argv.includes('--json')) console.log(JSON.stringify({ files }, null, 2))
  else
    for (const { kind, rows, mismatches, rows_a_second } of files)
      console.log(
        `${kind.padEnd(18)}${(rows_a_second / 1e6).toFixed(2)} M rows/s, ${rows} rows, ${mismatches} mismatches`,
      )
} finally {
  rmSync(folder, { recursive: true })
}
