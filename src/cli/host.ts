/** `--host`: another host, by what its clocks show. */
import { parseInstantNs } from '../scenario/fields.js'
import type { HostClockValues } from '../world/index.js'
import { InputError } from './output.js'
import { parseDuration } from './simulate.js'

const COUNT = /^\d{1,20}$/

/** A commander argument: `uptime=3d,wall=2026-01-31T12:00:00Z,tsc=1,timebase=1`, each at most once. */
export function parseHost(text: string): HostClockValues {
  const values: Record<string, bigint> = {}
  for (const part of text.split(',')) {
    const [key, value] = [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]
    const field = { uptime: 'uptimeNs', wall: 'wallNs', tsc: 'tsc', timebase: 'timebase' }[key]
    if (!part.includes('=') || !field)
      throw new InputError(
        `the host's ${JSON.stringify(part)}; expected uptime=, wall=, tsc= or timebase=, with commas between them`,
      )
    if (field in values) throw new InputError(`the host's ${key} is given twice; expected it once`)
    values[field] = parseClock(key, value)
  }
  return values
}

function parseClock(key: string, text: string): bigint {
  if (key === 'uptime') return parseDuration(text)
  if (key === 'wall') {
    const ns = parseInstantNs(text)
    if (ns !== null) return ns
    throw new InputError(`the host's wall=${text}; expected a time such as 2026-01-31T12:00:00Z`)
  }
  const value = COUNT.test(text) ? BigInt(text) : 1n << 64n
  if (value < 1n << 64n) return value
  throw new InputError(`the host's ${key}=${text}; expected a whole number below 2^64`)
}
