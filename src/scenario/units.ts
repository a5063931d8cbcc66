/**
 * Quantities as people write them (`2.4 GHz`, `1 h 30 min`, `-40 ppm`) to exact integers and back.
 *
 * A decimal is never rounded: `0.3 ns` is refused, because nothing here is finer than a nanosecond, a hertz or
 * a part per billion. What a `format…` function prints, the matching `parse…` function reads back to the same
 * integer.
 */

type Unit = readonly [name: string, size: bigint]

const US = 1_000n
const MS = 1_000n * US
const SECOND = 1_000n * MS
const MINUTE = 60n * SECOND
const HOUR = 60n * MINUTE
const DAY = 24n * HOUR
/** The Julian year of 365.25 days. */
const YEAR = (DAY * 1461n) / 4n

// Largest first: a compound duration names its units in this order.
const DURATION_UNITS: readonly Unit[] = [
  ['y', YEAR],
  ['d', DAY],
  ['h', HOUR],
  ['min', MINUTE],
  ['s', SECOND],
  ['ms', MS],
  ['us', US],
  ['µs', US], // U+00B5 micro sign
  ['μs', US], // U+03BC Greek mu
  ['ns', 1n],
]
const FREQUENCY_UNITS: readonly Unit[] = [
  ['GHz', 1_000_000_000n],
  ['MHz', 1_000_000n],
  ['kHz', 1_000n],
  ['Hz', 1n],
]
const RATE_UNITS: readonly Unit[] = [
  ['%', 10_000_000n],
  ['ppm', 1_000n],
  ['ppb', 1n],
]
const SIZE_UNITS: readonly Unit[] = [
  ['GiB', 1n << 30n],
  ['MiB', 1n << 20n],
  ['KiB', 1n << 10n],
]

export interface Quantity {
  readonly units: readonly Unit[]
  /** What "expected …" says. */
  readonly form: string
  readonly smallest: string
  readonly signed: boolean
  readonly compound: boolean
  /** Prints what parseQuantity reads. */
  readonly format: (value: bigint) => string
}

export const DURATION: Quantity = {
  units: DURATION_UNITS,
  form: 'a duration such as 300 ms, 1.5 s or 1 h 30 min (units ns, us, ms, s, min, h, d, y)',
  smallest: 'nanosecond',
  signed: true,
  compound: true,
  format: formatDurationNs,
}
export const FREQUENCY: Quantity = {
  units: FREQUENCY_UNITS,
  form: 'a frequency such as 2.4 GHz or 512 MHz (units Hz, kHz, MHz, GHz)',
  smallest: 'hertz',
  signed: false,
  compound: false,
  format: formatHz,
}
export const RATE: Quantity = {
  units: RATE_UNITS,
  form: 'a rate such as 12 ppm, -3.5 ppm, 40 ppb or 0.1 % (units ppm, ppb, %)',
  smallest: 'part per billion',
  signed: true,
  compound: false,
  format: formatPpb,
}
export const SIZE: Quantity = {
  units: SIZE_UNITS,
  form: 'a size such as 1 MiB (units KiB, MiB, GiB)',
  smallest: 'byte',
  signed: false,
  compound: false,
  format: formatBytes,
}

/** A quantity that cannot be read. The message is `what is wrong; expected …`. */
export class UnitError extends Error {
  override readonly name = 'UnitError'
}

// No exponents and no separators: they are read in several ways. 60 characters hold any number that is in range.
const MAX_LENGTH = 60
const TERM = /^(\d+)(?:\.(\d+))?\s*([^\d\s.+-]*)\s*/u

