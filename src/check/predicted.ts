/** What a scenario says beforehand of the worst values, held against what the checks found. */
import type { Prediction } from '../scenario/types.js'
import type { RunResult } from '../world/result.js'
import { shortAt, shortNs, shortPpb } from './format.js'
import type { CheckResult, Unit } from './index.js'

export interface Predicted {
  readonly prediction: Prediction
  /** What the check found on that guest. */
  readonly found: CheckResult
  readonly holds: boolean
  /** One line for people. */
  readonly message: string
}

/** In the order of the file. */
export function predictedOf({ scenario }: RunResult, checks: readonly CheckResult[]): Predicted[] {
  return (scenario.expect?.predict ?? []).map((prediction) => {
    const found = checks.find(({ id, guest }) => id === prediction.check && guest === prediction.guest)!
    const holds = isNear(prediction, found)
    return { prediction, found, holds, message: messageOf(prediction, found) }
  })
}

function isNear({ valueNano, withinNano, atNs, atWithinNs }: Prediction, found: CheckResult): boolean {
  const { value, unit, atTrueNs } = found
  if (value === null) return false
  const nano = unit === 'count' ? value * NANO : value
  if (distance(nano, valueNano) > withinNano) return false
  return atNs === null || (atTrueNs !== null && distance(atTrueNs, atNs) <= atWithinNs)
}

function messageOf(
  { check, guest, valueNano, atNs }: Prediction,
  { value, unit, atTrueNs }: CheckResult,
): string {
  const predicted = `${showNano(valueNano, unit)}${atNs === null ? '' : ` at ${shortAt(atNs)}`}`
  const shown =
    value === null
      ? 'was not judged'
      : `${show(value, unit)}${atTrueNs === null ? '' : ` at ${shortAt(atTrueNs)}`}`
  return `${check} of ${guest}: predicted ${predicted}, found ${shown}`
}

const NANO = 1_000_000_000n
const distance = (a: bigint, b: bigint): bigint => (a < b ? b - a : a - b)
const showNano = (nano: bigint, unit: Unit): string => show(unit === 'count' ? nano / NANO : nano, unit)
const show = (value: bigint, unit: Unit): string =>
  unit === 'ns' ? shortNs(value) : unit === 'ppb' ? shortPpb(value) : `${value}`
