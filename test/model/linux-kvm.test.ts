import { describe, expect, it } from 'vitest'
import { Seen } from '../../src/observation/log.js'
import { builds } from '../helpers/core.js'
import { Clock, EPOCH, type HostSpec, MS, near, Rig, S, US } from './modern-machine.js'
import { multShift } from './timekeeper-model.js'

const SLACK = 50n * US
const TSC = 2
const PVCLOCK_GPA = 0x4000

describe.each(builds)('linux-kvm, %s build', (build) => {
  const busy: [number, bigint, bigint][] = [[0, 0n, 1000n * S]]

  /** What QEMU does: kvmclock goes on from where it stopped, the TSC too; the time away is not added. */
  function migrate(rig: Rig, host: HostSpec, downtime: bigint): Rig {
    rig.machine.stop()
    const clock = rig.core.kvm_get_clock()
    const tsc = rig.core.rdtsc(0)
    const target = rig.move(host, downtime)
    target.core.kvm_set_tsc_offset(0, tsc - (target.core.rdtsc(0) - target.core.guest_tsc_offset(0)))
    target.core.kvm_set_clock(clock, false, 0n)
    target.machine.resume(false)
    return target
  }

  it('does not judge a CPU that the host says it had stopped', () => {
    const rig = new Rig(build, 'kvm').boot({}, [], busy).run(10n * S)
    rig.machine.stop()
    rig.run(70n * S)
    rig.core.kvm_clock_ctrl(0)
    rig.machine.resume(false)
    rig.run(200n * S)
    expect(rig.seen(Seen.softLockup)).toEqual([])
    expect(rig.seen(Seen.watchdogTouched).map((o) => o.trueNs / S)).toEqual([70n])

    const untold = new Rig(build, 'kvm')
      .boot({}, [], busy)
      .run(10n * S)
      .pause(60n * S)
      .run(200n * S)
    expect(untold.seen(Seen.softLockup).map((o) => o.trueNs / S)).toEqual([70n])
    expect(untold.seen(Seen.watchdogTouched)).toEqual([])
  })

  it('does not learn of a migration: every clock goes on, REALTIME behind, until somebody asks the RTC', () => {
    const rig = new Rig(build, 'kvm').boot({ vcpus: 2 }, [{ at: S, length: 30n * S }]).run(10n * S)
    const moved = migrate(rig, { uptime: 5n * S }, 7n * S)
    expect(near(moved.clock(Clock.monotonic), 10n * S, 10n), `${moved.clock(Clock.monotonic)}`).toBe(true)
    expect(near(moved.clock(Clock.boottime), 10n * S, 10n)).toBe(true)
    expect(near(moved.error(), -7n * S, 10n)).toBe(true)
    moved.run(60n * S)
    expect(near(moved.slept()[0]!, 37n * S + SLACK, US), `${moved.slept()}`).toBe(true)
    expect(near(moved.error(), -7n * S, 100n)).toBe(true)
    expect(moved.seen(Seen.clockSet)).toEqual([])
    moved.run(60n * S + 300n * MS)
    moved.core.guest_rtc_resync()
    expect(near(moved.error(), 200n * MS, US), `${moved.error()}`).toBe(true)
  })

  it('never goes back when kvm-clock does and the TSC is not stable', () => {
    const read = (stable: boolean) => {
      const rig = new Rig(build, 'kvm', { stable }).boot({}, [], busy).run(10n * S)
      const before = rig.clock(Clock.sched)
      rig.core.kvm_set_clock(rig.core.kvm_get_clock() - 2n * S, false, 0n)
      return rig.clock(Clock.sched) - before
    }
    expect(read(false)).toBe(0n)
    expect(near(read(true), -2n * S, 10n)).toBe(true)
  })

  it('counts the TSC as the page at boot said, in whole kHz, if it is told to', () => {
    for (const tscKhz of [2_400_000n, 2_593_907n, 1_000_001n]) {
      const rig = new Rig(build, 'kvm', { tscKhz }).boot({ clocksource: TSC })
      const page = new DataView(rig.core.memory.buffer, rig.core.address_guest_memory() + PVCLOCK_GPA, 32)
      const multiplier = page.getUint32(24, true)
      const shift = BigInt(page.getInt8(28))
      const quotient = (1_000_000n << 32n) / BigInt(multiplier)
      const khz = shift < 0n ? quotient << -shift : quotient >> shift
      const { mult, shift: clockShift } = multShift(khz, 1_000_000n, 600_000n)
      const mono = (1000n * tscKhz * 1000n * mult) >> clockShift
      rig.run(1000n * S)
      expect(near(rig.clock(Clock.monotonic), mono, 10n), `${rig.clock(Clock.monotonic)}, not ${mono}`).toBe(
        true,
      )
    }
  })

  it('wakes late where the TSC is slower than its timer believes, and on time where it is faster', () => {
    const nap = (tscKhz: bigint) => {
      const rig = new Rig(build, 'kvm').boot({}, [{ at: 22n * S, length: 2n * S }]).run(10n * S)
      return migrate(rig, { tscKhz }, S)
        .run(40n * S)
        .slept()[0]!
    }
    // The deadline is 2.4e9 cycles a second ahead; the page tells the guest the truth when it wakes. From 21 s by
    // the guest's clock to 23 s the watchdog, which is late itself, does not run.
    expect(
      near(nap(2_000_000n), (2n * S * 12n) / 10n + (SLACK * 12n) / 10n, 5n * US),
      `${nap(2_000_000n)}`,
    ).toBe(true)
    // Early interrupts are taken as such, until one falls into the slack.
    const early = nap(3_000_000n)
    expect(early >= 2n * S && early <= 2n * S + SLACK + US, `${early}`).toBe(true)
  })

  it('counts stolen time through the steal-time area', () => {
    const rig = new Rig(build, 'kvm').boot({}, [], busy).run(S)
    rig.core.machine_steal(0, true)
    rig.run(S + 250n * MS)
    rig.core.machine_steal(0, false)
    expect(near(rig.clock(Clock.steal), 250n * MS, US), `${rig.clock(Clock.steal)}`).toBe(true)
  })

  it('reads the wall clock once, at boot', () => {
    const rig = new Rig(build, 'kvm').boot().run(S)
    rig.core.host_step_counter(3, 100n * S)
    rig.run(100n * S)
    expect(near(rig.clock(Clock.realtime), EPOCH + 100n * S, US)).toBe(true)
  })
})
