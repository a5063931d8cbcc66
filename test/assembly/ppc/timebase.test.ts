import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builds, loadCore, MAX_U64, NS_PER_S, u64 } from '../../helpers/core.js'
import { replay } from '../../helpers/vectors.js'

const TB = 0n
const TBL = 1n
const TBU = 2n
const TBU40 = 3n
const KVM_OFFSET = 4n
const LOW_32 = 0xffff_ffffn
const LOW_24 = 0xff_ffffn

const word = fc.bigInt({ min: 0n, max: MAX_U64 })

describe.each(builds)('timebase, %s build', (build) => {
  const core = loadCore(build)
  const write = (...row: bigint[]) => core.batch('lab_timebase_write', 5, [row])[0]![4]!

  test('replays QEMU ns_to_tb and tb_to_ns_round_up, and Linux’s scale', () => {
    const outputs = [
      'qemu_ns_to_tb',
      'qemu_tb_to_ns_round_up',
      'linux_tb_to_ns_scale',
      'linux_tb_to_ns_shift',
      'linux_tb_to_ns',
    ]
    replay(core, {
      file: 'tb',
      rows: 2600,
      call: 'lab_timebase',
      width: 8,
      input: (row) => row.numbers('freq_hz', 'ns', 'tb'),
      expected: (row) => outputs.map((column, i) => [3 + i, row.number(column)]),
    })
  })

  test('the round up is the first ns at which the count is reached', () => {
    const freq = fc.bigInt({ min: 1n, max: 4_000_000_000n })
    fc.assert(
      fc.property(freq, fc.bigInt({ min: 1n, max: 1n << 60n }), (hz, tb) => {
        const ns = core.batch('lab_timebase', 8, [[hz, 0n, tb]])[0]![4]!
        if ((tb * NS_PER_S) / hz >= MAX_U64) return
        const [at, before] = core.batch('lab_timebase', 8, [
          [hz, ns, 0n],
          [hz, ns - 1n, 0n],
        ])
        if ((ns * hz) / NS_PER_S > MAX_U64) return
        expect(at![3]).toBeGreaterThanOrEqual(tb)
        expect(before![3]).toBeLessThan(tb)
      }),
    )
  })

  test('a timebase of 0 Hz has no scale and answers 0', () => {
    expect(core.batch('lab_timebase', 8, [[0n, 5n, 7n]])[0]!.slice(3)).toEqual([0n, 0n, 0n, 0n, 0n])
  })

  test('writes replace their part of the running timebase', () => {
    fc.assert(
      fc.property(word, word, word, (ticks, offset, value) => {
        const tb = u64(ticks + offset)
        const written = (op: bigint) => u64(ticks + write(op, ticks, offset, value))
        expect(written(TB)).toBe(value)
        expect(written(TBL)).toBe((tb & ~LOW_32) | (value & LOW_32))
        expect(written(TBU)).toBe((tb & LOW_32) | ((value & LOW_32) << 32n))
        expect(written(TBU40)).toBe((tb & LOW_24) | (value & ~LOW_24))
      }),
    )
  })

  test('KVM rounds an offset up to 2^24', () => {
    const offsets = [0n, 1n, LOW_24, LOW_24 + 1n, u64(-1n), u64(-(1n << 24n))]
    expect(offsets.map((offset) => write(KVM_OFFSET, 0n, 0n, offset))).toEqual([
      0n,
      1n << 24n,
      1n << 24n,
      1n << 24n,
      0n,
      u64(-(1n << 24n)),
    ])
  })
})
