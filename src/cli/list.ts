import type { Command } from 'commander'
import { symptoms } from '../check/symptoms.js'
import { type Json, jsonText } from '../report/json.js'
import { reportsText } from '../report/reports.js'
import { type Style, wrap } from '../report/style.js'
import { listLibrary } from '../scenario/library.js'
import { type Report, reports } from '../scenario/reports.js'
import type { CheckId, Scenario, System } from '../scenario/types.js'
import { InputError, print, styleOf } from './output.js'

export const SYSTEM_NAMES: Readonly<Record<System, string>> = { xen: 'Xen', kvm: 'KVM', power: 'PowerPC' }

type By = 'system' | 'symptom'

export function addList(program: Command): void {
  program
    .command('list')
    .summary('list the scenarios that come with chronovisor')
    .description(
      'Lists the scenarios that come with chronovisor, by system or by symptom, and the verdict that each is known to end in.',
    )
    .argument(
      '[word...]',
      'only those with all these words in name, title, system, symptom, report or citation',
    )
    .option('--by <group>', 'system or symptom', parseBy, 'system')
    .option('--reports', 'the public reports with what shows and cures them, as Markdown: docs/bugs.md')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nExample:\n  $ chronovisor list power\n  $ chronovisor list firecracker --by symptom\n  $ chronovisor list soft lockup',
    )
    .action((words: string[], { json, by, reports: markdown }: { json?: true; by: By; reports?: true }) => {
      if (markdown && (json || words.length > 0))
        throw new InputError('--reports is the whole page; expected no words and no --json')
      if (markdown) return print(reportsText(listLibrary()))
      const found = listLibrary().filter((scenario) => hasAll(scenario, words))
      if (found.length === 0)
        throw new InputError(
          `no scenario has ${JSON.stringify(words.join(' '))} in its name, title or citation`,
        )
      print(
        json
          ? jsonText({ scenarios: found.map(scenarioJson) })
          : listText(groupsOf(found, by), styleOf(process.stdout)),
      )
    })
}

function parseBy(given: string): By {
  if (given === 'system' || given === 'symptom') return given
  throw new InputError(`--by ${JSON.stringify(given)}; expected system or symptom`)
}

const reportOf = ({ report }: Scenario): Report | undefined => reports.find(({ id }) => id === report)
const failsOf = ({ expect }: Scenario): readonly CheckId[] => expect?.fails ?? []

function hasAll(scenario: Scenario, words: readonly string[]): boolean {
  const report = reportOf(scenario)
  const { name, title, cite, system } = scenario
  const told = report ? [report.id, report.symptom, report.cite, `#${report.number}`] : []
  const seen = failsOf(scenario).flatMap((id) => [id, symptoms[id]])
  const text = [name, title, cite, system, SYSTEM_NAMES[system], ...told, ...seen].join('\n').toLowerCase()
  return words.every((word) => text.includes(word.toLowerCase()))
}

function scenarioJson(scenario: Scenario): Json {
  const { name, title, cite, report, system, expect, compare } = scenario
  return {
    name,
    title,
    cite,
    report,
    system,
    symptoms: failsOf(scenario).map((id) => symptoms[id]),
    expected: expect && {
      verdict: expect.verdict,
      fails: expect.fails,
      cured_by: expect.curedBy,
      passes: expect.passes,
    },
    compare,
  }
}

type Group = readonly [title: string, scenarios: readonly Scenario[]]

/** Each scenario once by system; by symptom once for each check that fails. */
function groupsOf(scenarios: readonly Scenario[], by: By): Group[] {
  const groups: Group[] =
    by === 'system'
      ? (Object.keys(SYSTEM_NAMES) as System[]).map((system) => [
          SYSTEM_NAMES[system],
          scenarios.filter((scenario) => scenario.system === system),
        ])
      : [
          ...(Object.keys(symptoms) as CheckId[]).map(
            (id): Group => [
              `${symptoms[id]} (${id})`,
              scenarios.filter((scenario) => failsOf(scenario).includes(id)),
            ],
          ),
          ['nothing is wrong', scenarios.filter((scenario) => scenario.expect?.verdict === 'pass')],
        ]
  return groups.filter(([, own]) => own.length > 0)
}

function listText(groups: readonly Group[], style: Style): string {
  const lines: string[] = []
  for (const [title, own] of groups) {
    lines.push(style.bold(title))
    for (const scenario of own) {
      const { name, expect } = scenario
      const mark = !expect ? ' ' : expect.verdict === 'pass' ? style.good('✓') : style.bad('✗')
      lines.push(
        `  ${mark} ${style.accent(name)}`,
        ...wrap(scenario.title, 0, 74).map((line) => style.dim(`      ${line}`)),
      )
    }
    lines.push('')
  }
  return `${lines.join('\n')}\n✓ every check holds, ✗ some fail. Run one: chronovisor run NAME --plot\n`
}
