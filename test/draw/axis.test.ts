import { describe, expect, it } from 'vitest'
import { axisOf } from '../../src/draw/index.js'
import { MS, S } from '../check/fixture.js'

const labels = (from: bigint, until: bigint, most = 6) =>
  axisOf(from, until, most).ticks.map(({ label }) => label)
const DAY = 86_400n * S

describe('axisOf', () => {
  it('has round labels in units that people use, from ns to years', () => {
    expect(labels(0n, 5n)).toEqual(['0', '1 ns', '2 ns', '3 ns', '4 ns', '5 ns'])
    expect(labels(0n, 90_000n)).toEqual(['0', '20 µs', '40 µs', '60 µs', '80 µs'])
    expect(labels(0n, 3n * S)).toEqual(['0', '0.5 s', '1 s', '1.5 s', '2 s', '2.5 s', '3 s'])
    expect(labels(0n, 120n * S)).toEqual(['0', '20 s', '40 s', '60 s', '80 s', '100 s', '120 s'])
    expect(labels(0n, DAY)).toEqual(['0', '5 h', '10 h', '15 h', '20 h'])
    expect(labels(0n, 40n * 1461n * (DAY / 4n))).toEqual(['0', '10 y', '20 y', '30 y', '40 y'])
  })

  it('goes below 0, with 0 among its ticks', () => {
    expect(labels(-25n * S, 12n * S, 4)).toEqual(['-20 s', '-10 s', '0', '10 s'])
    expect(labels(-25n * S, -12n * S, 4)).toEqual(['-25 s', '-20 s', '-15 s'])
  })

  it('counts from a base where labels would grow too long', () => {
    const zoomed = axisOf(100n * DAY, 100n * DAY + 50n, 5)
    expect(zoomed.base).toMatch(/^(100 d|99 d 23 h 59 min 59.9999\d+ s)$/)
    expect(Math.max(...zoomed.ticks.map(({ label }) => label.length))).toBeLessThanOrEqual(10)
    expect(axisOf(60n * S, 61n * S, 5).base).toBeNull()
    expect(labels(60n * S, 61n * S, 5)).toEqual(['60 s', '60.2 s', '60.4 s', '60.6 s', '60.8 s', '61 s'])
  })

  it('says where its ticks are, exactly: base and label make the instant', () => {
    for (const [from, until] of [
      [100n * DAY, 100n * DAY + 50n],
      [12_345_678_901_234n, 12_345_678_911_234n],
      [-(10n ** 15n), -(10n ** 15n) + 70n * MS],
    ] as const) {
      const { ticks } = axisOf(from, until, 6)
      expect(ticks.length).toBeGreaterThan(2)
      expect(ticks.length).toBeLessThanOrEqual(7)
      expect(ticks.every(({ ns }) => ns >= from && ns <= until)).toBe(true)
      const step = ticks[1]!.ns - ticks[0]!.ns
      expect(ticks.every(({ ns }, i) => i === 0 || ns - ticks[i - 1]!.ns === step)).toBe(true)
      expect(ticks.every(({ ns }) => ns % step === 0n)).toBe(true)
    }
  })
})
