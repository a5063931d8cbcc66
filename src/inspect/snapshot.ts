/** chronovisor's own snapshots: the scenario is in them, so what a host would make of them is a run of it. */
import { builtInPolicy, policyNames } from '../policy/index.js'
import type { ReadClock } from '../scenario/types.js'
import { formatHz } from '../scenario/units.js'
import { Kind, MAGIC } from '../snapshot/format.js'
import { loadMachine, loadSnapshot, restoreSnapshot, type Snapshot } from '../snapshot/index.js'
import { StreamError } from '../stream/error.js'
import { StreamFile } from '../stream/file.js'
import type { HostClockValues, SavedHost } from '../world/index.js'
import type { Format, Inspection, Resumed, ResumedClock, Section } from './format.js'
import { instantText, secondsText } from './text.js'

const KIND_AT = 12

export const snapshotFormat: Format = {
  id: 'chronovisor',
  title: 'a snapshot of chronovisor',
  recognises: (head) => MAGIC.equals(head.subarray(0, MAGIC.length)),
  inspect: (path) => (isMachine(path) ? inspectMachine(path) : inspectGuest(loadSnapshot(path))),
  fields: [],
}

function isMachine(path: string): boolean {
  const file = new StreamFile(path)
  try {
    const head = file.peek(KIND_AT + 4)
    return head.length === KIND_AT + 4 && head.readUInt32LE(KIND_AT) === Kind.machine
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
