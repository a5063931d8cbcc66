/** A history: a scenario drawn from a seed and an index, with the limits that it is judged by. */
import type { Scenario } from '../scenario/types.js'
import { EventDrawer } from './draw-events.js'
import { drawGuest, sketchGuests } from './draw-guests.js'
import { drawHosts } from './draw-hosts.js'
import { limitsOf } from './limits.js'
import { Random } from './random.js'
import type { Subject } from './subject.js'

/** 2008-08-06T00:00:00Z, as scenarios begin that say nothing else. */
const START_NS = 1_217_980_800_000_000_000n

export function drawHistory(subject: Subject, seed: number, index: number): Scenario {
  const random = new Random(seed, index)
  const hosts = drawHosts(random, subject)
  const sketches = sketchGuests(random, subject, hosts)
  const drawer = new EventDrawer(random, hosts, sketches)
  const durationNs = drawer.draw()
  const guests = sketches.map((sketch) => drawGuest(random, subject, sketch, hosts, durationNs))
  const { events } = drawer
  const judged = { hosts, guests, events, durationNs }
  return {
    name: `check-${seed}-${index}`,
    title: `History ${index} of seed ${seed} under ${subject.policy.name}`,
    cite: null,
    report: null,
    summary: null,
    system: subject.policy.system,
    startNs: START_NS,
    seed: 1,
    drawn: [],
    ...judged,
    checks: limitsOf(judged, subject.promises),
    expect: null,
    compare: [subject.policy.name],
    fileName: `check-${seed}-${index}.yaml`,
  }
}
