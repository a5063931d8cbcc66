import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builds, type Core, loadCore, MAX_U64, NS_PER_S, s64, u64 } from '../helpers/core.js'
import { type Clocksource, multShift, TimekeeperModel } from './timekeeper-model.js'

const BOOT = 0n
const ADVANCE = 1n
const SETTIME = 2n
const ADJUST = 3n
const SUSPEND = 4n
const RESUME = 5n
const CHANGE = 6n
const READ = 7n

interface Step {
  op: bigint
  cycles: bigint
  a?: bigint
  b?: bigint
  c?: bigint
}

/** Rows of lab_timekeeper for a life of the timekeeper, 200 at a time: more would lie on its state. */
function live(core: Core, clock: Clocksource, hz: bigint, first: bigint, wall: bigint, steps: Step[]) {
  const rows = [
    [BOOT, first, clock.freq, clock.scale, wall, hz, clock.checked ? 1n : 0n],
    ...steps.map(({ op, cycles, a = 0n, b = 0n, c = 0n }) => [op, cycles, a, b, c]),
  ]
  const results: bigint[][] = []
  for (let i = 0; i < rows.length; i += 200)
    results.push(...core.batch('lab_timekeeper', 12, rows.slice(i, i + 200)))
  return results.map((row) => ({
    result: row[5]!,
    realtime: row[6]!,
    monotonic: row[7]!,
    boottime: row[8]!,
    raw: row[9]!,
    mult: row[10]!,
    maxIdle: row[11]!,
  }))
}

/** The same life in the model. */
function expected(clock: Clocksource, hz: bigint, first: bigint, wall: bigint, steps: Step[]) {
  const t = new TimekeeperModel(clock, hz, first, wall)
  const state = (cycles: bigint, result: bigint) => ({
    result: u64(result),
    realtime: u64(t.realtime(cycles)),
    monotonic: u64(t.monotonic(cycles)),
    boottime: u64(t.monotonic(cycles) + t.boot),
    raw: u64(t.raw(cycles)),
    mult: t.mult,
    maxIdle: t.maxIdle,
  })
  const after = (step: Step): bigint => {
    const a = step.a ?? 0n
    if (step.op === ADVANCE) t.advance(step.cycles, a !== 0n)
    else if (step.op === SETTIME) return t.settime(a, step.cycles) ? 1n : 0n
    else if (step.op === ADJUST) t.adjust(s64(a), step.cycles)
    else if (step.op === SUSPEND) t.suspend(step.cycles, a)
    else if (step.op === RESUME) return t.resume(step.cycles, a)
    return 0n
  }
  return [state(first, 0n), ...steps.map((step) => state(step.cycles, after(step)))]
}

const clocks: fc.Arbitrary<Clocksource> = fc.oneof(
  fc.constant({ freq: NS_PER_S, scale: 1n, checked: true }),
  fc.bigInt(1_000_000n, 4_000_000_000n).map((freq) => ({ freq, scale: 1n, checked: false })),
  fc.bigInt(500_000n, 6_000_000n).map((freq) => ({ freq, scale: 1000n, checked: true })),
)

/** A life: operations and the ns of the counter that go by before them; some go backwards, some far ahead. */
const lives = fc.record({
  clock: clocks,
  hz: fc.constantFrom(100n, 250n, 300n, 1000n),
  first: fc.oneof(fc.constant(0n), fc.bigInt(0n, MAX_U64)),
  wall: fc.bigInt(0n, 4_000_000_000n * NS_PER_S),
  moves: fc.array(
    fc.record({
      op: fc.constantFrom(ADVANCE, ADVANCE, ADVANCE, READ, SETTIME, ADJUST, SUSPEND),
      ahead: fc.oneof(
        fc.bigInt(0n, 100_000_000n),
        fc.bigInt(0n, 300_000_000_000n),
        fc.bigInt(-1_000_000n, 1_000_000n),
      ),
      value: fc.bigInt(-1_000_000_000_000n, 1_000_000_000_000n),
    }),
    { maxLength: 40 },
  ),
})

function stepsOf(life: {
  clock: Clocksource
  first: bigint
  wall: bigint
  moves: { op: bigint; ahead: bigint; value: bigint }[]
}): Step[] {
  const steps: Step[] = []
  let cycles = life.first
  for (const { op, ahead, value } of life.moves) {
    // A clock that distrusts the counter may see it go back; the other would jump by centuries.
    const ns = life.clock.checked || ahead > 0n ? ahead : -ahead
    cycles = u64(cycles + (ns * life.clock.freq * life.clock.scale) / NS_PER_S)
    const near = life.wall + value > 0n ? life.wall + value : 0n
    if (op === ADJUST) steps.push({ op, cycles, a: u64(value % 600_000n) })
    else if (op === ADVANCE) steps.push({ op, cycles, a: value > 0n ? 1n : 0n })
    else if (op === SUSPEND) {
      steps.push({ op, cycles, a: near })
      // Anything can have happened to the counter meanwhile.
      cycles = u64(cycles * 7n + 12345n)
      steps.push({ op: RESUME, cycles, a: near + (value > 0n ? value : -value / 2n) })
    } else steps.push({ op, cycles, a: near })
  }
  return steps
}

