/** A saved guest as sections and back; what is read is held against the scenario that is in the same file. */
import { type GuestImage, Machine } from '../core/machine.js'
import { PAGE, type SparseMemory } from '../core/sparse.js'
import { ObservationLog, RECORD_BYTES, Seen } from '../observation/log.js'
import { PowerMachine, type PowerMake } from '../power/machine.js'
import { ScenarioError } from '../scenario/error.js'
import { parseScenario } from '../scenario/parse.js'
import type { GuestSpec, Scenario } from '../scenario/types.js'
import type { Correction, SavedGuest, SavedHost, SavedWorld, Stop } from '../world/index.js'
import { MACHINE_CODE, PROGRAMS } from '../world/index.js'
import { type ByteReader, ByteWriter } from './bytes.js'
import { codeSections, readCode, textSection } from './code.js'
import { SnapshotError } from './error.js'
import {
  CAUSES,
  CORRECTIONS,
  type Content,
  Kind,
  MAX_CLOCKS,
  MAX_STOPS,
  type Sections,
  VARIANTS,
} from './format.js'
import { MAX_MEMORY, MAX_POWER_MEMORY, readMemory, writeMemory } from './memory.js'
import { type Frame, readFrame, readFrameAsync } from './read.js'
import { encode, type SaveOptions, writeFile, writeFileAsync } from './write.js'

/** The text of a scenario and how it was read. */
export interface ScenarioSource {
  readonly text: string
  /** What errors and reports call it; the policies it names by path are looked for beside it. */
  readonly fileName: string
  readonly seed?: number
}

/** A guest between two hosts, with the scenario it lives in. */
export interface Snapshot {
  /** Of the file, or of the scenario for one that is not in a file yet. */
  readonly fileName: string
  readonly source: ScenarioSource & { readonly seed: number }
  readonly scenario: Scenario
  readonly world: SavedWorld
}

/** Writes a snapshot, all of it or nothing. Returns the number of bytes written. Throws SnapshotError. */
export function saveSnapshot(path: string, snapshot: Snapshot, options: SaveOptions = {}): number {
  return writeFile(path, encode(kindOf(snapshot.world.guest), sectionsOf(snapshot), options))
}

/** The same, in less time where it is large: the snapshot, and the machine it was taken of, must not change meanwhile. */
export async function saveSnapshotAsync(
  path: string,
  snapshot: Snapshot,
  options: SaveOptions = {},
): Promise<number> {
  return writeFileAsync(path, encode(kindOf(snapshot.world.guest), sectionsOf(snapshot), options))
}

const kindOf = ({ code }: SavedGuest): number => (code ? Kind.code : Kind.guest)

/** Reads a snapshot. Throws SnapshotError. */
export function loadSnapshot(path: string): Snapshot {
  return snapshotOf(readFrame(path, Kind.guest, Kind.code))
}

/** The same, in less time where it is large. */
export async function loadSnapshotAsync(path: string): Promise<Snapshot> {
  return snapshotOf(await readFrameAsync(path, Kind.guest, Kind.code))
}

function snapshotOf(frame: Frame): Snapshot {
  const memory = frame.one('MEMO')
  return readSnapshot(frame, readScenario(frame), 'save', {
    // A guest that a `save` event stopped runs again after a restore, whatever it did before.
    wasRunning: true,
    memory: readMemory(memory, frame.kind === Kind.code ? MAX_POWER_MEMORY : MAX_MEMORY),
    refuseMemory: (detail) => memory.refuse(detail),
    log: frame.one('SEEN'),
    ...(frame.kind === Kind.code && { text: frame.one('TEXT') }),
  })
}

/** What is not in the sections of a guest in flight. */
export interface Cargo {
  readonly wasRunning: boolean
  readonly memory: SparseMemory
  /** The machine that has the memory already. */
  readonly arrived?: Machine | PowerMachine
  /** Says what is wrong with the memory. */
  readonly refuseMemory: (detail: string) => never
  /** Observations, in the core's layout. */
  readonly log: ByteReader
  /** Of machine code: what it printed, one byte a character. */
  readonly text?: ByteReader
}

/** From the sections that `guestSections` gives; the last stop is for `cause`. Throws SnapshotError. */
export function readSnapshot(
  frame: Frame,
  { scenario, source }: Pick<Snapshot, 'scenario' | 'source'>,
  cause: 'save' | 'migrate',
  cargo: Cargo,
): Snapshot {
  const hosts = readHosts(frame, scenario)
  const { atNs, ...save } = readSave(frame, scenario)
  const spec = scenario.guests.find(({ name }) => name === save.name)!
  const { memory, arrived, text } = cargo
  const code = text && readCode(frame, text)
  if (code && scenario.system !== 'power')
    throw new SnapshotError(
      frame.fileName,
      'section SCEN',
      `machine code runs on ${scenario.system} here; expected Power`,
    )
  const expected = code?.make.ramBytes ?? spec.memoryBytes
  if (memory.size !== expected)
    cargo.refuseMemory(
      `the memory has ${memory.size} bytes; expected the ${code ? 'machine' : 'scenario'}’s ${expected}`,
    )
  const { image, bootCounter } = readGuest(frame, spec, code?.make)
  const { told } = code ?? {}
  const guest: SavedGuest = {
    ...save,
    bootCounter,
    image: { ...image, memory, ...(arrived instanceof Machine && { arrived }) },
    ...(code && { code: { ...code, ...(arrived instanceof PowerMachine && { arrived }) } }),
    wasRunning: cargo.wasRunning,
    ...readLife(frame.one('LIFE'), cause),
    log: readLog(cargo.log, (told?.readers ?? spec.read).length, (told?.sleepers ?? spec.sleep).length),
  }
  return { fileName: frame.fileName, source, scenario, world: { atNs, hosts, guest } }
}

