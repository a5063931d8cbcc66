/**
 * Programs of kvm-unit-tests for Power and what they are to print. The suite is not part of the project: someone builds it,
 * and names the folder. The list of results is: test/data/conformance/kvm-unit-tests.json, from QEMU 10 with a POWER9.
 */
import { readFileSync } from 'node:fs'
import { bootMachine, type PowerMachine } from '../../src/power/index.js'

/** An entry of the suite's powerpc/unittests.cfg. */
export interface Entry {
  readonly name: string
  readonly file: string
  readonly args?: string
  readonly cpus?: number
  readonly memoryMiB?: number
  /** What the clock of day shows at the start; the arguments say the same. */
  readonly date?: string
}

export interface Expected extends Entry {
  readonly lines: readonly string[]
  /** Where a little-endian program prints something else. */
  readonly little?: readonly string[]
}

const LIST = new URL('../../test/data/conformance/kvm-unit-tests.json', import.meta.url)

export function expectedResults(): readonly Expected[] {
  return JSON.parse(readFileSync(LIST, 'utf8'))
}

/** What is different from run to run, or may be on another CPU: numbers, speeds, whether a reservation outlives a store. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/:\t.*<==>.*/, ''],
  [/loops on others \d+%/, 'loops on others'],
  [/takes \d+ns/, 'takes … ns'],
  [/(succeeded|failed) (st\w+\. \(intervening store\))/, '$2'],
]

/** Results and counts. */
export function resultLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => /^(PASS|FAIL|KFAIL|XPASS|SKIP|SUMMARY|ABORT)\b/.test(line))
    .map((line) => VARYING.reduce((left, [pattern, by]) => left.replace(pattern, by), line))
}

/** Lines that are neither the same nor better: what fails on QEMU and is known to may pass here. */
export function differing(
  ours: readonly string[],
  theirs: readonly string[],
): { ours: string[]; expected: string[] } {
  const counts = (line: string) => line.replace(/, \d+ known failures/, '')
  const fits = (line: string, wanted: string | undefined) =>
    wanted !== undefined &&
    (line === wanted ||
      line === wanted.replace(/^KFAIL/, 'PASS') ||
      (line.startsWith('SUMMARY') && counts(line) === counts(wanted)))
  return {
    ours: ours.filter((line, i) => !fits(line, theirs[i])),
    expected: theirs.filter((line, i) => ours[i] === undefined || !fits(ours[i], line)),
  }
}

const LIMIT = 60_000_000_000n
const SLICE = 5_000_000n
/** A program that prints one of these waits for a key: to be migrated, or to be let on. */
const KEY = /Now migrate the VM|Skipped VM migration|(Begin|End) continuous migration\n/g

/** A machine that goes on where `from` is: the guest has been migrated. */
function migrated(from: PowerMachine, boot: () => PowerMachine): PowerMachine {
  const to = boot()
  to.restore(from.snapshot())
  return to
}

/** Runs a program of the suite; at each place where it asks for it, it is migrated to another machine and told so. */
export function runProgram(
  path: string,
  { name, args = '', cpus = 1, memoryMiB = 512, date }: Entry,
): string {
  const bytes = readFileSync(path)
  const dayNs = BigInt(Date.parse(date ?? '2026-01-01')) * 1_000_000n
  const boot = () => bootMachine(bytes, name, { ramBytes: memoryMiB << 20, append: args, cpus, dayNs })
  let machine = boot()
  let text = ''
  let asked = 0
  for (;;) {
    const end = machine.run(machine.cycles + SLICE)
    text += machine.takeConsole()
    if (end !== 'time') return end === 'off' ? text : `${text}\n[${machine.fault ?? end}]`
    if (machine.cycles > LIMIT) return `${text}\n[still running after ${machine.cycles} cycles]`
    const asks = text.match(KEY)?.length ?? 0
    if (asks > asked) {
      machine = migrated(machine, boot)
      machine.type(Buffer.from('\n'.repeat(asks - asked)))
      asked = asks
    }
  }
}
