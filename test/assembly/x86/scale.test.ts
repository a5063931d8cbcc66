import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builds, loadCore, MAX_U64, NS_PER_S, s64, scaleDeltaModel, u64 } from '../../helpers/core.js'
import { replay } from '../../helpers/vectors.js'

const word = fc
  .tuple(fc.bigInt({ min: 0n, max: MAX_U64 }), fc.nat(63))
  .map(([value, bits]) => value >> BigInt(bits))
const mul = fc.oneof(
  fc.bigInt({ min: 0n, max: 0xffff_ffffn }),
  fc.constantFrom(0n, 1n, 2n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn),
)
const shift = fc.oneof(fc.bigInt({ min: -63n, max: 63n }), fc.bigInt({ min: -4n, max: 6n }))

describe.each(builds)('pvclock scaling, %s build', (build) => {
  const core = loadCore(build)
  const scaleDelta = (rows: bigint[][]) => core.batch('lab_scale_delta', 4, rows).map((row) => row[3]!)
  const unscaleUp = (rows: bigint[][]) => core.batch('lab_unscale_up', 4, rows).map((row) => row[3]!)

  test('replays Linux for x86-64 and i386, Xen, QEMU and the generic form', () => {
    const forms = ['linux_x86_64_ns', 'linux_i386_ns', 'xen_ns', 'qemu_ns', 'generic_c32_ns']
    replay(core, {
      file: 'scale_delta',
      rows: 5200,
      call: 'lab_scale_delta',
      width: 4,
      input: (row) => row.numbers('delta', 'mul', 'shift'),
      expected: (row) => forms.map((form) => [3, row.number(form)]),
    })
  })

  test('replays the choice of multiplier and shift of Xen and KVM, both ways', () => {
    const columns = ['xen_mul', 'xen_shift', 'kvm_mul', 'kvm_shift', 'linux_pvclock_tsc_khz']
    const reverse = ['xen_ns2tsc_mul', 'xen_ns2tsc_shift', 'kvm_ns2tsc_mul', 'kvm_ns2tsc_shift']
    replay(core, {
      file: 'scale',
      rows: 2200,
      call: 'lab_time_scale',
      width: 10,
      input: (row) => row.numbers('freq_hz'),
      expected: (row) => [...columns, ...reverse].map((column, i) => [i + 1, row.number(column)]),
    })
  })

  test('scale_delta agrees with integers of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, mul, shift), { minLength: 20 }), (rows) => {
        expect(scaleDelta(rows)).toEqual(rows.map(([d, m, s]) => scaleDeltaModel(d, m, s)))
      }),
    )
  })

  test('unscale_up gives the least delta: it reaches ns, and the one before does not', () => {
    const cases = fc.array(fc.tuple(word, mul, shift), { minLength: 50, maxLength: 100 })
    let found = 0
    fc.assert(
      fc.property(cases, (rows) => {
        const deltas = unscaleUp(rows)
        const at = scaleDelta(rows.map(([, m, s], i) => [deltas[i]!, m, s]))
        const before = scaleDelta(rows.map(([, m, s], i) => [deltas[i]! && deltas[i]! - 1n, m, s]))
        rows.forEach(([ns, m, s], i) => {
          if (deltas[i] === MAX_U64) {
            // None: the largest value that scale_delta takes at all is below ns, or only just reaches it.
            const largest = s > 0n ? (1n << (64n - s)) - 1n : MAX_U64
            expect(scaleDeltaModel(largest - (s > 0n ? 0n : 1n), m, s)).toBeLessThan(ns)
            return
          }
          found++
          expect(at[i]).toBeGreaterThanOrEqual(ns)
          if (deltas[i]! > 0n) expect(before[i]).toBeLessThan(ns)
        })
      }),
    )
    expect(found).toBeGreaterThan(1000)
  })

  test('unscale_up inverts what scale_delta says for real frequencies', () => {
    const hz = fc.bigInt({ min: 1_000_000n, max: 6_000_000_000n })
    fc.assert(
      fc.property(hz, fc.bigInt({ min: 0n, max: 1n << 56n }), (f, delta) => {
        const [scale] = core.batch('lab_time_scale', 10, [[f]])
        const [m, s] = [scale![1]!, scale![2]!]
        const ns = scaleDelta([[delta, m, s]])[0]!
        const least = unscaleUp([[ns, m, s]])[0]!
        expect(least).toBeLessThanOrEqual(delta)
        expect(scaleDelta([[least, m, s]])[0]).toBe(ns)
      }),
    )
  })

  test('scales are right to 1 part in 2^30 where the real functions are', () => {
    const hz = fc.bigInt({ min: 1n, max: 1n << 62n })
    fc.assert(
      fc.property(hz, (f) => {
        const [row] = core.batch('lab_time_scale', 10, [[f]])
        for (const [m, s] of [row!.slice(1, 3), row!.slice(3, 5)]) {
          // ns a tick, times 2^64: mul * 2^(32 + shift) against 10^9 * 2^64 / f
          const got = (m! << 96n) >> (64n - s64(s!))
          const want = (NS_PER_S << 64n) / f
          expect((got > want ? got - want : want - got) << 29n).toBeLessThanOrEqual(want + (1n << 29n))
        }
      }),
    )
  })

  test('what hangs the real functions is refused with 0', () => {
    const [none] = core.batch('lab_time_scale', 10, [[0n]])
    expect(none!.slice(1)).toEqual(Array(9).fill(0n))
    const refused = [
      [0n, 1n],
      [1n, 0n],
      [1n << 63n, 1n],
      [(1n << 63n) + 5n, NS_PER_S],
      [MAX_U64, MAX_U64],
    ]
    for (const row of core.batch('lab_kvm_time_scale', 4, refused)) expect(row.slice(2)).toEqual([0n, 0n])
    const edges = [
      [(1n << 63n) - 1n, 1n],
      [1n, MAX_U64],
      [(1n << 63n) - 1n, MAX_U64],
    ]
    for (const row of core.batch('lab_kvm_time_scale', 4, edges)) expect(row[2]).toBeGreaterThan(1n << 30n)
    expect(core.batch('lab_reciprocal', 5, [[0n, 3n]])[0]!.slice(2)).toEqual([0n, 0n, 0n])
  })

  test('the reciprocal of multiplier 1 ends, with Xen’s result of 0', () => {
    expect(core.batch('lab_reciprocal', 5, [[1n, 0n]])[0]!.slice(2)).toEqual([
      0n,
      33n,
      u64(1_000_000n << 32n),
    ])
  })
})
