import type { Command } from 'commander'
import { replaceWith } from '../file/replace.js'
import { reportOf } from '../report/document.js'
import { htmlText } from '../report/html.js'
import { markdownText } from '../report/markdown.js'
import { resolveScenario } from '../scenario/library.js'
import { compared, policiesOf } from './compare.js'
import { written } from './files.js'
import { EXIT, InputError, print } from './output.js'
import { comparedPolicies, parseSeed, simulate } from './simulate.js'

interface Options {
  output?: string
  policies?: string
  seed?: number
}

export function addReport(program: Command, end: (status: number) => void): void {
  program
    .command('report')
    .summary('a document of a scenario: the case, what was seen, which policy cures it')
    .description(
      'Runs a scenario, also once for each policy, and writes a document of it: the case and its source, a plot, the verdicts, what each policy does to it. Ends with 0 whatever the verdict is.',
    )
    .argument('<scenario>', 'a name that `list` shows, or the path of a YAML file')
    .option(
      '-o, --output <file>',
      '.html: complete in itself, with pictures; .md: Markdown; default: Markdown on stdout',
    )
    .option('--policies <a,b,…>', 'names that `policies` shows, or paths; default: those the scenario lists')
    .option('--seed <n>', 'draws the scenario’s ranges, in place of its own seed', parseSeed)
    .addHelpText('after', '\nExample:\n  $ chronovisor report xen-1282-stale-lower -o bug.html')
    .action(async (name: string, { output, policies: names, seed }: Options) => {
      const write = writerOf(output)
      const scenario = resolveScenario(name, seed === undefined ? {} : { seed })
      const policies = names === undefined ? await comparedPolicies(scenario) : await policiesOf(names)
      const report = reportOf(await simulate(scenario, null), await compared(scenario, policies))
      const text = write(report)
      if (output === undefined) print(text)
      else written('report', output, () => replaceWith(output, [text]))
      end(EXIT.held)
    })
}

function writerOf(output: string | undefined): typeof htmlText {
  if (output === undefined || /\.(md|markdown)$/i.test(output)) return markdownText
  if (/\.html?$/i.test(output)) return htmlText
  throw new InputError(`the report ${JSON.stringify(output)}; expected a name that ends in .html or .md`)
}
