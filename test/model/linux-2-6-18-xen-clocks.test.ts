import { describe, expect, test } from 'vitest'
import { builds } from '../helpers/core.js'
import * as xen from './xen-machine.js'
import { BOOT, CLOCK, EPOCH, INDEPENDENT_WALLCLOCK, MS, S, SEEN, STOCK } from './xen-machine.js'

const HOST = { uptime: 5_000n * S }
/** An idle CPU's interrupts come half a tick after the jiffy; this puts one 2 ms after each half second of UTC. */
const PHASED = { ...HOST, wallOffset: -3n * MS }
const US = 1_000n
const MINUTE = 60n * S

describe.each(builds)('clocks of a 2.6.18 guest, %s build', (build) => {
  test.each([
    [100, 0n],
    [250, 62_500n],
    [1000, -152_000n],
  ])('at %i Hz xtime gains what the PC timer would: %i ppb, until Xen tells the time', (hz, ppb) => {
    const m = xen.boot(build, HOST, { hz }).run(BOOT + 100n * S)
    // What an idle CPU has not counted yet, up to a second, has no error yet.
    xen.expectNear(m.error(), ppb * 100n, 200n * US)
    m.call('xen_sync_wall')
    xen.expectNear(m.run(BOOT + 102n * S).error(), ppb * 2n, 200n * US)
  })

  test('gettimeofday has whole us and follows UTC between ticks', () => {
    const m = xen.boot(build, HOST)
    for (let i = 1n; i < 200n; i++) {
      m.run(BOOT + i * 12_345_678n)
      expect(m.clock(CLOCK.realtime) % US).toBe(0n)
      xen.expectNear(m.error(), -2n * US, 2n * US)
      const wallToMonotonic = m.clock(CLOCK.realtime) - m.clock(CLOCK.monotonic)
      expect(wallToMonotonic).toBe(EPOCH + BOOT)
    }
  })

  test.each([100, 250, 1000])('at %i Hz sleeps end one to two ticks late, and never early', (hz) => {
    const tick = S / BigInt(hz)
    const lengths = [0n, 1n, MS, 10n * MS, 15n * MS, 999n * MS, S, 3n * 3600n * S]
    for (const length of lengths) {
      for (const busy of length > S ? [false] : [false, true]) {
        const at = BOOT + 3n * S + 1_234_567n
        const m = xen.boot(build, HOST, { hz, busy, sleepers: [[at, length]] })
        m.run(at + length + 5n * S)
        // Without a word from Xen both the clock and the timers are off by the tick's own error.
        const off = (length * 200n) / 1_000_000n
        xen.expectNear(m.wakes()[0], length + tick + tick / 4n, tick + tick / 4n + off + US)
      }
    }
  })

  test('six hours of idleness: jiffies are all there, and the CPU woke for its housekeeping only', () => {
    const m = xen.boot(build, HOST, { vcpus: 2 }).run(BOOT + 21_600n * S)
    const initial = BigInt(2 ** 32 - 30_000)
    xen.expectNear(m.clock(CLOCK.jiffies) - initial, 2_160_000n, 101n)
    expect(m.mostTicks()).toBeLessThanOrEqual(101n)
    // Xen stamps its time each second, on its own truncated reading, and loses a ns each time.
    xen.expectNear(m.error(), -21_600n, 5n * US)
    expect(m.count(SEEN.backwards) + m.count(SEEN.softLockup)).toBe(0)
  })

  test('stolen time is accounted, and keeps the watchdog quiet', () => {
    const m = xen.boot(build, HOST, { busy: true }).run(BOOT + 5n * S)
    m.call('machine_steal', 0, 1)
    m.run(BOOT + 25n * S).call('machine_steal', 0, 0)
    m.run(BOOT + 30n * S)
    xen.expectNear(m.clock(CLOCK.steal), 20n * S, 20n * MS)
    expect(m.count(SEEN.softLockup)).toBe(0)
    xen.expectNear(m.mostTicks(), 2_000n, 2n)
    xen.expectNear(m.error(), 0n, 10n * US)
  })

  test('dom0 steps its clock back: gettimeofday waits; only settimeofday lifts that, and does nothing else', () => {
    const m = xen.boot(build, HOST).run(BOOT + 5n * S)
    const before = m.clock(CLOCK.realtime)
    const monotonic = m.clock(CLOCK.monotonic)
    m.call('host_step_counter', 3, -10n * S)
    m.call('xen_sync_wall')
    m.run(BOOT + 7n * S)
    expect(m.clock(CLOCK.realtime)).toBe(before)
    // CLOCK_MONOTONIC is made from gettimeofday, so it is off as long as that waits.
    xen.expectNear(m.clock(CLOCK.monotonic) - monotonic, 10n * S, MS)
    m.call('guest_settimeofday', EPOCH)
    xen.expectNear(m.error(), -10n * S, MS)
    xen.expectNear(m.clock(CLOCK.monotonic) - monotonic, 2n * S, MS)
  })

  test('independent_wallclock: the guest sets its own clock, and Xen cannot', () => {
    const m = xen.boot(build, HOST, { variant: STOCK + INDEPENDENT_WALLCLOCK }).run(BOOT + 5n * S)
    xen.expectNear(m.error(), 0n, MS)
    const monotonic = m.clock(CLOCK.monotonic)
    m.call('guest_settimeofday', EPOCH + m.now + 3600n * S)
    xen.expectNear(m.error(), 3600n * S, 10n * US)
    m.call('host_step_counter', 3, 60n * S)
    m.call('xen_sync_wall')
    m.run(BOOT + 10n * S)
    xen.expectNear(m.error(), 3600n * S, 10n * US)
    xen.expectNear(m.clock(CLOCK.monotonic) - monotonic, 5n * S, 10n * US)
  })

  test('adjtimex changes the rate of xtime, by at most 512 ppm', () => {
    for (const [ppb, expected] of [
      [100_000, 100_000n],
      [-37_500, -37_500n],
      [900_000, 512_000n],
    ] as const) {
      const m = xen.boot(build, HOST).run(BOOT + S)
      m.call('guest_adjtime', ppb)
      m.run(BOOT + 101n * S)
      xen.expectNear(m.error(), expected * 100n, 600n * US)
    }
  })

  test('dom0 sets the clock of all', () => {
    const m = xen.boot(build, HOST, { privileged: true }).run(BOOT + 5n * S)
    const sched = m.clock(CLOCK.sched)
    m.call('guest_settimeofday', EPOCH + m.now + 3n * MINUTE)
    m.run(BOOT + 6n * S)
    xen.expectNear(m.error(), 3n * MINUTE, 10n * US)
    expect(m.exits.settime).toEqual([EPOCH / S + 1_000n + 180n + 4n])
    const wallAtSystemTime0 = (m.call('host_wc_sec') as bigint) * S + BigInt(m.call('host_wc_nsec') as number)
    xen.expectNear(wallAtSystemTime0, EPOCH + 3n * MINUTE - HOST.uptime, 10n * US)
    xen.expectNear(m.clock(CLOCK.sched) - sched, S, 2n)
    m.call('guest_rtc_resync')
    m.run(BOOT + 7n * S)
    xen.expectNear(m.error(), -500n * MS, 501n * MS)
  })

  test('dom0 under NTP tells Xen the time each minute and the CMOS clock about each 11', () => {
    const m = xen.boot(build, PHASED, { privileged: true, ntp: true }).run(BOOT + 40n * MINUTE)
    xen.expectNear(BigInt(m.exits.settime.length), 40n, 1n)
    expect(m.exits.rtc.length).toBe(4)
    const gaps = m.exits.rtc.slice(1).map((sec, i) => sec - m.exits.rtc[i]!)
    for (const gap of gaps) xen.expectNear(gap, 660n, 1n)
    // It pushes its own reading back and forth without wearing it down.
    xen.expectNear(m.error(), PHASED.wallOffset, 20n * US)
  })

  test('a CMOS clock is never written when no tick falls near the half second', () => {
    const m = xen.boot(build, HOST, { privileged: true, ntp: true }).run(BOOT + 40n * MINUTE)
    xen.expectNear(BigInt(m.exits.settime.length), 40n, 1n)
    expect(m.exits.rtc).toEqual([])
  })

  test('only minutes and seconds go to the CMOS clock: half hours are taken for a time zone', () => {
    // The CMOS clock shows 3 minutes past the hour.
    for (const [off, written] of [
      [10n, 10n],
      [40n, 10n],
      [-2n, -2n],
    ] as const) {
      const m = xen.boot(build, PHASED, { privileged: true, ntp: true })
      m.call('guest_settimeofday', m.clock(CLOCK.realtime) + off * MINUTE)
      m.run(BOOT + 5n * S)
      expect(m.exits.rtc.length).toBe(1)
      xen.expectNear(m.exits.rtc[0]! * S, EPOCH + BOOT + written * MINUTE, 2n * S)
    }
    // 53 and 3 are too far apart for it.
    const m = xen.boot(build, PHASED, { privileged: true, ntp: true })
    m.call('guest_settimeofday', m.clock(CLOCK.realtime) - 10n * MINUTE)
    expect(m.run(BOOT + 5n * S).exits.rtc).toEqual([])
  })

  test('2038: a 32-bit kernel counts on from 1901, a 64-bit one goes on', () => {
    const epoch = 2n ** 31n * S - BOOT - 10n * S
    for (const wide of [false, true]) {
      const m = xen.boot(build, { ...HOST, epoch }, { wide, sleepers: [[BOOT + 9n * S, 2n * S]] })
      xen.expectNear(m.run(BOOT + 8n * S).error(), 0n, 10n * US)
      m.run(BOOT + 15n * S)
      xen.expectNear(m.error(), wide ? 0n : -(2n ** 32n) * S, 10n * US)
      xen.expectNear(m.wakes()[0], 2n * S, 20n * MS)
    }
  })

  test('2038, booted after it: the sign of wc_sec gives a 32-bit kernel a time out of nowhere', () => {
    const epoch = (2n ** 31n + 10_000n) * S
    const m = xen.boot(build, { ...HOST, epoch }, { wide: false }).run(BOOT + 5n * S)
    const utc = BigInt.asUintN(64, epoch + m.now - 2n ** 32n * S)
    const seconds = BigInt.asIntN(32, utc / S)
    xen.expectNear(m.clock(CLOCK.realtime) / S, seconds, 1n)
    const wide = xen.boot(build, { ...HOST, epoch }).run(BOOT + 5n * S)
    xen.expectNear(wide.error(), 0n, 10n * US)
  })
})
