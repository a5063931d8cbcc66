import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MathError, read, type TimePage } from '../../src/math/index.js'
import { timePageBytes } from '../../src/math/read.js'
import { MAX_U64, s64, scaleDeltaModel, u64 } from '../helpers/core.js'
import { readVectors } from '../helpers/vectors.js'

const word = fc
  .tuple(fc.bigInt({ min: 0n, max: MAX_U64 }), fc.nat(63))
  .map(([value, bits]) => value >> BigInt(bits))
const anyPage = fc.record({
  version: fc.integer({ min: 0, max: 0xffff_ffff }),
  tsc_timestamp: word,
  system_time: word,
  tsc_to_system_mul: fc.integer({ min: 1, max: 0xffff_ffff }),
  tsc_shift: fc.integer({ min: -63, max: 63 }),
  flags: fc.nat(255),
})

const page: TimePage = {
  version: 2,
  tsc_timestamp: 1000n,
  system_time: 5n,
  tsc_to_system_mul: 3_579_139_413,
  tsc_shift: -1,
  flags: 0,
}

test('every step, and the readers that go wrong, agree with integers of any size', () => {
  fc.assert(
    fc.property(anyPage, word, (fields, tsc) => {
      const report = read(fields, tsc)
      const [mul, shift] = [BigInt(fields.tsc_to_system_mul), BigInt(fields.tsc_shift)]
      const delta = u64(tsc - fields.tsc_timestamp)
      const shifted = shift < 0n ? delta >> -shift : u64(delta << shift)
      const signed = shift < 0n ? u64(s64(delta) >> -shift) : shifted
      const plus = (ns: bigint) => u64(fields.system_time + ns)
      expect(report).toMatchObject({
        page: fields,
        delta,
        tscBehind: tsc < fields.tsc_timestamp,
        shifted,
        shiftLoses: shift > 0n && delta << shift !== shifted,
        product: shifted * mul,
        scaledNs: scaleDeltaModel(delta, mul, shift),
        ns: plus(scaleDeltaModel(delta, mul, shift)),
        whole: fields.version % 2 === 0,
        stable: (fields.flags & 1) === 1,
        guestStopped: (fields.flags & 2) === 2,
      })
      const { singleProduct, signedShift, noVersionCheck } = report.wrongReaders
      expect(singleProduct.ns).toBe(plus(u64(shifted * mul) >> 32n))
      expect(signedShift.ns).toBe(plus((signed * mul) >> 32n))
      expect([singleProduct.right, signedShift.right]).toEqual([
        singleProduct.ns === report.ns,
        signedShift.ns === report.ns,
      ])
      expect([noVersionCheck.ns, noVersionCheck.right]).toEqual([report.ns, report.whole])
      expect(read(timePageBytes(fields), tsc)).toEqual(report)
    }),
  )
})

test('reads recorded pages as Linux does', () => {
  const rows = readVectors('pvclock_read')
  expect(rows.length).toBe(2000)
  for (const row of rows) {
    const number = (column: string) => Number(row.text(column))
    const fields = {
      version: number('version'),
      tsc_timestamp: row.number('tsc_timestamp'),
      system_time: row.number('system_time'),
      tsc_to_system_mul: number('tsc_to_system_mul'),
      tsc_shift: number('tsc_shift'),
      flags: number('flags'),
    }
    expect(read(fields, row.number('tsc')).ns).toBe(row.number('linux_ns'))
  }
})

test('says why a wrong reader is wrong here, or right', () => {
  const early = read(page, 1000n + 10_307_921_511n).wrongReaders
  expect(early.singleProduct).toMatchObject({ right: true, why: 'right here: the product fits in 64 bits' })
  const late = read(page, 1000n + 10_307_921_512n).wrongReaders
  expect(late.singleProduct).toMatchObject({ right: false, ns: 5n, why: expect.stringContaining('65 bits') })
  const behind = read(page, 999n)
  expect(behind.tscBehind).toBe(true)
  expect(behind.wrongReaders.signedShift).toMatchObject({
    right: false,
    why: expect.stringContaining('top bit set'),
  })
  expect(read({ ...page, tsc_shift: 1 }, 999n).wrongReaders.signedShift).toMatchObject({
    right: true,
    why: expect.stringContaining('nothing is shifted to the right'),
  })
  expect(read({ ...page, version: 3 }, 1000n).wrongReaders.noVersionCheck.why).toContain('the version is odd')
})

test.each([
  [{ tsc_to_system_mul: 0 }, 'tsc_to_system_mul is 0'],
  [{ tsc_shift: 64 }, 'tsc_shift 64'],
  [{ tsc_shift: -64 }, 'tsc_shift -64'],
  [{ tsc_shift: 128 }, 'tsc_shift 128; expected a number from -128 to 127'],
  [{ version: 2 ** 32 }, 'version 4294967296; expected a number from 0 to 4294967295'],
  [{ flags: 256 }, 'flags 256'],
  [{ tsc_to_system_mul: 2 ** 32 }, 'tsc_to_system_mul 4294967296'],
  [{ system_time: -1n }, 'system_time -1'],
])('%o is refused', (wrong, why) => {
  expect(() => read({ ...page, ...wrong }, 0n)).toThrow(MathError)
  expect(() => read({ ...page, ...wrong }, 0n)).toThrow(why)
})

test('a TSC of more than 64 bits and a page of another size are refused', () => {
  expect(() => read(page, 1n << 64n)).toThrow('the TSC 18446744073709551616')
  expect(() => read(new Uint8Array(31), 0n)).toThrow('a page of 31 bytes; expected 32')
})
