import type { Command } from 'commander'
import { checkIds, judge } from '../check/index.js'
import { Instances } from '../core/instances.js'
import { replaceWith } from '../file/replace.js'
import { readStreams } from '../inspect/index.js'
import { resolvePolicy } from '../policy/index.js'
import { jsonText } from '../report/json.js'
import { scenarioPath } from '../scenario/library.js'
import { readScenarioText } from '../scenario/load.js'
import type { CheckId } from '../scenario/types.js'
import { readAxis } from '../sweep/axis.js'
import { heatSvg } from '../sweep/heat-svg.js'
import { refuseWrongOut, writeSweep } from '../sweep/out.js'
import { grid, sample, scenarioAt } from '../sweep/points.js'
import { rowOf, type Sweep } from '../sweep/result.js'
import { sweepJson, sweepText } from '../sweep/text.js'
import { runScenario } from '../world/index.js'
import { parseCount } from './count.js'
import { Counting } from './counting.js'
import { written } from './files.js'
import { InputError, print, styleOf } from './output.js'
import { ownPolicies, parseSeed } from './simulate.js'

interface Options {
  set: string[]
  sample?: number
  seed: number
  policy?: string
  value?: string
  out?: string
  plot?: string
  json?: true
}

const EXAMPLES = `
Example:
  $ chronovisor sweep power-running-skew --set 'hosts.b.wall.offset=-2 s..2 s/9' \\
      --set 'events[0].downtime=100 ms..3 s/7' --plot skew.svg
  $ chronovisor sweep xen-1282-stale-lower --set 'hosts.b.uptime=0 s..100 d' --sample 500 --out r.parquet`

export function addSweep(program: Command): void {
  program
    .command('sweep')
    .summary('run a scenario over a grid or a sample of its fields')
    .description(
      'Runs a scenario at every point of a grid, or at random points, of any of its fields, and shows where which check fails.',
    )
    .argument('<scenario>', 'a name that `list` shows, or the path of a YAML file')
    .requiredOption(
      '--set <path=values>',
      'an axis: a,b,c or from..to/steps; the first goes across, the second down',
      (text: string, all: string[]) => [...all, text],
      [] as string[],
    )
    .option('--sample <n>', 'so many random points, in place of the grid', parseCount)
    .option('--seed <n>', 'what the sample is drawn from', parseSeed, 1)
    .option('--policy <policy>', 'in place of every guest’s own: a name that `policies` shows, or ./mine.ts')
    .option('--value <check>', 'colours the map by how large a check’s value is, in place of the verdict')
    .option('--out <file>', 'every point, *.parquet, *.csv or *.json')
    .option('--plot <file.svg>', 'the heat map as a picture')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, options: Options) => {
      const { value = null, out, plot, json } = options
      refuseWrong(options)
      const sweep = await swept(name, options)
      const check = value as CheckId | null
      if (out !== undefined) written('sweep', out, () => writeSweep(out, sweep))
      if (plot !== undefined) written('plot', plot, () => replaceWith(plot, [heatSvg(sweep, check)]))
      print(json ? jsonText(sweepJson(sweep)) : sweepText(sweep, check, styleOf(process.stdout)))
    })
}

function refuseWrong({ set, value, out, plot }: Options): void {
  if (set.length === 0) throw new InputError('no axis; expected --set PATH=a,b,c or PATH=from..to/steps')
  if (value !== undefined && !(checkIds as readonly string[]).includes(value))
    throw new InputError(`there is no check ${JSON.stringify(value)}; expected one of ${checkIds.join(', ')}`)
  if (out !== undefined) refuseWrongOut(out)
  if (plot !== undefined && !/\.svg$/i.test(plot))
    throw new InputError(`the plot ${JSON.stringify(plot)}; expected a name that ends in .svg`)
}

async function swept(name: string, { set, sample: count, seed, policy: given }: Options): Promise<Sweep> {
  const path = scenarioPath(name)
  const text = readScenarioText(path)
  const axes = set.map(readAxis)
  const points = count === undefined ? grid(axes) : sample(axes, count, seed)
  const policy = given === undefined ? null : await resolvePolicy(given)
  const first = scenarioAt(text, path, axes, points[0]!)
  const common = { loaded: await ownPolicies(first), streams: readStreams(first), ...(policy && { policy }) }
  const instances = new Instances()
  const counting = new Counting(first.name, points.length, 'points')
  const rows = points.map((point, done) => {
    const run = runScenario(scenarioAt(text, path, axes, point), { ...common, instances })
    const row = rowOf(point, judge(run))
    instances.reclaim()
    counting.reached(done + 1, `${row.verdict} at ${point.join(', ')}`)
    return row
  })
  counting.end()
  return { scenario: first.name, policy: policy?.name ?? null, axes, rows }
}
