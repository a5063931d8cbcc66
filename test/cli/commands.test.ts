import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { chronovisor, execute } from './execute.js'

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

const moved = (policy: string) => `
name: moved
title: moved to a younger host
duration: 30 s
hosts:
  a: { hypervisor: power-kvm, uptime: 30 d }
  b: { hypervisor: power-kvm, uptime: 2 d }
guests:
  g:
    on: a
    kernel: linux-ppc64
    policy: ${policy}
    read: [{ clock: realtime, every: 100 ms }]
events:
  - { at: 10 s, migrate: g, to: b, downtime: 5 s }
`
writeFileSync(join(folder, 'behind.yaml'), moved('power-stopped'))
writeFileSync(
  join(folder, 'drawn.yaml'),
  moved('power-running').replace('downtime: 5 s', 'downtime: 100 ms .. 400 ms'),
)
writeFileSync(join(folder, 'own.yaml'), moved('./own.mjs'))
writeFileSync(
  join(folder, 'own.mjs'),
  `export default {
  name: 'own', system: 'power', title: 'mine', source: 'here',
  save: ({ power, host }) => ({ tb: power.guestTimebase(), at: host.wallNs() }),
  restore: ({ power, host }, saved) =>
    power.setGuestTimebase(saved.tb + ((host.wallNs() - saved.at) * 512n) / 1000n),
}\n`,
)
writeFileSync(
  join(folder, 'short.yaml'),
  moved('power-running')
    .replace('30 s', '3 ms')
    .replace('10 s', '1 ms')
    .replace('5 s', '1 ms')
    .replace('100 ms', '10 us'),
)
/** `@/` stands for the folder of these files. */
const here = (...args: string[]) => execute(args.map((arg) => arg.replaceAll('@', folder)))

// biome-ignore lint/suspicious/noControlCharactersInRegex: no colours where nobody sees them
const ESCAPE = /\x1b/

describe('run', () => {
  it('ends with 0 where every check holds, and prints a report', async () => {
    const { code, stdout, stderr } = await chronovisor(['run', 'xen-good-lower', '--plot'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('\nPASS: every check holds\nThis is what the scenario expects of this policy.\n')
    expect(stdout).toContain('clocks minus true time')
    expect(stdout).not.toMatch(ESCAPE)
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
  })

  it('ends with 1 where a check fails, and puts one JSON document on stdout', async () => {
    const { code, stdout, stderr } = await chronovisor([
      'run',
      'xen-1282-stale-lower',
      '--json',
      '--seed',
      '7',
    ])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    const json = JSON.parse(stdout)
    expect(json).toMatchObject({
      scenario: 'xen-1282-stale-lower',
      verdict: 'fail',
      seed: 7,
      expected: { met: true },
    })
    expect(json.guests.g.state_hash).toMatch(/^[0-9a-f]{16}$/)
    const late = json.checks.find(({ id }: { id: string }) => id === 'late-wake')
    expect(late).toMatchObject({ guest: 'g', verdict: 'fail', subject: 'after' })
  })

  it('draws ranges from the seed, and says what it drew', async () => {
    const downtime = async (seed: string) => {
      const { stdout } = await here('run', '@/drawn.yaml', '--json', '--seed', seed)
      const { drawn } = JSON.parse(stdout) as { drawn: { path: string; text: string; value: string }[] }
      return drawn
    }
    const [drawn] = await downtime('5')
    expect(drawn).toMatchObject({ path: 'events[0].downtime', text: '100 ms .. 400 ms' })
    expect(await downtime('5')).toEqual([drawn])
    expect((await downtime('6'))[0]!.value).not.toBe(drawn!.value)
    const { stdout } = await here('run', '@/drawn.yaml', '--seed', '5')
    expect(stdout).toContain(`events[0].downtime: ${drawn!.value}, drawn from 100 ms .. 400 ms`)
  })

  it('puts the plot on stderr beside JSON', async () => {
    const { stdout, stderr } = await here('run', '@/behind.yaml', '--json', '--plot')
    expect(JSON.parse(stdout).scenario).toBe('moved')
    expect(stderr).toMatch(/^clocks minus true time\n/)
  })

  it('takes another policy, by name or from a file', async () => {
    const own = await here('run', '@/behind.yaml', '--json')
    const named = await here('run', '@/behind.yaml', '--policy', 'power-running', '--json')
    const mine = await here('run', '@/behind.yaml', '--policy', '@/own.mjs', '--json')
    expect([own.code, named.code, mine.code]).toEqual([1, 0, 0])
    const policyOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout).guests.g.policy
    expect([own, named, mine].map(policyOf)).toEqual(['power-stopped', 'power-running', 'own'])
  })

  it('finds the policy of a scenario beside the scenario', async () => {
    const { code, stdout } = await here('run', '@/own.yaml', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).guests.g.policy).toBe('own')
  })

  it('ends in the same state tick by tick', async () => {
    const fast = await here('run', '@/short.yaml', '--json')
    const slow = await here('run', '@/short.yaml', '--json', '--tick-by-tick')
    expect(fast.code).toBe(0)
    expect(slow).toEqual(fast)
  })
})

