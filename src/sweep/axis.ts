/**
 * Axes of a sweep, from the words of a command line: `path=a,b,c` or `path=from..to/steps`.
 *
 * A path leads to a key of the scenario's document: `hosts.b.wall.offset`, `events[0].downtime`. Values are written as
 * in a scenario. A range is of durations, frequencies, rates or whole numbers; both ends belong to it.
 */

import { DURATION, FREQUENCY, parseQuantity, type Quantity, RATE, UnitError } from '../scenario/units.js'
import type { Random } from '../search/random.js'

/** What is wrong with a sweep: the message says what, and what is expected. */
export class SweepError extends Error {
  override readonly name = 'SweepError'
}

export interface Axis {
  /** As it was written. */
  readonly path: string
  readonly keys: readonly (string | number)[]
  /** What a grid goes through; of a range its steps. */
  readonly values: readonly string[]
  /** One of the values, or of a range anything between its ends. */
  draw(random: Random): string
  /** Which of `values` a value is, or of a range is nearest to. */
  column(value: string): number
}

const MOST_VALUES = 10_000
/** Of a range that does not say it. */
const STEPS = 8
const KINDS: readonly Quantity[] = [DURATION, FREQUENCY, RATE]
const FORM = 'expected PATH=a,b,c or PATH=from..to/steps, as hosts.b.uptime=1 d..30 d/6'

/** Throws SweepError. */
export function readAxis(text: string): Axis {
  const equals = text.indexOf('=')
  const [path, given] = [text.slice(0, equals).trim(), text.slice(equals + 1).trim()]
  if (equals < 1 || given === '') throw new SweepError(`${JSON.stringify(text)} is no axis; ${FORM}`)
  const keys = keysOf(path)
  if (given.includes('..')) return { path, keys, ...range(given, text) }
  const values = given.split(',').map((value) => value.trim())
  if (values.includes('')) throw new SweepError(`${JSON.stringify(text)} has an empty value; ${FORM}`)
  return {
    path,
    keys,
    values,
    draw: (random) => random.pick(values),
    column: (value) => values.indexOf(value),
  }
}

function keysOf(path: string): (string | number)[] {
  const keys: (string | number)[] = []
  for (const part of path.split('.')) {
    const match = /^([\w-]+)((?:\[\d+\])*)$/.exec(part)
    if (!match)
      throw new SweepError(`the path ${JSON.stringify(path)}; expected keys as in events[0].downtime`)
    keys.push(match[1]!, ...[...match[2]!.matchAll(/\d+/g)].map(([index]) => Number(index)))
  }
  return keys
}

function range(given: string, text: string): Pick<Axis, 'values' | 'draw' | 'column'> {
  const [ends, count, ...more] = given.split('/').map((part) => part.trim())
  const [low, high, ...others] = ends!.split('..').map((end) => end.trim())
  const steps = count === undefined ? STEPS : Number(count)
  if (more.length > 0 || others.length > 0 || !Number.isInteger(steps) || steps < 2 || steps > MOST_VALUES)
    throw new SweepError(
      `${JSON.stringify(text)} is no range; expected from..to/steps with 2 to ${MOST_VALUES} steps`,
    )
  const { from, to, read, show } = quantities(low!, high!, text)
  const at = (step: number) => from + ((to - from) * BigInt(step)) / BigInt(steps - 1)
  return {
    values: Array.from({ length: steps }, (_, step) => show(at(step))),
    draw: (random) => show(from <= to ? random.bigint(from, to) : random.bigint(to, from)),
    column: (value) =>
      from === to
        ? 0
        : Number(((read(value) - from) * BigInt(2 * (steps - 1)) + (to - from)) / (2n * (to - from))),
  }
}

/** Both ends as whole numbers of one unit. */
function quantities(low: string, high: string, text: string) {
  if (/^-?\d+$/.test(low) && /^-?\d+$/.test(high))
    return { from: BigInt(low), to: BigInt(high), read: BigInt, show: (value: bigint) => `${value}` }
  for (const kind of KINDS) {
    try {
      const [from, to] = [parseQuantity(low, kind), parseQuantity(high, kind)]
      // What is in whole kHz stays so: kernels and hypervisors keep some frequencies that way.
      const step = kind === FREQUENCY && from % 1000n === 0n && to % 1000n === 0n ? 1000n : 1n
      return {
        from,
        to,
        read: (value: string) => parseQuantity(value, kind),
        show: (value: bigint) => kind.format(value - (value % step)),
      }
    } catch (error) {
      if (!(error instanceof UnitError)) throw error
    }
  }
  throw new SweepError(
    `${JSON.stringify(text)}: its ends are not of one kind; expected two durations, frequencies, rates or whole numbers`,
  )
}
