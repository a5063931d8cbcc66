/** What is refused, and the widths of the real functions' numbers. */

/**
 * An input with which the real function hangs, divides by zero or gives a wrong answer, or that its types cannot
 * hold. The message says which, and what is expected.
 */
export class MathError extends Error {
  override readonly name = 'MathError'
}

export const U32_MAX = 0xffff_ffffn
export const U64_MAX = 0xffff_ffff_ffff_ffffn
export const NS_PER_S = 1_000_000_000n
export const DAY_S = 86_400n
/** 365.25 days. */
export const JULIAN_YEAR_S = 31_557_600n

/** Refuses what a type of `bits` bits cannot hold. */
export function checkWord(what: string, value: bigint, bits: number, signed = false): bigint {
  const fits = signed
    ? BigInt.asIntN(bits, value) === value
    : value >= 0n && BigInt.asUintN(bits, value) === value
  if (fits) return value
  const most = (1n << BigInt(signed ? bits - 1 : bits)) - 1n
  throw new MathError(`${what} ${value}; expected a number from ${signed ? -most - 1n : 0} to ${most}`)
}

export const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value)
export const signed = (value: bigint): bigint => BigInt.asIntN(64, value)
