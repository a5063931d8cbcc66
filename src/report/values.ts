/** Values of checks as people read them. */
import { shortNs, shortPpb } from '../check/format.js'
import type { Unit } from '../check/index.js'

export function showValue(value: bigint | null, unit: Unit): string {
  if (value === null) return '-'
  return unit === 'ns' ? shortNs(value) : unit === 'ppb' ? shortPpb(value) : `${value}`
}
