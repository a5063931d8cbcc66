import { describe, expect, it } from 'vitest'
import { checked, MS, readings, S, START } from './fixture.js'

/** Stands still from `from` to `until`, then goes on from there. */
const frozen = (from: bigint, until: bigint) => (t: bigint) =>
  t < from ? t : t < until ? from : t - (until - from)

describe('stall', () => {
  it('measures the longest rest of any clock', () => {
    const result = checked('stall', {
      readers: [
        { clock: 'monotonic', readings: readings(0n, 20n * S, 100n * MS, frozen(5n * S, 5500n * MS)) },
        {
          clock: 'realtime',
          readings: readings(0n, 20n * S, 100n * MS, (t) => START + frozen(3n * S, 15n * S)(t)),
        },
      ],
    })
    // Seen standing from the reading at 3 s to the one at 15 s.
    expect(result).toMatchObject({ verdict: 'fail', value: 12n * S, atTrueNs: 3n * S, subject: 'realtime' })
    expect(result.message).toBe('realtime stood still for 12 s')
  })

  it('takes exactly the limit', () => {
    const stood = (ns: bigint) =>
      checked('stall', {
        readers: [
          {
            clock: 'boottime',
            readings: [
              [0n, 0n],
              [S, 1n],
              [S + ns, 1n],
              [3n * S, 2n],
            ],
          },
        ],
      })
    expect([stood(S).verdict, stood(S + 1n).verdict]).toEqual(['pass', 'fail'])
  })

  it('counts only time in which the guest ran', () => {
    const result = checked('stall', {
      stops: [[10n * S, 60n * S]],
      readers: [
        {
          clock: 'monotonic',
          readings: [
            [0n, 0n],
            [9n * S, 9n],
            [61n * S, 9n, 50n * S],
            [62n * S, 9n, 50n * S],
            [63n * S, 10n, 50n * S],
          ],
        },
      ],
    })
    expect(result).toMatchObject({ value: 3n * S, atTrueNs: 9n * S })
  })

  it('sees a clock that never moves again, and one that never moved', () => {
    const to = (value: (t: bigint) => bigint) =>
      checked('stall', { readers: [{ clock: 'counter', readings: readings(0n, 50n * S, S, value) }] }).value
    expect(to((t) => (t < 20n * S ? t : 20n * S))).toBe(30n * S)
    expect(to(() => 7n)).toBe(50n * S)
    expect(to((t) => t)).toBe(0n)
  })

  it('does not take a step back for a stall', () => {
    const back = readings(0n, 20n * S, S, (t) => (t < 10n * S ? t : t - 5n * S))
    expect(checked('stall', { readers: [{ clock: 'monotonic', readings: back }] }).value).toBe(0n)
  })

  it('lets jiffies and stolen time rest', () => {
    for (const clock of ['jiffies', 'steal'] as const) {
      const result = checked('stall', { readers: [{ clock, readings: readings(0n, 50n * S, S, () => 1n) }] })
      expect(result.verdict).toBe('skip')
    }
  })
})
