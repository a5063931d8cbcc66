/** Read back by protobufjs, by the description of the format in test/data/perfetto.proto. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { seriesOf } from '../../src/check/index.js'
import { runSampled, type Sampled, writeTrace } from '../../src/trace/index.js'
import { Message } from '../../src/trace/perfetto/wire.js'
import { libraryScenario } from '../helpers/library.js'
import { fileIn, traced } from './fixture.js'

interface Packet {
  timestamp?: string
  sequence_flags?: number
  clock_snapshot?: { clocks: { clock_id: number; timestamp: string }[]; primary_trace_clock: string }
  track_descriptor?: { uuid: string; name: string; parent_uuid?: string; counter?: { unit?: string } }
  track_event?: {
    type: string
    track_uuid: string
    name?: string
    counter_value?: string
    double_counter_value?: number
    flow_ids?: string[]
    debug_annotations?: { name: string; int_value?: string; string_value?: string }[]
  }
}

const root = new protobuf.Root().loadSync(fileURLToPath(new URL('../data/perfetto.proto', import.meta.url)), {
  keepCase: true,
})
root.resolveAll()

function packetsOf(sampled: Sampled): Packet[] {
  const file = fileIn('t.perfetto-trace')
  writeTrace(file, sampled)
  const type = root.lookupType('perfetto.protos.Trace')
  const trace = type.toObject(type.decode(readFileSync(file)), { longs: String, enums: String })
  return trace.packet
}

const sampled = traced()
const packets = packetsOf(sampled)
const tracks = new Map(packets.flatMap(({ track_descriptor: t }) => (t ? [[t.uuid, t] as const] : [])))
const events = packets.flatMap(({ timestamp, track_event: e }) => {
  if (!e) return []
  return [{ at: Number(timestamp) / 1e9, ...e, track: tracks.get(e.track_uuid)! }]
})
const named = (name: string) => events.filter(({ track }) => track.name === name)

describe('a Perfetto trace', () => {
  it('has tracks for hosts, guests, timers and migrations, each described before it is used', () => {
    expect([...tracks.values()].map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'host a',
        'host b',
        'guest g',
        'migrations of g',
        'timer: after',
        'gettimeofday minus true time',
        'wall minus true time',
        'clock domains',
      ]),
    )
    const known = new Set<string>()
    const unknown = packets.filter(({ track_descriptor: track, track_event: event }) => {
      const wanted = track ? track.parent_uuid : event?.track_uuid
      const isKnown = wanted === undefined || known.has(wanted)
      if (track) known.add(track.uuid)
      return !isKnown
    })
    expect(unknown).toEqual([])
    const parent = (name: string) =>
      tracks.get([...tracks.values()].find((track) => track.name === name)!.parent_uuid!)!.name
    expect([parent('timer: after'), parent('g')]).toEqual(['guest g', 'host a'])
    expect(packets[0]!.sequence_flags).toBe(1)
  })

  it('ends every slice that it begins, in the order of time', () => {
    const open = new Map<string, number>()
    for (const { type, track_uuid } of events) {
      const step = { TYPE_SLICE_BEGIN: 1, TYPE_SLICE_END: -1 }[type] ?? 0
      open.set(track_uuid, (open.get(track_uuid) ?? 0) + step)
      if (open.get(track_uuid)! < 0) expect.fail(`a slice of ${track_uuid} ends twice`)
    }
    expect([...open.values()].every((depth) => depth === 0)).toBe(true)
    expect(events.every(({ at }, i) => i === 0 || at >= events[i - 1]!.at)).toBe(true)
  })

  it('shows the migration, and with an arrow where the guest goes on', () => {
    const own = named('guest g').filter(({ type }) => type === 'TYPE_SLICE_BEGIN')
    expect(own.map(({ at, name }) => [at, name])).toEqual([
      [0, 'on a'],
      [10, 'stopped: migrate'],
      [10.1, 'on b'],
    ])
    const [move] = named('migrations of g')
    expect([move!.name, move!.at]).toEqual(['migrate, a to b', 10])
    const runs = named('g').filter(({ name }) => name === 'runs')
    expect(runs.map(({ flow_ids, track }) => [tracks.get(track.parent_uuid!)!.name, flow_ids])).toEqual([
      ['host a', undefined],
      ['host b', move!.flow_ids],
    ])
  })

  it('shows the sleep that is late, and by how much', () => {
    const sleep = named('timer: after')
    expect(sleep.map(({ name, type }) => name ?? type)).toEqual([
      'asleep',
      'late',
      'TYPE_SLICE_END',
      'TYPE_SLICE_END',
    ])
    expect([sleep[0]!.at, sleep[1]!.at]).toEqual([10.2, 12.2])
    const by = sleep[1]!.debug_annotations!.find(({ name }) => name === 'by_ns')!
    expect(Number(by.int_value) / 1e9).toBeCloseTo(sleep[2]!.at - 12.2, 6)
  })

  it('has the clocks’ errors as counters', () => {
    const errors = named('gettimeofday minus true time')
    expect(errors[0]!.track.counter!.unit).toBe('UNIT_TIME_NS')
    const [series] = seriesOf(sampled.run.guests[0]!, sampled.run.startWallNs)
    const changes = Array.from({ length: series!.length }, (_, k) => series!.error(k)).filter(
      (error, k, all) => k === 0 || error !== all[k - 1],
    )
    expect(errors.map(({ counter_value }) => BigInt(counter_value!))).toEqual(changes)
  })

  it('has every clock domain in its snapshots: hosts, system_time, guests, and true time as the time of the trace', () => {
    const snapshots = packets.flatMap(({ clock_snapshot }) => (clock_snapshot ? [clock_snapshot] : []))
    expect(snapshots.length).toBe(sampled.samples.length)
    expect(new Set(snapshots.map((one) => one.primary_trace_clock))).toEqual(new Set(['BOOTTIME']))
    const names = new Map(
      named('clock domains').map(({ name }) => {
        const [, id, what] = /^clock (\d+): (.*)$/.exec(name!)!
        return [Number(id), what!] as const
      }),
    )
    expect([...names.values()]).toEqual(
      expect.arrayContaining(['host a: tsc', 'host b: system_time', 'guest g: realtime', 'guest g: counter']),
    )
    const last = new Map(snapshots.at(-1)!.clocks.map((clock) => [clock.clock_id, BigInt(clock.timestamp)]))
    const { run } = sampled
    expect([last.get(6), last.get(1)]).toEqual([run.endNs, run.startWallNs + run.endNs])
    const idOf = (what: string) => [...names].find(([, name]) => name === what)![0]
    expect(last.get(idOf('guest g: realtime'))).toBe(run.guests[0]!.clocks.realtime)
    expect(last.get(idOf('host a: tsc'))).toBe(5020n * 2_400_000_000n)
    expect(Math.min(...names.keys())).toBe(128)
  })

  it('shows errors beyond 64 bits as nearly as Perfetto can', async () => {
    const wrapped = packetsOf(runSampled(await libraryScenario('uptime-292y-epoch')))
    const doubles = wrapped.flatMap(({ track_event }) => track_event?.double_counter_value ?? [])
    expect(Math.min(...doubles)).toBeLessThan(-(2 ** 64) * 0.99)
  })
})

describe('Message', () => {
  it('writes what protobufjs reads, at every edge', () => {
    const type = protobuf
      .parse(
        'syntax = "proto3"; message M { uint64 u = 1; int64 s = 2; fixed64 f = 3; double d = 4; string t = 2000; M m = 6; }',
      )
      .root.lookupType('M')
    for (const value of [
      0n,
      1n,
      127n,
      128n,
      2n ** 31n - 1n,
      2n ** 31n,
      2n ** 32n,
      2n ** 53n + 1n,
      2n ** 63n,
      2n ** 64n - 1n,
    ]) {
      const inner = new Message().integer(1, value)
      const message = new Message()
        .integer(1, value)
        .integer(2, -value)
        .fixed64(3, value)
        .double(4, -1.5)
        .content(2000, `é${value}`)
        .content(6, inner)
      const read = type.toObject(type.decode(message.bytes), { longs: String, defaults: true })
      expect(read).toMatchObject({
        u: `${value}`,
        s: `${BigInt.asIntN(64, -value)}`,
        f: `${value}`,
        d: -1.5,
        t: `é${value}`,
        m: { u: `${value}` },
      })
    }
  })
})
