/**
 * From a scenario to a saved guest, and on from there in another process.
 *
 *   true time   0 ────────────── at                    at + after ─────────────── end
 *               events up to at   save                  restore  events after at
 *                                  └── file, on disk ──┘         each `after` later
 *
 * The world that goes on is the scenario with those two events in it and without its other guests, begun at the save:
 * what it leaves behind is what a run of that scenario from 0 would have left, bit for bit.
 */
import { policyNames } from '../policy/built-in.js'
import type { ClockPolicy } from '../policy/policy.js'
import { PowerStateError } from '../power/machine.js'
import { parseScenario } from '../scenario/parse.js'
import type { Scenario, ScenarioEvent } from '../scenario/types.js'
import { formatDurationNs } from '../scenario/units.js'
import { type HostClockValues, type RunOptions, type RunResult, World } from '../world/index.js'
import { SnapshotError } from './error.js'
import type { ScenarioSource, Snapshot } from './guest.js'

export interface TakeOptions extends Omit<RunOptions, 'from'> {
  /** Default: the scenario's first guest that is not dom0. */
  readonly guest?: string
  /** True time; what happens at that instant has happened. */
  readonly atNs: bigint
}

/** Runs a scenario up to an instant, and stops and saves a guest there. Throws SnapshotError and ScenarioError. */
export function takeSnapshot(source: ScenarioSource, { guest, atNs, ...options }: TakeOptions): Snapshot {
  const { text, fileName } = source
  const scenario = parseScenario(text, fileName, source.seed === undefined ? {} : { seed: source.seed })
  const refuse = (detail: string): never => {
    throw new SnapshotError(fileName, null, detail)
  }
  const { name } =
    scenario.guests.find((one) => (guest === undefined ? !one.dom0 : one.name === guest)) ??
    refuse(
      guest === undefined
        ? 'it has only a dom0; expected a guest'
        : `there is no guest ${guest}; expected one of ${scenario.guests.map((one) => one.name).join(', ')}`,
    )
  if (atNs < 0n || atNs > scenario.durationNs)
    refuse(
      `the save is at ${formatDurationNs(atNs)}; expected 0 s to ${formatDurationNs(scenario.durationNs)}`,
    )
  const world = new World(scenario, options)
  world.runUntil(atNs)
  const why = world.resident(name).unsavable
  if (why) refuse(`at ${formatDurationNs(atNs)} guest ${name} ${why}; expected one that runs or is paused`)
  return {
    fileName,
    source: { text, fileName, seed: scenario.seed },
    scenario,
    world: world.save(name),
  }
}

export interface RestoreOptions extends Omit<RunOptions, 'from' | 'loaded' | 'policy'> {
  /** The one that restores; it need not be the one that saved. */
  readonly policy: ClockPolicy
  /** True time from the save to the restore; default 0. */
  readonly afterNs?: bigint
  /** True time from the restore to the end; default: what the scenario had left. */
  readonly forNs?: bigint
  /** What the host shows at the restore, in place of the saved one: see Host.replace. */
  readonly host?: HostClockValues
}

/** Restores a saved guest and runs it on. Equal arguments give equal results, bit for bit. Throws SnapshotError. */
export function restoreSnapshot(snapshot: Snapshot, options: RestoreOptions): RunResult {
  const { policy, afterNs = 0n, forNs, host: otherHost, ...runOptions } = options
  const { fileName, world: saved } = snapshot
  refusePolicy(snapshot, policy)
  if (otherHost) refuseCounters(snapshot, otherHost)
  const { scenario, happened } = continuation(snapshot, afterNs, forNs)
  try {
    return new World(scenario, {
      ...runOptions,
      policy: careful(snapshot, policy),
      from: { saved, happened, ...(otherHost && { otherHost }) },
    }).run()
  } catch (error) {
    throw stateError(fileName, error)
  }
}

