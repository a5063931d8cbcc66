import { resolve } from 'node:path'
import type { Command } from 'commander'
import { resolvePolicy } from '../policy/index.js'
import { type Json, jsonText } from '../report/json.js'
import { formatBytes, formatDurationNs, parseScenario } from '../scenario/index.js'
import { libraryNames, scenarioPath } from '../scenario/library.js'
import { readScenarioText } from '../scenario/load.js'
import { type Snapshot, saveSnapshotAsync, takeSnapshot } from '../snapshot/index.js'
import { addCodeOptions, type CodeOptions, codeOf } from './code.js'
import { print } from './output.js'
import { parseDuration, parseSeed, underPolicies } from './simulate.js'

interface Options extends CodeOptions {
  guest?: string
  at: bigint
  output: string
  gzip?: true
  policy?: string
  seed?: number
  json?: true
}

const EXAMPLES = `
Example:
  $ chronovisor save xen-good-lower --at 30s -o guest.chv
  $ chronovisor save power-running --code g=linux.elf --at 5s -o linux.chv`

export function addSave(program: Command): void {
  const command = program
    .command('save')
    .summary('run a scenario up to an instant and save a guest to a file')
    .description(
      'Runs a scenario up to an instant, stops a guest there as a `save` event would, and writes it to a file.',
    )
    .argument('<scenario>', 'a name that `list` shows, or the path of a YAML file')
    .requiredOption('--at <true time>', 'when, such as 10min or "1 h 30 min"', parseDuration)
    .requiredOption('-o, --output <file>', 'where to; a file of that name is replaced in one step')
    .option('--guest <guest>', 'which; default: the first that is not dom0')
    .option('--gzip', 'smaller and slower')
    .option('--policy <policy>', 'in place of every guest’s own: a name that `policies` shows, or ./mine.ts')
    .option('--seed <n>', 'draws the scenario’s ranges, in place of its own seed', parseSeed)
    .option('--json', 'one JSON document on stdout')
  addCodeOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, options: Options) => {
      const { guest, at, output, gzip, policy: policyName, seed, json } = options
      const path = scenarioPath(name)
      const text = readScenarioText(path)
      const seeded = seed === undefined ? {} : { seed }
      // A path of this installation says nothing in another; one of the user's leads to his policies.
      const fileName = libraryNames().includes(name) ? name : resolve(path)
      const scenario = parseScenario(text, path, seeded)
      const policy = policyName === undefined ? null : await resolvePolicy(policyName)
      const code = codeOf(options, scenario)
      const chosen = { ...(guest && { guest }), ...(code && { code }), atNs: at }
      const snapshot = await underPolicies(scenario, policy, (how) =>
        takeSnapshot({ text, fileName, ...seeded }, { ...how, ...chosen }),
      )
      const bytes = await saveSnapshotAsync(output, snapshot, { gzip: gzip === true })
      print(json ? jsonText(savedJson(snapshot, output, bytes)) : savedText(snapshot, output, bytes))
    })
}

function savedText({ scenario, world }: Snapshot, file: string, bytes: number): string {
  const { guest, atNs } = world
  const size = formatBytes(BigInt(bytes))
  return `${file}: guest ${guest.name} of ${scenario.name}, saved on ${guest.host} at ${formatDurationNs(atNs)} by ${guest.policy}, ${size}\n`
}

function savedJson({ scenario, world }: Snapshot, file: string, bytes: number): Json {
  const { guest, atNs, hosts } = world
  const host = hosts.find(({ name }) => name === guest.host)!
  return {
    file,
    bytes,
    scenario: scenario.name,
    seed: scenario.seed,
    guest: guest.name,
    runs: guest.code ? 'machine code' : 'a kernel model',
    at_true_ns: `${atNs}`,
    policy: guest.policy,
    saved: Object.fromEntries(Object.entries(guest.clocks).map(([key, value]) => [key, `${value}`])),
    host: {
      name: host.name,
      uptime_ns: `${host.uptimeNs}`,
      wall_ns: `${host.wallNs}`,
      tsc: `${host.tsc}`,
      timebase: `${host.timebase}`,
    },
  }
}
