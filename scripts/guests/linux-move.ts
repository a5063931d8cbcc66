/**
 * `npm run linux:move [-- --kernel linux-6.1] [--only TEXT] [--json]`: Debian's Linux moved live between two real processes,
 * `migrate` and `receive` of what was built to dist/, and saved by one and restored by another; each beside one world in
 * this process that does the same. Ends with 1 where state, console or a clock is another.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { codeOf } from '../../src/cli/code.js'
import { Seen } from '../../src/observation/log.js'
import { builtInPolicy, policies } from '../../src/policy/index.js'
import { parseScenario, type ReadClock, type Scenario, type ScenarioEvent } from '../../src/scenario/index.js'
import { type GuestResult, World } from '../../src/world/index.js'
import { guestFile, IMAGE_NAMES, type ImageName } from './images.js'

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', default: 'linux-6.1' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})
if (!(IMAGE_NAMES as string[]).includes(values.kernel))
  throw new Error(`--kernel ${values.kernel}; expected ${IMAGE_NAMES.join(', ')}`)

const textOf = ({ policy, vcpus, other }: Case) => {
  const hypervisor = policy === 'power-tcg' ? policy : 'power-kvm'
  const there = other
    ? 'timebase: { frequency: 500 MHz }, wall: { offset: 3 s }'
    : 'timebase: { frequency: 512 MHz }'
  return `
name: linux-move
title: "Debian's Linux on its way"
system: power
start: 2026-01-01T00:00:00Z
duration: 10 s
hosts:
  a: { hypervisor: ${hypervisor}, uptime: 30 d, timebase: { frequency: 512 MHz } }
  b: { hypervisor: ${hypervisor}, uptime: 2 d, ${there} }
guests:
  g: { on: a, kernel: linux-ppc64, memory: 256 MiB, vcpus: ${vcpus}, dec: { bits: 56 } }
`
}
const CLOCKS = ['realtime', 'monotonic', 'boottime', 'monotonic-raw'] as const satisfies ReadClock[]
const MS = 1_000_000n
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const options = {
  code: [`g=${guestFile(values.kernel as ImageName)}`],
  initrd: fileURLToPath(new URL('../../test/guests/linux/init.elf', import.meta.url)),
  append: 'console=hvc0 panic=-1 every=100 sleepers=700 spread=4 then=stay',
}
const MACHINE = ['--code', options.code[0]!, '--initrd', options.initrd, '--append', options.append]

interface Case {
  readonly title: string
  readonly policy: string
  readonly atNs: bigint
  readonly vcpus: number
  /** Live, 128 MiB a second; else it goes through a file. */
  readonly live: boolean
  /** The other host's timebase has another frequency, and its wall clock is 3 s ahead. */
  readonly other: boolean
}

const BANDWIDTH = '128 MiB'
const IDLE = { policy: 'power-running', atNs: 5000n * MS, vcpus: 1, live: true, other: false }

const CASES: readonly Case[] = [
  { ...IDLE, title: 'live, idle' },
  { ...IDLE, title: 'live, idle', policy: 'power-stopped' },
  { ...IDLE, title: 'live, while it boots', atNs: 300n * MS },
  { ...IDLE, title: 'live, 4 vCPUs', vcpus: 4 },
  { ...IDLE, title: 'through a file', policy: 'power-stopped', live: false },
  ...policies
    .filter(({ system }) => system === 'power')
    .map(({ name }) => ({
      ...IDLE,
      title: 'live, to a host of 500 MHz, 3 s ahead',
      policy: name,
      other: true,
    })),
]

interface Instants {
  readonly stopNs: bigint
  readonly saveNs: bigint
  readonly landNs: bigint
}

/** What `--json` prints of a move. */
export interface Row {
  readonly case: string
  readonly policy: string
  readonly rounds: number
  readonly pages: number
  readonly bytes: number
  /** Sent while it stood still. */
  readonly last_pages: number
  readonly downtime_true_ns: string
  /** From the stop to the other side's word that it owns the guest; null through a file. */
  readonly hand_over_real_ms: number | null
  readonly state_hash: string
  readonly console_bytes: number
  /** State and console are those of one world in one process. */
  readonly same: boolean
  /** How much further each clock went over the stop than true time did, ns; null: the guest never read it again. */
  readonly across_ns: Readonly<Record<string, string | null>>
  /**
   * That is what docs/linux-clocks.md says of power-running and power-stopped between like hosts; null: of anything else
   * it says what happens in one world, and here it is only held against that.
   */
  readonly as_documented: boolean | null
}

