/** What the reports of the math commands have in common: figures for people, and for programs. */
import { decimal, type Fraction, fixed, fraction } from '../../math/fraction.js'
import type { Horizon, RateError, Scale } from '../../math/index.js'
import type { Json } from '../../report/json.js'
import { WIDTH, wrap } from '../../report/style.js'

const YEAR_S = 31_557_600n
const DAY_S = 86_400n
const PPB = 1_000_000_000n

/** A line of a report: what it is about, and the figure; what does not fit goes below it. */
export function entry(name: string, figure: string, width = 24): string[] {
  const label = `  ${name}`.padEnd(width)
  const lines = wrap(figure, 0, WIDTH - width)
  return lines.map((line, i) => (i === 0 ? label : ' '.repeat(width)) + line)
}

/** `slow by 0.0931 ppb`, cut after so many digits that matter. */
export function shortError({ direction, fraction: off }: RateError): string {
  return direction === 'exact' ? 'exact' : `${direction} by ${shortPpb(off)}`
}

/** Parts per billion, with four digits or more. */
export function shortPpb(off: Fraction): string {
  const ppb = fraction(off.num * PPB, off.den)
  if (ppb.num === 0n) return '0 ppb'
  let places = 4
  while (places < 24 && ppb.num * 10n ** BigInt(places - 3) < ppb.den) places++
  return `${fixed(ppb, places)} ppb`
}

export function shortFraction({ num, den }: Fraction): string {
  return `${num}/${den}`
}

/** `4.295 s`, `23.1 d`, `243.56 y`. */
export function shortSpan(seconds: Fraction): string {
  const { num, den } = seconds
  if (num >= YEAR_S * den) return `${fixed(fraction(num, den * YEAR_S), 2)} y`
  if (num >= 2n * DAY_S * den) return `${fixed(fraction(num, den * DAY_S), 2)} d`
  let places = 3
  while (places < 12 && num * 10n ** BigInt(places - 1) < den) places++
  return `${fixed(seconds, places)} s`
}

/** ns behind true time: `8047 ns behind`, `3 ns ahead`. */
export function behind(ns: bigint | null): string {
  if (ns === null) return 'the TSC wraps before'
  return ns < 0n ? `${-ns} ns ahead` : `${ns} ns behind`
}

/** The same for a decimal number of ns. */
export function behindDecimal(ns: string): string {
  return ns.startsWith('-') ? `${ns.slice(1)} ns ahead` : `${ns} ns behind`
}

export function scaleText({ mul, shift }: Scale): string {
  return `mul ${mul}, shift ${shift}`
}

export const text64 = (value: bigint | null): string | null => (value === null ? null : `${value}`)

export function fractionJson({ num, den }: Fraction): Json {
  return { num: `${num}`, den: `${den}` }
}

export function errorJson({ direction, fraction: off, ppb }: RateError): Json {
  return { direction, fraction: fractionJson(off), ppb }
}

export function horizonJson(horizon: Horizon | null): Json {
  if (horizon === null) return null
  const { ticks, seconds, years } = horizon
  return { ticks: `${ticks}`, seconds: decimal(seconds, 9), years }
}
