/**
 * From a history that breaks something to a small one that breaks the same.
 *
 * Every candidate is simpler than what it is made of: something is taken out, or a value is nearer to its default or
 * rounder. It is written, read again and lived through; what is no scenario, or does not break the same, is dropped.
 * So what is left at the end is, word for word, a file that `run` replays.
 */
import type { Instances } from '../core/instances.js'
import { ScenarioError } from '../scenario/error.js'
import { parseScenario } from '../scenario/parse.js'
import type { Scenario } from '../scenario/types.js'
import { type Breach, examine } from './examine.js'
import { limitsOf } from './limits.js'
import { simplerHistories } from './simpler.js'
import type { Subject } from './subject.js'
import { historyText } from './write.js'

/** Lives that a shrink may cost: more find little. */
const MOST = 4000

export interface Shrunk {
  readonly history: Scenario
  /** How many candidates were tried. */
  readonly tried: number
}

export function shrink(found: Scenario, breach: Breach, subject: Subject, instances: Instances): Shrunk {
  let best = found
  let tried = 0
  for (let again = true; again && tried < MOST; ) {
    again = false
    for (let i = 0; tried < MOST; i++) {
      // Taken anew each time: after a success the candidates are those of what is left, from the same place on.
      const make = simplerHistories(best)[i]
      if (!make) break
      const candidate = read(make(), subject)
      if (!candidate) continue
      tried++
      if (!examine(candidate, subject, instances).breaches.includes(breach)) continue
      best = candidate
      again = true
      i--
    }
  }
  return { history: best, tried }
}

/** What is not drawn is not shrunk to either: see draw-guests.ts and draw-events.ts. */
function isPossible({ hosts, guests, events }: Scenario): boolean {
  const told = guests.every(({ on, timebase }) => {
    const host = hosts.find(({ name }) => name === on)
    return !timebase || timebase.frequencyHz === host?.timebase?.frequencyHz
  })
  if (!told || hosts[0]!.hypervisor !== 'xen') return told
  const paused = new Set<string>()
  return events.every((event) => {
    if (event.kind === 'pause') paused.add(event.guest)
    if (event.kind === 'resume') paused.delete(event.guest)
    return !((event.kind === 'save' || event.kind === 'migrate') && paused.has(event.guest))
  })
}

/** The candidate with its own limits, as its file says it; null: it is no scenario. */
function read(candidate: Scenario, { promises }: Subject): Scenario | null {
  try {
    if (!isPossible(candidate)) return null
    const text = historyText({ ...candidate, checks: limitsOf(candidate, promises) })
    return parseScenario(text, candidate.fileName)
  } catch (error) {
    if (error instanceof ScenarioError) return null
    throw error
  }
}
