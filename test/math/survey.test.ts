import { expect, test } from 'vitest'
import { MathError, type SurveyReport, survey } from '../../src/math/index.js'
import { linuxKhz, relativeError, xenScale } from './model.js'

/** The same with integers of any size. */
function surveyModel(fromKhz: bigint, toKhz: bigint) {
  const one = relativeError(1n, { mul: 0n, shift: 0n })[1]
  const ways = [1n, -1n].map(() => ({
    count: 0n,
    worst: 0n,
    worstKhz: null as bigint | null,
    histogram: Array(20).fill(0n),
  }))
  const all = { count: 0n, exact: 0n, sum: 0n, wrong: 0n, furthest: 0n, furthestAt: null as bigint | null }
  for (let khz = fromKhz; khz <= toKhz; khz++) {
    const chosen = xenScale(khz * 1000n)
    const [num] = relativeError(khz * 1000n, chosen)
    const size = num < 0n ? -num : num
    all.count++
    all.sum += size
    if (num === 0n) all.exact++
    else {
      const way = ways[num > 0n ? 0 : 1]!
      way.count++
      way.histogram[Number((size * 20_000_000_000n) / one)]++
      if (size > way.worst) [way.worst, way.worstKhz] = [size, khz]
    }
    const off = linuxKhz(chosen) - khz
    const distance = off < 0n ? -off : off
    if (distance > 0n) all.wrong++
    if (distance > all.furthest) [all.furthest, all.furthestAt] = [distance, khz]
  }
  return { one, slow: ways[0]!, fast: ways[1]!, ...all }
}

function expectModel(report: SurveyReport): void {
  const model = surveyModel(report.fromKhz, report.toKhz)
  expect([report.count, report.exact, report.parted]).toEqual([model.count, model.exact, 0n])
  expect(report.mean.num * model.one * model.count).toBe(model.sum * report.mean.den)
  for (const way of ['slow', 'fast'] as const) {
    const { count, worst, worstKhz, histogram } = report[way]
    expect({ count, worstKhz, histogram }).toEqual({
      count: model[way].count,
      worstKhz: model[way].worstKhz,
      histogram: model[way].histogram,
    })
    if (worst === null) expect(model[way].worst).toBe(0n)
    else expect(worst.num * model.one).toBe(model[way].worst * worst.den)
  }
  expect(report.pvclockTscKhz).toEqual({
    wrong: model.wrong,
    furthestKhz: model.furthest,
    furthestAtKhz: model.furthestAt,
  })
}

test.each([
  ['around 2 GHz, where the shift changes', 1_999_000n, 2_001_000n],
  ['the lowest', 1n, 2_000n],
  ['around 1 GHz', 999_500n, 1_000_500n],
  ['the worst of all', 3_998_000n, 4_002_000n],
  ['beyond 16 GHz, where bits are dropped and scales are fast', 16_000_000n, 16_002_000n],
  ['the highest', 999_999_000n, 1_000_000_000n],
  ['a single one that is exact', 1_000_000n, 1_000_000n],
])('%s: agrees with integers of any size', (_, fromKhz, toKhz) => {
  expectModel(survey({ fromKhz, toKhz }))
})

test('10 MHz to 6 GHz: the figures that are known', () => {
  const report = survey()
  expect(report.count).toBe(5_990_001n)
  expect(report.exact).toBe(65n)
  expect(report.slow.count).toBe(5_989_936n)
  expect(report.fast).toMatchObject({ count: 0n, worst: null, worstKhz: null })
  expect(report.slow.worstKhz).toBe(3_998_065n)
  // 4.651e-10 and 1.65e-10, rounded.
  const { num, den } = report.slow.worst!
  expect((num * 10n ** 14n + den / 2n) / den / 10n).toBe(4651n)
  expect((report.mean.num * 10n ** 12n + report.mean.den / 2n) / report.mean.den).toBe(165n)
  expect(report.pvclockTscKhz).toEqual({ wrong: 2_500_000n, furthestKhz: 3n, furthestAtKhz: 4_000_003n })
  expect(report.slow.histogram.reduce((a, b) => a + b)).toBe(report.slow.count)
})

test('the picture has every frequency in the cell of its error', () => {
  const [fromKhz, toKhz] = [3_999_000n, 4_001_400n]
  const { picture } = survey({ fromKhz, toKhz, picture: { columns: 12, rows: 5 } })
  const cells = Array.from({ length: 12 }, () => new Uint32Array(5))
  for (let khz = fromKhz; khz <= toKhz; khz++) {
    const [num, den] = relativeError(khz * 1000n, xenScale(khz * 1000n))
    const column = ((khz - fromKhz) * 12n) / (toKhz - fromKhz + 1n)
    cells[Number(column)]![Number(((num << 31n) * 5n) / den)]!++
  }
  expect(picture!.cells).toEqual(cells)
  expect([picture!.low, picture!.high]).toEqual([
    { num: 0n, den: 1n },
    { num: 1n, den: 1n << 31n },
  ])
})

test('where scales can be fast the picture goes below zero', () => {
  const { picture, count } = survey({
    fromKhz: 16_000_000n,
    toKhz: 16_100_000n,
    picture: { columns: 3, rows: 8 },
  })
  expect(picture!.low.num).toBeLessThan(0n)
  const sum = picture!.cells.reduce((total, column) => total + column.reduce((a, b) => a + b, 0), 0)
  expect(BigInt(sum)).toBe(count)
})

test.each([
  [{ fromKhz: 0n }],
  [{ toKhz: 1_000_000_001n }],
  [{ fromKhz: 5n, toKhz: 4n }],
  [{ fromKhz: -1n, toKhz: 4n }],
])('the range %o is refused', (range) => {
  expect(() => survey(range)).toThrow(MathError)
})
