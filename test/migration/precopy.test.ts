/** Rounds, what they cost in true time, and guests that write faster than memory can be sent. */

import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PAGE, type Run } from '../../src/core/sparse.js'
import { MAX_DATA } from '../../src/migration/frame.js'
import type { Migrated } from '../../src/migration/index.js'
import { migrate, originOfSnapshot, receive } from '../../src/migration/index.js'
import {
  batches,
  DEFAULT_LIMITS,
  enough,
  pageCount,
  sendingNs,
  steals,
  Throttle,
  wireBytes,
} from '../../src/migration/precopy.js'
import { MAX_RUNS } from '../../src/migration/records.js'
import { builtInPolicy } from '../../src/policy/index.js'
import { parseScenario } from '../../src/scenario/index.js'
import { loadSnapshot, saveSnapshot, takeSnapshot } from '../../src/snapshot/index.js'
import { runScenario } from '../../src/world/index.js'
import { temporaryFolder } from '../helpers/folder.js'
import { busy, hostIn, LOOPBACK, migrateHere } from './fixture.js'

const folder = temporaryFolder()
const host = hostIn(busy, 'b')
const MIB = 1024n * 1024n

const migrated = (limits: Partial<typeof DEFAULT_LIMITS>, more = {}) =>
  migrateHere(folder, busy, { atNs: 2_000_000_000n }, { host }, { limits, ...more })

/** What a migration is, but for its name and the real time it took. */
const facts = ({ rounds, stopNs, saveNs, landNs, lastPages, steals: stolen }: Migrated) => ({
  rounds,
  stopNs,
  saveNs,
  landNs,
  lastPages,
  stolen,
})

describe('rounds', () => {
  it('go on until the rest fits the downtime', async () => {
    // 20,000 pages a second are written, 78 MiB/s, in a working set of 2 MiB.
    const { source } = await migrated({ bandwidth: 128n * MIB, downtimeNs: 5_000_000n })
    expect(source.outcome).toBe('moved')
    expect(source.rounds.length).toBeGreaterThan(2)
    const [first, ...rest] = source.rounds
    expect(first!.endNs - first!.beginNs).toBe(sendingNs(first!.bytes, { bandwidth: 128n * MIB }))
    for (const [i, round] of rest.entries()) {
      expect(round.pages).toBe(source.rounds[i]!.dirtyPages)
      expect(round.beginNs).toBe(source.rounds[i]!.endNs)
    }
    expect(source.rounds.at(-1)!.expectedDowntimeNs).toBeLessThanOrEqual(5_000_000n)
    expect(source.rounds.at(-2)!.expectedDowntimeNs).toBeGreaterThan(5_000_000n)
    expect(source.landNs! - source.stopNs!).toBeLessThan(10_000_000n)
  })

  it('are the same whenever and however fast they are sent', async () => {
    const limits = { bandwidth: 64n * MIB, downtimeNs: 1_000_000n, rounds: 4, autoConverge: true }
    const [once, again, paced] = [
      await migrated(limits),
      await migrated(limits),
      await migrated(limits, { realTime: true }),
    ]
    expect(facts(again.source)).toEqual(facts(once.source))
    expect(facts(paced.source)).toEqual(facts(once.source))
    expect(paced.destination!.run.guests[0]!.stateHash).toBe(once.destination!.run.guests[0]!.stateHash)
    // Paced, the rounds take at least their true time.
    const { stopNs } = paced.source
    expect(paced.source.copyMs).toBeGreaterThanOrEqual(Number(stopNs! - 2_000_000_000n) / 1e6 - 1)
  })

  it('end where their number does, whatever is left', async () => {
    const { source } = await migrated({ bandwidth: 16n * MIB, downtimeNs: 1n, rounds: 3 })
    expect(source.rounds).toHaveLength(3)
    expect(source.lastPages).toBeGreaterThan(500)
    expect(source.landNs! - source.stopNs!).toBeGreaterThan(100_000_000n)
  })

  it('come to an end by slowing the guest down', async () => {
    const limits = { bandwidth: 64n * MIB, downtimeNs: 2_000_000n, rounds: 60 }
    const free = await migrated({ ...limits, rounds: 8 })
    expect(free.source.steals).toEqual([])
    expect(free.source.rounds.at(-1)!.expectedDowntimeNs).toBeGreaterThan(2_000_000n)
    const { source, destination } = await migrated({ ...limits, autoConverge: true })
    expect(source.rounds.length).toBeLessThan(60)
    expect(source.rounds.map(({ throttle }) => throttle).slice(0, 4)).toEqual([0, 0, 20, 20])
    expect(source.rounds.at(-1)!.expectedDowntimeNs).toBeLessThanOrEqual(2_000_000n)
    // What the throttle did is what a scenario's `steal` events do: one world with these ends in the same bits.
    const scenario = parseScenario(busy.text, busy.fileName)
    const { position } = scenario.guests[0]!
    const events = [
      ...scenario.events,
      ...source.steals.map(
        ([atNs, forNs]) => ({ kind: 'steal', guest: 'g', vcpu: 0, atNs, forNs, position }) as const,
      ),
      {
        kind: 'migrate',
        guest: 'g',
        to: 'b',
        atNs: source.stopNs!,
        stopToSaveNs: source.saveNs! - source.stopNs!,
        downtimeNs: source.landNs! - source.stopNs!,
        position,
      } as const,
    ].sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0))
    const alone = runScenario({ ...scenario, events }).guests[0]!
    expect(destination!.run.guests[0]!.clocks).toEqual(alone.clocks)
    expect(destination!.run.guests[0]!.stateHash).toBe(alone.stateHash)
  })
})

