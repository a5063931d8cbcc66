/**
 * Debian's own Linux, unmodified, with a first process of ours. The kernel is fetched from the archive when the tests run;
 * where that does not answer they are left out and say so.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compareLogs, EXPECTED, kernelLines } from '../../scripts/guests/kernel-log.js'
import { bootMachine, type PowerMachine } from '../../src/power/index.js'
import { fetched } from './debian.js'

const read = (path: string) => readFileSync(new URL(path, import.meta.url))
const GIB = 1 << 30
const LIMIT = 3_000_000_000n
/** After the kernel has set itself up, and before its first process is through. */
const SAVED_AT = 985_000_000n
const TB_HZ = 512_000_000n

const { path, missing } = fetched('linux-6.1')

function boot(): PowerMachine {
  const initrd = { name: 'init.elf', bytes: read('../guests/linux/init.elf') }
  const append = 'console=hvc0 panic=-1 every=10 count=5 sleepers=7'
  return bootMachine(readFileSync(path), 'vmlinux', {
    ramBytes: GIB,
    initrd,
    append,
    dayNs: 1_795_311_944_144_000_000n,
  })
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
    const machine = boot()
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
})
