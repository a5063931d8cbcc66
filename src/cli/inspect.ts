import type { Command } from 'commander'
import { type Changed, changeFile, formats, type Inspected, inspectFile } from '../inspect/index.js'
import { plainDetail } from '../inspect/text.js'
import { inspectionText } from '../report/inspection.js'
import { jsonText } from '../report/json.js'
import { wrap } from '../report/style.js'
import type { HostClockValues } from '../world/index.js'
import { parseHost } from './host.js'
import { InputError, print, styleOf, withReading } from './output.js'

interface Options {
  host?: HostClockValues
  json?: true
  set?: Map<string, string>
  output?: string
}

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .summary('what a saved guest says about time')
    .description(
      `Reads a saved guest and prints its counters, offsets, frequencies and epoch, and the policy they imply. Reads ${formats.map(({ title }) => title).join(', ')}.`,
    )
    .argument('<file>', 'a saved guest')
    .option(
      '--host <clocks>',
      'what its clocks would show, resumed on a host that shows this: uptime=10d,wall=2026-01-31T12:00:00Z,tsc=N,timebase=N',
      parseHost,
    )
    .option(
      '--set <field=value>',
      'with -o: writes a copy with this field changed, and what follows from it; again for more',
      parseSet,
    )
    .option('-o, --output <file>', 'the copy that --set makes')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', `\n${fieldsHelp()}\n\n${EXAMPLES}`)
    .action((path: string, { host, json, set, output }: Options) => {
      if ((set === undefined) !== (output === undefined))
        throw new InputError('--set and --output go together; expected both of them or none')
      if (set && output !== undefined) {
        if (host) throw new InputError('--host has nothing to do with --set; expected one of them')
        const changed = changeFile(path, output, set)
        print(
          json
            ? jsonText({ file: path, output, changed: changed.map((one) => ({ ...one })) })
            : changedText(output, changed),
        )
        return
      }
      const inspected = withReading(path, (onRead) => inspectFile(path, host, onRead))
      print(json ? jsonText(inspectionJson(inspected)) : inspectionText(inspected, styleOf(process.stdout)))
    })
}

const EXAMPLES = `Examples:
  $ chronovisor inspect guest.xl --host uptime=20s,wall=2026-11-23T00:00:00Z
  $ chronovisor inspect guest.xl --set tsc.khz=2400000 -o other.xl`

function fieldsHelp(): string {
  const lines = formats.flatMap(({ id, fields }) =>
    wrap(`${id}: ${fields.map(({ name }) => name).join(', ')}`, 4, 76).map((line) => `  ${line}`),
  )
  return ['Fields that --set knows:', ...lines].join('\n')
}

/** A commander argument, once or more: `tsc.khz=2400000`. */
function parseSet(text: string, before: Map<string, string> = new Map()): Map<string, string> {
  const at = text.indexOf('=')
  if (at < 1)
    throw new InputError(`${JSON.stringify(text)}; expected a field and its value, such as tsc.khz=2400000`)
  const [field, value] = [text.slice(0, at), text.slice(at + 1)]
  if (before.has(field)) throw new InputError(`${field} is set twice; expected it once`)
  return before.set(field, value)
}

function changedText(output: string, changed: readonly Changed[]): string {
  const lines = changed.map(({ field, from, to }) => `  ${field}: ${from} -> ${to}`)
  return `${[`${output}: ${changed.length === 0 ? 'the same as before' : 'changed'}`, ...lines].join('\n')}\n`
}

function inspectionJson({ path, format, title, details, policies, resumed }: Inspected) {
  return plainDetail({
    file: path,
    format,
    title,
    ...details,
    policies: policies.map(({ policy, because }) => ({ policy, because })),
    resumed: resumed && {
      policy: resumed.policy,
      clocks: resumed.clocks.map(({ name, unit, saved, resumed: value }) => ({ name, unit, saved, value })),
    },
  })
}
