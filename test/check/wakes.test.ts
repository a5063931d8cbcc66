import { describe, expect, it } from 'vitest'
import { Seen } from '../../src/observation/log.js'
import { checked, MS, type Row, S } from './fixture.js'

const issue = (trueNs: bigint, forNs: bigint, index = 0): Row => ({
  trueNs,
  kind: Seen.sleep,
  index,
  value: forNs,
})
const wake = (trueNs: bigint, elapsedNs: bigint, stopped = 0n, index = 0): Row => {
  return { trueNs, kind: Seen.wake, index, value: elapsedNs, extra: stopped }
}
const one = [{ name: 'nap' }]
const slept = (elapsedNs: bigint, stopped = 0n): Row[] => [
  issue(10n * S, 2n * S),
  wake(10n * S + elapsedNs, elapsedNs, stopped),
]

describe('late-wake', () => {
  it('is what a sleep lasts beyond its duration', () => {
    const result = checked('late-wake', { sleepers: one, rows: slept(20_830n * MS) })
    expect(result).toMatchObject({
      verdict: 'fail',
      value: 18_830n * MS,
      atTrueNs: 30_830n * MS,
      subject: 'nap',
    })
    expect(result.message).toBe('sleeper nap asked for 2 s and slept 18.83 s more')
  })

  it('takes exactly the limit', () => {
    const late = (ns: bigint) => checked('late-wake', { sleepers: one, rows: slept(2n * S + ns) }).verdict
    expect([late(0n), late(100n * MS), late(100n * MS + 1n)]).toEqual(['pass', 'pass', 'fail'])
  })

  it('is not made by a stop, however the clock counts it', () => {
    // 300 s stopped: counted by the clock (wakes at the resume), or not (sleeps the rest).
    expect(checked('late-wake', { sleepers: one, rows: slept(301n * S, 300n * S) }).value).toBe(0n)
    expect(checked('late-wake', { sleepers: one, rows: slept(302n * S, 300n * S) }).value).toBe(0n)
    expect(checked('late-wake', { sleepers: one, rows: slept(303n * S, 300n * S) }).value).toBe(S)
  })

  it('counts a sleeper that is overdue at the end, unless it is lost', () => {
    const rows = [issue(95n * S, 2n * S)]
    expect(checked('late-wake', { sleepers: one, rows })).toMatchObject({
      verdict: 'fail',
      value: 3n * S,
      atTrueNs: 100n * S,
    })
    const lost = [issue(10n * S, 2n * S)]
    expect(checked('late-wake', { sleepers: one, rows: lost })).toMatchObject({ verdict: 'pass', value: 0n })
    const off = checked('late-wake', { sleepers: one, rows: lost, checks: { 'lost-wake': null } })
    expect(off).toMatchObject({ verdict: 'fail', value: 88n * S })
  })

  it('keeps sleepers apart and takes the worst', () => {
    const rows = [
      issue(S, 5n * S, 0),
      issue(2n * S, S, 1),
      wake(4n * S, 2n * S, 0n, 1),
      wake(6n * S, 5n * S, 0n, 0),
    ]
    const result = checked('late-wake', { sleepers: [{ name: 'a' }, { name: 'b' }], rows })
    expect(result).toMatchObject({ value: S, subject: 'b', atTrueNs: 4n * S })
  })

  it('has nothing to judge where nobody sleeps', () => {
    expect(checked('late-wake', {})).toMatchObject({ verdict: 'skip', message: 'nobody sleeps' })
  })
})

describe('early-wake', () => {
  it('is what a sleep lacks of its duration, stops included', () => {
    const early = (elapsedNs: bigint, stopped = 0n) =>
      checked('early-wake', { sleepers: one, rows: slept(elapsedNs, stopped) })
    expect(early(2n * S)).toMatchObject({ verdict: 'pass', value: 0n })
    expect(early(1999n * MS)).toMatchObject({ verdict: 'pass', value: MS })
    expect(early(1999n * MS - 1n)).toMatchObject({ verdict: 'fail', value: MS + 1n })
    expect(early(0n)).toMatchObject({ verdict: 'fail', value: 2n * S, atTrueNs: 10n * S, subject: 'nap' })
    expect(early(2n * S, 2n * S).value).toBe(0n)
    expect(early(10_000n * S).value).toBe(0n)
  })

  it('does not mind who still sleeps', () => {
    expect(checked('early-wake', { sleepers: one, rows: [issue(99n * S, 2n * S)] }).value).toBe(0n)
  })
})

