/**
 * The path that Debian's kernel takes, without it: a small kernel of ours that is entered as Linux is, and finds RAM disk,
 * RTAS, console and time where Linux does. This runs when the archive does not answer, too.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { bootMachine } from '../../src/power/index.js'
import { execute } from '../cli/execute.js'

const guest = (name: string) => new URL(`../guests/linux/${name}`, import.meta.url).pathname
const KERNEL = guest('stand-in.elf')
const INIT = guest('init.elf')
const folder = mkdtempSync(join(tmpdir(), 'chronovisor-stand-in-'))
afterAll(() => rmSync(folder, { recursive: true }))

function boot(words = 'every=10 count=3') {
  return bootMachine(readFileSync(KERNEL), 'stand-in.elf', {
    ramBytes: 64 << 20,
    append: `console=hvc0 ${words}`,
    initrd: { name: 'init.elf', bytes: readFileSync(INIT) },
    dayNs: 1_795_311_944_144_000_000n,
  })
}

it('finds what Linux finds, sleeps by its decrementer, reads what is typed, and goes on from a snapshot', () => {
  const machine = boot()
  expect(machine.run(15_000_000n)).toBe('time')
  const before = machine.takeConsole()
  const saved = machine.snapshot()
  const finish = () => {
    machine.type(Buffer.from('words, more than the sixteen of one call'))
    return { end: machine.run(100_000_000n), console: machine.takeConsole(), hash: machine.hash }
  }
  const first = finish()
  expect(first.end).toBe('off')
  machine.restore(saved)
  expect(finish()).toEqual(first)

  const lines = (before + first.console).split('\n')
  expect(lines.slice(0, 4)).toEqual([
    'command line: console=hvc0 every=10 count=3',
    `init of ${readFileSync(INIT).length} bytes`,
    expect.stringMatching(/^time of day 2026-11-22 1:45:44\.144\d{6}$/),
    '@userspace',
  ])
  expect(lines).toContain('typed words, more than the sixteen of one call')
  const clocks = lines
    .map((line) => /^@clocks \d tb (\d+) monotonic (\d+)/.exec(line))
    .filter((found) => found !== null)
  expect(clocks).toHaveLength(4)
  for (const [i, [, tb, monotonic]] of clocks.entries()) {
    // A nanosecond a cycle: ten milliseconds each, and some microseconds for the line before.
    expect(Number(monotonic) - 10_000_000 * i).toBeGreaterThan(0)
    expect(Number(monotonic) - 10_000_000 * i).toBeLessThan(50_000)
    const elapsed = ((BigInt(tb!) - BigInt(clocks[0]![1]!)) * 125n) / 64n
    expect(Number(BigInt(monotonic!) - BigInt(clocks[0]![2]!) - elapsed)).toBeLessThanOrEqual(1)
  }
})

it('a hundred years: the decrementer at its widest, timebase and time of day are right', () => {
  // 2.2 years are 2^54.98 ticks of 512 MHz; DEC has 56 bits, the first of them a sign.
  const YEARS_2_2 = 2_200n * 31_557_600n * 1_000_000n
  const machine = boot(`every=${YEARS_2_2 / 1_000_000n} count=45`)
  let text = ''
  while (!text.includes('@end off') && machine.cycles < 46n * YEARS_2_2) {
    // It sleeps: one call for a year, and one to fetch what it printed.
    machine.core.run(machine.cycles + YEARS_2_2 / 2n)
    machine.run(machine.cycles + 100_000n)
    text += machine.takeConsole()
  }
  const clocks = [...text.matchAll(/^@clocks (\d+) tb (\d+) monotonic (\d+)/gm)].map(([, ...all]) =>
    all.map(BigInt),
  )
  expect(clocks).toHaveLength(46)
  for (const [n, tb, monotonic] of clocks) {
    const late = monotonic! - n! * YEARS_2_2
    expect(late >= 0n && late < 100_000n).toBe(true)
    expect(monotonic! - (tb! * 125n) / 64n).toBeLessThanOrEqual(0n)
    expect((tb! * 125n) / 64n - monotonic!).toBeLessThan(100_000n)
  }
  const day = new Date(1_795_311_944_144 + Number((45n * YEARS_2_2) / 1_000_000n))
  const [date, time] = [day.toISOString().slice(0, 10), day.toISOString().slice(11, 23)]
  const numbers = (shown: string) => shown.split(/[-:]/).map(Number)
  const shown = [...text.matchAll(/^time of day (\S+) (\S+)\.(\d+)$/gm)].at(-1)!
  expect(numbers(shown[1]!)).toEqual(numbers(date))
  expect(numbers(shown[2]!)).toEqual(numbers(time.slice(0, 8)))
  expect(Math.floor(Number(shown[3]) / 1e6)).toBe(Number(time.slice(9)))
})

it('is migrated in a scenario, and judged by what it says', async () => {
  const console = join(folder, 'console')
  const code = [
    '--code',
    `g=${KERNEL}`,
    '--initrd',
    INIT,
    '--append',
    'every=100 count=100000',
    '--code-memory',
    '64MiB',
  ]
  const held = await execute(['run', 'power-running', ...code, '--console', console])
  expect(held.code).toBe(0)
  expect(readFileSync(console, 'utf8')).toMatch(/^command line: .*\n(.*\n){3}@clocks 0 /)
  const lost = await execute(['run', 'power-running', '--policy', 'power-dec-lost', ...code])
  expect(lost.code).toBe(1)
  // A lost DEC of 32 bits comes back after 2^31 ticks.
  expect(lost.stdout).toContain('slept 4.194 s more')
})
