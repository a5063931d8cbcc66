/** Instants for people who will type them again: exact. */
import { formatDurationNs } from '../scenario/units.js'

const S = 1_000_000_000n
/** From here on seconds say little. */
const LONG_NS = 10_000n * S

/** `61.204000001 s`; of long runs `3 d 2 h 13 min …`. Read back by parseDurationNs. */
export function instantText(ns: bigint): string {
  if (ns >= LONG_NS) return formatDurationNs(ns)
  const rest = `${ns % S}`.padStart(9, '0').replace(/0+$/, '')
  return `${ns / S}${rest === '' ? '' : `.${rest}`} s`
}