/** A state that no machine can go on with is the file's fault; any other error is itself. */
export function stateError(fileName: string, error: unknown): unknown {
  if (error instanceof PowerStateError) return new SnapshotError(fileName, 'section GUST', error.message)
  if (!(error instanceof WebAssembly.RuntimeError)) return error
  return new SnapshotError(fileName, 'section GUST', `the core fails on this state (${error.message})`)
}

/**
 * The scenario as one that saves the guest, restores it `afterNs` later, and then goes on as it would have; of its
 * events `happened` come before the restore.
 */
export function continuation(
  { scenario, world }: Snapshot,
  afterNs: bigint,
  forNs?: bigint,
): { readonly scenario: Scenario; readonly happened: number } {
  const { atNs, guest } = world
  const endNs = atNs + afterNs + (forNs ?? scenario.durationNs - atNs)
  const spec = scenario.guests.find(({ name }) => name === guest.name)!
  const { position } = spec
  const concerned = scenario.events.filter((event) => !('guest' in event) || event.guest === guest.name)
  const happened: ScenarioEvent[] = [
    ...concerned.filter((event) => event.atNs <= atNs),
    { kind: 'save', guest: guest.name, atNs, position },
  ]
  const events: ScenarioEvent[] = [
    ...happened,
    { kind: 'restore', guest: guest.name, on: guest.host, atNs: atNs + afterNs, position },
    ...concerned
      .filter((event) => event.atNs > atNs)
      .map((event) => ({ ...event, atNs: event.atNs + afterNs }))
      .filter((event) => event.atNs <= endNs),
  ]
  const read = spec.read.map((reader) =>
    reader.untilNs === scenario.durationNs ? { ...reader, untilNs: endNs } : reader,
  )
  const continued = {
    ...scenario,
    durationNs: endNs,
    guests: [{ ...spec, variant: guest.variant, read }],
    events,
    // It speaks of a run that nobody interrupted.
    expect: null,
  }
  return { scenario: continued, happened: happened.length }
}

export function refusePolicy(
  { fileName, scenario, world }: Snapshot,
  { name, system, variant }: ClockPolicy,
): void {
  const refuse = (detail: string): never => {
    throw new SnapshotError(fileName, 'section SAVE', detail)
  }
  if (system !== scenario.system)
    refuse(`the policy ${name} is for ${system}; expected one for ${scenario.system}`)
  const { kernel } = scenario.guests.find((guest) => guest.name === world.guest.name)!
  if (variant && kernel === 'linux-2.6.18-xen' && variant !== world.guest.variant)
    refuse(
      `the policy ${name} needs a kernel of variant ${variant}; expected that, it is ${world.guest.variant}`,
    )
}

function refuseCounters({ fileName, scenario, world }: Snapshot, values: HostClockValues): void {
  const spec = scenario.hosts.find(({ name }) => name === world.guest.host)!
  for (const name of ['tsc', 'timebase'] as const) {
    if (values[name] === undefined || spec[name]) continue
    throw new SnapshotError(
      fileName,
      'section HOST',
      `host ${spec.name} is ${spec.hypervisor} and has no ${name}`,
    )
  }
}

/** Another policy may look for what the one that saved did not write; and what a file says nobody may have written. */
export function careful({ fileName, world }: Snapshot, policy: ClockPolicy): ClockPolicy {
  const { policy: saver, clocks } = world.guest
  // What is wrong with a policy of the user's is his to see.
  if (policy.name === saver && !policyNames().includes(saver)) return policy
  const restore: ClockPolicy['restore'] = (context, saved) => {
    try {
      policy.restore(context, saved)
    } catch (error) {
      const wrote = Object.keys(clocks).join(', ') || 'nothing'
      throw new SnapshotError(
        fileName,
        'section SAVE',
        `the policy ${policy.name} cannot restore what ${saver} saved (${wrote}): ${(error as Error).message}`,
      )
    }
  }
  return Object.create(policy, { restore: { value: restore } })
}
