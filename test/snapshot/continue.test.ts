/** A guest that was saved and restored goes on as the scenario with these two events has it. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Machine } from '../../src/core/machine.js'
import { builtInPolicy, defaultPolicy } from '../../src/policy/index.js'
import { jsonText, runJson } from '../../src/report/json.js'
import { outcomeOf } from '../../src/report/outcome.js'
import { parseScenario, type Scenario } from '../../src/scenario/index.js'
import {
  continuation,
  loadMachine,
  loadSnapshot,
  restoreSnapshot,
  type Snapshot,
  SnapshotError,
  saveMachine,
  saveSnapshot,
  takeSnapshot,
} from '../../src/snapshot/index.js'
import { type RunResult, runScenario, World } from '../../src/world/index.js'
import { chronovisor } from '../cli/execute.js'
import { builds } from '../helpers/core.js'
import { temporaryFolder } from '../helpers/folder.js'
import { libraryNames, libraryScenario, librarySource } from '../helpers/library.js'
import { ownPolicy, small, smallSnapshot } from './fixture.js'

const folder = temporaryFolder()
const DAY = 86_400_000_000_000n

const report = (run: RunResult): string => jsonText(runJson(outcomeOf(run, null)))

/** What the snapshot should lead to: one run from the begin, with the save and the restore as events. */
function uninterrupted(snapshot: Snapshot, afterNs: bigint, forNs?: bigint): RunResult {
  return runScenario(continuation(snapshot, afterNs, forNs).scenario)
}

/** Scenarios of one guest, not longer than ten minutes: the others' guests are left behind by a save. */
const single: { name: string; scenario: Scenario }[] = []
for (const name of libraryNames) {
  const scenario = await libraryScenario(name)
  if (scenario.guests.length === 1 && scenario.durationNs <= 600_000_000_000n) single.push({ name, scenario })
}

/** null where the guest cannot be saved then. */
function taken(name: string, atNs: bigint): Snapshot | null {
  try {
    return takeSnapshot(librarySource(name), { atNs })
  } catch (error) {
    if (error instanceof SnapshotError && /expected one that runs or is paused$/.test(error.message))
      return null
    throw error
  }
}

function throughFile(snapshot: Snapshot, gzip: boolean): Snapshot {
  const file = join(folder, 'through.chv')
  saveSnapshot(file, snapshot, { gzip })
  return loadSnapshot(file)
}

describe('saved and restored at once on an equal host', () => {
  it('ends in the same bits, and the same report, as a run with these events', () => {
    expect(single.length).toBeGreaterThan(20)
    let compared = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...single),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        ({ name, scenario }, fraction, gzip) => {
          const atNs = (scenario.durationNs * BigInt(Math.floor(fraction * 1e9))) / 1_000_000_000n
          const snapshot = taken(name, atNs)
          if (!snapshot) return
          compared++
          const policy = ownPolicy(scenario, scenario.guests[0]!.name)
          const restored = restoreSnapshot(throughFile(snapshot, gzip), { policy })
          const expected = uninterrupted(snapshot, 0n)
          expect(restored.guests[0]!.stateHash).not.toBe('')
          expect(report(restored)).toBe(report(expected))
        },
      ),
      { numRuns: 40 },
    )
    expect(compared).toBeGreaterThan(25)
  })

  it.each(['xen-1282-stale-lower', 'kvm-migrate-scaled', 'power-512-500-scaled'])(
    '%s: in processes of their own',
    async (name) => {
      const file = join(folder, `${name}.chv`)
      const saved = await chronovisor(['save', name, '--at', '31.234567891 s', '-o', file])
      expect(saved).toMatchObject({ code: 0, stderr: '' })
      const restored = await chronovisor(['restore', file, '--json'])
      const expected = uninterrupted(taken(name, 31_234_567_891n)!, 0n)
      const told = JSON.parse(restored.stdout)
      expect(told.guests.g.state_hash).toBe(expected.guests[0]!.stateHash)
      expect(restored.stdout).toBe(report(expected))
      expect(restored.code).toBe(told.verdict === 'pass' ? 0 : 1)
    },
  )
})

