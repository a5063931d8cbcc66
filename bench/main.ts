/**
 * `npm run bench [-- --json] [-- --only NAME]`: how fast the core is, beside BigInt doing the same in the same run.
 * NAME is the id of a case, or `batch`: arithmetic beside C too (batch.ts).
 *
 * A round measures both sides of a case one after the other, so that both meet the same machine; the figures are
 * medians over the rounds, and the ratio is the median of the rounds' ratios.
 */
import { availableParallelism, cpus, loadavg } from 'node:os'
import Benchmark from 'benchmark'
import { batchTable, runBatch } from './batch.js'
import { type Case, makeCases } from './cases.js'

const ROUNDS = 5
const SECONDS_A_SIDE = 0.2

interface Result {
  readonly id: string
  readonly title: string
  readonly unit: string
  /** Units a second. */
  readonly core: number
  readonly bigint: number
  /** How many times as fast the core is. */
  readonly ratio: number
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

/** Calls a second. */
function measure(work: () => void): number {
  const bench = new Benchmark(work, { maxTime: SECONDS_A_SIDE, minSamples: 5 }).run({ async: false })
  if (bench.error) throw bench.error
  return bench.hz
}

function compare({ id, title, unit, perCall, core, bigint }: Case): Result {
  const rounds = Array.from({ length: ROUNDS }, () => ({ core: measure(core), bigint: measure(bigint) }))
  return {
    id,
    title,
    unit,
    core: median(rounds.map((round) => round.core)) * perCall,
    bigint: median(rounds.map((round) => round.bigint)) * perCall,
    ratio: median(rounds.map((round) => round.core / round.bigint)),
  }
}

function rate(perSecond: number): string {
  const [divisor, letter] = perSecond >= 1e6 ? [1e6, ' M'] : perSecond >= 1e3 ? [1e3, ' k'] : [1, ' ']
  return `${(perSecond / divisor).toPrecision(3)}${letter}`
}

function table(results: readonly Result[]): string {
  const line = (cells: readonly string[]) =>
    `${cells[0]!.padEnd(42)}${cells[1]!.padStart(10)}${cells[2]!.padStart(10)}${cells[3]!.padStart(9)}   ${cells[4]}`
  return [
    line(['a second', 'core', 'BigInt', 'ratio', 'of']),
    ...results.map((r) =>
      line([r.title, rate(r.core), rate(r.bigint), `${r.ratio.toPrecision(3)}x`, r.unit]),
    ),
  ].join('\n')
}

const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  /** Programs that wanted a core in the minute before. */
  load: loadavg()[0]!.toFixed(2),
}
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : null
const cases = only === 'batch' ? [] : makeCases().filter(({ id }) => only === null || id === only)
if (cases.length === 0 && only !== 'batch') throw new Error(`there is no case ${only}`)
const results = cases.map((one) => compare(one))
const batch = only === null || only === 'batch' ? runBatch() : null
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ machine, rounds: ROUNDS, results, batch }, null, 2))
} else {
  console.log(
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.platform}, load ${machine.load}`,
  )
  if (results.length > 0) console.log(`\n${table(results)}`)
  if (batch) console.log(`\n${batchTable(batch)}`)
}
