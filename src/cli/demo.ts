/** What `npm start` shows: the two reports that chronovisor was written for, and which fix cures each. */
import type { Command } from 'commander'
import { compareLines } from '../report/compare.js'
import type { Outcome } from '../report/outcome.js'
import { plotLines } from '../report/plot.js'
import { type Style, wrap } from '../report/style.js'
import { sawLines } from '../report/text.js'
import { resolveScenario } from '../scenario/library.js'
import type { Scenario } from '../scenario/types.js'
import { compared } from './compare.js'
import { EXIT, print, styleOf } from './output.js'
import { comparedPolicies, simulate } from './simulate.js'

interface Case {
  readonly title: string
  /** Names in the library. Of the first ones a plot is shown, of all of them a table. */
  readonly plotted: readonly string[]
  readonly compared: readonly string[]
}

const CASES: readonly Case[] = [
  {
    title: 'Xen BUG 1282: a guest moves to a host that booted at another time',
    plotted: ['xen-1282-stale-lower', 'xen-1282-stale-higher'],
    compared: [
      'xen-1282-stale-lower',
      'xen-1282-stale-higher',
      'xen-1282-save-reboot-restore',
      'xen-1282-no-rebase-lower',
      'xen-fix-1-dom0',
    ],
  },
  {
    title: 'PowerPC: the timebase of a guest that is migrated',
    plotted: ['power-running-skew', 'power-512-500-ignored'],
    compared: [
      'power-running-uncharged',
      'power-running-skew',
      'power-stopped-charged',
      'power-512-500-ignored',
    ],
  },
]

const INTRODUCTION =
  'Each guest runs on emulated hosts, hypervisor and kernel, and can see no clock but theirs. True time, which only the experimenter knows, is what its clocks are measured against.'

/** How to call this program again: installed as a package, or from a checkout. */
const PROGRAM = import.meta.url.includes('/node_modules/') ? 'npx chronovisor' : 'node dist/cli/main.js'

export function addDemo(program: Command, end: (status: number) => void): void {
  program
    .command('demo')
    .summary('see the two cases that chronovisor was written for')
    .description('Runs the two cases that chronovisor was written for, and shows which fix cures each.')
    .addHelpText('after', '\nExample:\n  $ chronovisor demo | less -R')
    .action(async () => {
      const style = styleOf(process.stdout)
      let asExpected = true
      print(`${wrap(INTRODUCTION).join('\n')}\n\n`)
      for (const { title, plotted } of CASES) {
        print(`${[...banner(title, style), ''].join('\n')}\n`)
        for (const name of plotted) {
          const outcome = await simulate(resolveScenario(name), null)
          asExpected &&= outcome.expected?.met !== false
          print(`${[...story(outcome, style), ''].join('\n')}\n`)
        }
      }
      for (const { title, compared: names } of CASES) {
        print(`${[...banner(`Which fix? ${title}`, style), ''].join('\n')}\n`)
        for (const name of names)
          print(`${[...(await whichFix(resolveScenario(name), style)), ''].join('\n')}\n`)
      }
      print(`${nextSteps(style).join('\n')}\n`)
      end(asExpected ? EXIT.held : EXIT.failed)
    })
}

function banner(title: string, style: Style): string[] {
  return [style.bold(title), style.dim('═'.repeat(title.length))]
}

/** What the guest saw, what its clocks did, and the verdict. */
function story(outcome: Outcome, style: Style): string[] {
  const { run, checks } = outcome
  const { scenario } = run
  const lines = [style.accent(scenario.name), ...wrap(scenario.title), '']
  for (const guest of run.guests) lines.push(...sawLines(guest, run))
  lines.push('', ...plotLines(run, { style, rows: 4 }), '')
  const failed = checks.filter(({ verdict }) => verdict === 'fail')
  return [...lines, ...failed.map(({ id, message }) => `  ${style.bad('✗')} ${id.padEnd(12)} ${message}`)]
}

async function whichFix(scenario: Scenario, style: Style): Promise<string[]> {
  const columns = await compared(scenario, await comparedPolicies(scenario))
  const head = [style.accent(scenario.name), ...wrap(scenario.title), '']
  return [...head, ...compareLines(columns, { style, brief: true })]
}

function nextSteps(style: Style): string[] {
  const steps = [
    ['list', 'all scenarios'],
    ['run xen-1282-stale-higher --plot', 'one of them, in full'],
    ['compare kvm-migrate-qemu', 'which fix, for KVM'],
    ['policies', 'what is compared'],
    ['run ./mine.yaml --policy ./mine.ts', 'your case, your fix'],
  ] as const
  const lines = steps.map(([command, what]) => `  ${PROGRAM} ${command.padEnd(34)} ${style.dim(what)}`)
  return [style.bold('Next'), ...lines]
}
