import { describe, expect, it } from 'vitest'
import { Seen } from '../../src/observation/log.js'
import { builds } from '../helpers/core.js'
import { Clock, EPOCH, MS, near, Rig, S, TB_HZ, US } from './modern-machine.js'

const SLACK = 50n * US
const TB_HOST = 0
const TB_VIRTUAL_CLOCK = 1

describe.each(builds)('linux-ppc64, %s build', (build) => {
  const power = (host = {}) => new Rig(build, 'power', host)

  it('boots with the whole seconds of the RTC', () => {
    expect(
      power({ wallOffset: 700n * MS })
        .boot()
        .clock(Clock.realtime),
    ).toBe(EPOCH)
  })

  it.each([32, 56])('keeps exact time with a decrementer of %s bits', (decBits) => {
    const rig = power()
      .boot({ decBits }, [{ at: S, length: 3600n * S, repeats: true }])
      .run(86_400n * S)
    expect(rig.error()).toBe(0n)
    expect(rig.slept()).toHaveLength(23)
    expect(rig.slept().every((slept) => near(slept, 3600n * S + SLACK, 200n))).toBe(true)
  })

  it('goes back to sleep when DEC fires before the timebase says so', () => {
    const rig = power()
      .boot({}, [{ at: S, length: 2_500n * MS }])
      .run(2n * S)
    rig.core.guest_set_tb_offset(rig.core.guest_tb_offset() - TB_HZ)
    // TB is a second behind: the clock stands until TB is where it was, and the sleeper sleeps a second more
    expect(rig.clock(Clock.monotonic)).toBe(S) // the last update, when the process went to sleep
    rig.run(20n * S)
    expect(near(rig.slept()[0]!, 3_500n * MS + SLACK, US), `${rig.slept()}`).toBe(true)
    expect(rig.error()).toBe(-S)
    expect(rig.seen(Seen.ticks)).toEqual([])
  })

  it('takes a timebase that went ahead for time that passed', () => {
    const rig = power()
      .boot({}, [{ at: S, length: 100n * S }])
      .run(2n * S)
    rig.core.guest_set_tb_offset(rig.core.guest_tb_offset() + 50n * TB_HZ)
    expect(rig.error()).toBe(50n * S)
    rig.run(200n * S)
    expect(near(rig.slept()[0]!, 50n * S + SLACK, US), `${rig.slept()}`).toBe(true)
  })

  it('judges its CPUs by VTB, which stands still while the guest is stopped, whatever TB does', () => {
    const pause = (tbSource: number) => {
      const rig = power()
        .boot({ tbSource }, [], [[0, 0n, 300n * S]])
        .run(10n * S)
      rig.machine.stop()
      rig.core.vmclk_run(false)
      rig.run(70n * S)
      rig.core.vmclk_run(true)
      rig.machine.resume(false)
      rig.core.host_clocks_changed()
      return rig.run(200n * S)
    }
    const virtual = pause(TB_VIRTUAL_CLOCK)
    expect(virtual.seen(Seen.softLockup)).toEqual([])
    expect(virtual.error()).toBe(-60n * S)
    const host = pause(TB_HOST)
    expect(host.seen(Seen.softLockup)).toEqual([])
    expect(host.error()).toBe(0n)
    // 60 s of ticks in one go, and the one that was due anyway
    expect([virtual, host].map((rig) => rig.seen(Seen.ticks).map((o) => o.value))).toEqual([[], [15_001n]])
  })

  it('runs slow on a timebase slower than it was told, notices when it reads the RTC, and heals when told', () => {
    const slow = 500_000_000n
    const rig = power()
      .boot({ tbHz: slow })
      .run(512n * S)
    expect(rig.error()).toBe(-12n * S)
    rig.core.guest_rtc_resync()
    expect(rig.error()).toBe(0n)
    expect(rig.seen(Seen.frequencyError).map(({ value, extra }) => [value, extra])).toEqual([[slow, TB_HZ]])
    // untold, it is wrong again
    rig.run(1024n * S)
    expect(rig.error()).toBe(-12n * S)
    const before = [Clock.monotonic, Clock.sched].map((clock) => rig.clock(clock))
    rig.core.guest_tell_frequency(Number(slow))
    expect([Clock.monotonic, Clock.sched].map((clock) => rig.clock(clock))).toEqual(before)
    rig.core.guest_rtc_resync()
    rig.run(2024n * S)
    expect(rig.error()).toBe(0n)
    expect(near(rig.clock(Clock.sched), before[1]! + 1000n * S, 10n)).toBe(true)
    rig.core.guest_rtc_resync()
    expect(rig.seen(Seen.frequencyError)).toHaveLength(1)
  })

  it('does not call 500 ppm or less an error of frequency', () => {
    const measure = (tbHz: bigint) => {
      const rig = power()
        .boot({ tbHz })
        .run(1000n * S)
      rig.core.guest_rtc_resync()
      return rig.seen(Seen.frequencyError).map((o) => o.value)
    }
    expect(measure(512_256_000n)).toEqual([])
    expect(measure(512_256_001n)).toEqual([512_256_001n])
    expect(measure(511_744_000n)).toEqual([])
    expect(measure(511_743_999n)).toEqual([511_743_999n])
  })

  it('resyncs to the nanosecond', () => {
    const rig = power()
      .boot()
      .run(10n * S)
    rig.core.guest_settimeofday(EPOCH)
    rig.run(20n * S + 123_456_789n)
    rig.core.guest_rtc_resync()
    expect(rig.error()).toBe(0n)
  })

  it('shows ns that are multiples of what the scale shift leaves', () => {
    // 512 MHz: the scale is shifted by one, so sched_clock is even
    const rig = power().boot()
    for (const ns of [1n, 333n, 1_000_001n, 987_654_321n]) {
      rig.run(ns)
      expect(rig.clock(Clock.sched) % 2n).toBe(0n)
      expect(near(rig.clock(Clock.sched), ns, 4n)).toBe(true)
    }
  })
})
