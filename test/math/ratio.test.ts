import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MathError, ratio } from '../../src/math/index.js'
import { MAX_U64, NS_PER_S, s64, u64 } from '../helpers/core.js'
import { readVectors } from '../helpers/vectors.js'
import { isCutDecimal, xenScale } from './model.js'

const khz = fc.bigInt({ min: 100_000n, max: 6_000_000n })
const near = khz.chain((host) =>
  fc.tuple(fc.constant(host), fc.bigInt({ min: (host * 999n) / 1000n, max: (host * 1001n) / 1000n })),
)
const word = fc.bigInt({ min: 0n, max: MAX_U64 })
const bitsOf = fc.constantFrom(48 as const, 32 as const)

test('ratio, rule, offset and drift agree with integers of any size', () => {
  fc.assert(
    fc.property(
      fc.oneof(near, fc.tuple(khz, khz)),
      bitsOf,
      word,
      word,
      ([hostKhz, guestKhz], bits, hostTsc, wantedTsc) => {
        const frac = BigInt(bits)
        const report = ratio({ hostKhz, guestKhz, hostTsc, wantedTsc }, bits)
        const wanted = (guestKhz << frac) / hostKhz
        const from = (hostKhz * 999_750n) / 1_000_000n
        const to = (hostKhz * 1_000_250n) / 1_000_000n
        const scales = guestKhz < from || guestKhz > to
        const used = scales ? wanted : 1n << frac
        const scaled = u64((hostTsc * used) >> frac)
        expect(report).toMatchObject({
          fractionBits: bits,
          ratio: wanted,
          kvmScales: scales,
          kvmUnscaledKhz: { from, to },
          kvmRatio: used,
          scaledTsc: scaled,
          offset: u64(wantedTsc - scaled),
          offsetSigned: s64(wantedTsc - scaled),
        })
        // Slow by 1 - host * ratio / 2^bits / guest.
        const one = guestKhz << frac
        const slow = one - hostKhz * wanted
        expect(report.tsc.error.fraction.num * one).toBe(slow * report.tsc.error.fraction.den)
        expect(isCutDecimal(report.tsc.nsPerDay, slow * 86_400n * NS_PER_S, one)).toBe(true)

        const pageKhz = (hostKhz * used) >> frac
        const { mul, shift } = xenScale(pageKhz * 1000n)
        expect(report.kvmPage).toMatchObject({
          khz: pageKhz,
          scale: { mul: Number(mul), shift: Number(shift) },
        })
        // ns a second of the page's clock, times 2^(96 + bits).
        const rate = (hostKhz * 1000n * used * mul) << (64n + shift)
        const second = (NS_PER_S << 96n) << frac
        const { direction, fraction } = report.kvmPage!.drift.error
        expect(direction).toBe(rate === second ? 'exact' : rate < second ? 'slow' : 'fast')
        expect(fraction.num * second).toBe((rate < second ? second - rate : rate - second) * fraction.den)
      },
    ),
  )
})

test('a guest’s guest: ratio, offset and its own rate', () => {
  fc.assert(
    fc.property(
      khz,
      khz,
      khz,
      bitsOf,
      word,
      word,
      fc.bigInt({ min: -(1n << 62n), max: 1n << 62n }),
      (...drawn) => {
        const [hostKhz, guestKhz, nestedKhz, bits, hostTsc, wantedTsc, offset] = drawn
        const frac = BigInt(bits)
        const report = ratio(
          { hostKhz, guestKhz, hostTsc, wantedTsc, nested: { khz: nestedKhz, offset } },
          bits,
        )
        const l1 = report.kvmRatio!
        const l2 = (nestedKhz << frac) / guestKhz
        const l1Offset = report.offsetSigned
        const size = ((l1Offset < 0n ? -l1Offset : l1Offset) * l2) >> frac
        expect(report.nested).toMatchObject({
          l2Ratio: l2,
          ratio: l2 === 1n << frac ? l1 : (l1 * l2) >> frac,
          offset: s64((l1Offset < 0n ? -size : size) + offset),
        })
      },
    ),
  )
})

