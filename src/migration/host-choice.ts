/**
 * The receiving host: one of a scenario's, or one of the same make as the source's, or either with other clocks.
 *
 * It is plain JSON, 64-bit numbers as decimal strings, because the journal keeps it: a destination that was killed makes
 * the same host again.
 */
import { parseScenario } from '../scenario/parse.js'
import type { HostSpec, Scenario, ScenarioEvent } from '../scenario/types.js'
import type { HostClockValues } from '../world/index.js'
import { MigrationError } from './error.js'

export interface HostChoice {
  /** A scenario with the host in it, and what happens to it there; null: the same make as the source's host. */
  readonly file: {
    readonly text: string
    readonly fileName: string
    readonly seed: number
    readonly host: string
  } | null
  /** What it shows when the migration begins; what is not given is as in Host.replace. */
  readonly uptimeNs?: string
  readonly wallNs?: string
  readonly tsc?: string
  readonly timebase?: string
  readonly tscHz?: string
  readonly timebaseHz?: string
}

export interface ChosenHost {
  readonly spec: HostSpec
  /** Of its own scenario, in its order. */
  readonly events: readonly ScenarioEvent[]
  /** null: it shows what its scenario says. */
  readonly clocks: HostClockValues | null
}

/** The host of a scenario by name, or its only one. Throws ScenarioError and MigrationError. */
export function hostOfScenario(
  text: string,
  fileName: string,
  name: string | undefined,
  seed?: number,
): NonNullable<HostChoice['file']> {
  const scenario = parseScenario(text, fileName, seed === undefined ? {} : { seed })
  const names = scenario.hosts.map((host) => host.name)
  const known = name === undefined ? names.length === 1 : names.includes(name)
  if (!known) {
    const what = name === undefined ? `it has ${names.length} hosts` : `there is no host ${name}`
    throw new MigrationError(fileName, null, `${what}; expected one of ${names.join(', ')} to be named`)
  }
  return { text, fileName, seed: scenario.seed, host: name ?? names[0]! }
}

/** Throws MigrationError where it cannot take a guest of `from`, and ScenarioError. */
export function chosenHost(choice: HostChoice, source: Scenario, from: string): ChosenHost {
  const { file } = choice
  const own = file && parseScenario(file.text, file.fileName, { seed: file.seed })
  const made = own
    ? own.hosts.find(({ name }) => name === file.host)!
    : source.hosts.find(({ name }) => name === from)!
  const events = own ? own.events.filter((event) => 'host' in event && event.host === made.name) : []
  const name = !own || made.name === from ? `${made.name}-2` : made.name
  const spec = withFrequencies({ ...made, name }, choice)
  return {
    spec,
    events: events.map((event) => ({ ...event, host: name }) as ScenarioEvent),
    clocks: clocksOf(choice, spec),
  }
}

function withFrequencies(spec: HostSpec, { tscHz, timebaseHz }: HostChoice): HostSpec {
  const refuse = (what: string): never => {
    throw new MigrationError(`host ${spec.name}`, null, `it is ${spec.hypervisor} and has no ${what}`)
  }
  if (tscHz !== undefined && !spec.tsc) refuse('TSC')
  if (timebaseHz !== undefined && !spec.timebase) refuse('timebase')
  return {
    ...spec,
    tsc:
      spec.tsc && tscHz !== undefined
        ? { ...spec.tsc, frequencyHz: BigInt(tscHz), calibratedHz: null }
        : spec.tsc,
    timebase:
      spec.timebase && timebaseHz !== undefined
        ? { ...spec.timebase, frequencyHz: BigInt(timebaseHz) }
        : spec.timebase,
  }
}

function clocksOf({ uptimeNs, wallNs, tsc, timebase }: HostChoice, spec: HostSpec): HostClockValues | null {
  if (tsc !== undefined && !spec.tsc) throw new MigrationError(`host ${spec.name}`, null, 'it has no TSC')
  if (timebase !== undefined && !spec.timebase)
    throw new MigrationError(`host ${spec.name}`, null, 'it has no timebase')
  const given = { uptimeNs, wallNs, tsc, timebase }
  const values = Object.entries(given).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, BigInt(value)]],
  )
  return values.length > 0 ? Object.fromEntries(values) : null
}
