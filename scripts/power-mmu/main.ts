/**
 * `npm run conformance:mmu -- [--cases N] [--seed N] [--show N] [--sample FILE]`: drawn page tables and accesses through them,
 * on this project's CPU and on QEMU from Debian (apt-get install qemu-system-ppc): registers, interrupts, memory and the
 * tables' reference and change bits compared. Exit 1 when something differs. --sample writes QEMU's digests of one batch.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { runOurs } from '../power-random/ours.js'
import { runQemu } from '../power-random/qemu.js'
import { CASES, drawBatch } from './cases.js'
import { differences, digests } from './compare.js'

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    show: { type: 'string', default: '20' },
    sample: { type: 'string' },
  },
})
const total = Number(values.cases)
if (!(total > 0)) throw new Error('--cases is a number')

let done = 0
let wrong = 0
for (let batch = 0; done < total; batch++) {
  const seed = Number(values.seed) + batch
  const drawn = drawBatch(seed)
  const theirs = await runQemu(drawn, 64)
  const found = differences(drawn, runOurs(drawn, 64), theirs)
  if (values.sample && batch === 0)
    writeFileSync(values.sample, gzipSync(`${[seed, ...digests(theirs)].join('\n')}\n`, { level: 9 }))
  for (const text of found.slice(0, Math.max(0, Number(values.show) - wrong))) console.log(text)
  wrong += found.length
  done += CASES
  process.stderr.write(`${done} of ${total} cases, ${wrong} differ\n`)
}
console.log(JSON.stringify({ seed: Number(values.seed), cases: done, different: wrong }))
process.exitCode = wrong > 0 ? 1 : 0
