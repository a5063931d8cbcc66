/** docs/bugs.md: every public report, what shows it, what its numbers predict, and what cures it. */
import type { Unit } from '../check/index.js'
import { type Report, reports } from '../scenario/reports.js'
import type { CheckId, Prediction, Scenario, System } from '../scenario/types.js'
import { showValue } from './values.js'

const HEAD = `# Public reports of clock bugs

Each of these was reported in public, and each is a scenario of the library that runs in the ordinary tests. A scenario
says beforehand which checks fail, when and by how much, as formulas over its own numbers; a run that ends otherwise
fails the tests. \`chronovisor run NAME\` shows the formulas beside what was found, \`chronovisor list WORD\` finds a
scenario by any word of this page, and \`--by symptom\` lists them by what people see.

This page is made by \`chronovisor list --reports\`.
`
const TITLES: Readonly<Record<System, string>> = { xen: 'Xen', kvm: 'KVM', power: 'PowerPC' }
const COUNTS: ReadonlySet<CheckId> = new Set(['wake-storm', 'backwards-warning', 'backlog'])
const MOST_SHOWN = 3
const NANO = 1_000_000_000n

/** Markdown. */
export function reportsText(scenarios: readonly Scenario[]): string {
  const systems = Object.keys(TITLES) as System[]
  const rows = reportRows(scenarios)
  const tables = systems.map((system) =>
    tableOf(
      system,
      rows.filter(({ report }) => report.system === system),
    ),
  )
  return [HEAD, ...tables].join('\n')
}

function tableOf(system: System, rows: readonly ReportRow[]): string {
  return [
    `## ${TITLES[system]}\n`,
    '| # | report | what was seen | shown by | predicted | without it |',
    '|---|---|---|---|---|---|',
    ...rows.map(rowOf),
    '',
  ].join('\n')
}

/** Those with predictions first: they are the report itself, others its circumstances. */
function ofReport({ id }: Report, scenarios: readonly Scenario[]): readonly Scenario[] {
  const own = scenarios.filter(({ report }) => report === id)
  const rank = ({ expect }: Scenario): number =>
    expect?.predict.length ? 0 : expect?.verdict === 'fail' ? 1 : 2
  return [...own].sort((a, b) => rank(a) - rank(b))
}

/** A report with what shows it. */
export interface ReportRow {
  readonly report: Report
  /** Scenarios, the one with predictions first. */
  readonly names: readonly string[]
  /** Worst values, `<br>` between them. */
  readonly predicted: string
  readonly cure: string
}

/** In the order of the reports. */
export function reportRows(scenarios: readonly Scenario[]): ReportRow[] {
  return reports.map((report) => {
    const own = ofReport(report, scenarios)
    const names = own.map(({ name }) => name)
    return { report, names, predicted: predictedText(own[0] ?? null), cure: cureText(own) }
  })
}

function rowOf({ report: { number, id, symptom, cite }, names, predicted, cure }: ReportRow): string {
  const shown = names.map((name) => `\`${name}\``).join(', ')
  return `| ${number} | \`${id}\`<br>${cite} | ${symptom} | ${shown} | ${predicted} | ${cure} |`
}

function predictedText(scenario: Scenario | null): string {
  const { predict = [], fails = [], passes = [] } = scenario?.expect ?? {}
  return predict
    .filter(
      ({ check, guest, valueNano }) => fails?.includes(check) && !passes.includes(guest) && valueNano !== 0n,
    )
    .slice(0, MOST_SHOWN)
    .map(valueText)
    .join('<br>')
}

function valueText({ check, valueNano }: Prediction): string {
  if (COUNTS.has(check)) return `${check} ${valueNano / NANO}`
  const unit: Unit = check === 'rate' ? 'ppb' : 'ns'
  return `${check} ${showValue(valueNano, unit)}`
}

function cureText(own: readonly Scenario[]): string {
  const guests = own.flatMap(({ name, expect }) =>
    (expect?.passes ?? []).map((guest) => `${name}: guest ${guest}`),
  )
  const policies = [...new Set(own.flatMap(({ expect }) => expect?.curedBy ?? []))]
  const controls = own.filter(({ expect }) => expect?.verdict === 'pass').map(({ name }) => `\`${name}\``)
  const lines = [
    ...(policies.length > 0 ? [`policy ${policies.map((name) => `\`${name}\``).join(', ')}`] : []),
    ...guests,
    ...(controls.length > 0 ? [controls.join(', ')] : []),
  ]
  return lines.length > 0 ? lines.join('<br>') : 'each side is wrong by what the other keeps'
}
