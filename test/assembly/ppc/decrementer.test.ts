import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builds, loadCore, MAX_U64, NS_PER_S, u64 } from '../../helpers/core.js'
import { replay } from '../../helpers/vectors.js'

describe.each(builds)('decrementer, %s build', (build) => {
  const core = loadCore(build)
  const rules = (...row: bigint[]) => core.batch('lab_decrementer_write', 7, [row])[0]!.slice(4)

  test('replays QEMU’s decrementer', () => {
    replay(core, {
      file: 'dec',
      rows: 800,
      call: 'lab_decrementer',
      width: 9,
      input: (row) => [...row.numbers('freq_hz', 'now_ns', 'dec_value_u32', 'later_ns'), 32n],
      expected: (row) => [
        [5, row.number('decr_next_tb')],
        [6, row.number('timer_expire_ns')],
        [7, row.number('decr_read_u32')],
        [8, row.number('decr_read_booke_u32')],
      ],
    })
  })

  test('a large decrementer reads as a signed number of its width', () => {
    const value = fc.bigInt({ min: 0n, max: MAX_U64 })
    const bits = fc.constantFrom(40n, 48n, 56n, 64n)
    fc.assert(
      fc.property(
        value,
        fc.bigInt({ min: 0n, max: 1n << 62n }),
        fc.nat(1_000_000),
        bits,
        (v, now, wait, b) => {
          const [row] = core.batch('lab_decrementer', 9, [[NS_PER_S, now, v, now + BigInt(wait), b]])
          const written = BigInt.asUintN(Number(b), v)
          expect(row![5]).toBe(u64(now + written))
          expect(row![7]).toBe(u64(BigInt.asIntN(Number(b), written - BigInt(wait))))
        },
      ),
    )
  })

  test('only a 32-bit decrementer is not sign-extended; only a BookE one stops at 0', () => {
    const run = (bits: bigint) =>
      core.batch('lab_decrementer', 9, [[NS_PER_S, 0n, 10n, 11n, bits]])[0]!.slice(7)
    expect(run(32n)).toEqual([0xffff_ffffn, 0n])
    expect(run(56n)).toEqual([MAX_U64, 0n])
  })

  test('the top bit: level raises whenever it is written set, edge only from clear to set', () => {
    const clear = 0x7fff_ffffn
    const set = 0x8000_0000n
    const LEVEL = 0n
    const EDGE = 1n
    // top bit, raises, lowers
    expect(rules(clear, set, 32n, LEVEL)).toEqual([1n, 1n, 0n])
    expect(rules(set, set, 32n, LEVEL)).toEqual([1n, 1n, 0n])
    expect(rules(set, clear, 32n, LEVEL)).toEqual([0n, 0n, 1n])
    expect(rules(clear, clear, 32n, LEVEL)).toEqual([0n, 0n, 1n])
    expect(rules(clear, set, 32n, EDGE)).toEqual([1n, 1n, 0n])
    expect(rules(set, set, 32n, EDGE)).toEqual([1n, 0n, 0n])
    expect(rules(set, clear, 32n, EDGE)).toEqual([0n, 0n, 0n])
    expect(rules(clear, clear, 32n, EDGE)).toEqual([0n, 0n, 0n])
    // In the large one bit 31 is an ordinary bit.
    expect(rules(0n, set, 56n, LEVEL)).toEqual([0n, 0n, 1n])
    expect(rules(0n, 1n << 55n, 56n, EDGE)).toEqual([1n, 1n, 0n])
  })
})
