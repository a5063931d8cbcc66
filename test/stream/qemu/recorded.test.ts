/** Real streams of QEMU 7.2 and 10.0, held against what QEMU's own script decodes and what the guests printed. */

import { describe, expect, it } from 'vitest'
import { bytesOf, decodeAll, type Tree } from '../../../src/stream/qemu/fields.js'
import { readSections } from '../../../src/stream/qemu/sections.js'
import { readQemu } from '../../../src/stream/qemu/time.js'
import { filesFolder } from '../../helpers/folder.js'
import { decoded, recorded } from './streams.js'

const { put } = filesFolder()
const file = (name: string) => put(`${name}.bin`, recorded(name))

/** As the script writes values: hex, with the decimal of a negative one behind it, bytes apart. */
function asScript(tree: Tree, expected: unknown): unknown {
  if (typeof tree === 'bigint') {
    // Timers are numbers here and bytes there.
    if (/^[\da-f]{2} /.test(`${expected}`)) return asScript(bytesOf('timer', 8, tree)!, expected)
    const digits = /^0x([\da-f]+)/.exec(`${expected}`)?.[1]?.length ?? 0
    const hex = `0x${BigInt.asUintN(digits * 4, tree)
      .toString(16)
      .padStart(digits, '0')}`
    return tree < 0n ? `${hex} (${tree})` : hex
  }
  if (Buffer.isBuffer(tree)) return (tree.toString('hex').match(/../g) ?? []).join(' ')
  if (Array.isArray(tree)) return tree.map((one, i) => asScript(one, (expected as unknown[])?.[i]))
  const entries = Object.entries(tree as Record<string, Tree>)
  return Object.fromEntries(
    entries.map(([key, one]) => [key, asScript(one, (expected as Record<string, unknown>)?.[key])]),
  )
}

describe.each(['running-q7', 'running-icount-q10'])('%s', (name) => {
  const expected = decoded(name) as Record<string, Record<string, unknown>>
  const { sections } = readSections(file(name), () => true)
  const own = new Map(sections.map((section) => [`${section.name} (${section.id})`, section]))
  const devices = Object.keys(expected).filter((key) => !key.startsWith('spapr/htab'))

  it.each(devices)('%s decodes as QEMU’s script does', (key) => {
    const section = own.get(key)!
    const tree = asScript(decodeAll(section.shape!, section.content!), expected[key]) as Record<
      string,
      unknown
    >
    // The recording leaves out the options and the device tree of spapr, and of the registers those of no interest.
    for (const [field, value] of Object.entries(expected[key]!))
      expect({ [field]: tree[field] }).toEqual({ [field]: value })
  })

  it('has all sections of the recording', () => {
    expect(devices.length).toBeGreaterThanOrEqual(6)
    expect(sections.filter(({ parts }) => parts > 0).map((section) => section.name)).toEqual([
      'ram',
      'spapr/htab',
    ])
  })
})

describe('time', () => {
  it('of a running guest, QEMU 7.2', () => {
    const { stream, time } = readQemu(file('running-q7'))
    expect(stream).toMatchObject({ machine: 'pseries-7.2', footers: true })
    expect(stream.ram.blocks).toEqual([{ name: 'ppc_spapr.ram', bytes: 1n << 28n }])
    expect(time).toMatchObject({
      runState: 'running',
      virtualClockNs: 1_676_189_349n,
      icount: null,
      x86: null,
    })
    const { tree, cpus, ...power } = time.power!
    expect(power).toEqual({
      guestTimebase: 0x3f435c2315cn,
      timeOfTheDayNs: 0x18ea39410c17ae60n,
      rtcOffsetNs: -187_804_000n,
      decLive: false,
    })
    expect(tree).toEqual({ timebaseHz: 512_000_000n, decBits: 56, kvm: false })
    expect(cpus.map(({ dec, decBits }) => ({ dec, decBits }))).toEqual([{ dec: 0n, decBits: 56 }])
  })

  it('of a paused guest', () => {
    const { time } = readQemu(file('stopped-q7'))
    expect(time).toMatchObject({ runState: 'paused', virtualClockNs: 1_524_729_022n })
  })

  // The last line that the guest printed before the migration, and the first after it.
  it.each([
    ['running-q7', 834_185_949n, 861_034_019n],
    ['stopped-q7', 746_060_535n, 780_738_625n],
    ['running-icount-q10', 844_804_833n, 870_404_853n],
    ['running-decset-q10', 776_051_216n, 803_799_581n],
  ])('%s: the virtual clock is the timebase that the guest saw', (name, before, after) => {
    const { time } = readQemu(file(name))
    const ticks = (time.virtualClockNs! * time.power!.tree!.timebaseHz!) / 1_000_000_000n
    expect(ticks).toBeGreaterThan(before)
    expect(ticks).toBeLessThan(after)
  })

  it('with icount: the clock is made of instructions, and DEC counts down from -1 at 0', () => {
    const { time } = readQemu(file('running-icount-q10'))
    expect(time.icount).toEqual({
      biasNs: -150_000_000n,
      instructions: 114_519_724n,
      shift: 4n,
      lastDeltaNs: 42_617_505n,
    })
    expect(time.virtualClockNs).toBe(-150_000_000n + (114_519_724n << 4n))
    expect(time.power!.decLive).toBe(true)
    const ticks = (time.virtualClockNs! * 512n) / 1000n
    expect(time.power!.cpus[0]!.dec).toBe(-1n - ticks)
  })

  it('DEC is what the guest saw before and after: TB + DEC stays', () => {
    const { time } = readQemu(file('running-decset-q10'))
    const { dec } = time.power!.cpus[0]!
    const sum = (time.virtualClockNs! * 512n) / 1000n + dec
    // 776051216 + 1371950209 as printed, read one after the other.
    expect(sum - (776_051_216n + 1_371_950_209n)).toBeGreaterThan(-10_000n)
    expect(sum - (776_051_216n + 1_371_950_209n)).toBeLessThan(10_000n)
  })

  it('of an x86 guest without KVM: two vCPUs, no kvmclock', () => {
    const { stream, time } = readQemu(file('x86-tcg-q7'))
    expect(stream.machine).toBe('pc-i440fx-7.2')
    expect(stream.sections.length).toBe(34)
    expect(time).toMatchObject({ power: null, runState: 'running', virtualClockNs: 1_512_980_676n })
    expect(time.x86!.kvmclock).toBeNull()
    expect(time.x86!.cpus.map(({ tsc, tscKhz }) => [tsc, tscKhz])).toEqual([
      [0n, 2_400_000n],
      [0n, 2_400_000n],
    ])
  })

  it('compressed pages are passed over', () => {
    const { ram } = readQemu(file('x86-tcg-compress-q7')).stream
    expect(ram).toMatchObject({ fullPages: 2, zeroPages: 102, compressedPages: 3 })
  })
})