describe('lost-wake', () => {
  it('is a sleeper that is overdue at the end by more than the limit', () => {
    const issued = (at: bigint) => checked('lost-wake', { sleepers: one, rows: [issue(at, 2n * S)] })
    expect(issued(99n * S)).toMatchObject({ verdict: 'pass', value: 0n, atTrueNs: null })
    expect(issued(93n * S)).toMatchObject({ verdict: 'pass', value: 5n * S })
    expect(issued(93n * S - 1n)).toMatchObject({
      verdict: 'fail',
      value: 5n * S + 1n,
      atTrueNs: 95n * S - 1n,
    })
    expect(issued(10n * S).message).toBe('sleeper nap asked for 2 s and is 88 s overdue at the end')
  })

  it('counts only time in which the guest ran', () => {
    const rows = [issue(10n * S, 2n * S)]
    // Saved at 11 s and never restored; or stopped before the sleep and for most of it.
    expect(checked('lost-wake', { sleepers: one, rows, stops: [[11n * S, 100n * S]] }).value).toBe(0n)
    const stops = [
      [5n * S, 9n * S],
      [20n * S, 100n * S],
    ] as const
    expect(checked('lost-wake', { sleepers: one, rows, stops }).value).toBe(8n * S)
  })

  it('does not mind who woke late, or sleeps again', () => {
    expect(checked('lost-wake', { sleepers: one, rows: slept(80n * S) }).value).toBe(0n)
    expect(
      checked('lost-wake', { sleepers: one, rows: [...slept(2n * S), issue(99n * S, 2n * S)] }).value,
    ).toBe(0n)
  })
})

describe('wake-storm', () => {
  const wakes = (count: number, everyNs: bigint, index = 0) =>
    Array.from({ length: count }, (_, i) => wake(10n * S + BigInt(i) * everyNs, S, 0n, index))

  it('counts the wakes of a vCPU within one second', () => {
    const storm = (count: number, everyNs: bigint) =>
      checked('wake-storm', { sleepers: one, rows: wakes(count, everyNs) })
    expect(storm(1000, MS)).toMatchObject({ verdict: 'pass', value: 1000n, atTrueNs: 10_999n * MS })
    expect(storm(1001, MS)).toMatchObject({ verdict: 'pass', value: 1000n })
    expect(storm(1001, MS - 1n)).toMatchObject({ verdict: 'fail', value: 1001n, subject: 'vcpu 0' })
    expect(storm(5000, 0n)).toMatchObject({ verdict: 'fail', value: 5000n, atTrueNs: 10n * S })
    expect(storm(3, 0n).message).toBe('vcpu 0 had 3 wakes within a second')
  })

  it('keeps vCPUs apart', () => {
    const sleepers = [
      { name: 'a', vcpu: 0 },
      { name: 'b', vcpu: 3 },
      { name: 'c', vcpu: 3 },
    ]
    const rows = [...wakes(600, 0n, 0), ...wakes(300, 0n, 1), ...wakes(500, 0n, 2)]
    expect(checked('wake-storm', { sleepers, rows })).toMatchObject({ value: 800n, subject: 'vcpu 3' })
  })

  it('counts the ticks that one interrupt makes up for', () => {
    const ticks = (value: bigint, trueNs: bigint): Row => ({ trueNs, kind: Seen.ticks, index: 1, value })
    const result = checked('wake-storm', { rows: [ticks(2n, S), ticks(30_000n, 2n * S), ticks(5n, 3n * S)] })
    expect(result).toMatchObject({ verdict: 'fail', value: 30_000n, atTrueNs: 2n * S, subject: 'vcpu 1' })
    expect(result.message).toBe('vcpu 1 had 30000 ticks in one timer interrupt')
    expect(checked('wake-storm', { rows: [ticks(1000n, S)] }).verdict).toBe('pass')
  })

  it('judges a guest that does nothing', () => {
    expect(checked('wake-storm', {})).toMatchObject({
      verdict: 'pass',
      value: 0n,
      atTrueNs: null,
      message: 'nobody woke',
    })
  })

  it('forgets what is older than a second, however much it was', () => {
    const rows = wakes(200_000, 2n * MS)
    expect(checked('wake-storm', { sleepers: one, rows, endNs: 500n * S }).value).toBe(500n)
  })
})
