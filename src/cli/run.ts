import type { Command } from 'commander'
import { resolvePolicy } from '../policy/index.js'
import { jsonText, runJson } from '../report/json.js'
import { plotLines } from '../report/plot.js'
import { runText } from '../report/text.js'
import { resolveScenario } from '../scenario/library.js'
import { EXIT, note, print, styleOf, wantProgress } from './output.js'
import { parseSeed, simulate } from './simulate.js'

interface Options {
  json?: true
  plot?: true
  seed?: number
  policy?: string
  tickByTick?: true
  progress?: true
}

export function addRun(program: Command, end: (status: number) => void): void {
  program
    .command('run')
    .summary('run a scenario and judge what its guests saw')
    .description(
      'Runs a scenario and judges what its guests saw. Ends with 0 if every check holds, 1 if one fails.',
    )
    .argument('<scenario>', 'a name that `list` shows, or the path of a YAML file')
    .option('--json', 'one JSON document on stdout')
    .option('--plot', 'plot the guests’ clocks minus true time (with --json on stderr)')
    .option('--policy <policy>', 'in place of every guest’s own: a name that `policies` shows, or ./mine.ts')
    .option('--seed <n>', 'draws the scenario’s ranges, in place of its own seed', parseSeed)
    .option('--progress', 'simulated time, speed and events left on stderr')
    .option('--tick-by-tick', 'walk every nanosecond: slow, and the result must be the same')
    .addHelpText('after', '\nExample:\n  $ chronovisor run xen-1282-stale-lower --plot')
    .action(async (name: string, options: Options) => {
      const { json, plot, policy: policyName, seed, progress, ...settings } = options
      wantProgress(progress === true)
      const scenario = resolveScenario(name, seed === undefined ? {} : { seed })
      const policy = policyName === undefined ? null : await resolvePolicy(policyName)
      const outcome = await simulate(scenario, policy, settings)
      if (json) print(jsonText(runJson(outcome)))
      else print(runText(outcome, { style: styleOf(process.stdout), plot: plot === true }))
      if (json && plot) note(`${plotLines(outcome.run, { style: styleOf(process.stderr) }).join('\n')}\n`)
      end(outcome.verdict === 'pass' ? EXIT.held : EXIT.failed)
    })
}
