/** A guest that moved between two processes shows the clocks that one world in one process gives it, to the tick. */

import { describe, expect, it } from 'vitest'
import { policies } from '../../src/policy/index.js'
import type { MigrateEvent, Scenario } from '../../src/scenario/index.js'
import { runScenario } from '../../src/world/index.js'
import { temporaryFolder } from '../helpers/folder.js'
import { libraryNames, libraryScenario, librarySource } from '../helpers/library.js'
import { hostIn, migrateHere } from './fixture.js'

const folder = temporaryFolder()

interface Case {
  readonly name: string
  readonly scenario: Scenario
  readonly move: MigrateEvent
}

/** Scenarios of one guest that moves once. */
const cases: Case[] = []
for (const name of libraryNames) {
  const scenario = await libraryScenario(name)
  const moves = scenario.events.filter(
    ({ kind }) => kind === 'migrate' || kind === 'save' || kind === 'restore',
  )
  const [move] = moves
  if (
    scenario.guests.length === 1 &&
    moves.length === 1 &&
    move!.kind === 'migrate' &&
    // Two processes are two hosts, with names of their own.
    move!.to !== scenario.guests[0]!.on &&
    scenario.durationNs < 3_600_000_000_000n
  )
    cases.push({ name, scenario, move: move as MigrateEvent })
}

/** Some policy with each scenario, every policy with some scenario. */
const pairs = policies.flatMap((policy) => {
  const fitting = cases.filter(({ scenario: { system, hosts, guests } }) => {
    if (system !== policy.system) return false
    if (policy.variant && guests[0]!.kernel !== 'linux-2.6.18-xen') return false
    return (policy.name === 'power-tcg') === (hosts[0]!.hypervisor === 'power-tcg')
  })
  return fitting.slice(0, 1).map((one) => ({ policy, ...one }))
})
const others = cases
  .filter(({ name }) => !pairs.some((pair) => pair.name === name))
  .map((one) => ({ policy: null, ...one }))

describe('between two processes and in one', () => {
  it('is about every policy and many scenarios', () => {
    expect(new Set(pairs.map(({ policy }) => policy.name)).size).toBe(policies.length)
    expect(cases.length).toBeGreaterThan(15)
  })

  it.each([...pairs, ...others])(
    '$policy.name, $name: the same bits',
    async ({ policy, name, scenario, move }) => {
      const source = librarySource(name)
      const both = await migrateHere(
        folder,
        source,
        policy ? { policy } : {},
        { host: hostIn(source, move.to), ...(policy && { policy }) },
        { limits: { bandwidth: 1_000_000n } },
      )
      expect(both.source).toMatchObject({ outcome: 'moved', reason: null })
      const { stopNs, saveNs, landNs } = both.source
      // One world with the same instants; what it does is none of the migration's code.
      const moved: MigrateEvent = {
        ...move,
        atNs: stopNs!,
        stopToSaveNs: saveNs! - stopNs!,
        downtimeNs: landNs! - stopNs!,
      }
      const events = scenario.events.map((event) => (event === move ? moved : event))
      events.sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0))
      const alone = runScenario({ ...scenario, events }, policy ? { policy } : {}).guests[0]!
      const there = both.destination!.run.guests[0]!
      expect(there.clocks).toEqual(alone.clocks)
      expect(there.stateHash).toBe(alone.stateHash)
      expect(there.stops).toEqual(alone.stops)
      expect(there.ticks).toBe(alone.ticks)
      expect(
        Buffer.from(there.observations.records()).equals(Buffer.from(alone.observations.records())),
      ).toBe(true)
    },
  )
})
