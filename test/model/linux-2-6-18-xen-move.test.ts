import { describe, expect, test } from 'vitest'
import { builds } from '../helpers/core.js'
import * as xen from './xen-machine.js'
import { BOOT, CLOCK, FIX_2, FIX_3, MS, NO_REBASE, S, SEEN, STOCK } from './xen-machine.js'

const UP_A = 5_000n * S
const MOVE = BOOT + 5n * S
const DOWN = 700n * MS
const BACK = MOVE + DOWN
const TICK = 10n * MS

interface Trip extends xen.GuestSpec {
  /** Uptime of host B minus that of host A. */
  uptime: bigint
  stale?: boolean
  wallOffset?: bigint
  firmwareTicks?: bigint
}

/** A guest moves after 5 s, is away for 0.7 s, and 1 s later calls nanosleep(2 s). */
function trip(build: (typeof builds)[number], spec: Trip) {
  const a = xen.boot(build, { uptime: UP_A }, { ...spec, sleepers: [[BACK + S, 2n * S]] }).run(MOVE)
  const jiffies = a.clock(CLOCK.jiffies)
  const monotonic = a.clock(CLOCK.monotonic)
  const b = xen.migrate(a, { ...spec, uptime: UP_A + spec.uptime }, DOWN, spec.stale)
  const elapsed = () => ({
    jiffies: b.clock(CLOCK.jiffies) - jiffies,
    monotonic: b.clock(CLOCK.monotonic) - monotonic,
  })
  return { b, elapsed }
}

