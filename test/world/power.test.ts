/** The PowerPC cases to the tick: what each rule of the 2018 thread makes of the timebase. */
import { describe, expect, it } from 'vitest'
import { builtInPolicy } from '../../src/policy/index.js'
import type { Scenario } from '../../src/scenario/index.js'
import { runScenario, World } from '../../src/world/index.js'
import { libraryScenario } from '../helpers/library.js'

const SECOND = 1_000_000_000n

/** The guest's timebase when it last ran on the source and when it first runs on the destination. */
async function timebases(
  name: string,
  policy: string,
  untilNs: bigint,
  thenNs: bigint,
): Promise<[bigint, bigint]> {
  const scenario = await libraryScenario(name)
  const at = (ns: bigint): bigint => {
    const world = new World({ ...scenario, durationNs: ns }, { policy: builtInPolicy(policy) })
    world.run()
    return BigInt.asUintN(64, world.guest('g').machine!.core.guest_timebase())
  }
  return [at(untilNs), at(thenNs)]
}

const HZ = 512_000_000n
const ticks = (ns: bigint): bigint => (ns * HZ) / SECOND

describe('stopped at 40 s, moved, started at 90 s', () => {
  it.each([
    ['power-stopped', 0n],
    ['power-qemu', 0n],
    ['power-stopped-timebase', 0n],
    ['power-running', ticks(50n * SECOND)],
  ])('%s: TB has moved by %d ticks', async (policy, moved) => {
    const [before, after] = await timebases('power-stopped', policy, 40n * SECOND, 90n * SECOND)
    expect(after - before).toBeGreaterThanOrEqual(moved - 1n)
    expect(after - before).toBeLessThanOrEqual(moved + 1n)
  })
})

describe('running until 60 s, started at 65 s, 50 ms from stop to save', () => {
  it.each([
    ['power-stopped', 0n],
    ['power-qemu', ticks(SECOND / 20n)],
    ['power-running', ticks(5n * SECOND)],
    ['power-stopped-timebase', ticks(5n * SECOND)],
  ])('%s: TB has moved by %d ticks', async (policy, moved) => {
    const [before, after] = await timebases('power-running', policy, 60n * SECOND, 65n * SECOND)
    expect(after - before).toBeGreaterThanOrEqual(moved - 1n)
    expect(after - before).toBeLessThanOrEqual(moved + 1n)
  })

  it('hosts 3 s apart: the guest is charged 8 s', async () => {
    const [before, after] = await timebases('power-running-skew', 'power-running', 60n * SECOND, 65n * SECOND)
    expect(after - before).toBe(ticks(8n * SECOND))
  })
})

describe('hosts of 512 MHz and 500 MHz', () => {
  /** Rate of CLOCK_MONOTONIC on the destination, ppb from true. */
  async function rate(scenario: Scenario, policy: string): Promise<bigint> {
    const at = (ns: bigint): bigint =>
      runScenario({ ...scenario, durationNs: ns }, { policy: builtInPolicy(policy) }).guests[0]!.clocks
        .monotonic!
    const span = 60n * SECOND
    return ((at(140n * SECOND) - at(80n * SECOND) - span) * SECOND) / span
  }

  it('not scaled, not told: 23,437.5 ppm slow; told or scaled: right', async () => {
    const scenario = await libraryScenario('power-512-500-scaled')
    const ignored = await rate(scenario, 'power-running')
    expect(ignored).toBeGreaterThan(-23_437_600n)
    expect(ignored).toBeLessThan(-23_437_400n)
    for (const policy of ['power-frequency-scaled', 'power-frequency-told']) {
      const error = await rate(scenario, policy)
      expect(error < 0n ? -error : error).toBeLessThan(100n)
    }
  })

  it('a guest that compares its timebase with its RTC can detect it', async () => {
    const scenario = await libraryScenario('power-512-500-ignored')
    const seen = [...runScenario(scenario).guests[0]!.observations.all(15)].at(-1)!
    expect(seen.extra).toBe(512_000_000n)
    expect(seen.value).toBeGreaterThan(499_999_000n)
    expect(seen.value).toBeLessThan(500_001_000n)
  })
})
