/** `chronovisor run --code`: machine code in place of a guest's kernel model. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../helpers/folder.js'
import { execute } from './execute.js'

const folder = temporaryFolder()
const CLOCKS = new URL('../guests/power/b64-clocks.elf', import.meta.url).pathname
const B32 = new URL('../guests/power/b32-tick.elf', import.meta.url).pathname

const SMP = new URL('../guests/power/b64-smp.elf', import.meta.url).pathname
const vcpus = (count: number): string => {
  const path = join(folder, `vcpus-${count}.yaml`)
  writeFileSync(
    path,
    `name: vcpus
title: "vCPUs"
system: power
start: 2018-07-16T00:00:00Z
duration: 100 ms
hosts:
  a: { hypervisor: power-kvm, uptime: 30 d, timebase: { frequency: 512 MHz } }
guests:
  g: { on: a, kernel: linux-ppc64, vcpus: ${count} }
events:
  - { at: 50 ms, pause: g }
  - { at: 60 ms, resume: g }
`,
  )
  return path
}

describe('run --code', () => {
  it('a guest of several vCPUs, each with its clocks and sleeps', async () => {
    const { code, stdout } = await execute(['run', vcpus(3), '--code', `g=${SMP}`])
    expect({ code, stdout }).toMatchObject({ code: 0 })
    for (const cpu of [0, 1, 2]) expect(stdout).toContain(`  dec@${cpu} monotonic: `)
    expect(stdout).not.toContain('dec@3')
  })

  it('judges what the program prints under the policy, and keeps what it printed', async () => {
    const printed = join(folder, 'printed.txt')
    const args = ['run', 'power-running', '--code', `g=${CLOCKS}`, '--console', printed]
    const good = await execute(args)
    expect(good.code).toBe(0)
    expect(good.stdout).toContain('guest g: machine code, policy power-running')
    expect(readFileSync(printed, 'utf8')).toMatch(/^@sleeps dec monotonic asked 0x[0-9a-f]+ tb 0x/)
    const bad = await execute([...args, '--policy', 'power-dec-lost', '--json'])
    expect(bad.code).toBe(1)
    const { checks } = JSON.parse(bad.stdout) as { checks: { id: string; verdict: string }[] }
    expect(checks.find(({ id }) => id === 'late-wake')?.verdict).toBe('fail')
  })

  it.each([
    [['power-running', '--code', CLOCKS], /--code .*; expected GUEST=FILE/],
    [['power-running', '--code', `h=${CLOCKS}`], /has no guest "h"; expected one of g/],
    [['power-running', '--code', `g=${join(folder, 'none.elf')}`], /none\.elf/],
    [['power-running', '--code', `g=${import.meta.filename}`], /code\.test\.ts: offset 0/],
    [['power-running', '--code', `g=${B32}`, '--trace', join(folder, 'a.vcd')], /expected no --code/],
    [['xen-1282-stale-lower', '--code', `guest=${CLOCKS}`], /xen-1282-stale-lower/],
    [[vcpus(5), '--code', `g=${SMP}`], /has 5 vCPUs; expected 1 to 4/],
    [['power-running', '--console', join(folder, 'b')], /expected --code too/],
    [['power-running', '--append', 'x'], /expected --code too/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr, stdout } = await execute(['run', ...args])
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(existsSync(join(folder, 'b'))).toBe(false)
  })
})