describe('kept for a while', () => {
  it.each(['xen-modern-lower', 'kvm-migrate-scaled', 'power-running-skew'])(
    '%s: what was left happens later, on the same host, as in one run',
    async (name) => {
      const snapshot = taken(name, 20_000_000_000n)!
      const policy = ownPolicy(snapshot.scenario, snapshot.world.guest.name)
      const restored = restoreSnapshot(throughFile(snapshot, true), {
        policy,
        afterNs: DAY,
        forNs: 90_000_000_000n,
      })
      expect(report(restored)).toBe(report(uninterrupted(snapshot, DAY, 90_000_000_000n)))
      expect(restored.endNs).toBe(DAY + 110_000_000_000n)
      const { observations, stops } = restored.guests[0]!
      expect(stops[0]).toMatchObject({
        cause: 'save',
        fromNs: 20_000_000_000n,
        untilNs: DAY + 20_000_000_000n,
      })
      expect(observations.at(observations.length - 1).trueNs).toBeGreaterThan(DAY + 109_000_000_000n)
    },
  )

  it('a month later on another host, the clocks are what the policy makes of that host', () => {
    const source = librarySource('kvm-migrate-scaled')
    const policy = builtInPolicy('kvm-realtime')
    const snapshot = takeSnapshot(source, { atNs: 30_000_000_000n, policy })
    const wallNs = snapshot.world.hosts[0]!.wallNs + 30n * DAY + 7_000_000_000n
    const restored = restoreSnapshot(snapshot, {
      policy,
      afterNs: 30n * DAY,
      forNs: 10_000_000_000n,
      host: { uptimeNs: 3n * DAY, wallNs },
    })
    // KVM_CLOCK_REALTIME: kvmclock counts what the hosts' wall clocks say, 7 s too many here.
    const { clocks } = restored.guests[0]!
    const off = clocks.monotonic! - (40_000_000_000n + 30n * DAY + 7_000_000_000n)
    expect(off > -1_000_000n && off < 1_000_000n).toBe(true)
  })

  it('a host of another uptime shows that uptime, and a TSC that fits', () => {
    const snapshot = smallSnapshot()
    const run = continuation(snapshot, DAY, 0n)
    const world = new World(run.scenario, {
      from: { saved: snapshot.world, happened: run.happened, otherHost: { uptimeNs: 3n * DAY } },
    })
    world.run()
    const { core } = world.host('a').machine
    expect(core.host_read_counter(2)).toBe(3n * DAY)
    expect(core.host_read_counter(0)).toBe(
      (3n * DAY * snapshot.scenario.hosts[0]!.tsc!.frequencyHz) / 1_000_000_000n,
    )
    expect(BigInt.asUintN(64, core.host_read_counter(3))).toBe(snapshot.world.hosts[0]!.wallNs + DAY)
  })
})

describe('other policies', () => {
  it('another policy of the system restores what it can', () => {
    const run = restoreSnapshot(smallSnapshot(), { policy: builtInPolicy('xen-today') })
    expect(run.guests[0]!.policy).toBe('xen-today')
  })

  it('says what it misses in what another wrote', () => {
    const source = librarySource('kvm-migrate-scaled')
    const snapshot = takeSnapshot(source, { atNs: 1_000_000_000n, policy: builtInPolicy('kvm-qemu') })
    const restore = () => restoreSnapshot(snapshot, { policy: builtInPolicy('kvm-tsc-offset') })
    expect(restore).toThrow(SnapshotError)
    expect(restore).toThrow(
      /the policy kvm-tsc-offset cannot restore what kvm-qemu saved \(tsc_khz, tsc_0, clock\)/,
    )
  })

  it('refuses one of another system, and one that needs another kernel', () => {
    expect(() => restoreSnapshot(smallSnapshot(), { policy: builtInPolicy('kvm-qemu') })).toThrow(
      /is for kvm/,
    )
    const stock = takeSnapshot(librarySource('xen-1282-stale-lower'), { atNs: 1_000_000_000n })
    expect(() => restoreSnapshot(stock, { policy: builtInPolicy('xen-fix-2') })).toThrow(
      /kernel of variant fix-2/,
    )
  })

  it('starts the hypervisor anew where it counts system time otherwise', () => {
    const stock = takeSnapshot(librarySource('xen-1282-stale-lower'), { atNs: 1_000_000_000n })
    const unix = restoreSnapshot(stock, { policy: builtInPolicy('xen-fix-1'), forNs: 1_000_000_000n })
    // The guest's clock now counts from the epoch, and it was not told: 38 years ahead.
    expect(unix.guests[0]!.clocks.gettimeofday).toBeGreaterThan(2n * 1_200_000_000_000_000_000n)
  })
})

describe('what cannot be saved', () => {
  const at = (text: string, atNs: bigint, guest?: string) => () =>
    takeSnapshot({ ...small, text }, { atNs, ...(guest && { guest }) })
  it.each([
    [
      'a guest on its way',
      small.text.replace('300 ms', '300 ms, stop-to-save: 200 ms'),
      12_100_000_000n,
      undefined,
      /at 12.1 s guest g is stopped for a migrate/,
    ],
    [
      'one that has not booted',
      small.text.replace('on: a', 'on: a\n    boot: 2 s'),
      1_000_000_000n,
      undefined,
      /is on no host/,
    ],
    ['after the end', small.text, 20_000_000_001n, undefined, /expected 0 s to 20 s/],
    ['a guest that is not there', small.text, 1n, 'h', /there is no guest h; expected one of g/],
  ] as const)('%s', (_what, text, atNs, guest, message) => {
    expect(at(text, atNs, guest)).toThrow(SnapshotError)
    expect(at(text, atNs, guest)).toThrow(message)
  })

  it('saves a paused guest, which then runs', () => {
    const text = small.text.replace(
      'step: true }',
      'step: true }\n  - { at: 4 s, pause: g }\n  - { at: 11 s, resume: g }',
    )
    const snapshot = takeSnapshot({ ...small, text }, { atNs: 6_000_000_000n })
    expect(snapshot.world.guest.suspended).toBe(false)
    const policy = defaultPolicy('xen', 'linux-xen')
    const run = restoreSnapshot(throughFile(snapshot, false), { policy, forNs: 4_000_000_000n })
    expect(run.guests[0]!.stops.at(-1)).toMatchObject({ cause: 'save', resumed: true })
  })
})

