/** `from:` of a scenario: what its saved guests say, read before the run; the simulation itself reads no disk. */
import { dirname, resolve } from 'node:path'
import { ScenarioError } from '../scenario/error.js'
import { SYSTEM_OF } from '../scenario/kernels.js'
import type { GuestSpec, Scenario } from '../scenario/types.js'
import type { StreamTime } from '../stream/time.js'
import { formatOf } from './formats.js'

/**
 * The saved guests that a scenario begins with, by their paths as they stand in it: for `runScenario`'s option
 * `streams`. Paths count from the scenario's folder. Throws ScenarioError and StreamError.
 */
export function readStreams(scenario: Scenario): Map<string, StreamTime> {
  const streams = new Map<string, StreamTime>()
  for (const guest of scenario.guests) {
    const { from } = guest
    if (from === null) continue
    const time = streams.get(from) ?? read(scenario, guest, from)
    refuseOther(scenario, guest, from, time)
    streams.set(from, time)
  }
  return streams
}

function read(scenario: Scenario, guest: GuestSpec, from: string): StreamTime {
  const path = resolve(dirname(scenario.fileName), from)
  const { time } = formatOf(path).inspect(path)
  return time ?? fail(scenario, guest, `${from} holds no guest whose clocks could go on`)
}

function refuseOther(scenario: Scenario, guest: GuestSpec, from: string, { system, wide }: StreamTime): void {
  const { hypervisor } = scenario.hosts.find(({ name }) => name === guest.on)!
  if (SYSTEM_OF[hypervisor] !== system)
    fail(scenario, guest, `${from} is of ${system}, and host ${guest.on} is ${hypervisor}`)
  if (guest.arch !== 'ppc64' && wide !== (guest.arch === 'x86-64'))
    fail(scenario, guest, `${from} is of a guest of ${wide ? 64 : 32} bits, and its arch is ${guest.arch}`)
}

function fail(scenario: Scenario, guest: GuestSpec, detail: string): never {
  throw new ScenarioError(
    scenario.fileName,
    guest.position,
    `guests.${guest.name}.from: ${detail}; expected a saved guest that fits`,
  )
}
