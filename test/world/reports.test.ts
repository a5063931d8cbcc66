/** The public reports of clock bugs: each has a scenario, and the core that runs it may be either build. */
import { describe, expect, it } from 'vitest'
import { reports } from '../../src/scenario/reports.js'
import { runScenario } from '../../src/world/index.js'
import { libraryNames, libraryScenario } from '../helpers/library.js'

const ids = reports.map(({ id }) => id)
const scenarios = await Promise.all(libraryNames.map(libraryScenario))
const shown = (id: string) => scenarios.filter(({ report }) => report === id)

describe('the reports', () => {
  it('are 36, of which some have two names', () => {
    expect(new Set(reports.map(({ number }) => number)).size).toBe(36)
    expect(Math.max(...reports.map(({ number }) => number))).toBe(36)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('are what scenarios name', () => {
    const named = scenarios.flatMap(({ report }) => report ?? [])
    expect(named.filter((id) => !ids.includes(id))).toEqual([])
  })

  it.each(ids)('%s: a symptom that follows from the numbers, beside guests or policies without it', (id) => {
    const own = shown(id)
    expect(own.length).toBeGreaterThan(0)
    const predicted = own.filter(({ expect: end }) => end?.verdict === 'fail' && end.predict.length > 0)
    expect(predicted.length).toBeGreaterThan(0)
    const systems = new Set(own.map(({ system }) => system))
    expect(systems.size).toBe(1)
  })
})

/** Those whose core is the newest, and short. */
const BOTH = [
  'fc-deadline-order',
  'fc-softlockup-flag',
  'hv-reftime',
  'kvm-backward-warp',
  'kvm-smp-ntp-skew',
  'kvm-tsc-sync-window',
  'xen-state-entry',
  'xen-steal-reset',
  'xen-tsc-s3',
]

it.each(BOTH)('%s: the debug build ends in the same bits', async (name) => {
  const scenario = await libraryScenario(name)
  const durationNs = scenario.durationNs < 120_000_000_000n ? scenario.durationNs : 120_000_000_000n
  const hashes = (build: 'release' | 'debug') =>
    runScenario({ ...scenario, durationNs }, { build }).guests.map(({ stateHash }) => stateHash)
  expect(hashes('debug')).toEqual(hashes('release'))
})
