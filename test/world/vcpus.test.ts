/**
 * A program of four vCPUs, each with a decrementer of its own (test/guests/power/smp.c), through stops and migrations
 * under every Power policy: TB and each vCPU's DEC are what the policy's formula says, to the tick. The formulas are
 * written out here by the hosts' ticks; the policies' own code has no part in them.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Seen } from '../../src/observation/log.js'
import { builtInPolicy, type ClockPolicy, policies } from '../../src/policy/index.js'
import { bootMachine, type PowerMachine } from '../../src/power/index.js'
import { parseScenario } from '../../src/scenario/index.js'
import type { CodeGuest } from '../../src/world/code/guest.js'
import { type Code, World } from '../../src/world/index.js'

const SECOND = 1_000_000_000n
const MS = 1_000_000n
const HZ = 512_000_000n
const DAY = 86_400n
const CPUS = [0, 1, 2, 3]

const elf = readFileSync(new URL('../guests/power/b64-smp.elf', import.meta.url))
const code = (cpuHz: bigint): ReadonlyMap<string, Code> => {
  const boot: Code['boot'] = (told) => bootMachine(elf, 'b64-smp.elf', { ...told, cpuHz, ramBytes: 1 << 20 })
  return new Map([['g', { boot, cpuHz }]])
}

interface Hosts {
  readonly uptimeB?: bigint
  readonly hzB?: bigint
  readonly decBits?: number
}

function world(policy: ClockPolicy, events: readonly string[], hosts: Hosts = {}, cpuHz = HZ): World {
  const hypervisor = policy.name === 'power-tcg' ? 'power-tcg' : 'power-kvm'
  const { uptimeB = 2n, hzB = HZ, decBits = 56 } = hosts
  const text = `
name: vcpus
title: four vCPUs
system: power
start: 2018-07-16T00:00:00Z
duration: 100 s
hosts:
  a: { hypervisor: ${hypervisor}, uptime: 30 d, timebase: { frequency: ${HZ / 1_000_000n} MHz } }
  b: { hypervisor: ${hypervisor}, uptime: ${uptimeB} d, timebase: { frequency: ${hzB / 1_000_000n} MHz } }
guests:
  g: { on: a, kernel: linux-ppc64, vcpus: 4, dec: { bits: ${decBits} } }
events:${events.map((event) => `\n  - { ${event} }`).join('') || ' []'}
`
  return new World(parseScenario(text, 'vcpus.yaml'), { policy, code: code(cpuHz) })
}

const guestOf = (of: World): CodeGuest => of.resident('g') as CodeGuest

interface Clocks {
  readonly tb: bigint
  /** By vCPU, the guest timebase at which DEC reaches or reached 0. */
  readonly expiry: readonly bigint[]
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)

function clocksOf({ core, timebase }: PowerMachine): Clocks {
  return { tb: timebase, expiry: CPUS.map((cpu) => u64(core.dec_next(cpu) + core.tb_offset())) }
}

/** The policy, and what it found at each stop. */
function watched(name: string): { policy: ClockPolicy; found: Clocks[]; look: (of: World) => void } {
  const found: Clocks[] = []
  let guest: CodeGuest | null = null
  const base = builtInPolicy(name)
  const stop: ClockPolicy['stop'] = (context) => {
    found.push(clocksOf(guest!.machine!))
    base.stop?.(context)
  }
  return {
    policy: { ...base, stop },
    found,
    look: (of) => {
      guest = guestOf(of)
    },
  }
}

type HostName = 'a' | 'b'
/** Ticks of a host's timebase. */
const ticksOf = (host: HostName, ns: bigint): bigint =>
  (host === 'a' ? 30n : 2n) * DAY * HZ + (ns * HZ) / SECOND

/** Lines `@dec cpu C due T dec D tb T`. */
function decLines(text: string) {
  return [...text.matchAll(/^@dec cpu (\d) due (\S+) dec (\S+) tb (\S+)$/gm)].map((found) => {
    const [due, dec, tb] = found.slice(2).map(BigInt) as [bigint, bigint, bigint]
    return { cpu: Number(found[1]), due, dec, tb }
  })
}

