import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseScenario, ScenarioError } from '../../src/scenario/index.js'

const FULL = 'test/scenario/data/full.yaml'
const MINIMAL = `name: x
title: t
duration: 1 min
hosts:
  a: { hypervisor: xen }
guests:
  g: { on: a, kernel: linux-xen }
`
const parse = (text: string) => parseScenario(text, 'f.yaml')
const SECOND = 1_000_000_000n

describe('defaults', () => {
  it('fill a scenario of the keys that must be there', () => {
    const scenario = parse(MINIMAL)
    expect(scenario).toMatchObject({
      cite: null,
      summary: null,
      seed: 1,
      system: 'xen',
      expect: null,
      compare: [],
    })
    expect(scenario.startNs).toBe(1_217_980_800n * SECOND)
    expect(scenario.events).toEqual([
      { kind: 'boot', guest: 'g', atNs: 0n, position: { line: 7, column: 3 } },
    ])
    expect(scenario.guests[0]).toMatchObject({
      policy: null,
      hz: 250,
      vcpus: 1,
      arch: 'x86-64',
      clocksource: 'xen',
    })
    expect(scenario.checks).toEqual(parse(`${MINIMAL}checks: { warp: { limit: 0 s }, rate: {} }\n`).checks)
    const off = Object.entries(scenario.checks).flatMap(([id, check]) => (check === null ? [id] : []))
    expect(off).toEqual(['seam'])
  })

  it('depend on the hypervisor', () => {
    const kvm = (tsc: string) =>
      parse(MINIMAL.replace('xen }', `kvm, ${tsc} }`).replace('linux-xen', 'linux-kvm')).hosts[0]!
    expect(kvm('tsc: {}').tsc).toMatchObject({ constant: true, reliable: true, clocksource: true })
    expect(kvm('tsc: { constant: false }').tsc).toMatchObject({
      constant: false,
      reliable: false,
      clocksource: false,
    })
    expect(kvm('tsc: { reliable: false }').tsc).toMatchObject({ reliable: false, clocksource: false })
    expect(kvm('uptime: 0 s').timerSlopNs).toBe(0n)
    expect(parse(MINIMAL).hosts[0]!.timerSlopNs).toBe(50_000n)
  })

  it('depend on the kernel', () => {
    const { hz, clocksource, variant } = parse(MINIMAL.replace('linux-xen', 'linux-2.6.18-xen')).guests[0]!
    expect({ hz, clocksource, variant }).toEqual({ hz: 100, clocksource: 'xen', variant: 'stock' })
  })

  it.each([
    ['default', 0],
    ['emulate', 1],
    ['native', 2],
    ['0', 0],
    ['1', 1],
    ['2', 2],
  ])('read tsc mode %s as %i', (written, mode) => {
    const text = MINIMAL.replace('linux-xen', `linux-xen, tsc: { mode: ${written} }`)
    expect(parse(text).guests[0]!.tsc!.mode).toBe(mode)
  })
})

describe('time', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0n],
    ['2000-02-29T12:00:00Z', 951_825_600n],
    ['2008-08-06T20:46:57Z', 1_218_055_617n],
    ['2008-08-06t22:46:57+02:00', 1_218_055_617n],
    ['2008-08-06 15:16:57-05:30', 1_218_055_617n],
    ['2038-01-19T03:14:08Z', 2n ** 31n],
    ['2106-02-07T06:28:16Z', 2n ** 32n],
    ['2400-12-31T23:59:59Z', 13_601_087_999n],
  ])('reads %s', (written, seconds) => {
    expect(parse(`${MINIMAL}start: ${written}\n`).startNs).toBe(seconds * SECOND)
  })

  it('agrees with the calendar of JavaScript', () => {
    const last = Date.UTC(2400, 11, 31)
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(last), noInvalidDate: true }), (date) => {
        const text = `${MINIMAL}start: ${date.toISOString()}\n`
        return parse(text).startNs === BigInt(date.getTime()) * 1_000_000n
      }),
    )
  })

  it('keeps events of one instant in the order of the file', () => {
    const events = ['pause', 'resume', 'pause', 'resume', 'rtc-resync']
    const text = `${MINIMAL}events:\n${events.map((kind) => `  - { at: 5 s, ${kind}: g }\n`).join('')}`
    expect(parse(text).events.map(({ kind }) => kind)).toEqual(['boot', ...events])
  })

  it('puts the boots of keys before the events of their instant', () => {
    const text = `${MINIMAL.replace('linux-xen', 'linux-xen, boot: 5 s')}events: [{ at: 5 s, pause: g }]\n`
    expect(parse(text).events.map(({ kind }) => kind)).toEqual(['boot', 'pause'])
  })

  it('orders any events by time', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 59 }), { maxLength: 30 }), (times) => {
        const items = times.map((at, index) =>
          `  - { at: ${at} s, rtc-resync: g, }\n`.replace('g,', `g # ${index}\n   `),
        )
        const { events } = parse(`${MINIMAL}${times.length > 0 ? 'events:\n' : ''}${items.join('')}`)
        const sorted = events.slice(1)
        for (const [index, event] of sorted.entries()) {
          const before = sorted[index - 1]
          if (!before) continue
          expect(
            before.atNs < event.atNs ||
              (before.atNs === event.atNs && before.position.line < event.position.line),
          ).toBe(true)
        }
        expect(sorted).toHaveLength(times.length)
      }),
    )
  })
})

