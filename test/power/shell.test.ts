/** A shell of Debian's busybox under Debian's Linux: what is typed is answered, and twice with the same bytes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileKeys } from '../../src/cli/keys.js'
import { bootMachine, type PowerMachine, type PowerSnapshot } from '../../src/power/index.js'
import { fetched } from './debian.js'

const kernel = fetched('linux-6.1')
const root = fetched('busybox')
const missing = kernel.missing || root.missing
const MEMORY = 256 << 20
const SLICE = 10_000_000n
const LIMIT = 60_000_000_000n
const PROMPT = '# '
const folder = mkdtempSync(join(tmpdir(), 'chronovisor-shell-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.skipIf(missing !== '')(`a shell${missing}`, () => {
  let machine: PowerMachine
  let atPrompt: PowerSnapshot

  beforeAll(() => {
    machine = bootMachine(readFileSync(kernel.path), 'vmlinux', {
      ramBytes: MEMORY,
      append: 'console=hvc0 panic=-1',
      initrd: { name: 'busybox.cpio', bytes: readFileSync(root.path) },
    })
    let text = ''
    while (!text.includes(`\n${PROMPT}`) && machine.run(machine.cycles + SLICE) === 'time')
      text += machine.takeConsole()
    atPrompt = machine.snapshot()
  }, 120_000)

  /** Each line typed at a prompt; what is answered to each, without what the shell repeats of it. */
  function typed(lines: readonly string[]): { readonly answers: readonly string[]; readonly hash: string } {
    const file = join(folder, 'typed')
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
    machine.restore(atPrompt)
    const keys = fileKeys(file, PROMPT)
    keys.hear(PROMPT)
    let text = ''
    let end = 'time'
    while (end === 'time' && machine.cycles < LIMIT) {
      keys.feed(machine)
      end = machine.run(machine.cycles + SLICE)
      const printed = machine.takeConsole()
      keys.hear(printed)
      text += printed
    }
    expect(end).toBe('off')
    const answers = text
      .split(PROMPT)
      .map((part) => part.replaceAll('\r', '').split('\n').slice(1, -1).join('\n'))
    return { answers, hash: machine.hash }
  }

  const up = (text: string | undefined) => Math.round(Number(text?.split(' ')[0]) * 100)

  it('its clocks, timer interrupts and sleep are right, and equal twice', () => {
    const lines = [
      'date -u',
      'cat /proc/uptime',
      'sleep 1',
      'cat /proc/uptime',
      'cat /proc/interrupts',
      'exit',
    ]
    const first = typed(lines)
    expect(typed(lines)).toEqual(first)
    const [date, before, sleep, after, interrupts] = first.answers
    expect(date).toMatch(/^Thu Jan {2}1 00:00:0\d UTC 2026$/)
    expect(sleep).toBe('')
    // The sleep, and twice the 10 ms until the next line is typed; the kernel shows hundredths.
    expect(up(after) - up(before)).toBeGreaterThanOrEqual(100)
    expect(up(after) - up(before)).toBeLessThanOrEqual(108)
    expect(interrupts).toMatch(/^ *17: +[1-9]\d* +XICS 4352 Edge +hvc_console$/m)
    expect(interrupts).toMatch(/^LOC: +[1-9]\d* +Local timer interrupts for timer event device$/m)
  })

  it('hwclock, date and adjtimex set the clocks of platform and kernel', () => {
    const set = ["date -us '2026-06-01 12:00'", 'hwclock -uw', 'sleep 10', 'hwclock -ur']
    // A tick of 11 ms every 10 ms: the kernel's clocks run a tenth too fast, its sleeps with them, the platform's do not.
    const fast = ['adjtimex -t 11000 | grep tick', 'date +%s', 'sleep 22', 'date +%s', 'hwclock -ur', 'exit']
    const { answers } = typed([...set, ...fast])
    expect(answers.slice(0, 4)).toEqual([
      'Mon Jun  1 12:00:00 UTC 2026',
      '',
      '',
      'Mon Jun  1 12:00:10 2026  0.000000 seconds',
    ])
    const [tick, from, , until, platform] = answers.slice(4)
    expect(tick).toContain('11000 us')
    expect(Number(until) - Number(from)).toBe(22)
    expect(platform).toBe('Mon Jun  1 12:00:30 2026  0.000000 seconds')
  })

  it('programs compute what they compute anywhere', () => {
    const { answers } = typed([
      'seq 1 1000 | sort -rn | gzip -9 | gunzip | md5sum',
      'dd if=/dev/zero bs=1k count=64 2>/dev/null | sha512sum',
      'echo "scale=10; 4*a(1)" | bc -l',
      'exit',
    ])
    expect(answers.slice(0, 3)).toEqual([
      '25ddee1140f425e6bb1097a7391c628e  -',
      '73e4153936dab198397b74ee9efc26093dda721eaab2f8d92786891153b45b04265a161b169c988edb0db2c53124607b6eaaa816559c5ce54f3dbc9fa6a7a4b2  -',
      '3.1415926532',
    ])
  })
})
