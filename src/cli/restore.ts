import type { Command } from 'commander'
import { type ClockPolicy, policyNames, resolvePolicy } from '../policy/index.js'
import { jsonText, runJson } from '../report/json.js'
import { outcomeOf } from '../report/outcome.js'
import { plotLines } from '../report/plot.js'
import { runText } from '../report/text.js'
import { loadSnapshotAsync, restoreSnapshot, type Snapshot } from '../snapshot/index.js'
import type { HostClockValues } from '../world/index.js'
import { writeConsole } from './code.js'
import { parseHost } from './host.js'
import { EXIT, InputError, note, print, styleOf, withProgress } from './output.js'
import { blamed, parseDuration } from './simulate.js'

interface Options {
  host?: HostClockValues
  policy?: string
  after?: bigint
  for?: bigint
  json?: true
  plot?: true
  console?: string
}

export function addRestore(program: Command, end: (status: number) => void): void {
  program
    .command('restore')
    .summary('restore a saved guest, run it on and judge what it saw')
    .description(
      'Restores a guest that `save` wrote, runs what its scenario had left, and judges what the guest saw. Ends with 0 if every check holds, 1 if one fails.',
    )
    .argument('<file>', 'a file that `save` wrote')
    .option(
      '--host <clocks>',
      'another host, by what it shows at the restore: uptime=10d,wall=2026-01-31T12:00:00Z,tsc=N,timebase=N',
      parseHost,
    )
    .option(
      '--policy <policy>',
      'in place of the one that saved it: a name that `policies` shows, or ./mine.ts',
    )
    .option('--after <duration>', 'true time from the save to the restore; default: none', parseDuration)
    .option('--for <duration>', 'true time to run on; default: what the scenario had left', parseDuration)
    .option('--json', 'one JSON document on stdout')
    .option('--plot', 'plot the guest’s clocks minus true time (with --json on stderr)')
    .option('--console <file>', 'what a guest of machine code printed, from its boot on')
    .addHelpText('after', '\nExample:\n  $ chronovisor restore guest.chv --after 30d --host uptime=3d')
    .action(async (file: string, options: Options) => {
      const { json, plot, after, for: length, host } = options
      const snapshot = await loadSnapshotAsync(file)
      if (options.console !== undefined) refuseConsole(snapshot)
      const policy = await policyFor(snapshot, options.policy)
      const run = withProgress(`${file} under ${policy.name}`, (onProgress) => {
        try {
          return restoreSnapshot(snapshot, {
            policy,
            ...(after !== undefined && { afterNs: after }),
            ...(length !== undefined && { forNs: length }),
            ...(host && { host }),
            ...(onProgress && { onProgress }),
          })
        } catch (error) {
          throw blamed(error, [policy])
        }
      })
      const outcome = outcomeOf(run, policy.name)
      writeConsole(options.console, run)
      if (json) print(jsonText(runJson(outcome)))
      else print(runText(outcome, { style: styleOf(process.stdout), plot: plot === true }))
      if (json && plot) note(`${plotLines(run, { style: styleOf(process.stderr) }).join('\n')}\n`)
      end(outcome.verdict === 'pass' ? EXIT.held : EXIT.failed)
    })
}

function refuseConsole({ fileName, world }: Snapshot): void {
  if (world.guest.code) return
  throw new InputError(
    `${fileName}: guest ${world.guest.name} is a kernel model; expected machine code for --console`,
  )
}

export async function policyFor(
  { fileName, world }: Snapshot,
  wanted: string | undefined,
): Promise<ClockPolicy> {
  const { policy } = world.guest
  if (wanted !== undefined) return resolvePolicy(wanted)
  if (policyNames().includes(policy)) return resolvePolicy(policy)
  throw new InputError(
    `${fileName}: it was saved by the policy ${JSON.stringify(policy)}, which is not built in; expected --policy with its file`,
  )
}
