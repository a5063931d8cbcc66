/** Scales of plots: steps that people count in, and their labels. All integers, in ns. */
import { formatDurationNs } from '../scenario/units.js'

const S = 1_000_000_000n
const MIN = 60n * S
const HOUR = 60n * MIN
const DAY = 24n * HOUR
const YEAR = (DAY * 1461n) / 4n

interface Unit {
  readonly ns: bigint
  readonly name: string
}

const UNITS: readonly Unit[] = [
  { ns: 1n, name: 'ns' },
  { ns: 1_000n, name: 'µs' },
  { ns: 1_000_000n, name: 'ms' },
  { ns: S, name: 's' },
  { ns: HOUR, name: 'h' },
  { ns: DAY, name: 'd' },
  { ns: YEAR, name: 'y' },
]

export interface Step {
  readonly ns: bigint
  /** A multiple of the step, with a unit that is the same for all up to `reach`. */
  label(multiple: bigint): string
}

/** The smallest step of 1, 2, 5, 10, … of a unit that is at least `least`; labels up to `reach` are wanted. */
export function stepOf(least: bigint, reach: bigint): Step {
  for (const [index, unit] of UNITS.entries()) {
    const next = UNITS[index + 1]
    for (let tens = unit.ns; !next || tens < next.ns; tens *= 10n) {
      for (const digit of [1n, 2n, 5n]) {
        const ns = digit * tens
        if (ns < least || (next && ns >= next.ns)) continue
        const labelled = labelUnit(unit, reach)
        return { ns, label: (multiple) => labelOf(multiple * ns, labelled) }
      }
    }
  }
  throw new Error('years go on for ever')
}

/** Steps of 500 ms up to 3 s are better told in seconds; but an hour is no round number of days. */
function labelUnit(unit: Unit, reach: bigint): Unit {
  if (unit.ns > S) return unit
  return UNITS.filter(({ ns }) => ns >= unit.ns && ns <= S && ns <= reach).at(-1) ?? unit
}

/** Exact: a step is a whole number of its own unit, and those below a second are decimal parts of it. */
function labelOf(value: bigint, { ns, name }: Unit): string {
  if (value < 0n) return `-${labelOf(-value, { ns, name })}`
  if (value === 0n) return '0'
  const digits = `${ns}`.length - 1
  const rest = `${value % ns}`.padStart(digits, '0').replace(/0+$/, '')
  return `${value / ns}${value % ns === 0n ? '' : `.${rest}`} ${name}`
}

export interface Tick {
  readonly ns: bigint
  readonly label: string
}

export interface Axis {
  /** Labels count from here; null: from 0. For people: `100 d 2 h`. */
  readonly base: string | null
  readonly ticks: readonly Tick[]
}

/** More steps than this from 0 to the end make labels too long: they count from a base then. */
const MOST_STEPS = 2_000n

/** At most `most` ticks (and one) at round instants from `fromNs` to `untilNs`, both included. */
export function axisOf(fromNs: bigint, untilNs: bigint, most: number): Axis {
  const count = BigInt(most)
  const least = (untilNs - fromNs + count - 1n) / count
  const bare = stepOf(least, 0n)
  const far = magnitude(fromNs) > magnitude(untilNs) ? magnitude(fromNs) : magnitude(untilNs)
  const baseNs =
    far / bare.ns > MOST_STEPS ? floorDiv(fromNs, MOST_STEPS * bare.ns) * MOST_STEPS * bare.ns : 0n
  const step = stepOf(least, baseNs === 0n ? far : untilNs - baseNs)
  const ticks: Tick[] = []
  for (let n = -floorDiv(-(fromNs - baseNs), step.ns); baseNs + n * step.ns <= untilNs; n++) {
    ticks.push({ ns: baseNs + n * step.ns, label: `${baseNs !== 0n && n > 0n ? '+' : ''}${step.label(n)}` })
  }
  return { base: baseNs === 0n ? null : formatDurationNs(baseNs), ticks }
}

function floorDiv(a: bigint, b: bigint): bigint {
  return a >= 0n || a % b === 0n ? a / b : a / b - 1n
}

function magnitude(ns: bigint): bigint {
  return ns < 0n ? -ns : ns
}
