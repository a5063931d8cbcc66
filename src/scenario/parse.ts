/** Text to Scenario: grammar (document.ts), schema (schema.ts), then what needs the whole file to be seen. */

import { agentEvents } from './agents.js'
import { readDocument } from './document.js'
import { drawRanges } from './draw.js'
import { ScenarioError } from './error.js'
import { bootEvents, type Draft, resolveEvent } from './events.js'
import { refuseRepeats, resolveExpectation } from './expect.js'
import { resolveGuest } from './guests.js'
import { resolveHost } from './hosts.js'
import { SYSTEM_OF } from './kernels.js'
import { MAX_GUESTS, MAX_HOSTS } from './limits.js'
import { Places } from './places.js'
import { firstProblem } from './problems.js'
import { type RawScenario, scenarioSchema } from './schema.js'
import { orderEvents } from './timeline.js'
import type { Checks, DrawnValue, GuestSpec, HostSpec, Scenario, System } from './types.js'
import { formatDurationNs } from './units.js'

export interface ParseOptions {
  /** In place of the file's own: a whole number from 0 to 2^53 - 1. */
  readonly seed?: number
}

/**
 * Reads a scenario from YAML text; `fileName` is what errors and the result call it. Throws ScenarioError with
 * the first thing that is wrong: in the grammar, else in single values (the first in the file), else between them
 * (there it says which seed the ranges were drawn from, if there are any).
 */
export function parseScenario(text: string, fileName: string, options: ParseOptions = {}): Scenario {
  const root = readDocument(text, fileName)
  const parsed = scenarioSchema.safeParse(root.value)
  if (!parsed.success) throw firstProblem(parsed.error.issues, root, fileName)
  const { seed = parsed.data.seed } = options
  if (!Number.isSafeInteger(seed) || seed < 0) {
    const form = `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`
    throw new ScenarioError(fileName, null, `the seed it is read with is ${seed}; expected ${form}`)
  }
  const { value, drawn } = drawRanges(parsed.data, seed)
  const places = new Places(root, fileName, drawn.length > 0 ? `with seed ${seed}: ` : '')
  return resolve({ ...value, seed }, drawn, places)
}

function resolve(raw: RawScenario, drawn: readonly DrawnValue[], places: Places): Scenario {
  const { start: startNs, duration: durationNs } = raw
  const hosts = names('hosts', MAX_HOSTS, places).map((name) =>
    resolveHost(name, raw.hosts[name]!, startNs, places),
  )
  const hostsByName = new Map(hosts.map((host) => [host.name, host]))
  const boots = bootEvents(raw.events)
  const guests = names('guests', MAX_GUESTS, places).map((name) => {
    const guest = raw.guests[name]!
    const bootNs = guest.boot ?? boots.get(name) ?? 0n
    return resolveGuest(name, guest, { hosts: hostsByName, bootNs, durationNs, places })
  })
  refuseTwoDom0(guests, places)
  const context = {
    guests: new Map(guests.map((guest) => [guest.name, guest])),
    hostNames: hosts.map(({ name }) => name),
    x86Hosts: new Set(hosts.filter(({ tsc }) => tsc !== null).map(({ name }) => name)),
    startNs,
    durationNs,
    places,
  }
  const drafts: Draft[] = [
    ...bootsByKey(raw, guests, boots, places),
    ...agentEvents(raw, guests, places),
    ...raw.events.map((event, index) => ({ event: resolveEvent(event, index, context), index })),
  ]
  const checks = resolveChecks(raw)
  const expect = resolveExpectation(raw, checks, places)
  return {
    name: raw.name,
    title: raw.title,
    cite: raw.cite ?? null,
    report: raw.report ?? null,
    summary: raw.summary ?? null,
    system: resolveSystem(raw, hosts, guests, places),
    startNs,
    durationNs,
    seed: raw.seed,
    drawn,
    hosts,
    guests,
    events: orderEvents(drafts, raw.events, hosts, guests, places),
    checks,
    expect,
    compare: resolveCompare(raw, guests, places),
    fileName: places.fileName,
  }
}