describe('what is legal though it looks odd', () => {
  const two = MINIMAL.replace('guests:', '  b: { hypervisor: xen }\nguests:')
  it.each([
    ['a migration to the same host', '- { at: 1 s, migrate: g, to: a }'],
    [
      'a paused guest that moves and goes on',
      '- { at: 1 s, pause: g }\n- { at: 2 s, migrate: g, to: b }\n- { at: 3 s, resume: g }',
    ],
    [
      'a paused guest that is saved',
      '- { at: 1 s, pause: g }\n- { at: 2 s, save: g }\n- { at: 3 s, restore: g }',
    ],
    [
      'a reboot between save and restore',
      '- { at: 1 s, save: g }\n- { at: 2 s, reboot: a, takes: 5 s }\n- { at: 7 s, restore: g }',
    ],
    [
      'a second save after the restore',
      '- { at: 1 s, save: g }\n- { at: 2 s, restore: g, on: b }\n- { at: 3 s, save: g }',
    ],
    [
      'a migration again in the instant of arrival',
      '- { at: 1 s, migrate: g, to: b, downtime: 1 s }\n- { at: 2 s, migrate: g, to: a }',
    ],
    ['a downtime beyond the end', '- { at: 59 s, migrate: g, to: b, downtime: 1 h }'],
    [
      'a slew in the instant the last one ends',
      '- { at: 1 s, ntp-slew: a, rate: 1 ppm, for: 1 s }\n- { at: 2 s, ntp-slew: a, rate: 2 ppm, for: 1 h }',
    ],
  ])('%s', (_what, events) => {
    expect(() => parse(`${two}events:\n${events}\n`)).not.toThrow()
  })

  it('names that are numbers or words of YAML, in the order of the file', () => {
    const text = MINIMAL.replace(
      '  a:',
      '  7: { hypervisor: kvm }\n  3: { hypervisor: kvm }\n  null: { hypervisor: kvm }\n  a:',
    )
    expect(parse(text).hosts.map(({ name }) => name)).toEqual(['7', '3', 'null', 'a'])
  })
})

describe('anchors and merge keys', () => {
  it('give values, and places where they are written', () => {
    const scenario = parse(`name: x
title: t
duration: 1 min
hosts:
  a: &host
    hypervisor: xen
    wall: &wall { offset: 1 s }
    uptime: 1 d
  b:
    <<: *host
    uptime: 2 d
  c: *host
guests:
  g: &g { on: a, kernel: linux-xen, read: [&r { clock: realtime, every: 1 s }, { <<: [*r, { name: other }] }] }
`)
    expect(scenario.hosts.map(({ uptimeNs }) => uptimeNs / (86_400n * SECOND))).toEqual([1n, 2n, 1n])
    expect(scenario.hosts.map(({ wallOffsetNs }) => wallOffsetNs)).toEqual([SECOND, SECOND, SECOND])
    expect(scenario.hosts.map(({ position }) => position.line)).toEqual([5, 9, 12])
    expect(scenario.guests[0]!.read.map(({ name }) => name)).toEqual(['realtime', 'other'])
  })

  it('point at the place where a wrong value is written', () => {
    const text = MINIMAL.replace('hypervisor: xen }', '<<: *h }').replace('name: x', 'name: x\nseed: &h {}')
    expect(() => parse(text)).toThrow('f.yaml:2:10: seed is a mapping')
    const merged = `${MINIMAL}events:\n  - &e { at: 99 s, rtc-resync: g }\n  - { <<: *e }\n`
    expect(() => parse(merged)).toThrow('f.yaml:9:14: at is 1 min 39 s, but the scenario ends')
  })
})

it('meets no text that it neither reads nor refuses in its own words', () => {
  const full = readFileSync(FULL, 'utf8')
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '\n',
    ' ',
    '-',
    '&x ',
    '*x',
    '"',
    "'",
    '#',
    '|',
    '\t',
    '0',
    '? ',
    '<<: ',
    '\u0007',
    '😀',
    ' .. ',
  ]
  const change = fc.record({ at: fc.nat(full.length), drop: fc.nat(40), put: fc.constantFrom('', ...pieces) })
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const text = changes.reduce((t, { at, drop, put }) => t.slice(0, at) + put + t.slice(at + drop), full)
      try {
        parse(text)
      } catch (error) {
        if (!(error instanceof ScenarioError)) throw error
        expect(error.detail).toMatch(/^[^\n]+; expected [^\n]+$/)
        const { line, column } = error.position!
        const lines = text.split('\n')
        expect(line).toBeLessThanOrEqual(lines.length)
        expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 1)
      }
    }),
    { numRuns: 150 },
  )
})
