import type { Command } from 'commander'
import { jsonText } from '../report/json.js'
import { EXIT, InputError, note, print, styleOf } from './output.js'

interface Options {
  readonly only?: string
  readonly quick?: boolean
  readonly json?: true
  readonly compare?: readonly string[]
}

export function addBench(program: Command, end: (status: number) => void): void {
  program
    .command('bench')
    .summary('measure how fast the core is, or compare two measurements')
    .description(
      'Measures the core beside the same in C (where gcc is), with BigInt or by Node, in the same run. --compare says what has become slower between two results; exit status 1 if something has, by more than the noise.',
    )
    .option('--only <names>', 'suites and cases, by commas; a wrong name lists them')
    .option('--quick', 'fewer rounds')
    .option('--json', 'one JSON document on stdout')
    .option('--compare <file...>', 'two files of --json, the earlier one first; measures nothing')
    .addHelpText(
      'after',
      '\nExample:\n  $ chronovisor bench --only scale\n  $ chronovisor bench --json > today.json\n  $ chronovisor bench --compare yesterday.json today.json',
    )
    .action(async (options: Options) => {
      // Not before it is needed: the other commands do without benchmark.js.
      const bench = await import('../bench/index.js')
      if (options.compare) compare(bench, options, end)
      else measure(bench, options)
    })
}

type Bench = typeof import('../bench/index.js')

function compare(
  bench: Bench,
  { compare: files, only, quick, json }: Options,
  end: (status: number) => void,
): void {
  if (files!.length !== 2) throw new InputError(`--compare has ${files!.length} files; expected two`)
  if (only !== undefined || quick)
    throw new InputError('--compare measures nothing; expected no --only or --quick')
  const reports = [bench.readReport(files![0]!), bench.readReport(files![1]!)] as const
  const comparison = bench.compareReports(...reports)
  const slower = bench.regressed(comparison)
  print(
    json
      ? jsonText({ ...comparison, verdict: slower ? 'fail' : 'pass' })
      : bench.comparisonText(comparison, reports, styleOf(process.stdout)),
  )
  end(slower ? EXIT.failed : EXIT.held)
}

function measure(bench: Bench, { only, quick = false, json }: Options): void {
  const { isTTY } = process.stderr
  const onProgress = (round: number, rounds: number) => {
    if (isTTY) note(`\rround ${round + 1} of ${rounds}\x1b[K`)
  }
  const report = bench.runBench({ only: only?.split(',') ?? null, quick, onProgress })
  if (isTTY) note('\r\x1b[K')
  print(json ? jsonText(report) : bench.reportText(report, styleOf(process.stdout)))
}
