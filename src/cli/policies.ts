import type { Command } from 'commander'
import { type ClockPolicy, policies } from '../policy/index.js'
import { jsonText } from '../report/json.js'
import { type Style, wrap } from '../report/style.js'
import type { System } from '../scenario/types.js'
import { SYSTEM_NAMES } from './list.js'
import { print, styleOf } from './output.js'

export function addPolicies(program: Command): void {
  program
    .command('policies')
    .summary('list what hypervisors and tools do to a guest’s clocks')
    .description(
      'Lists the policies: what a hypervisor and its tools do to a guest’s clocks when they stop, save and move it.',
    )
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ chronovisor policies --json')
    .action(({ json }: { json?: true }) => {
      if (json)
        print(
          jsonText({
            policies: policies.map(({ name, system, title, source }) => ({ name, system, title, source })),
          }),
        )
      else print(policiesText(styleOf(process.stdout)))
    })
}

function policiesText(style: Style): string {
  const lines: string[] = []
  for (const system of Object.keys(SYSTEM_NAMES) as System[]) {
    lines.push(style.bold(SYSTEM_NAMES[system]))
    for (const policy of policies) if (policy.system === system) lines.push(...policyLines(policy, style))
    lines.push('')
  }
  return `${lines.join('\n')}\nTry one: chronovisor run SCENARIO --policy NAME, or ./mine.ts for one of your own.\n`
}

function policyLines({ name, title, source }: ClockPolicy, style: Style): string[] {
  const indented = (text: string) => wrap(text, 2, 74).map((line) => `      ${line}`)
  return [`  ${style.accent(name)}`, ...indented(title), ...indented(source).map(style.dim)]
}