describe.each(builds)('a 2.6.18 guest moves to another host, %s build', (build) => {
  const uptimes = [-20n, 2n, 300n, 7200n]
  const cases = [STOCK, FIX_2, FIX_3].flatMap((variant) => uptimes.map((uptime) => ({ variant, uptime })))

  test.each(cases)('all is well with the right wall clock: variant $variant, $uptime s', (spec) => {
    // These hosts' TSCs do not foretell each other's system time: fix 3 needs that for a difference of 2 s.
    const { b } = trip(build, { ...spec, uptime: spec.uptime * S, firmwareTicks: 48_000_000_000n })
    xen.expectNear(b.run(BACK + 500n * MS).error(), 0n, MS)
    xen.expectNear(b.run(BACK + 10n * S).error(), 0n, MS)
    xen.expectNear(b.wakes()[0], 2n * S, 2n * TICK)
    expect(b.wakes().length).toBe(1)
    expect(b.count(SEEN.backwards) + b.count(SEEN.softLockup)).toBe(0)
  })

  test.each([STOCK, FIX_2, FIX_3])(
    'busy, with two CPUs, at 250 and 1000 Hz, as 32-bit kernel: variant %i',
    (variant) => {
      const guests = [{ busy: true }, { vcpus: 2 }, { hz: 250 }, { hz: 1000 }, { wide: false }]
      for (const guest of guests) {
        const { b } = trip(build, { ...guest, variant, uptime: -20n * S })
        b.run(BACK + 10n * S)
        xen.expectNear(b.wakes()[0], 2n * S, 2n * TICK)
        xen.expectNear(b.error(), 0n, 2n * MS)
      }
    },
  )

  test('stale wall clock, 20 s less uptime: the clock looks right and a sleep takes 20.3 s', () => {
    const { b } = trip(build, { variant: STOCK, uptime: -20n * S, stale: true })
    b.run(BACK + 500n * MS)
    const frozen = b.clock(CLOCK.realtime)
    xen.expectNear(b.error(), -DOWN - 500n * MS, 10n * MS)
    b.run(BACK + 15n * S)
    expect(b.clock(CLOCK.realtime)).toBe(frozen)
    // Time was set back by 20 s less the downtime, 1 s of which had passed when the process fell asleep.
    b.run(BACK + 30n * S)
    xen.expectNear(b.wakes()[0], 2n * S + 20n * S - DOWN - S, 2n * TICK)
  })

  test.each([FIX_2, FIX_3])(
    'stale wall clock, 20 s less uptime, variant %i: only the downtime is missing',
    (variant) => {
      for (const busy of [false, true]) {
        const { b, elapsed } = trip(build, { variant, busy, uptime: -20n * S, stale: true })
        b.run(BACK + 10n * S)
        xen.expectNear(b.wakes()[0], 2n * S, 2n * TICK)
        xen.expectNear(b.error(), -DOWN, TICK)
        xen.expectNear(elapsed().monotonic, 10n * S, TICK)
        // dom0 sets the time: the wall clock gets right, and monotonic time does not notice.
        b.call('xen_sync_wall')
        b.run(BACK + 20n * S)
        xen.expectNear(b.error(), 0n, TICK)
        xen.expectNear(elapsed().monotonic, 20n * S, TICK)
      }
    },
  )

  test.each([STOCK, FIX_2, FIX_3])(
    'stale wall clock, 7,200 s more uptime, variant %i: 7,200 s ahead',
    (variant) => {
      const sleepers: [bigint, bigint][] = [
        [BACK + S, 2n * S],
        [BACK + 30n * S, 2n * S],
      ]
      const a = xen.boot(build, { uptime: UP_A }, { variant, sleepers }).run(MOVE)
      const b = xen.migrate(a, { uptime: UP_A + 7200n * S }, DOWN, true).run(BACK + 10n * S)
      xen.expectNear(b.error(), 7200n * S, MS)
      xen.expectNear(b.wakes()[0], 2n * S, 2n * TICK)
      // dom0 sets the time: gettimeofday stands still, and who falls asleep now does not wake for two hours.
      b.call('xen_sync_wall')
      b.run(BACK + 20n * S)
      const frozen = b.clock(CLOCK.realtime)
      b.run(BACK + 7000n * S)
      expect(b.clock(CLOCK.realtime)).toBe(frozen)
      expect(b.wakes().length).toBe(1)
      xen.expectNear(b.run(BACK + 7300n * S).error(), 0n, MS)
      expect(b.wakes().length).toBe(2)
    },
  )

  test('no rebase, less uptime: jiffies wait for the uptime, with a warning each tick', () => {
    const { b, elapsed } = trip(build, { variant: NO_REBASE, uptime: -20n * S, stale: true, busy: true })
    b.run(BACK + 15n * S)
    expect(elapsed().jiffies).toBeLessThanOrEqual(1n)
    b.run(BACK + 30n * S)
    xen.expectNear(b.wakes()[0], 2n * S + 20n * S - DOWN - S, 3n * TICK)
    xen.expectNear(BigInt(b.count(SEEN.backwards)), 1_925n, 10n)
  })

  test('no rebase, less uptime, but the new wall clock is seen: a sleep ends at once', () => {
    const { b } = trip(build, { variant: NO_REBASE, uptime: -20n * S, busy: true })
    b.run(BACK + 15n * S)
    xen.expectNear(b.error(), 0n, MS)
    xen.expectNear(b.wakes()[0], 0n, 2n * TICK)
  })

  test('no rebase, more uptime: all the ticks at once, and the watchdog barks', () => {
    const { b, elapsed } = trip(build, { variant: NO_REBASE, uptime: 300n * S, busy: true })
    b.run(BACK + 10n * S)
    xen.expectNear(b.mostTicks(), 30_071n, 2n)
    xen.expectNear(elapsed().jiffies, 30_000n + 1_070n, 2n)
    expect(b.count(SEEN.softLockup)).toBe(1)
    xen.expectNear(b.wakes()[0], 2n * S, 2n * TICK)
  })

  test('a host clock that is 3 s behind prolongs the sleeps of the stock kernel, not those of the fixes', () => {
    const sleep = (variant: number) =>
      trip(build, { variant, uptime: -20n * S, wallOffset: -3n * S }).b.run(BACK + 10n * S)
    xen.expectNear(sleep(STOCK).wakes()[0], 2n * S + 3n * S - DOWN - S, 2n * TICK)
    for (const variant of [FIX_2, FIX_3]) {
      const b = sleep(variant)
      xen.expectNear(b.wakes()[0], 2n * S, 2n * TICK)
      xen.expectNear(b.error(), -DOWN, TICK)
    }
  })

  test('an absence of an hour: the stock kernel leaves it out of monotonic time, the fixes count it', () => {
    for (const [variant, counted] of [
      [STOCK, 0n],
      [FIX_2, 3600n],
      [FIX_3, 3600n],
    ] as const) {
      const a = xen.boot(build, { uptime: UP_A }, { variant }).run(MOVE)
      const monotonic = a.clock(CLOCK.monotonic)
      const b = xen.migrate(a, { uptime: -BOOT }, 3600n * S).run(MOVE + 3610n * S)
      xen.expectNear(b.error(), 0n, MS)
      xen.expectNear(b.clock(CLOCK.monotonic) - monotonic, (10n + counted) * S, S)
      expect(b.count(SEEN.softLockup)).toBe(counted ? 1 : 0)
    }
  })

  test.each([STOCK, FIX_2, FIX_3])(
    'each of three CPUs has its timers and its shadow: variant %i',
    (variant) => {
      const cpus = [0, 1, 2]
      const underWay = cpus.map((cpu): [bigint, bigint, number] => [MOVE - S, 4n * S, cpu])
      const later = cpus.map((cpu): [bigint, bigint, number] => [BACK + S, 2n * S, cpu])
      const guest = { variant, vcpus: 3, sleepers: [...underWay, ...later] }
      for (const stale of [false, true]) {
        const a = xen.boot(build, { uptime: UP_A }, guest).run(MOVE)
        a.clock(CLOCK.realtime) // where the clamp will hold it
        const b = xen.migrate(a, { uptime: UP_A - 20n * S }, DOWN, stale).run(BACK + 40n * S)
        expect(b.wakes().length).toBe(6)
        expect(b.count(SEEN.backwards)).toBe(0)
        const ill = stale && variant === STOCK
        // The fixes count the absence when they can see it. The stock kernel goes from its last tick, which for an idle
        // CPU was up to a second ago, to Xen's last stamp on the new host, up to a second old too.
        const absence = stale ? DOWN : 0n
        for (const cpu of cpus) {
          if (variant === STOCK)
            xen.expectNear(b.slept(cpu), 4n * S + (DOWN + S) / 2n, (DOWN + S) / 2n + 2n * TICK)
          else xen.expectNear(b.slept(cpu), 4n * S + absence, 2n * TICK)
          xen.expectNear(b.slept(3 + cpu), ill ? 2n * S + 20n * S - DOWN - S : 2n * S, 2n * TICK)
        }
      }
    },
  )

  test('there and back again, and a suspend on the same host', () => {
    for (const variant of [STOCK, FIX_2, FIX_3]) {
      const a = xen.boot(build, { uptime: UP_A }, { variant, sleepers: [[BOOT + 40n * S, 2n * S]] }).run(MOVE)
      const monotonic = a.clock(CLOCK.monotonic)
      const b = xen.migrate(a, { uptime: 900n * S }, 300n * MS).run(BOOT + 15n * S)
      const c = xen.migrate(b, { uptime: UP_A }, 300n * MS).run(BOOT + 25n * S)
      c.call('guest_suspend')
      c.call('machine_stop')
      c.run(BOOT + 26n * S)
      c.call('machine_resume', 1)
      c.run(BOOT + 50n * S)
      xen.expectNear(c.error(), 0n, MS)
      xen.expectNear(c.wakes()[0], 2n * S, 2n * TICK)
      const counted = variant === STOCK ? 1_600n : 0n
      xen.expectNear(
        c.clock(CLOCK.monotonic) - monotonic,
        45n * S - counted * MS,
        variant === STOCK ? 3n * S : TICK,
      )
    }
  })
})
