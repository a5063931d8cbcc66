import { describe, expect, it } from 'vitest'
import { Seen } from '../../src/observation/log.js'
import { checked, position, readings, S } from './fixture.js'

describe('steal', () => {
  const stolen = (values: [bigint, bigint, bigint?][], more = {}) =>
    checked('steal', { readers: [{ clock: 'steal', readings: values }], ...more })

  it('may rest, and grow by what the host takes', () => {
    const events = [{ kind: 'steal', guest: 'g', vcpu: 0, atNs: 10n * S, forNs: 5n * S, position }] as const
    expect(
      stolen(
        [
          [0n, 7n],
          [20n * S, 7n],
        ],
        { events },
      ),
    ).toMatchObject({ verdict: 'pass', value: 0n })
    expect(
      stolen(
        [
          [0n, 7n],
          [20n * S, 7n + 5n * S],
        ],
        { events },
      ),
    ).toMatchObject({ verdict: 'pass', value: 0n })
    expect(
      stolen(
        [
          [0n, 0n],
          [20n * S, 6n * S],
        ],
        { events },
      ),
    ).toMatchObject({ verdict: 'fail', value: S, atTrueNs: 20n * S })
    // Half of the phase is over at the reading.
    expect(
      stolen(
        [
          [0n, 0n],
          [12n * S, 5n * S],
        ],
        { events },
      ),
    ).toMatchObject({ value: 3n * S })
    const other = [{ ...events[0], vcpu: 1 }]
    expect(
      stolen(
        [
          [0n, 0n],
          [20n * S, 5n * S],
        ],
        { events: other },
      ),
    ).toMatchObject({ verdict: 'fail', value: 5n * S })
  })

  it('may lag and catch up', () => {
    const events = [{ kind: 'steal', guest: 'g', vcpu: 0, atNs: 10n * S, forNs: 5n * S, position }] as const
    expect(
      stolen(
        [
          [0n, 0n],
          [14n * S, 0n],
          [15n * S, 5n * S],
          [16n * S, 5n * S],
        ],
        { events },
      ).value,
    ).toBe(0n)
  })

  it('may count a stop', () => {
    expect(
      stolen(
        [
          [0n, 0n],
          [60n * S, 50n * S, 50n * S],
        ],
        { stops: [[5n * S, 55n * S]] },
      ).value,
    ).toBe(0n)
  })

  it('may not fall', () => {
    const fell = stolen([
      [0n, 335n * S],
      [S, 335n * S],
      [2n * S, 312n * S],
      [3n * S, 313n * S],
    ])
    expect(fell).toMatchObject({
      verdict: 'fail',
      value: 23n * S,
      atTrueNs: 2n * S,
      message: 'steal fell by 23 s',
    })
  })

  it('may not run under zero', () => {
    const result = stolen([
      [0n, 0n],
      [S, -23n * S],
    ])
    expect(result).toMatchObject({ verdict: 'fail', value: (1n << 64n) - 23n * S })
    expect(result.message).toBe('steal has 584.5 y that nobody took')
  })

  it('has nothing to judge where nobody reads it', () => {
    expect(checked('steal', {}).message).toBe('stolen time was not read twice')
  })
})

describe('soft-lockup', () => {
  const report = (value: bigint, trueNs = 30n * S) => ({ trueNs, kind: Seen.softLockup, index: 2, value })

  it('is the longest that a kernel reports', () => {
    const result = checked('soft-lockup', {
      rows: [report(22n * S), report(7200n * S, 40n * S), report(25n * S, 50n * S)],
    })
    expect(result).toMatchObject({ verdict: 'fail', value: 7200n * S, atTrueNs: 40n * S, subject: 'vcpu 2' })
    expect(result.message).toBe('the kernel believes vcpu 2 was stuck for 7200 s')
  })

  it('takes up to the limit', () => {
    expect(checked('soft-lockup', {})).toMatchObject({ verdict: 'pass', value: 0n, message: 'no report' })
    expect(checked('soft-lockup', { rows: [report(20n * S)] }).verdict).toBe('pass')
    expect(checked('soft-lockup', { rows: [report(20n * S + 1n)] }).verdict).toBe('fail')
  })
})

describe('backwards-warning', () => {
  const warning = (trueNs: bigint, value: bigint) => ({
    trueNs,
    kind: Seen.backwards,
    index: 0,
    value,
    extra: value,
  })

  it('counts them', () => {
    const rows = Array.from({ length: 1967 }, (_, i) => warning(BigInt(i + 1) * 10_000_000n, -20n * S))
    const result = checked('backwards-warning', { rows })
    expect(result).toMatchObject({
      verdict: 'fail',
      value: 1967n,
      limit: 0n,
      unit: 'count',
      atTrueNs: 10_000_000n,
    })
    expect(result.message).toBe('the kernel warned 1967 times; first it saw -20 s')
    const limited = { rows, checks: { 'backwards-warning': { limit: 1967 } } }
    expect(checked('backwards-warning', limited).verdict).toBe('pass')
  })

  it('passes without', () => {
    expect(
      checked('backwards-warning', {
        readers: [{ clock: 'monotonic', readings: readings(0n, S, S, (t) => t) }],
      }),
    ).toMatchObject({
      verdict: 'pass',
      value: 0n,
      atTrueNs: null,
    })
  })
})
