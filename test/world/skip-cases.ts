/** Drawn guests that sleep for hours, and the bytes in which a run of them ends. */
import fc from 'fast-check'
import type { Machine } from '../../src/core/machine.js'
import { parseScenario } from '../../src/scenario/index.js'
import { World } from '../../src/world/index.js'

const SECOND = 1_000_000_000n

export interface Case {
  readonly kernel: 'linux-2.6.18-xen' | 'linux-xen' | 'linux-ppc64'
  readonly khz: number
  readonly tscPpb: number
  readonly clockPpb: number
  readonly tbHz: number
  readonly uptimeS: number
  readonly hz: number
  readonly vcpus: number
  readonly wide: boolean
  readonly variant: 'stock' | 'no-rebase' | 'fix-2' | 'fix-3'
  readonly emulated: boolean
  readonly start: string
  readonly pause: readonly [number, number] | null
  readonly sleepS: number | null
  readonly pauseMs: number
  readonly pushed: boolean
  readonly readS: number | null
  readonly busyAtS: number | null
  readonly seconds: number
  readonly cuts: readonly number[]
}

export const cases: fc.Arbitrary<Case> = fc.record({
  kernel: fc.constantFrom('linux-2.6.18-xen' as const, 'linux-xen' as const, 'linux-ppc64' as const),
  khz: fc.oneof(
    fc.constantFrom(2_400_000, 3_000_000, 1_000_000),
    fc.integer({ min: 900_000, max: 6_000_000 }),
  ),
  tscPpb: fc.oneof(fc.constant(0), fc.integer({ min: -300_000, max: 300_000 })),
  clockPpb: fc.integer({ min: -100_000, max: 100_000 }),
  tbHz: fc.constantFrom(512_000_000, 500_000_000, 33_333_333, 1_000_000_000),
  uptimeS: fc.integer({ min: 0, max: 100_000_000 }),
  hz: fc.constantFrom(100, 250, 1000),
  vcpus: fc.integer({ min: 1, max: 3 }),
  wide: fc.boolean(),
  variant: fc.constantFrom('stock', 'stock', 'no-rebase', 'fix-2', 'fix-3'),
  emulated: fc.boolean(),
  // 32 bits of time_t end at 2038-01-19T03:14:08Z, 64 bits of ns at 2262-04-11T23:47:16Z
  start: fc.constantFrom('2008-08-06T00:00:00Z', '2038-01-19T02:00:00Z', '2262-04-11T23:00:00Z'),
  pause: fc.option(fc.tuple(fc.integer({ min: 20, max: 2000 }), fc.integer({ min: 1, max: 3000 }))),
  sleepS: fc.option(fc.integer({ min: 1, max: 4000 })),
  pushed: fc.boolean(),
  pauseMs: fc.integer({ min: 0, max: 90_000 }),
  readS: fc.option(fc.integer({ min: 1, max: 2000 })),
  busyAtS: fc.option(fc.integer({ min: 1, max: 300 })),
  seconds: fc.integer({ min: 20, max: 20_000 }),
  cuts: fc.array(fc.integer({ min: 1, max: 20_000_000 }), { maxLength: 3 }),
})

export function scenarioOf(c: Case): string {
  const power = c.kernel === 'linux-ppc64'
  const clock = power
    ? `hypervisor: power-kvm, timebase: { frequency: ${c.tbHz} Hz, error: ${c.tscPpb} ppb }`
    : `hypervisor: xen, tsc: { frequency: ${c.khz} kHz, error: ${c.tscPpb} ppb }, wall: { pushed: ${c.pushed ? 'every-11-min' : 'when-set'} }`
  const sleep =
    c.sleepS === null ? '' : `\n    sleep: [{ for: ${c.sleepS} s, at: 1 s, every: ${c.pauseMs} ms }]`
  const read = c.readS === null ? '' : `\n    read: [{ clock: monotonic, every: ${c.readS} s }]`
  const pause =
    c.pause === null || c.pause[0] + c.pause[1] >= c.seconds
      ? ''
      : `\nevents: [{ at: ${c.pause[0]} s, pause: g }, { at: ${c.pause[0] + c.pause[1]} s, resume: g }]`
  const busy =
    c.busyAtS === null || c.busyAtS + 2 >= c.seconds
      ? ''
      : `\n    busy: [{ from: ${c.busyAtS} s, until: ${c.busyAtS + 2} s }]`
  const variant = c.kernel === 'linux-2.6.18-xen' ? `\n    variant: ${c.variant}` : ''
  const wide = power
    ? ''
    : `\n    arch: ${c.wide ? 'x86-64' : 'x86-32'}\n    tsc: { mode: ${c.emulated ? 'emulate' : 'native'} }`
  return `name: skip
title: "drawn"
system: ${power ? 'power' : 'xen'}
start: ${c.start}
duration: ${c.seconds} s
hosts:
  a: { ${clock}, uptime: ${c.uptimeS} s, clock: { error: ${c.clockPpb} ppb } }
guests:
  g:
    on: a
    kernel: ${c.kernel}
    hz: ${c.hz}
    vcpus: ${c.vcpus}${wide}${variant}${sleep}${read}${busy}${pause}
`
}

export function hashes(c: Case, pace: 'skipping' | 'event-by-event', build: 'release' | 'debug'): string[] {
  const scenario = parseScenario(scenarioOf(c), 'drawn.yaml')
  const world = new World(scenario, { build, pace })
  const machine = (): Machine => world.guest('g').machine!
  const all: string[] = []
  const stops = [...c.cuts.map((ms) => BigInt(ms) * 1_000_000n), BigInt(c.seconds) * SECOND]
  for (const ns of stops.sort((a, b) => (a < b ? -1 : 1))) {
    if (ns > BigInt(c.seconds) * SECOND) continue
    world.runUntil(ns)
    all.push(`${ns} ${machine().hash} ${world.host('a').machine.hash} ${machine().log.length}`)
  }
  return all
}
