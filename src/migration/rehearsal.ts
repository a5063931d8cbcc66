/**
 * A landing of nobody: while the guest still runs at the source, a guest of the same make, a millisecond old, is sent and
 * landed inside this process and thrown away. An engine compiles code when it first runs; so what runs while the guest
 * stands still has run before. Nothing of it is kept, and a rehearsal that fails says nothing about the landing.
 */
import { builtInPolicy, policyNames } from '../policy/built-in.js'
import type { ClockPolicy } from '../policy/index.js'
import { PowerMachine, type PowerMake } from '../power/machine.js'
import type { GuestSpec, Scenario } from '../scenario/types.js'
import { textBytes } from '../snapshot/code.js'
import { guestSections } from '../snapshot/guest.js'
import { encodeBody } from '../snapshot/write.js'
import { type Code, World } from '../world/index.js'
import type { ChosenHost } from './host-choice.js'
import { HostLife, land, machineFor } from './landing.js'
import type { Start } from './records.js'

const AGE_NS = 1_000_000n
/** Memory of a young machine of Power code. */
const YOUNG_BYTES = 1 << 20

export interface Rehearsal {
  readonly start: Start
  readonly scenario: Scenario
  readonly spec: GuestSpec
  readonly chosen: ChosenHost
  readonly policy: ClockPolicy
}

/** Whether it came to a landing. Never throws. */
export function rehearse(rehearsal: Rehearsal): boolean {
  // One of the user's may remember that it was asked.
  const { name } = rehearsal.policy
  if (!policyNames().includes(name) || builtInPolicy(name) !== rehearsal.policy) return false
  try {
    sendAndLand(rehearsal)
    return true
  } catch {
    // The landing itself says what is wrong with this guest.
    return false
  }
}

function sendAndLand({ start, scenario, spec, chosen: { spec: host, clocks }, policy }: Rehearsal): void {
  const young: GuestSpec = { ...spec, bootNs: 0n, from: null }
  const boot = { kind: 'boot', guest: spec.name, atNs: 0n, position: spec.position } as const
  const alone: Scenario = { ...scenario, guests: [young], events: [boot], expect: null }
  const { make } = start
  const world = new World(alone, { policy, ...(make && { code: new Map([[spec.name, youngCode(make)]]) }) })
  world.runUntil(AGE_NS)
  const guest = world.resident(spec.name)
  guest.stop('migrate', true)
  const hosts = alone.hosts.map(({ name }) => world.host(name).save())
  const sections = encodeBody(guestSections({ atNs: AGE_NS, hosts, guest: guest.offer(true) }))
  const chosen: ChosenHost = { spec: host, clocks, events: [] }
  land({
    peer: 'rehearsal',
    source: start,
    scenario: alone,
    machine: machineFor(make && small(make), spec),
    log: guest.log.records(),
    text: make && textBytes(guest.printed),
    prepare: {
      id: start.id,
      stopNs: AGE_NS,
      saveNs: AGE_NS,
      landNs: AGE_NS + 1n,
      wasRunning: true,
      observations: guest.log.length,
      sections: Buffer.concat(sections),
    },
    beginNs: 0n,
    chosen,
    life: new HostLife(chosen, alone, young, policy, 0n),
    policy,
    forNs: 0n,
  }).resume()
}

const small = (make: PowerMake): PowerMake => ({ ...make, ramBytes: YOUNG_BYTES })

/** An empty machine: what it runs is interrupts, at its own speed. */
const youngCode = (make: PowerMake): Code => ({
  cpuHz: make.cpuHz,
  boot: () => new PowerMachine(small(make)),
})
