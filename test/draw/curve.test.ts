import { describe, expect, it } from 'vitest'
import {
  binsOf,
  type Curve,
  columnAt,
  drawingOf,
  errorNs,
  panelsOf,
  readingAt,
} from '../../src/draw/index.js'
import { type Made, MS, made, readings, S, START } from '../check/fixture.js'

const guestOf = (what: Made) => drawingOf(made(what)).guests[0]!
const curveOf = (what: Made): Curve => guestOf(what).curves[0]!
const wall = (clock: (t: bigint) => bigint, until = 99n * S) =>
  readings(0n, until, 100n * MS, (t) => START + clock(t))

describe('a curve', () => {
  it('holds what was read, and is off by clock minus true time', () => {
    const curve = curveOf({ readers: [{ clock: 'realtime', readings: wall((t) => t + t / 100n) }] })
    expect(curve.trueNs.length).toBe(991)
    expect(curve.valueNs[10]).toBe(START + S + 10n * MS)
    expect(errorNs(curve, 10)).toBe(10n * MS)
    expect([curve.lowNs, curve.highNs]).toEqual([0n, 990n * MS])
  })

  it('starts at 0 for a clock that counts from an origin of its own', () => {
    const curve = curveOf({
      readers: [{ clock: 'monotonic', readings: readings(S, 9n * S, S, (t) => t + 77n * S) }],
    })
    expect([curve.lowNs, curve.highNs]).toEqual([0n, 0n])
  })

  it('is exact where a clock wraps: further off than 64 bits can say', () => {
    const curve = curveOf({
      readers: [
        { clock: 'realtime', readings: wall((t) => (t < 50n * S ? t : -(2n ** 63n) - START), S * 60n) },
      ],
    })
    expect(curve.lowNs).toBe(-(2n ** 63n) - 60n * S - START)
    expect(curve.jumps.map(({ byNs }) => byNs)).toEqual([-(2n ** 63n) - START - 49_900n * MS])
  })

  it('finds where the clock stood still, and how long the guest ran meanwhile', () => {
    const held = [
      ...readings(0n, 10n * S, S, (t) => t),
      ...readings(11n * S, 15n * S, S, () => 10n * S),
      ...readings(35n * S, 40n * S, S, () => 10n * S, 20n * S),
      ...readings(41n * S, 50n * S, S, (t) => t, 20n * S),
    ]
    const { stalls, afterStop } = curveOf({
      readers: [{ clock: 'monotonic', readings: held }],
      stops: [[15n * S, 35n * S]],
    })
    expect(stalls).toEqual([{ fromNs: 10n * S, untilNs: 40n * S, stoodNs: 10n * S }])
    expect([...afterStop]).toEqual([16])
  })

  it('puts a jump over a stop where the guest runs again', () => {
    const jumped = (t: bigint) => (t < 30n * S ? t : t + 20n * S)
    const rows = [
      ...readings(0n, 9n * S, S, jumped),
      ...readings(31n * S, 40n * S, S, jumped, 20n * S),
      ...readings(41n * S, 50n * S, S, (t) => t - 5n * S, 20n * S),
    ]
    const { jumps } = curveOf({
      readers: [{ clock: 'monotonic', readings: rows }],
      stops: [[10n * S, 30n * S]],
    })
    expect(jumps).toEqual([
      { fromNs: 30n * S, untilNs: 31n * S, byNs: 20n * S },
      { fromNs: 40n * S, untilNs: 41n * S, byNs: -24n * S },
    ])
  })

  it('tells what it showed last at an instant', () => {
    const curve = curveOf({ readers: [{ clock: 'realtime', readings: wall((t) => t + 5n).slice(1) }] })
    expect(readingAt(curve, 99n * MS)).toBeNull()
    expect(readingAt(curve, 100n * MS)).toEqual({ trueNs: 100n * MS, errorNs: 5n })
    expect(readingAt(curve, 299n * MS)).toEqual({ trueNs: 200n * MS, errorNs: 5n })
    expect(readingAt(curve, 500n * S)).toEqual({ trueNs: 99n * S, errorNs: 5n })
  })
})

describe('binsOf', () => {
  const spike = wall((t) => (t === 50n * S ? t + 10n * S : t === 50_100n * MS ? t - S : t))
  const curve = curveOf({ readers: [{ clock: 'realtime', readings: spike }] })

  it('keeps first, lowest, highest and last of each column', () => {
    const bins = binsOf(curve, { fromNs: 0n, untilNs: 100n * S, columns: 10 })
    expect(bins.map(({ x }) => x)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(bins[5]).toEqual({ x: 5, first: 10n * S, last: 0n, low: -S, high: 10n * S, afterStop: false })
    expect(bins[4]).toEqual({ x: 4, first: 0n, last: 0n, low: 0n, high: 0n, afterStop: false })
  })

  it('takes only what is in the window, both ends included', () => {
    const bins = binsOf(curve, { fromNs: 50n * S, untilNs: 50_200n * MS, columns: 2 })
    expect(bins.map(({ x, first, last }) => [x, first, last])).toEqual([
      [0, 10n * S, 10n * S],
      [1, -S, 0n],
    ])
  })

  it('puts instants into columns without rounding, over a century', () => {
    const year = 365n * 86_400n * S
    const window = { fromNs: 0n, untilNs: 100n * year, columns: 1000 }
    expect(columnAt(10n * year - 1n, window)).toBe(99)
    expect(columnAt(10n * year, window)).toBe(100)
    expect(columnAt(100n * year, window)).toBe(999)
    expect(columnAt(-5n, window)).toBe(0)
  })

  it('lifts the pen over a stop', () => {
    const rows = [...readings(0n, 9n * S, S, (t) => t), ...readings(30n * S, 40n * S, S, (t) => t, 20n * S)]
    const { curves } = guestOf({ readers: [{ clock: 'monotonic', readings: rows }] })
    const bins = binsOf(curves[0]!, { fromNs: 0n, untilNs: 100n * S, columns: 100 })
    expect(bins.filter(({ afterStop }) => afterStop).map(({ x }) => x)).toEqual([30])
    const zoomed = binsOf(curves[0]!, { fromNs: 31n * S, untilNs: 40n * S, columns: 100 })
    expect(zoomed.some(({ afterStop }) => afterStop)).toBe(false)
  })
})

describe('panelsOf', () => {
  const window = { fromNs: 0n, untilNs: 100n * S, columns: 100 }

  it('has a panel for those that look the same, and none for those that are right', () => {
    const off = (t: bigint) => (t < 50n * S ? t : t + 3n * S)
    const { curves } = guestOf({
      readers: [
        { clock: 'realtime', readings: wall(off) },
        { clock: 'monotonic', readings: readings(0n, 99n * S, 100n * MS, off) },
        { clock: 'boottime', readings: readings(0n, 99n * S, 100n * MS, (t) => t + 9n) },
        { clock: 'sched', readings: readings(0n, 99n * S, 100n * MS, (t) => t - off(t) + t) },
      ],
    })
    const { panels, flat, flatNs } = panelsOf(curves, window)
    expect(panels.map((panel) => panel.curves.map(({ name }) => name))).toEqual([
      ['realtime', 'monotonic'],
      ['sched'],
    ])
    expect(panels.map(({ lowNs, highNs }) => [lowNs, highNs])).toEqual([
      [0n, 3n * S],
      [-3n * S, 0n],
    ])
    expect(flat.map(({ name }) => name)).toEqual(['boottime'])
    expect(flatNs).toBe(0n)
  })
})
