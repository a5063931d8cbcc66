import { describe, expect, it } from 'vitest'
import { checked, MS, readings, S, START } from './fixture.js'

describe('wall-error', () => {
  const ends = (error: bigint, clock: 'realtime' | 'gettimeofday' = 'realtime') => [
    {
      clock,
      readings: [
        [0n, START],
        [50n * S, START],
        [99n * S, START + 99n * S + error],
      ] as const,
    },
  ]

  it('is the last reading against the truth, ahead or behind', () => {
    expect(checked('wall-error', { readers: ends(0n) })).toMatchObject({ verdict: 'pass', value: 0n })
    expect(checked('wall-error', { readers: ends(S) })).toMatchObject({
      verdict: 'pass',
      value: S,
      atTrueNs: 99n * S,
    })
    expect(checked('wall-error', { readers: ends(S + 1n) }).verdict).toBe('fail')
    expect(checked('wall-error', { readers: ends(-S) }).verdict).toBe('pass')
    const behind = checked('wall-error', { readers: ends(-7200n * S, 'gettimeofday') })
    expect(behind).toMatchObject({ verdict: 'fail', value: -7200n * S, subject: 'gettimeofday' })
    expect(behind.message).toBe('gettimeofday is 7200 s behind in the end')
  })

  it('takes the worst of several readers', () => {
    const result = checked('wall-error', { readers: [...ends(3n * S), ...ends(-4n * S, 'gettimeofday')] })
    expect(result).toMatchObject({ value: -4n * S, subject: 'gettimeofday' })
  })

  it('judges wall clocks only', () => {
    const readers = [{ clock: 'monotonic' as const, readings: readings(0n, 9n * S, S, (t) => t * 9n) }]
    expect(checked('wall-error', { readers })).toMatchObject({
      verdict: 'skip',
      message: 'no wall clock was read',
    })
  })

  it('knows centuries', () => {
    const century = 100n * 365n * 86_400n * S
    expect(checked('wall-error', { readers: ends(century) }).value).toBe(century)
  })
})

describe('stale-wall', () => {
  const stops = [[10n * S, 40n * S]] as const
  /** The error after the stop, as a function of the time since the resume. */
  const resumed = (error: (sinceNs: bigint) => bigint, before = 0n) => ({
    stops,
    readers: [
      {
        clock: 'realtime' as const,
        readings: [
          ...readings(0n, 9n * S, S, (t) => START + t + before),
          ...readings(40n * S, 99n * S, 500n * MS, (t) => START + t + error(t - 40n * S), 30n * S),
        ],
      },
    ],
  })

  it('lasts from the resume to the first reading that is right', () => {
    const result = checked(
      'stale-wall',
      resumed((since) => (since < 20n * S ? -30n * S : 0n)),
    )
    expect(result).toMatchObject({ verdict: 'fail', value: 20n * S, atTrueNs: 40n * S, subject: 'realtime' })
    expect(result.message).toBe('realtime showed an old time for 20 s')
  })

  it('passes where the clock is right at once, or ahead', () => {
    expect(
      checked(
        'stale-wall',
        resumed(() => 0n),
      ),
    ).toMatchObject({ verdict: 'pass', value: 0n, atTrueNs: null })
    expect(
      checked(
        'stale-wall',
        resumed(() => 7200n * S),
      ).value,
    ).toBe(0n)
  })

  it('uses the limit for the lag and for the window', () => {
    expect(
      checked(
        'stale-wall',
        resumed(() => -S),
      ).value,
    ).toBe(0n)
    expect(
      checked(
        'stale-wall',
        resumed(() => -S - 1n),
      ).verdict,
    ).toBe('fail')
    expect(
      checked(
        'stale-wall',
        resumed((since) => (since < S ? -30n * S : 0n)),
      ),
    ).toMatchObject({ verdict: 'pass', value: S })
    const longer = resumed((since) => (since < 1500n * MS ? -30n * S : 0n))
    expect(checked('stale-wall', longer)).toMatchObject({ verdict: 'fail', value: 1500n * MS })
  })

  it('lasts to the last reading where the clock never comes right', () => {
    expect(
      checked(
        'stale-wall',
        resumed(() => -30n * S),
      ).value,
    ).toBe(59n * S)
  })

  it('does not blame the stop for what was wrong before', () => {
    expect(
      checked(
        'stale-wall',
        resumed(() => -5n * S, -5n * S),
      ).value,
    ).toBe(0n)
    expect(
      checked(
        'stale-wall',
        resumed(() => -35n * S, -5n * S),
      ).value,
    ).toBe(59n * S)
    // Ahead before: then being right is no lag.
    expect(
      checked(
        'stale-wall',
        resumed(() => 0n, 5n * S),
      ).value,
    ).toBe(0n)
  })

  it('goes on over another stop, against the time before the first', () => {
    const result = checked('stale-wall', {
      stops: [
        [10n * S, 20n * S],
        [30n * S, 40n * S],
        [60n * S, 61n * S],
      ],
      readers: [
        {
          clock: 'realtime',
          readings: [
            ...readings(0n, 9n * S, S, (t) => START + t),
            ...readings(20n * S, 29n * S, S, (t) => START + t - 10n * S, 10n * S),
            ...readings(40n * S, 59n * S, S, (t) => START + t - (t < 50n * S ? 20n * S : 0n), 20n * S),
            ...readings(61n * S, 70n * S, S, (t) => START + t, 21n * S),
          ],
        },
      ],
    })
    expect(result).toMatchObject({ value: 30n * S, atTrueNs: 20n * S })
  })

  it('has nothing to judge without a resume', () => {
    const { readers } = resumed(() => -30n * S)
    const never = 'the guest was not stopped and resumed'
    expect(checked('stale-wall', { readers })).toMatchObject({ verdict: 'skip', message: never })
    expect(checked('stale-wall', { readers, stops: [[99n * S, 100n * S]] }).message).toBe(never)
  })
})
