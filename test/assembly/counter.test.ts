import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builds, type Core, loadCore, MAX_U64, s64, u64 } from '../helpers/core.js'

const CENTURY = 100n * 31_557_600n * 1_000_000_000n
const SET = 0n
const READ = 1n
const RATE = 2n
const STEP = 3n
const WHEN = 4n

/** The counter as one exact fraction, value/den. It is never reduced mod 2^64 and never rounded. */
class CounterModel {
  constructor(
    private t0: bigint,
    base: bigint,
    private num: bigint,
    private readonly den: bigint,
    private value = base * den,
  ) {}

  private exact(now: bigint): bigint {
    return this.value + (now - this.t0) * this.num
  }

  read(now: bigint): bigint {
    return u64(this.exact(now) / this.den)
  }

  rate(now: bigint, num: bigint): void {
    this.value = this.exact(now)
    this.t0 = now
    this.num = num
  }

  step(now: bigint, delta: bigint): void {
    // A model below zero would round the other way; 2^64 counts more are the same reading.
    this.value = this.exact(now) + (delta + (1n << 64n)) * this.den
    this.t0 = now
  }

  when(now: bigint, value: bigint): bigint {
    const missing = -s64(this.read(now) - value)
    if (missing <= 0n) return now
    if (this.num === 0n) return MAX_U64
    const wanted = (this.exact(now) / this.den + missing) * this.den - this.exact(now)
    const t = now + (wanted + this.num - 1n) / this.num
    return t > MAX_U64 ? MAX_U64 : t
  }
}

function run(core: Core, rows: bigint[][]): bigint[] {
  return core.batch('lab_counter', 6, rows).map((row) => row[5]!)
}

/** A rate as a frequency in Hz with an error in parts per 10^9 (or 10^18 for the finest), in lowest form or not. */
const rate = fc.oneof(
  fc
    .tuple(fc.bigInt({ min: 1n, max: 6_000_000_000n }), fc.bigInt({ min: -500_000_000n, max: 500_000_000n }))
    .map(([hz, ppb]) => [(hz * (1_000_000_000n + ppb)) / 1_000_000n, 1_000_000_000_000n] as const),
  fc
    .tuple(fc.bigInt({ min: 1n, max: 6_000_000_000n }), fc.bigInt({ min: -999_999_999n, max: 999_999_999n }))
    .map(([hz, ppb]) => [hz * (1_000_000_000n + ppb), 10n ** 18n] as const),
  fc
    .tuple(fc.bigInt({ min: 1n, max: 12n * 10n ** 18n }), fc.bigInt({ min: 1n, max: 10n ** 18n }))
    .filter(([num, den]) => num / den < 1n << 40n),
)
const instant = fc.bigInt({ min: 0n, max: CENTURY })
const any64 = fc.bigInt({ min: 0n, max: MAX_U64 })