/** Reads a quantity to a whole number of its smallest unit. Throws UnitError. */
export function parseQuantity(text: string, quantity: Quantity): bigint {
  const refuse = (what: string): never => {
    throw new UnitError(`${what}; expected ${quantity.form}`)
  }
  if (text.length > MAX_LENGTH) refuse(`a quantity of ${text.length} characters`)
  const shown = JSON.stringify(text)
  const sign = /^\s*([+-]?)\s*/.exec(text)!
  if (sign[1] && !quantity.signed) refuse(`${shown} has a sign`)
  let rest = text.slice(sign[0].length)
  let total = 0n
  let previous = -1
  do {
    const term = TERM.exec(rest) ?? refuse(`${shown} is not a number with a unit`)
    const [whole, decimals = '', name] = [term[1]!, term[2], term[3]!]
    if (name === '') refuse(`${shown} has no unit`)
    const index = quantity.units.findIndex(([known]) => known === name)
    const unit = quantity.units[index] ?? refuse(`${shown} has the unknown unit ${JSON.stringify(name)}`)
    if (previous >= 0 && !quantity.compound) refuse(`${shown} has more than one number`)
    // Equal sizes (us, µs) count as the same unit.
    if (previous >= 0 && quantity.units[previous]![1] <= unit[1]) {
      refuse(`${shown} does not name its units from the largest to the smallest, each once`)
    }
    rest = rest.slice(term[0].length)
    if (decimals !== '' && rest !== '') refuse(`${shown} has decimals before its last unit`)
    const scaled = BigInt(whole + decimals) * unit[1]
    const divisor = 10n ** BigInt(decimals.length)
    if (scaled % divisor !== 0n) refuse(`${shown} is not a whole number of ${plural(quantity.smallest)}`)
    total += scaled / divisor
    previous = index
  } while (rest !== '')
  return sign[1] === '-' ? -total : total
}

function plural(unit: string): string {
  return unit === 'hertz' ? unit : unit === 'part per billion' ? 'parts per billion' : `${unit}s`
}

/** `1.5 s`, `-1 h 30 min` → ns. Units ns us ms s min h d y (365.25 d). Throws UnitError. */
export function parseDurationNs(text: string): bigint {
  return parseQuantity(text, DURATION)
}

/** `2.4 GHz` → Hz. Throws UnitError. */
export function parseHz(text: string): bigint {
  return parseQuantity(text, FREQUENCY)
}

/** `-40 ppm`, `0.1 %` → parts per billion. Throws UnitError. */
export function parsePpb(text: string): bigint {
  return parseQuantity(text, RATE)
}

/** `1 MiB` → bytes. Throws UnitError. */
export function parseBytes(text: string): bigint {
  return parseQuantity(text, SIZE)
}

/**
 * Below a minute one number (`20.83 s`, `300 ms`), from there on whole units down to decimal seconds
 * (`1 h 30 min`, `100 d 0.5 s`); whole years as years.
 */
export function formatDurationNs(ns: bigint): string {
  if (ns < 0n) return `-${formatDurationNs(-ns)}`
  if (ns === 0n) return '0 s'
  if (ns % YEAR === 0n) return `${ns / YEAR} y`
  if (ns < MINUTE) return withUnit(ns, DURATION_UNITS)
  const terms: string[] = []
  let rest = ns
  for (const [name, size] of [
    ['d', DAY],
    ['h', HOUR],
    ['min', MINUTE],
  ] as const) {
    if (rest >= size) terms.push(`${rest / size} ${name}`)
    rest %= size
  }
  if (rest > 0n) terms.push(`${decimal(rest, SECOND)} s`)
  return terms.join(' ')
}

/** `2.4 GHz`, with as many decimals as it takes. */
export function formatHz(hz: bigint): string {
  return withUnit(hz, FREQUENCY_UNITS)
}

/** `12 ppm`, `-40 ppb`, `2.4 %`, with as many decimals as it takes. */
export function formatPpb(ppb: bigint): string {
  if (ppb < 0n) return `-${formatPpb(-ppb)}`
  return ppb === 0n ? '0 ppm' : withUnit(ppb, RATE_UNITS)
}

/** `1 MiB`: the largest unit that it is a whole number of; bytes below that. */
export function formatBytes(bytes: bigint): string {
  const unit = SIZE_UNITS.find(([, size]) => bytes > 0n && bytes % size === 0n)
  return unit ? `${bytes / unit[1]} ${unit[0]}` : `${bytes} B`
}

/** In the largest unit that is not larger than the value. */
function withUnit(value: bigint, units: readonly Unit[]): string {
  const [name, size] = units.find(([, unitSize]) => unitSize <= value) ?? units[units.length - 1]!
  return `${decimal(value, size)} ${name}`
}

/** value / size as an exact decimal; size is a power of ten. */
function decimal(value: bigint, size: bigint): string {
  const whole = value / size
  const rest = value % size
  if (rest === 0n) return `${whole}`
  const digits = `${size}`.length - 1
  return `${whole}.${`${rest}`.padStart(digits, '0').replace(/0+$/, '')}`
}
