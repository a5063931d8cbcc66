/** QEMU's streams, bad input, faults during a save, and how long a snapshot takes. */
import type { Section } from './claims.js'
import { demand, type Output, parse, tests } from './read.js'

const TESTS = 'npx vitest run --reporter=json'
const FUZZ = 'npm run --silent fuzz -- --runs 20000 --json'
const FUZZ_MILLION = 'npm run --silent fuzz -- --json'
const SPEED = 'npx tsx scripts/snapshot-speed.ts --json'

interface Fuzzed {
  readonly runs: number
  readonly problems: number
  readonly readers: readonly {
    readonly reader: string
    readonly runs: number
    readonly slowestMs: number
    readonly mostBytes: number
    readonly growthBytes: number
  }[]
}

const fuzzed =
  (goal: number) =>
  (output: Output): string => {
    const { runs, problems, readers } = parse<Fuzzed>(output)
    const counts = readers.map(({ reader, runs: own }) => `${reader} ${own}`).join(', ')
    const most = (key: 'slowestMs' | 'mostBytes' | 'growthBytes') =>
      Math.max(...readers.map((one) => one[key]))
    const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
    const shown = `${runs} inputs (${counts}), ${problems} problems; slowest ${most('slowestMs').toFixed(0)} ms, at once ${mib(most('mostBytes'))}, memory grew by ${mib(most('growthBytes'))}`
    demand(runs >= goal && problems === 0, shown)
    return shown
  }

interface Figure {
  readonly what: string
  readonly least_elapsed_ms: number
  readonly median_elapsed_ms: number
  readonly least_cpu_ms: number
}

const within =
  (wanted: string, limit: number) =>
  (output: Output): string => {
    const figure = parse<{ figures: readonly Figure[] }>(output).figures.find(({ what }) => what === wanted)!
    const ms = (value: number) => `${value.toFixed(0)} ms`
    const shown = `${ms(figure.least_elapsed_ms)} at best (median ${ms(figure.median_elapsed_ms)}), ${ms(figure.least_cpu_ms)} of CPU`
    demand(figure.least_elapsed_ms < limit, shown)
    return shown
  }

export const faults: readonly Section[] = [
  {
    title: 'Saved guests of QEMU',
    claims: [
      {
        id: 'qemu-recorded',
        text: 'Real migration streams of QEMU 7.2 and 10.0 decode as QEMU’s own script decodes them, and their clocks lie between the last line that the guest printed before the migration and the first after it',
        command: TESTS,
        show: tests(/test\/stream\/qemu\/recorded\.test/, undefined, 30),
      },
      {
        id: 'qemu-refused',
        text: 'A QEMU stream without its description, cut off, of several channels or damaged is refused with section and byte',
        command: TESTS,
        show: tests(/test\/stream\/qemu\/damage\.test/, undefined, 25),
      },
      {
        id: 'qemu-set',
        text: 'A field set in a QEMU stream changes that field and no other byte',
        command: TESTS,
        show: tests(/test\/inspect\/qemu\.test/, /--set/, 10),
      },
    ],
  },
  {
    title: 'Bad input and faults',
    claims: [
      {
        id: 'fuzz',
        text: 'Mutated real files for every reader: no crash, none over 1 s, none over 64 MiB at once, always an error with its place (a sample of `npm run fuzz`)',
        command: FUZZ,
        show: fuzzed(20_000),
      },
      {
        id: 'fuzz-million',
        text: 'A million inputs over all readers in the longer run, `npm run fuzz`',
        command: FUZZ_MILLION,
        show: fuzzed(1_000_000),
      },
      {
        id: 'save-killed',
        text: 'A save that is killed at each of its calls and at any moment, a full disk, a folder that may not be written: a whole file stands under the name',
        command: TESTS,
        show: tests(/test\/snapshot\/faults\.test/, /killed|may not be written/, 3),
      },
      {
        id: 'snapshot-save-64',
        text: 'Saving 64 MiB of guest memory, every page written, in less than 150 ms',
        command: SPEED,
        show: within('save', 150),
        because:
          'flushing 64 MiB to the disk is in it, and takes as long as the disk and its other users make it',
      },
      {
        id: 'snapshot-restore-64',
        text: 'Restoring 64 MiB of guest memory, every page written, in less than 150 ms',
        command: SPEED,
        show: within('restore', 150),
        because:
          'SHA-256 of 64 MiB takes 55 ms, and each page of the file and of the machine’s new memory is touched once; a busy machine takes longer',
      },
    ],
  },
]
