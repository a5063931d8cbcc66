/** Other people's guests on the emulated Power machine: Debian's kernels, SLOF, kvm-unit-tests. */
import { policies } from '../../src/policy/index.js'
import { expectedOf, type LogDifference } from '../guests/kernel-log.js'
import type { Row } from '../guests/linux-move.js'
import type { StealRow } from '../guests/linux-steal.js'
import type { Section } from './claims.js'
import { demand, type Output, parse, prints } from './read.js'

interface Boots {
  readonly ours: {
    readonly seconds: number
    readonly cpu_seconds: number
    readonly instructions: string
    readonly hashes: readonly string[]
  }
  readonly qemu: { readonly seconds: number; readonly cpu_seconds: number } | null
  readonly log: LogDifference | null
}

const linux = (kernel: string, rounds: number) =>
  `npm run --silent linux -- --kernel ${kernel} --rounds ${rounds} --json`

const seconds = (value: number) => `${value.toFixed(2)} s`

function underSixSeconds(output: Output): string {
  const { ours, qemu } = parse<Boots>(output)
  const beside = qemu ? `; QEMU ${seconds(qemu.cpu_seconds)} to its end` : ''
  const shown = `${seconds(ours.cpu_seconds)} of CPU, ${seconds(ours.seconds)} by the clock${beside}`
  demand(ours.cpu_seconds < 6, shown)
  return shown
}

function sameEveryTime(output: Output): string {
  const { ours } = parse<Boots>(output)
  const shown = `${ours.hashes.length} end state, ${Number(ours.instructions).toLocaleString('en-US')} instructions to the first process`
  demand(ours.hashes.length === 1, shown)
  return shown
}

/** But for what the clock of day was set to, which is another at each. */
function logAsExpected(output: Output): string {
  const { log, ours, qemu } = parse<Boots>(output)
  const known = expectedOf(4)
  const other = (lines: readonly string[], some: readonly string[]) =>
    lines.filter((line) => !some.includes(line) && !line.startsWith('rtc-generic'))
  const unknown = [...other(log?.ours ?? [], known.ours), ...other(log?.theirs ?? [], known.theirs)]
  const beside = qemu ? `, QEMU ${seconds(qemu.cpu_seconds)}` : ''
  demand(log !== null && unknown.length === 0, `differing: ${unknown.join(' | ')}`)
  return `${log!.theirs.length} lines of QEMU’s and ${log!.ours.length} of ours, all known; ${seconds(ours.cpu_seconds)} of CPU${beside}`
}

interface Conformance {
  readonly same: number
  readonly of: number
  readonly verdicts: readonly { readonly name: string; readonly same: boolean }[]
}

function allAsOnQemu(output: Output): string {
  const { same, of, verdicts } = parse<Conformance>(output)
  const differ = verdicts.filter((one) => !one.same).map((one) => one.name)
  demand(same === of && of >= 18, `${same} of ${of}; differing: ${differ.join(', ')}`)
  return `${same} of ${of} programs`
}

const conformance = (order: 'big' | 'little') => ({
  id: `kvm-unit-tests-${order}`,
  text: `kvm-unit-tests, ${order}-endian: every program's results and counts are QEMU's`,
  command: `npm run --silent conformance -- "$KVM_UNIT_TESTS_${order.toUpperCase()}" --json`,
  show: allAsOnQemu,
  because: `The suite is not part of the project: KVM_UNIT_TESTS_${order.toUpperCase()} names the powerpc/ of one that is built`,
})

const SLOF =
  'keys=$(mktemp) && trap \'rm -f "$keys"\' EXIT && printf \'s6 7 * . cr\\r\' > "$keys" && node dist/cli/main.js boot ' +
  '"$(npm run -s guests:fetch -- slof)" --raw 0 --entry 0x100 --machine pseries --memory 256MiB --input "$keys" ' +
  '--max-instructions 6000000000'

/** Twice: the two have to be equal. */
const SHELL =
  'kernel=$(npm run -s guests:fetch -- linux-6.1) && root=$(npm run -s guests:fetch -- busybox) && ' +
  'typed=$(mktemp) && trap \'rm -f "$typed"\' EXIT && ' +
  'printf \'date -u\\ncat /proc/uptime\\nsleep 1\\ncat /proc/uptime\\ncat /proc/interrupts\\ndmesg | tail\\nexit\\n\' > "$typed" && ' +
  'for run in 1 2; do node dist/cli/main.js boot "$kernel" --memory 256MiB --initrd "$root" ' +
  '--append console=hvc0 --input "$typed" --prompt "# " --json; done'

