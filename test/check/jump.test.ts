import { describe, expect, it } from 'vitest'
import { checked, MS, readings, S, START } from './fixture.js'

const stepAt = (at: bigint, by: bigint) => (t: bigint) => t + (t >= at ? by : 0n)

describe('jump', () => {
  it('measures a step of a monotonic clock against true time', () => {
    const jump = (by: bigint) =>
      checked('jump', {
        readers: [{ clock: 'monotonic', readings: readings(0n, 9n * S, S, stepAt(5n * S, by)) }],
      })
    expect(jump(100n * MS)).toMatchObject({ verdict: 'pass', value: 100n * MS })
    expect(jump(100n * MS + 1n)).toMatchObject({ verdict: 'fail', value: 100n * MS + 1n, atTrueNs: 5n * S })
    expect(jump(7200n * S).message).toBe('monotonic jumped ahead by 7200 s')
    expect(jump(1n << 62n).value).toBe(1n << 62n)
  })

  it('leaves lost time, stalls and steps back to other checks', () => {
    const clocks = [
      (t: bigint) => (t < 5n * S ? t : t - 800n * MS),
      (t: bigint) => (t < 5n * S ? t : 5n * S),
      (t: bigint) => (t < 5n * S ? t + 50n * S : t),
    ]
    for (const clock of clocks) {
      expect(
        checked('jump', { readers: [{ clock: 'monotonic', readings: readings(0n, 9n * S, S, clock) }] })
          .value,
      ).toBe(0n)
    }
  })

  it('takes none, a part or the whole of a stop for granted, and no more', () => {
    const over = (gained: bigint) =>
      checked('jump', {
        stops: [[10n * S, 310n * S]],
        readers: [
          {
            clock: 'monotonic',
            readings: [
              ...readings(8n * S, 10n * S, S, (t) => t),
              ...readings(310n * S, 312n * S, S, (t) => t - 300n * S + gained, 300n * S),
            ],
          },
        ],
        endNs: 320n * S,
      })
    expect([0n, 1n, 100n, 300n].map((s) => over(s * S).value)).toEqual([0n, 0n, 0n, 0n])
    expect(over(320n * S)).toMatchObject({ verdict: 'fail', value: 20n * S, atTrueNs: 310n * S })
  })

  it('lets a late wall clock catch up, but not go beyond the truth', () => {
    const caughtUp = (to: bigint) =>
      checked('jump', {
        readers: [
          {
            clock: 'realtime',
            readings: readings(0n, 9n * S, S, (t) => START + t + (t < 5n * S ? -300n * S : to)),
          },
        ],
      })
    expect(caughtUp(-300n * S).value).toBe(0n)
    expect(caughtUp(0n)).toMatchObject({ verdict: 'pass', value: 0n })
    expect(caughtUp(50n * MS)).toMatchObject({ verdict: 'pass', value: 50n * MS })
    expect(caughtUp(20n * S)).toMatchObject({ verdict: 'fail', value: 20n * S })
    // A monotonic clock has no truth to come back to: for its readers it jumps.
    const monotonic = readings(0n, 9n * S, S, (t) => (t < 5n * S ? t : t + 300n * S))
    expect(checked('jump', { readers: [{ clock: 'monotonic', readings: monotonic }] }).value).toBe(300n * S)
  })

  it('excuses a wall clock that someone set', () => {
    const result = checked('jump', {
      corrections: [{ atNs: 5n * S, by: 'agent-settime' }],
      readers: [
        {
          clock: 'gettimeofday',
          readings: readings(0n, 9n * S, S, (t) => START + stepAt(5n * S, 40n * S)(t)),
        },
      ],
    })
    expect(result).toMatchObject({ verdict: 'pass', value: 0n })
  })

  it('leaves a fast clock to the rate, also over a stop, and still sees a jump of it', () => {
    // 25 % fast, read every 10 s: 2.5 s between any two readings.
    const fast = (t: bigint) => (t * 5n) / 4n
    const run = (extra: bigint) =>
      checked('jump', {
        stops: [[40n * S, 45n * S]],
        readers: [
          {
            clock: 'monotonic',
            readings: [
              ...readings(0n, 40n * S, 10n * S, fast),
              ...readings(50n * S, 90n * S, 10n * S, (t) => fast(t) + extra, 5n * S),
            ],
          },
        ],
      }).value
    expect(run(0n)).toBe(0n)
    expect(run(60n * S)).toBe(60n * S)
    const steady = readings(0n, 90n * S, 10n * S, fast)
    expect(checked('jump', { readers: [{ clock: 'monotonic', readings: steady }] }).value).toBe(0n)
  })

  it('judges neither counters, ticks nor stolen time', () => {
    for (const clock of ['counter', 'jiffies', 'steal'] as const) {
      const result = checked('jump', {
        readers: [{ clock, readings: readings(0n, 9n * S, S, stepAt(5n * S, 90n * S)) }],
      })
      expect(result).toMatchObject({ verdict: 'skip', message: 'no clock was read twice' })
    }
  })
})