/** What came out of the processes. */
interface Moved extends Instants {
  readonly stateHash: string
  readonly console: string
  readonly figures: Pick<Row, 'rounds' | 'pages' | 'bytes' | 'last_pages' | 'hand_over_real_ms'>
}

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-linux-move-'))
const scenarioFile = join(folder, 'linux-move.yaml')
const consoleFile = join(folder, 'console.txt')

function chronovisor(args: readonly string[]): string {
  return execFileSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

// ---- two processes

interface MigrationJson {
  readonly stop_true_ns: string
  readonly save_true_ns: string
  readonly land_true_ns: string
  readonly rounds: readonly { readonly pages: number; readonly bytes: number }[]
  readonly last_pages: number
  readonly real_downtime_ms: number
}

async function live({ policy, atNs }: Case): Promise<Moved> {
  const [there, here] = [join(folder, 'there'), join(folder, 'here')]
  const receiver = spawn(process.execPath, [
    ...[main, 'receive', '--listen', '127.0.0.1:0', '--host-file', scenarioFile, '--host-name', 'b'],
    ...['--console', consoleFile, '--journal', there, '--json'],
  ])
  const received = output(receiver)
  const address = await listening(receiver)
  const source = spawn(process.execPath, [
    ...[main, 'migrate', scenarioFile, ...MACHINE, '--at', `${atNs} ns`, '--policy', policy, '--to', address],
    ...['--bandwidth', BANDWIDTH, '--downtime', '1 ms', '--journal', here, '--json'],
  ])
  const { migration } = JSON.parse(await output(source)) as { migration: MigrationJson }
  const run = JSON.parse(await received) as { guests: { g: { state_hash: string } } }
  const { rounds } = migration
  const sum = (of: (round: (typeof rounds)[number]) => number) =>
    rounds.reduce((all, one) => all + of(one), 0)
  return {
    stopNs: BigInt(migration.stop_true_ns),
    saveNs: BigInt(migration.save_true_ns),
    landNs: BigInt(migration.land_true_ns),
    stateHash: run.guests.g.state_hash,
    console: readFileSync(consoleFile, 'latin1'),
    figures: {
      rounds: rounds.length,
      pages: sum(({ pages }) => pages),
      bytes: sum(({ bytes }) => bytes),
      last_pages: migration.last_pages,
      hand_over_real_ms: migration.real_downtime_ms,
    },
  }
}

/** Rejects where it ends with anything but 0 or 1: with 1 a check of the guest's clocks fails, as some policies have it. */
function output(child: ChildProcess): Promise<string> {
  let [text, told] = ['', '']
  child.stdout!.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  child.stderr!.setEncoding('utf8').on('data', (more: string) => {
    told += more
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => (code === 0 || code === 1 ? resolve(text) : reject(new Error(told))))
  })
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let told = ''
    child.stderr!.on('data', (more: string) => {
      told += more
      const address = /listening at (\S+)/.exec(told)?.[1]
      if (address) resolve(address)
    })
  })
}

// ---- a file

function throughFile({ policy, atNs }: Case): Moved {
  const file = join(folder, 'linux.chv')
  const saved = [
    'save',
    scenarioFile,
    ...MACHINE,
    '--at',
    `${atNs} ns`,
    '--policy',
    policy,
    '-o',
    file,
    '--json',
  ]
  const { bytes } = JSON.parse(chronovisor(saved)) as { bytes: number }
  const run = JSON.parse(restored(file)) as { guests: { g: { state_hash: string } } }
  return {
    stopNs: atNs,
    saveNs: atNs,
    landNs: atNs + AFTER_NS,
    stateHash: run.guests.g.state_hash,
    console: readFileSync(consoleFile, 'latin1'),
    figures: { rounds: 0, pages: 0, bytes, last_pages: 0, hand_over_real_ms: null },
  }
}

const AFTER_NS = 2000n * MS

/** It ends with 1 where a check fails, as two seconds that a clock lost make it. */
function restored(file: string): string {
  const after = ['--after', `${AFTER_NS} ns`, '--console', consoleFile, '--json']
  try {
    return chronovisor(['restore', file, ...after])
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string }
    if (status !== 1) throw error
    return stdout
  }
}

// ---- one world

