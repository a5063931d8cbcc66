import { describe, expect, it } from 'vitest'
import type { Checks, ReadClock } from '../../src/scenario/types.js'
import { checked, MS, position, readings, S, START } from './fixture.js'

const fast = (ppm: bigint) => (t: bigint) => t + (t * ppm) / 1_000_000n

describe('rate', () => {
  const rate = (value: (t: bigint) => bigint, clock: ReadClock = 'monotonic', more = {}) =>
    checked('rate', { readers: [{ clock, readings: readings(0n, 90n * S, 100n * MS, value) }], ...more })

  it('is the slope against true time, fast or slow', () => {
    expect(rate((t) => t)).toMatchObject({ verdict: 'pass', value: 0n, unit: 'ppb' })
    // 2 us of 90 s are resolution: 22 ppb.
    expect(rate(fast(500n))).toMatchObject({ verdict: 'pass', value: 499_977n })
    expect(rate(fast(501n))).toMatchObject({
      verdict: 'fail',
      value: 500_977n,
      atTrueNs: 0n,
      subject: 'monotonic',
    })
    expect(rate(fast(-23_438n))).toMatchObject({ verdict: 'fail', value: -23_437_977n })
    expect(rate((t) => START + fast(60n)(t), 'realtime').value).toBe(59_977n)
    expect(rate(fast(501n)).message).toBe('monotonic ran 501 ppm fast for 90 s from 0 s')
  })

  it('takes whole microseconds for what they are', () => {
    expect(rate((t) => START + (t / 7_000n) * 7_000n, 'gettimeofday').value! < 60n).toBe(true)
    expect(rate((t) => START + (t / 1_000n) * 1_000n, 'gettimeofday').value).toBe(0n)
  })

  it('sees the worst stretch between stops', () => {
    const stopped = checked('rate', {
      stops: [[30n * S, 50n * S]],
      readers: [
        {
          clock: 'boottime',
          readings: [
            ...readings(0n, 30n * S, S, (t) => t),
            ...readings(50n * S, 90n * S, S, (t) => 30n * S + ((t - 50n * S) * 500n) / 512n, 20n * S),
          ],
        },
      ],
    })
    expect(stopped).toMatchObject({ verdict: 'fail', value: -23_437_450n, atTrueNs: 50n * S })
    expect(stopped.message).toBe('boottime ran 2.344 % slow for 40 s from 50 s')
  })

  it('leaves stalls, warps and jumps to their names', () => {
    const at = 45_030n * MS
    expect(rate((t) => (t < at ? t : t < 70n * S ? at : t - 70n * S + at)).value).toBe(0n)
    expect(rate((t) => (t < at ? t : t - 20n * S)).value).toBe(0n)
    expect(rate((t) => (t < at ? t : t + 20n * S)).value).toBe(0n)
    expect(rate((t) => (t < at ? t : at))).toMatchObject({ verdict: 'pass', value: 0n })
    expect(rate(() => 5n)).toMatchObject({ verdict: 'skip' })
  })

  it('leaves corrections and slews alone', () => {
    const slewed = (t: bigint) => {
      const slew = t < 30n * S ? 0n : t < 60n * S ? t - 30n * S : 30n * S
      return t + slew / 100n
    }
    expect(rate(slewed).verdict).toBe('fail')
    const events = [
      { kind: 'guest-ntp-slew', guest: 'g', ratePpb: 10_000_000n, forNs: 30n * S, atNs: 30n * S, position },
    ]
    expect(rate(slewed, 'monotonic', { events }).value).toBe(0n)
    expect(rate(slewed, 'monotonic-raw', { events }).verdict).toBe('fail')
    const set = (t: bigint) => START + t + (t < 30n * S ? 0n : 60n * MS)
    const corrections = [{ atNs: 30n * S, by: 'agent-settime' }]
    expect(rate(set, 'realtime').verdict).toBe('fail')
    expect(rate(set, 'realtime', { corrections }).value).toBe(0n)
    const told = (t: bigint) => (t < 30n * S ? fast(10_000n)(t) : t + 300n * MS)
    const tell = [{ kind: 'tell-frequency', guest: 'g', frequencyHz: 1n, atNs: 30n * S, position }]
    expect(rate(told, 'monotonic', { events: tell })).toMatchObject({ value: 9_999_933n, atTrueNs: 0n })
  })

  it('needs a second', () => {
    const short = (untilNs: bigint) =>
      checked('rate', {
        readers: [{ clock: 'sched', readings: readings(0n, untilNs, untilNs, fast(1000n)) }],
      })
    expect(short(S).verdict).toBe('fail')
    expect(short(S - 1n)).toMatchObject({ verdict: 'skip', value: null })
  })

  it('measures a century without loss', () => {
    const century = 100n * 365n * 86_400n * S
    const result = checked('rate', {
      readers: [
        {
          clock: 'monotonic',
          readings: readings(0n, century, century / 100n, (t) => t + (t * 3n) / 1_000_000_000n),
        },
      ],
      checks: { rate: { limitPpb: 2n } },
    })
    expect(result.value === 2n || result.value === 3n).toBe(true)
  })
})

