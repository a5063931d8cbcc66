import { describe, expect, it } from 'vitest'
import { checked, MS, readings, S, START } from './fixture.js'

const wall = (t: bigint) => START + t

describe('warp', () => {
  it('holds where clocks only go on, or rest', () => {
    const result = checked('warp', {
      readers: [
        { clock: 'realtime', readings: readings(0n, 10n * S, S, wall) },
        { clock: 'monotonic', readings: readings(0n, 10n * S, S, () => 5n) },
      ],
    })
    expect(result).toMatchObject({ verdict: 'pass', value: 0n, limit: 0n, atTrueNs: null, subject: null })
  })

  it('names the largest step back, its reader and its instant', () => {
    const result = checked('warp', {
      readers: [
        {
          clock: 'realtime',
          readings: [
            [0n, wall(0n)],
            [S, wall(S)],
            [2n * S, wall(S) - 1n],
            [3n * S, wall(3n * S)],
          ],
        },
        {
          clock: 'monotonic',
          name: 'mono',
          readings: [
            [0n, 9n],
            [S, 20n],
            [2n * S, 12n],
            [3n * S, 14n],
          ],
        },
      ],
    })
    expect(result).toMatchObject({
      verdict: 'fail',
      value: 8n,
      atTrueNs: 2n * S,
      subject: 'mono',
      unit: 'ns',
    })
    expect(result.message).toBe('mono went back by 8 ns')
  })

  it('takes a step of exactly the limit, and not one more', () => {
    const back = (by: bigint) =>
      checked('warp', {
        checks: { warp: { limitNs: 5n } },
        readers: [
          {
            clock: 'monotonic',
            readings: [
              [0n, 100n],
              [S, 100n - by],
            ],
          },
        ],
      }).verdict
    expect([back(5n), back(6n)]).toEqual(['pass', 'fail'])
  })

  it.each(['agent-settime', 'guest-ntp', 'rtc-resync', 'set-wall', 'ntp-step'] as const)(
    'excuses a wall clock that %s set back, and no other clock',
    (by) => {
      const corrections = [{ atNs: 1500n * MS, by }]
      const back = (offset: bigint) =>
        [
          [0n, offset + 0n],
          [S, offset + S],
          [2n * S, offset],
        ] as const
      for (const clock of ['realtime', 'gettimeofday'] as const) {
        expect(checked('warp', { corrections, readers: [{ clock, readings: back(START) }] }).verdict).toBe(
          'pass',
        )
      }
      for (const clock of ['monotonic', 'boottime', 'sched', 'uptime', 'monotonic-raw'] as const) {
        expect(checked('warp', { corrections, readers: [{ clock, readings: back(0n) }] }).verdict).toBe(
          'fail',
        )
      }
    },
  )

  it('excuses only the pairs of readings around the correction', () => {
    const steps = readings(0n, 4n * S, S, (t) => START - t)
    const at = (atNs: bigint) =>
      checked('warp', {
        corrections: [{ atNs, by: 'agent-settime' }],
        readers: [{ clock: 'realtime', readings: steps.slice(0, 3) }],
      }).atTrueNs
    // Readings at 0, 1 and 2 s, each one second lower. A correction at 1 s may lie before or after its reading.
    expect([at(0n), at(500n * MS), at(S), at(1500n * MS), at(3n * S)]).toEqual([2n * S, 2n * S, null, S, S])
  })

  it('follows a correction of the host to the instant at which the guest took it', () => {
    const run = (stops: [bigint, bigint][]) =>
      checked('warp', {
        corrections: [{ atNs: 500n * MS, by: 'set-wall' }],
        rows: [{ trueNs: 7500n * MS, kind: 6, value: -60n * S }],
        stops,
        readers: [
          {
            clock: 'realtime',
            readings: readings(0n, 10n * S, S, (t) => wall(t) - (t > 7n * S ? 60n * S : 0n)),
          },
        ],
      }).verdict
    expect(run([])).toBe('pass')
    // After a stop it may be another host's time: no excuse.
    expect(run([[3n * S, 4n * S]])).toBe('fail')
  })

  it('reads counters as unsigned and turns ticks into time, rounded up', () => {
    const top = 1n << 63n
    const xen = (a: bigint, b: bigint) =>
      checked('warp', {
        readers: [
          {
            clock: 'counter',
            readings: [
              [0n, a],
              [S, b],
            ],
          },
        ],
      })
    expect(xen(top - 5n, top + 5n)).toMatchObject({ verdict: 'pass' })
    // 2.4 GHz
    expect(xen(top + 2_400_000_000n, top)).toMatchObject({ verdict: 'fail', value: S })
    expect(xen(top + 1n, top)).toMatchObject({ verdict: 'fail', value: 1n })
    const power = checked('warp', {
      system: 'power',
      readers: [
        {
          clock: 'counter',
          readings: [
            [0n, 512n],
            [S, 0n],
          ],
        },
      ],
    })
    expect(power.value).toBe(1000n)
    // Xen's default of 100 Hz? linux-xen has 250.
    const jiffies = checked('warp', {
      readers: [
        {
          clock: 'jiffies',
          readings: [
            [0n, 3n],
            [S, 2n],
          ],
        },
      ],
    })
    expect(jiffies.value).toBe(4n * MS)
  })

  it('measures a step over the whole range of 64 bits', () => {
    const most = (1n << 63n) - 1n
    const result = checked('warp', {
      readers: [
        {
          clock: 'realtime',
          readings: [
            [0n, most],
            [S, -most - 1n],
          ],
        },
      ],
    })
    expect(result.value).toBe((1n << 64n) - 1n)
  })

  it('has nothing to judge where nothing was read twice', () => {
    expect(checked('warp', { readers: [{ clock: 'realtime', readings: [[0n, START]] }] })).toMatchObject({
      verdict: 'skip',
      value: null,
      limit: 0n,
      message: 'no clock was read twice',
    })
    expect(checked('warp', { checks: { warp: null } })).toMatchObject({
      verdict: 'skip',
      limit: null,
      message: 'off',
    })
  })
})
