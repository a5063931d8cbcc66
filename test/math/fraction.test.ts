import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decimal, fixed, fraction, minus, nearest, scientific, times } from '../../src/math/fraction.js'
import { isCutDecimal } from './model.js'

const part = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })
const den = fc.bigInt({ min: 1n, max: 10n ** 30n })

test('fractions are reduced, and their sign is above', () => {
  expect(fraction(6n, -4n)).toEqual({ num: -3n, den: 2n })
  expect(fraction(0n, 7n)).toEqual({ num: 0n, den: 1n })
  expect(() => fraction(1n, 0n)).toThrow(RangeError)
  fc.assert(
    fc.property(part, den, part, den, (a, b, c, d) => {
      const difference = minus(fraction(a, b), fraction(c, d))
      expect(difference.num * b * d).toBe((a * d - c * b) * difference.den)
      const product = times(fraction(a, b), fraction(c, d))
      expect(product.num * b * d).toBe(a * c * product.den)
    }),
  )
})

test('decimals are cut, not rounded', () => {
  expect(decimal(fraction(2n, 3n), 4)).toBe('0.6666')
  expect(decimal(fraction(-2n, 3n), 0)).toBe('0')
  expect(decimal(fraction(-5n, 2n), 3)).toBe('-2.5')
  expect(decimal(fraction(1n, 1_000_000n), 3)).toBe('0')
  fc.assert(
    fc.property(part, den, (a, b) => {
      const text = decimal(fraction(a, b), 12)
      expect(/^-?\d+(\.\d*[1-9])?$/.test(text)).toBe(true)
      if (text !== '0') expect(isCutDecimal(text, a, b)).toBe(true)
    }),
  )
})

test('rounding goes to the nearest, from the middle to the even', () => {
  expect([1n, 3n, 5n, -1n, -3n].map((n) => nearest(fraction(n, 2n)))).toEqual([0n, 2n, 2n, 0n, -2n])
  expect(fixed(fraction(2n, 3n), 3)).toBe('0.667')
  expect(fixed(fraction(-1n, 8n), 2)).toBe('-0.12')
  expect(fixed(fraction(199n, 200n), 1)).toBe('1.0')
  expect(fixed(fraction(7n), 0)).toBe('7')
  fc.assert(
    fc.property(part, den, (a, b) => {
      const off = nearest(fraction(a, b)) * b - a
      expect(2n * (off < 0n ? -off : off)).toBeLessThanOrEqual(b)
    }),
  )
})

test('as C prints %.4e', () => {
  expect(scientific(fraction(0n), 4)).toBe('0.0000e+00')
  expect(scientific(fraction(1n, 10_737_418_240n), 4)).toBe('9.3132e-11')
  expect(scientific(fraction(99_999_999n), 4)).toBe('1.0000e+08')
  expect(scientific(fraction(-1n, 3n), 2)).toBe('-3.33e-01')
  expect(scientific(fraction(10n ** 120n), 1)).toBe('1.0e+120')
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      (a, b) => {
        const [digits, power] = (a / b).toExponential(4).split('e') as [string, string]
        const padded = power.replace(/^([+-])(\d)$/, '$10$2')
        expect(scientific(fraction(BigInt(a), BigInt(b)), 4)).toBe(`${digits}e${padded}`)
      },
    ),
    { seed: 4 },
  )
})
