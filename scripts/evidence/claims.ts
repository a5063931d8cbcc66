/** What the project claims, and how each claim is seen to hold: data for scripts/evidence.ts. */
import { bugs } from './claims-bugs.js'
import { check } from './claims-check.js'
import { exports } from './claims-exports.js'
import { faults } from './claims-faults.js'
import { float } from './claims-float.js'
import { lab } from './claims-lab.js'
import { linuxGuests } from './claims-linux.js'
import { migration } from './claims-migration.js'
import { translation } from './claims-mmu.js'
import { power } from './claims-power.js'
import { replay } from './claims-replay.js'
import { skip } from './claims-skip.js'
import { speed } from './claims-speed.js'
import { streams } from './claims-streams.js'
import { uptime } from './claims-uptime.js'
import {
  allTests,
  checkSays,
  type Output,
  prints,
  slept,
  succeedsWithin,
  tests,
  vectors,
  wallError,
} from './read.js'

export interface Claim {
  readonly id: string
  readonly text: string
  /** Run by bash in the project's folder; the same command is run once for all its claims. */
  readonly command: string
  /** The figure that the output shows; throws Missed when the claim does not hold. */
  readonly show: (output: Output) => string
  /** Why it is missed, where that is known and stays so; then a miss is no failure. */
  readonly because?: string
}

export interface Section {
  readonly title: string
  readonly claims: readonly Claim[]
}

const TESTS = 'npx vitest run --reporter=json'
const CLEAN_CLONE =
  'dir=$(mktemp -d) && trap \'rm -rf "$dir"\' EXIT && git clone --quiet . "$dir" && "$dir/.ci/run"'

const run = (scenario: string, policy?: string) =>
  `node dist/cli/main.js run ${scenario}${policy ? ` --policy ${policy}` : ''} --json`

const vector = (file: string, rows: number, source: string): Claim => ({
  id: `vectors-${file.replaceAll('_', '-')}`,
  text: `${file}: every row of ${source} is replayed without a mismatch, on both builds`,
  command: TESTS,
  show: vectors(file, rows),
})

const invariant = (id: string, text: string, file: RegExp, name?: RegExp): Claim => ({
  id: `invariant-${id}`,
  text,
  command: TESTS,
  show: tests(file, name),
})

const CURES = ['xen-fix-2', 'xen-fix-3', 'xen-today']

