import type { Command } from 'commander'
import type { Pace } from '../core/machine.js'
import { drawingOf, drawingSvg } from '../draw/index.js'
import { replaceWith } from '../file/replace.js'
import { type ClockPolicy, resolvePolicy } from '../policy/index.js'
import { type Json, jsonText, runJson } from '../report/json.js'
import { junitText } from '../report/junit.js'
import type { Outcome } from '../report/outcome.js'
import { plotLines } from '../report/plot.js'
import { type Line, lineOf, lineText, sumText } from '../report/several.js'
import { type Suite, suiteOf } from '../report/suite.js'
import { tapText } from '../report/tap.js'
import { runText } from '../report/text.js'
import { listLibrary, resolveScenario } from '../scenario/library.js'
import type { Scenario } from '../scenario/types.js'
import { isTraceName, traceEndings, writeTrace } from '../trace/index.js'
import { addCodeOptions, type CodeOptions, codeOf, writeConsole } from './code.js'
import { written } from './files.js'
import { EXIT, InputError, note, print, styleOf, wantProgress } from './output.js'
import { parseSeed, simulate, simulateSampled } from './simulate.js'

interface Options extends CodeOptions {
  all?: true
  json?: true
  tap?: true
  junit?: string
  expected?: true
  plot?: string | true
  trace?: string
  seed?: number
  policy?: string
  eventByEvent?: true
  tickByTick?: true
  progress?: true
  console?: string
}

const EXAMPLES = `
Example:
  $ chronovisor run xen-1282-stale-lower --plot
  $ chronovisor run xen-1282-stale-lower --plot bug.svg --trace bug.perfetto-trace
  $ chronovisor run --all --expected --junit report.xml
  $ chronovisor run power-running --code g=test/guests/power/b64-clocks.elf`

export function addRun(program: Command, end: (status: number) => void): void {
  const command = program
    .command('run')
    .summary('run scenarios and judge what their guests saw')
    .description(
      'Runs scenarios and judges what their guests saw. Ends with 0 if every check holds, 1 if one fails.',
    )
    .argument('[scenarios...]', 'names that `list` shows, or paths of YAML files')
    .option('--all', 'the whole library; with --policy what is of its system')
    .option('--json', 'one JSON document on stdout')
    .option(
      '--plot [file.svg]',
      'plot the guests’ clocks minus true time (with --json on stderr), or draw them to a file',
    )
    .option('--trace <file>', `everything that happened, for other tools: *${traceEndings.join(', *')}`)
    .option('--junit <file>', 'the checks as tests, in JUnit XML')
    .option('--tap', 'the checks as tests, in TAP on stdout')
    .option('--expected', 'to fail as the scenario expects is to hold; to end otherwise is to fail')
    .option('--policy <policy>', 'in place of every guest’s own: a name that `policies` shows, or ./mine.ts')
    .option('--seed <n>', 'draws the scenario’s ranges, in place of its own seed', parseSeed)
    .option('--console <file>', 'what guests of --code printed')
    .option('--progress', 'simulated time, speed and events left on stderr')
    .option(
      '--event-by-event',
      'skip nothing that an idle guest does: slower, and the result must be the same',
    )
    .option('--tick-by-tick', 'walk every nanosecond: slowest, and the result must be the same')
  addCodeOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (given: string[], options: Options) => {
      const { names, svg } = sorted(given, options)
      refuseWrong(names, svg, options)
      wantProgress(options.progress === true)
      const policy = options.policy === undefined ? null : await resolvePolicy(options.policy)
      const scenarios = scenariosOf(names, policy, options)
      const held =
        scenarios.length === 1 && !options.all
          ? await runOne(scenarios[0]!, policy, svg, options)
          : await runSeveral(scenarios, policy, options)
      end(held ? EXIT.held : EXIT.failed)
    })
}

/** `--plot` takes a file only if it is one: `run --plot NAME` has a scenario behind it. */
function sorted(given: readonly string[], { plot }: Options): { names: string[]; svg: string | null } {
  if (typeof plot !== 'string') return { names: [...given], svg: null }
  return /\.svg$/i.test(plot) ? { names: [...given], svg: plot } : { names: [plot, ...given], svg: null }
}

