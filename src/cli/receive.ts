import { resolve } from 'node:path'
import type { Command } from 'commander'
import {
  addressText,
  type HostChoice,
  hostOfScenario,
  parseAddress,
  type Received,
  type Receiver,
  receive,
} from '../migration/index.js'
import { resolvePolicy } from '../policy/index.js'
import { type Json, jsonText, runJson } from '../report/json.js'
import { receivedJson } from '../report/migration.js'
import { outcomeOf } from '../report/outcome.js'
import { plotLines } from '../report/plot.js'
import { runText } from '../report/text.js'
import { scenarioPath } from '../scenario/library.js'
import { readScenarioText } from '../scenario/load.js'
import { parseHz, UnitError } from '../scenario/units.js'
import { writeConsole } from './code.js'
import { parseHost } from './host.js'
import { EXIT, InputError, note, print, styleOf } from './output.js'
import { addPeerOptions, type PeerOptions, peerSettings } from './peers.js'
import { parseDuration } from './simulate.js'

interface Options extends PeerOptions {
  listen: string
  host?: Omit<HostChoice, 'file'>
  hostFile?: string
  hostName?: string
  policy?: string
  for?: bigint
  realTime?: true
  json?: true
  plot?: true
  console?: string
}

export function addReceive(program: Command, end: (status: number) => void): void {
  const command = program
    .command('receive')
    .summary('take a guest that another process migrates, run it on and judge what it saw')
    .description(
      'Listens until `migrate` has brought a guest, runs it on its own host, and judges what it saw. Ends with 0 if every check holds, 1 if one fails.',
    )
    .requiredOption('--listen <host:port>', 'where; other than this machine only with a secret or TLS')
    .option(
      '--host <clocks>',
      'its host by what it shows when the migration begins: uptime=, wall=, tsc=, timebase=, and tsc-frequency=, timebase-frequency=',
      parseOwnHost,
    )
    .option('--host-file <scenario>', 'its host is one of this scenario; default: one as the source’s')
    .option('--host-name <host>', 'which of them')
    .option('--policy <policy>', 'in place of the source’s: a name that `policies` shows, or ./mine.ts')
    .option('--for <duration>', 'true time to run on; default: what the scenario had left', parseDuration)
    .option('--real-time', 'the guest runs no faster than real time')
    .option('--json', 'one JSON document on stdout')
    .option('--plot', 'plot the guest’s clocks minus true time (with --json on stderr)')
    .option('--console <file>', 'what a guest of machine code printed, from its boot on')
  addPeerOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  $ chronovisor receive --listen 127.0.0.1:7000 --host uptime=3d,tsc-frequency=3GHz',
    )
    .action(async (options: Options) => {
      const receiver = await open(options)
      const stop = () => void receiver.close().finally(() => process.exit(EXIT.input))
      process.once('SIGINT', stop).once('SIGTERM', stop)
      try {
        note(`listening at ${addressText(receiver.address)}\n`)
        end(show(await receiver.received, options))
      } finally {
        process.off('SIGINT', stop).off('SIGTERM', stop)
        await receiver.close()
      }
    })
}

async function open(options: Options): Promise<Receiver> {
  const { listen, host = {}, hostFile, hostName, policy: policyName, realTime } = options
  if (hostName !== undefined && hostFile === undefined)
    throw new InputError('--host-name names a host of a scenario; expected --host-file too')
  const policy = policyName === undefined ? undefined : await resolvePolicy(policyName)
  return receive({
    at: parseAddress(listen),
    ...peerSettings(options),
    host: { ...host, file: hostFile === undefined ? null : hostOf(hostFile, hostName) },
    ...(policy && { policy }),
    ...(options.for !== undefined && { forNs: options.for }),
    ...(realTime && { realTime }),
    onEvent: (text) => note(`${text}\n`),
  })
}

function hostOf(file: string, name: string | undefined): HostChoice['file'] {
  const path = scenarioPath(file)
  return hostOfScenario(readScenarioText(path), resolve(path), name)
}

function show(received: Received, { json, plot, console: toFile }: Options): number {
  const outcome = outcomeOf(received.run, received.policy)
  writeConsole(toFile, received.run)
  if (!received.settled)
    note(
      'the source has not said that it knows; if it asks later, let `receive` listen with the same journal\n',
    )
  if (json)
    print(jsonText({ ...(runJson(outcome) as { [key: string]: Json }), migration: receivedJson(received) }))
  else print(runText(outcome, { style: styleOf(process.stdout), plot: plot === true }))
  if (json && plot) note(`${plotLines(received.run, { style: styleOf(process.stderr) }).join('\n')}\n`)
  return outcome.verdict === 'pass' ? EXIT.held : EXIT.failed
}

const FREQUENCIES = { 'tsc-frequency': 'tscHz', 'timebase-frequency': 'timebaseHz' } as const

/** A commander argument: as `--host` of restore, and frequencies. */
function parseOwnHost(text: string): Omit<HostChoice, 'file'> {
  const choice: Record<string, string> = {}
  const clocks: string[] = []
  for (const part of text.split(',')) {
    const [key = '', value = ''] = part.split('=', 2)
    const field = Object.hasOwn(FREQUENCIES, key) ? FREQUENCIES[key as keyof typeof FREQUENCIES] : null
    if (!field) clocks.push(part)
    else if (field in choice) throw new InputError(`the host's ${key} is given twice; expected it once`)
    else choice[field] = `${frequency(key, value)}`
  }
  const values = clocks.length > 0 ? parseHost(clocks.join(',')) : {}
  for (const [key, value] of Object.entries(values)) choice[key] = `${value}`
  return choice
}

function frequency(key: string, text: string): bigint {
  let hz: bigint
  try {
    hz = parseHz(text)
  } catch (error) {
    if (error instanceof UnitError) throw new InputError(`the host's ${key}: ${error.message}`)
    throw error
  }
  const most = key === 'tsc-frequency' ? 16_000_000_000n : 4_290_000_000n
  if (hz >= 1000n && hz <= most) return hz
  throw new InputError(`the host's ${key}=${text}; expected 1 kHz to ${most} Hz`)
}
