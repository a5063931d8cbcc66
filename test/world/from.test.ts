/** Guests that begin from real saved ones, against what those read on the hosts on which they were really restored. */

import { describe, expect, it } from 'vitest'
import { readStreams } from '../../src/inspect/index.js'
import { domainTsc } from '../../src/math/index.js'
import { parseScenario } from '../../src/scenario/index.js'
import { xenFacts } from '../../src/stream/xen/facts.js'
import { readXenSave } from '../../src/stream/xen/save.js'
import { runScenario, World } from '../../src/world/index.js'
import { execute } from '../cli/execute.js'
import { filesFolder } from '../helpers/folder.js'
import { type Recording, recorded, resumedRows } from '../stream/xen/streams.js'

const { folder, put } = filesFolder()
const paths: Partial<Record<string, string>> = {}
for (const name of ['u1-pv', 'u4-pvh'] as const) paths[name] = put(`${name}.xl`, recorded(name))

/** A host on which a tick of the TSC is a ns, so that its system time is its uptime exactly. */
const scenario = (stream: string, uptimeNs: bigint, more = '') =>
  parseScenario(text(stream, uptimeNs, more), `${folder}/case.yaml`)

const text = (stream: string, uptimeNs: bigint, more: string) => `
name: from-${stream}
title: a real guest goes on
start: 2026-11-22T02:00:00Z
duration: 10 min
hosts: { a: { hypervisor: xen, uptime: ${uptimeNs} ns, tsc: { frequency: 1 GHz } } }
guests:
  g:
    on: a
    kernel: linux-xen
    from: ./${stream}.xl
    ${more}
`

const groups = new Map<string, Record<string, string>[]>()
for (const row of resumedRows()) {
  const key = `${row.stream} on ${row.host}`
  groups.set(key, [...(groups.get(key) ?? []), row])
}

describe.each([...groups])('%s', (_, rows) => {
  const name = rows[0]!.stream as Recording
  const stamps = rows.map((row) => ({ now: BigInt(row.system_time!), tsc: BigInt(row.tsc_timestamp!) }))
  const save = readXenSave(paths[name]!)

  it(`reads the TSC that the real guest read, at every stamp, ${name === 'u1-pv' ? 'to the tick' : 'within 3 ticks'}`, () => {
    const restored = restoredAt(save, stamps)
    const case_ = scenario(name, restored)
    const world = new World(case_, { streams: readStreams(case_) })
    const seen = stamps.map(({ now }) => {
      world.runUntil(now - restored)
      return world.guest('g').result(0n).clocks.counter
    })
    const off = seen.map((tsc, i) => tsc! - stamps[i]!.tsc)
    expect(off.filter((ticks) => !within(ticks, save.hvm))).toEqual([])
    expect(off).toHaveLength(rows.length)
  })
})

/**
 * A PV guest's TSC is a function of the restore's instant alone. An HVM guest's time has an offset of Xen's own
 * before it is scaled, which no stream carries: it moves the cut by less than 3 ticks.
 */
const within = (ticks: bigint, hvm: boolean) => (hvm ? ticks > -3n && ticks < 3n : ticks === 0n)

/** The one system time of the restore that explains all stamps. */
function restoredAt(
  save: ReturnType<typeof readXenSave>,
  stamps: readonly { now: bigint; tsc: bigint }[],
): bigint {
  const info = save.tsc!
  const { tsc } = xenFacts(save)
  const hostKhz = info.khz
  const emulated = (now: bigint, at: bigint) =>
    domainTsc({ ...info, now, hostKhz, reliable: false, hvm: save.hvm, at }).tsc
  // PV: TSC 0 was `nsec` before the restore. HVM: the TSC went on from the context's.
  const shown = (restored: bigint, at: bigint) =>
    BigInt.asUintN(64, emulated(restored, at) + (save.hvm ? tsc! - emulated(restored, restored) : 0n))
  const [first] = stamps
  let low = 0n
  let high = first!.now
  // The later the restore, the less has the TSC counted at the first stamp; differences are read as signed.
  while (low < high) {
    const middle = (low + high) / 2n
    if (BigInt.asIntN(64, shown(middle, first!.now) - first!.tsc) > 0n) low = middle + 1n
    else high = middle
  }
  for (let restored = low - 4n; restored <= low + 4n; restored++) {
    if (stamps.every((stamp) => within(shown(restored, stamp.now) - stamp.tsc, save.hvm))) return restored
  }
  throw new Error('no restore explains these stamps')
}

