/**
 * The suite `batch`: clock arithmetic by the core, in C and with BigInt, side by side.
 *
 * The machine may be busy with other things, and its clock rate changes. So the sides of a case take turns in each
 * round, each side's figure in a round is the least of many short spells, and what is reported are medians over the
 * rounds, of the ratios too.
 */
import { deepStrictEqual } from 'node:assert'
import { type BatchCase, batchCases, kernelTicks } from './batch-cases.js'
import { Native } from './native.js'

const ROUNDS = 15
const SPELLS = 100
const BIGINT_SPELLS = 3
/** About as many operations does a spell have. */
const SPELL = 16_384

export interface BatchResult {
  readonly id: string
  readonly title: string
  /** ns an operation; null where there is no such side. */
  readonly core: number
  readonly native: number | null
  readonly other: { readonly title: string; readonly ns: number | null; readonly ratio: number | null } | null
  readonly bigint: number | null
  /** The core's time in times of C's, and BigInt's in times of the core's, with their goals. */
  readonly ratio: number | null
  readonly atMost: number | null
  readonly faster: number | null
  readonly atLeast: number | null
}

export interface BatchSuite {
  readonly rounds: number
  /** Why there are no figures of C; null if there are. */
  readonly missing: string | null
  readonly results: readonly BatchResult[]
}

function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b)
  return known[known.length >> 1] ?? null
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

function measure(one: BatchCase, native: Native): BatchResult {
  const { id, title, operations, other, atMost, atLeast } = one
  least(one.core, operations, SPELLS)
  const rounds = Array.from({ length: ROUNDS }, () => {
    const inC = native.least(id, SPELLS)
    const core = least(one.core, operations, SPELLS)
    const otherC = other ? native.least(other.id, SPELLS) : null
    const bigint = least(one.bigint, operations, BIGINT_SPELLS, 0)
    return {
      core,
      inC,
      otherC,
      bigint,
      ratio: inC && core / inC,
      otherRatio: otherC && core / otherC,
      faster: bigint / core,
    }
  })
  const of = (key: keyof (typeof rounds)[number]) => median(rounds.map((round) => round[key]))
  return {
    id,
    title,
    core: of('core')!,
    native: of('inC'),
    other: other ? { title: other.title, ns: of('otherC'), ratio: of('otherRatio') } : null,
    bigint: of('bigint'),
    ratio: of('ratio'),
    atMost,
    faster: of('faster'),
    atLeast,
  }
}

/** A tick of a whole guest, beside the least that a tick can be. */
function measureKernel(native: Native): BatchResult {
  const { title, run, ticks, like } = kernelTicks()
  const rounds = Array.from({ length: ROUNDS }, () => {
    const inC = native.least(like, SPELLS)
    const core = least(run, ticks, 10, 0)
    return { core, inC, ratio: inC && core / inC }
  })
  return {
    id: 'kernel-ticks',
    title,
    core: median(rounds.map(({ core }) => core))!,
    native: median(rounds.map(({ inC }) => inC)),
    other: null,
    bigint: null,
    ratio: median(rounds.map(({ ratio }) => ratio)),
    atMost: 1.25,
    faster: null,
    atLeast: null,
  }
}

export function runBatch(): BatchSuite {
  const native = new Native()
  try {
    const cases = batchCases()
    for (const one of cases) verify(one, native)
    const results = [...cases.map((one) => measure(one, native)), measureKernel(native)]
    return { rounds: ROUNDS, missing: native.missing, results }
  } finally {
    native.close()
  }
}

const figure = (ns: number | null) => (ns === null ? '' : ns.toPrecision(3))
const times = (ratio: number | null) => (ratio === null ? '' : `${ratio.toPrecision(3)}x`)
const goal = (sign: string, limit: number | null) => (limit === null ? '' : `${sign} ${limit}`)

export function batchTable({ missing, results }: BatchSuite): string {
  const line = (...cells: readonly string[]) =>
    `${cells[0]!.padEnd(52)}${cells
      .slice(1)
      .map((cell, i) => cell.padStart(i === 3 || i === 6 ? 8 : 9))
      .join('')}`.trimEnd()
  const rows = results.flatMap((r) => [
    line(
      r.title,
      figure(r.core),
      figure(r.native),
      times(r.ratio),
      goal('<=', r.atMost),
      figure(r.bigint),
      times(r.faster),
      goal('>=', r.atLeast),
    ),
    ...(r.other?.ns
      ? [line(`  beside C, ${r.other.title}`, '', figure(r.other.ns), times(r.other.ratio))]
      : []),
  ])
  return [
    line('ns an operation', 'core', 'C', 'core/C', 'goal', 'BigInt', 'faster', 'goal'),
    ...rows,
    ...(missing === null ? [] : [`The column of C is empty: ${missing}.`]),
  ].join('\n')
}
