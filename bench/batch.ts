/**
 * The suite `batch`: clock arithmetic by the core, in C and with BigInt, side by side.
 *
 * The machine may be busy with other things, the other half of a physical core too, and its clock rate changes. So
 * the sides of a case take turns in many short rounds. A figure is the least of all rounds, what the machine does when
 * it is left alone, and a ratio is one of such figures; the median of the rounds' ratios stands beside it.
 */
import { deepStrictEqual } from 'node:assert'
import { type BatchCase, batchCases, kernelTicks } from './batch-cases.js'
import { Native } from './native.js'

const ROUNDS = 25
const SPELLS = 60
const BIGINT_SPELLS = 3
/** About as many operations does a spell have. */
const SPELL = 16_384

/** What a side takes beside another: times of the least, and the median over the rounds. */
interface Ratio {
  readonly least: number
  readonly median: number
}

export interface BatchResult {
  readonly id: string
  readonly title: string
  /** ns an operation; null where there is no such side. */
  readonly core: number
  readonly native: number | null
  readonly bigint: number | null
  /** The core's time in times of C's, and at most how many it is meant to be. */
  readonly ratio: Ratio | null
  readonly atMost: number | null
  /** How many times as fast as BigInt the core is, and at least how many it is meant to be. */
  readonly faster: Ratio | null
  readonly atLeast: number | null
  /** A second form in C. */
  readonly other: { readonly title: string; readonly native: number; readonly ratio: Ratio } | null
}

export interface BatchSuite {
  readonly rounds: number
  /** Why there are no figures of C; null if there are. */
  readonly missing: string | null
  readonly results: readonly BatchResult[]
}

/** The least time of an operation in `spells` spells, ns. */
function least(work: () => void, operations: number, spells: number, spell = SPELL): number {
  const passes = 1 + Math.floor(spell / operations)
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < spells; i++) {
    const start = process.hrtime.bigint()
    for (let pass = 0; pass < passes; pass++) work()
    best = Math.min(best, Number(process.hrtime.bigint() - start) / (passes * operations))
  }
  return best
}

/** Throws unless the three sides compute the same words. */
export function verify(
  { id, other, core, bigint, coreResults, bigintResults }: BatchCase,
  native: Native,
): void {
  core()
  bigint()
  const words = coreResults()
  deepStrictEqual(words, bigintResults(), `${id}: the core and BigInt`)
  for (const name of other ? [id, other.id] : [id]) {
    const inC = native.results(name)
    if (inC) deepStrictEqual(words, inC, `${name}: the core and C`)
  }
}

/** The sides' times, round by round; a side that is not there has none. */
function measure(sides: Record<string, () => number | null>): (side: string) => number[] | null {
  const rounds = Array.from({ length: ROUNDS }, () =>
    Object.fromEntries(Object.entries(sides).map(([side, time]) => [side, time()])),
  )
  return (side) => {
    const times = rounds.map((round) => round[side] ?? null).filter((time) => time !== null)
    return times.length === ROUNDS ? times : null
  }
}

function ratio(of: number[] | null, to: number[] | null): Ratio | null {
  if (!of || !to) return null
  const ratios = of.map((time, round) => time / to[round]!).sort((a, b) => a - b)
  return { least: Math.min(...of) / Math.min(...to), median: ratios[ratios.length >> 1]! }
}

const lowest = (times: number[] | null) => times && Math.min(...times)

function measureCase(one: BatchCase, native: Native): BatchResult {
  const { id, title, operations, other, atMost, atLeast } = one
  least(one.core, operations, SPELLS)
  const times = measure({
    native: () => native.least(id, SPELLS),
    core: () => least(one.core, operations, SPELLS),
    other: () => (other ? native.least(other.id, SPELLS) : null),
    bigint: () => least(one.bigint, operations, BIGINT_SPELLS, 0),
  })
  const core = times('core')!
  const inOther = times('other')
  return {
    id,
    title,
    core: lowest(core)!,
    native: lowest(times('native')),
    bigint: lowest(times('bigint')),
    ratio: ratio(core, times('native')),
    atMost,
    faster: ratio(times('bigint'), core),
    atLeast,
    other: inOther && { title: other!.title, native: lowest(inOther)!, ratio: ratio(core, inOther)! },
  }
}

/** A tick of a whole guest, beside the least that a tick can be. */
function measureKernel(native: Native): BatchResult {
  const { id, title, run, ticks, like, atMost } = kernelTicks()
  const times = measure({
    native: () => native.least(like, SPELLS),
    core: () => least(run, ticks, 10, 0),
  })
  const core = times('core')!
  return {
    id,
    title,
    core: lowest(core)!,
    native: lowest(times('native')),
    bigint: null,
    ratio: ratio(core, times('native')),
    atMost,
    faster: null,
    atLeast: null,
    other: null,
  }
}

export function runBatch(): BatchSuite {
  const native = new Native()
  try {
    const cases = batchCases()
    for (const one of cases) verify(one, native)
    const results = [...cases.map((one) => measureCase(one, native)), measureKernel(native)]
    return { rounds: ROUNDS, missing: native.missing, results }
  } finally {
    native.close()
  }
}

const HEAD = [
  'ns an operation',
  'core',
  'C',
  'core/C',
  'median',
  'goal',
  'BigInt',
  'faster',
  'median',
  'goal',
]

const figure = (ns: number | null) => (ns === null ? '' : ns.toPrecision(3))
const times = (ratio: Ratio | null) =>
  [ratio?.least, ratio?.median].map((r) => (r ? `${r.toPrecision(3)}x` : ''))
const goal = (sign: string, limit: number | null) => (limit === null ? '' : `${sign} ${limit}`)

function line([title, ...cells]: readonly string[]): string {
  return `${title!.padEnd(52)}${cells.map((cell) => cell.padStart(8)).join('')}`.trimEnd()
}

function rows({ title, core, native, bigint, ratio, atMost, faster, atLeast, other }: BatchResult): string[] {
  const beside = [figure(native), ...times(ratio), goal('<=', atMost)]
  const first = line([title, figure(core), ...beside, figure(bigint), ...times(faster), goal('>=', atLeast)])
  if (!other) return [first]
  return [first, line([`  beside C, ${other.title}`, '', figure(other.native), ...times(other.ratio)])]
}

export function batchTable({ missing, results }: BatchSuite): string {
  const notes = missing === null ? [] : [`The column of C is empty: ${missing}.`]
  return [line(HEAD), ...results.flatMap(rows), ...notes].join('\n')
}
