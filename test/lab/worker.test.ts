/** What the page's Worker does, in Node: the same modules on the same core. */
import { describe, expect, it } from 'vitest'
import { binsOf } from '../../src/draw/index.js'
import type { Knob, Setup } from '../../src/lab/protocol.js'
import { knobsOf, turned } from '../../src/lab/worker/knobs.js'
import { lookAt } from '../../src/lab/worker/look.js'
import { Session } from '../../src/lab/worker/session.js'
import { parseScenario } from '../../src/scenario/index.js'
import { scenarioPath } from '../../src/scenario/library.js'
import { readScenarioText } from '../../src/scenario/load.js'
import { runScenario } from '../../src/world/index.js'

const S = 1_000_000_000n
const textOf = (name: string) => readScenarioText(scenarioPath(name))
const sessionOf = (name: string, setup: Partial<Setup> = {}) =>
  new Session({ text: textOf(name), fileName: `${name}.yaml`, policies: [null], seed: null, ...setup })

describe('knobs', () => {
  const text = textOf('xen-1282-stale-lower')
  const scenario = parseScenario(text, 'x')
  const knobs = knobsOf(text, scenario)
  const knob = (...path: Knob['path']) => knobs.find((one) => one.path.join('.') === path.join('.'))!

  it('are what one wants to turn', () => {
    expect(knobs.map(({ group, label }) => `${group}: ${label}`)).toEqual([
      'host a: uptime',
      'host a: wall clock skew',
      'host a: tsc frequency',
      'host a: tsc error',
      'host b: uptime',
      'host b: wall clock skew',
      'host b: tsc frequency',
      'host b: tsc error',
      'guest g: HZ',
      'migrate at 1 min: downtime',
    ])
    expect(knob('hosts', 'b', 'uptime')).toMatchObject({ text: '4980 s', slider: { value: 4980n * S } })
    expect(knob('hosts', 'b', 'wall', 'offset').text).toBe('0 s')
  })

  it('change the value and leave the text as it is', () => {
    const changed = turned(text, ['hosts', 'b', 'uptime'], '5020 s')
    expect(changed).toBe(text.replace('uptime: 4980 s', 'uptime: 5020 s'))
  })

  it('add what is not written', () => {
    const changed = turned(text, ['hosts', 'b', 'wall', 'offset'], '3 s')
    expect(parseScenario(changed, 'x').hosts[1]!.wallOffsetNs).toBe(3n * S)
    expect(parseScenario(changed, 'x').hosts[0]).toMatchObject({ uptimeNs: 5000n * S, wallOffsetNs: 0n })
  })

  it('find an event where it stands, not where it comes in time', () => {
    const events = [
      'events:',
      '  - { at: 90 s, migrate: g, to: a, downtime: 2 s }',
      '  - { at: 60 s, migrate: g, to: b, downtime: 1 s }',
    ].join('\n')
    const mixed = text.replace(/events:\n.*\n/, `${events}\n`)
    const found = knobsOf(mixed, parseScenario(mixed, 'x')).filter(({ path }) => path[0] === 'events')
    expect(found.map(({ path, text }) => [path[1], text])).toEqual([
      [1, '1 s'],
      [0, '2 s'],
    ])
  })

  it('have no slider for a range', () => {
    const ranged = text.replace('downtime: 200 ms', 'downtime: 100 ms .. 300 ms')
    const found = knobsOf(ranged, parseScenario(ranged, 'x')).at(-1)!
    expect(found).toMatchObject({ text: '100 ms .. 300 ms', slider: null })
  })
})

describe('a picture cut by the core', () => {
  it.each(['xen-1282-stale-lower', 'power-running-skew', 'xen-1282-save-reboot-restore'])('%s', (name) => {
    const [side] = sessionOf(name).sides
    for (const { curves } of side!.drawing.guests) {
      for (const curve of curves) {
        for (const columns of [1, 7, 640]) {
          const all = { fromNs: 0n, untilNs: side!.run.endNs, columns }
          const part = { fromNs: 59_990_000_001n, untilNs: 65n * S + 1n, columns }
          for (const window of [all, part]) {
            const [cut, plain] = [side!.bins(curve, window), binsOf(curve, window)]
            // The plain way makes one bin of what lies in one column on both sides of a stop.
            const low = (bins: typeof cut) => bins.reduce((a, { low }) => (low < a ? low : a), 0n)
            const high = (bins: typeof cut) => bins.reduce((a, { high }) => (high > a ? high : a), 0n)
            expect([low(cut), high(cut)]).toEqual([low(plain), high(plain)])
            expect([...new Set(cut.map(({ x }) => x))]).toEqual(plain.map(({ x }) => x))
            if (columns === 640) {
              const single = (x: number) => cut.filter((bin) => bin.x === x)
              for (const bin of plain) if (single(bin.x).length === 1) expect(single(bin.x)[0]).toEqual(bin)
            }
          }
        }
      }
    }
  })
})

