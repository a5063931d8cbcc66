/** Points decimated by the core against the plainest way to do it, and what that must not lose. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Points } from '../../src/core/points.js'

interface Point {
  readonly x: bigint
  readonly y: bigint
}

function plainly(points: readonly Point[], from: bigint, until: bigint, columns: number) {
  const found = new Map<number, bigint[]>()
  for (const { x, y } of points) {
    if (x < from || x > until || until <= from) continue
    const exact = Number(((x - from) * BigInt(columns)) / (until - from))
    const column = Math.min(exact, columns - 1)
    found.set(column, [...(found.get(column) ?? []), y])
  }
  return [...found].map(([column, ys]) => ({
    column,
    points: ys.length,
    first: ys[0],
    last: ys.at(-1),
    low: ys.reduce((a, b) => (a < b ? a : b)),
    high: ys.reduce((a, b) => (a > b ? a : b)),
  }))
}

const add = (points: Points, list: readonly Point[]) =>
  points.add(
    list.length,
    (i) => list[i]!.x,
    (i) => list[i]!.y,
  )

const anyList = (most: bigint) =>
  fc
    .array(fc.record({ x: fc.bigInt(0n, most), y: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }))
    .map((list) => list.sort((a, b) => (a.x < b.x ? -1 : a.x > b.x ? 1 : 0)))

describe('Points', () => {
  it.each([50n, 10_000_000_000n, 2n ** 63n])('are what the plain way gives, x up to %d', (most) => {
    const points = new Points()
    fc.assert(
      fc.property(
        anyList(most),
        fc.bigInt(0n, most),
        fc.bigInt(0n, most),
        fc.integer({ min: 1, max: 3000 }),
        (list, from, until, columns) => {
          const got = points.columns(add(points, list), from, until, columns)
          expect(got).toEqual(plainly(list, from, until, columns))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('keep one wrong reading among two million', () => {
    const points = new Points()
    const length = 2_000_000
    const list = points.add(
      length,
      (i) => BigInt(i) * 1000n,
      (i) => (i === 1_234_567 ? -5n : 0n),
    )
    const columns = points.columns(list, 0n, BigInt(length) * 1000n, 800)
    expect(columns).toHaveLength(800)
    expect(columns.reduce((sum, { points: n }) => sum + n, 0)).toBe(length)
    const wrong = columns.filter(({ low }) => low < 0n)
    expect(wrong).toEqual([{ column: 493, points: 2500, first: 0n, last: 0n, low: -5n, high: 0n }])
    expect(points.at(list, 1_234_567)).toEqual({ x: 1_234_567_000n, y: -5n })
    expect(points.below(list, 1_234_567_001n)).toBe(1_234_568)
  })

  it('are a part of a list where one asks for a part', () => {
    const points = new Points()
    const list = points.add(
      10,
      (i) => BigInt(i),
      (i) => BigInt(-i),
    )
    expect(points.columns(points.slice(list, 3, 5), 0n, 10n, 1)).toEqual([
      { column: 0, points: 2, first: -3n, last: -4n, low: -4n, high: -3n },
    ])
  })
})
