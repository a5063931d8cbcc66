/**
 * The world: hosts, guests and one true time for all of them.
 *
 * Machines on different hosts touch each other only through actions (timeline.ts), so each runs alone from one
 * action to the next. On one host a dom0 may change the hypervisor's wall clock under the other guests at any
 * instant; so dom0 runs first, and when it does that the others follow to that instant before it takes effect.
 */
import type { CoreExports } from '../core/exports.js'
import type { Instances } from '../core/instances.js'
import type { Build } from '../core/load.js'
import type { Exit, Machine, Pace } from '../core/machine.js'
import { clockIds } from '../observation/log.js'
import { builtInPolicy, defaultPolicy } from '../policy/built-in.js'
import type { ClockPolicy } from '../policy/policy.js'
import type { AgentSettimeEvent, GuestSpec, Scenario } from '../scenario/types.js'
import type { StreamTime } from '../stream/time.js'
import { type Code, CodeGuest } from './code/guest.js'
import { Guest } from './guest.js'
import { Host } from './host.js'
import type { Resident } from './resident.js'
import type { Correction, EventMark, RunResult } from './result.js'
import type { HostClockValues, SavedWorld } from './saved.js'
import { type Action, actionsOf, describeEvent, type SettleOf } from './timeline.js'

const NS_PER_SEC = 1_000_000_000n
/** Progress is reported at most this often in a run, so that asking for it costs nothing in a long one. */
const PROGRESS_STEPS = 10_000n

export interface RunOptions {
  /** Takes the place of every guest's own policy. */
  readonly policy?: ClockPolicy
  /** What the guests' saved guests (`from`) say, by their paths as they stand in the scenario. */
  readonly streams?: ReadonlyMap<string, StreamTime>
  /** Policies of guests that name a module of the user's. */
  readonly loaded?: ReadonlyMap<string, ClockPolicy>
  /** How time passes; whichever it is, the result is the same. Default `skipping`. */
  readonly pace?: Pace
  readonly build?: Build
  /** Guests on Power that run machine code in place of their kernel model and its workload, by name. */
  readonly code?: ReadonlyMap<string, Code>
  /** Called now and then with the true time that has been reached, and how much of the scenario is still to happen. */
  readonly onProgress?: (nowNs: bigint, endNs: bigint, eventsLeft: number) => void
  /**
   * Its machines' instances come from there: for thousands of short runs. The result is brief (no `clocks`, no
   * `stateHash`), and the world is over when they are reclaimed.
   */
  readonly instances?: Instances
  /** The world begins where another was saved, instead of at true time 0. */
  readonly from?: Beginning
}

export type TimeSource = AgentSettimeEvent['from']

export interface Beginning {
  readonly saved: SavedWorld
  /** How many of the scenario's events had happened then; what is left of those goes on. */
  readonly happened: number
  /** The guest's host is replaced by one that shows this, just before the next event. */
  readonly otherHost?: HostClockValues
}

export class World {
  readonly scenario: Scenario
  readonly #options: RunOptions
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #guests: ReadonlyMap<string, Guest>
  readonly #codeGuests: ReadonlyMap<string, CodeGuest>
  readonly #actions: readonly Action[]
  #done = 0
  #nowNs: bigint

  constructor(scenario: Scenario, options: RunOptions = {}) {
    this.scenario = scenario
    this.#options = options
    const { from } = options
    const policies = new Map(scenario.guests.map((guest) => [guest.name, this.#policyOf(guest)]))
    const epochSystemTime = [...policies.values()].some(
      (policy) => policy.hypervisor?.systemTimeEpoch === 'unix',
    )
    this.#hosts = new Map(
      scenario.hosts.map((spec) => [
        spec.name,
        new Host(spec, {
          build: options.build ?? 'release',
          ...optional('instances', options.instances),
          startWallNs: scenario.startNs,
          epochSystemTime,
          syncsWall: !scenario.guests.some((guest) => guest.dom0 && guest.on === spec.name),
          ...optional(
            'saved',
            from?.saved.hosts.find(({ name }) => name === spec.name),
          ),
        }),
      ]),
    )
    const { code = new Map<string, Code>() } = options
    const codeOf = ({ name }: GuestSpec) => (from?.saved.guest.code ? from.saved.guest : code.get(name))
    const onHost = (spec: GuestSpec) => this.host(from?.saved.guest.host ?? spec.on)
    this.#codeGuests = new Map(
      scenario.guests.flatMap((spec) => {
        const its = codeOf(spec)
        return its ? [[spec.name, new CodeGuest(spec, onHost(spec), policies.get(spec.name)!, its)]] : []
      }),
    )
    this.#guests = new Map(
      scenario.guests
        .filter(({ name }) => !this.#codeGuests.has(name))
        .map((spec) => [
          spec.name,
          new Guest(
            spec,
            onHost(spec),
            policies.get(spec.name)!,
            from ? { saved: from.saved.guest } : optional('stream', this.#streamOf(spec)),
          ),
        ]),
    )
    this.#nowNs = from?.saved.atNs ?? 0n
    this.#actions = this.#ordered(from)
  }

  /** What is to be done, in order. */
  #ordered(from: Beginning | undefined): readonly Action[] {
    const { events } = this.scenario
    const settleOf = this.#settleOf
    const happened = events.slice(0, from?.happened ?? 0).flatMap((event) => actionsOf(event, settleOf))
    const coming = events.slice(from?.happened ?? 0)
    const replacing: Action[] = []
    if (from?.otherHost) {
      const { otherHost, saved } = from
      replacing.push({
        atNs: coming[0]!.atNs,
        run: (world) => world.host(saved.guest.host).replace(otherHost),
      })
    }
    return [
      ...happened.filter(({ atNs }) => atNs > this.#nowNs),
      ...replacing,
      ...coming.flatMap((event) => actionsOf(event, settleOf)),
    ].sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0))
  }

