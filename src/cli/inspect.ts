import type { Command } from 'commander'
import { formats, type Inspected, inspectFile } from '../inspect/index.js'
import { plainDetail } from '../inspect/text.js'
import { inspectionText } from '../report/inspection.js'
import { jsonText } from '../report/json.js'
import type { HostClockValues } from '../world/index.js'
import { parseHost } from './host.js'
import { print, styleOf } from './output.js'

interface Options {
  host?: HostClockValues
  json?: true
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
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ chronovisor inspect guest.chv --host uptime=20s')
    .action((path: string, { host, json }: Options) => {
      const inspected = inspectFile(path, host)
      print(json ? jsonText(inspectionJson(inspected)) : inspectionText(inspected, styleOf(process.stdout)))
    })
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