export const sections: readonly Section[] = [
  {
    title: 'Real programs answered, and the core answers the same',
    claims: [
      vector('guest26_hz100', 19_363, 'a real 2.6.18-xen kernel at 100 Hz'),
      vector('guest26_hz250', 48_200, 'a real 2.6.18-xen kernel at 250 Hz'),
      vector('xen_calib', 1600, "Xen's calibration"),
      vector('xen_tscinfo', 1000, "Xen's TSC modes"),
      vector('xen_settime', 600, "Xen's wall clock"),
      vector('xen_set_timer_op', 400, "Xen's set_timer_op"),
      vector('pvclock_seq', 1500, "Linux' guarded reading of the time page"),
      vector('pvclock_read', 2000, "Linux' and QEMU's reading of the time page"),
      vector('wallclock', 600, "Linux' reading of the wall clock"),
      vector('scale', 2200, "Xen's and KVM's choice of a scale"),
      vector('scale_delta', 5200, 'scaling'),
      vector('tscratio', 2200, 'TSC ratios and offsets'),
      vector('nested_tsc', 400, 'nested TSC ratios and offsets'),
      vector('kvm_tolerance', 600, "KVM's 250 ppm rule"),
      vector('muldiv64', 2400, "QEMU's muldiv64"),
      vector('tb', 2600, "QEMU's and Linux' timebase arithmetic"),
      vector('dec', 800, "QEMU's decrementer"),
      vector('layout', 30, "Xen's structure layouts"),
    ],
  },
  {
    title: 'Invariants',
    claims: [
      invariant(
        'exact-counters',
        'A clock is an exact integer function of true time, also after 100 years',
        /test\/assembly\/counter\.test/,
      ),
      invariant(
        'no-host-time',
        'No floating point, host clock or chance in guest time; the core imports env.abort at most',
        /test\/structure\/(style|module)\.test/,
        /integers only|no host time|env\.abort/,
      ),
      invariant(
        'all-state-in-memory',
        'No state outside linear memory',
        /test\/structure\/(style|module)\.test/,
        /no state outside|no mutable global/,
      ),
      invariant('event-order', 'Events happen in order of (time, slot)', /test\/assembly\/event-queue\.test/),
      invariant(
        'equal-bits',
        'Equal input gives equal bits, run after run, release and debug',
        /test\/world\/invariants\.test/,
        /invariant 4/,
      ),
      invariant(
        'skipping',
        'Going from event to event ends in the state that nanosecond by nanosecond does',
        /test\/world\/invariants\.test/,
        /invariant 5/,
      ),
      invariant(
        'save-restore',
        'Saved and loaded at any instant, a run goes on as if never touched',
        /test\/world\/invariants\.test/,
        /invariant 6/,
      ),
      invariant(
        'page-protocol',
        'A reader at any interleaving with the writer gets a whole page or retries',
        /test\/assembly\/x86\/pvclock\.test/,
      ),
      invariant(
        'layers',
        'Imports go one way; kernel models have no private door',
        /test\/structure\/imports\.test/,
      ),
    ],
  },
  {
    title: 'BUG 1282',
    claims: [
      {
        id: 'bug-1282-late-wake',
        text: 'Stale wall-clock fields, 20 s less uptime: nanosleep(2 s), 1 s after the resume, takes about 20.8 s',
        command: run('xen-1282-stale-lower'),
        show: slept(2, 20.7, 20.9),
      },
      {
        id: 'bug-1282-clock-ahead',
        text: 'Stale wall-clock fields, 7,200 s more uptime: the clock is 7,200 s ahead',
        command: run('xen-1282-stale-higher'),
        show: wallError(7199.99, 7200.01),
      },
      {
        id: 'bug-1282-never-woken',
        text: 'Save, reboot of dom0, restore: the sleeper is not woken',
        command: run('xen-1282-save-reboot-restore'),
        show: checkSays('lost-wake', 'fail'),
      },
      ...CURES.map((policy) => ({
        id: `bug-1282-${policy}`,
        text: `The same move under ${policy}: nanosleep(2 s) takes 2.01 s`,
        command: run('xen-1282-stale-lower', policy),
        show: slept(2, 2, 2.02),
      })),
      {
        id: 'bug-1282-no-rebase',
        text: 'A processed_system_time that is never rebased: the same 20.8 s',
        command: run('xen-1282-no-rebase-lower'),
        show: slept(2, 20.7, 20.9),
      },
      {
        id: 'bug-1282-warnings',
        text: 'and "time went backwards" at each tick meanwhile, as often as the real kernel said so (1,967 times in 20.1 s)',
        command: run('xen-1282-no-rebase-lower'),
        show: checkSays('backwards-warning', 'fail'),
      },
      {
        id: 'bug-1282-jiffies',
        text: 'With 300 s more uptime 30,000 jiffies pass at once',
        command: run('xen-1282-no-rebase-higher'),
        show: checkSays('wake-storm', 'fail'),
      },
      {
        id: 'bug-1282-proposal-1',
        text: 'Proposal 1 and a dom0 that NTP steps back by 3 s: 2^64 ns cut to 32 bits of seconds, 40 years ahead',
        command: run('xen-fix-1-dom0'),
        show: wallError(1_266_874_889, 1_266_874_890),
      },
    ],
  },
  {
    title: 'Power',
    claims: [
      {
        id: 'power-stopped',
        text: 'A stopped guest resumes with the timebase it stopped at: nothing of 50 s is counted',
        command: run('power-stopped'),
        show: checkSays('monotonic', 'pass'),
      },
      {
        id: 'power-running',
        text: 'A running guest is charged for the migration: all of 5 s is counted',
        command: run('power-running'),
        show: checkSays('monotonic', 'pass'),
      },
      {
        id: 'power-skew',
        text: 'Charged by host clocks that are 3 s apart: 3 s too many',
        command: run('power-running-skew'),
        show: checkSays('jump', 'fail'),
      },
      {
        id: 'power-saved-later',
        text: 'Stopped and restored an hour later: with one timebase in the stream the hour is charged',
        command: run('power-stopped-saved-later'),
        show: checkSays('monotonic', 'fail'),
      },
      {
        id: 'power-stopped-timebase',
        text: 'The same with a separate timebase of the last stop',
        command: run('power-stopped-saved-later', 'power-stopped-timebase'),
        show: checkSays('monotonic', 'pass'),
      },
      {
        id: 'power-rate',
        text: 'From 512 MHz to 500 MHz, not scaled and not told: 2.344 % slow',
        command: run('power-512-500-ignored'),
        show: checkSays('rate', 'fail'),
      },
      {
        id: 'power-rate-scaled',
        text: 'The same with the timebase scaled: the right rate',
        command: run('power-512-500-scaled'),
        show: checkSays('rate', 'pass'),
      },
      {
        id: 'power-rate-told',
        text: 'The same with the guest told of the new frequency: the right rate',
        command: run('power-512-500-told'),
        show: checkSays('rate', 'pass'),
      },
      {
        id: 'power-rate-detected',
        text: 'A guest that compares its timebase with its RTC can detect the wrong rate, to 2 ppm',
        command: TESTS,
        show: tests(/test\/world\/power\.test/, /can detect/),
      },
    ],
  },
  {
    title: 'The arithmetic laboratory',
    claims: [
      {
        id: 'math-survey',
        text: 'Every kHz from 10 MHz to 6 GHz: worst error 4.651e-10 at 3,998,065 kHz, mean 1.65e-10, 65 exact, pvclock_tsc_khz wrong for 2,500,000 by up to 3 kHz',
        command: 'node dist/cli/main.js math survey',
        show: prints(
          /5990001 frequencies/,
          /worst by 4\.651e-10 at 3998065 kHz/,
          /mean error +1\.647e-10/,
          /exact +65\b/,
          /wrong for 2500000, by up to 3 kHz/,
        ),
      },
      {
        id: 'math-survey-time',
        text: 'and that in less than 3 s',
        command: 'node dist/cli/main.js math survey',
        show: succeedsWithin(3),
      },
      {
        id: 'math-verify',
        text: 'Recorded rows of all vector files are verified from the command line',
        command: 'node dist/cli/main.js math verify test/data/vectors/*.csv test/data/vectors/*.csv.gz',
        show: succeedsWithin(60),
      },
    ],
  },
  uptime,
  bugs,
  ...skip,
  {
    title: 'As a program',
    claims: [
      { id: 'tests', text: 'All tests pass', command: TESTS, show: allTests },
      {
        id: 'library',
        text: 'Every scenario of the library ends as it says, and is cured by what it names',
        command: TESTS,
        show: tests(/test\/world\/library\.test/),
      },
      {
        id: 'wrong-input',
        text: 'At least 40 kinds of wrong scenario are refused, each with one clear error',
        command: TESTS,
        show: tests(/test\/scenario\/wrong\//, /^/, 40),
      },
      {
        id: 'package',
        text: 'The packed package installs in an empty folder and runs',
        command: TESTS,
        show: tests(/test\/package\//),
      },
      {
        id: 'start',
        text: '`npm start` runs the birth cases in less than 10 s',
        command: 'npm start',
        show: succeedsWithin(10),
      },
      {
        id: 'ci',
        text: 'A clean clone passes everything in less than 15 minutes',
        command: CLEAN_CLONE,
        show: succeedsWithin(900),
      },
    ],
  },
  ...streams,
  replay,
  ...exports,
  ...faults,
  ...lab,
  ...check,
  ...migration,
  ...power,
  float,
  ...linuxGuests,
  ...translation,
  ...speed,
]
