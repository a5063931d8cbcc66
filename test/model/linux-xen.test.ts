import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { u64 } from '../../src/core/exports.js'
import { Seen } from '../../src/observation/log.js'
import { builds, s64 } from '../helpers/core.js'
import {
  Clock,
  EPOCH,
  type GuestSpec,
  type HostSpec,
  MS,
  near,
  Rig,
  S,
  type Sleeper,
  US,
} from './modern-machine.js'

const SLACK = 50n * US

describe.each(builds)('linux-xen, %s build', (build) => {
  const booted = (host: HostSpec = {}, guest: GuestSpec = {}, sleepers: Sleeper[] = []) =>
    new Rig(build, 'xen', host).boot(guest, sleepers)

  describe.each([
    ['lower', 50n * S],
    ['higher', 90_000n * S],
  ])('moved to a host of %s uptime', (_, uptime) => {
    it.each([true, false])(
      'adds the time it was away to REALTIME and BOOTTIME only (stable TSC: %s)',
      (stable) => {
        const source = booted({ stable }, { vcpus: 2 }).run(100n * S)
        const before = source.clock(Clock.monotonic)
        const sched = source.clock(Clock.sched)
        const rig = source.migrate({ uptime, stable }, 7n * S)
        expect(rig.now).toBe(107n * S)
        expect(near(rig.error(), 0n, 200n), `${rig.error()} ns`).toBe(true)
        // The page that was read before had not been renewed while the CPU was idle: a few ns.
        expect(near(rig.clock(Clock.monotonic), before, 10n), `${rig.clock(Clock.monotonic) - before}`).toBe(
          true,
        )
        expect(near(rig.clock(Clock.boottime), before + 7n * S, 200n)).toBe(true)
        expect(near(rig.clock(Clock.sched), sched, 10n)).toBe(true)
        const [set] = rig.seen(Seen.clockSet)
        expect(near(set!.value, 7n * S, 200n), `${set!.value}`).toBe(true)
        // and from there on all clocks run
        rig.run(200n * S)
        expect(near(rig.error(), 0n, 400n), `${rig.error()} ns`).toBe(true)
        expect(near(rig.clock(Clock.monotonic), 193n * S, 400n)).toBe(true)
        expect(rig.clock(Clock.monotonic, 1)).toBe(rig.clock(Clock.monotonic))
        expect(rig.seen(Seen.softLockup)).toEqual([])
      },
    )

    it('wakes sleepers by their clocks: MONOTONIC stood still, BOOTTIME and REALTIME did not', () => {
      const sleepers = [Clock.monotonic, Clock.boottime, Clock.realtime].flatMap((clock) =>
        [0, 1].map((cpu) => ({ clock, cpu, at: S, length: 20n * S })),
      )
      const rig = booted({}, { vcpus: 2 }, sleepers)
        .run(10n * S)
        .migrate({ uptime }, 30n * S)
        .run(100n * S)
      const slept = sleepers.map((_, i) => rig.slept(i))
      for (const i of [0, 1]) expect(near(slept[i]![0]!, 50n * S + SLACK, US), `${slept[i]}`).toBe(true)
      for (const i of [2, 3, 4, 5]) expect(near(slept[i]![0]!, 39n * S, US), `${i}: ${slept[i]}`).toBe(true)
      expect(slept.every((times) => times.length === 1)).toBe(true)
    })

    it('sleeps 2 s in 2 s after the move', () => {
      const rig = booted({}, {}, [{ at: 41n * S, length: 2n * S }]).run(10n * S)
      const moved = rig.migrate({ uptime }, 30n * S).run(60n * S)
      expect(near(moved.slept()[0]!, 2n * S + SLACK, US), `${moved.slept()}`).toBe(true)
    })
  })

  it('takes over the wall clock of a host that is wrong, for the time of the move', () => {
    const rig = booted()
      .run(10n * S)
      .migrate({ wallOffset: 3n * S }, 2n * S)
    expect(near(rig.error(), 3n * S, US), `${rig.error()}`).toBe(true)
    const behind = booted()
      .run(10n * S)
      .migrate({ wallOffset: -3n * S }, 2n * S)
    // the persistent clock went back: nothing is added, the 2 s away are lost
    expect(near(behind.error(), -2n * S, US), `${behind.error()}`).toBe(true)
    expect(behind.seen(Seen.clockSet)).toEqual([])
  })

  it('does not add up errors over many moves', () => {
    const uptimes = fc.array(fc.bigInt(S, 100_000n * S), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(uptimes, (hosts) => {
        let rig = booted({ stable: false })
        let away = 0n
        for (const uptime of hosts) {
          rig = rig.run(rig.now + 12_345_678_901n).migrate({ uptime, stable: false }, 777_777_777n)
          away += 777_777_777n
          const off = rig.error()
          expect(near(off, 0n, 1000n), `${off} ns`).toBe(true)
          expect(near(s64(rig.clock(Clock.boottime) - rig.clock(Clock.monotonic)), away, 1000n)).toBe(true)
        }
      }),
      { numRuns: 15 },
    )
  })

  it('keeps what an NTP step gave it over a suspend, since it trusts the wall clock only for the difference', () => {
    const rig = booted().run(10n * S)
    rig.core.guest_settimeofday(EPOCH + 15n * S)
    expect(near(rig.migrate({ uptime: 5n * S }, 4n * S).error(), 5n * S, US)).toBe(true)
  })

  it('goes on counting stolen time on the new host', () => {
    const steal = (rig: Rig, length: bigint) => {
      rig.core.machine_steal(0, true)
      rig.run(rig.now + length)
      rig.core.machine_steal(0, false)
    }
    const rig = new Rig(build, 'xen').boot({}, [], [[0, 0n, 100n * S]]).run(S)
    steal(rig, 300n * MS)
    const offline = 0n
    expect(near(rig.clock(Clock.steal), 300n * MS + offline, US), `${rig.clock(Clock.steal)}`).toBe(true)
    const moved = rig
      .run(2n * S)
      .migrate({ uptime: 5n * S }, S)
      .run(4n * S)
    const base = moved.clock(Clock.steal)
    expect(base >= 300n * MS - US && base < 301n * MS, `${base}`).toBe(true)
    steal(moved, 200n * MS)
    expect(near(moved.clock(Clock.steal) - base, 200n * MS, US)).toBe(true)
  })

  it('has the 32-bit layouts too', () => {
    const rig = new Rig(build, 'xen').boot({ wide: false }, [], [[0, 0n, 100n * S]])
    expect(rig.clock(Clock.realtime)).toBe(EPOCH)
    rig.run(S)
    rig.core.machine_steal(0, true)
    rig.run(2n * S)
    rig.core.machine_steal(0, false)
    expect(near(rig.clock(Clock.steal), S, US)).toBe(true)
    const moved = rig.run(3n * S).migrate({ uptime: 5n * S }, 4n * S)
    expect(near(moved.error(), 0n, 200n), `${moved.error()}`).toBe(true)
  })

  it('never goes back when the page does and the TSC is not stable', () => {
    const rig = booted({ stable: false }).run(10n * S)
    const before = rig.clock(Clock.monotonic)
    const tsc = u64(rig.core.host_read_counter(0))
    rig.core.xen_set_stamp(tsc, u64(rig.core.host_system_time()) - S, 1 << 30, 0) // a second back
    expect(rig.clock(Clock.monotonic)).toBe(before)
    expect(rig.clock(Clock.sched)).toBe(before)
  })

  it('as dom0 tells the hypervisor the time at boot, when the clock is set and each 11 minutes', () => {
    const rig = booted({}, { privileged: true }).run(1400n * S)
    const told = () => rig.seen(Seen.settime).map((o) => o.trueNs)
    // when the timekeeper is first updated after 11 minutes; an idle CPU does that every 4 s
    const [first, second, third] = told()
    expect(told()).toHaveLength(3)
    expect(first).toBe(0n)
    for (const gap of [second! - first!, third! - second!])
      expect(gap > 659_999n * MS && gap < 664n * S, `${gap}`).toBe(true)
    rig.core.guest_settimeofday(EPOCH + 5000n * S)
    expect(told()).toHaveLength(4)
    const last = rig.seen(Seen.settime)[3]!
    expect([last.value, last.extra]).toEqual([EPOCH / S + 5000n, 0n])
    // the hypervisor believes it: UTC at system time 0
    expect(rig.core.host_wc_sec()).toBe(EPOCH / S + 5000n - 2400n)
    expect(rig.seen(Seen.setRtc)).toEqual([])
    expect(rig.exits.every((exit) => exit.kind === 'settime')).toBe(true)
    expect(
      booted()
        .run(1400n * S)
        .seen(Seen.settime),
    ).toEqual([])
  })

  it('as dom0 writes the RTC each 11 minutes while NTP is in sync, on the second', () => {
    const rig = booted({}, { privileged: true, ntp: true, clocksource: 3 }).run(1400n * S)
    const written = rig.seen(Seen.setRtc)
    expect(written.map((o) => o.trueNs / S)).toEqual([660n, 1320n])
    for (const { trueNs, value } of written) expect(near(trueNs + EPOCH, value * S, 10n * US)).toBe(true)
    expect(rig.exits.filter((exit) => exit.kind === 'rtc')).toHaveLength(2)
  })

  it('as dom0 counts the TSC, unless it is told not to', () => {
    // 2.4 GHz by the page is 2,399,999 kHz or so; a clocksource on the TSC shows that, one on Xen does not
    const rate = (clocksource: number) => {
      const rig = booted({}, { privileged: true, clocksource }).run(1000n * S)
      return rig.error()
    }
    expect(near(rate(3), 0n, 2n * US)).toBe(true)
    expect(near(rate(0), 0n, 2n * US)).toBe(false)
    expect(rate(2)).toBe(rate(0))
  })

  it('resyncs from the hypervisor, or as dom0 from the RTC', () => {
    const guest = booted().run(10n * S)
    guest.core.guest_settimeofday(EPOCH + 500n * S)
    guest.core.guest_rtc_resync()
    expect(near(guest.error(), 0n, US)).toBe(true)
    const dom0 = booted({}, { privileged: true }).run(10n * S + 300n * MS)
    dom0.core.guest_rtc_resync()
    expect(near(dom0.error(), 200n * MS, US), `${dom0.error()}`).toBe(true)
  })
})
