/**
 * The world at an instant, and the way from event to event. Forwards it goes on from where it is; backwards it runs
 * again from the start, which gives the same bits.
 *
 * Before an instant `at` everything has happened, and what the scenario does at it; what machines have to do at that
 * very ns comes next. So behind an event of a machine stands the ns after it.
 */
import type { Machine } from '../../core/machine.js'
import type { Scenario } from '../../scenario/types.js'
import { actionsOf, describeEvent } from '../../world/timeline.js'
import { type RunOptions, World } from '../../world/world.js'
import type { Grain, Step } from '../protocol.js'
import { isReader, NO_SLOT, slotText } from './slots.js'

/** How far back the first look for the event before goes, and how much further each next one. */
const FIRST_LOOK_NS = 500_000_000n
const FURTHER = 16n

interface Action {
  readonly atNs: bigint
  readonly label: string
}

export class Cursor {
  readonly #scenario: Scenario
  readonly #options: RunOptions
  readonly #actions: readonly Action[]
  #world: World
  /** All the events behind which the last look back went, for the one before the one before. */
  #trail: { readonly grain: Grain; readonly untilNs: bigint; readonly steps: readonly Step[] } | null = null
  #nowNs = 0n

  constructor(scenario: Scenario, options: RunOptions) {
    this.#scenario = scenario
    this.#options = options
    this.#actions = scenario.events
      .flatMap((event) => actionsOf(event).map(({ atNs }) => ({ atNs, label: describeEvent(event) })))
      .filter(({ atNs }) => atNs <= scenario.durationNs)
      .sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0))
    this.#world = this.#atStart()
  }

  #atStart(): World {
    const world = new World(this.#scenario, this.#options)
    world.runUntil(0n)
    this.#nowNs = 0n
    return world
  }

  /** The world at `atNs`; to be looked at, not to be changed. */
  at(atNs: bigint): World {
    const end = this.#scenario.durationNs
    const wanted = atNs < 0n ? 0n : atNs > end ? end : atNs
    if (wanted < this.#nowNs) this.#world = this.#atStart()
    this.#world.runUntil(wanted)
    this.#nowNs = wanted
    return this.#world
  }

  /** The first event after the world was at `atNs`; null: there is none. */
  next(atNs: bigint, grain: Grain): Step | null {
    for (let from = atNs; ; ) {
      const step = this.#following(from, grain)
      if (!step || step.what.length > 0) return step
      from = step.atNs
    }
  }

  /** The last event that is before `atNs`. */
  previous(atNs: bigint, grain: Grain): Step | null {
    const known = this.#trail
    if (known && known.grain === grain && atNs <= known.untilNs) {
      const step = known.steps.filter((one) => one.atNs < atNs).at(-1)
      if (step) return step
    }
    let backNs = grain === 'scenario' ? atNs : FIRST_LOOK_NS
    for (;;) {
      const from = atNs > backNs ? atNs - backNs : 0n
      const steps = this.#between(from, atNs, grain)
      this.#trail = { grain, untilNs: atNs, steps }
      if (steps.length > 0 || from === 0n) return steps.at(-1) ?? null
      backNs *= FURTHER
    }
  }

  #between(fromNs: bigint, untilNs: bigint, grain: Grain): Step[] {
    const steps: Step[] = []
    for (
      let step = this.next(fromNs, grain);
      step && step.atNs < untilNs;
      step = this.next(step.atNs, grain)
    ) {
      steps.push(step)
    }
    return steps
  }

  /** One event further; without words if it is none of those that are asked for. */
  #following(atNs: bigint, grain: Grain): Step | null {
    const action = this.#actions.find((one) => one.atNs > atNs)
    if (grain === 'scenario') return action ? this.#acted(action.atNs) : null
    const firing = this.#firing(atNs)
    if (action && (firing === null || action.atNs <= firing.atNs)) return this.#acted(action.atNs)
    if (firing === null || firing.atNs >= this.#scenario.durationNs) return null
    const heard = firing.slots.filter((slot) => grain === 'machine' || !isReader(slot.slot))
    const what = heard.map(({ slot, machine }) => slotText(slot, this.#ownerOf(machine)))
    return { atNs: firing.atNs + 1n, what: [...new Set(what)] }
  }

  #acted(atNs: bigint): Step {
    const labels = this.#actions.filter((one) => one.atNs === atNs).map(({ label }) => label)
    return { atNs, what: [...new Set(labels)] }
  }

  /** What fires next on any machine. */
  #firing(atNs: bigint): { atNs: bigint; slots: { machine: Machine; slot: number }[] } | null {
    const world = this.at(atNs)
    let first: bigint | null = null
    let slots: { machine: Machine; slot: number }[] = []
    for (const machine of this.#machines(world)) {
      if (machine.core.queue_next_slot(0) === NO_SLOT) continue
      const due = BigInt.asUintN(64, machine.core.queue_next_time())
      if (first === null || due < first) {
        first = due
        slots = []
      }
      if (due === first) slots.push(...slotsOf(machine))
    }
    return first === null ? null : { atNs: first, slots }
  }

  /** Of every host that has guests their machines, of others its own: all machines of a host keep its clocks. */
  #machines(world: World): Machine[] {
    return this.#scenario.hosts.flatMap(({ name }) => {
      const host = world.host(name)
      return host.residents.size > 0 ? [...host.residents] : [host.machine]
    })
  }

  #ownerOf(machine: Machine): { host: string; guest: string | null } {
    const guest = this.#scenario.guests.find(({ name }) => this.#world.guest(name).machine === machine)
    if (guest) return { host: this.#world.guest(guest.name).host.spec.name, guest: guest.name }
    const host = this.#scenario.hosts.find(({ name }) => this.#world.host(name).machine === machine)
    return { host: host?.name ?? '', guest: null }
  }
}

/** What fires on a machine at its next event's instant, in order. */
function slotsOf(machine: Machine): { machine: Machine; slot: number }[] {
  const slots: { machine: Machine; slot: number }[] = []
  for (let slot = machine.core.queue_next_slot(0); slot !== NO_SLOT; ) {
    slots.push({ machine, slot })
    slot = machine.core.queue_next_slot(slots.length)
  }
  return slots
}
