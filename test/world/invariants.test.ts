/** The invariants of ARCHITECTURE.md that need whole machines; their numbers are the list's. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Machine } from '../../src/core/machine.js'
import { Seen } from '../../src/observation/log.js'
import type { Scenario } from '../../src/scenario/index.js'
import { type RunResult, runScenario, World } from '../../src/world/index.js'
import { builds } from '../helpers/core.js'
import { libraryNames, libraryScenario } from '../helpers/library.js'

const DAY = 86_400_000_000_000n

/** Everything in a result that must be equal bit for bit. */
function essence(result: RunResult): unknown {
  return result.guests.map(({ stateHash, ticks, clocks, stops, observations }) => {
    const log = [...observations.all()].map((o) =>
      [o.trueNs, o.kind, o.index, o.value, o.extra, o.stoppedNs].join(),
    )
    return { stateHash, ticks, clocks, stops, log: log.join('\n') }
  })
}

/** One guest of a kernel on a host of odd frequencies, with work of each kind. */
const kernels = {
  'linux-2.6.18-xen': 'xen-1282-stale-lower',
  'linux-xen': 'xen-modern-lower',
  'linux-kvm': 'kvm-migrate-scaled',
  'linux-ppc64': 'power-512-500-scaled',
} as const

async function odd(name: string): Promise<Scenario> {
  const scenario = await libraryScenario(name)
  const hosts = scenario.hosts.map((host) => ({
    ...host,
    clockErrorPpb: 12_345n,
    tsc: host.tsc && { ...host.tsc, frequencyHz: host.tsc.frequencyHz - 6_094_001n, errorPpb: -31_337n },
    timebase: host.timebase && { ...host.timebase, errorPpb: 77_777n },
  }))
  const guests = scenario.guests.map((guest) => ({
    ...guest,
    read: guest.read.map((r) => ({ ...r, everyNs: 777_777n })),
    sleep: [
      ...guest.sleep,
      { ...guest.sleep[0]!, name: 'short', forNs: 1_234_567n, atNs: 1_000_000n, everyNs: 345_678n },
    ],
    busy: [
      { ...guest.position, position: guest.position, fromNs: 40_000_000n, untilNs: 80_000_000n, vcpu: 0 },
    ],
  }))
  return { ...scenario, hosts, guests }
}

/** The machine of the scenario's guest at true time `ns`. */
function machineAt(scenario: Scenario, ns: bigint, build: 'release' | 'debug'): Machine {
  const world = new World({ ...scenario, durationNs: ns }, { build })
  world.run()
  return world.guest(scenario.guests[0]!.name).machine!
}

/** A millisecond before some of the instants at which a timer woke a sleeper, idle and busy, in the first 120 ms. */
async function aroundWakes(scenario: Scenario): Promise<bigint[]> {
  const { observations } = runScenario({ ...scenario, durationNs: 120_000_000n }).guests[0]!
  const wakes = [...observations.all(Seen.wake)].map((seen) => seen.trueNs)
  expect(wakes.length).toBeGreaterThan(8)
  return [1, wakes.length >> 1, wakes.length - 2].map((i) => wakes[i]! - 1_000_000n)
}

/** Of a scenario in which a guest lives for months its first days: the rest is more of the same. */
function beginningOf(scenario: Scenario): Scenario {
  const endNs = 20n * DAY
  return scenario.durationNs > endNs ? { ...scenario, durationNs: endNs } : scenario
}

describe('invariant 4: equal input gives equal bits', () => {
  it.each(libraryNames)('%s: twice, and on the debug build', async (name) => {
    const scenario = beginningOf(await libraryScenario(name))
    const once = essence(runScenario(scenario))
    expect(essence(runScenario(scenario))).toEqual(once)
    expect(essence(runScenario(scenario, { build: 'debug' }))).toEqual(once)
  })
})

describe.each(Object.entries(kernels))('%s', (_kernel, name) => {
  it('invariant 5: nanosecond by nanosecond ends in the same state as going from event to event', async () => {
    const scenario = await odd(name)
    for (const startNs of [0n, ...(await aroundWakes(scenario))]) {
      const skipping = machineAt(scenario, startNs, 'release')
      const ticking = skipping.clone()
      const endNs = startNs + 2_000_000n
      skipping.run(endNs)
      ticking.run(endNs, 'tick-by-tick')
      expect(ticking.fault).toBeNull()
      expect(ticking.hash).toBe(skipping.hash)
    }
  })

  it.each(builds)(
    'invariant 6: saved and loaded at any tick, it goes on as if never touched (%s)',
    async (build) => {
      const scenario = await odd(name)
      const endNs = 120_000_000n
      const whole = machineAt(scenario, endNs, build).hash
      fc.assert(
        fc.property(fc.bigInt(0n, endNs), (ns) => {
          const before = machineAt(scenario, ns, build)
          const after = new Machine({ build })
          after.restore(before.snapshot())
          expect(after.hash).toBe(before.hash)
          after.run(endNs)
          expect(after.hash).toBe(whole)
        }),
        { numRuns: 20 },
      )
    },
  )

  it('a run in pieces is the run', async () => {
    const scenario = await odd(name)
    const endNs = 60_000_000n
    const whole = machineAt(scenario, endNs, 'release').hash
    fc.assert(
      fc.property(fc.array(fc.bigInt(0n, endNs), { maxLength: 8 }), (cuts) => {
        const machine = machineAt(scenario, 0n, 'release')
        for (const cut of cuts.sort((a, b) => (a < b ? -1 : 1))) machine.run(cut)
        machine.run(endNs)
        expect(machine.hash).toBe(whole)
      }),
      { numRuns: 20 },
    )
  })
})

describe('the machines of one host', () => {
  it.each(['xen-1282-stale-lower', 'xen-fix-1-dom0', 'kvm-migrate-scaled', 'power-running-skew'])(
    'carry the same host state to the end of %s',
    async (name) => {
      const scenario = await libraryScenario(name)
      const world = new World(scenario)
      world.run()
      for (const { name } of scenario.hosts) {
        const states = world.host(name).machines.map(({ core }) => {
          const from = core.address_host()
          return Buffer.from(core.memory.buffer, from, core.address_host_end() - from).toString('hex')
        })
        expect(new Set(states).size).toBe(1)
      }
    },
  )
})
