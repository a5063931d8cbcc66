/**
 * BUG 1282 as the report and the replayed 2.6.18-xen kernel show it (spec of the case: xen-devel 2008-08-06
 * msg00258). What is expected is computed from the scenario's uptimes, not taken from a run.
 */
import { describe, expect, it } from 'vitest'
import { Seen } from '../../src/observation/log.js'
import { builtInPolicy } from '../../src/policy/index.js'
import type { Scenario } from '../../src/scenario/index.js'
import { type GuestResult, runScenario } from '../../src/world/index.js'
import { libraryScenario } from '../helpers/library.js'
import { readingsOf, sleepsOf } from '../helpers/sleeps.js'

const SECOND = 1_000_000_000n
const TICK = SECOND / 100n
const STOPPED_AT = 60n * SECOND

function guestOf(scenario: Scenario, policy?: string): GuestResult {
  return runScenario(scenario, policy ? { policy: builtInPolicy(policy) } : {}).guests[0]!
}

/** Uptime of the first host minus that of the second. */
function uptimeLost({ hosts: [a, b] }: Scenario): bigint {
  return a!.uptimeNs - b!.uptimeNs
}

/** When the sleeper fell asleep the second time. */
function issuedAt(scenario: Scenario): bigint {
  return scenario.guests[0]!.sleep.find((sleeper) => sleeper.name === 'after')!.atNs
}

describe.each(['xen-1282-stale-lower', 'xen-1282-no-rebase-lower'])('%s: a host of less uptime', (name) => {
  it('nanosleep(2 s), 1 s after the resume, ends when the new uptime has caught up: after about 20.8 s', async () => {
    const scenario = await libraryScenario(name)
    const guest = guestOf(scenario)
    // The clock stood at its last value of the source and moves again when the uptime that it had there is reached.
    const wakesAt = STOPPED_AT + uptimeLost(scenario) + 2n * SECOND
    const expected = wakesAt - issuedAt(scenario)
    const [slept] = sleepsOf(guest, 'after')
    expect(expected).toBe(20_800_000_000n)
    expect(slept).toBeGreaterThan(expected - 2n * TICK)
    expect(slept).toBeLessThan(expected + 2n * TICK)
  })

  it('gettimeofday repeats one value meanwhile, close to the right time at the resume', async () => {
    const scenario = await libraryScenario(name)
    const guest = guestOf(scenario)
    const frozen = readingsOf(guest, 'gettimeofday').filter(
      ([at]) => at > STOPPED_AT + SECOND && at < STOPPED_AT + uptimeLost(scenario) - SECOND,
    )
    expect(frozen.length).toBeGreaterThan(1_700)
    expect(new Set(frozen.map(([, value]) => value)).size).toBe(1)
    expect(frozen[0]![1] - scenario.startNs).toBeGreaterThan(STOPPED_AT - 2n * TICK)
    expect(frozen[0]![1] - scenario.startNs).toBeLessThanOrEqual(STOPPED_AT)
  })

  it('sleeps take 2.01 s before, and after under each cure', async () => {
    const scenario = await libraryScenario(name)
    const fresh = name.includes('no-rebase') ? '-fresh-wc' : ''
    const cures = [`xen-fix-1${fresh}`, `xen-fix-2${fresh}`, `xen-fix-3${fresh}`, 'xen-today']
    const sleeps = [
      ...sleepsOf(guestOf(scenario), 'before'),
      ...cures.flatMap((cure) => sleepsOf(guestOf(scenario, cure), 'after')),
    ]
    expect(sleeps).toHaveLength(5)
    for (const slept of sleeps) {
      expect(slept).toBeGreaterThan(2n * SECOND)
      expect(slept).toBeLessThanOrEqual(2n * SECOND + 2n * TICK)
    }
  })
})

describe('xen-1282-no-rebase-lower', () => {
  it('warns at each tick until the uptime has caught up: some 1,970 times at 100 Hz', async () => {
    const scenario = await libraryScenario('xen-1282-no-rebase-lower')
    const warnings = [...guestOf(scenario).observations.all(Seen.backwards)].length
    const down = scenario.events.find((event) => event.kind === 'migrate')!.downtimeNs
    const ticks = Number((uptimeLost(scenario) - down) / TICK)
    expect(warnings).toBeGreaterThan(ticks - 20)
    expect(warnings).toBeLessThanOrEqual(ticks)
  })
})

describe('a host of more uptime', () => {
  it('stale wall clock fields: the clock is 7,200 s ahead', async () => {
    const scenario = await libraryScenario('xen-1282-stale-higher')
    const [at, value] = readingsOf(guestOf(scenario), 'gettimeofday').at(-1)!
    const ahead = value - scenario.startNs - at
    expect(-uptimeLost(scenario)).toBe(7_200n * SECOND)
    expect(ahead).toBeGreaterThan(7_200n * SECOND - TICK)
    expect(ahead).toBeLessThanOrEqual(7_200n * SECOND)
  })

  it('never rebased: 300 s of jiffies at once', async () => {
    const scenario = await libraryScenario('xen-1282-no-rebase-higher')
    const ticks = [...guestOf(scenario).observations.all(Seen.ticks)].map((seen) => seen.value)
    const most = ticks.reduce((a, b) => (a > b ? a : b))
    expect(most).toBeGreaterThanOrEqual(30_000n)
    expect(most).toBeLessThanOrEqual(30_000n + 25n)
  })

  it('and when dom0 sets the time, gettimeofday stands still for those 7,200 s', async () => {
    const scenario = await libraryScenario('xen-1282-stale-higher-set')
    const setAt = 120n * SECOND
    const frozen = readingsOf(guestOf(scenario), 'gettimeofday').filter(
      ([at]) => at > setAt + 2n * SECOND && at < setAt + 7_198n * SECOND,
    )
    expect(frozen.length).toBeGreaterThan(70_000)
    expect(new Set(frozen.map(([, value]) => value)).size).toBe(1)
  })
})

describe('save, dom0 reboot, restore', () => {
  it.each(['xen-1282-save-reboot-restore', 'xen-1282-no-rebase-save-reboot-restore'])(
    '%s: who sleeps after the restore is not woken',
    async (name) => {
      const guest = guestOf(await libraryScenario(name))
      expect(sleepsOf(guest, 'before')).toHaveLength(1)
      expect(sleepsOf(guest, 'after')).toHaveLength(0)
    },
  )
})

describe('proposal 1 and dom0', () => {
  it('a dom0 that steps back makes wc negative: 2^64 ns, cut to 32 bits of seconds', async () => {
    const scenario = await libraryScenario('xen-fix-1-dom0')
    const guests = runScenario(scenario).guests
    // wc = -3 s mod 2^64 ns; its seconds are read back through u32.
    const wc = (1n << 64n) - 3n * SECOND
    const read = ((wc / SECOND) % (1n << 32n)) * SECOND + (wc % SECOND)
    const wrong = read + 3n * SECOND
    for (const guest of guests) {
      const [at, value] = readingsOf(guest, 'gettimeofday').at(-1)!
      const off = value - scenario.startNs - at - wrong
      expect(off).toBeGreaterThan(-SECOND)
      expect(off).toBeLessThan(SECOND)
    }
  })
})