/** A stop: the clocks stand from `stop` on, are written at `save` on host `from`, and run again from `resume` on on `to`. */
interface Instants {
  readonly stop: bigint
  readonly save: bigint
  readonly resume: bigint
  readonly from: HostName
  readonly to: HostName
}
type Timebase = (tb: bigint, at: Instants) => bigint

const stands: Timebase = (tb) => tb
const untilSave: Timebase = (tb, { from, stop, save }) => tb + ticksOf(from, save) - ticksOf(from, stop)
const charged: Timebase = (tb, at) => untilSave(tb, at) + ((at.resume - at.save) * HZ) / SECOND
const goesOn: Timebase = (tb, { from, stop, resume }) => tb + ticksOf(from, resume) - ticksOf(from, stop)
const STEP = 1n << 24n
/** The offset from the host's timebase is rounded up to what TBU40 can hold. */
const rounded =
  (saved: Timebase): Timebase =>
  (tb, at) => {
    const there = ticksOf(at.to, at.resume)
    const offset = saved(tb, at) - there
    const down = BigInt.asIntN(64, offset) >> 24n
    return there + (offset % STEP === 0n ? down : down + 1n) * STEP
  }

/** What TB shows when the guest runs again: paused on its host; migrated while it runs; saved and restored. */
const FORMULAS: Readonly<Record<string, Readonly<Record<Kind, Timebase>>>> = {
  'power-stopped': { pause: stands, migrate: stands, save: stands },
  'power-qemu': { pause: stands, migrate: untilSave, save: stands },
  'power-dec-lost': { pause: stands, migrate: untilSave, save: stands },
  'power-tbu40': { pause: stands, migrate: rounded(untilSave), save: rounded(stands) },
  'power-tcg': { pause: stands, migrate: stands, save: stands },
  'power-running': { pause: goesOn, migrate: charged, save: charged },
  'power-frequency-scaled': { pause: goesOn, migrate: charged, save: charged },
  'power-frequency-told': { pause: goesOn, migrate: charged, save: charged },
  'power-stopped-timebase': { pause: stands, migrate: charged, save: stands },
}

/** Every kind once, each of them the first once. */
const ORDERS = [
  ['pause', 'migrate', 'save'],
  ['migrate', 'save', 'pause'],
  ['save', 'pause', 'migrate'],
] as const
type Kind = (typeof ORDERS)[number][number]
/** vCPU 2 works, and vCPU 3's DEC has passed and waits for its turn. */
const FIRST_STOP = 22_050_000n
const DOWN = 200n * MS

/** The stops of an order, with some life after each; the guest changes hosts where it can. */
function plan(order: readonly Kind[], loses: boolean) {
  let [stop, from] = [FIRST_STOP, 'a' as HostName]
  return order.map((kind) => {
    const [save, resume] = [kind === 'migrate' ? stop + 5n * MS : stop, stop + DOWN]
    const to: HostName = kind === 'pause' ? from : from === 'a' ? 'b' : 'a'
    const at = `at: ${stop} ns`
    const events = {
      pause: [`${at}, pause: g`, `at: ${resume} ns, resume: g`],
      save: [`${at}, save: g`, `at: ${resume} ns, restore: g, on: ${to}`],
      migrate: [`${at}, migrate: g, to: ${to}, downtime: 200 ms, stop-to-save: 5 ms`],
    }[kind]
    const instants: Instants = { stop, save, resume, from, to }
    // A DEC of 32 bits that is lost comes 4.19 s later.
    const end = resume + (loses && kind !== 'pause' ? 4_250n * MS : 15n * MS)
    ;[stop, from] = [end, to]
    return { kind, events, instants, end }
  })
}

it('every Power policy has its formula here', () => {
  const names = policies.flatMap(({ name, system }) => (system === 'power' ? [name] : []))
  expect(Object.keys(FORMULAS).sort()).toEqual(names.sort())
})

