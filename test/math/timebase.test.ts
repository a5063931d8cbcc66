import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decrementer,
  MathError,
  nsToTicks,
  ticksToNs,
  timebase,
  timebaseOffset,
} from '../../src/math/index.js'
import { NS_PER_S, u64 } from '../helpers/core.js'
import { readVectors } from '../helpers/vectors.js'

const hz = fc.bigInt({ min: 1n, max: 0xffff_ffffn })
const span = fc.bigInt({ min: 0n, max: 1n << 61n })

test('Linux’s scale, its granularity and its error', () => {
  fc.assert(
    fc.property(hz, (f) => {
      const { linux, horizons } = timebase(f)
      let scale = (NS_PER_S << 64n) / f
      let shift = 0n
      for (; scale >> 64n !== 0n; scale >>= 1n) shift++
      expect([linux.scale, linux.shift, linux.granularityNs]).toEqual([scale, Number(shift), 1n << shift])
      const one = NS_PER_S << 64n
      const slow = one - ((scale * f) << shift)
      expect(linux.error.fraction.num * one).toBe(slow * linux.error.fraction.den)
      expect(linux.error.direction).toBe(slow === 0n ? 'exact' : 'slow')
      expect([horizons.tbWrap.ticks, horizons.tblWrap.ticks, horizons.dec.ticks]).toEqual([
        1n << 64n,
        1n << 32n,
        1n << 31n,
      ])
    }),
  )
})

test('known figures at 512 MHz', () => {
  const { linux, horizons } = timebase(512_000_000n)
  expect(linux).toMatchObject({ shift: 1, granularityNs: 2n })
  expect(horizons.tbWrap.years).toMatch(/^1141\.68/)
  expect(horizons.tblWrap.seconds).toEqual({ num: 131_072n, den: 15_625n })
  expect(horizons.dec.seconds).toEqual({ num: 65_536n, den: 15_625n })
  expect(timebase(33_333_333n).linux.granularityNs).toBe(32n)
})

test('ticks and ns, both ways', () => {
  fc.assert(
    fc.property(hz, span, (f, ns) => {
      const ticks = nsToTicks(f, ns)
      expect(ticks).toBe((ns * f) / NS_PER_S)
      const back = ticksToNs(f, ticks)
      expect(back.qemuNs).toBe((ticks * NS_PER_S + f - 1n) / f)
      const { scale, shift } = timebase(f).linux
      expect(back.linuxNs).toBe(((ticks * scale) >> 64n) << BigInt(shift))
      expect(back.linuxBehindNs).toBe(back.qemuNs - back.linuxNs)
    }),
  )
})

test('recorded rows of QEMU and Linux', () => {
  let checked = 0
  for (const row of readVectors('tb')) {
    const [f, ns, tb] = row.numbers('freq_hz', 'ns', 'tb')
    if ((ns! * f!) / NS_PER_S <= u64(-1n)) {
      checked++
      expect(nsToTicks(f!, ns!)).toBe(row.number('qemu_ns_to_tb'))
    } else expect(() => nsToTicks(f!, ns!)).toThrow('more ticks than 64 bits hold')
    if ((tb! * NS_PER_S + f! - 1n) / f! <= u64(-1n)) {
      checked++
      const got = ticksToNs(f!, tb!)
      expect([got.qemuNs, got.linuxNs]).toEqual(row.numbers('qemu_tb_to_ns_round_up', 'linux_tb_to_ns'))
    } else expect(() => ticksToNs(f!, tb!)).toThrow('more ns than 64 bits hold')
  }
  expect(checked).toBeGreaterThan(3000)
})

test('the decrementer: recorded rows of QEMU', () => {
  const rows = readVectors('dec')
  expect(rows.length).toBe(800)
  for (const row of rows) {
    const [f, nowNs, value, laterNs] = row.numbers('freq_hz', 'now_ns', 'dec_value_u32', 'later_ns')
    if (laterNs! < nowNs!) continue
    const got = decrementer(f!, value!, { nowNs: nowNs!, laterNs: laterNs! })
    expect([got.nextTick, got.expiresNs, got.read, got.readBooke]).toEqual(
      row.numbers('decr_next_tb', 'timer_expire_ns', 'decr_read_u32', 'decr_read_booke_u32'),
    )
    expect(got.negative).toBe(value! >> 31n === 1n)
  }
})

test('a large decrementer reads as a signed number; a value is cut to the width', () => {
  const large = decrementer(512_000_000n, (1n << 56n) - 5n, { bits: 56 })
  expect(large).toMatchObject({ value: (1n << 56n) - 5n, read: -5n, negative: true })
  const cut = decrementer(512_000_000n, (1n << 40n) + 7n)
  expect(cut).toMatchObject({ bits: 32, value: 7n, read: 7n, negative: false })
})

test('KVM rounds an offset up to 2^24 ticks', () => {
  fc.assert(
    fc.property(hz, fc.bigInt({ min: -(1n << 62n), max: 1n << 62n }), (f, offset) => {
      const got = timebaseOffset(f, offset)
      expect(got.kvm % (1n << 24n)).toBe(0n)
      expect(got.aheadTicks).toBe(got.kvm - offset)
      expect(got.aheadTicks >= 0n && got.aheadTicks < 1n << 24n).toBe(true)
      expect(got.aheadNs).toBe((got.aheadTicks * NS_PER_S) / f)
    }),
  )
})

test.each([
  [() => timebase(0n), '0 Hz'],
  [() => timebase(1n << 32n), 'would use 0'],
  [() => timebase((1n << 32n) + 5n), 'would use 5'],
  [() => nsToTicks(4_000_000_000n, 1n << 63n), 'more ticks than 64 bits hold'],
  [() => nsToTicks(1n, -1n), 'ns -1; expected'],
  [() => ticksToNs(1n, 1n << 63n), 'more ns than 64 bits hold'],
  [() => decrementer(1n, 1n, { nowNs: 5n, laterNs: 4n }), 'is before now'],
  [() => decrementer(1n, (1n << 56n) - 1n, { bits: 56 }), 'more ns than 64 bits hold'],
  [() => timebaseOffset(1n, 1n << 63n), 'the offset'],
  [() => timebaseOffset(1n, (1n << 63n) - 1n), 'rounded up to 2^24: more ticks'],
])('%s is refused', (call, why) => {
  expect(call).toThrow(MathError)
  expect(call).toThrow(why)
})