it('a guest from a snapshot moves on like one that was never saved', async () => {
  const file = join(folder, 'busy.chv')
  saveSnapshot(file, takeSnapshot(busy, { atNs: 3_000_000_000n }))
  const journal = join(folder, 'from-snapshot')
  const receiver = await receive({ at: LOOPBACK, journal, host })
  try {
    const origin = originOfSnapshot(loadSnapshot(file), {
      policy: builtInPolicy('kvm-realtime'),
      atNs: 4_000_000_000n,
    })
    const { outcome, reason, stopNs } = await migrate(origin, { to: receiver.address, journal })
    expect({ outcome, reason }).toEqual({ outcome: 'moved', reason: null })
    const { run } = await receiver.received
    const [saved, moved] = run.guests[0]!.stops
    expect(saved).toMatchObject({ cause: 'save', fromNs: 3_000_000_000n, toHost: 'a' })
    expect(moved).toMatchObject({ cause: 'migrate', fromNs: stopNs, fromHost: 'a', toHost: 'b' })
  } finally {
    await receiver.close()
  }
})

describe('the arithmetic', () => {
  const memory = new Uint8Array(64 * PAGE)
  const run = (page: number, pages: number): Run => ({
    at: page * PAGE,
    bytes: memory.subarray(page * PAGE, (page + pages) * PAGE),
  })

  it('of batches: all pages, in order, within the limits', () => {
    const large = new Uint8Array(2000 * PAGE)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.nat(3)), { maxLength: 600 }),
        (lengths) => {
          const runs: Run[] = []
          let at = 0
          for (const [pages, gap] of lengths) {
            if ((at + pages) * PAGE > large.length) break
            runs.push({ at: at * PAGE, bytes: large.subarray(at * PAGE, (at + pages) * PAGE) })
            at += pages + gap
          }
          const pages = (some: readonly Run[]) =>
            some.flatMap(({ at: from, bytes }) =>
              Array.from({ length: bytes.length / PAGE }, (_, i) => from / PAGE + i),
            )
          const all = batches(runs)
          expect(pages(all.flat())).toEqual(pages(runs))
          for (const batch of all) {
            expect(pageCount(batch) * PAGE).toBeLessThanOrEqual(MAX_DATA)
            expect(batch.length).toBeLessThanOrEqual(MAX_RUNS)
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  it('of the wire: pages, tables, headers', () => {
    expect(wireBytes([])).toBe(0)
    expect(wireBytes([run(0, 3), run(10, 1)])).toBe(4 * PAGE + 20 + 4 + 2 * 16)
    expect(sendingNs(1, { bandwidth: 3n })).toBe(333_333_334n)
  })

  it('of the throttle: twice too fast raises it, up to 99 %', () => {
    const throttle = new Throttle()
    const seen: number[] = []
    for (let i = 0; i < 20; i++) {
      throttle.after({ pages: 100, dirtyPages: 51, endNs: 0n })
      seen.push(throttle.percent)
    }
    expect(seen.slice(0, 6)).toEqual([0, 20, 20, 30, 30, 40])
    expect(seen.at(-1)).toBe(99)
    const calm = new Throttle()
    for (let i = 0; i < 9; i++) calm.after({ pages: 100, dirtyPages: 50, endNs: 0n })
    expect(calm.percent).toBe(0)
  })

  it('of steals: 10 ms on, then as long off as the share says, whatever rounds there are', () => {
    expect(steals(0n, 45_000_000n, 50, 0n)).toEqual([
      [10_000_000n, 10_000_000n],
      [30_000_000n, 10_000_000n],
    ])
    expect(steals(5n, 15_000_005n, 99, 5n)).toEqual([[10_000_005n, 5_000_000n]])
    // A round in the middle of what is off, and one of less than 10 ms.
    expect(steals(12_000_000n, 31_000_000n, 50, 0n)).toEqual([
      [12_000_000n, 8_000_000n],
      [30_000_000n, 1_000_000n],
    ])
    expect(steals(20_000_000n, 21_000_000n, 50, 0n)).toEqual([])
  })

  it('of enough', () => {
    const round = { number: 4, pages: 1, bytes: 1, beginNs: 0n, endNs: 1n, dirtyPages: 1, throttle: 0 }
    expect(enough({ ...round, expectedDowntimeNs: 300_000_000n }, DEFAULT_LIMITS)).toBe(true)
    expect(enough({ ...round, expectedDowntimeNs: 300_000_001n }, DEFAULT_LIMITS)).toBe(false)
    expect(enough({ ...round, number: 29, expectedDowntimeNs: 300_000_001n }, DEFAULT_LIMITS)).toBe(true)
  })
})
