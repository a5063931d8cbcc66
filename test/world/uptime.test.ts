/** The moments at which a counter or a clock runs out, computed from its width and rate, and found to the tick. */
import { describe, expect, it } from 'vitest'
import { Seen } from '../../src/observation/log.js'
import { parseScenario, type Scenario } from '../../src/scenario/index.js'
import type { GuestResult } from '../../src/world/index.js'
import { runScenario, World } from '../../src/world/index.js'
import { libraryScenario } from '../helpers/library.js'

const SECOND = 1_000_000_000n
const MS = 1_000_000n
const US = 1_000n
const TB_HZ = 512_000_000n
const epochNs = (text: string): bigint => BigInt(Date.parse(text)) * MS
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value)
/** First whole ns at which `ticks` of `hz` have gone by. */
const ticksToNs = (ticks: bigint, hz: bigint): bigint => (ticks * SECOND + hz - 1n) / hz

interface Reading {
  readonly atNs: bigint
  readonly value: bigint
}

function readings(guest: GuestResult, reader: string): Reading[] {
  const index = guest.readers.findIndex(({ name }) => name === reader)
  expect(index, reader).toBeGreaterThanOrEqual(0)
  return [...guest.observations.all(Seen.read)]
    .filter((seen) => seen.index === index)
    .map(({ trueNs, value }) => ({ atNs: trueNs, value }))
}

const guestOf = (scenario: Scenario, name: string): GuestResult =>
  runScenario(scenario).guests.find((guest) => guest.name === name)!

/** The last reading before a clock falls and the first after it; the clock falls once. */
function fall(list: readonly Reading[], order: (value: bigint) => bigint = (value) => value) {
  const at = list.flatMap(({ value }, i) => (i > 0 && order(value) < order(list[i - 1]!.value) ? [i] : []))
  expect(at).toHaveLength(1)
  return { before: list[at[0]! - 1]!, after: list[at[0]!]! }
}

/** Within what reading in whole us costs: linux-2.6.18-xen cuts off twice, and its multiplier for us is short. */
function expectSteady(guest: GuestResult, reader = 'monotonic', slack = 3n * US): void {
  const list = readings(guest, reader)
  const first = list[0]!
  for (const { atNs, value } of list) {
    const off = value - first.value - (atNs - first.atNs)
    expect(off > -slack && off < slack, `${reader} at ${atNs} is off by ${off} ns`).toBe(true)
  }
}

/** How late after `at + length` a sleeper woke first, ns. */
function lateness(guest: GuestResult, sleeper: string): bigint {
  const index = guest.sleepers.findIndex(({ name }) => name === sleeper)
  const woke = [...guest.observations.all(Seen.wake)].find((seen) => seen.index === index)!
  return woke.value - guest.sleepers[index]!.forNs
}

describe('the figures', () => {
  const thousandths = (ticks: bigint, hz: bigint, unitSeconds: bigint): number =>
    Number((ticks * 1000n) / (hz * unitSeconds)) / 1000
  const day = 86_400n
  const year = 31_557_600n
  it.each([
    ['TSC at 3 GHz, years', 2n ** 64n, 3_000_000_000n, year, 194.847],
    ['TSC at 6 GHz, years', 2n ** 64n, 6_000_000_000n, year, 97.423],
    ['TB at 512 MHz, years', 2n ** 64n, TB_HZ, year, 1141.683],
    ['TBL at 512 MHz, seconds', 2n ** 32n, TB_HZ, 1n, 8.388],
    ['signed ns, years', 2n ** 63n, SECOND, year, 292.271],
    ['32 bits of jiffies at 1000 Hz, days', 2n ** 32n, 1000n, day, 49.71],
    ['32 bits of jiffies at 100 Hz, days', 2n ** 32n, 100n, day, 497.102],
    ['TSC times 512, days at 2 GHz', 2n ** 64n / 512n, 2_000_000_000n, day, 208.499],
    ['TSC times 426, days at 2.4 GHz', 2n ** 64n / 426n, 2_400_000_000n, day, 208.826],
    ['ns times 2^22, seconds', 2n ** 64n / 2n ** 22n, SECOND, 1n, 4398.046],
    ['the positive half of DEC, 32 bits, seconds', 2n ** 31n, TB_HZ, 1n, 4.194],
    ['the positive half of DEC, 56 bits, years', 2n ** 55n, TB_HZ, year, 2.229],
  ])('%s', (_, ticks, hz, unit, figure) => {
    expect(thousandths(ticks, hz, unit)).toBe(figure)
  })
})

