/** Numbers on the command line. */
import { FREQUENCY, parseQuantity, UnitError } from '../../scenario/units.js'
import { InputError } from '../output.js'

const FORM = 'expected a whole number such as 2400000000, 0x8f0d1800 or 2^32'
const MAX_LENGTH = 60

/** Decimal, hexadecimal, or a power of two; any size, and any sign. The library says what is too large. */
export function integer(text: string): bigint {
  const [, sign, digits] = /^(-?)(\d+|0x[\da-f]+|2\^\d{1,3})$/i.exec(text.slice(0, MAX_LENGTH)) ?? []
  if (digits === undefined || text.length > MAX_LENGTH)
    throw new InputError(`the number ${JSON.stringify(text.slice(0, MAX_LENGTH))}; ${FORM}`)
  const size = digits.startsWith('2^') ? 1n << BigInt(digits.slice(2)) : BigInt(digits)
  return sign === '-' ? -size : size
}

/** A number of Hz, or a frequency with its unit. */
export function hertz(text: string): bigint {
  if (!/[a-z]$/i.test(text) || /^0x/i.test(text)) return integer(text)
  try {
    return parseQuantity(text, FREQUENCY)
  } catch (error) {
    throw error instanceof UnitError ? new InputError(error.message) : error
  }
}

/** A number that counts things of which there are not many. */
export function count(text: string): number {
  const value = integer(text)
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < 0n)
    throw new InputError(`the number ${text}; expected 0 to ${Number.MAX_SAFE_INTEGER}`)
  return Number(value)
}

/** The frequency of `--hz` or `--khz`, whichever was given. */
export function frequencyOf({ hz, khz }: { hz?: bigint; khz?: bigint }): bigint {
  if (hz !== undefined && khz !== undefined)
    throw new InputError('--hz and --khz at once; expected one of them')
  if (hz === undefined && khz === undefined) throw new InputError('no frequency; expected --hz N or --khz N')
  return hz ?? khz! * 1000n
}

/** An option that is needed. */
export function required<T>(value: T | undefined, option: string): T {
  if (value === undefined) throw new InputError(`no ${option}; expected it`)
  return value
}
