/**
 * A guest that came over the wire on its new host: what is one world in one process is two here, and they end in the same
 * bits. The destination's host lives through the same true time in a world of its own; the guest joins it at the landing.
 */
import { Machine } from '../core/machine.js'
import type { ClockPolicy } from '../policy/index.js'
import { PowerMachine, type PowerMake } from '../power/machine.js'
import type { GuestSpec, MigrateEvent, Scenario, ScenarioEvent } from '../scenario/types.js'
import { ByteReader } from '../snapshot/bytes.js'
import { careful, refusePolicy, stateError } from '../snapshot/continue.js'
import { SnapshotError } from '../snapshot/error.js'
import { CODE_FLIGHT_SECTIONS, FLIGHT_SECTIONS, Kind } from '../snapshot/format.js'
import { readSnapshot, type Snapshot } from '../snapshot/guest.js'
import { readBody } from '../snapshot/read.js'
import { type SavedHost, World } from '../world/index.js'
import type { ChosenHost } from './host-choice.js'
import type { Prepare } from './records.js'

/** The destination's host without a guest, from true time 0 on. */
export class HostLife {
  readonly #world: World
  readonly #name: string

  /** Lives to `beginNs`, where it shows what was chosen. */
  constructor(
    chosen: ChosenHost,
    scenario: Scenario,
    guest: GuestSpec,
    policy: ClockPolicy,
    beginNs: bigint,
  ) {
    const { spec, events, clocks } = chosen
    this.#name = spec.name
    // The guest never begins here; but its policy may ask for another hypervisor.
    const guests = [{ ...guest, on: spec.name, dom0: false, from: null }]
    this.#world = new World({ ...scenario, hosts: [spec], guests, events }, { policy })
    this.#world.runUntil(beginNs)
    if (clocks) this.#world.host(spec.name).replace(clocks)
  }

  /** As it stands at `ns`, before what happens then. */
  at(ns: bigint): SavedHost {
    this.#world.runUntil(ns - 1n)
    const { machine } = this.#world.host(this.#name)
    machine.run(ns)
    return this.#world.host(this.#name).save()
  }
}

export interface Arrival {
  readonly peer: string
  readonly source: Snapshot['source']
  readonly scenario: Scenario
  /** Its memory is the guest's. */
  readonly machine: Machine | PowerMachine
  /** Observations in the core's layout. */
  readonly log: Uint8Array
  /** What a guest of machine code printed; null: it is a kernel model. */
  readonly text: Uint8Array | null
  readonly prepare: Prepare
  readonly beginNs: bigint
  readonly chosen: ChosenHost
  readonly life: HostLife
  readonly policy: ClockPolicy
  /** True time to run on from the landing; null: what the scenario had left. */
  readonly forNs: bigint | null
}

/** An empty machine for a guest to come into: of machine code, or of a kernel model. */
export function machineFor(make: PowerMake | null, { memoryBytes }: GuestSpec): Machine | PowerMachine {
  if (make) return new PowerMachine(make)
  const machine = new Machine()
  machine.growMemory(memoryBytes)
  return machine
}

export interface Landed {
  readonly world: World
  readonly guest: string
  /** The guest runs again. */
  resume(): void
}

/** Puts the guest on its host, stopped, with its clocks set by the policy. Throws SnapshotError. */
export function land(arrival: Arrival): Landed {
  const { prepare, policy, chosen, life } = arrival
  const snapshot = readArrival(arrival)
  refusePolicy(snapshot, policy)
  const { scenario, happened } = travelled(snapshot, arrival)
  const { guest } = snapshot.world
  const from = snapshot.world.hosts.find(({ name }) => name === guest.host)!
  const world = new World(scenario, {
    policy: careful(snapshot, policy),
    from: {
      saved: { atNs: prepare.landNs, hosts: [from, life.at(prepare.landNs)], guest },
      happened,
    },
  })
  try {
    world.resident(guest.name).land(world.host(chosen.spec.name), 'migrate', prepare.wasRunning)
  } catch (error) {
    throw stateError(arrival.peer, error)
  }
  return {
    world,
    guest: guest.name,
    resume: () => {
      if (prepare.wasRunning) world.resident(guest.name).resume('migrate')
    },
  }
}

function readArrival({ peer, source, scenario, prepare, machine, log, text }: Arrival): Snapshot {
  const frame = text
    ? readBody(peer, Kind.code, CODE_FLIGHT_SECTIONS, prepare.sections)
    : readBody(peer, Kind.guest, FLIGHT_SECTIONS, prepare.sections)
  const refuse = (section: string) => (at: number, detail: string) => {
    throw new SnapshotError(peer, `${section}, byte ${at}`, detail)
  }
  const memory = machine.guestMemory
  return readSnapshot(frame, { scenario, source }, 'migrate', {
    wasRunning: prepare.wasRunning,
    memory: { size: memory.length, runs: [] },
    arrived: machine,
    refuseMemory: (detail) => refuse('memory')(0, detail),
    log: new ByteReader(log, refuse('observations')),
    ...(text && { text: new ByteReader(text, refuse('text')) }),
  })
}

const MOVES: readonly ScenarioEvent['kind'][] = ['migrate', 'save', 'restore']

/** The scenario without the moves that the live migration takes the place of. */
export function withoutMoves(scenario: Scenario, guest: string, beginNs: bigint): Scenario {
  const events = scenario.events.filter(
    (event) =>
      !('guest' in event && event.guest === guest && MOVES.includes(event.kind) && event.atNs >= beginNs),
  )
  return { ...scenario, events, expect: null }
}

/**
 * The scenario as one that migrates the guest from its host to the chosen one: of its events `happened` come before the
 * landing. What happens to other guests, and to the old host after the guest has left it, is not in it.
 */
export function travelled(
  { scenario, world: { guest } }: Pick<Snapshot, 'scenario' | 'world'>,
  { prepare, beginNs, chosen, forNs }: Pick<Arrival, 'prepare' | 'beginNs' | 'chosen' | 'forNs'>,
): { readonly scenario: Scenario; readonly happened: number } {
  const { stopNs, saveNs, landNs } = prepare
  const spec = scenario.guests.find(({ name }) => name === guest.name)!
  const move: MigrateEvent = {
    kind: 'migrate',
    guest: guest.name,
    to: chosen.spec.name,
    atNs: stopNs,
    downtimeNs: landNs - stopNs,
    stopToSaveNs: saveNs - stopNs,
    position: spec.position,
  }
  const rest = scenario.durationNs > landNs ? scenario.durationNs : landNs
  const endNs = forNs === null ? rest : landNs + forNs
  const own = withoutMoves(scenario, guest.name, beginNs).events.filter((event) =>
    'guest' in event ? event.guest === guest.name : event.host === guest.host && event.atNs <= saveNs,
  )
  const events = [...own, ...chosen.events, move].sort(byTime).filter(({ atNs }) => atNs <= endNs)
  const read = spec.read.map((reader) =>
    reader.untilNs === scenario.durationNs ? { ...reader, untilNs: endNs } : reader,
  )
  const from = scenario.hosts.find(({ name }) => name === guest.host)!
  return {
    scenario: {
      ...scenario,
      durationNs: endNs,
      hosts: [from, chosen.spec],
      guests: [{ ...spec, variant: guest.variant, read, from: null }],
      events,
      expect: null,
    },
    happened: events.filter(({ atNs }) => atNs < landNs).length,
  }
}

const byTime = (a: ScenarioEvent, b: ScenarioEvent): number =>
  a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0
