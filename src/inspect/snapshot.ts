/** chronovisor's own snapshots: the scenario is in them, so what a host would make of them is a run of it. */
import { builtInPolicy, policyNames } from '../policy/index.js'
import type { ReadClock } from '../scenario/types.js'
import { formatHz } from '../scenario/units.js'
import { FLAG_GZIP, HEADER_BYTES, Kind, MAGIC } from '../snapshot/format.js'
import { loadMachine, loadSnapshot, restoreSnapshot, type Snapshot, saveSnapshot } from '../snapshot/index.js'
import { StreamError } from '../stream/error.js'
import { StreamFile } from '../stream/file.js'
import type { HostClockValues, SavedHost } from '../world/index.js'
import type { Changed, Format, Inspection, Resumed, ResumedClock, Section } from './format.js'
import { instantText, secondsText } from './text.js'

const FLAGS_AT = 10
const KIND_AT = 12

export const snapshotFormat: Format = {
  id: 'chronovisor',
  title: 'a snapshot of chronovisor',
  recognises: (head) => MAGIC.equals(head.subarray(0, MAGIC.length)),
  inspect: (path) => (isMachine(path) ? inspectMachine(path) : inspectGuest(loadSnapshot(path))),
  fields: [{ name: 'clocks.NAME', form: 'a whole number of at most 64 bits' }],
  change,
}

function isMachine(path: string): boolean {
  return headOf(path).readUInt32LE(KIND_AT) === Kind.machine
}

function isGzip(path: string): boolean {
  return (headOf(path).readUInt16LE(FLAGS_AT) & FLAG_GZIP) !== 0
}

/** With zeros for what a shorter file has not: its reader says what is wrong with it. */
function headOf(path: string): Buffer {
  const file = new StreamFile(path)
  try {
    return Buffer.concat([file.peek(HEADER_BYTES), Buffer.alloc(HEADER_BYTES)])
  } finally {
    file.close()
  }
}

function inspectMachine(path: string): Inspection {
  const machine = loadMachine(path)
  const { nowNs, hash } = machine
  return {
    format: snapshotFormat.id,
    title: 'a machine of chronovisor, all of it',
    sections: [{ title: 'saved', rows: [{ name: 'true time', value: secondsText(nowNs) }] }],
    details: { kind: 'machine', true_ns: nowNs, state_hash: hash },
    policies: [],
    time: null,
  }
}

function inspectGuest(snapshot: Snapshot): Inspection {
  const { scenario, world } = snapshot
  const { guest, atNs, hosts } = world
  return {
    format: snapshotFormat.id,
    title: `guest ${guest.name} of the scenario ${scenario.name}, saved by chronovisor`,
    sections: [
      {
        title: 'saved',
        rows: [
          { name: 'true time', value: secondsText(atNs) },
          { name: 'host', value: guest.host },
          { name: 'policy', value: guest.policy },
          ...Object.entries(guest.clocks).map(([name, value]) => ({ name, value: `${value}` })),
        ],
      },
      ...hosts.map((host) => hostSection(snapshot, host)),
    ],
    details: {
      kind: 'guest',
      scenario: scenario.name,
      guest: guest.name,
      host: guest.host,
      policy: guest.policy,
      true_ns: atNs,
      clocks: guest.clocks,
      hosts: hosts.map(({ name, uptimeNs, wallNs, tsc, timebase }) => {
        return { name, uptime_ns: uptimeNs, wall_ns: wallNs, tsc, timebase }
      }),
    },
    policies: [{ policy: guest.policy, because: 'it saved the guest, and the file says so' }],
    time: null,
    resume: (host) => resume(snapshot, host),
  }
}

function hostSection({ scenario }: Snapshot, { name, uptimeNs, wallNs, tsc, timebase }: SavedHost): Section {
  const spec = scenario.hosts.find((one) => one.name === name)!
  const rows = [
    { name: 'uptime', value: secondsText(uptimeNs) },
    { name: 'wall clock', value: instantText(wallNs) },
  ]
  if (spec.tsc) rows.push({ name: 'TSC', value: `${tsc} at ${formatHz(spec.tsc.frequencyHz)}` })
  if (spec.timebase)
    rows.push({ name: 'timebase', value: `${timebase} at ${formatHz(spec.timebase.frequencyHz)}` })
  return { title: `host ${name}, ${spec.hypervisor}`, rows }
}

const CLOCK = /^clocks\.(.*)$/
const VALUE = /^(-?\d{1,20}|0x[\da-f]{1,16})$/i

/** What the policy has written, one value after the other; all else comes out as it was. */
function change(path: string, out: string, changes: ReadonlyMap<string, string>): Changed[] {
  const snapshot = loadSnapshot(path)
  const { world } = snapshot
  const clocks = { ...world.guest.clocks }
  const changed = [...changes].map(([field, text]): Changed => {
    const refuse = (detail: string): never => {
      throw new StreamError(path, `--set ${field}`, detail)
    }
    const name = CLOCK.exec(field)?.[1]
    const from = name !== undefined && Object.hasOwn(clocks, name) ? clocks[name] : undefined
    const names = Object.keys(clocks).map((one) => `clocks.${one}`)
    if (from === undefined) return refuse(`there is no such field in it; expected one of ${names.join(', ')}`)
    const value = VALUE.test(text) ? BigInt(text) : 1n << 64n
    if (value >= 1n << 64n || value < -(1n << 63n))
      refuse(`${JSON.stringify(text)} does not fit; expected a whole number of at most 64 bits`)
    clocks[name!] = value
    return { field, from: `${from}`, to: `${value}` }
  })
  saveSnapshot(
    out,
    { ...snapshot, world: { ...world, guest: { ...world.guest, clocks } } },
    { gzip: isGzip(path) },
  )
  return changed
}

/** Restored at the instant of its save: on its own host, and on the one that is asked for. */
function resume(snapshot: Snapshot, host: HostClockValues): Resumed {
  const name = snapshot.world.guest.policy
  if (!policyNames().includes(name))
    throw new StreamError(
      snapshot.fileName,
      'section SAVE',
      `the policy ${name} is not built in; expected one that is, or \`restore --policy\` with its file`,
    )
  const policy = builtInPolicy(name)
  const clocksOn = (options: { readonly host?: HostClockValues }) =>
    restoreSnapshot(snapshot, { policy, forNs: 0n, ...options }).guests[0]!.clocks
  const saved = clocksOn({})
  const resumed = clocksOn({ host })
  const clocks = (Object.keys(resumed) as ReadClock[]).map((clock): ResumedClock => {
    const unit = clock === 'counter' ? 'ticks' : WALL.has(clock) ? 'ns since the epoch' : 'ns'
    return { name: clock, unit, saved: saved[clock]!, resumed: resumed[clock]! }
  })
  return { host, policy: name, clocks: clocks.filter((clock) => clock.name !== 'jiffies') }
}

const WALL: ReadonlySet<ReadClock> = new Set(['realtime', 'gettimeofday'])