describe('2038', () => {
  const end = 2n ** 31n * SECOND
  /** This kernel's gettimeofday adds up whole us of three parts, each rounded down: so much late at most. */
  const LATE_US = 2n

  it('a 32-bit kernel falls back to 1901 at 2^31 s, and its monotonic clock goes on', async () => {
    const scenario = await libraryScenario('uptime-2038')
    const at = end - scenario.startNs
    expect(end).toBe(epochNs('2038-01-19T03:14:08Z'))
    const guest = guestOf(scenario, 'g')
    // gettimeofday has whole us
    expect(readings(guest, 'before')[0]).toEqual({ atNs: at - 1n, value: end - US })
    expect(fall(readings(guest, 'edge')).after.value).toBe(-end)
    expect(fall(readings(guest, 'edge')).after.atNs - at).toBeLessThanOrEqual(LATE_US * US)
    expect(fall(readings(guest, 'realtime')).before.atNs).toBe(at)
    expectSteady(guest)
    expect(lateness(guest, 'over-it')).toBeLessThan(20n * MS)
  })

  it('a 64-bit kernel goes on', async () => {
    const scenario = await libraryScenario('uptime-2038-wide')
    const guest = guestOf(scenario, 'g')
    const at = end - scenario.startNs
    expect(readings(guest, 'before')[0]).toEqual({ atNs: at - 1n, value: end - US })
    const next = readings(guest, 'edge').find(({ value }) => value !== end - US)!
    expect(next.value).toBe(end)
    expect(next.atNs - at).toBeLessThanOrEqual(LATE_US * US)
    expectSteady(guest, 'realtime')
  })
})

describe('2106', () => {
  const end = 2n ** 32n * SECOND

  it('KVM: who boots at 2^32 s is in 1970, who boots 1 ns before is not', async () => {
    const scenario = await libraryScenario('uptime-2106-kvm')
    const at = end - scenario.startNs
    expect(end).toBe(epochNs('2106-02-07T06:28:16Z'))
    expect(scenario.guests.map(({ bootNs }) => bootNs)).toEqual([at - 1n, at])
    const [last, first] = runScenario(scenario).guests
    expect(readings(last!, 'realtime')[0]).toEqual({ atNs: at - 1n, value: end - 1n })
    expect(readings(first!, 'realtime')[0]).toEqual({ atNs: at, value: 0n })
    expectSteady(last!, 'realtime')
    expectSteady(first!, 'realtime')
  })

  it('Xen: the host’s boot decides; the page has the truth in wc_sec_hi, which the kernels ignore', async () => {
    const scenario = await libraryScenario('uptime-2106-xen')
    const world = new World(scenario)
    const result = world.run()
    const wall = (name: string): bigint =>
      readings(result.guests.find((g) => g.name === name)!, 'realtime')[0]!.value
    expect(scenario.startNs).toBe(end)
    expect(wall('last')).toBe(end)
    expect(wall('first')).toBe(0n)
    expect(wall('first-old')).toBe(0n)
    const epoch = (name: string) => {
      const { guestMemory } = world.guest(name).machine!
      const page = new DataView(guestMemory.buffer, guestMemory.byteOffset + 0x1000, 4096)
      const sec = page.getUint32(3076, true)
      const nsec = BigInt(page.getUint32(3080, true))
      const high = BigInt(page.getUint32(3084, true))
      return { narrow: BigInt(sec) * SECOND + nsec, wide: ((high << 32n) + BigInt(sec)) * SECOND + nsec }
    }
    expect(epoch('last')).toEqual({ narrow: end - 1n, wide: end - 1n })
    expect(epoch('first')).toEqual({ narrow: 0n, wide: end })
    expect(epoch('first-old')).toEqual({ narrow: 0n, wide: end })
  })
})

