/** From the words of a command line to a judged run: scenario, policies, seed. */
import { dirname, resolve } from 'node:path'
import { type ClockPolicy, defaultPolicy, policies, policyNames, resolvePolicy } from '../policy/index.js'
import { type Outcome, outcomeOf } from '../report/outcome.js'
import { SYSTEM_OF } from '../scenario/kernels.js'
import type { GuestSpec, Scenario } from '../scenario/types.js'
import { runScenario } from '../world/index.js'
import { InputError, withProgress } from './output.js'

export interface RunSettings {
  readonly tickByTick?: boolean
}

/** Runs it under the guests' own policies, or all of them under `policy`. */
export async function simulate(
  scenario: Scenario,
  policy: ClockPolicy | null,
  settings: RunSettings = {},
): Promise<Outcome> {
  const loaded = await ownPolicies(scenario)
  for (const guest of scenario.guests) {
    const its = policy ?? loaded.get(guest.policy ?? '')
    if (its) refuseOtherSystem(its, guest, scenario)
  }
  const what = policy ? `${scenario.name} under ${policy.name}` : scenario.name
  const options = { ...settings, loaded, ...(policy && { policy }) }
  try {
    const run = withProgress(what, (onProgress) =>
      runScenario(scenario, { ...options, ...(onProgress && { onProgress }) }),
    )
    return outcomeOf(run, policy?.name ?? null)
  } catch (error) {
    throw blamed(error, policy ? [policy] : [...loaded.values()])
  }
}

/** What goes wrong in a user's own policy is the user's to see, not a fault of ours. */
function blamed(error: unknown, used: readonly ClockPolicy[]): unknown {
  const own = used.filter((policy) => !policies.includes(policy)).map(({ name }) => name)
  if (own.length === 0 || !(error instanceof Error)) return error
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

async function ownPolicies(scenario: Scenario): Promise<Map<string, ClockPolicy>> {
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
