/**
 * The kinds of values a scenario is made of, as zod schemas from what the file says to what the program uses.
 *
 * The text of an error follows one rule, which problems.ts relies on: it is either the *expected form* alone
 * ("a frequency such as …"), or, where only this place knows what is wrong, `what is wrong; expected form`.
 */
import { z } from 'zod'
import { isRange, readRange } from './draw.js'
import { DURATION, FREQUENCY, parseQuantity, type Quantity, RATE, SIZE, UnitError } from './units.js'

const EXPECTED = '; expected '

/** True for an error text that says itself what is wrong. */
export function isWhole(message: string): boolean {
  return message.includes(EXPECTED)
}

interface QuantityRules {
  /** The value is a whole number of these. */
  readonly step?: bigint
  readonly stepName?: string
  /** The same for every seed: no range. */
  readonly fixed?: boolean
}

function quantity(kind: Quantity, least: string, most: string, about: string, rules: QuantityRules = {}) {
  const { step = 1n, stepName = '', fixed = false } = rules
  const [min, max] = [parseQuantity(least, kind), parseQuantity(most, kind)]
  const allowed = `from ${least} to ${most}`
  const one = (text: string): bigint => {
    const value = parseQuantity(text, kind)
    if (value >= min && value <= max && value % step === 0n) return value
    const wrong = value < min ? 'too small' : value > max ? 'too large' : `not a whole number of ${stepName}`
    throw new UnitError(
      `${JSON.stringify(text)} is ${wrong}${EXPECTED}${allowed}${stepName && `, whole ${stepName}`}`,
    )
  }
  return z
    .string({
      error: ({ input }) =>
        typeof input === 'number' || typeof input === 'bigint'
          ? `${input} is a number without a unit${EXPECTED}${kind.form}`
          : kind.form,
    })
    .transform((text, context) => {
      try {
        if (!isRange(text)) return one(text)
        if (!fixed) return readRange(text, kind, step, one)
        context.addIssue(`${JSON.stringify(text.slice(0, 60))} is a range${EXPECTED}one value ${allowed}`)
      } catch (error) {
        if (!(error instanceof UnitError)) throw error
        context.addIssue(error.message)
      }
      return z.NEVER
    })
    .meta({ description: `${about} (${allowed}${fixed ? '' : ', or a range low .. high'})` })
}

/** Nanoseconds as bigint, least … most; or a Range of them, here and below unless it is `fixed`. */
export const duration = (least: string, most: string, about: string, rules?: QuantityRules) =>
  quantity(DURATION, least, most, about, rules)

/** Hz as bigint, least … most. */
export const frequency = (least: string, most: string, about: string) =>
  quantity(FREQUENCY, least, most, about)

/** Hz as bigint, a whole number of kHz: what x86 kernels and hypervisors keep. */
export const wholeKhz = (least: string, most: string, about: string) =>
  quantity(FREQUENCY, least, most, about, { step: 1_000n, stepName: 'kHz' })

/** Parts per billion as bigint, least … 10 %. */
export const rate = (about: string, least = '-10 %', rules?: QuantityRules) =>
  quantity(RATE, least, '10 %', about, rules)

/** Bytes as bigint, a whole number of WebAssembly pages; fixed. */
export const size = (least: string, most: string, about: string) =>
  quantity(SIZE, least, most, about, { step: 65_536n, stepName: 'pages of 64 KiB', fixed: true })

export function integer(min: number, max: number, about: string) {
  const form = `a whole number from ${min} to ${max}`
  return z
    .int({ error: form })
    .min(min, { error: form })
    .max(max, { error: form })
    .meta({ description: about })
}

/** The count of a 64-bit register, as bigint. */
export function count64(about: string) {
  const most = 2n ** 64n - 1n
  const error = `a whole number from 0 to ${most}`
  return z
    .union(
      [z.int({ error }).min(0, { error }), z.bigint({ error }).min(0n, { error }).max(most, { error })],
      { error },
    )
    .transform(BigInt)
    .meta({ description: about })
}

export const flag = (about: string) => z.boolean({ error: 'true or false' }).meta({ description: about })

/** One of a few words. The error's form is made from the values, see problems.ts. */
export const word = <const T extends readonly string[]>(values: T, about: string) =>
  z.enum(values).meta({ description: about })

/** Free text, one line or more; no control characters, so that it is safe to print. */
export const text = (maximum: number, about: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  printable(maximum, /^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$/, 'a text', about)

export const line = (maximum: number, about: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  printable(maximum, /^[^\x00-\x1f\x7f-\x9f]*$/, 'one line', about)

function printable(maximum: number, allowed: RegExp, what: string, about: string) {
  const error = `${what} of 1 to ${maximum} characters without control characters`
  return z
    .string({ error })
    .trim()
    .min(1, { error })
    .max(maximum, { error })
    .regex(allowed, { error })
    .meta({ description: about })
}

/** A name that is used elsewhere in the file or on a command line. */
export function name(about: string) {
  const error =
    'a name of lower-case letters, digits and dashes, at most 64 characters, not starting with a dash'
  return z
    .string({ error })
    .max(64, { error })
    .regex(/^[a-z0-9][a-z0-9-]*$/, { error })
    .meta({ description: about })
}

const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

/** RFC 3339 with up to nine decimals to ns since the Unix epoch; years 1970 to 2400. */
export function instant(about: string) {
  const error =
    'a time such as 2008-08-06T20:46:57Z or 2008-08-06T20:46:57.123456789+02:00, years 1970 to 2400'
  return z
    .string({ error })
    .transform((written, context) => {
      const ns = parseInstantNs(written)
      if (ns !== null) return ns
      context.addIssue(`${JSON.stringify(written.slice(0, 60))} is not such a time${EXPECTED}${error}`)
      return z.NEVER
    })
    .meta({ description: about })
}

/** null where the text is no such time. Leap seconds (`:60`) have no place in Unix time and are refused. */
export function parseInstantNs(written: string): bigint | null {
  const match = INSTANT.exec(written)
  if (!match) return null
  const part = (index: number): number => Number(match[index] ?? 0)
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)]
  if (year < 1970 || year > 2400 || month < 1 || month > 12 || day < 1 || day > monthDays(year, month))
    return null
  if (hour > 23 || minute > 59 || second > 59 || part(9) > 23 || part(10) > 59) return null
  const offset = (match[8] === '-' ? -60 : 60) * (part(9) * 60 + part(10))
  const seconds = daysSinceEpoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
  return seconds < 0 ? null : BigInt(seconds) * 1_000_000_000n + BigInt((match[7] ?? '').padEnd(9, '0'))
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function monthDays(year: number, month: number): number {
  return month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** Days of the Gregorian calendar since 1970-01-01. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const before = year - 1
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 477
  let days = (year - 1970) * 365 + leapDays + day - 1
  for (let m = 1; m < month; m++) days += monthDays(year, m)
  return days
}

/** A mapping with these keys and no other. The text of its "unknown key" error is the list of the known ones. */
export function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape, about: string) {
  return z
    .strictObject(shape, {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? Object.keys(shape).join(', ')
          : `a mapping with ${Object.keys(shape).join(', ')}`,
    })
    .meta({ description: about })
}

export function list<Item extends z.ZodType>(item: Item, maximum: number, form: string, about: string) {
  const error = `a list of ${form}, at most ${maximum}`
  return z.array(item, { error }).max(maximum, { error }).meta({ description: about })
}