describe('compare', () => {
  it('puts the policies of the scenario side by side and says which hold', async () => {
    const { code, stdout, stderr } = await here('compare', 'xen-1282-stale-lower')
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toMatch(/^ {19}xen-2008 +xen-fix-1 +xen-fix-2 +xen-fix-3 +xen-today$/m)
    expect(stdout).toMatch(/^late-wake {10}✗ 18.8 s +✓/m)
    expect(stdout).toMatch(/^verdict {12}FAIL +PASS/m)
  })

  it('takes a list of policies, and ends with 0 where all of them hold', async () => {
    const { code, stdout } = await here(
      'compare',
      '@/behind.yaml',
      '--policies',
      'power-running, @/own.mjs',
      '--json',
    )
    expect(code).toBe(0)
    const { policies } = JSON.parse(stdout)
    expect(policies.map(({ policy, verdict }: Record<string, string>) => [policy, verdict])).toEqual([
      ['power-running', 'pass'],
      ['own', 'pass'],
    ])
  })

  it('takes every policy of the system where the scenario names none', async () => {
    const { stdout } = await here('compare', '@/behind.yaml', '--json')
    const names = JSON.parse(stdout).policies.map(({ policy }: Record<string, string>) => policy)
    expect(names[0]).toBe('power-stopped')
    expect(names.length).toBeGreaterThan(5)
    expect(new Set(names).size).toBe(names.length)
    expect(names.every((name: string) => name.startsWith('power-'))).toBe(true)
  })
})

describe('list and policies', () => {
  it('lists the library by system, and what is looked for', async () => {
    const { code, stdout } = await here('list')
    expect(code).toBe(0)
    expect(stdout.match(/^\S+$/gm)).toEqual(['Xen', 'KVM', 'PowerPC'])
    expect(stdout).toContain('\n  ✗ xen-1282-stale-lower\n')
    const some = JSON.parse((await here('list', 'POWERPC', '--json')).stdout).scenarios
    expect(some.length).toBeGreaterThan(5)
    for (const { name, system, cite, expected } of some) {
      expect([name, system, typeof cite, typeof expected.verdict]).toEqual([
        name,
        'power',
        'string',
        'string',
      ])
    }
  })

  it('finds by several words, and groups by symptom', async () => {
    const { stdout } = await here('list', 'soft', 'lockup', 'firecracker', '--by', 'symptom')
    expect(stdout).toContain('a soft lockup is reported (soft-lockup)\n  ✗ fc-softlockup-flag\n')
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
    const [first] = JSON.parse((await here('list', 'qubes-issues#443', '--json')).stdout).scenarios
    expect(first).toMatchObject({
      name: 'xen-clockvm-bad-sync',
      report: 'xen-clockvm-bad-sync',
      symptoms: ['an agent sets the clock back', 'the wall clock is wrong in the end'],
      expected: { passes: ['asks-dom0'] },
    })
    const { code, stderr } = await here('list', '--by', 'colour')
    expect([code, stderr.trim()]).toEqual([2, 'chronovisor: --by "colour"; expected system or symptom'])
  })

  it('lists the policies with their sources', async () => {
    const { stdout } = await here('policies')
    expect(stdout).toContain('\n  xen-2008\n')
    const { policies } = JSON.parse((await here('policies', '--json')).stdout)
    for (const policy of policies) expect(Object.keys(policy)).toEqual(['name', 'system', 'title', 'source'])
  })
})

describe('the whole', () => {
  it('demo shows the two cases and which fix cures them', async () => {
    const { code, stdout, stderr } = await here('demo')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('after: nanosleep(2 s) issued at 61.2 s woke after 20.8 s')
    expect(stdout.match(/^verdict +.*$/gm)!.length).toBeGreaterThanOrEqual(6)
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
  })

  it.each(['demo', 'list', 'run', 'compare', 'report', 'policies', 'boot', ''])(
    'help of %j has an example',
    async (command) => {
      const { code, stdout } = await here(...(command ? [command] : []), '--help')
      expect(code).toBe(0)
      expect(stdout).toMatch(/\nExamples?:\n {2}\$ chronovisor \S/)
    },
  )

  it('says its version', async () => {
    const { code, stdout } = await here('--version')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
  })

  it('says nothing when its reader goes away', async () => {
    const { stderr } = await chronovisor(['list'], { closeStdout: true })
    expect(stderr).toBe('')
  })
})