interface Booted {
  readonly stop: string
  readonly console: string
  readonly state_hash: string
}

function shellAnswers({ stdout }: Output): string {
  const runs = stdout
    .split(/(?<=^\})$/m)
    .filter((text) => text.includes('{'))
    .map((text) => JSON.parse(text) as Booted)
  const [first, second] = runs
  demand(runs.length === 2 && first!.stop === 'off', `${runs.length} runs, ${first?.stop}`)
  demand(
    first!.console === second!.console && first!.state_hash === second!.state_hash,
    'the two runs differ',
  )
  const uptimes = [...first!.console.matchAll(/^(\d+\.\d\d) \d+\.\d\d\r$/gm)].map(([, shown]) =>
    Number(shown),
  )
  const slept = `${(uptimes[1]! - uptimes[0]!).toFixed(2)} s between two readings of /proc/uptime around sleep 1`
  // Each line is typed up to 50 ms after its prompt, and there are two.
  demand(uptimes.length === 2 && uptimes[1]! - uptimes[0]! >= 1 && uptimes[1]! - uptimes[0]! <= 1.15, slept)
  demand(/Thu Jan {2}1 00:00:0\d UTC 2026/.test(first!.console), 'another date')
  demand(/XICS 4352 Edge +hvc_console/.test(first!.console), 'no interrupts')
  return `${first!.console.length} bytes of console and the state ${first!.state_hash} twice; ${slept}`
}

interface InBrowser {
  readonly stops: readonly { readonly cycles: string; readonly same: boolean }[]
  readonly back_and_on: boolean
  readonly saved_in_node: boolean
  readonly first_process: boolean
  readonly node: { readonly cpu_seconds: number }
  readonly chromium: { readonly cpu_seconds: number }
}

function sameInChromium(output: Output): string {
  const found = parse<InBrowser>(output)
  const { stops, node, chromium } = found
  const same = stops.filter((stop) => stop.same).length
  const shown =
    `${same} of ${stops.length} instants up to cycle ${Number(stops.at(-1)!.cycles).toLocaleString('en-US')}, ` +
    `back and on ${found.back_and_on}, from a machine saved in Node ${found.saved_in_node}; ` +
    `${seconds(node.cpu_seconds)} of CPU in Node, ${seconds(chromium.cpu_seconds)} in Chromium, all of it counted`
  demand(same === stops.length && same >= 8 && found.first_process, shown)
  demand(found.back_and_on && found.saved_in_node, shown)
  return shown
}

interface Moves {
  readonly moves: readonly Row[]
}

const ms = (value: number) => `${value.toFixed(1)} ms`

function movedLive(output: Output): string {
  const live = parse<Moves>(output).moves.filter((one) => one.rounds > 0 && one.as_documented !== null)
  const shown = live
    .map(
      (one) =>
        `${one.case}, ${one.policy}: ${one.rounds} rounds, ${one.pages.toLocaleString('en-US')} pages, ` +
        `${(one.bytes / 2 ** 20).toFixed(1)} MiB, ${one.last_pages} pages at the end, ` +
        `${ms(Number(one.downtime_true_ns) / 1e6)} of true time, ${ms(one.hand_over_real_ms!)} of real time`,
    )
    .join('; ')
  demand(live.length >= 4 && live.every((one) => one.same && one.as_documented), shown)
  return shown
}

/** Between unlike hosts: how far CLOCK_REALTIME was off over the stop is the policy's, the bits are those of one world. */
function movedUnderAll(output: Output): string {
  const moved = parse<Moves>(output).moves.filter((one) => one.as_documented === null)
  const realtime = ({ across_ns: { realtime } }: Row) =>
    realtime ? ms(Number(realtime) / 1e6) : 'never read again'
  const shown = moved.map((one) => `${one.policy}: ${realtime(one)}`).join('; ')
  demand(
    policies.every(
      ({ name, system }) => system !== 'power' || moved.some((one) => one.policy === name && one.same),
    ) && moved.every(({ same }) => same),
    shown,
  )
  return shown
}

function throughFile(output: Output): string {
  const files = parse<Moves>(output).moves.filter((one) => one.rounds === 0)
  const shown = files
    .map((one) => `${one.policy}: ${(one.bytes / 2 ** 20).toFixed(1)} MiB, the same bits`)
    .join('; ')
  demand(files.length > 0 && files.every((one) => one.same && one.as_documented), shown)
  return shown
}