describe('292 years', () => {
  it('system time from 1970 gets its sign bit in 2262', async () => {
    const scenario = await libraryScenario('uptime-292y-epoch')
    const at = 2n ** 63n - scenario.startNs
    expect(2n ** 63n / SECOND).toBe(epochNs('2262-04-11T23:47:16Z') / SECOND)
    const guest = guestOf(scenario, 'g')
    expect(readings(guest, 'before')[0]).toEqual({ atNs: at - 1n, value: 2n ** 63n - 1n })
    expect(readings(guest, 'after')[0]).toEqual({ atNs: at, value: -(2n ** 63n) })
    expect(fall(readings(guest, 'realtime')).before.atNs).toBe(at) // in whole us it is still below
    expectSteady(guest)
    expect(lateness(guest, 'over-it')).toBeLessThan(20n * MS)
  })

  const limit = ((2n ** 63n - 1n) / SECOND - 30n * 365n * 86_400n) * SECOND

  it('Linux takes no time from its RTC that is less than 30 years away from it', async () => {
    const scenario = await libraryScenario('uptime-292y-linux')
    const at = limit - scenario.startNs
    expect(limit).toBe(epochNs('2232-04-18T23:47:16Z'))
    const [last, first] = runScenario(scenario).guests
    expect(readings(last!, 'realtime')[0]).toEqual({ atNs: at - SECOND, value: limit - SECOND })
    expect(readings(first!, 'realtime')[0]).toEqual({ atNs: at, value: 0n })
  })

  it('nor from anybody who sets it', async () => {
    const scenario = await libraryScenario('uptime-292y-linux')
    const boot = scenario.events[0]!
    const events: Scenario['events'] = [
      ...scenario.events,
      {
        position: boot.position,
        kind: 'agent-settime',
        guest: 'first',
        atNs: 90n * SECOND,
        from: 'true',
        slewNs: null,
        quiet: false,
      },
    ]
    const { value: inVain } = readings(guestOf({ ...scenario, events }, 'first'), 'realtime').at(-1)!
    expect(inVain).toBeLessThan(61n * SECOND)
    const earlier = { ...scenario, events, startNs: scenario.startNs - 3600n * SECOND }
    const { value } = readings(guestOf(earlier, 'first'), 'realtime').at(-1)!
    expect(value).toBeGreaterThan(limit - 3600n * SECOND)
  })
})

describe('the TSC', () => {
  it('falls from 2^64 - 3 to 0 in a Xen guest, whose clocks go on, and no timer fires again', async () => {
    const scenario = await libraryScenario('uptime-tsc-3ghz')
    const { atStart, frequencyHz } = scenario.hosts[0]!.tsc!
    const at = ticksToNs(2n ** 64n - atStart!, frequencyHz)
    for (const guest of runScenario(scenario).guests) {
      const before = readings(guest, 'before')[0]!
      expect({ ...before, value: unsigned(before.value) }).toEqual({ atNs: at - 1n, value: 2n ** 64n - 3n })
      expect(readings(guest, 'after')[0]).toEqual({ atNs: at, value: 0n })
      expect(fall(readings(guest, 'counter'), unsigned).after.atNs).toBe(at)
      // An old kernel that no tick wakes goes by its short multiplier for a minute.
      expectSteady(guest, 'monotonic', 20n * US)
      expectSteady(guest, 'realtime', 20n * US)
      const wakes = [...guest.observations.all(Seen.wake)].map(({ trueNs }) => trueNs)
      expect(wakes.at(-1)! < at && wakes.at(-1)! > at - 2000n * MS).toBe(true)
    }
  })

  it('takes NOW() along, by all that its 2^64 ticks are worth', async () => {
    const scenario = await libraryScenario('uptime-tsc-3ghz')
    const { atStart, frequencyHz } = scenario.hosts[0]!.tsc!
    const at = ticksToNs(2n ** 64n - atStart!, frequencyHz)
    const now = (ns: bigint): bigint => {
      const world = new World(scenario)
      world.runUntil(ns)
      return BigInt.asIntN(64, world.host('a').machine.core.host_system_time())
    }
    const fell = now(at - 1n) - now(at)
    // 2^64 ticks at the scale of 3 GHz, which Xen cuts: 0.2 ppb.
    const worth = (2n ** 64n * 1_000_000_000n) / frequencyHz
    expect(fell > worth - worth / 1_000_000_000n && fell <= worth).toBe(true)
    expect(now(at + 5_000_000_000n) - now(at) > 4_999_999_000n).toBe(true)
  })

  it('wraps under a KVM guest that does not see it', async () => {
    const scenario = await libraryScenario('uptime-tsc-6ghz')
    const { atStart, frequencyHz } = scenario.hosts[0]!.tsc!
    const at = ticksToNs(2n ** 64n - atStart!, frequencyHz)
    const hostTsc = (durationNs: bigint): bigint => {
      const world = new World({ ...scenario, durationNs })
      world.run()
      return unsigned(world.host('a').machine.core.host_read_counter(0))
    }
    expect(hostTsc(at - 1n)).toBe(2n ** 64n - 6n)
    expect(hostTsc(at)).toBe(0n)
    for (const guest of runScenario(scenario).guests) {
      expect(readings(guest, 'before')[0]).toEqual({ atNs: at - 1n, value: (at - 1n) * 6n })
      expect(readings(guest, 'after')[0]).toEqual({ atNs: at, value: at * 6n })
      if (guest.name === 'kvm-clock') expectSteady(guest) // the other finds its frequency to 1 kHz only
      expect(lateness(guest, 'over-it')).toBeLessThan(MS)
    }
  })
})