  readonly #settleOf: SettleOf = (name) => this.#guests.get(name)?.policy.settle?.afterNs

  #streamOf({ name, from }: GuestSpec): StreamTime | undefined {
    if (from === null) return undefined
    const stream = this.#options.streams?.get(from)
    if (stream) return stream
    throw new Error(
      `guest ${name} begins from ${from}, which nobody has read; expected it in the option streams`,
    )
  }

  #policyOf(guest: GuestSpec): ClockPolicy {
    const host = this.scenario.hosts.find((spec) => spec.name === guest.on)!
    const named = guest.policy === null ? null : (this.#options.loaded?.get(guest.policy) ?? null)
    if (this.#options.policy) return this.#options.policy
    if (named) return named
    return guest.policy === null ? defaultPolicy(host.hypervisor, guest.kernel) : builtInPolicy(guest.policy)
  }

  /** True time that has been reached. */
  get nowNs(): bigint {
    return this.#nowNs
  }

  host(name: string): Host {
    return this.#hosts.get(name)!
  }
  /** A guest that is a kernel model. */
  guest(name: string): Guest {
    return this.#guests.get(name)!
  }
  /** A guest, whatever it runs. */
  resident(name: string): Resident {
    return this.#codeGuests.get(name) ?? this.guest(name)
  }

  /** Runs the scenario up to true time `untilNs`, what happens at that instant included. */
  runUntil(untilNs: bigint): void {
    for (;;) {
      const action = this.#actions[this.#done]
      if (!action || action.atNs > untilNs) break
      this.#done++
      this.#advance(action.atNs)
      action.run(this)
    }
    this.#advance(untilNs)
  }

  /** Takes the guest off its host, as a `save` event does. The world has come to its end. */
  save(name: string): SavedWorld {
    const guest = this.resident(name)
    actionsOf(
      { kind: 'save', guest: name, atNs: this.#nowNs, position: guest.spec.position },
      this.#settleOf,
    )[0]!.run(this)
    return {
      atNs: this.#nowNs,
      hosts: [...this.#hosts.values()].map((host) => host.save()),
      guest: guest.saved,
    }
  }

  /** Runs the whole scenario. */
  run(): RunResult {
    const { scenario } = this
    const endNs = scenario.durationNs
    const brief = this.#options.instances !== undefined
    this.runUntil(endNs)
    const shown = scenario.events.filter((event) => event.kind !== 'agent-settime' || !event.quiet)
    const marks = shown.map(
      (event): EventMark => ({
        atNs: event.atNs,
        kind: event.kind,
        label: describeEvent(event),
        ...('guest' in event ? { guest: event.guest } : { host: event.host }),
      }),
    )
    return {
      scenario,
      startWallNs: scenario.startNs,
      endNs,
      guests: scenario.guests.map(({ name }) => this.resident(name).result(endNs, brief)),
      marks,
    }
  }

  // ---- time

  #advance(untilNs: bigint): void {
    const { durationNs, events } = this.scenario
    const strideNs = max(60n * NS_PER_SEC, durationNs / PROGRESS_STEPS)
    while (this.#nowNs < untilNs) {
      const next = this.#options.onProgress ? min(untilNs, this.#nowNs + strideNs) : untilNs
      for (const host of this.#hosts.values()) this.#advanceHost(host, next)
      for (const guest of this.#codeGuests.values()) guest.advance(next)
      this.#nowNs = next
      this.#options.onProgress?.(next, durationNs, events.filter(({ atNs }) => atNs > next).length)
    }
  }

  #advanceHost(host: Host, untilNs: bigint): void {
    const dom0 = this.#dom0Of(host)
    const others = host.machines.filter((machine) => machine !== dom0)
    for (;;) {
      const exits = dom0 ? this.#runMachine(dom0, untilNs) : []
      const reachedNs = exits.length > 0 ? dom0!.nowNs : untilNs
      for (const machine of others) this.#runMachine(machine, reachedNs)
      for (const exit of exits) this.#serve(host, dom0!, exit)
      if (exits.length === 0) return
    }
  }

  #runMachine(machine: Machine, untilNs: bigint): Exit[] {
    return machine.run(untilNs, this.#options.pace)
  }

  #dom0Of(host: Host): Machine | null {
    for (const guest of this.#guests.values()) {
      if (guest.spec.dom0 && guest.host === host && guest.machine) return guest.machine
    }
    return null
  }

  #serve(host: Host, dom0: Machine, exit: Exit): void {
    if (exit.kind === 'settime') host.settime(dom0, exit.secs, exit.nsecs, exit.systemTime)
    else host.stepWall(exit.secs * NS_PER_SEC - host.wallNs)
  }

  // ---- what actions do

  /** What an agent inside the guest does, if the guest runs. */
  inGuest(name: string, work: (core: CoreExports) => void): void {
    const machine = this.#guests.get(name)?.machine
    if (machine) work(machine.core)
  }

  correct(name: string, by: Correction['by']): void {
    this.resident(name).corrections.push({ atNs: this.#nowNs, by })
  }

  setGuestTime(name: string, from: TimeSource, by: Correction['by']): void {
    const ns = this.#timeOf(name, from)
    if (ns === null) return
    this.correct(name, by)
    this.inGuest(name, (core) => core.guest_settimeofday(ns))
  }

  /** A program of the guest bends its clock so that it is right after `periodNs`. */
  slewGuestTime(name: string, from: TimeSource, periodNs: bigint): void {
    const ns = this.#timeOf(name, from)
    if (ns !== null) this.inGuest(name, (core) => core.guest_slew(ns, periodNs))
  }

  /** null: from a guest that is on no host. */
  #timeOf(name: string, from: TimeSource): bigint | null {
    if (from === 'host') return this.resident(name).host.wallNs
    if (from === 'true') return this.scenario.startNs + this.#nowNs
    const source = this.#guests.get(from.guest)?.machine
    return source ? BigInt.asUintN(64, source.core.guest_read_clock(0, clockIds.realtime)) : null
  }

  /** Sets the host's wall clock to true time plus `offsetNs`. */
  setWall(name: string, offsetNs: bigint): void {
    const wanted = this.scenario.startNs + this.#nowNs + offsetNs
    this.stepWall(name, wanted - this.host(name).wallNs, 'set-wall')
  }

  /** Steps the host's wall clock; its kernel, or dom0 on it, tells the hypervisor. */
  stepWall(name: string, deltaNs: bigint, by: Correction['by']): void {
    const host = this.host(name)
    host.stepWall(deltaNs)
    host.pushWall()
    for (const guest of this.#codeGuests.values()) if (guest.host === host) guest.wallChanged()
    for (const guest of this.#guests.values()) {
      if (guest.host !== host || !guest.machine) continue
      guest.corrections.push({ atNs: this.#nowNs, by })
      if (guest.spec.dom0) guest.machine.core.guest_settimeofday(host.wallNs)
    }
  }

  suspendHost(name: string): void {
    const host = this.host(name)
    for (const guest of this.#guestsOn(host)) guest.stop('host-suspend', false)
    host.sleep()
  }

  wakeHost(name: string, sleptNs: bigint, updateWallclock: boolean, tsc: 'stands' | 'resets'): void {
    const host = this.host(name)
    host.wake(sleptNs, updateWallclock, tsc)
    for (const guest of this.#guestsOn(host)) guest.resume('host-suspend')
  }

  powerOffGuestsOf(name: string): void {
    for (const guest of this.#guestsOn(this.host(name))) guest.powerOff()
  }

  *#guestsOn(host: Host): Generator<Resident> {
    for (const { name } of this.scenario.guests) {
      const guest = this.resident(name)
      if (guest.host === host && guest.machine) yield guest
    }
  }
}

const optional = <K extends string, T>(key: K, value: T | undefined): { [key in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { [key in K]: T })

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** Runs a scenario from begin to end. Equal arguments give equal results, bit for bit. */
export function runScenario(scenario: Scenario, options: RunOptions = {}): RunResult {
  return new World(scenario, options).run()
}
