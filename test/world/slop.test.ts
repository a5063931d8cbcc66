/** A timer hardware without slop: guest code that takes no time must still get on. */
import { describe, expect, it } from 'vitest'
import type { Scenario } from '../../src/scenario/index.js'
import { runScenario } from '../../src/world/index.js'
import { libraryScenario } from '../helpers/library.js'

async function withoutSlop(name: string): Promise<Scenario> {
  const scenario = await libraryScenario(name)
  const hosts = scenario.hosts.map((host) => ({ ...host, timerSlopNs: 0n }))
  const guests = scenario.guests.map((guest) => ({
    ...guest,
    busy: [{ position: guest.position, fromNs: 5_000_000_000n, untilNs: 30_000_000_000n, vcpu: 0 }],
  }))
  return { ...scenario, hosts, guests }
}

describe.each(['xen-good-lower', 'xen-modern-lower', 'kvm-migrate-scaled', 'power-running'])('%s', (name) => {
  it('runs to its end, idle and busy, and wakes its sleepers', async () => {
    const guest = runScenario(await withoutSlop(name)).guests[0]!
    expect(guest.fault).toBeNull()
    const sleepers = new Set([...guest.observations.all(3)].map((seen) => seen.index))
    expect(sleepers.size).toBe(guest.sleepers.length)
  })
})