function alone(one: Case, { stopNs, saveNs, landNs }: Instants): GuestResult {
  const scenario: Scenario = parseScenario(textOf(one), scenarioFile)
  const { position } = scenario.guests[0]!
  const stopToSaveNs = saveNs - stopNs
  const downtimeNs = landNs - stopNs
  const moves: ScenarioEvent[] = one.live
    ? [{ kind: 'migrate', guest: 'g', to: 'b', atNs: stopNs, stopToSaveNs, downtimeNs, position }]
    : [
        { kind: 'save', guest: 'g', atNs: saveNs, position },
        { kind: 'restore', guest: 'g', on: 'a', atNs: landNs, position },
      ]
  // What is restored later runs as long as it would have.
  const durationNs = scenario.durationNs + (one.live ? 0n : downtimeNs)
  const events = [...scenario.events, ...moves]
  const code = codeOf(options, scenario)!
  return new World({ ...scenario, durationNs, events }, { policy: builtInPolicy(one.policy), code }).run()
    .guests[0]!
}

function across({ observations, readers, stops }: GuestResult, clock: ReadClock): bigint | null {
  const index = readers.findIndex((one) => one.clock === clock)
  const reads = [...observations.all(Seen.read)].filter((one) => one.index === index)
  const next = reads.findIndex(({ trueNs }) => trueNs >= stops[0]!.untilNs)
  const after = reads[next]
  if (!after) return null
  // Where it moved before its first reading, its clocks began with the boot, and the kernel's log says the rest.
  const before = reads[next - 1] ?? reads[next + 1]!
  return after.value - before.value - (after.trueNs - before.trueNs)
}

/** Clocks that stand still with their guest, or go on; between two readings there are some microseconds. */
function documented(
  { policy, other }: Case,
  acrossNs: readonly (bigint | null)[],
  stoodNs: bigint,
): boolean | null {
  if (other) return null
  const expected = policy === 'power-stopped' ? -stoodNs : 0n
  return acrossNs.every((ns) => ns !== null && ns - expected < 100_000n && ns - expected > -100_000n)
}

async function row(one: Case): Promise<Row> {
  writeFileSync(scenarioFile, textOf(one))
  const moved = one.live ? await live(one) : throughFile(one)
  const guest = alone(one, moved)
  const clocks = CLOCKS.map((clock) => [clock, across(guest, clock)] as const)
  const downtimeNs = moved.landNs - moved.stopNs
  const began = [...guest.observations.all(Seen.read)][0]!.trueNs < moved.stopNs
  return {
    case: one.title,
    policy: one.policy,
    ...moved.figures,
    downtime_true_ns: `${downtimeNs}`,
    state_hash: moved.stateHash,
    console_bytes: moved.console.length,
    same: moved.stateHash === guest.stateHash && moved.console === guest.console,
    across_ns: Object.fromEntries(clocks.map(([clock, ns]) => [clock, ns === null ? null : `${ns}`])),
    as_documented: documented(
      one,
      clocks.map(([, ns]) => ns),
      began ? downtimeNs : 0n,
    ),
  }
}

const rows: Row[] = []
try {
  for (const one of CASES) {
    const name = `${one.title}, ${one.policy}`
    if (!name.includes(values.only)) continue
    if (process.stderr.isTTY) process.stderr.write(`${name}\n`)
    rows.push(await row(one))
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const ms = (ns: string) => `${(Number(ns) / 1e6).toFixed(3)} ms`

function lines(one: Row): string {
  const sent = `${(one.bytes / 2 ** 20).toFixed(1)} MiB`
  const how =
    one.hand_over_real_ms === null
      ? `a file of ${sent}`
      : `${one.rounds} rounds, ${one.pages} pages, ${sent}, then ${one.last_pages} pages; handed over in ${one.hand_over_real_ms.toFixed(0)} ms`
  const clocks = Object.entries(one.across_ns).map(
    ([clock, ns]) => `${clock} ${ns === null ? 'never read again' : ms(ns)}`,
  )
  return `${one.case}, ${one.policy}: ${how}
  stood still for ${ms(one.downtime_true_ns)}; over that: ${clocks.join(', ')}${one.as_documented === false ? ', NOT as documented' : ''}
  state ${one.state_hash}, ${one.console_bytes} bytes of console: ${one.same ? 'those of one world' : 'NOT those of one world'}`
}

console.log(values.json ? JSON.stringify({ moves: rows }, null, 2) : rows.map(lines).join('\n'))
process.exitCode = rows.length > 0 && rows.every((one) => one.same && one.as_documented !== false) ? 0 : 1
