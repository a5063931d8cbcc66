/** skew, set-back, backlog, cycle-offset: what each takes for its worst value, on observations made by hand. */
import { describe, expect, it } from 'vitest'
import { Seen } from '../../src/observation/log.js'
import { checked, MS, readings, S, START } from './fixture.js'

const steady = (offset: bigint) => readings(0n, 2n * S, 100n * MS, (t) => t + offset)

describe('skew', () => {
  it('is the largest difference of one clock on two vCPUs at one instant', () => {
    const apart = checked('skew', {
      readers: [
        { clock: 'sched', name: 'first', readings: steady(0n) },
        {
          clock: 'sched',
          name: 'second',
          vcpu: 1,
          readings: readings(0n, 2n * S, 100n * MS, (t) => (t === S ? t - 50_000n : t)),
        },
        { clock: 'monotonic', name: 'other', vcpu: 1, readings: steady(S) },
      ],
    })
    expect(apart).toMatchObject({ verdict: 'fail', value: -50_000n, atTrueNs: S, subject: 'first, second' })
  })

  it('turns ticks into ns, and judges no clock that one vCPU alone reads', () => {
    const ticks = (offset: bigint) => readings(0n, S, 100n * MS, (t) => (t * 24n) / 10n + offset)
    const counters = checked('skew', {
      readers: [
        { clock: 'counter', name: 'first', readings: ticks(0n) },
        { clock: 'counter', name: 'second', vcpu: 1, readings: ticks(2400n) },
      ],
    })
    expect(counters).toMatchObject({ verdict: 'pass', value: 1000n, limit: 1000n })
    const alone = checked('skew', { readers: [{ clock: 'sched', readings: steady(0n) }] })
    expect(alone.message).toBe('no clock was read on two vCPUs')
  })
})

describe('set-back', () => {
  const at = (instant: bigint, by: bigint) =>
    readings(0n, 2n * S, 100n * MS, (t) => START + t - (t >= instant ? by : 0n))

  it('is what a correction from inside takes away', () => {
    const set = (by: 'agent-settime' | 'ntp-step') =>
      checked('set-back', {
        readers: [{ clock: 'realtime', readings: at(S, 20n * MS) }],
        corrections: [{ atNs: S, by }],
        checks: { 'set-back': { limitNs: 10n * MS } },
      })
    expect(set('agent-settime')).toMatchObject({ verdict: 'fail', value: 20n * MS, atTrueNs: S })
    expect(set('ntp-step')).toMatchObject({ verdict: 'skip', message: 'nobody in the guest set its clock' })
  })

  it('does not mind a clock that is set ahead', () => {
    const ahead = checked('set-back', {
      readers: [{ clock: 'realtime', readings: at(S, -20n * S) }],
      corrections: [{ atNs: S, by: 'guest-ntp' }],
    })
    expect(ahead).toMatchObject({ verdict: 'pass', value: 0n })
  })
})

describe('backlog', () => {
  it('counts sleepers that were due in the stop and wake in the second after it', () => {
    const sleepers = ['due', 'late', 'later', 'after'].map((name) => ({ name }))
    const slept = (index: number, issued: bigint, duration: bigint, woke: bigint) => [
      { trueNs: issued, kind: Seen.sleep, index, value: duration, extra: 0n, stoppedNs: 0n },
      { trueNs: woke, kind: Seen.wake, index, value: woke - issued, extra: 0n, stoppedNs: 0n },
    ]
    const found = checked('backlog', {
      sleepers,
      stops: [[10n * S, 20n * S]],
      rows: [
        ...slept(0, 9n * S, 2n * S, 20n * S + MS), // due at 11 s
        ...slept(1, 9n * S, 11n * S, 20n * S + 2n * MS), // due at the very end of the stop
        ...slept(2, 9n * S, 11n * S + MS, 20n * S + 3n * MS), // due after it
        ...slept(3, 9n * S, 2n * S, 21n * S), // due, and woken too late to be counted
      ],
      checks: { backlog: { limit: 1 } },
    })
    expect(found).toMatchObject({ verdict: 'fail', value: 2n, atTrueNs: 20n * S })
  })
})

describe('cycle-offset', () => {
  it('is the largest that the kernel warned of', () => {
    const warning = (trueNs: bigint, value: bigint) => ({
      trueNs,
      kind: Seen.cycleOffset,
      index: 0,
      value,
      extra: S,
      stoppedNs: 0n,
    })
    const found = checked('cycle-offset', {
      rows: [warning(S, 2n * S), warning(2n * S, 3n * S)],
      checks: { 'cycle-offset': { limitNs: 2n * S } },
    })
    expect(found).toMatchObject({ verdict: 'fail', value: 3n * S, atTrueNs: 2n * S, subject: 'kernel' })
    expect(checked('cycle-offset', {})).toMatchObject({ verdict: 'pass', message: 'no warning' })
  })
})