describe('the timebase', () => {
  it('its lower half wraps into the upper one', async () => {
    const scenario = await libraryScenario('uptime-tbl')
    const at = ticksToNs(2n ** 32n, TB_HZ)
    const guest = guestOf(scenario, 'g')
    const halves = ({ atNs, value }: Reading) => ({ atNs, tbu: value >> 32n, tbl: value & 0xffff_ffffn })
    expect(halves(readings(guest, 'before')[0]!)).toEqual({ atNs: at - 1n, tbu: 0n, tbl: 0xffff_ffffn })
    expect(halves(readings(guest, 'after')[0]!)).toEqual({ atNs: at, tbu: 1n, tbl: 0n })
    expectSteady(guest)
  })

  it('falls from 2^64 - 1 to 0, and the clocks go on', async () => {
    const scenario = await libraryScenario('uptime-tb')
    const at = ticksToNs(2n ** 64n - scenario.hosts[0]!.timebase!.atStart!, TB_HZ)
    const guest = guestOf(scenario, 'g')
    expect(readings(guest, 'before')[0]).toEqual({ atNs: at - 1n, value: -1n }) // 2^64 - 1
    expect(readings(guest, 'after')[0]).toEqual({ atNs: at, value: 0n })
    expect(fall(readings(guest, 'counter'), unsigned).after.atNs).toBe(at)
    expectSteady(guest)
    expectSteady(guest, 'realtime')
    expect(lateness(guest, 'over-it')).toBeLessThan(MS)
  })
})

describe('jiffies', () => {
  /** How late Xen's timers fire. */
  const SLOP_NS = 50n * US

  /** The tick that wraps 32 bits of jiffies: 1 ns before its time the old value, within `slopNs` after it the new. */
  function expectWrap(guest: GuestResult, atNs: bigint, slopNs: bigint, wraps: bigint): void {
    const last = (wraps << 32n) - 1n
    const before = readings(guest, 'before')[0]!
    expect(before.atNs).toBe(atNs - 1n)
    // 2.6.18 counts at interrupts of Xen's periodic timer, whose phase drifts: its tick may be one behind.
    expect(before.value).toBe(guest.kernel === 'linux-2.6.18-xen' && before.value < last ? last - 1n : last)
    const wrapped = readings(guest, 'edge').find(({ value }) => value > last)!
    expect(wrapped.value).toBe(last + 1n)
    expect(wrapped.atNs - atNs).toBeLessThanOrEqual(slopNs)
    expectSteady(guest)
    expect(lateness(guest, 'over-it')).toBeLessThan(20n * MS)
  }

  it('wrap 300 s after boot on Xen', async () => {
    const [old, modern] = runScenario(await libraryScenario('uptime-jiffies-boot')).guests
    expectWrap(old!, 300n * SECOND, 10n * MS, 1n)
    expectWrap(modern!, 300n * SECOND, SLOP_NS + 10n * US, 1n)
  })

  it.each([
    ['xen', 'linux-2.6.18-xen', 'x86-64', 250],
    ['xen', 'linux-xen', 'x86-64', 100],
    ['kvm', 'linux-kvm', 'x86-32', 1000],
    ['kvm', 'linux-kvm', 'x86-64', 250],
    ['power-kvm', 'linux-ppc64', 'ppc64', 100],
    ['power-kvm', 'linux-ppc64', 'ppc64', 1000],
  ])('wrap 300 s after boot on %s, %s, %s at %d Hz', (hypervisor, kernel, arch, hz) => {
    const scenario = parseScenario(
      `
name: wrap
title: wrap
duration: 302 s
hosts: { a: { hypervisor: ${hypervisor} } }
guests:
  g:
    on: a
    kernel: ${kernel}
    arch: ${arch}
    hz: ${hz}
    read:
      - { clock: monotonic, every: 1 s, until: 2 s }
      - { name: before, clock: jiffies, every: 1 h, from: 299.999999999 s }
      - { name: edge, clock: jiffies, every: 10 us, from: 300 s, until: 300.02 s }
    sleep: [{ name: over-it, for: 2 s, at: 299 s }]
    busy: [{ from: 299 s, until: 301 s }]
`,
      'wrap.yaml',
    )
    const slopNs = kernel === 'linux-2.6.18-xen' ? SECOND / BigInt(hz) : SLOP_NS + 10n * US
    expectWrap(guestOf(scenario, 'g'), 300n * SECOND, slopNs, 1n)
  })

  it.each([
    ['uptime-jiffies-50d', 1000n],
    ['uptime-jiffies-497d', 100n],
  ])('%s: wrap again 2^32 ticks later', async (name, hz) => {
    const at = ticksToNs(300n * hz + 2n ** 32n, hz)
    expectWrap(guestOf(await libraryScenario(name), 'g'), at, US, 2n)
  })
})

