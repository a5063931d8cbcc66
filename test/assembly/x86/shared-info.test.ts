import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builds, loadCore, MAX_U64, NS_PER_S, SCRATCH, u64 } from '../../helpers/core.js'
import { noteReplay, readVectors, replay } from '../../helpers/vectors.js'

const LOW = 0xffff_ffffn

describe.each(builds)('shared_info, %s build', (build) => {
  const core = loadCore(build)

  test('every offset and size is that of Xen’s headers, for both widths', () => {
    const rows = readVectors('layout')
    expect(rows.length).toBe(30)
    const [wide, narrow] = core.batch('lab_layout', 31, [[1n], [0n]])
    const expected = rows.map((row) => row.numbers('x86_64_bytes', 'x86_32_bytes'))
    const got = rows.map((_, i) => [wide![i + 1]!, narrow![i + 1]!])
    noteReplay('layout', rows.length, got.filter((pair, i) => `${pair}` !== `${expected[i]}`).length)
    expect(got).toEqual(expected)
  })

  test.each([1n, 0n])('replays Xen setting the time (wide: %s)', (wide) => {
    const inputs = ['secs', 'nsecs', 'system_time_base', 'domain_offset_s', 'version_before']
    const outputs = ['wc_sec64', 'wc_nsec', 'si_wc_sec', 'si_wc_nsec', 'si_wc_sec_hi', 'version_after']
    replay(core, {
      file: 'xen_settime',
      rows: 600,
      call: 'lab_settime',
      width: 13,
      input: (row) => [...row.numbers(...inputs), wide],
      expected: (row) => [
        ...outputs.map((column, i) => [6 + i, row.number(column)] as [number, bigint]),
        [12, row.number('si_wc_sec') | (row.number('si_wc_sec_hi') << 32n)],
      ],
    })
  })

  test('a 32-bit guest’s wall clock lies where its own kernel looks', () => {
    new Uint8Array(core.memory.buffer, SCRATCH, 4096).fill(0)
    core.batch('lab_settime', 13, [[0x1_2345_6789n, 42n, 0n, 0n, 0n, 0n]])
    const view = new DataView(core.memory.buffer, SCRATCH)
    const words = [2304, 2308, 2312, 2340].map((offset) => view.getUint32(offset, true))
    expect(words).toEqual([2, 0x23456789, 42, 1])
    expect(view.getUint32(3072, true)).toBe(0)
  })

  test('replays Linux reading the wall clock', () => {
    const clock = [
      'wc_sec',
      'wc_nsec',
      'tsc_timestamp',
      'system_time',
      'tsc_to_system_mul',
      'tsc_shift',
      'tsc',
    ]
    replay(core, {
      file: 'wallclock',
      rows: 600,
      call: 'lab_wallclock_read',
      width: 11,
      input: (row, index) => [...row.numbers(...clock), BigInt(index) * 2n],
      expected: (row) => [
        [8, 1n],
        [9, row.number('tv_sec')],
        [10, row.number('tv_nsec')],
      ],
    })
  })

  test('an odd wall clock version is not read', () => {
    const [row] = core.batch('lab_wallclock_read', 11, [[5n, 6n, 0n, 0n, 0n, 0n, 0n, 3n]])
    expect(row![8]).toBe(0n)
  })

  test('a reader between any two steps of a wall clock’s writer gets the old time, the new time, or must retry', () => {
    new Uint8Array(core.memory.buffer, SCRATCH, 16).fill(0)
    const write = [0n, 1n, 2n]
    const old = [0x1_0000_0007n, 8n]
    const fresh = [0x2_0000_0009n, 10n]
    const rows = [...write.map((op) => [op, ...old]), ...write.flatMap((op) => [[3n], [op, ...fresh]]), [3n]]
    const reads = core.batch('lab_wallclock_page', 6, rows).filter((row) => row[0] === 3n)
    expect(reads.map((row) => row[3])).toEqual([1n, 0n, 0n, 1n])
    expect(reads[0]!.slice(4)).toEqual([7n, 8n])
    expect(reads[3]!.slice(4)).toEqual([9n, 10n])
    expect(new DataView(core.memory.buffer).getUint32(SCRATCH + 12, true)).toBe(2)
  })

  test('KVM’s wall clock is the epoch, seconds cut to 32 bits, under the version protocol', () => {
    const epoch = fc.bigInt({ min: 0n, max: MAX_U64 })
    fc.assert(
      fc.property(epoch, fc.bigInt({ min: 0n, max: LOW }), (ns, version) => {
        const [row] = core.batch('lab_kvm_wallclock', 6, [[ns, version]])
        const sec = ns / NS_PER_S
        const after = (((version + 1n) | 1n) + 1n) & LOW
        expect(row!.slice(2)).toEqual([sec & LOW, ns % NS_PER_S, sec >> 32n, after])
      }),
    )
  })

  test('Xen’s own wall clock is UTC at system time 0, whenever it was set', () => {
    const sec = fc.bigInt({ min: 0n, max: 1n << 33n })
    const nsec = fc.bigInt({ min: 0n, max: NS_PER_S - 1n })
    fc.assert(
      fc.property(sec, nsec, fc.bigInt({ min: 0n, max: 1n << 62n }), (secs, nsecs, base) => {
        const [row] = core.batch('lab_settime', 13, [[secs, nsecs, base, 0n, 0n, 1n]])
        expect(row![6]! * NS_PER_S + row![7]!).toBe(u64(secs * NS_PER_S + nsecs - base))
      }),
    )
  })
})