it('at the first stop one DEC has passed and nobody has seen it', () => {
  const one = world(builtInPolicy('power-qemu'), [`at: ${FIRST_STOP} ns, pause: g`])
  one.runUntil(FIRST_STOP)
  const { core } = guestOf(one).machine!
  const passed = CPUS.filter((cpu) => core.dec_armed(cpu) && core.dec_next(cpu) <= core.source_ticks())
  expect([core.vcpu(), passed]).toEqual([2, [3]])
})

describe.each(Object.keys(FORMULAS))('four vCPUs under %s', (name) => {
  it.each(ORDERS)(
    '%s, %s, %s: TB by its formula, each DEC where it was or where the policy leaves it',
    (...order) => {
      const loses = name === 'power-dec-lost'
      const decBits = loses || order[0] === 'pause' ? 32 : 56
      const { policy, found, look } = watched(name)
      const stops = plan(order, loses)
      const one = world(
        policy,
        stops.flatMap(({ events }) => events),
        { decBits },
      )
      look(one)
      /** The vCPUs' DECs that a stop has lost: when they reach 0, by TB. */
      const lost: bigint[] = []
      for (const [i, { kind, instants }] of stops.entries()) {
        one.runUntil(instants.resume)
        const after = clocksOf(guestOf(one).machine!)
        const before = found[i]!
        expect(after.tb, kind).toBe(FORMULAS[name]![kind](before.tb, instants))
        const left = after.tb + (1n << BigInt(decBits - 1)) - 1n
        if (loses && kind !== 'pause') lost.push(left)
        expect(after.expiry, kind).toEqual(loses && kind !== 'pause' ? CPUS.map(() => left) : before.expiry)
      }
      // And that is what each vCPU reads in its interrupts: on time, or after a loss that much late. One that was about
      // to set its DEC when that was lost sets it all the same.
      one.runUntil(stops.at(-1)!.end)
      const late = decLines(guestOf(one).told.text).flatMap(({ cpu, due, dec, tb }) => {
        const zero = tb + 1n + BigInt.asIntN(decBits, dec)
        return zero === due + 2n ? [] : [{ cpu, zero }]
      })
      expect(new Set(late.map(({ zero }) => zero))).toEqual(new Set(lost))
      expect(new Set(late.map(({ cpu }) => cpu)).size).toBe(loses ? 4 : 0)
    },
  )
})

describe('to a host of 500 MHz', () => {
  it.each([
    ['power-frequency-scaled', HZ],
    ['power-frequency-told', 500_000_000n],
    ['power-running', 500_000_000n],
  ])('%s: the DECs of all vCPUs count at one rate', (name, hz) => {
    const stop = 30n * MS
    const { policy, found, look } = watched(name)
    const one = world(policy, [`at: ${stop} ns, migrate: g, to: b, downtime: 10 ms`], { hzB: 500_000_000n })
    look(one)
    one.runUntil(stop + 10n * MS)
    const before = found[0]!
    const resumed = clocksOf(guestOf(one).machine!)
    // power-running knows only the rate of the host it is on.
    const rate = name === 'power-running' ? hz : HZ
    expect(resumed.tb).toBe(before.tb + rate / 100n)
    expect(resumed.expiry).toEqual(before.expiry)
    one.runUntil(stop + 60n * MS)
    const ended = guestOf(one).machine!.timebase
    expect(ended - resumed.tb).toBe(hz / 20n)
    expect(new Set(decLines(guestOf(one).told.text).map(({ cpu }) => cpu)).size).toBe(4)
  })
})

