/** Models of the math library with integers of any size, written from the descriptions of the real functions. */
import { NS_PER_S } from '../helpers/core.js'

export interface Scale {
  mul: bigint
  shift: bigint
}

/** Xen's scale for ticks of `hz`. */
export function xenScale(hz: bigint): Scale {
  let [ticks, shift] = [hz, 0n]
  for (; ticks > 2n * NS_PER_S; ticks >>= 1n) shift--
  for (; ticks <= NS_PER_S; ticks <<= 1n) shift++
  return { mul: (NS_PER_S << 32n) / ticks, shift }
}

/** 1 minus the rate of a scale over the true one, as [numerator, denominator]: positive where the clock is slow. */
export function relativeError(hz: bigint, { mul, shift }: Scale): [num: bigint, den: bigint] {
  const one = NS_PER_S << 96n
  return [one - ((hz * mul) << (64n + shift)), one]
}

/** kHz that Linux derives from a scale. */
export function linuxKhz({ mul, shift }: Scale): bigint {
  const khz = (1_000_000n << 32n) / mul
  return shift < 0n ? khz << -shift : khz >> shift
}

/** Compares num/den with the decimal text of it, cut after its digits. */
export function isCutDecimal(text: string, num: bigint, den: bigint): boolean {
  const [whole, digits = ''] = text.replace('-', '').split('.')
  const scaled = (num < 0n ? -num : num) * 10n ** BigInt(digits.length)
  return BigInt(whole! + digits) === scaled / den && text.startsWith('-') === num < 0n
}