describe('steps', () => {
  it.each(['xen-1282-stale-lower', 'kvm-migrate-qemu', 'power-running-skew'])(
    '%s: backwards lead through the same instants',
    (name) => {
      const { cursor } = sessionOf(name).sides[0]!
      for (const grain of ['machine', 'quiet'] as const) {
        const forward: bigint[] = []
        let at = 59_980_000_000n
        for (let i = 0; i < 25; i++) {
          const step = cursor.next(at, grain)!
          expect(step.atNs).toBeGreaterThan(at)
          expect(step.what.length).toBeGreaterThan(0)
          at = step.atNs
          forward.push(at)
        }
        const backward: bigint[] = []
        for (let i = 0; i < 24; i++) {
          at = cursor.previous(at, grain)!.atNs
          backward.push(at)
        }
        expect(backward.reverse()).toEqual(forward.slice(0, -1))
      }
    },
  )

  it('of the scenario are its actions', () => {
    const { cursor } = sessionOf('kvm-migrate-qemu').sides[0]!
    const all = []
    for (let step = cursor.next(0n, 'scenario'); step; step = cursor.next(step.atNs, 'scenario'))
      all.push(step)
    expect(all).toEqual([
      { atNs: 60n * S, what: ['migrate g to b'] },
      { atNs: 60n * S + 50_000_000n, what: ['migrate g to b'] },
      { atNs: 65n * S, what: ['migrate g to b'] },
    ])
    expect(cursor.previous(65n * S, 'scenario')!.atNs).toBe(60n * S + 50_000_000n)
    expect(cursor.previous(60n * S, 'scenario')?.atNs ?? 0n).toBe(0n)
  })

  it('say what fires', () => {
    const { cursor } = sessionOf('xen-1282-stale-lower').sides[0]!
    const heard = new Set<string>()
    for (let i = 0, at = 49_900_000_000n; i < 60; i++) {
      const step = cursor.next(at, 'machine')!
      for (const what of step.what) heard.add(what)
      at = step.atNs
    }
    expect([...heard].sort()).toEqual([
      'a: Xen calibrates its clock against the platform timer',
      'b: Xen calibrates its clock against the platform timer',
      'g: reader 0 reads its clock',
      'g: reader 1 reads its clock',
      'g: sleeper 0 calls nanosleep',
    ])
  })

  it('end with the run, in the state that it ends in', () => {
    const { scenario, sides } = sessionOf('xen-1282-stale-lower')
    const world = sides[0]!.cursor.at(scenario.durationNs)
    expect(world.guest('g').machine!.hash).toBe(runScenario(scenario).guests[0]!.stateHash)
    expect(sides[0]!.cursor.next(scenario.durationNs, 'machine')).toBeNull()
  })
})

describe('an instant', () => {
  it('shows BUG 1282 in the bytes: the boot time of a, on b', () => {
    const { scenario, sides } = sessionOf('xen-1282-stale-lower')
    const look = (atNs: bigint) => lookAt(sides[0]!.cursor.at(atNs), scenario, atNs)
    const wall = (atNs: bigint) =>
      look(atNs).guests[0]!.structures.find(({ title }) => title.includes('wall clock'))!
    const startSecs = 1_218_055_617n
    expect(wall(70n * S).fields.find(({ name }) => name === 'wc_sec')!.value).toBe(`${startSecs - 5000n}`)
    const [a, b] = look(70n * S).hosts
    expect(a!.rows.find(({ name }) => name === 'wc_sec')!.value).toBe(`${startSecs - 5000n}`)
    expect(b!.rows.find(({ name }) => name === 'wc_sec')!.value).toBe(`${startSecs - 4980n}`)
    const { bytes } = wall(70n * S)
    expect(new DataView(bytes.buffer).getUint32(4, true)).toBe(Number(startSecs - 5000n))
  })

  it('of a guest that is saved shows no clocks of it', () => {
    const { scenario, sides } = sessionOf('kvm-migrate-qemu')
    const at = 62n * S
    expect(lookAt(sides[0]!.cursor.at(at), scenario, at).guests[0]).toMatchObject({
      where: 'on no host: saved, on its way, or switched off',
      rows: [],
      structures: [],
    })
  })

  it('shows KVM’s page and wall clock, and Power’s registers', () => {
    const kvm = sessionOf('kvm-migrate-qemu')
    const titles = lookAt(kvm.sides[0]!.cursor.at(S), kvm.scenario, S).guests[0]!.structures.map(
      (s) => s.title,
    )
    expect(titles).toEqual(['vcpu_time_info of vCPU 0', 'pvclock_wall_clock'])
    const power = sessionOf('power-running-skew')
    const rows = lookAt(power.sides[0]!.cursor.at(S), power.scenario, S).guests[0]!.rows
    expect(rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['TB', 'TB offset', 'DEC', 'DEC expiry']),
    )
  })

  it('changes nothing', () => {
    const { scenario, sides } = sessionOf('xen-1282-stale-lower')
    const [side] = sides
    for (let at = 0n; at < scenario.durationNs; at += 7n * S) lookAt(side!.cursor.at(at), scenario, at)
    const world = side!.cursor.at(scenario.durationNs)
    expect(world.guest('g').machine!.hash).toBe(side!.run.guests[0]!.stateHash)
  })
})

describe('a session', () => {
  it('refuses a policy of another system, and a module', () => {
    expect(() => sessionOf('xen-good-lower', { policies: ['kvm-qemu'] })).toThrow(
      'no policy kvm-qemu for xen',
    )
    const text = textOf('xen-good-lower').replace(/policy: .*/, 'policy: ./mine.ts')
    expect(() => sessionOf('xen-good-lower', { text })).toThrow('there is no policy ./mine.ts on this page')
  })

  it('runs two sides, and judges any policy', () => {
    const session = sessionOf('xen-1282-stale-lower', { policies: [null, 'xen-fix-2'] })
    expect(session.view.sides.map(({ policy, verdict, met }) => [policy, verdict, met])).toEqual([
      ['xen-2008', 'fail', true],
      ['xen-fix-2', 'pass', true],
    ])
    expect(session.judged('xen-fix-1').verdict).toBe('pass')
  })
})
