import { closeSync, openSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import {
  type CopyLimits,
  MIN_BANDWIDTH,
  type Migrated,
  migrate,
  type Origin,
  originOfScenario,
  originOfSnapshot,
  parseAddress,
  type Recovered,
  type Round,
  recoverMigration,
  type SourceRecord,
} from '../migration/index.js'
import { type ClockPolicy, policyNames, resolvePolicy } from '../policy/index.js'
import { type Json, jsonText, runJson } from '../report/json.js'
import {
  migratedJson,
  migratedText,
  recoveredJson,
  recoveredText,
  roundHead,
  roundLine,
} from '../report/migration.js'
import { outcomeOf } from '../report/outcome.js'
import { runText } from '../report/text.js'
import { parseScenario, type Scenario } from '../scenario/index.js'
import { libraryNames, scenarioPath } from '../scenario/library.js'
import { readScenarioText } from '../scenario/load.js'
import { parseBytes, UnitError } from '../scenario/units.js'
import { loadSnapshot, type ScenarioSource } from '../snapshot/index.js'
import type { Code, RunResult } from '../world/index.js'
import { addCodeOptions, type CodeOptions, codeOf, codeOfRecord, codeRecord } from './code.js'
import { EXIT, InputError, note, print, styleOf, withProgress } from './output.js'
import { addPeerOptions, type PeerOptions, peerSettings } from './peers.js'
import { policyFor } from './restore.js'
import { parseDuration, parseSeed, underPolicies } from './simulate.js'

interface Options extends PeerOptions, CodeOptions {
  to?: string
  at?: bigint
  guest?: string
  policy?: string
  seed?: number
  bandwidth?: bigint
  downtime?: bigint
  rounds?: number
  autoConverge?: true
  realTime?: true
  recover?: string
  decide?: string
  progress?: true
  json?: true
}

export function addMigrate(program: Command, end: (status: number) => void): void {
  const command = program
    .command('migrate')
    .summary('move a running guest to another process, where `receive` listens')
    .description(
      'Runs a scenario, or a guest from a snapshot, up to an instant, and moves a guest to another process while it runs. Ends with 0 if the other side has it. If not, the guest runs on here, and it ends with 2.',
    )
    .argument('[from]', 'a name that `list` shows, the path of a YAML file, or a file that `save` wrote')
    .option('--to <host:port>', 'where `receive` listens')
    .option(
      '--at <true time>',
      'when it begins; default: when the scenario migrates the guest',
      parseDuration,
    )
    .option('--guest <guest>', 'which; default: the first that is not dom0')
    .option('--policy <policy>', 'in place of every guest’s own: a name that `policies` shows, or ./mine.ts')
    .option('--seed <n>', 'draws the scenario’s ranges, in place of its own seed', parseSeed)
    .option('--bandwidth <bytes>', 'a second of true time; default: 128 MiB', parseBandwidth)
    .option(
      '--downtime <duration>',
      'the guest is stopped when the rest takes no longer; default: 300 ms',
      parseDuration,
    )
    .option('--rounds <n>', 'or after so many rounds; default: 30', parseRounds)
    .option('--auto-converge', 'slow the guest down if it writes faster than memory can be sent')
    .option('--real-time', 'the guest runs no faster than real time')
    .option('--recover <journal>', 'go on with a migration that a crash or a silent destination cut off')
    .option('--decide <side>', 'with --recover: `here` or `there`, if the destination will never answer')
    .option('--progress', 'the rounds on stderr as they happen')
    .option('--json', 'one JSON document on stdout')
  addCodeOptions(command)
  addPeerOptions(command)
    .addHelpText('after', '\nExample:\n  $ chronovisor migrate kvm-migrate-realtime --to 127.0.0.1:7000')
    .action(async (from: string | undefined, options: Options) => {
      if (options.recover !== undefined) return end(await recover(options.recover, from, options))
      if (options.decide !== undefined)
        throw new InputError('--decide is about a journal; expected --recover too')
      if (from === undefined || options.to === undefined)
        throw new InputError('migrate needs a guest and a place; expected a scenario or a snapshot, and --to')
      end(await send(from, parseAddress(options.to), options))
    })
}

async function send(from: string, to: ReturnType<typeof parseAddress>, options: Options): Promise<number> {
  const { policy: policyName, realTime, json, progress } = options
  const policy = policyName === undefined ? null : await resolvePolicy(policyName)
  const showRound = process.stderr.isTTY || progress ? roundsOn() : undefined
  const migrated = await migrate(opened(from, await originOf(from, policy, options)), {
    to,
    ...peerSettings(options),
    limits: limitsOf(options),
    policyName: policyName === undefined ? null : keptName(policyName),
    ...optional('code', codeRecord(options)),
    ...(realTime && { realTime }),
    ...(showRound && { onRound: showRound }),
  })
  if (json) print(jsonText(withRun({ migration: migratedJson(migrated) }, migrated)))
  else
    print(
      migratedText(migrated, !showRound || !process.stdout.isTTY) +
        (migrated.run ? `\n${runReport(migrated.run)}` : ''),
    )
  return migrated.outcome === 'moved' ? EXIT.held : EXIT.input
}

/** Its world has come to the instant, which may take long. */
function opened(what: string, origin: Origin): Origin {
  let coming = true
  const world = withProgress(what, (show) =>
    origin.open((...progress) => {
      if (coming) show?.(...progress)
    }),
  )
  coming = false
  return { ...origin, open: () => world }
}

function roundsOn(): (round: Round) => void {
  return (round) => note(`${round.number === 0 ? `${roundHead()}\n` : ''}${roundLine(round)}\n`)
}

function withRun(document: { [key: string]: Json }, { run }: Pick<Migrated, 'run'>): Json {
  return { ...document, run: run && runJson(outcomeOf(run, null)) }
}

const runReport = (run: RunResult): string =>
  runText(outcomeOf(run, null), { style: styleOf(process.stdout), plot: false })

/** A module by its path, wherever the journal is read. */
const keptName = (name: string): string => (policyNames().includes(name) ? name : resolve(name))

async function originOf(from: string, policy: ClockPolicy | null, options: Options): Promise<Origin> {
  const { guest, at, seed } = options
  const chosen = { ...(guest !== undefined && { guest }), ...(at !== undefined && { atNs: at }) }
  if (isSnapshot(from)) {
    codeRefused(from, options)
    const snapshot = loadSnapshot(from)
    if (seed !== undefined || (guest !== undefined && guest !== snapshot.world.guest.name))
      throw new InputError(
        `${from}: a snapshot has one guest, ${snapshot.world.guest.name}; expected no other, and no --seed`,
      )
    return originOfSnapshot(snapshot, { ...chosen, policy: policy ?? (await policyFor(snapshot, undefined)) })
  }
  const path = scenarioPath(from)
  const text = readScenarioText(path)
  const fileName = libraryNames().includes(from) ? from : resolve(path)
  return originFrom({ text, fileName, ...(seed !== undefined && { seed }) }, policy, chosen, (scenario) =>
    codeOf(options, scenario),
  )
}

function codeRefused(file: string, { code, codeMemory, initrd, append }: CodeOptions): void {
  if ([code, codeMemory, initrd, append].every((option) => option === undefined)) return
  throw new InputError(
    `${file}: a snapshot has its guest’s machine; expected no --code, nor what goes with it`,
  )
}

async function originFrom(
  source: ScenarioSource,
  policy: ClockPolicy | null,
  chosen: { readonly guest?: string; readonly atNs?: bigint },
  codeIn: (scenario: Scenario) => ReadonlyMap<string, Code> | undefined,
): Promise<Origin> {
  const { text, fileName, seed } = source
  const scenario = parseScenario(text, fileName, seed === undefined ? {} : { seed })
  const code = optional('code', codeIn(scenario))
  return underPolicies(scenario, policy, ({ onProgress: _, ...options }) =>
    originOfScenario(source, { ...options, ...code, ...chosen }),
  )
}

/** The magic of a snapshot; what cannot be read here is told by who reads it next. */
function isSnapshot(path: string): boolean {
  if (libraryNames().includes(path)) return false
  try {
    const file = openSync(path, 'r')
    const magic = Buffer.alloc(8)
    const got = readSync(file, magic, 0, 8, 0)
    closeSync(file)
    return got === 8 && magic.toString('latin1').startsWith('\x89CHVS')
  } catch {
    return false
  }
}

// ---- recovery

async function recover(path: string, from: string | undefined, options: Options): Promise<number> {
  const { decide, to, json } = options
  if (from !== undefined) throw new InputError('the journal says what was migrated; expected no scenario')
  if (decide !== undefined && decide !== 'here' && decide !== 'there')
    throw new InputError(`--decide ${decide}; expected here or there`)
  const { security, timeoutMs } = peerSettings(options)
  const recovered: Recovered = await recoverMigration(path, {
    open: openAgain,
    security,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(to !== undefined && { to }),
    ...(decide !== undefined && { decide }),
  })
  if (json) print(jsonText(withRun({ migration: recoveredJson(recovered) }, recovered)))
  else print(recoveredText(recovered) + (recovered.run ? `\n${runReport(recovered.run)}` : ''))
  return recovered.outcome === 'doubt' ? EXIT.input : EXIT.held
}

async function openAgain(
  { origin, guest, policy: name, beginNs }: SourceRecord,
  snapshotPath: string,
): Promise<Origin> {
  const policy = name === null ? null : await resolvePolicy(name)
  const chosen = { guest, atNs: BigInt(beginNs) }
  if (origin.kind === 'scenario')
    return originFrom(
      origin,
      policy,
      chosen,
      (scenario) => origin.code && codeOfRecord(origin.code, scenario),
    )
  const snapshot = loadSnapshot(snapshotPath)
  return originOfSnapshot(snapshot, { ...chosen, policy: policy ?? (await policyFor(snapshot, undefined)) })
}

// ---- arguments

const optional = <K extends string, T>(key: K, value: T | undefined): { [key in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { [key in K]: T })

function limitsOf({ bandwidth, downtime, rounds, autoConverge }: Options): Partial<CopyLimits> {
  return {
    ...(bandwidth !== undefined && { bandwidth }),
    ...(downtime !== undefined && { downtimeNs: downtime }),
    ...(rounds !== undefined && { rounds }),
    ...(autoConverge && { autoConverge }),
  }
}

/** A commander argument: `128 MiB`, with or without `/s`. */
function parseBandwidth(text: string): bigint {
  let bytes: bigint
  try {
    bytes = parseBytes(text.replace(/\s*\/\s*s$/, ''))
  } catch (error) {
    if (error instanceof UnitError) throw new InputError(`the bandwidth: ${error.message}`)
    throw error
  }
  if (bytes >= MIN_BANDWIDTH) return bytes
  throw new InputError(`the bandwidth is ${text}; expected at least ${MIN_BANDWIDTH} bytes a second`)
}

function parseRounds(text: string): number {
  const rounds = Number(text)
  if (/^\d{1,4}$/.test(text) && rounds >= 1) return rounds
  throw new InputError(`the rounds ${JSON.stringify(text)}; expected a whole number from 1 to 9999`)
}