describe('monotonic', () => {
  const over = (
    downtime: NonNullable<Checks['monotonic']>['downtime'],
    counted: bigint,
    clock: ReadClock = 'monotonic',
  ) =>
    checked('monotonic', {
      checks: { monotonic: { downtime } },
      stops: [[10n * S, 40n * S]],
      readers: [
        {
          clock,
          readings: [
            ...readings(0n, 9n * S, S, (t) => t),
            ...readings(41n * S, 50n * S, S, (t) => t - 30n * S + counted, 30n * S),
          ],
        },
      ],
    })

  it('counted: every stop, whole', () => {
    expect(over('counted', 30n * S)).toMatchObject({ verdict: 'pass', value: 0n, limit: 100n * MS })
    expect(over('counted', 29_900n * MS)).toMatchObject({ verdict: 'pass', value: 100n * MS })
    expect(over('counted', 29_900n * MS - 1n).verdict).toBe('fail')
    expect(over('counted', 0n)).toMatchObject({ verdict: 'fail', value: 30n * S, atTrueNs: 41n * S })
    expect(over('counted', 0n).message).toBe('monotonic did not count 30 s of a stop')
  })

  it('excluded: no stop, but boottime counts it', () => {
    expect(over('excluded', 0n)).toMatchObject({ verdict: 'pass', value: 0n })
    expect(over('excluded', 30n * S)).toMatchObject({ verdict: 'fail', value: 30n * S })
    expect(over('excluded', 30n * S).message).toBe('monotonic counted 30 s in which the guest was stopped')
    expect(over('excluded', 30n * S, 'boottime').verdict).toBe('pass')
    expect(over('excluded', 0n, 'boottime').verdict).toBe('fail')
    expect(over('counted', 0n, 'uptime').verdict).toBe('fail')
  })

  it('leaves what is beyond the stop to jump and stall', () => {
    expect(over('counted', 90n * S).value).toBe(0n)
    expect(over('excluded', 90n * S).value).toBe(30n * S)
    expect(over('excluded', -20n * S).value).toBe(0n)
    expect(over('counted', -20n * S).value).toBe(30n * S)
  })

  it('has no opinion on `either`, other clocks and guests that run', () => {
    expect(over('either', 5n * S)).toMatchObject({ verdict: 'skip', message: 'a stop may be counted or not' })
    expect(over('counted', 0n, 'sched').message).toBe('no monotonic clock was read twice')
    const running = checked('monotonic', { checks: { monotonic: { downtime: 'counted' } } })
    expect(running.message).toBe('the guest was not stopped and resumed')
  })
})