describe('products of 64 bits in old kernels', () => {
  it('208.5 days: sched_clock falls to 0 with TSC * scale, and CLOCK_MONOTONIC goes on', async () => {
    const scenario = await libraryScenario('uptime-208d')
    const hz = scenario.hosts[0]!.tsc!.frequencyHz
    const scale = (1_000_000n << 10n) / (hz / 1000n)
    const at = ticksToNs((2n ** 64n + scale - 1n) / scale, hz)
    expect(at).toBe(2n ** 54n)
    const guest = guestOf(scenario, 'g')
    expect(readings(guest, 'before')[0]).toEqual({ atNs: at - 1n, value: at - 1n })
    expect(readings(guest, 'after')[0]).toEqual({ atNs: at, value: 0n })
    const hour = 3600n * SECOND
    expect(fall(readings(guest, 'sched')).after.atNs).toBe(((at + hour - 1n) / hour) * hour)
    expectSteady(guest)
    expect(lateness(guest, 'over-it')).toBeLessThan(MS)
  })

  it('73.3 minutes: 2^42 ns after the last update the clock falls back to it, on today’s kernel it does not', async () => {
    const scenario = await libraryScenario('uptime-73min')
    const { atNs: stolenAt } = scenario.events.find(({ kind }) => kind === 'steal')!
    const tickNs = SECOND / BigInt(scenario.guests[0]!.hz)
    const update = stolenAt - tickNs // the tick that is due when the CPU goes does not come
    const at = update + 2n ** 42n
    const [old, today] = runScenario(scenario).guests
    expect(readings(old!, 'before')[0]).toEqual({ atNs: at - 1n, value: at - 1n })
    expect(readings(old!, 'after')[0]).toEqual({ atNs: at, value: update })
    expect(fall(readings(old!, 'monotonic')).after.value).toBeLessThan(update + SECOND)
    expect(old!.clocks.monotonic).toBe(scenario.durationNs) // an update loses nothing
    expect(readings(today!, 'after')[0]).toEqual({ atNs: at, value: at })
    expectSteady(today!)
  })
})

describe('DEC that is lost in a migration', () => {
  it.each([
    ['uptime-dec-32', 31n],
    ['uptime-dec-56', 55n],
  ])('%s: the sleeper wakes 2^%d - 1 ticks after the resume', async (name, bits) => {
    const scenario = await libraryScenario(name)
    const guest = guestOf(scenario, 'g')
    const resumedNs = 60_100n * MS
    const woke = [...guest.observations.all(Seen.wake)]
    expect(woke.map(({ trueNs }) => trueNs)).toEqual([resumedNs + ticksToNs(2n ** bits - 1n, TB_HZ)])
    // The guest was away for 100 ms, which power-qemu does not charge.
    expect(guest.clocks.monotonic).toBe(scenario.durationNs - 100n * MS)
  })
})