// ---- writing

function sectionsOf(snapshot: Snapshot): Sections {
  const { source, world } = snapshot
  const { log, image } = world.guest
  return [
    ['SCEN', new ByteWriter().text(source.fileName).text(source.text).u64(BigInt(source.seed)).parts],
    ...guestSections(world),
    ...(world.guest.code ? [textSection(world.guest.code)] : []),
    ['SEEN', [log.records()]],
    ['MEMO', writeMemory(image.memory)],
  ]
}

/** What a guest in flight takes with it last: its scenario, its memory and what it saw have gone before. */
export function guestSections(world: SavedWorld): Sections {
  const { guest } = world
  return [
    ...world.hosts.map((host) => ['HOST', hostContent(host)] as const),
    ['SAVE', saveContent(world)],
    ['GUST', guestContent(guest)],
    ['LIFE', lifeContent(guest)],
    ...(guest.code ? codeSections(guest.code) : []),
  ]
}

function hostContent(host: SavedHost): Content {
  return new ByteWriter()
    .text(host.name)
    .u8(host.syncsWall ? 1 : 0)
    .u8(host.epochSystemTime ? 1 : 0)
    .u64(host.wallRatePpb)
    .u64(host.uptimeNs)
    .u64(host.wallNs)
    .u64(host.tsc)
    .u64(host.timebase)
    .blob(host.state).parts
}

function saveContent({ atNs, guest }: SavedWorld): Content {
  const clocks = Object.entries(guest.clocks)
  const content = new ByteWriter()
    .u64(atNs)
    .text(guest.name)
    .text(guest.host)
    .text(guest.policy)
    .u8(VARIANTS.indexOf(guest.variant))
    .u8(guest.suspended ? 1 : 0)
    .u32(clocks.length)
  for (const [name, value] of clocks) content.text(name).i128(value)
  return content.parts
}

function guestContent({ image, bootCounter }: SavedGuest): Content {
  return new ByteWriter()
    .u32(image.vcpus)
    .u32(image.program)
    .u64(image.stoppedAtNs)
    .u64(image.stoppedTotalNs)
    .u64(bootCounter)
    .blob(image.state).parts
}

function lifeContent({ stops, corrections }: SavedGuest): Content {
  const content = new ByteWriter().u32(stops.length)
  for (const { fromNs, untilNs, cause, resumed, fromHost, toHost } of stops) {
    content
      .u64(fromNs)
      .u64(untilNs)
      .u8(CAUSES.indexOf(cause))
      .u8(resumed ? 1 : 0)
    content.text(fromHost).text(toHost)
  }
  content.u32(corrections.length)
  for (const { atNs, by } of corrections) content.u64(atNs).u8(CORRECTIONS.indexOf(by))
  return content.parts
}

// ---- reading

function readScenario(frame: Frame) {
  const from = frame.one('SCEN')
  const fileName = from.text('the file name')
  const text = from.text('the scenario')
  const seed = from.u64('the seed')
  if (seed > BigInt(Number.MAX_SAFE_INTEGER))
    from.refuse(`the seed is ${seed}; expected at most ${Number.MAX_SAFE_INTEGER}`, 8)
  from.end()
  const source = { text, fileName, seed: Number(seed) }
  try {
    return { source, scenario: parseScenario(text, fileName, { seed: source.seed }) }
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error
    throw new SnapshotError(frame.fileName, 'section SCEN', `its scenario is not one: ${error.message}`)
  }
}

let sizes:
  | { readonly hostBytes: number; readonly guestBytes: number; readonly powerBytes: number }
  | undefined

/** Of the cores' states: they are the same in every instance. */
function layout() {
  if (sizes) return sizes
  const { core } = new Machine()
  const [begin, guest, end] = [core.address_state(), core.address_guest(), core.address_state_end()]
  const { length: powerBytes } = new PowerMachine({ ramBytes: PAGE }).state
  sizes = { hostBytes: guest - begin, guestBytes: end - guest, powerBytes }
  return sizes
}

