import { describe, expect, test } from 'vitest'
import { builds, loadCore, u64 } from '../../helpers/core.js'
import { readVectors, replay, type VectorRow } from '../../helpers/vectors.js'

const inputs = [
  'in_mode',
  'in_elapsed_ns',
  'in_gtsc_khz',
  'in_incarnation',
  's_time',
  'host_khz',
  'host_safe',
  'hvm',
  'scaling_frac_bits',
  'probe_gtime',
  'get_at_s_time',
  'get_rdtsc',
]

/** The words after the inputs, in order. */
const outputs = [
  'rc',
  'vtsc',
  'tsc_khz',
  'vtsc_offset',
  'vtsc_to_ns_mul',
  'vtsc_to_ns_shift',
  'ns_to_vtsc_mul',
  'ns_to_vtsc_shift',
  'incarnation',
  'hvm_ratio',
  'gtime_to_gtsc',
  'get_mode',
  'get_elapsed_ns',
  'get_khz',
  'get_incarnation',
]

describe.each(builds)('Xen domain TSC, %s build', (build) => {
  const core = loadCore(build)
  const call = (row: bigint[]) => core.batch('lab_domain_tsc', 27, [row])[0]!.slice(12)

  test('replays tsc_set_info, gtime_to_gtsc and tsc_get_info', () => {
    const modes = new Set(readVectors('xen_tscinfo').map((row) => row.text('in_mode')))
    expect([...modes].sort()).toEqual(['0', '1', '2', '3', '4'])
    replay(core, {
      file: 'xen_tscinfo',
      rows: 1000,
      call: 'lab_domain_tsc',
      width: 27,
      input: (row) => row.numbers(...inputs),
      expected: (row: VectorRow) => outputs.map((column, i) => [12 + i, row.number(column)]),
    })
  })

  test('without any frequency it is refused', () => {
    expect(call([0n, 5n, 0n, 0n, 100n, 0n, 1n, 0n, 0n, 0n, 0n, 0n])).toEqual([
      u64(-22n),
      ...Array(14).fill(0n),
    ])
  })

  /** Saves an emulated PV guest after 5 s on one host and restores it on one with another uptime and frequency. */
  const move = (uptime: bigint) => {
    const saved = call([
      1n,
      0n,
      2_400_000n,
      0n,
      1_000n,
      2_400_000n,
      1n,
      0n,
      0n,
      5_000_001_000n,
      5_000_001_000n,
      0n,
    ])
    const [before, mode, elapsed, khz, incarnation] = saved.slice(10)
    expect([mode, elapsed, khz, incarnation]).toEqual([1n, 5_000_000_000n, 2_400_000n, 1n])
    const restored = [mode!, elapsed!, khz!, incarnation!, uptime, 3_000_000n, 1n, 0n, 0n]
    const [after, later] = [0n, 1_000_000n].map((ns) => call([...restored, uptime + ns, uptime + ns, 0n]))
    expect(after![8]).toBe(2n)
    expect(after![12]).toBe(5_000_000_000n)
    return { before: before!, after: after![10]!, gainedInMs: later![10]! - after![10]! }
  }

  test('an emulated TSC goes on across a save and a restore', () => {
    const { before, after, gainedInMs } = move(7_000_000_000n)
    expect(after).toBe(before)
    expect(gainedInMs).toBe(2_400_000n)
  })

  test('on a host with less uptime than the guest has run, it ticks on from a far place, as in Xen', () => {
    const { before, after, gainedInMs } = move(77n)
    expect(after - before).toBeGreaterThan(1n << 62n)
    expect(gainedInMs).toBe(2_400_000n)
  })
})