describe('seam', () => {
  const limits = (downtime: 'either' | 'counted' | 'excluded'): Partial<Checks> => ({
    seam: { limitNs: MS },
    monotonic: { downtime },
  })
  /** Stopped from 10 s to 12 s; from then on it shows `gained` more than the time in which the guest ran. */
  const seam = (
    gained: bigint,
    downtime: 'either' | 'counted' | 'excluded',
    clock: ReadClock = 'monotonic',
  ) =>
    checked('seam', {
      stops: [[10n * S, 12n * S]],
      checks: limits(downtime),
      readers: [
        {
          clock,
          readings: [
            ...readings(0n, 10n * S - 1n, 100n * MS, (t) => t),
            ...readings(12n * S + 50n * MS, 20n * S, 100n * MS, (t) => t - 2n * S + gained, 2n * S),
          ],
        },
      ],
    })

  it('is off unless it is asked for', () => {
    expect(checked('seam', { checks: { seam: null } })).toMatchObject({ verdict: 'skip', message: 'off' })
  })

  it('lets a stop count as much as its downtime, and no more', () => {
    for (const gained of [0n, S, 2n * S]) expect(seam(gained, 'either').value).toBe(0n)
    expect(seam(2n * S + 3n * MS, 'either')).toMatchObject({ verdict: 'fail', value: 3n * MS })
    expect(seam(-3n * MS, 'either')).toMatchObject({ verdict: 'fail', value: -3n * MS })
    expect(seam(-MS, 'either')).toMatchObject({ verdict: 'pass', value: -MS })
    expect(seam(-3n * MS, 'either').message).toBe('over a stop monotonic gained 3 ms too little')
  })

  it('holds the monotonic clock to what a downtime is said to do', () => {
    expect(seam(2n * S, 'counted').value).toBe(0n)
    expect(seam(S, 'counted')).toMatchObject({ verdict: 'fail', value: -S })
    expect(seam(0n, 'excluded').value).toBe(0n)
    expect(seam(2n * MS, 'excluded')).toMatchObject({ verdict: 'fail', value: 2n * MS })
    expect(seam(2n * MS, 'excluded').message).toBe('over a stop monotonic gained 2 ms too much')
    // CLOCK_BOOTTIME has its own way with a downtime.
    for (const gained of [0n, 2n * S]) expect(seam(gained, 'counted', 'boottime').value).toBe(0n)
  })

  it('sees a stop of no length', () => {
    const there = (value: (t: bigint) => bigint) =>
      checked('seam', {
        stops: [[10_050n * MS, 10_050n * MS]],
        checks: limits('either'),
        readers: [{ clock: 'monotonic', readings: readings(0n, 20n * S, 100n * MS, value) }],
      })
    expect(there((t) => t)).toMatchObject({ verdict: 'pass', value: 0n })
    expect(there((t) => (t < 10_050n * MS ? t : t - 5n * MS))).toMatchObject({
      verdict: 'fail',
      value: -5n * MS,
      atTrueNs: 10_100n * MS,
    })
  })

  it('turns ticks into time', () => {
    const ticks = (lost: bigint) =>
      checked('seam', {
        system: 'power',
        stops: [[10_050n * MS, 10_050n * MS]],
        checks: limits('either'),
        readers: [
          {
            clock: 'counter',
            readings: readings(
              0n,
              20n * S,
              100n * MS,
              (t) => (t * 512n) / 1000n - (t < 10_050n * MS ? 0n : lost),
            ),
          },
        ],
      })
    expect(ticks(0n).value).toBe(0n)
    expect(ticks(512_000n * 4n)).toMatchObject({ verdict: 'fail', value: -4n * MS })
  })

  it('has nothing to judge without a stop or a clock', () => {
    const readers = [{ clock: 'monotonic' as const, readings: readings(0n, S, 100n * MS, (t) => t) }]
    expect(checked('seam', { readers, checks: limits('either') }).message).toBe(
      'the guest was not stopped and resumed',
    )
    expect(checked('seam', { stops: [[S, 2n * S]], checks: limits('either') }).message).toBe(
      'no clock was read twice',
    )
  })
})

it('rate: a stretch ends at a stop of no length, where a clock may have stepped', () => {
  const stepped = (t: bigint) => (t < 10_050n * MS ? t : t + 90n * MS)
  const readers = [{ clock: 'monotonic' as const, readings: readings(0n, 20n * S, 100n * MS, stepped) }]
  expect(checked('rate', { readers })).toMatchObject({ verdict: 'fail' })
  expect(checked('rate', { readers, stops: [[10_050n * MS, 10_050n * MS]] })).toMatchObject({ value: 0n })
})
