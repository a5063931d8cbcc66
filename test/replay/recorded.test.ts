/** Real guests of a real Xen against the emulator: every event that was recorded, and other witnesses of the same hosts. */
import { describe, expect, it } from 'vitest'
import { domainTsc, read, scale } from '../../src/math/index.js'
import { parseRecording, type ReplayCheck, readRecording, replay } from '../../src/replay/index.js'
import { builds, loadCore } from '../helpers/core.js'
import { csvRows, EVENTS, pathOf, sharedInfoPages } from './recordings.js'

const US = 1_000n
const MS = 1_000n * US

describe.each(EVENTS)('%s', (name, before, after) => {
  const { verdict, stays } = replay(readRecording(pathOf(name)))
  const check = (stay: number, id: ReplayCheck['id']) => stays[stay]!.checks.find((one) => one.id === id)
  const emulated = name !== 'u2-same-boot'

  it('ends as the real guest did', () => {
    expect(stays.flatMap(({ checks }) => checks).filter((one) => one.verdict !== 'pass')).toEqual([])
    expect(verdict).toBe('pass')
  })

  it('has every time page bit for bit', () => {
    expect(check(0, 'page')).toMatchObject({ seen: before, predicted: before })
    expect(check(1, 'page')).toMatchObject({ seen: after, predicted: after })
    expect(check(1, 'version')).toMatchObject({ seen: after, predicted: after })
  })

  if (emulated)
    it('can show every TSC that the real guest read, four clocks twice in each sample', () => {
      expect(check(0, 'tsc')).toMatchObject({ seen: 8 * before, predicted: 8 * before })
      expect(check(1, 'tsc')).toMatchObject({ seen: 8 * after, predicted: 8 * after })
    })

  if (emulated && name !== 'u4-migrate')
    it('writes into the stream what the real one had in it', () => {
      expect(check(1, 'stream')).toMatchObject({ seen: 1, predicted: 1 })
    })

  it('has each clock within the sampling error, and it is small where nothing but the guest is read', () => {
    for (const id of ['monotonic', 'monotonic_raw', 'boottime', 'realtime'] as const) {
      const { offNs, mayNs, seen } = check(1, id)!
      expect(seen, id).toBe(after)
      expect(offNs! <= mayNs! && -offNs! <= mayNs!, `${id} ${offNs}`).toBe(true)
      expect(mayNs! < (id.startsWith('mono') ? 200n * US : 6n * MS), `${id} ${mayNs}`).toBe(true)
    }
  })
})

it.each(builds)('is the same on the %s build', (build) => {
  const recording = readRecording(pathOf('u4-same-boot'))
  const offs = replay(recording, { build }).stays.map(({ checks }) => checks.map(({ offNs }) => offNs))
  expect(offs).toEqual(replay(recording).stays.map(({ checks }) => checks.map(({ offNs }) => offNs)))
})

describe('pages of guests of other frequencies', () => {
  const groups = new Map<string, Record<string, string>[]>()
  for (const row of csvRows('vtsc_pairs')) {
    const key = `${row.tsc_khz} ${row.vtsc_offset}`
    groups.set(key, [...(groups.get(key) ?? []), row])
  }

  it.each([...groups.keys()])('kHz and vtsc_offset %s: mul, shift and tsc_timestamp, bit for bit', (key) => {
    const [khz, offset] = key.split(' ')
    const pages = groups
      .get(key)!
      .map(
        (row) =>
          `page system_time=${row.system_time} tsc_timestamp=${row.tsc_timestamp} tsc_to_system_mul=${row.tsc_to_system_mul} tsc_shift=${row.tsc_shift}`,
      )
    const text = `recording 1
host name=b1 tsc_khz=2299998
guest on=b1 kind=pv tsc_mode=1 tsc_khz=${khz} vtsc_offset=${offset}
${pages.join('\n')}`
    const { stays } = replay(parseRecording(text, 'vtsc_pairs.csv'))
    expect(stays[0]!.checks).toMatchObject([{ id: 'page', verdict: 'pass', seen: 3, predicted: 3 }])
  })

  it('are 96', () => {
    expect([...groups.values()].flat()).toHaveLength(96)
  })
})

