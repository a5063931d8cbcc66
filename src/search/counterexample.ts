/** What a search found, made small and made into a file. */
import type { Instances } from '../core/instances.js'
import { policies } from '../policy/built-in.js'
import type { CheckId, Scenario } from '../scenario/types.js'
import { type Breach, curesOf, examine } from './examine.js'
import { drawHistory } from './history.js'
import { shrink } from './shrink.js'
import type { Subject } from './subject.js'
import { historyText } from './write.js'

export interface Counterexample {
  readonly breach: Breach
  /** The history as it was drawn. */
  readonly index: number
  readonly scenario: Scenario
  /** Of the scenario file. */
  readonly text: string
  /** What is wrong, for people. */
  readonly message: string
  /** How many histories were lived through to make it small. */
  readonly tried: number
}

/** `policyPath`: how the file is to name a policy of the user's; null: it is built in. */
export function counterexample(
  subject: Subject,
  { seed, index, breach }: { readonly seed: number; readonly index: number; readonly breach: Breach },
  policyPath: string | null,
  instances: Instances,
): Counterexample {
  const found = drawHistory(subject, seed, index)
  const { history, tried } = shrink(found, breach, subject, instances)
  const { failed, messages } = examine(history, subject, instances)
  const fails = [...new Set(failed.map(({ id }) => id))].filter((id): id is CheckId => id !== 'fault')
  const own = policies.filter(({ system }) => system === subject.policy.system)
  const cures = curesOf(history, own, instances).filter((name) => name !== subject.policy.name)
  const name = `check-${subject.policy.name}-${breach}`
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 64)
  const scenario: Scenario = {
    ...history,
    name,
    title: titleOf(breach, subject),
    cite: `chronovisor check --policy ${subject.policy.name} --seed ${seed}, history ${index}`,
    summary: messages[breach] ?? null,
    guests: history.guests.map((guest) => ({ ...guest, policy: policyPath ?? subject.policy.name })),
    expect: fails.length > 0 ? { verdict: 'fail', fails, curedBy: cures, passes: [], predict: [] } : null,
    compare: [policyPath ?? subject.policy.name, ...cures],
    fileName: `${name}.yaml`,
  }
  return { breach, index, scenario, text: historyText(scenario), message: messages[breach] ?? '', tried }
}

function titleOf(breach: Breach, { policy: { name } }: Subject): string {
  switch (breach) {
    case 'identity':
      return `${name}: there and back within an instant is not the identity`
    case 'unseen':
      return `${name}: a stop shows that the guest should not see`
    case 'other-frequency':
      return `${name}: hosts of different frequency`
    default:
      return `${name}: the smallest history found that breaks ${breach}`
  }
}
