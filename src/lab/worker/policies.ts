/** Which policies a scenario can run under on the page: those that are built in. */
import { builtInPolicy, defaultPolicy, policies } from '../../policy/built-in.js'
import type { ClockPolicy } from '../../policy/policy.js'
import { ScenarioError } from '../../scenario/error.js'
import type { GuestSpec, Scenario } from '../../scenario/types.js'

/** What the guest runs under when nothing takes its place. Throws ScenarioError for a file of someone's own. */
export function ownPolicy(scenario: Scenario, guest: GuestSpec): ClockPolicy {
  const host = scenario.hosts.find(({ name }) => name === guest.on)!
  if (guest.policy === null) return defaultPolicy(host.hypervisor, guest.kernel)
  return known(scenario, guest.policy, guest.position)
}

/** Every policy of the system that the scenario is about. */
export function fittingPolicies(scenario: Scenario): ClockPolicy[] {
  return policies.filter(({ system }) => system === scenario.system)
}

/** What to put side by side: what the scenario lists, else every policy of its system, its own first. */
export function comparedPolicies(scenario: Scenario): string[] {
  const listed = scenario.compare.filter((name) => policies.some((policy) => policy.name === name))
  if (listed.length > 1) return listed
  const own = ownPolicy(scenario, scenario.guests[0]!).name
  const others = fittingPolicies(scenario).map(({ name }) => name)
  return [own, ...others.filter((name) => name !== own)]
}

function known(scenario: Scenario, name: string, position: GuestSpec['position']): ClockPolicy {
  if (policies.some((policy) => policy.name === name)) return builtInPolicy(name)
  const fitting = fittingPolicies(scenario).map((policy) => policy.name)
  const expected = `expected one of ${fitting.join(', ')}; modules run on the command line only`
  throw new ScenarioError(scenario.fileName, position, `there is no policy ${name} on this page; ${expected}`)
}
