/** From the words of a command line to a judged run: scenario, policies, seed. */
import { dirname, resolve } from 'node:path'
import { readStreams } from '../inspect/index.js'
import { type ClockPolicy, defaultPolicy, policies, policyNames, resolvePolicy } from '../policy/index.js'
import { type Outcome, outcomeOf } from '../report/outcome.js'
import { SYSTEM_OF } from '../scenario/kernels.js'
import type { GuestSpec, Scenario } from '../scenario/types.js'
import { parseDurationNs, UnitError } from '../scenario/units.js'
import { SnapshotError } from '../snapshot/index.js'
import { runSampled, type Sampled } from '../trace/index.js'
import { type RunOptions, runScenario } from '../world/index.js'
import { InputError, withProgress } from './output.js'

export type RunSettings = Pick<RunOptions, 'pace' | 'code'>

/** Runs it under the guests' own policies, or all of them under `policy`. */
export async function simulate(
  scenario: Scenario,
  policy: ClockPolicy | null,
  settings: RunSettings = {},
): Promise<Outcome> {
  const run = await underPolicies(scenario, policy, (options) =>
    runScenario(scenario, { ...settings, ...options }),
  )
  return outcomeOf(run, policy?.name ?? null)
}

/** The same, with the clocks of hosts and guests sampled for a trace. */
export async function simulateSampled(
  scenario: Scenario,
  policy: ClockPolicy | null,
  settings: RunSettings = {},
): Promise<{ outcome: Outcome; sampled: Sampled }> {
  const sampled = await underPolicies(scenario, policy, (options) =>
    runSampled(scenario, { ...settings, ...options }),
  )
  return { outcome: outcomeOf(sampled.run, policy?.name ?? null), sampled }
}

/** Does `work` with the options that say whose policies it runs under and how far it has come. */
export async function underPolicies<T>(
  scenario: Scenario,
  policy: ClockPolicy | null,
  work: (options: RunOptions) => T,
): Promise<T> {
  const loaded = await ownPolicies(scenario)
  for (const guest of scenario.guests) {
    const its = policy ?? loaded.get(guest.policy ?? '')
    if (its) refuseOtherSystem(its, guest, scenario)
  }
  const streams = readStreams(scenario)
  const what = policy ? `${scenario.name} under ${policy.name}` : scenario.name
  try {
    return withProgress(what, (onProgress) =>
      work({ loaded, streams, ...(policy && { policy }), ...(onProgress && { onProgress }) }),
    )
  } catch (error) {
    throw blamed(error, policy ? [policy] : [...loaded.values()])
  }
}

/** What goes wrong in a user's own policy is the user's to see, not a fault of ours. */
export function blamed(error: unknown, used: readonly ClockPolicy[]): unknown {
  const own = used.filter((policy) => !policies.includes(policy)).map(({ name }) => name)
  if (own.length === 0 || !(error instanceof Error) || error instanceof SnapshotError) return error
  const where = error.stack?.split('\n').find((line) => line.startsWith('    at '))
  return new InputError(`the policy ${own.join(', ')} failed: ${error.message} ${where?.trim() ?? ''}`)
}

/** A policy that a scenario names: its paths count from its own folder. Throws PolicyError. */
export function policyOf(scenario: Scenario, name: string): Promise<ClockPolicy> {
  const isPath = !policyNames().includes(name) && /[\\/]|\.[cm]?[jt]s$/.test(name)
  return resolvePolicy(isPath ? resolve(dirname(scenario.fileName), name) : name)
}

/** The policy that the first guest runs under when none is given. */
export async function firstPolicy(scenario: Scenario): Promise<ClockPolicy> {
  const guest = scenario.guests[0]!
  if (guest.policy !== null) return policyOf(scenario, guest.policy)
  return defaultPolicy(hypervisorOf(guest, scenario), guest.kernel)
}

/** What to put side by side where nobody says it: what the scenario lists, else every policy of its system. */
export async function comparedPolicies(scenario: Scenario): Promise<ClockPolicy[]> {
  if (scenario.compare.length > 1)
    return Promise.all(scenario.compare.map((name) => policyOf(scenario, name)))
  const first = await firstPolicy(scenario)
  return [first, ...policies.filter(({ name, system }) => system === first.system && name !== first.name)]
}

export async function ownPolicies(scenario: Scenario): Promise<Map<string, ClockPolicy>> {
  const names = new Set(scenario.guests.flatMap(({ policy }) => policy ?? []))
  return new Map(
    await Promise.all([...names].map(async (name) => [name, await policyOf(scenario, name)] as const)),
  )
}

function refuseOtherSystem({ name, system }: ClockPolicy, guest: GuestSpec, scenario: Scenario): void {
  const own = SYSTEM_OF[hypervisorOf(guest, scenario)]
  if (own === system) return
  const fitting = policies.filter((policy) => policy.system === own).map((policy) => policy.name)
  throw new InputError(
    `the policy ${name} is for ${system}, and guest ${guest.name} runs on ${own}; expected one of ${fitting.join(', ')}`,
  )
}

function hypervisorOf(guest: GuestSpec, scenario: Scenario) {
  return scenario.hosts.find(({ name }) => name === guest.on)!.hypervisor
}

/** A commander argument: a seed as scenarios take it. */
export function parseSeed(text: string): number {
  const seed = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed
  throw new InputError(
    `the seed ${JSON.stringify(text)}; expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
  )
}

/** The longest time of a scenario. */
const LONGEST_NS = parseDurationNs('100 y')

/** A commander argument: a duration that is not negative, ns. */
export function parseDuration(text: string): bigint {
  let ns: bigint
  try {
    ns = parseDurationNs(text)
  } catch (error) {
    if (error instanceof UnitError) throw new InputError(error.message)
    throw error
  }
  if (ns >= 0n && ns <= LONGEST_NS) return ns
  throw new InputError(`${JSON.stringify(text)}; expected a duration from 0 s to 100 y`)
}
