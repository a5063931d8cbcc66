import { describe, expect, test } from 'vitest'
import { builds, loadCore, MAX_U64, u64 } from '../../helpers/core.js'
import { replay } from '../../helpers/vectors.js'

const EINVAL = u64(-22n)
const ETIME = u64(-62n)
const ARM = 0n
const INJECT = 1n

describe.each(builds)('Xen timers, %s build', (build) => {
  const core = loadCore(build)
  const singleshot = (...row: bigint[]) => core.batch('lab_set_singleshot', 5, [row])[0]![4]
  const periodic = (...row: bigint[]) => core.batch('lab_periodic', 6, [row])[0]!.slice(3)

  test('replays do_set_timer_op', () => {
    replay(core, {
      file: 'xen_set_timer_op',
      rows: 400,
      call: 'lab_set_timer_op',
      width: 3,
      input: (row) => row.numbers('now', 'timeout_s64'),
      expected: (row) => [[2, row.text('stopped') === '1' ? MAX_U64 : row.number('armed_at')]],
    })
  })

  test('set_timer_op takes a deadline just below 2^50 ns ahead and no further', () => {
    const now = 12345n
    const rows = core.batch('lab_set_timer_op', 3, [
      [now, now + (1n << 50n) - 1n],
      [now, now + (1n << 50n)],
      [now, 1n],
      [now, -1n],
      [now, 0n],
    ])
    expect(rows.map((row) => row[2])).toEqual([
      now + (1n << 50n) - 1n,
      now + 100_000_000n,
      1n,
      now + 100_000_000n,
      MAX_U64,
    ])
  })

  test('singleshot before 2023: a past timeout is armed, or refused with the future flag', () => {
    expect(singleshot(100n, 99n, 0n, 1n)).toBe(ARM)
    expect(singleshot(100n, 99n, 1n, 1n)).toBe(ETIME)
    expect(singleshot(100n, 99n, 2n, 1n)).toBe(ARM)
    expect(singleshot(100n, 100n, 1n, 1n)).toBe(ARM)
    expect(singleshot(100n, 0n, 1n, 1n)).toBe(ETIME)
  })

  test('singleshot since 2023: a past timeout injects, whatever the flag; the comparison is unsigned', () => {
    for (const flags of [0n, 1n]) {
      expect(singleshot(100n, 99n, flags, 0n)).toBe(INJECT)
      expect(singleshot(100n, 0n, flags, 0n)).toBe(INJECT)
      expect(singleshot(100n, 100n, flags, 0n)).toBe(ARM)
      expect(singleshot(100n, -1n, flags, 0n)).toBe(ARM)
    }
  })

  test('periods from 1 ms to 2^62 - 1 ns are accepted', () => {
    const status = [999_999n, 1_000_000n, (1n << 62n) - 1n, 1n << 62n, MAX_U64, 0n].map(
      (period) => periodic(0n, 0n, period)[0],
    )
    expect(status).toEqual([EINVAL, 0n, 0n, EINVAL, EINVAL, EINVAL])
  })

  test('a periodic timer that was not looked at for long sends one event and starts anew from there', () => {
    const ms = 1_000_000n
    expect(periodic(10n * ms - 1n, 0n, 10n * ms)).toEqual([0n, 10n * ms, 0n])
    expect(periodic(10n * ms, 0n, 10n * ms)).toEqual([0n, 10n * ms, 10n * ms])
    expect(periodic(57n * ms, 0n, 10n * ms)).toEqual([0n, 10n * ms, 57n * ms])
  })
})
