import type { Command } from 'commander'
import { type ClockPolicy, resolvePolicy } from '../policy/index.js'
import { type Column, compareJson, compareLines } from '../report/compare.js'
import { jsonText } from '../report/json.js'
import { wrap } from '../report/style.js'
import { resolveScenario } from '../scenario/library.js'
import type { Scenario } from '../scenario/types.js'
import { EXIT, InputError, print, styleOf } from './output.js'
import { comparedPolicies, parseSeed, simulate } from './simulate.js'

interface Options {
  seed?: number
  json?: true
  policies?: string
}

export function addCompare(program: Command, end: (status: number) => void): void {
  program
    .command('compare')
    .summary('run a scenario under several policies: which fix cures it?')
    .description(
      'Runs a scenario once for each policy, which takes the place of every guest’s own, and puts the checks side by side. Ends with 1 if a check fails under any of them.',
    )
    .argument('<scenario>', 'a name that `list` shows, or the path of a YAML file')
    .option('--policies <a,b,…>', 'names that `policies` shows, or paths; default: those the scenario lists')
    .option('--json', 'one JSON document on stdout')
    .option('--seed <n>', 'draws the scenario’s ranges, in place of its own seed', parseSeed)
    .addHelpText(
      'after',
      '\nExample:\n  $ chronovisor compare power-running-skew --policies power-stopped,power-running',
    )
    .action(async (name: string, { json, policies: names, seed }: Options) => {
      const scenario = resolveScenario(name, seed === undefined ? {} : { seed })
      const policies = names === undefined ? await comparedPolicies(scenario) : await policiesOf(names)
      const columns = await compared(scenario, policies)
      if (json) print(jsonText(compareJson(columns)))
      else {
        const style = styleOf(process.stdout)
        const head = [style.bold(scenario.name), ...wrap(scenario.title), '']
        print(`${[...head, ...compareLines(columns, { style })].join('\n')}\n`)
      }
      const held = columns.every(({ outcome }) => outcome.verdict === 'pass')
      end(held ? EXIT.held : EXIT.failed)
    })
}

/** The scenario under each of the policies. */
export async function compared(scenario: Scenario, policies: readonly ClockPolicy[]): Promise<Column[]> {
  const columns: Column[] = []
  for (const policy of policies) {
    columns.push({
      policy: policy.name,
      title: policy.title,
      source: policy.source,
      outcome: await simulate(scenario, policy),
    })
  }
  return columns
}

/** The policies of a list with commas. */
export function policiesOf(list: string): Promise<ClockPolicy[]> {
  const names = list.split(',').map((name) => name.trim())
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (names.includes(''))
    throw new InputError(`the list ${JSON.stringify(list)} has an empty name; expected a,b,…`)
  if (twice !== undefined)
    throw new InputError(`the policy ${twice} is in the list twice; expected each once`)
  return Promise.all(names.map(resolvePolicy))
}