describe.each(builds)('counter, %s build', (build) => {
  const core = loadCore(build)

  test('6 GHz and 1 ppb too fast is right to the count after 100 years', () => {
    const [, then] = run(core, [
      [SET, 0n, 0n, 6_000_000_006n, 1_000_000_000n],
      [READ, CENTURY],
    ])
    expect(then).toBe(u64((CENTURY * 6_000_000_006n) / 1_000_000_000n))
  })

  test('a hundred years of readings equal the exact fraction', () => {
    fc.assert(
      fc.property(
        rate,
        any64,
        fc.array(instant, { minLength: 1, maxLength: 30 }),
        ([num, den], base, times) => {
          times.sort((a, b) => (a < b ? -1 : 1))
          const model = new CounterModel(times[0]!, base, num, den)
          const reads = times.map((t) => [READ, t])
          const results = run(core, [[SET, times[0]!, base, num, den], ...reads])
          expect(results.slice(1)).toEqual(times.map((t) => model.read(t)))
        },
      ),
    )
  })

  test('changes of rate and steps lose nothing, however many', () => {
    const change = fc.record({
      after: fc.bigInt({ min: 0n, max: CENTURY / 400n }),
      num: fc.bigInt({ min: 0n, max: 12n * 10n ** 18n }),
      delta: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
      jump: fc.boolean(),
    })
    fc.assert(
      fc.property(rate, fc.array(change, { minLength: 1, maxLength: 300 }), ([num, den], changes) => {
        const model = new CounterModel(0n, 0n, num, den)
        const rows = [[SET, 0n, 0n, num, den]]
        const expected: bigint[] = []
        let now = 0n
        for (const { after, num, delta, jump } of changes) {
          now += after
          rows.push(jump ? [STEP, now, delta] : [RATE, now, num], [READ, now], [READ, now + 12345n])
          if (jump) model.step(now, delta)
          else model.rate(now, num)
          expected.push(0n, model.read(now), model.read(now + 12345n))
        }
        expect(run(core, rows).slice(1)).toEqual(expected)
      }),
    )
  })

  test('re-rating to the same rate every second for a day changes no reading', () => {
    const num = 2_399_999_937n * 1_000_000_001n
    const den = 10n ** 18n
    const rows = [[SET, 0n, 7n, num, den]]
    const second = 1_000_000_007n
    for (let i = 1n; i <= 86_400n; i++) rows.push([RATE, i * second, num])
    rows.push([READ, 86_400n * second + 1n])
    expect(run(core, rows).at(-1)).toBe(7n + ((86_400n * second + 1n) * num) / den)
  })

  test('counter_when gives the first instant: reached then, not 1 ns before', () => {
    const ahead = fc.oneof(
      fc.bigInt({ min: 0n, max: 1n << 40n }),
      fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
    )
    fc.assert(
      fc.property(rate, any64, instant, ahead, ([num, den], base, now, distance) => {
        const model = new CounterModel(0n, base, num, den)
        const value = u64(model.read(now) + distance)
        const [, t] = run(core, [
          [SET, 0n, base, num, den],
          [WHEN, now, value],
        ])
        expect(t).toBe(model.when(now, value))
        if (t === MAX_U64 || t! >= 1n << 63n) return
        const [at, before] = run(core, [
          [READ, t!],
          [READ, t! > now ? t! - 1n : now],
        ])
        expect(s64(at! - value)).toBeGreaterThanOrEqual(0n)
        if (t! > now) expect(s64(before! - value)).toBeLessThan(0n)
      }),
      { numRuns: 500 },
    )
  })

  test('counter_when is right on both sides of what its short way takes, and with the widest rates', () => {
    const GHZ = 10n ** 18n
    const rates = [
      [12n * GHZ, GHZ],
      [12n * GHZ - 1n, GHZ],
      [6_000_000_006n, 1_000_000_000n],
      [GHZ, GHZ],
      [GHZ - 1n, GHZ],
      [GHZ, GHZ - 1n],
      [GHZ / 65_536n, GHZ],
      [GHZ / 65_535n, GHZ],
      [GHZ / 65_537n, GHZ],
      [1n, GHZ],
      [1n, 1n],
      [3n, 7n],
      [999_999_999_999_999_989n, GHZ],
      [5_123_456_789_012_345_679n, 999_999_999_999_999_989n],
    ] as const
    const near = [
      1n,
      2n,
      3n,
      (1n << 47n) - 1n,
      1n << 47n,
      (1n << 47n) + 1n,
      (1n << 32n) + 5n,
      (1n << 62n) + 3n,
    ]
    for (const [num, den] of rates) {
      for (const now of [0n, 1n, 999_999_937n, CENTURY]) {
        const model = new CounterModel(0n, 17n, num, den)
        const values = near.map((distance) => u64(model.read(now) + distance))
        const rows = values.flatMap((value) => [
          [WHEN, now, value],
          [READ, now],
        ])
        const results = run(core, [[SET, 0n, 17n, num, den], ...rows]).slice(1)
        expect(results).toEqual(values.flatMap((value) => [model.when(now, value), model.read(now)]))
      }
    }
  })

  test('counter_when is right for every fraction of a count that a change of rate leaves', () => {
    const slow = fc.bigInt({ min: 1n, max: 10n ** 18n })
    const fast = fc.bigInt({ min: 10n ** 18n, max: 12n * 10n ** 18n })
    const num = fc.oneof(slow, fast)
    const distance = fc.oneof(fc.bigInt(1n, 20n), fc.bigInt(1n, 1n << 47n))
    const times = fc.tuple(fc.bigInt(0n, 10n ** 12n), fc.bigInt(0n, 10n ** 12n))
    fc.assert(
      fc.property(
        num,
        num,
        slow,
        times,
        fc.array(distance),
        (before, after, den, [first, later], distances) => {
          const model = new CounterModel(0n, 0n, before, den)
          model.rate(first, after)
          const now = first + later
          const values = distances.map((d) => u64(model.read(now) + d))
          const change = [
            [SET, 0n, 0n, before, den],
            [RATE, first, after],
          ]
          const results = run(core, [...change, ...values.map((value) => [WHEN, now, value])]).slice(2)
          expect(results).toEqual(values.map((value) => model.when(now, value)))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('counter_when gives now for what is past and never for what does not come', () => {
    const never = run(core, [
      [SET, 5n, 1000n, 3n, 7n],
      [WHEN, 5n, 1000n],
      [WHEN, 5n, 1n],
      [WHEN, 5n, u64(1000n - (1n << 63n) + 1n)],
      [WHEN, 5n, 1001n],
      [RATE, 5n, 0n],
      [WHEN, 5n, 1001n],
      [WHEN, 5n, 1000n],
      [SET, 5n, 0n, 1n, 10n ** 18n],
      [WHEN, 5n, 18n],
      [WHEN, 5n, 19n],
    ])
    expect(never).toEqual([1n, 5n, 5n, 5n, 8n, 0n, MAX_U64, 5n, 1n, 5n + 18n * 10n ** 18n, MAX_U64])
  })

  test('an all-zero counter stands at 0, and den 0 is refused', () => {
    new Uint8Array(core.memory.buffer, 0x100000, 72).fill(0)
    const results = run(core, [
      [READ, 99n],
      [RATE, 99n, 5n],
      [READ, 1000n],
      [WHEN, 1000n, 1n],
      [SET, 0n, 1n, 1n, 0n],
      [READ, 2000n],
    ])
    expect(results).toEqual([0n, 0n, 0n, MAX_U64, 0n, 0n])
  })
})
