import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builds, loadCore, MAX_U64, u64 } from '../helpers/core.js'
import { replay } from '../helpers/vectors.js'

/** 64-bit numbers of every magnitude, with the edges where carries and estimates go wrong. */
const edges = [
  0n,
  1n,
  2n,
  0xffff_ffffn,
  1n << 32n,
  (1n << 32n) + 1n,
  1n << 63n,
  (1n << 63n) - 1n,
  MAX_U64 - 1n,
  MAX_U64,
]
const word = fc.oneof(
  fc.constantFrom(...edges),
  fc.bigInt({ min: 0n, max: MAX_U64 }),
  fc.tuple(fc.bigInt({ min: 0n, max: MAX_U64 }), fc.nat(63)).map(([value, bits]) => value >> BigInt(bits)),
)

function model([a, b, c]: readonly bigint[]): bigint[] {
  const product = a! * b!
  const wide = (a! << 64n) + b!
  return [
    product >> 64n,
    c ? u64(product / c) : 0n,
    c ? u64((product + c - 1n) / c) : 0n,
    a! < c! ? wide / c! : 0n,
    a! < c! ? wide % c! : 0n,
  ]
}

describe.each(builds)('wide integers, %s build', (build) => {
  const core = loadCore(build)
  const compute = (rows: bigint[][]) => core.batch('lab_wide', 8, rows).map((row) => row.slice(3))

  test('agree with integers of any size on every triple of edges', () => {
    const near = [...edges, 0x8000_0000_ffff_ffffn, 0xffff_fffe_ffff_ffffn, 1n << 31n]
    const rows = near.flatMap((a) => near.flatMap((b) => near.map((c) => [a, b, c])))
    expect(rows.length).toBe(near.length ** 3)
    expect(compute(rows)).toEqual(rows.map(model))
  })

  test('agree with integers of any size on random words', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word, word), { minLength: 50, maxLength: 100 }), (rows) => {
        expect(compute(rows)).toEqual(rows.map(model))
      }),
    )
  })

  test('replay QEMU muldiv64', () => {
    replay(core, {
      file: 'muldiv64',
      rows: 2400,
      call: 'lab_wide',
      width: 8,
      input: (row) => row.numbers('a', 'b', 'c'),
      expected: (row) => [
        [4, row.number('muldiv64')],
        [4, row.number('fallback_down')],
        [5, row.number('muldiv64_round_up')],
        [5, row.number('fallback_up')],
      ],
    })
  })
})
