/**
 * `npm run conformance:random -- [--cases N] [--seed N] [--bits 32|64] [--kind integer|float] [--show N] [--sample FILE]
 * [--only NAME,…]`: random Power instructions on this
 * project's CPU and on QEMU from Debian (apt-get install qemu-system-ppc), registers and memory compared. Exit 1 when a
 * case differs. --sample writes the cases of one batch and QEMU's answers to a file (test/data/power-random).
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { drawer } from './cases.js'
import { differences } from './compare.js'
import { type Bits, runOurs } from './ours.js'
import { runQemu } from './qemu.js'
import { BATCH, drawBatch, type Kind } from './records.js'
import { sampleText } from './sample.js'

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    bits: { type: 'string', default: '64' },
    kind: { type: 'string', default: 'integer' },
    only: { type: 'string' },
    show: { type: 'string', default: '20' },
    sample: { type: 'string' },
  },
})
const total = Number(values.cases)
const bits = Number(values.bits) as Bits
const kind = values.kind as Kind
if (!(kind in BATCH)) throw new Error('--kind is integer or float')
if (![32, 64].includes(bits) || !(total > 0)) throw new Error('--bits is 32 or 64, --cases a number')

/** --only: cases of these instructions. */
const only = values.only?.split(',')

let done = 0
let wrong = 0
let shown = 0
for (let batch = 0; done < total; batch++) {
  const count = Math.min(BATCH[kind], total - done)
  const drawn = drawBatch(count, bits === 64, drawer(Number(values.seed) + 1000 * batch), kind, only)
  const theirs = await runQemu(drawn, bits)
  const found = differences(drawn, runOurs(drawn, bits), theirs)
  if (values.sample && batch === 0)
    writeFileSync(values.sample, gzipSync(sampleText(drawn, theirs), { level: 9 }))
  for (const { text } of found.slice(0, Math.max(0, Number(values.show) - shown))) console.log(`  ${text}`)
  shown += found.length
  wrong += found.length
  done += count
  process.stderr.write(`${done} of ${total} cases, ${wrong} differ\n`)
}
console.log(JSON.stringify({ bits, kind, seed: Number(values.seed), cases: done, different: wrong }))
process.exitCode = wrong > 0 ? 1 : 0