function refuseWrong(names: readonly string[], svg: string | null, options: Options): void {
  const { all, json, tap, trace, plot, code, console: toFile } = options
  if (all && names.length > 0)
    throw new InputError(`--all and ${JSON.stringify(names[0])}; expected one of the two`)
  if (!all && names.length === 0)
    throw new InputError('no scenario; expected a name that `chronovisor list` shows, a path, or --all')
  if (json && tap) throw new InputError('--json and --tap both go to stdout; expected one of the two')
  if ((all || names.length > 1) && (svg !== null || trace !== undefined || plot))
    throw new InputError('--plot and --trace are of one run; expected one scenario')
  if ((all || names.length > 1) && (code || toFile !== undefined))
    throw new InputError('--code and --console are of one run; expected one scenario')
  if (toFile !== undefined && !code)
    throw new InputError('--console is of guests that run machine code; expected --code too')
  if (trace !== undefined && code)
    throw new InputError('--trace samples kernel models; expected no --code with it')
  if (trace !== undefined && !isTraceName(trace))
    throw new InputError(
      `the trace ${JSON.stringify(trace)}; expected a name that ends in ${traceEndings.join(', ')}`,
    )
}

function scenariosOf(
  names: readonly string[],
  policy: ClockPolicy | null,
  { all, seed }: Options,
): Scenario[] {
  const seeded = seed === undefined ? {} : { seed }
  if (!all) return names.map((name) => resolveScenario(name, seeded))
  return listLibrary(seeded).filter(({ system }) => policy === null || system === policy.system)
}

async function runOne(
  scenario: Scenario,
  policy: ClockPolicy | null,
  svg: string | null,
  options: Options,
): Promise<boolean> {
  const { trace } = options
  const code = codeOf(options, scenario)
  const settings = { pace: paceOf(options), ...(code && { code }) }
  let outcome: Outcome
  if (trace === undefined) outcome = await simulate(scenario, policy, settings)
  else {
    const { outcome: judged, sampled } = await simulateSampled(scenario, policy, settings)
    outcome = judged
    written('trace', trace, () => writeTrace(trace, sampled))
  }
  writeConsole(options.console, outcome.run)
  if (svg !== null) written('plot', svg, () => replaceWith(svg, [drawingSvg(drawingOf(outcome.run))]))
  const suite = suiteOf(outcome, { expected: options.expected === true })
  writeJunit([suite], options)
  const plots = options.plot !== undefined && svg === null
  if (options.json) print(jsonText(runJson(outcome)))
  else if (options.tap) print(tapText([suite]))
  else print(runText(outcome, { style: styleOf(process.stdout), plot: plots }))
  if ((options.json || options.tap) && plots)
    note(`${plotLines(outcome.run, { style: styleOf(process.stderr) }).join('\n')}\n`)
  return lineOf(outcome, options.expected === true).held
}

/** Of each run only what is to be told is kept: all observations of a library are too many. */
async function runSeveral(
  scenarios: readonly Scenario[],
  policy: ClockPolicy | null,
  options: Options,
): Promise<boolean> {
  const { json, tap } = options
  const expected = options.expected === true
  const style = styleOf(process.stdout)
  const lines: Line[] = []
  const suites: Suite[] = []
  const documents: Json[] = []
  for (const scenario of scenarios) {
    const outcome = await simulate(scenario, policy, { pace: paceOf(options) })
    const line = lineOf(outcome, expected)
    lines.push(line)
    suites.push(suiteOf(outcome, { expected }))
    if (json) documents.push(runJson(outcome))
    else if (!tap) print(`${lineText(line, style)}\n`)
  }
  writeJunit(suites, options)
  const held = lines.every((line) => line.held)
  if (json) print(jsonText({ held, runs: documents }))
  else if (tap) print(tapText(suites))
  else print(`\n${sumText(lines, style)}\n`)
  return held
}

function writeJunit(suites: readonly Suite[], { junit }: Options): void {
  if (junit !== undefined) written('junit', junit, () => replaceWith(junit, [junitText(suites)]))
}

function paceOf({ eventByEvent, tickByTick }: Options): Pace {
  return tickByTick ? 'tick-by-tick' : eventByEvent ? 'event-by-event' : 'skipping'
}
