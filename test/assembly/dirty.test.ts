/** No write to guest memory escapes the dirty log, and writers are functions of the time they have run. */
import { describe, expect, test } from 'vitest'
import { Machine } from '../../src/core/machine.js'
import { parseScenario } from '../../src/scenario/index.js'
import { World } from '../../src/world/index.js'
import { builds } from '../helpers/core.js'
import { libraryNames, libraryScenario } from '../helpers/library.js'

const PAGE = 4096
const MS = 1_000_000n

function marked(machine: Machine): Set<number> {
  machine.core.dirty_collect()
  const bits = new Uint8Array(machine.core.memory.buffer, machine.core.address_dirty(), 0x8000)
  const pages = new Set<number>()
  bits.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) pages.add(at * 8 + bit)
  })
  return pages
}

function changed(before: Uint8Array, after: Uint8Array): number[] {
  const pages: number[] = []
  for (let page = 0; page * PAGE < after.length; page++) {
    const [old, now] = [before, after].map((bytes) =>
      Buffer.from(bytes.buffer, bytes.byteOffset + page * PAGE, PAGE),
    )
    if (!old!.equals(now!)) pages.push(page)
  }
  return pages
}

const writing = (writers: string, vcpus = 1) =>
  parseScenario(
    `
name: writing
title: programs that write memory
duration: 10 s
hosts: { a: { hypervisor: kvm, uptime: 1 d, tsc: { clocksource: true } } }
guests: { g: { on: a, kernel: linux-kvm, memory: 2 MiB, vcpus: ${vcpus}, write: ${writers} } }
events:
  - { at: 2 s, pause: g }
  - { at: 3 s, resume: g }
  - { at: 4 s, steal: g, for: 1500 ms }
`,
    'writing.yaml',
  )

const word = (machine: Machine, page: number): bigint =>
  new DataView(machine.guestMemory.buffer, machine.guestMemory.byteOffset).getBigUint64(page * PAGE, true)

describe.each(builds)('the dirty log, %s build', (build) => {
  test('has every page that a kernel model, its hypervisor or a policy writes', async () => {
    let seen = 0
    for (const name of libraryNames) {
      const scenario = await libraryScenario(name)
      const world = new World(scenario, { build })
      const guest = world.guest(scenario.guests[0]!.name)
      const step = scenario.durationNs / 7n < 20_000n * MS ? scenario.durationNs / 7n : 20_000n * MS
      for (let at = step; at < 7n * step; at += step) {
        const { machine } = guest
        const before = machine?.guestMemory.slice()
        machine?.core.dirty_clear()
        world.runUntil(at)
        if (!machine || guest.machine !== machine) continue
        const pages = changed(before!, machine.guestMemory)
        const log = marked(machine)
        expect(pages.filter((page) => !log.has(page))).toEqual([])
        seen += pages.length
      }
    }
    expect(seen).toBeGreaterThan(100)
  })

  test('has the pages of a writer, and only those that changed', () => {
    const world = new World(writing('[{ pages: 100, every: 1 ms }]'), { build })
    world.runUntil(1_000n * MS)
    const machine = world.guest('g').machine!
    machine.core.dirty_clear()
    expect([...marked(machine)]).toEqual([])
    world.runUntil(1_010n * MS)
    const pages = [...marked(machine)].filter((page) => page >= 16)
    expect(pages).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25])
    expect(word(machine, 16)).toBe(1_001n)
    expect(word(machine, 25)).toBe(1_010n)
    expect(word(machine, 26)).toBe(911n)
  })
})

describe.each(builds)('a writer, %s build', (build) => {
  test('writes while its vCPU may run: not in a pause, not while the CPU is taken', () => {
    const world = new World(writing('[{ pages: 64, every: 1 ms }, { pages: 8, every: 10 ms, vcpu: 1 }]', 2), {
      build,
    })
    world.runUntil(10_000n * MS)
    const machine = world.guest('g').machine!
    // 10 s less 1 s of pause; vCPU 0 less another 1.5 s.
    const last = (first: number, pages: number) =>
      Array.from({ length: pages }, (_, i) => word(machine, first + i)).reduce((a, b) => (a > b ? a : b))
    expect(last(16, 64)).toBe(7_500n)
    expect(last(80, 8)).toBe(900n)
  })

  test('ends in the same bits in pieces and in one go', () => {
    const scenario = writing('[{ pages: 37, every: 3.7 ms, from: 500 ms, until: 9 s }]')
    const [whole, pieces] = [new World(scenario, { build }), new World(scenario, { build })]
    whole.runUntil(9_500n * MS)
    for (let at = 0n; at <= 9_500n * MS; at += 137n * MS + 11n) pieces.runUntil(at)
    pieces.runUntil(9_500n * MS)
    expect(pieces.guest('g').machine!.hash).toBe(whole.guest('g').machine!.hash)
    // 8.5 s less 1 s of pause and 1.5 s of steal.
    expect(word(whole.guest('g').machine!, 16 + ((1_621 - 1) % 37))).toBe(1_621n)
  })

  test('moves with its guest', () => {
    const scenario = writing('[{ pages: 50, every: 1 ms }]')
    const world = new World(scenario, { build })
    world.runUntil(1_000n * MS)
    const copy = world.guest('g').machine!.clone()
    world.runUntil(1_500n * MS)
    copy.run(1_500n * MS)
    expect(copy.hash).toBe(world.guest('g').machine!.hash)
  })
})

test('writers that do not fit are refused', () => {
  expect(() => writing('[{ pages: 400, every: 1 ms }, { pages: 97, every: 1 ms }]')).toThrow(
    /need 497 pages, and its 2 MiB have 496/,
  )
})

test('memory is hashed by part', () => {
  const { core } = new Machine()
  expect(core.memory_hash(0, 4096, 0n)).toBe(core.memory_hash(4096, 4096, 0n))
  expect(core.memory_hash(0, 4096, 0n)).not.toBe(core.memory_hash(0, 4095, 0n))
})