describe('invariant 6, through a file', () => {
  it.each(builds)('a machine that was loaded goes on as if never saved (%s)', async (build) => {
    const names = ['xen-1282-stale-lower', 'xen-modern-lower', 'kvm-migrate-scaled', 'power-512-500-scaled']
    const machineAt = (scenario: Scenario, ns: bigint): Machine => {
      const world = new World({ ...scenario, durationNs: ns }, { build })
      world.run()
      return world.guest(scenario.guests[0]!.name).machine!
    }
    const endNs = 2_000_000_000n
    for (const name of names) {
      const scenario = await libraryScenario(name)
      const whole = machineAt(scenario, endNs).hash
      fc.assert(
        fc.property(fc.bigInt(0n, endNs), fc.boolean(), (ns, gzip) => {
          const before = machineAt(scenario, ns)
          const file = join(folder, 'machine.chv')
          saveMachine(file, before, { gzip })
          const after = loadMachine(file, { build })
          expect(after.hash).toBe(before.hash)
          after.run(endNs)
          expect(after.hash).toBe(whole)
        }),
        { numRuns: 8 },
      )
    }
  })
})

describe('version 1', () => {
  // Written by this program when version 1 was made; see test/data/README.md. It must load for ever.
  const stored = new URL('../data/snapshots/', import.meta.url)
  interface Expected {
    readonly atNs: string
    readonly policy: string
    readonly saved: Record<string, string>
    readonly state: string
    readonly memory: string
    readonly observations: number
    readonly clocks: { readonly realtime: string; readonly monotonic: string }
  }
  const { files } = JSON.parse(readFileSync(new URL('expected.json', stored), 'utf8')) as {
    files: Record<string, Expected>
  }
  const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

  it.each(Object.entries(files))('%s is what it was', (name, expected) => {
    const { world } = loadSnapshot(fileURLToPath(new URL(name, stored)))
    const { image, clocks, policy, log } = world.guest
    const memory = new Uint8Array(image.memory.size)
    for (const { at, bytes } of image.memory.runs) memory.set(bytes, at)
    expect({
      atNs: `${world.atNs}`,
      policy,
      saved: Object.fromEntries(Object.entries(clocks).map(([key, value]) => [key, `${value}`])),
      state: sha(image.state),
      memory: sha(memory),
      observations: log.length,
      clocks: expected.clocks,
    }).toEqual(expected)
  })

  it.each(Object.entries(files))('%s goes on from there', (name, { policy: policyName, clocks }) => {
    const snapshot = loadSnapshot(fileURLToPath(new URL(name, stored)))
    const policy = builtInPolicy(policyName)
    const at = (forNs: bigint) => restoreSnapshot(snapshot, { policy, forNs }).guests[0]!
    const [before, after] = [at(0n), at(5_000_000_000n)]
    for (const clock of ['realtime', 'monotonic'] as const) {
      expect(`${before.clocks[clock]}`).toBe(clocks[clock])
      const gone = after.clocks[clock]! - before.clocks[clock]!
      // A kernel that ticks shows its clocks to the tick, and the resume may take one.
      expect(gone > 4_000_000_000n && gone < 6_000_000_000n, `${clock} gained ${gone} ns`).toBe(true)
    }
    expect(after.fault).toBeNull()
  })
})

it('a snapshot can be restored as often as one likes', () => {
  const snapshot = smallSnapshot()
  const policy = defaultPolicy('xen', 'linux-xen')
  const once = report(restoreSnapshot(snapshot, { policy }))
  expect(report(restoreSnapshot(snapshot, { policy }))).toBe(once)
})

it('the scenario in the file is the one it was made of, seed and draws included', () => {
  const text = small.text.replace('downtime: 300 ms', 'downtime: 100 ms .. 400 ms')
  const snapshot = takeSnapshot({ fileName: 'drawn.yaml', text, seed: 77 }, { atNs: 1_000_000_000n })
  const loaded = throughFile(snapshot, true)
  expect(loaded.scenario).toEqual(parseScenario(text, 'drawn.yaml', { seed: 77 }))
  expect(loaded.scenario.drawn).toHaveLength(1)
  expect([...loaded.world.guest.log.all()]).toEqual([...snapshot.world.guest.log.all()])
  expect(saveBytes(loaded).equals(saveBytes(snapshot))).toBe(true)
})

function saveBytes(snapshot: Snapshot): Buffer {
  const file = join(folder, 'bytes.chv')
  saveSnapshot(file, snapshot)
  return readFileSync(file)
}