const MOVE = 'npm run --silent linux:move -- --json'

const inChromium = (kernel: string) => ({
  id: `${kernel}-chromium`,
  text: `Debian’s ${kernel}: the same console bytes and state hash at the same cycle in Node and in Chromium, saved and restored in between`,
  command: `npm run --silent linux:browser -- --kernel ${kernel} --json`,
  show: sameInChromium,
})

const MOVED =
  'kernel=$(npm run -s guests:fetch -- linux-6.1) && root=$(npm run -s guests:fetch -- busybox) && ' +
  'printed=$(mktemp) && trap \'rm -f "$printed"\' EXIT && ' +
  'node dist/cli/main.js run power-running --code "g=$kernel" --code-memory 256MiB --initrd "$root" --console "$printed" ' +
  '--append \'console=hvc0 quiet do="while sleep 20; do cat /proc/uptime; done"\' && cat "$printed"'

/** Stopped for 5 s at 60 s of true time: the sleep that is due then ends at 65 s. */
function movedShell({ stdout, status }: Output): string {
  const uptimes = [...stdout.matchAll(/^(\d+\.\d\d) \d+\.\d\d\r?$/gm)].map(([, shown]) => Number(shown))
  const sleeps = uptimes.slice(1).map((until, i) => until - uptimes[i]!)
  const shown = `sleeps of 20 s by /proc/uptime: ${sleeps.map((one) => one.toFixed(2)).join(', ')}`
  demand(status === 0 && sleeps.length >= 7, `exit status ${status}; ${shown}`)
  demand(
    sleeps.every((one, i) => Math.abs(one - (i === 1 ? 24 : 20)) < 0.1),
    shown,
  )
  return shown
}

interface LongRun {
  readonly hours: number
  readonly cpuSeconds: number
  readonly right: boolean
  readonly instructions: string
  readonly timerInterrupts: number
  readonly clocks: readonly { readonly clock: string; readonly gainedNs: string }[]
  readonly timebaseGained: string
  readonly sleepers: readonly { readonly leastLateNs: string; readonly mostLateNs: string }[]
  readonly hash: string
}

function clocksRight(hours: number) {
  return (output: Output): string => {
    const run = parse<LongRun>(output)
    const gained = run.clocks.map(({ clock, gainedNs }) => `${clock} ${gainedNs} ns`).join(', ')
    const late = Math.max(...run.sleepers.map(({ mostLateNs }) => Number(mostLateNs)))
    const shown =
      `${run.hours} h in ${run.cpuSeconds.toFixed(0)} s of CPU, ${(Number(run.instructions) / 1e9).toFixed(2)} G instructions, ` +
      `${run.timerInterrupts.toLocaleString('en-US')} timer interrupts; beyond true time: ${gained}, TB ${run.timebaseGained}; ` +
      `latest sleep ${(late / 1000).toFixed(0)} us`
    demand(run.right && run.hours >= hours, shown)
    return shown
  }
}

interface DecLost {
  readonly moments: readonly {
    readonly instructionsInTheHour: string
    readonly busyPercent: number
    readonly back: boolean
    readonly said: readonly string[]
  }[]
  readonly long: {
    readonly years: number
    readonly busySeconds: number
    readonly said: readonly string[]
    readonly up: number
    readonly trueUp: number
  }
}

function kernelReacts(output: Output): string {
  const { moments, long } = parse<DecLost>(output)
  const back = moments.filter((one) => one.back)
  const never = moments.length - back.length
  const shown =
    `${back.length} of ${moments.length} times the Enter key brings it back, and it reports a hard lockup; ${never} times it polls ` +
    `for ever; untouched for ${long.years.toFixed(2)} years: busy for ${long.busySeconds.toFixed(1)} s, then up ${long.up} s`
  demand(
    moments.every((one) => one.instructionsInTheHour === '0') &&
      back.every((one) => one.said.some((line) => line.includes('hard LOCKUP'))) &&
      moments.every((one) => one.back || one.busyPercent > 99) &&
      Math.abs(long.up - long.trueUp) < 1,
    shown,
  )
  return shown
}

