/** Programs in a guest that look at its clock at an interval and correct it: one quiet event for each look. */
import type { Draft } from './events.js'
import { MAX_CORRECTIONS } from './limits.js'
import type { Places } from './places.js'
import type { RawScenario } from './schema.js'
import type { GuestSpec } from './types.js'

/** Throws ScenarioError. */
export function agentEvents(raw: RawScenario, guests: readonly GuestSpec[], places: Places): Draft[] {
  const drafts: Draft[] = []
  for (const { name, bootNs } of guests) {
    raw.guests[name]!.agents.forEach((agent, index) => {
      const { every, from = bootNs + every, until = raw.duration, source, how } = agent
      const position = places.at('guests', name, 'agents', index)
      const count = until > from ? (until - from + every - 1n) / every : 0n
      if (BigInt(drafts.length) + count > BigInt(MAX_CORRECTIONS)) {
        places.fail(
          position,
          `the agents look at clocks more than ${MAX_CORRECTIONS} times; expected a longer every, or an earlier until`,
        )
      }
      for (let atNs = from; atNs < until && atNs < raw.duration; atNs += every) {
        if (atNs < bootNs) continue
        const slewNs = how === 'slew' ? every : null
        const event = {
          kind: 'agent-settime',
          guest: name,
          from: source,
          slewNs,
          quiet: true,
          atNs,
          position,
        } as const
        drafts.push({ event, index: -1 })
      }
    })
  }
  return drafts
}
