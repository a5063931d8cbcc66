import { describe, expect, it } from 'vitest'
import { Seen } from '../../src/observation/log.js'
import { builds } from '../helpers/core.js'
import { Clock, EPOCH, kinds, MS, near, Rig, S, US } from './modern-machine.js'

/** Where jiffies_64 begins: at 250 Hz 75,000 ticks, five minutes, before its lower 32 bits wrap. */
const FIRST_JIFFY = 2n ** 32n - 300n * 250n
const DAY = 86_400n * S
/** timer_slack_ns: what an ordinary process's sleep may be late. */
const SLACK = 50n * US

describe.each(builds)('modern Linux, %s build', (build) => {
  describe.each(kinds)('on %s', (kind) => {
    it('boots with the time of the persistent clock and MONOTONIC at 0', () => {
      const rig = new Rig(build, kind).boot()
      expect(rig.clock(Clock.realtime)).toBe(EPOCH)
      for (const clock of [Clock.monotonic, Clock.boottime, Clock.raw, Clock.sched])
        expect(rig.clock(clock)).toBe(0n)
      expect(rig.clock(Clock.jiffies)).toBe(FIRST_JIFFY)
    })

    it('wakes sleepers of every clock after what they asked for and the timer slack', () => {
      const sleepers = [Clock.monotonic, Clock.boottime, Clock.realtime].map((clock, i) => ({
        clock,
        cpu: i % 2,
        at: S + BigInt(i) * 123_456n,
        length: 2n * S,
      }))
      const rig = new Rig(build, kind).boot({ vcpus: 2 }, sleepers).run(5n * S)
      for (const i of [0, 1, 2]) {
        expect(rig.slept(i)).toHaveLength(1)
        expect(near(rig.slept(i)[0]!, 2n * S + SLACK, 200n), `${rig.slept(i)}`).toBe(true)
      }
    })

    it('wakes them within their slack by a tick that comes in between', () => {
      // 3.99998 s: within 50 us of the tick at 4 s, which runs because the CPU is busy
      const rig = new Rig(build, kind).boot(
        { hz: 250 },
        [{ at: S, length: 2_999_980_000n }],
        [[0, 0n, 10n * S]],
      )
      rig.run(5n * S)
      expect(near(rig.slept()[0]!, 3n * S, 2n * US), `${rig.slept()}`).toBe(true)
    })

    it('keeps time over an idle day with a sleeper of each minute', () => {
      const rig = new Rig(build, kind).boot({ hz: 1000 }, [{ at: S, length: 60n * S, repeats: true }])
      rig.run(DAY)
      // Xen renews its stamp each second from its own truncated reading; KVM's page is a little slow.
      const limit = { xen: 87n * US, kvm: 9n * US, power: 0n }[kind]
      expect(near(rig.error(), 0n, limit), `${rig.error()} ns`).toBe(true)
      expect(rig.clock(Clock.monotonic)).toBe(rig.clock(Clock.realtime) - EPOCH)
      expect(rig.clock(Clock.raw)).toBe(rig.clock(Clock.monotonic))
      expect(rig.clock(Clock.sched)).toBe(rig.clock(Clock.monotonic))
      expect(rig.clock(Clock.gettimeofday)).toBe((rig.clock(Clock.realtime) / 1000n) * 1000n)
      expect(rig.slept()).toHaveLength(1439)
      expect(rig.slept().every((slept) => near(slept, 60n * S + SLACK, US))).toBe(true)
      expect(rig.seen(Seen.ticks)).toEqual([])
      expect(rig.seen(Seen.softLockup)).toEqual([])
    })

    it('counts each tick while it is busy, none while idle, and catches up', () => {
      const rig = new Rig(build, kind).boot({ hz: 250 }, [], [[0, S, 3n * S - MS]])
      rig.run(2n * S + 500n * MS)
      expect(rig.clock(Clock.jiffies)).toBe(FIRST_JIFFY + 625n - 1n)
      rig.run(3n * S + 500n * MS)
      const stale = rig.clock(Clock.jiffies)
      expect(stale).toBe(FIRST_JIFFY + 750n - 1n)
      rig.run(9n * S)
      expect(rig.clock(Clock.jiffies)).toBe(FIRST_JIFFY + 2000n) // the watchdog's wake-up at 8 s
      expect(rig.seen(Seen.ticks)).toEqual([])
    })

    it('sees a stolen CPU as late ticks', () => {
      const rig = new Rig(build, kind).boot({ hz: 250 }, [], [[0, 0n, 10n * S]]).run(2n * S + 1n * MS)
      rig.core.machine_steal(0, true)
      rig.run(2n * S + 101n * MS)
      rig.core.machine_steal(0, false)
      rig.run(3n * S + MS)
      expect(rig.seen(Seen.ticks).map((o) => o.value)).toEqual([25n])
      expect(rig.clock(Clock.jiffies)).toBe(FIRST_JIFFY + 750n)
    })

    it('lets a busy CPU count jiffies when the one that did goes idle', () => {
      const rig = new Rig(build, kind).boot({ hz: 250, vcpus: 2 }, [], [[1, 0n, 10n * S]]).run(5n * S + MS)
      expect(rig.clock(Clock.jiffies)).toBe(FIRST_JIFFY + 1250n)
      expect(rig.seen(Seen.ticks)).toEqual([])
    })

    it('reports a soft lockup when a busy CPU got no interrupt for more than 20 s, not when it was idle', () => {
      const busy = new Rig(build, kind).boot({}, [], [[0, 0n, 100n * S]]).run(10n * S)
      busy.core.machine_steal(0, true)
      busy.run(40n * S)
      busy.core.machine_steal(0, false)
      busy.run(60n * S)
      // On Power the watchdog goes by VTB, which stands still with the CPU: what was taken is no lockup.
      const reports = busy.seen(Seen.softLockup)
      expect(reports).toHaveLength(kind === 'power' ? 0 : 1)
      for (const { value } of reports) expect(near(value, 32n * S, 3n * S), `${value}`).toBe(true)

      const idle = new Rig(build, kind).boot().run(10n * S)
      idle.core.machine_steal(0, true)
      idle.run(40n * S)
      idle.core.machine_steal(0, false)
      expect(idle.run(60n * S).seen(Seen.softLockup)).toEqual([])

      const short = new Rig(build, kind).boot({}, [], [[0, 0n, 100n * S]]).run(10n * S)
      short.core.machine_steal(0, true)
      short.run(25n * S)
      short.core.machine_steal(0, false)
      expect(short.run(60n * S).seen(Seen.softLockup)).toEqual([])
    })

    it('wakes sleepers on REALTIME, on every CPU, when the clock is set past them', () => {
      const sleepers = [0, 1].flatMap((cpu) =>
        [Clock.realtime, Clock.monotonic].map((clock) => ({ at: S, length: 100n * S, clock, cpu })),
      )
      const rig = new Rig(build, kind).boot({ vcpus: 2 }, sleepers).run(5n * S)
      const mono = rig.clock(Clock.monotonic)
      rig.core.guest_settimeofday(EPOCH + 3600n * S)
      expect(rig.clock(Clock.realtime)).toBe(EPOCH + 3600n * S)
      expect(rig.clock(Clock.monotonic)).toBe(mono)
      rig.run(6n * S)
      expect(rig.slept(0)).toHaveLength(1)
      expect(rig.slept(2)).toHaveLength(1)
      expect(near(rig.slept(0)[0]!, 4n * S, 2n * US)).toBe(true)
      expect(near(rig.slept(2)[0]!, 4n * S, 2n * US)).toBe(true)
      expect(rig.slept(1)).toEqual([])
      rig.run(110n * S)
      expect(near(rig.slept(1)[0]!, 100n * S + SLACK, US)).toBe(true)
    })

    it('lets them sleep longer when the clock is set back', () => {
      const rig = new Rig(build, kind).boot({}, [{ at: S, length: 10_500n * MS, clock: Clock.realtime }])
      rig.run(5n * S)
      rig.core.guest_settimeofday(EPOCH)
      rig.run(30n * S)
      expect(near(rig.slept()[0]!, 15_500n * MS + SLACK, US), `${rig.slept()}`).toBe(true)
    })

    it('runs its clocks as fast as NTP says, and RAW as before', () => {
      const rig = new Rig(build, kind).boot({}, [], [[0, 0n, 1000n * S]])
      rig.core.guest_adjtime(100_000)
      rig.run(1000n * S)
      expect(near(rig.error(), 100n * MS, 3n * US), `${rig.error()}`).toBe(true)
      expect(near(rig.clock(Clock.raw), 1000n * S, 2n * US)).toBe(true)
      // A sleep is 100 ppm short; but the event device does not know of NTP, so the last 4 s of it or less are not.
      const sleeping = new Rig(build, kind).boot({}, [{ at: S, length: 1000n * S }])
      sleeping.core.guest_adjtime(100_000)
      sleeping.run(1100n * S)
      const late = sleeping.slept()[0]! - (1000n * S - 99_990n * US + SLACK)
      expect(late > -2n * US && late < 400n * US, `${late} ns late`).toBe(true)
    })

    it('ends in the same bytes tick by tick', () => {
      const make = () =>
        new Rig(build, kind).boot(
          { vcpus: 2, hz: 1000 },
          [{ at: 300n * US, length: 700n * US, repeats: true }],
          [[1, MS, 2n * MS]],
        )
      const skipping = make()
      const ticking = make()
      skipping.machine.run(3n * MS)
      ticking.machine.run(3n * MS, 'tick-by-tick')
      expect(ticking.machine.hash).toBe(skipping.machine.hash)
      expect(skipping.slept().length).toBeGreaterThan(2)
    })
  })
})
