/** Live migration between two processes: what holds whatever happens, and what it costs in real time. */
import type { Section } from './claims.js'
import { demand, type Output, parse, tests } from './read.js'

const TESTS = 'npx vitest run --reporter=json'
const SPEED = 'npx tsx scripts/migration/speed.ts'

interface Kills {
  readonly steps: { readonly source: number; readonly destination: number }
  readonly migrations: number
  readonly killed: number
  readonly ended_at_source: number
  readonly ended_at_destination: number
  readonly before_or_after_all: number
  readonly wrong: number
}

function kills(output: Output): string {
  const { steps, migrations, killed, wrong, ...ends } = parse<Kills>(output)
  const shown =
    `${killed} kills in ${migrations} migrations, at each of ${steps.source} and ${steps.destination} steps: ` +
    `${ends.ended_at_source} guests at the source, ${ends.ended_at_destination} at the destination, ` +
    `${ends.before_or_after_all} before or after all; ${wrong} wrong`
  demand(killed >= 200 && wrong === 0, shown)
  return shown
}

interface Speed {
  readonly copy_mb_per_s: { readonly best: number; readonly median: number; readonly rounds: number }
  readonly handover_ms: { readonly best: number; readonly median: number; readonly rounds: number }
  readonly load: number
}

/** As in the bench, the best of all rounds decides: what the machine does when it is left alone. */
const figure =
  (key: 'copy_mb_per_s' | 'handover_ms', unit: string, holds: (best: number) => boolean) =>
  (output: Output): string => {
    const report = parse<Speed>(output)
    const { best, median, rounds } = report[key]
    const shown = `best ${best} ${unit}, median ${median} ${unit} of ${rounds} (load ${report.load})`
    demand(holds(best), shown)
    return shown
  }

const held = (id: string, text: string, file: RegExp) => ({ id, text, command: TESTS, show: tests(file) })

export const migration: readonly Section[] = [
  {
    title: 'Live migration between two processes',
    claims: [
      held(
        'migration-policies',
        'Under every policy, a guest that moved between two sides has the bits that one world gives it',
        /test\/migration\/policies\.test/,
      ),
      held(
        'migration-code',
        'A guest of machine code does so too: state, console and observations, under every policy of PowerPC',
        /test\/migration\/code\.test/,
      ),
      held(
        'migration-handover',
        'Exactly one side has the guest, through every order of losses, cuts, kills and restarts',
        /test\/migration\/handover\.test/,
      ),
      {
        id: 'migration-kills',
        text: 'and when real processes are killed at every step, at least 200 times',
        command: 'npx tsx scripts/migration/kills.ts',
        show: kills,
      },
      held(
        'migration-rounds',
        'Rounds, throttle and instants are the same whenever and however fast memory is sent',
        /test\/migration\/precopy\.test/,
      ),
      held(
        'migration-faults',
        'Cuts, silence, refusals, strangers and nonsense leave the guest where it was, with a reason',
        /test\/migration\/(faults|security|frame)\.test/,
      ),
      held(
        'dirty-log',
        'No write to guest memory escapes the dirty log',
        /test\/(assembly|power)\/dirty\.test/,
      ),
      {
        id: 'migration-speed',
        text: 'Memory that was written goes over loopback at 400 MB/s or more',
        command: SPEED,
        show: figure('copy_mb_per_s', 'MB/s', (best) => best >= 400),
      },
      {
        id: 'migration-downtime',
        text: 'An idle guest of 64 MiB is handed over in less than 20 ms of real time',
        command: SPEED,
        show: figure('handover_ms', 'ms', (best) => best < 20),
      },
    ],
  },
]
