/**
 * Debian's own Linux, unmodified, with a first process of ours. The kernel is fetched from the archive when the tests run;
 * where that does not answer they are left out and say so.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compareLogs, EXPECTED, expectedOf, kernelLines, saysWords } from '../../scripts/guests/kernel-log.js'
import { bootMachine, type PowerMachine } from '../../src/power/index.js'
import { fetched } from './debian.js'

const read = (path: string) => readFileSync(new URL(path, import.meta.url))
const GIB = 1 << 30
const LIMIT = 3_000_000_000n
/** After the kernel has set itself up, and before its first process is through. */
const SAVED_AT = 985_000_000n
const TB_HZ = 512_000_000n

const { path, missing } = fetched('linux-6.1')

function boot(words: string, dayNs: bigint, cpus = 1): PowerMachine {
  const initrd = { name: 'init.elf', bytes: read('../guests/linux/init.elf') }
  const append = `console=hvc0 panic=-1 ${words}`
  return bootMachine(readFileSync(path), 'vmlinux', { ramBytes: GIB, cpus, initrd, append, dayNs })
}

const SLEEPERS = [
  ...['nanosleep monotonic', 'timerfd monotonic', 'timerfd realtime'],
  ...['until boottime', 'until monotonic', 'until realtime'],
]

/** Within 20 us. */
const near = (ns: bigint) => ns > -20_000n && ns < 20_000n

/** Numbers of a line by the names before them. */
function fields(line: string): Record<string, bigint> {
  const pairs = [...line.matchAll(/(\w+) (-?\d+)/g)].map(
    ([, name, value]) => [name!, BigInt(value!)] as const,
  )
  return Object.fromEntries(pairs)
}

describe.skipIf(missing !== '')(`Debian's Linux 6.1${missing}`, () => {
  it('comes up as on QEMU, keeps time, answers, and goes on from a snapshot as if never touched', {
    timeout: 300_000,
  }, () => {
    const machine = boot('every=10 count=5 sleepers=7', 1_795_311_944_144_000_000n)
    expect(machine.run(SAVED_AT)).toBe('time')
    const before = machine.takeConsole()
    const saved = machine.snapshot()
    const finish = () => {
      machine.type(Buffer.from('echo typed words\n'))
      const end = machine.run(LIMIT)
      return { end, console: machine.takeConsole(), hash: machine.hash, cycles: machine.cycles }
    }
    const first = finish()
    expect(first.end).toBe('off')
    machine.restore(saved)
    expect(finish()).toEqual(first)

    const text = before + first.console
    expect(
      compareLogs(kernelLines(text), kernelLines(read('../data/linux/qemu-6.1-console.txt').toString())),
    ).toEqual(EXPECTED)
    expect(text).toContain('\ntyped words\r\n')

    const clocks = text.split('\r\n').filter((line) => line.startsWith('@clocks '))
    expect(clocks).toHaveLength(6)
    const shown = clocks.map(fields)
    const [from] = shown
    // One oscillator: the clocks stand apart by when they were read, microseconds one after the other.
    for (const { realtime, monotonic, boottime, raw, tb } of shown) {
      expect(near(boottime! - monotonic!)).toBe(true)
      expect(near(raw! - boottime!)).toBe(true)
      const elapsed = ((tb! - from!.tb!) * 1_000_000_000n) / TB_HZ
      expect(near(monotonic! - from!.monotonic! - elapsed)).toBe(true)
      expect(near(realtime! - from!.realtime! - elapsed)).toBe(true)
    }
    // A line each 10 ms of CLOCK_MONOTONIC.
    const [, second] = shown
    expect(Math.round(Number(shown.at(-1)!.monotonic! - second!.monotonic!) / 1e6)).toBe(40)
    // What is typed shows in the middle of a line, and so does the end.
    const woke = text
      .split('\r\n')
      .filter((line) => /^@woke \w+ \w+ slept \d+ asked \d+ late \d+ at \d+ tb \d+$/.test(line))
    expect([...new Set(woke.map((line) => line.split(' ').slice(1, 3).join(' ')))].sort()).toEqual(SLEEPERS)
    // Nobody wakes early; the kernel allows itself 50 us of slack, and six of them share one CPU.
    for (const { late } of woke.map(fields)) {
      expect(late).toBeGreaterThanOrEqual(0n)
      expect(late).toBeLessThan(1_000_000n)
    }
  })
  it('has four CPUs on one clock, as on QEMU, and goes on from a snapshot as if never touched', {
    timeout: 300_000,
  }, () => {
    const words = 'every=20 sleepers=7 spread=4 for=100'
    const machine = boot(words, 1_767_225_615_000_000_000n, 4)
    expect(machine.run(SAVED_AT)).toBe('time')
    const before = machine.takeConsole()
    const saved = machine.snapshot()
    const finish = (one: PowerMachine) => ({
      end: one.run(LIMIT),
      console: one.takeConsole(),
      hash: one.hash,
    })
    const first = finish(machine)
    expect(first.end).toBe('off')
    const other = machine.another()
    other.restore(saved)
    expect(finish(other)).toEqual(first)

    const text = before + first.console
    const said = (log: string) => kernelLines(log.split('@userspace')[0]!).filter((line) => !saysWords(line))
    const theirs = read('../data/linux/qemu-6.1-console-4.txt').toString()
    expect(compareLogs(said(text), said(theirs))).toEqual(expectedOf(4))

    const lines = text.split('\r\n')
    const shown = lines.filter((line) => line.startsWith('@clocks ')).map(fields)
    const ns = (ticks: bigint) => (ticks * 1_000_000_000n) / TB_HZ
    // Between its two readings of TB another vCPU may have had its turn.
    const sinceTb = lines.flatMap((line) => {
      const found = /^@clocks .*?tb (\d+) .* monotonic (\d+) .* tb (\d+)$/.exec(line)
      const [before, monotonic, after] = (found ?? []).slice(1).map(BigInt)
      return found ? [{ most: monotonic! - ns(before!), least: monotonic! - ns(after!) }] : []
    })
    expect(sinceTb).toHaveLength(shown.length)
    const [from] = sinceTb
    for (const { most, least } of sinceTb) {
      expect(most).toBeGreaterThanOrEqual(from!.least)
      expect(least).toBeLessThanOrEqual(from!.most)
    }
    for (const cpu of [undefined, 1n, 2n, 3n]) {
      expect(shown.filter((one) => one.cpu === cpu).length).toBeGreaterThan(3)
      const woke = lines
        .filter((line) => line.startsWith('@woke ') && line.includes(`@${cpu ?? 0} `))
        .map(fields)
      // Six sleepers on a quarter of one CPU's time.
      expect(woke.length).toBeGreaterThan(6 * 8)
      for (const { late } of woke) {
        expect(late).toBeGreaterThanOrEqual(0n)
        expect(late).toBeLessThan(4_000_000n)
      }
    }
  })
})