function readHosts(frame: Frame, scenario: Scenario): SavedHost[] {
  const most = layout().hostBytes
  const hosts = frame.all('HOST').map((from): SavedHost => {
    const host = {
      name: from.text('the name of a host'),
      syncsWall: from.flag('syncs_wall'),
      epochSystemTime: from.flag('epoch_system_time'),
      wallRatePpb: from.i64('the rate of the wall clock'),
      uptimeNs: from.u64('the uptime'),
      wallNs: from.u64('the wall clock'),
      tsc: from.u64('the TSC'),
      timebase: from.u64('the timebase'),
      state: from.blob('the state'),
    }
    const { length } = host.state
    if (length > most) from.refuse(`the state has ${length} bytes; expected at most ${most}`, length)
    from.end()
    return host
  })
  const [found, expected] = [hosts, scenario.hosts].map((some) => some.map(({ name }) => name).join(', '))
  if (found !== expected)
    throw new SnapshotError(frame.fileName, 'section HOST', `there are ${found}; expected ${expected}`)
  return hosts
}

function readSave(frame: Frame, scenario: Scenario) {
  const from = frame.one('SAVE')
  const atNs = from.u64('the true time')
  if (atNs > scenario.durationNs)
    from.refuse(`it was saved at ${atNs} ns; expected an instant of the scenario`, 8)
  const oneOf = (what: string, names: readonly string[]): string => {
    const name = from.text(what)
    if (!names.includes(name))
      from.refuse(`${what} is ${JSON.stringify(name)}; expected one of ${names.join(', ')}`)
    return name
  }
  const name = oneOf(
    'the guest',
    scenario.guests.map((guest) => guest.name),
  )
  const host = oneOf(
    'the host',
    scenario.hosts.map((one) => one.name),
  )
  const policy = from.text('the policy')
  const variant = numbered(from, 'the variant', VARIANTS)
  const suspended = from.flag('suspended')
  const clocks: [string, bigint][] = []
  for (let left = from.count('saved values', 20, MAX_CLOCKS); left > 0; left--)
    clocks.push([from.text('the name of a value'), from.i128('a value')])
  from.end()
  return { atNs, name, host, policy, variant, suspended, clocks: Object.fromEntries(clocks) }
}

/** `make`: of a guest that runs machine code. */
function readGuest(
  frame: Frame,
  spec: GuestSpec,
  make: PowerMake | undefined,
): { readonly image: Omit<GuestImage, 'memory'>; readonly bootCounter: bigint } {
  const from = frame.one('GUST')
  const number = (what: string, expected: number): number => {
    const value = from.u32(what)
    const whose = make ? 'machine' : 'scenario'
    if (value !== expected) from.refuse(`${what} is ${value}; expected the ${whose}’s ${expected}`, 4)
    return value
  }
  const vcpus = number('the number of vCPUs', make?.cpus ?? spec.vcpus)
  const program = number('the program', make ? MACHINE_CODE : PROGRAMS[spec.kernel])
  const stoppedAtNs = from.u64('the instant of the stop')
  const stoppedTotalNs = from.u64('the time it has been stopped')
  const bootCounter = from.u64('the counter at boot')
  const state = from.blob('the state')
  const expected = make ? layout().powerBytes : layout().guestBytes
  if (make ? state.length > expected : state.length !== expected)
    from.refuse(
      `the state has ${state.length} bytes; expected ${make ? 'at most ' : ''}${expected}`,
      state.length,
    )
  from.end()
  return { bootCounter, image: { vcpus, program, stoppedAtNs, stoppedTotalNs, state } }
}

function readLife(from: ByteReader, cause: Stop['cause']): Pick<SavedGuest, 'stops' | 'corrections'> {
  const stops: Stop[] = []
  for (let left = from.count('stops', 26, MAX_STOPS); left > 0; left--) {
    stops.push({
      fromNs: from.u64('the begin of a stop'),
      untilNs: from.u64('the end of a stop'),
      cause: numbered(from, 'the cause of a stop', CAUSES),
      resumed: from.flag('resumed'),
      fromHost: from.text('the host of a stop'),
      toHost: from.text('the host after a stop'),
    })
  }
  if (stops.at(-1)?.cause !== cause)
    from.refuse(`the last stop is no ${cause}; expected the one it was saved in`)
  const corrections: Correction[] = []
  for (let left = from.count('corrections', 9, MAX_STOPS); left > 0; left--) {
    corrections.push({
      atNs: from.u64('the instant of a correction'),
      by: numbered(from, 'the cause of a correction', CORRECTIONS),
    })
  }
  from.end()
  return { stops, corrections }
}

function numbered<T extends string>(from: ByteReader, what: string, names: readonly T[]): T {
  const index = from.u8(what)
  return names[index] ?? from.refuse(`${what} is ${index}; expected 0 to ${names.length - 1}`, 1)
}

function readLog(from: ByteReader, readers: number, sleepers: number): ObservationLog {
  const count = Math.floor(from.left / RECORD_BYTES)
  const bytes = from.bytes(count * RECORD_BYTES, 'observations')
  from.end()
  const log = new ObservationLog()
  log.append(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), count)
  for (let i = 0; i < log.length; i++) {
    const kind = log.kind(i)
    const most = kind === Seen.read ? readers : kind === Seen.sleep || kind === Seen.wake ? sleepers : null
    if (most !== null && log.index(i) >= most)
      from.refuse(`observation ${i} is of number ${log.index(i)}; expected less than ${most}`)
  }
  return log
}
