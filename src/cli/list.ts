import type { Command } from 'commander'
import { type Json, jsonText } from '../report/json.js'
import { type Style, wrap } from '../report/style.js'
import { listLibrary } from '../scenario/library.js'
import type { Scenario, System } from '../scenario/types.js'
import { InputError, print, styleOf } from './output.js'

export const SYSTEM_NAMES: Readonly<Record<System, string>> = { xen: 'Xen', kvm: 'KVM', power: 'PowerPC' }

export function addList(program: Command): void {
  program
    .command('list')
    .summary('list the scenarios that come with chronovisor')
    .description(
      'Lists the scenarios that come with chronovisor, and the verdict that each is known to end in.',
    )
    .argument('[filter]', 'only those that have this in their name, title or system')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ chronovisor list power')
    .action((filter: string | undefined, { json }: { json?: true }) => {
      const wanted = filter?.toLowerCase() ?? ''
      const found = listLibrary().filter((scenario) => {
        const texts = [scenario.name, scenario.title, scenario.system, SYSTEM_NAMES[scenario.system]]
        return texts.some((text) => text.toLowerCase().includes(wanted))
      })
      if (found.length === 0)
        throw new InputError(`no scenario has ${JSON.stringify(filter)} in its name or title`)
      print(
        json ? jsonText({ scenarios: found.map(scenarioJson) }) : listText(found, styleOf(process.stdout)),
      )
    })
}

function scenarioJson({ name, title, cite, system, expect, compare }: Scenario): Json {
  return {
    name,
    title,
    cite,
    system,
    expected: expect && { verdict: expect.verdict, fails: expect.fails, cured_by: expect.curedBy },
    compare,
  }
}

function listText(scenarios: readonly Scenario[], style: Style): string {
  const lines: string[] = []
  for (const system of Object.keys(SYSTEM_NAMES) as System[]) {
    const own = scenarios.filter((scenario) => scenario.system === system)
    if (own.length === 0) continue
    lines.push(style.bold(SYSTEM_NAMES[system]))
    for (const { name, title, expect } of own) {
      const mark = !expect ? ' ' : expect.verdict === 'pass' ? style.good('✓') : style.bad('✗')
      lines.push(
        `  ${mark} ${style.accent(name)}`,
        ...wrap(title, 0, 74).map((line) => style.dim(`      ${line}`)),
      )
    }
    lines.push('')
  }
  return `${lines.join('\n')}\n✓ every check holds, ✗ some fail. Run one: chronovisor run NAME --plot\n`
}