it('33 frequencies have the scale that Xen wrote', () => {
  const rows = csvRows('khz_pairs')
  expect(rows).toHaveLength(33)
  for (const row of rows) {
    const khz = Number(row.tsc_khz)
    const { vtscToNs } = domainTsc({
      ...{
        mode: 1,
        khz,
        nsec: 0n,
        incarnation: 0,
        now: 0n,
        hostKhz: khz,
        reliable: false,
        hvm: false,
        at: 0n,
      },
    })
    const wrote = { mul: Number(row.tsc_to_system_mul), shift: Number(row.tsc_shift) }
    expect(vtscToNs).toEqual(wrote)
    expect(scale(BigInt(khz) * 1000n).toNs.xen).toEqual(wrote)
  }
})

describe('20 live pages of shared_info', () => {
  const rows = csvRows('shared_info_native_live')
  const bytes = sharedInfoPages()
  const pages = rows.map((_, i) => bytes.subarray(i * 4096, (i + 1) * 4096))
  const at = (row: Record<string, string>, tsc: string) =>
    read(pages[Number(row.i)]!.subarray(32, 64), BigInt(row[tsc]!)).ns

  it('hold the fields where the layout of x86-64 has them', () => {
    expect(rows).toHaveLength(20)
    for (const row of rows) {
      const page = pages[Number(row.i)]!
      expect(page.readUInt32LE(32)).toBe(Number(row.version))
      expect(page.readBigUInt64LE(48)).toBe(BigInt(row.system_time!))
      expect([3072, 3076, 3080, 3084].map((offset) => page.readUInt32LE(offset))).toEqual(
        ['wc_version', 'wc_sec', 'wc_nsec', 'wc_sec_hi'].map((name) => Number(row[name])),
      )
    }
  })

  it('show a wall clock 1.36 to 1.79 ms behind dom0’s CLOCK_REALTIME', () => {
    for (const row of rows) {
      const wall = BigInt(row.wc_sec!) * 1_000_000_000n + BigInt(row.wc_nsec!)
      const behind = BigInt(row.dom0_real!) - wall
      expect(behind - at(row, 'tsc2')).toBeGreaterThan(1_359n * US)
      expect(behind - at(row, 'tsc')).toBeLessThan(1_790n * US)
    }
  })

  it.each(builds)(
    'the calibration between two stamps of the platform timer gives the scale, %s build',
    (build) => {
      // Twice in a row the CPU was behind the platform timer and jumped to it, so both stamps are that timer's.
      const [before, after] = [rows[12]!, rows[13]!]
      expect(Number(after.version) - Number(before.version)).toBe(2)
      const [tsc, stime] = [BigInt(after.tsc_timestamp!), BigInt(after.system_time!)]
      const local = read(pages[12]!.subarray(32, 64), tsc).ns
      expect(local).toBeLessThan(stime)
      const [row] = loadCore(build).batch('lab_calibration', 17, [
        [
          ...[BigInt(before.tsc_timestamp!), BigInt(before.system_time!), BigInt(before.system_time!)],
          ...[BigInt(before.mul!), BigInt.asUintN(64, BigInt(before.shift!)), tsc, local, stime, 0n, tsc],
          ...[0n, 0n, 0n, 0n, 0n, 0n, 0n],
        ],
      ])
      const [renewed, , newStime, , mul, shift] = row!.slice(10)
      expect({ renewed, newStime, mul, shift: BigInt.asIntN(64, shift!) }).toEqual({
        renewed: 1n,
        newStime: stime,
        mul: BigInt(after.mul!),
        shift: BigInt(after.shift!),
      })
    },
  )
})