function countsStolen(output: Output): string {
  const { rows, reports } = parse<{
    readonly rows: readonly StealRow[]
    readonly reports: readonly string[]
  }>(output)
  const seconds = (all: readonly string[]) => all.map((ns) => (Number(ns) / 1e9).toFixed(3)).join(' and ')
  const shown = rows
    .map((one) => `${one.case}: ${seconds(one.linux_ns)} s, ${seconds(one.model_ns)} s`)
    .join('; ')
  const stuck = reports.some((line) => line.includes('hard LOCKUP on other CPUs 1'))
  demand(rows.length === 5 && rows.every(({ right }) => right) && stuck, shown)
  return `of vCPU 0 and 1 ${shown}; the kernel reports a hard lockup of the vCPU that is away for 40 s`
}

export const linuxGuests: readonly Section[] = [
  {
    title: 'Other people’s guests on the Power machine',
    claims: [
      {
        id: 'linux-6.1-time',
        text: 'Debian’s Linux 6.1 reaches its first process in under 6 s',
        command: linux('linux-6.1', 3),
        show: underSixSeconds,
      },
      {
        id: 'linux-6.1-same',
        text: 'Three boots of it end in the same state, to the last bit',
        command: linux('linux-6.1', 3),
        show: sameEveryTime,
      },
      {
        id: 'linux-6.12-time',
        text: 'Debian’s Linux 6.12 reaches its first process in under 6 s',
        command: linux('linux-6.12', 1),
        show: underSixSeconds,
      },
      {
        id: 'linux-shell',
        text: 'A shell of Debian’s busybox answers what is typed, with right clocks, and twice with the same bytes',
        command: SHELL,
        show: shellAnswers,
      },
      {
        id: 'linux-6.1-smp',
        text: 'With four CPUs its log differs from QEMU’s with four in the lines that one CPU’s does: the name, PCI, XIVE',
        command: 'npm run --silent linux -- --cpus 4 --rounds 1 --json',
        show: logAsExpected,
      },
      inChromium('linux-6.1'),
      inChromium('linux-6.12'),
      {
        id: 'linux-shell-moved',
        text: 'Busybox through a migration under power-running: the sleep in which it was stopped ends when it resumes',
        command: MOVED,
        show: movedShell,
      },
      {
        id: 'linux-uptime-30-days',
        text: 'An idle Linux 6.1 for 30 days: its clocks are right at the end, and its sleepers of an hour wake within 1 ms',
        command: 'npm run --silent linux:uptime -- --days 30 --json',
        show: clocksRight(720),
      },
      {
        id: 'linux-uptime-6.12',
        text: 'An idle Linux 6.12 for 6 hours: the same',
        command: 'npm run --silent linux:uptime -- --kernel linux-6.12 --hours 6 --json',
        show: clocksRight(6),
      },
      {
        id: 'linux-uptime-periodic',
        text: 'Linux 6.1 with a tick that never stops (nohz=off) for 2 hours: the same',
        command: 'npm run --silent linux:uptime -- --hours 2 --append nohz=off --json',
        show: clocksRight(2),
      },
      {
        id: 'linux-dec-lost',
        text: 'Linux 6.1 whose DEC was lost executes nothing in an hour; what a key does depends on what DEC stood for',
        command: 'npm run --silent linux:dec-lost -- --json',
        show: kernelReacts,
      },
      {
        id: 'linux-steal',
        text: 'vCPUs taken away from Linux 6.1: what it counts as stolen, and what the model of it does',
        command: 'npm run --silent linux:steal -- --json',
        show: countsStolen,
      },
      {
        id: 'linux-moved-live',
        text: 'Debian’s Linux 6.1 moves live between two real processes and ends in the bits of one world, its clocks as docs/linux-clocks.md says',
        command: MOVE,
        show: movedLive,
      },
      {
        id: 'linux-moved-policies',
        text: 'The same under each PowerPC policy, to a host of 500 MHz whose wall clock is 3 s ahead: the bits of one world; over the stop CLOCK_REALTIME gained on true time',
        command: MOVE,
        show: movedUnderAll,
      },
      {
        id: 'linux-saved',
        text: 'It is saved by one process and restored by another, which knows no kernel: the bits of one world',
        command: MOVE,
        show: throughFile,
      },
      conformance('big'),
      conformance('little'),
      {
        id: 'slof-prompt',
        text: 'SLOF comes to its prompt, and computes there (in hexadecimal)',
        command: SLOF,
        show: prints(/Welcome to Open Firmware/, /0 > /, /\b2a\b/),
      },
    ],
  },
]