describe.each(builds)('timekeeping, %s build', (build) => {
  const core = loadCore(build)

  it('finds the mult and shift of known clocks, and how long Linux says they may be left alone', () => {
    const known = [
      [NS_PER_S, NS_PER_S, 600n, 8_388_608n, 23n],
      // the boot log of a pseries guest: "clocksource: timebase mult[1f40000] shift[24] registered"
      [512_000_000n, NS_PER_S, 600n, 0x1f40000n, 24n],
      // its decrementer: 0.512 * 2^32
      [NS_PER_S, 512_000_000n, 4n, 2_199_023_256n, 32n],
    ]
    const rows = core.batch(
      'lab_mult_shift',
      5,
      known.map((row) => row.slice(0, 3)),
    )
    expect(rows.map((row) => row.slice(3))).toEqual(known.map((row) => row.slice(3)))
    // "clocksource: kvm-clock: ... max_idle_ns: 881590591483 ns", "clocksource: timebase: ... 440795202126 ns"
    const idle = (freq: bigint) =>
      live(core, { freq, scale: 1n, checked: true }, 250n, 0n, 0n, [])[0]!.maxIdle
    expect([idle(NS_PER_S), idle(512_000_000n)]).toEqual([881_590_591_483n, 440_795_202_126n])
  })

  it('chooses mult and shift as the model does, for any frequencies', () => {
    const pair = fc.tuple(
      fc.bigInt(1_000_000n, 4_294_967_295n),
      fc.bigInt(1_000_000n, 4_294_967_295n),
      fc.bigInt(1n, 600n),
    )
    fc.assert(
      fc.property(fc.array(pair, { minLength: 20, maxLength: 20 }), (pairs) => {
        const rows = core.batch('lab_mult_shift', 5, pairs)
        rows.forEach((row, i) => {
          const [from, to, seconds] = pairs[i]!
          const { mult, shift } = multShift(from, to, seconds)
          expect([row[3], row[4]]).toEqual([mult, shift])
          // what it is for: the longest conversion stays within 64 bits
          expect(seconds * from * mult).toBeLessThan(1n << 64n)
        })
      }),
      { numRuns: 200 },
    )
  })

  it('sets up event devices so that no delay is too short or too long for them', () => {
    const device = fc.record({
      hz: fc.bigInt(1_000_000n, 1_000_000_000n),
      min: fc.bigInt(1n, 1000n),
      max: fc.constantFrom(0x7fffffffn, 0x7f_ffff_ffff_ffffn, MAX_U64),
      delay: fc.bigInt(-1_000_000n, 1_000_000_000_000n),
    })
    fc.assert(
      fc.property(device, ({ hz, min, max, delay }) => {
        const [row] = core.batch('lab_event_device', 9, [[hz, min, max, u64(delay)]])
        const [, , , , mult, shift, minNs, maxNs, ticks] = row!
        expect(ticks! >= min && ticks! <= max).toBe(true)
        const clamped = delay < minNs! ? minNs! : delay > maxNs! ? maxNs! : delay
        expect(ticks).toBe((clamped * mult!) >> shift!)
        // close to the exact count, and not over it by more than mult's rounding
        const exact = (clamped * hz) / NS_PER_S
        const rounding = (clamped >> shift!) + 1n
        expect(ticks! - exact <= rounding && exact - ticks! <= rounding).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('agrees with the model over random lives, in every clock', () => {
    fc.assert(
      fc.property(lives, (life) => {
        const steps = stepsOf(life)
        const got = live(core, life.clock, life.hz, life.first, life.wall, steps)
        expect(got).toEqual(expected(life.clock, life.hz, life.first, life.wall, steps))
      }),
      { numRuns: 150 },
    )
  })

  it('reads across a gap far longer than a product of 64 bits holds', () => {
    const clock = { freq: 512_000_000n, scale: 1n, checked: false }
    const century = 100n * 365n * 86_400n
    const [boot, later] = live(core, clock, 100n, 0n, 0n, [{ op: READ, cycles: century * clock.freq }])
    expect(later!.monotonic).toBe(century * NS_PER_S)
    expect(boot!.maxIdle).toBeLessThan(century * NS_PER_S)
  })

  it('carries from the low word of that product', () => {
    const clock = { freq: NS_PER_S, scale: 1n, checked: true }
    const delta = (1n << 42n) - 1n // times 2^23 it ends in 41 ones and 23 zeros; 5 ns more do not fit
    const [, later] = live(core, clock, 250n, 0n, 5n, [{ op: READ, cycles: delta }])
    expect(later!.realtime).toBe(delta + 5n)
  })

  it('takes less than 2 s between REALTIME and the persistent clock for the coarseness of the latter', () => {
    const clock = { freq: NS_PER_S, scale: 1n, checked: true }
    const wall = 1000n * NS_PER_S
    const slept = (ahead: bigint) => {
      const steps = [
        { op: SUSPEND, cycles: NS_PER_S, a: wall + NS_PER_S - ahead },
        { op: RESUME, cycles: 5n, a: wall + 61n * NS_PER_S - ahead },
      ]
      return live(core, clock, 250n, 0n, wall, steps).at(-1)!.result
    }
    expect(slept(0n)).toBe(60n * NS_PER_S)
    expect(slept(1_999_999_999n)).toBe(58_000_000_001n)
    expect(slept(2_000_000_000n)).toBe(60n * NS_PER_S)
    expect(slept(-1_000_000_000n)).toBe(61n * NS_PER_S)
    expect(slept(-1_000_000_001n)).toBe(60n * NS_PER_S)
  })

  it('shows the last update when the counter is behind it', () => {
    const clock = { freq: NS_PER_S, scale: 1n, checked: true }
    const steps = [
      { op: ADVANCE, cycles: 5_000_000_000n },
      { op: READ, cycles: 4_000_000_000n },
      { op: ADVANCE, cycles: 4_000_000_000n, a: 1n },
      { op: READ, cycles: 5_000_000_001n },
    ]
    const seen = live(core, clock, 250n, 0n, 0n, steps).map((row) => row.monotonic)
    expect(seen).toEqual([0n, 5_000_000_000n, 5_000_000_000n, 5_000_000_000n, 5_000_000_001n])
  })

  it('takes a timebase that went back for one that went forward, when the clock is set', () => {
    const clock = { freq: 512_000_000n, scale: 1n, checked: false }
    const steps = [
      { op: ADVANCE, cycles: 512_000_000n },
      { op: READ, cycles: 256_000_000n },
      { op: SETTIME, cycles: 256_000_000n, a: 2n * NS_PER_S },
    ]
    const [, , frozen, set] = live(core, clock, 100n, 0n, NS_PER_S, steps)
    expect(frozen!.monotonic).toBe(NS_PER_S)
    expect(set!.realtime).toBe(2n * NS_PER_S)
    const centuries = (((1n << 64n) - 256_000_000n) * NS_PER_S) / 512_000_000n
    expect(set!.monotonic).toBe(u64(NS_PER_S + centuries))
  })

  it('keeps the rate that NTP asks for, relative to the clocksource as registered, to a microsecond', () => {
    const clock = { freq: 2_399_987n, scale: 1000n, checked: true }
    for (const ppb of [-37_123n, 0n, 499_999n]) {
      const steps: Step[] = [{ op: ADJUST, cycles: 0n, a: u64(ppb) }]
      for (let second = 1n; second <= 5000n; second++)
        steps.push({ op: ADVANCE, cycles: second * clock.freq * 1000n })
      const last = live(core, clock, 250n, 0n, 0n, steps).at(-1)!
      const freq = (ppb * 65536n) / 1000n // in 2^-16 ppm, as adjtimex takes it
      const ideal = last.raw + (last.raw * freq) / 65_536_000_000n
      const off = last.monotonic - ideal
      expect(off < 1000n && off > -1000n, `${ppb} ppb: off by ${off} ns`).toBe(true)
    }
  })

  it('refuses a time before its own boot would have been 1970', () => {
    const clock = { freq: NS_PER_S, scale: 1n, checked: true }
    const steps = [
      { op: SETTIME, cycles: 100n * NS_PER_S, a: 99n * NS_PER_S },
      { op: SETTIME, cycles: 100n * NS_PER_S, a: 100n * NS_PER_S },
    ]
    const [, refused, done] = live(core, clock, 250n, 0n, NS_PER_S, steps)
    expect([refused!.result, refused!.realtime]).toEqual([0n, 101n * NS_PER_S])
    expect([done!.result, done!.realtime]).toEqual([1n, 100n * NS_PER_S])
    expect(done!.monotonic).toBe(100n * NS_PER_S)
  })

  it('changes frequency without a step in any clock', () => {
    const fast = { freq: 512_000_000n, scale: 1n, checked: false }
    const steps = [
      { op: ADVANCE, cycles: 5_120_000_000n },
      { op: CHANGE, cycles: 5_376_000_000n, a: 500_000_000n, b: 1n, c: 0n },
      { op: READ, cycles: 5_376_000_000n + 500_000_000n },
    ]
    const [, , changed, later] = live(core, fast, 250n, 0n, NS_PER_S, steps)
    expect(changed!.monotonic).toBe(10_500_000_000n)
    expect(changed!.raw).toBe(10_500_000_000n)
    expect(later!.monotonic).toBe(11_500_000_000n)
    expect(later!.realtime).toBe(12_500_000_000n)
  })
})