describe('a run from a saved guest', () => {
  it('begins at the restore: CLOCK_MONOTONIC goes on, CLOCK_REALTIME is the host’s', () => {
    const case_ = scenario(
      'u1-pv',
      20_000_000_000n,
      'read: [ { clock: monotonic, every: 1 s }, { clock: realtime, every: 1 s } ]',
    )
    const run = runScenario(case_, { streams: readStreams(case_) })
    const { clocks, stops, fault } = run.guests[0]!
    expect(fault).toBeNull()
    expect(stops).toEqual([])
    expect(clocks.realtime! - (case_.startNs + 600_000_000_000n)).toBeGreaterThan(-1_000_000n)
    expect(clocks.realtime! - (case_.startNs + 600_000_000_000n)).toBeLessThan(1_000_000n)
    expect(clocks.monotonic! - 600_000_000_000n).toBeGreaterThan(-1_000_000n)
    expect(clocks.monotonic! - 600_000_000_000n).toBeLessThan(1_000_000n)
  })

  it('is the same twice, and can be migrated on', () => {
    const base = scenario('u1-pv', 20_000_000_000n)
    const events = 'hosts: { a: { hypervisor: xen, uptime: 20 s }, b: { hypervisor: xen, uptime: 5 d } }'
    const text = `
name: on
title: on
start: 2026-11-22T02:00:00Z
duration: 1 min
${events}
guests: { g: { on: a, kernel: linux-xen, boot: 10 s, from: u1-pv.xl, read: [ { clock: monotonic, every: 10 ms } ] } }
events: [ { at: 30 s, migrate: g, to: b } ]
`
    const case_ = parseScenario(text, base.fileName)
    const streams = readStreams(case_)
    const [one, two] = [runScenario(case_, { streams }), runScenario(case_, { streams })]
    expect(one.guests[0]!.stateHash).toBe(two.guests[0]!.stateHash)
    expect(one.guests[0]!.stops).toHaveLength(1)
    expect(one.guests[0]!.fault).toBeNull()
  })

  it('is run, saved and restored from the command line', async () => {
    const case_ = put(
      'case.yaml',
      Buffer.from(text('u1-pv', 20_000_000_000n, 'read: [ { clock: realtime, every: 1 s } ]')),
    )
    const run = await execute(['run', case_, '--json'])
    expect(run.code).toBe(0)
    const out = `${folder}/guest.chv`
    expect((await execute(['save', case_, '--at', '59 s', '-o', out])).code).toBe(0)
    const restored = await execute(['restore', out, '--for', '1 s', '--json'])
    const { counter } = JSON.parse(restored.stdout).guests.g.clocks
    // Still the emulated TSC of the real guest, 60 s on.
    expect(BigInt(counter) >> 32n).toBe((7839880529123884476n + 60n * 2_299_997_000n) >> 32n)
  })

  it('refuses what does not fit, and a stream that nobody has read', () => {
    const case_ = scenario('u1-pv', 0n)
    expect(() => new World(case_)).toThrow('guest g begins from ./u1-pv.xl, which nobody has read')
    const missing = { ...case_, guests: [{ ...case_.guests[0]!, from: './absent.xl' }] }
    expect(() => readStreams(missing)).toThrow('absent.xl: there is no such file')
    const narrow = { ...case_, guests: [{ ...case_.guests[0]!, arch: 'x86-32' as const }] }
    expect(() => readStreams(narrow)).toThrow(
      'case.yaml:8:3: guests.g.from: ./u1-pv.xl is of a guest of 64 bits, and its arch is x86-32',
    )
    expect(() => scenario('u1-pv', 0n, 'tsc: { mode: native }')).toThrow('begins from a saved guest')
  })
})
