/** Exact fractions, and decimals cut from them: what an error is, to any digit. */

/** A reduced fraction; den is positive. */
export interface Fraction {
  readonly num: bigint
  readonly den: bigint
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

export function fraction(num: bigint, den = 1n): Fraction {
  if (den === 0n) throw new RangeError('a fraction with denominator 0')
  const [n, d] = den < 0n ? [-num, -den] : [num, den]
  const divisor = gcd(n, d)
  return { num: n / divisor, den: d / divisor }
}

export function times(a: Fraction, b: Fraction | bigint): Fraction {
  return typeof b === 'bigint' ? fraction(a.num * b, a.den) : fraction(a.num * b.num, a.den * b.den)
}

export function minus(a: Fraction, b: Fraction): Fraction {
  return fraction(a.num * b.den - b.num * a.den, a.den * b.den)
}

/**
 * The value in decimal, without rounding: the digits beyond `places` are left out. An exact value of fewer places
 * is not filled up.
 */
export function decimal({ num, den }: Fraction, places: number): string {
  const size = num < 0n ? -num : num
  const digits = `${(size * 10n ** BigInt(places)) / den}`.padStart(places + 1, '0')
  const point = digits.length - places
  const rest = digits.slice(point).replace(/0+$/, '')
  const text = rest === '' ? digits.slice(0, point) : `${digits.slice(0, point)}.${rest}`
  return num < 0n && /[1-9]/.test(text) ? `-${text}` : text
}

/** num/den rounded to the nearest integer, halves to the even one. */
export function nearest({ num, den }: Fraction): bigint {
  const floor = num >= 0n ? num / den : -((-num + den - 1n) / den)
  const twice = 2n * (num - floor * den)
  return twice > den || (twice === den && floor % 2n !== 0n) ? floor + 1n : floor
}

/** With exactly `places` decimals, rounded. */
export function fixed(value: Fraction, places: number): string {
  const scaled = nearest(times(value, 10n ** BigInt(places)))
  const digits = `${scaled < 0n ? -scaled : scaled}`.padStart(places + 1, '0')
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
  return scaled < 0n ? `-${text}` : text
}

/** As C's `%.4e` has it: one digit, `places` decimals, rounded, and an exponent of at least two digits. */
export function scientific(value: Fraction, places: number): string {
  if (value.num === 0n) return `${fixed(value, places)}e+00`
  const size = value.num < 0n ? fraction(-value.num, value.den) : value
  let exponent = `${size.num}`.length - `${size.den}`.length
  const shifted = () =>
    exponent >= 0
      ? fraction(size.num, size.den * 10n ** BigInt(exponent))
      : fraction(size.num * 10n ** BigInt(-exponent), size.den)
  if (shifted().num < shifted().den) exponent--
  let digits = fixed(shifted(), places)
  if (digits.startsWith('10')) {
    exponent++
    digits = fixed(shifted(), places)
  }
  const sign = exponent < 0 ? '-' : '+'
  const power = `${Math.abs(exponent)}`.padStart(2, '0')
  return `${value.num < 0n ? '-' : ''}${digits}e${sign}${power}`
}
