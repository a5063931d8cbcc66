import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MathError, scale } from '../../src/math/index.js'
import { NS_PER_S, scaleDeltaModel } from '../helpers/core.js'
import { readVectors } from '../helpers/vectors.js'
import { isCutDecimal, linuxKhz, relativeError, xenScale } from './model.js'

const DAY = 86_400n
const YEAR = 31_557_600n
const hz = fc.oneof(
  fc.bigInt({ min: 1n, max: 8_000_000_000n }),
  fc.bigInt({ min: 10_000n, max: 6_000_000n }).map((khz) => khz * 1000n),
)

describe('scale', () => {
  test('both hypervisors, the error, the drift and the horizons agree with integers of any size', () => {
    fc.assert(
      fc.property(hz, (f) => {
        const report = scale(f)
        const chosen = xenScale(f)
        expect(report.toNs.xen).toEqual({ mul: Number(chosen.mul), shift: Number(chosen.shift) })
        const [num, den] = relativeError(f, chosen)
        const { direction, fraction, ppb } = report.toNs.xenError
        expect(direction).toBe(num === 0n ? 'exact' : num > 0n ? 'slow' : 'fast')
        const size = num < 0n ? -num : num
        expect(fraction.num * den).toBe(size * fraction.den)
        expect(isCutDecimal(ppb, size * NS_PER_S, den)).toBe(true)

        const lost = (seconds: bigint) =>
          seconds * NS_PER_S - scaleDeltaModel(f * seconds, chosen.mul, chosen.shift)
        expect(report.drift).toEqual({
          onePage: { perSecondNs: lost(1n), perDayNs: lost(DAY), perJulianYearNs: lost(YEAR) },
          updatedEachSecond: { behindNs: lost(1n), belowNs: expect.any(String), perDayNs: 0n },
          rebasedEachSecond: {
            perSecondNs: lost(1n),
            perDayNs: DAY * lost(1n),
            perJulianYearNs: YEAR * lost(1n),
          },
        })
        expect(report.pvclockTscKhz.khz).toBe(linuxKhz(chosen))
        expect(report.pvclockTscKhz.wrong).toBe(linuxKhz(chosen) !== f / 1000n)
        expect(report.horizons.tscWrap.ticks).toBe(1n << 64n)
      }),
    )
  })

  test('the bound of a page that is updated each second holds at every tick near its end, and nearly is reached', () => {
    for (const f of [2_400_000_000n, 3_998_065_000n, 33_333_333n, 5_000_000_003n, 1_000_000n]) {
      const { toNs, drift } = scale(f)
      const [below, digits] = drift.updatedEachSecond.belowNs.split('.')
      const bound = BigInt(`${below}${(digits ?? '').padEnd(20, '0')}`)
      let worst = 0n
      for (let ticks = f - 3000n; ticks <= f; ticks++) {
        const ns = scaleDeltaModel(ticks, BigInt(toNs.xen.mul), BigInt(toNs.xen.shift))
        const behind = ((ticks * NS_PER_S - ns * f) * 10n ** 20n) / f
        if (behind > worst) worst = behind
      }
      expect(worst).toBeLessThan(bound)
      // Below 1 GHz one tick is more than 1 ns, and readings cannot come so near.
      if (f > NS_PER_S) expect(worst * 100n).toBeGreaterThan(bound * 70n)
    }
  })

  test('a reader with one 64-bit product is right up to its horizon and wrong from there', () => {
    fc.assert(
      fc.property(hz, (f) => {
        const { toNs, horizons } = scale(f)
        const { mul, shift } = toNs.xen
        const shifted = (ticks: bigint) => (shift < 0 ? ticks >> BigInt(-shift) : ticks << BigInt(shift))
        const { ticks } = horizons.single64BitProduct
        expect(shifted(ticks) * BigInt(mul)).toBeGreaterThanOrEqual(1n << 64n)
        expect(shifted(ticks - 1n) * BigInt(mul)).toBeLessThan(1n << 64n)
      }),
    )
  })

  test('a shift to the left loses a bit at its horizon and not before', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 1_000_000_000n }), (f) => {
        const { toNs, horizons } = scale(f)
        const bits = BigInt(toNs.xen.shift)
        expect(horizons.leftShift!.ticks << bits).toBe(1n << 64n)
      }),
    )
    expect(scale(2_400_000_000n).horizons.leftShift).toBeNull()
    expect(scale(1_500_000_000n).horizons.leftShift).toBeNull()
  })

  test('every row of the table of drift', () => {
    const rows = readVectors('drift')
    expect(rows.length).toBe(25)
    for (const row of rows) {
      const { toNs, drift } = scale(row.number('freq_hz'))
      expect(toNs.xen).toEqual({ mul: Number(row.text('mul')), shift: Number(row.text('shift')) })
      expect(drift.onePage.perDayNs).toBe(row.number('ns_slow_per_day_one_page'))
      expect(drift.rebasedEachSecond.perDayNs).toBe(
        row.number('actual_ns_per_day_if_rebased_on_own_truncated_reading_each_s'),
      )
      // The table's reading after a year went through a double, of which the step is 4 ns there.
      const reading = YEAR * NS_PER_S - drift.onePage.perJulianYearNs!
      const recorded = BigInt(row.text('us_slow_per_julian_year_one_page').replace('.', ''))
      expect(YEAR * NS_PER_S - BigInt(Number(reading))).toBe(recorded)
    }
  })

  test('the figures that are known', () => {
    const known = scale(2_400_000_000n)
    expect(known.toNs.xenError).toEqual({
      direction: 'slow',
      fraction: { num: 1n, den: 10_737_418_240n },
      ppb: '0.0931322574615478515625',
    })
    expect(known.horizons.tscWrap.years).toMatch(/^243\.55/)
    expect(scale(3_000_000_000n).horizons.tscWrap.years).toMatch(/^194\.8/)
    expect(scale(6_000_000_000n).horizons.tscWrap.years).toMatch(/^97\.42/)
    const off = scale(4_000_003_000n).pvclockTscKhz
    expect(off).toEqual({ khz: 4_000_000n, trueKhz: 4_000_003n, wrong: true, differenceKhz: -3n })
    expect(scale(200_384_000n).toTicks).toMatchObject({
      xen: { mul: 3_442_570_907, shift: -2 },
      kvm: { mul: 3_442_570_906, shift: -2 },
      same: false,
    })
    expect(scale(2_400_000_000n).toTicks.same).toBe(true)
  })

  test('what would wrap within the span is null', () => {
    const fast = scale(1n << 50n)
    expect(fast.drift.onePage.perDayNs).toBeNull()
    expect(fast.drift.onePage.perJulianYearNs).toBeNull()
    expect(scale(1n << 45n).drift.onePage).toMatchObject({
      perDayNs: expect.any(BigInt),
      perJulianYearNs: null,
    })
  })

  test.each([
    [0n, 'never return'],
    [1n << 63n, 'from 2^63 on'],
    [(1n << 63n) + 5n, 'from 2^63 on'],
    [1n << 64n, 'expected a number from 0 to 18446744073709551615'],
    [-1n, 'expected a number from 0'],
  ])('%s Hz is refused', (bad, why) => {
    expect(() => scale(bad)).toThrow(MathError)
    expect(() => scale(bad)).toThrow(why)
  })
})
