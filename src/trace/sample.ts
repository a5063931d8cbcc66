/**
 * A run with the clocks of its hosts beside those of its guests. Observations hold only what guests saw; here the
 * world is halted at some instants and every clock domain is read. Going on in pieces ends in the same state
 * (invariant 4), and guests are read on a copy, because a kernel remembers the last value that it gave out.
 */
import { u64 } from '../core/exports.js'
import { clockIds } from '../observation/log.js'
import type { Scenario } from '../scenario/types.js'
import { type RunOptions, type RunResult, World } from '../world/index.js'

/** One clock at one instant, as its reader would have it. */
export interface ClockValue {
  /** Of a host: tsc, timebase, uptime, wall, system_time. Of a guest: as scenarios call them, and system_time. */
  readonly clock: string
  /** ns, or ticks of tsc, timebase and counter. */
  readonly value: bigint
  readonly unit: 'ns' | 'ticks'
}

export interface Sample {
  /** True time. */
  readonly atNs: bigint
  readonly hosts: readonly { readonly name: string; readonly clocks: readonly ClockValue[] }[]
  /** Guests that are on a host, running or not. */
  readonly guests: readonly {
    readonly name: string
    readonly host: string
    readonly clocks: readonly ClockValue[]
  }[]
}

export interface Sampled {
  readonly run: RunResult
  /** In the order of time. */
  readonly samples: readonly Sample[]
}

/** Between events, so often in a run. */
const EVENLY = 60n
/** Of those next to events; a scenario with more events has them sampled evenly only. */
const MAX_AROUND = 600

const HOST_CLOCKS = [
  ['tsc', 0],
  ['timebase', 1],
  ['uptime', 2],
  ['wall', 3],
] as const
const GUEST_CLOCKS = ['realtime', 'monotonic', 'boottime', 'monotonic-raw'] as const

/** Runs the scenario as runScenario does, and samples it: evenly, and on both sides of everything that happens. */
export function runSampled(scenario: Scenario, options: RunOptions = {}): Sampled {
  const world = new World(scenario, options)
  const samples: Sample[] = []
  for (const atNs of instantsOf(scenario)) {
    world.runUntil(atNs)
    samples.push(sampleOf(world, atNs))
  }
  return { run: world.run(), samples }
}

function instantsOf({ durationNs, events }: Scenario): bigint[] {
  const instants = new Set<bigint>()
  for (let n = 0n; n <= EVENLY; n++) instants.add((durationNs * n) / EVENLY)
  const around: bigint[] = events.flatMap((event) => {
    const ends = [
      'downtimeNs' in event ? event.downtimeNs : 0n,
      'takesNs' in event ? event.takesNs : 0n,
      'forNs' in event ? event.forNs : 0n,
    ]
    const end = event.atNs + ends.reduce((a, b) => (a > b ? a : b))
    return [event.atNs - 1n, event.atNs, end - 1n, end]
  })
  if (around.length <= MAX_AROUND) {
    for (const atNs of around) if (atNs >= 0n && atNs <= durationNs) instants.add(atNs)
  }
  return [...instants].sort((a, b) => (a < b ? -1 : 1))
}

function sampleOf(world: World, atNs: bigint): Sample {
  const { hosts, guests } = world.scenario
  return {
    atNs,
    hosts: hosts.map(({ name }) => ({ name, clocks: hostClocks(world, name) })),
    guests: guests.flatMap(({ name }) => {
      const { machine, host } = world.guest(name)
      return machine ? [{ name, host: host.spec.name, clocks: guestClocks(world, name) }] : []
    }),
  }
}

function hostClocks(world: World, name: string): ClockValue[] {
  const { machine, spec, isXen } = world.host(name)
  const clocks = HOST_CLOCKS.flatMap(([clock, id]): ClockValue[] => {
    if ((clock === 'tsc' && !spec.tsc) || (clock === 'timebase' && !spec.timebase)) return []
    const unit = clock === 'tsc' || clock === 'timebase' ? 'ticks' : 'ns'
    return [{ clock, value: u64(machine.core.host_read_counter(id)), unit }]
  })
  if (isXen) clocks.push({ clock: 'system_time', value: u64(machine.core.host_system_time()), unit: 'ns' })
  return clocks
}

function guestClocks(world: World, name: string): ClockValue[] {
  const { machine, host } = world.guest(name)
  const { core } = machine!.clone()
  const clocks: ClockValue[] = GUEST_CLOCKS.map((clock) => {
    return { clock, value: core.guest_read_clock(0, clockIds[clock]), unit: 'ns' }
  })
  clocks.push({ clock: 'counter', value: u64(core.guest_read_clock(0, clockIds.counter)), unit: 'ticks' })
  if (host.spec.hypervisor === 'kvm')
    clocks.push({ clock: 'system_time', value: u64(core.kvm_get_clock()), unit: 'ns' })
  return clocks
}