/** In the order of the file, which an object with names such as `1` does not keep. */
function names(what: 'hosts' | 'guests', most: number, places: Places): string[] {
  const all = places.keys(what)
  if (all.length === 0) places.fail(places.key(what), `${what} is empty; expected at least one of them`)
  if (all.length > most) {
    places.fail(places.key(what, all[most]!), `${what} has ${all.length} entries; expected at most ${most}`)
  }
  return all
}

function refuseTwoDom0(guests: readonly GuestSpec[], places: Places): void {
  const seen = new Map<string, string>()
  for (const { name, on, dom0 } of guests) {
    const other = seen.get(on)
    if (dom0 && other !== undefined) {
      places.fail(
        places.at('guests', name, 'dom0'),
        `host ${on} has two dom0, ${other} and ${name}; expected one`,
      )
    }
    if (dom0) seen.set(on, name)
  }
}

/** The boots that no event of the file makes. */
function bootsByKey(
  raw: RawScenario,
  guests: readonly GuestSpec[],
  boots: ReadonlyMap<string, bigint>,
  places: Places,
): Draft[] {
  const drafts: Draft[] = []
  for (const { name, bootNs } of guests) {
    if (raw.guests[name]!.boot === undefined && boots.has(name)) continue
    const position = places.has('guests', name, 'boot')
      ? places.at('guests', name, 'boot')
      : places.key('guests', name)
    if (bootNs >= raw.duration) {
      const [boot, end] = [formatDurationNs(bootNs), formatDurationNs(raw.duration)]
      places.fail(
        position,
        `guest ${name} boots at ${boot}, but the scenario ends at ${end}; expected an earlier time`,
      )
    }
    drafts.push({ event: { kind: 'boot', guest: name, atNs: bootNs, position }, index: -1 })
  }
  return drafts
}

function resolveSystem(
  raw: RawScenario,
  hosts: readonly HostSpec[],
  guests: readonly GuestSpec[],
  places: Places,
): System {
  const systems = [...new Set(hosts.map(({ hypervisor }) => SYSTEM_OF[hypervisor]))]
  if (raw.system === undefined) return SYSTEM_OF[hosts.find(({ name }) => name === guests[0]!.on)!.hypervisor]
  if (!systems.includes(raw.system)) {
    places.fail(
      places.at('system'),
      `system is ${raw.system}, but no host is; expected one of ${systems.join(', ')}`,
    )
  }
  return raw.system
}

function resolveChecks({ checks: raw }: RawScenario): Checks {
  const time = (check: 'off' | { limit: bigint }) => (check === 'off' ? null : { limitNs: check.limit })
  const count = (check: 'off' | { limit: number }) => (check === 'off' ? null : check)
  return {
    warp: time(raw.warp),
    jump: time(raw.jump),
    stall: time(raw.stall),
    'late-wake': time(raw['late-wake']),
    'early-wake': time(raw['early-wake']),
    'lost-wake': time(raw['lost-wake']),
    'wake-storm': count(raw['wake-storm']),
    steal: time(raw.steal),
    'soft-lockup': time(raw['soft-lockup']),
    'stale-wall': time(raw['stale-wall']),
    rate: raw.rate === 'off' ? null : { limitPpb: raw.rate.limit },
    'wall-error': time(raw['wall-error']),
    'backwards-warning': count(raw['backwards-warning']),
    skew: time(raw.skew),
    'set-back': time(raw['set-back']),
    backlog: count(raw.backlog),
    'cycle-offset': time(raw['cycle-offset']),
    monotonic: raw.monotonic === 'off' ? null : raw.monotonic,
    seam: time(raw.seam),
  }
}

function resolveCompare(raw: RawScenario, guests: readonly GuestSpec[], places: Places): readonly string[] {
  if (raw.compare) {
    refuseRepeats(raw.compare, ['compare'], places)
    return raw.compare
  }
  const own = guests.flatMap(({ policy }) => policy ?? [])
  return [...new Set([...own, ...(raw.expect?.['cured-by'] ?? [])])]
}
