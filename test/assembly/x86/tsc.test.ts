import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builds, loadCore, MAX_U64, s64, u64 } from '../../helpers/core.js'
import { readVectors, replay, type VectorRow } from '../../helpers/vectors.js'

const khz = fc.bigInt({ min: 1n, max: 0xffff_ffffn })
const word = fc.bigInt({ min: 0n, max: MAX_U64 })
const EINVAL = u64(-22n)

describe.each(builds)('TSC, %s build', (build) => {
  const core = loadCore(build)

  test('replays KVM’s and Xen’s ratio, scaling and offset', () => {
    const refused = readVectors('tscratio').filter((row) => row.text('set_rc') !== '0')
    expect(refused.length).toBe(19)
    replay(core, {
      file: 'tscratio',
      rows: 2200,
      call: 'lab_tsc',
      width: 16,
      input: (row) => row.numbers('host_khz', 'guest_khz', 'frac_bits', 'host_tsc', 'target_tsc'),
      expected: (row) => [...tscAlways(row), ...(row.text('set_rc') === '0' ? tscAccepted(row) : [])],
    })
  })

  function tscAlways(row: VectorRow): [number, bigint][] {
    return [
      [5, row.number('use_scaling_250ppm')],
      [6, row.number('set_rc')],
      [7, row.number('kvm_ratio')],
      [10, row.number('virtual_tsc_mult')],
      [11, row.number('virtual_tsc_shift')],
      [12, 0n],
      [13, row.number('xen_ratio')],
    ]
  }

  function tscAccepted(row: VectorRow): [number, bigint][] {
    return [
      [8, row.number('kvm_scaled_tsc')],
      [8, row.number('kvm_scaled_generic')],
      [9, row.number('kvm_l1_offset')],
      [13, row.number('kvm_ratio_generic')],
      [14, row.number('xen_scaled_tsc')],
    ]
  }

  test('replays KVM’s nested ratio and offset', () => {
    replay(core, {
      file: 'nested_tsc',
      rows: 400,
      call: 'lab_nested_tsc',
      width: 7,
      input: (row) => row.numbers('frac_bits', 'l1_ratio', 'l2_ratio', 'l1_offset_s64', 'l2_offset_s64'),
      expected: (row) => [
        [5, row.number('nested_ratio')],
        [6, row.number('nested_offset_s64')],
      ],
    })
  })

  test('replays KVM’s 250 ppm thresholds', () => {
    const ends = readVectors('kvm_tolerance').map((row) => row.text('ppm'))
    expect([...new Set(ends)].sort()).toEqual(['-250', '250'])
    replay(core, {
      file: 'kvm_tolerance',
      rows: 600,
      call: 'lab_kvm_tolerance',
      width: 3,
      input: (row) => row.numbers('host_khz'),
      expected: (row) => [[row.text('ppm') === '-250' ? 1 : 2, row.number('threshold_khz')]],
    })
  })

  test('both thresholds run unscaled, 1 kHz beyond them does not', () => {
    const guests = [2_400_000n - 600n, 2_400_000n + 600n, 2_400_000n - 601n, 2_400_000n + 601n]
    const rows = core.batch(
      'lab_tsc',
      16,
      guests.map((guest) => [2_400_000n, guest, 48n, 0n, 0n]),
    )
    expect(rows.map((row) => row[5])).toEqual([0n, 0n, 1n, 1n])
    expect(rows.map((row) => row[7] === 1n << 48n)).toEqual([true, true, false, false])
  })

  test('a CPU without scaling catches up with a faster clock and refuses a slower one', () => {
    const host = 2_400_000n
    const rows = core.batch('lab_tsc', 16, [
      [host, host, 0n, 77n, 100n],
      [host, 3_000_000n, 0n, 77n, 100n],
      [host, 2_000_000n, 0n, 77n, 100n],
      [host, 0n, 0n, 77n, 100n],
    ])
    const results = rows.map((row) => [row[6], row[7], row[8], row[9], row[12], row[15]])
    expect(results).toEqual([
      [0n, 1n, 77n, 23n, 0n, 0n],
      [0n, 1n, 77n, 23n, 1n, 0n],
      [u64(-1n), 0n, 0n, 0n, 0n, EINVAL],
      [u64(-1n), 0n, 0n, 0n, 0n, 0n],
    ])
  })

  test('the ioctl refuses from the largest frequency on that the ratio can express', () => {
    const status = (host: bigint, guest: bigint, frac: bigint) =>
      core.batch('lab_tsc', 16, [[host, guest, frac, 0n, 0n]])[0]![15]
    // AMD: a ratio below 2^8, so 256,000 kHz less a little over 1,000 kHz; Intel: below 2^16.
    expect(status(1000n, 255_998n, 32n)).toBe(0n)
    expect(status(1000n, 255_999n, 32n)).toBe(EINVAL)
    expect(status(1000n, 65_535_998n, 48n)).toBe(0n)
    expect(status(1000n, 65_535_999n, 48n)).toBe(EINVAL)
    expect(status(3_000_000n, 0x7fff_fffen, 48n)).toBe(0n)
    expect(status(3_000_000n, 0x7fff_ffffn, 48n)).toBe(EINVAL)
  })

  test('ratio and scaling agree with integers of any size', () => {
    const frac = fc.constantFrom(32n, 48n)
    fc.assert(
      fc.property(khz, khz, frac, word, word, (host, guest, bits, tsc, target) => {
        const [row] = core.batch('lab_tsc', 16, [[host, guest, bits, tsc, target]])
        const most = bits === 48n ? MAX_U64 : (1n << 40n) - 1n
        const ratio = (guest << bits) / host
        expect(row![13]).toBe(ratio > most ? 0n : ratio)
        if (ratio > 0n && ratio <= most) expect(row![14]).toBe(u64((tsc * ratio) >> bits))
        if (row![6] === 0n) expect(u64(row![8]! + row![9]!)).toBe(target)
      }),
    )
  })

  test('a nested offset truncates toward zero', () => {
    const half = 1n << 47n
    const rows = core.batch('lab_nested_tsc', 7, [
      [48n, 1n << 48n, half, -3n, 0n],
      [48n, 1n << 48n, half, 3n, 0n],
      [48n, 1n << 48n, 1n << 48n, -3n, 5n],
    ])
    expect(rows.map((row) => s64(row[6]!))).toEqual([-1n, 1n, 2n])
  })
})
