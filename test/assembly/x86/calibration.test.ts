import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Machine } from '../../../src/core/machine.js'
import { builds, loadCore, NS_PER_S, scaleDeltaModel, u64 } from '../../helpers/core.js'
import { replay } from '../../helpers/vectors.js'

const EPOCH = NS_PER_S

describe.each(builds)('Xen calibration, %s build', (build) => {
  const core = loadCore(build)
  const calibrate = (row: bigint[]) => core.batch('lab_calibration', 17, [row])[0]!.slice(10)

  // Unsigned, as Xen 7b3e1b4e84 has it: any TSC below the stamp is before it.
  const tscs = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
  const muls = fc.bigInt({ min: 1n << 31n, max: 0xffff_ffffn })
  const counted = (stamp: bigint, tsc: bigint, mul: bigint): bigint => {
    const away = scaleDeltaModel(tsc > stamp ? tsc - stamp : stamp - tsc, mul, 0n)
    return u64(tsc > stamp ? 5n + away : 5n - away)
  }

  test('replays local_time_calibration', () => {
    const before = ['prev_tsc', 'prev_local', 'prev_master', 'prev_mul', 'prev_shift']
    const after = ['new_tsc', 'new_local', 'new_master', 'new_mul', 'new_shift']
    replay(core, {
      file: 'xen_calib',
      rows: 1600,
      call: 'lab_calibration',
      width: 17,
      input: (row) => [
        ...row.numbers(...before, 'cur_tsc', 'cur_local', 'cur_master', 'constant_tsc'),
        row.number('cur_tsc'),
      ],
      expected: (row) => after.map((column, i) => [11 + i, row.number(column)]),
    })
  })

  test('less than half a second changes nothing; half a second does', () => {
    const cpu = [1000n, 2000n, 2000n, 1n << 31n, 1n]
    const at = (ns: bigint) => calibrate([...cpu, 1000n + ns, 2000n + ns, 2000n + ns, 0n, 0n])
    expect(at(EPOCH / 2n - 1n).slice(0, 6)).toEqual([0n, ...cpu])
    expect(at(EPOCH / 2n)[0]).toBe(1n)
  })

  test('a TSC that stood still, with which the real function hangs, changes nothing', () => {
    const cpu = [1000n, 2000n, 2000n, 1n << 31n, 1n]
    expect(calibrate([...cpu, 1000n, 2000n, 2000n + EPOCH, 0n, 0n]).slice(0, 6)).toEqual([0n, ...cpu])
    const far = [...cpu, 1001n, 2000n, 2000n + 10n * EPOCH, 0n, 0n]
    expect(calibrate(far).slice(0, 6)).toEqual([0n, ...cpu])
  })

  test('a clock ahead is slowed, to no less than half, and never stepped back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n * EPOCH }), (ahead) => {
        // TSC 1 GHz: each tick is a ns, and mul 2^31 with shift 1 the scale that says so.
        const cpu = [0n, 0n, 0n, 1n << 31n, 1n]
        const [renewed, tsc, local, master, mul, shift] = calibrate([
          ...cpu,
          EPOCH,
          EPOCH + ahead,
          EPOCH,
          0n,
          0n,
        ])
        expect([renewed, tsc, local, master]).toEqual([1n, EPOCH, EPOCH + ahead, EPOCH])
        const gained = scaleDeltaModel(EPOCH, mul!, shift!)
        expect(gained).toBeGreaterThanOrEqual(EPOCH / 2n - 1n)
        expect(gained).toBeLessThan(EPOCH)
      }),
    )
  })

  test('system time counts forward from the stamp and backward before it', () => {
    fc.assert(
      fc.property(tscs, tscs, muls, (stamp, tsc, mul) => {
        const result = calibrate([0n, 0n, 0n, mul, 0n, stamp, 5n, 5n, 1n, tsc])
        expect(result[6]).toBe(counted(stamp, tsc, mul))
      }),
    )
  })

  test('NOW() is the same, also where TSC and stamp are more than 2^63 apart: a wrap makes it fall', () => {
    const { core: machine } = new Machine({ build })
    machine.host_configure(1, 2_400_000, 0, 0, 1, 0, 0, 0, 0n)
    fc.assert(
      fc.property(tscs, tscs, muls, (stamp, tsc, mul) => {
        machine.host_set_counter(0, tsc, 0n, 1n)
        machine.xen_set_stamp(stamp, 5n, Number(mul), 0)
        expect(u64(machine.host_system_time())).toBe(counted(stamp, tsc, mul))
      }),
    )
  })
})