describe('a vCPU that the host takes away', () => {
  const taken = 'at: 20 ms, steal: g, vcpu: 3, for: 60 ms'
  /** True ms in which vCPU 3, whose period is 1 ms, said something, and all others. */
  function heard(events: readonly string[]) {
    const one = world(builtInPolicy('power-qemu'), events)
    one.runUntil(120n * MS)
    const guest = guestOf(one)
    const { readers, log } = guest.told
    const reads = [...log.all(Seen.read)].map(({ index, trueNs }) => ({ vcpu: readers[index]!.vcpu, trueNs }))
    const during = (from: bigint, until: bigint, vcpus: readonly number[]) =>
      reads.filter(({ vcpu, trueNs }) => vcpus.includes(vcpu) && trueNs > from * MS && trueNs < until * MS)
        .length
    return { mine: (from: bigint, until: bigint) => during(from, until, [3]), during, guest }
  }

  it('has no turn while the others go on, and goes on when it is given back', () => {
    const { mine, during, guest } = heard([taken])
    expect([mine(10n, 20n) > 4, mine(21n, 80n), mine(80n, 120n) > 15]).toEqual([true, 0, true])
    expect(during(21n, 80n, [0, 1, 2])).toBeGreaterThan(20)
    // Nobody waited for a lock that vCPU 3 held.
    const onTime = decLines(guest.told.text).filter(
      ({ dec, due, tb }) => tb + 1n + BigInt.asIntN(56, dec) === due + 2n,
    )
    expect(onTime).toHaveLength(decLines(guest.told.text).length)
  })

  it('stays away over a pause, and comes back with a migration, whose host has taken nothing', () => {
    const paused = heard([taken, 'at: 40 ms, pause: g', 'at: 60 ms, resume: g'])
    expect([paused.mine(21n, 80n), paused.mine(80n, 120n) > 15]).toEqual([0, true])
    const moved = heard([taken, 'at: 40 ms, migrate: g, to: b, downtime: 10 ms'])
    expect([moved.mine(21n, 50n), moved.mine(50n, 80n) > 10]).toEqual([0, true])
  })

  it('is taken with all others: nothing runs, as if their host stood still', () => {
    const all = CPUS.map((cpu) => `at: 20 ms, steal: g, vcpu: ${cpu}, for: 60 ms`)
    const { during } = heard(all)
    expect([during(21n, 80n, CPUS), during(80n, 120n, [3]) > 15]).toEqual([0, true])
  })
})

describe('moved, saved and stopped in no time', () => {
  const end = 70n * MS
  const moves = Array.from({ length: 9 }, (_, i) => {
    const at = 20_000_001n + BigInt(i) * 5_654_321n
    const [from, to] = i % 2 ? ['b', 'a'] : ['a', 'b']
    if (i % 3 === 0) return [`at: ${at} ns, migrate: g, to: ${to}, downtime: 0 ns`]
    if (i % 3 === 1) return [`at: ${at} ns, save: g`, `at: ${at} ns, restore: g, on: ${to}`]
    return [
      `at: ${at} ns, pause: g`,
      `at: ${at} ns, resume: g`,
      `at: ${at + 1n} ns, migrate: g, to: ${to}, downtime: 0 ns`,
      `at: ${at + 2n} ns, migrate: g, to: ${from}, downtime: 0 ns`,
      `at: ${at + 3n} ns, migrate: g, to: ${to}, downtime: 0 ns`,
    ]
  }).flat()

  function ended(policy: string, events: readonly string[]) {
    const one = world(builtInPolicy(policy), events, { uptimeB: 30n }, SECOND)
    one.runUntil(end)
    const guest = guestOf(one)
    const machine = guest.machine!
    return {
      console: guest.told.text,
      cycles: machine.cycles,
      clocks: clocksOf(machine),
      registers: [machine.pc, machine.msr, ...Array.from({ length: 32 }, (_, i) => machine.gpr(i))],
      ram: Buffer.from(machine.ram).toString('base64'),
    }
  }

  // The policy matters to a guest that is left alone only in what host it needs.
  const unmoved = new Map(['power-tcg', 'power-qemu'].map((name) => [name, ended(name, [])]))

  it.each(Object.keys(FORMULAS).filter((name) => name !== 'power-dec-lost'))('%s', (policy) => {
    expect(ended(policy, moves)).toEqual(unmoved.get(policy === 'power-tcg' ? policy : 'power-qemu'))
  })
})
