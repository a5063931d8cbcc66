/** The search: how fast it is, that it is the same whoever works, and what workers' deaths do to it. */
import type { Section } from './claims.js'
import { demand, type Output, parse, tests } from './read.js'

const SEARCH = 'npx vitest run --reporter=json test/search test/core/instances.test.ts test/sweep'
const QUEUE = 'npx vitest run --reporter=json test/queue'
const SPEED = 'npx tsx scripts/check-speed.ts'
const TABLE = "grep -A 5 '^### ' docs/check.md"
const PER_MINUTE = 60_000
const HISTORIES = 100_000
/** Two threads have to be worth this much of twice one. */
const SCALING = 0.8

interface Threads {
  readonly per_minute_wall_best: number
  readonly cpu_ms_median: number
  readonly per_minute_by_cpu: number
}

const number = (value: number) => value.toLocaleString('en-US')

function speed(output: Output): string {
  const { two } = parse<{ two: Threads }>(output)
  const shown = `${number(two.per_minute_by_cpu)} a minute by CPU time (${two.cpu_ms_median} ms each, median), ${number(two.per_minute_wall_best)} by the clock of the machine as it was (best)`
  demand(two.per_minute_by_cpu >= PER_MINUTE, shown)
  return shown
}

function scaling(output: Output): string {
  const { one, two } = parse<{ one: Threads; two: Threads }>(output)
  const shown = `one thread ${number(one.per_minute_by_cpu)}, two ${number(two.per_minute_by_cpu)} a minute by CPU time`
  demand(two.per_minute_by_cpu >= 2 * SCALING * one.per_minute_by_cpu, shown)
  return shown
}

function verdicts(output: Output): string {
  // Of each system policies, histories, verdicts.
  const rows = output.stdout
    .split('\n')
    .filter((line) => /^\| (?!---)/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(2, -1)
        .map((cell) => cell.trim()),
    )
  const all = [0, 3, 6].flatMap((at) =>
    rows[at]!.map((policy, i) => ({
      policy: policy.replaceAll('`', ''),
      histories: Number(rows[at + 1]![i]!.replaceAll(',', '')),
      keeps: rows[at + 2]![i] === '**keeps all**',
    })),
  )
  const keep = all.filter(({ keeps }) => keeps)
  const shown = `${keep.map(({ policy, histories }) => `${policy} ${number(histories)}`).join(', ')}; ${all.length - keep.length} of ${all.length} break a promise`
  demand(keep.length > 0 && keep.every(({ histories }) => histories >= HISTORIES), shown)
  return shown
}

export const check: readonly Section[] = [
  {
    title: 'The search for histories that break a policy',
    claims: [
      {
        id: 'check-speed',
        text: 'At least 60,000 short histories a minute on two cores',
        command: SPEED,
        show: speed,
        because:
          'A history costs 1.8 to 2.2 ms here, by the runs of other programs on the machine; 67,696 a minute were seen as well',
      },
      {
        id: 'check-100000',
        text: 'Verdicts by 100,000 random histories a policy: whoever keeps all promises has lived through so many, and whoever breaks one has broken it in fewer (docs/check.md)',
        command: TABLE,
        show: verdicts,
      },
      {
        id: 'check-scaling',
        text: 'A second thread is worth at least 80 % of the first',
        command: SPEED,
        show: scaling,
      },
      {
        id: 'check-same',
        text: 'One thread, two threads and none find the same; what is found is small, and `run` replays it',
        command: SEARCH,
        show: tests(/test\/search\/search\.test/, /^/, 7),
      },
      {
        id: 'check-histories',
        text: 'Every history that is drawn is a scenario, depends on seed and number only, and reads as it is written',
        command: SEARCH,
        show: tests(/test\/search\/history\.test/, /^/, 11),
      },
      {
        id: 'check-instances',
        text: 'Used instances of the core show guests what new ones do, to the byte',
        command: SEARCH,
        show: tests(/test\/core\/instances\.test/, /^/, 49),
      },
      {
        id: 'check-kills',
        text: 'On a real Redis, workers are killed at work and the server forgets everything: every history counts once',
        command: QUEUE,
        show: tests(/test\/queue\/queue\.test/, /killed|forgotten/, 2),
      },
      {
        id: 'check-queue',
        text: 'The same piece is lived through once for two searchers; a search that is given up leaves no work behind',
        command: QUEUE,
        show: tests(/test\/queue\/queue\.test/, /once for two|given up/, 2),
      },
      {
        id: 'sweep-files',
        text: 'A sweep’s CSV, Parquet and JSON say the same of every point, and its heat map has a cell for each',
        command: SEARCH,
        show: tests(/test\/sweep\/sweep\.test/, /^/, 16),
      },
    ],
  },
]
