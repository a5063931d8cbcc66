/**
 * How fast the core is, beside C, BigInt or Node doing the same in the same run.
 *
 *   clock-cases.ts     arithmetic, beside native/clock.c and bigint.ts
 *   machine-cases.ts   whole machines and calls, beside bigint-guest.ts and bigint.ts
 *   snapshot-cases.ts  files, beside Node
 *   measure.ts  statistics.ts  report.ts  text.ts  compare.ts
 */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { clockSuites } from './clock-cases.js'
import { BenchError } from './error.js'
import { machineSuites } from './machine-cases.js'
import { measureCases } from './measure.js'
import { Native } from './native.js'
import { type BenchReport, FORMAT } from './report.js'
import { snapshotSuites } from './snapshot-cases.js'

export { compareReports, comparisonText, readReport, regressed } from './compare.js'
export { reportText } from './text.js'

export interface BenchOptions {
  /** Ids of cases and names of suites; null: all. */
  readonly only: readonly string[] | null
  /** Fewer rounds: enough to see that all works, and changes that are large. */
  readonly quick: boolean
  readonly onProgress?: (round: number, rounds: number) => void
}

const load = () => Number(loadavg()[0]!.toFixed(2))

/** Throws BenchError, before anything is measured. */
export function runBench({ only, quick, onProgress }: BenchOptions): BenchReport {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const native = new Native()
  const snapshots = snapshotSuites()
  try {
    const all = [...clockSuites(native), ...machineSuites(native), ...snapshots.cases]
    const cases = all.filter(({ id, suite }) => only === null || only.includes(id) || only.includes(suite))
    const unknown = only?.find((name) => all.every(({ id, suite }) => id !== name && suite !== name))
    if (unknown !== undefined) {
      const suites = [...new Set(all.map(({ suite }) => suite))]
      throw new BenchError(
        `there is no benchmark ${unknown}; expected a suite (${suites.join(', ')}) or one of ${all.map(({ id }) => id).join(', ')}`,
      )
    }
    const before = load()
    const results = measureCases(cases, quick, onProgress ?? (() => {}))
    return {
      format: FORMAT,
      version,
      quick,
      machine: {
        cpu: cpus()[0]?.model ?? 'unknown',
        cores: availableParallelism(),
        platform: `${process.platform} ${process.arch}`,
        node: process.version,
        gcc: native.compiler,
        load_before: before,
        load_after: load(),
      },
      results,
    }
  } finally {
    native.close()
    snapshots.close()
  }
}
