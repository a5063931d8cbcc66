/** Invariant 5 over long times: what skip.ts computes is what going through every event leaves, byte for byte. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pace } from '../../src/core/machine.js'
import { parseScenario } from '../../src/scenario/index.js'
import { runScenario } from '../../src/world/index.js'
import { builds } from '../helpers/core.js'
import { libraryNames, libraryScenario } from '../helpers/library.js'
import { cases, hashes } from './skip-cases.js'

const DAY = 86_400_000_000_000n

describe.each(builds)('skipping, %s build', (build) => {
  it('ends in the state that event by event does, at the end and wherever it is looked at', () => {
    fc.assert(
      fc.property(cases, (c) => {
        expect(hashes(c, 'skipping', build)).toEqual(hashes(c, 'event-by-event', build))
      }),
      { numRuns: build === 'release' ? 60 : 6 },
    )
  })
})

it.each(['linux-xen', 'linux-2.6.18-xen'])('%s: a TSC that wraps while it is skipped', (kernel) => {
  const text = `
name: wraps
title: wraps
duration: 6 h
hosts: { a: { hypervisor: xen, tsc: { frequency: 3 GHz, at-start: ${2n ** 64n - 3_000_000_000n * 10_000n} } } }
guests:
  native: { on: a, kernel: ${kernel}, tsc: { mode: native } }
  emulated: { on: a, kernel: ${kernel}, tsc: { mode: emulate } }
`
  const states = (pace: Pace) =>
    runScenario(parseScenario(text, 'wraps.yaml'), { pace }).guests.map(({ stateHash }) => stateHash)
  expect(states('skipping')).toEqual(states('event-by-event'))
})

describe('the library', () => {
  it.each(libraryNames)('%s: guests see the same whether it is skipped or gone through', async (name) => {
    const scenario = await libraryScenario(name)
    const durationNs = scenario.durationNs < 2n * DAY ? scenario.durationNs : 2n * DAY
    const seen = (pace: Pace) =>
      runScenario({ ...scenario, durationNs }, { pace }).guests.map(({ stateHash, observations }) => ({
        stateHash,
        observations: createHash('sha256').update(observations.records()).digest('hex'),
      }))
    expect(seen('skipping')).toEqual(seen('event-by-event'))
  })
})