test('gives what the real functions gave on recorded rows', () => {
  let refused = 0
  for (const row of readVectors('tscratio')) {
    const [hostKhz, guestKhz, hostTsc, wantedTsc] = row.numbers(
      'host_khz',
      'guest_khz',
      'host_tsc',
      'target_tsc',
    )
    const bits = Number(row.text('frac_bits')) as 48 | 32
    const request = { hostKhz: hostKhz!, guestKhz: guestKhz!, hostTsc: hostTsc!, wantedTsc: wantedTsc! }
    if (row.text('xen_ratio') === '0') {
      refused++
      expect(() => ratio(request, bits)).toThrow(MathError)
      continue
    }
    const report = ratio(request, bits)
    expect(report.ratio).toBe(row.number('xen_ratio'))
    expect(report.kvmScales).toBe(row.text('use_scaling_250ppm') === '1')
    if (report.kvmRatio === null) continue
    expect([report.kvmRatio, report.scaledTsc, report.offset]).toEqual(
      row.numbers('kvm_ratio', 'kvm_scaled_tsc', 'kvm_l1_offset'),
    )
  }
  expect(refused).toBe(19)
})

test('a frequency within 250 ppm runs at the host’s, and its error says so', () => {
  const report = ratio({ hostKhz: 2_400_000n, guestKhz: 2_400_600n }, 48)
  expect(report.kvmScales).toBe(false)
  expect(report.kvmTsc!.error).toMatchObject({ direction: 'slow', fraction: { num: 1n, den: 4001n } })
  expect(report.kvmPage!.khz).toBe(2_400_000n)
})

test('a frequency that the ioctl refuses has no KVM ratio', () => {
  const report = ratio({ hostKhz: 2_400_000n, guestKhz: 2_147_483_647n }, 48)
  expect(report).toMatchObject({ kvmRatio: null, kvmTsc: null, kvmPage: null })
  expect(report.ratio).toBe((2_147_483_647n << 48n) / 2_400_000n)
})

test.each([
  [{ hostKhz: 0n, guestKhz: 1n }, '0 kHz for the host'],
  [{ hostKhz: 1n, guestKhz: 0n }, '0 kHz for the guest'],
  [{ hostKhz: 1n << 32n, guestKhz: 1n }, 'the host’s frequency in kHz 4294967296'],
  [{ hostKhz: 1n, guestKhz: 65_536n }, 'with 48 fraction bits a ratio is at least 2^-48 and below 65536'],
  [{ hostKhz: 1n, guestKhz: 1n, hostTsc: 1n << 64n }, 'the host’s TSC'],
  [{ hostKhz: 1n, guestKhz: 1n, wantedTsc: -1n }, 'the wanted TSC'],
  [{ hostKhz: 4_000_000n, guestKhz: 1n }, 'kvm_get_time_scale never returns'],
  [{ hostKhz: 1n, guestKhz: 1n, nested: { khz: 65_536n } }, 'does not fit'],
  [{ hostKhz: 1n, guestKhz: 1n, nested: { khz: 0n } }, '0 kHz for the nested guest'],
  [{ hostKhz: 1n, guestKhz: 1n, nested: { khz: 1n, offset: 1n << 63n } }, 'the nested offset'],
  [{ hostKhz: 1n, guestKhz: 60_000n, nested: { khz: 600_000_000n } }, 'multiply to more than 64 bits'],
])('%o is refused', (request, why) => {
  expect(() => ratio(request, 48)).toThrow(MathError)
  expect(() => ratio(request, 48)).toThrow(why)
})

test('what fits in 48 fraction bits may not fit in 32', () => {
  const request = { hostKhz: 1000n, guestKhz: 256_000n }
  expect(ratio(request, 48).ratio).toBe(256n << 48n)
  expect(() => ratio(request, 32)).toThrow('below 256')
})
