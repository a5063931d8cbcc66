/**
 * The events in the order in which they happen, followed once from the begin to the end.
 *
 * A guest is in one of these states; anything else that an event asks for is a mistake in the file:
 *
 *            boot             pause
 *      off ───────> running ────────> paused
 *       ^             │ ^  <──────────  │  ^
 *       │ reboot of   │ │    resume     │  │
 *       │ the host    │ └───────┐       │  │
 *       └──(dom0)─────┤ migrate │       ├──┘ migrate
 *                save │         │       │ save
 *                     v         │       v
 *                    saved ─────┴───────┘
 *                            restore
 *
 * A migration keeps the state and takes its downtime, in which the guest can be reached by nothing; until its clocks
 * are saved it is still on the host that it leaves. A host that reboots or is suspended can be reached by nothing either,
 * and no guest but its dom0 goes down with it.
 */
import { actionOf, type Draft, type DraftEvent } from './events.js'
import type { Places } from './places.js'
import type { RawEvent } from './schema.js'
import type { GuestSpec, HostSpec, Position, RestoreEvent, ScenarioEvent } from './types.js'
import { formatDurationNs } from './units.js'

type Status = 'off' | 'running' | 'paused' | 'saved'

interface GuestState {
  readonly spec: GuestSpec
  status: Status
  /** Where it is, or was saved. */
  host: HostState
  booted: boolean
  /** End of the migration under way. */
  arrivesNs: bigint
  /** Of that migration: where the guest was, and when it is saved there. */
  left: { readonly host: HostState; readonly untilNs: bigint }
  slewedUntilNs: bigint
}

interface HostState {
  readonly spec: HostSpec
  downUntilNs: bigint
  suspendedUntilNs: bigint
  slewedUntilNs: bigint
}

/** By (atNs, order in the file); the boots of `boot:` keys come first. Throws ScenarioError. */
export function orderEvents(
  drafts: readonly Draft[],
  raw: readonly RawEvent[],
  hosts: readonly HostSpec[],
  guests: readonly GuestSpec[],
  places: Places,
): ScenarioEvent[] {
  // Array.prototype.sort is stable: events of one instant stay in the order of the file.
  const ordered = [...drafts].sort((a, b) =>
    a.event.atNs < b.event.atNs ? -1 : a.event.atNs > b.event.atNs ? 1 : 0,
  )
  const timeline = new Timeline(raw, hosts, guests, places)
  return ordered.map((draft) => timeline.follow(draft))
}

class Timeline {
  private readonly hosts: ReadonlyMap<string, HostState>
  private readonly guests: ReadonlyMap<string, GuestState>
  private event!: DraftEvent
  private index = -1

  constructor(
    private readonly raw: readonly RawEvent[],
    hosts: readonly HostSpec[],
    guests: readonly GuestSpec[],
    private readonly places: Places,
  ) {
    this.hosts = new Map(
      hosts.map((spec) => [spec.name, { spec, downUntilNs: 0n, suspendedUntilNs: 0n, slewedUntilNs: 0n }]),
    )
    this.guests = new Map(
      guests.map((spec) => {
        const host = this.hosts.get(spec.on)!
        const left = { host, untilNs: 0n }
        return [
          spec.name,
          { spec, status: 'off', host, booted: false, arrivesNs: 0n, left, slewedUntilNs: 0n },
        ]
      }),
    )
  }

  /** Checks the event and takes its effect. Returns it, with the host of a restore filled in. */
  follow({ event, index }: Draft): ScenarioEvent {
    this.event = event
    this.index = index
    switch (event.kind) {
      case 'boot':
        this.boot(this.guests.get(event.guest)!)
        break
      case 'pause':
        this.reach(event.guest, ['running']).status = 'paused'
        break
      case 'resume':
        this.reach(event.guest, ['paused']).status = 'running'
        break
      case 'save':
        this.refuseDom0(this.reach(event.guest, ['running', 'paused'])).status = 'saved'
        break
      case 'restore':
        return this.restore(event)
      case 'migrate':
        this.migrate(this.refuseDom0(this.reach(event.guest, ['running', 'paused'])), event)
        break
      case 'reboot':
        this.reboot(this.reachHost(event.host), event.takesNs)
        break
      case 'host-suspend':
        this.suspend(this.reachHost(event.host), event.forNs)
        break
      case 'set-wall':
      case 'tsc-step':
      case 'ntp-step':
        this.reachHost(event.host)
        break
      case 'ntp-slew':
        this.slew(this.reachHost(event.host), `host ${event.host}`, event.forNs)
        break
      case 'guest-ntp-slew':
        this.slew(this.reach(event.guest, ['running']), `guest ${event.guest}`, event.forNs)
        break
      case 'agent-settime':
        if (!event.quiet) this.reach(event.guest, ['running'])
        break
      default:
        this.reach(event.guest, ['running'])
    }
    return event
  }

  private boot(guest: GuestState): void {
    if (guest.status !== 'off')
      this.fail(`guest ${guest.spec.name} ${this.statusOf(guest)}; expected one boot`)
    this.refuseAbsent(guest.host)
    guest.status = 'running'
    guest.booted = true
  }

  private restore(event: DraftEvent & { kind: 'restore' }): RestoreEvent {
    const guest = this.guests.get(event.guest)!
    if (guest.status !== 'saved') {
      this.fail(`guest ${event.guest} ${this.statusOf(guest)}; expected a save before the restore`)
    }
    const host = event.on === null ? guest.host : this.hosts.get(event.on)!
    this.refuseOtherHypervisor(guest, host, 'on')
    this.refuseAbsent(host, 'on')
    guest.status = 'running'
    guest.host = host
    return { ...event, on: host.spec.name }
  }

  private migrate(guest: GuestState, event: DraftEvent & { kind: 'migrate' }): void {
    const { to, downtimeNs, stopToSaveNs, aborted } = event
    const host = this.hosts.get(to)!
    this.refuseOtherHypervisor(guest, host, 'to')
    this.refuseAbsent(host, 'to')
    guest.left = { host: guest.host, untilNs: event.atNs + stopToSaveNs }
    if (!aborted) guest.host = host
    guest.arrivesNs = event.atNs + downtimeNs
  }

  private reboot(host: HostState, takesNs: bigint): void {
    this.refuseLeaving(host)
    for (const guest of this.guests.values()) {
      if (guest.host !== host || guest.status === 'saved' || guest.status === 'off') continue
      if (!guest.spec.dom0) {
        const { name } = guest.spec
        this.fail(
          `guest ${name} ${this.statusOf(guest)} on host ${host.spec.name}; expected it to be saved or migrated before`,
        )
      }
      guest.status = 'off'
    }
    host.downUntilNs = this.event.atNs + takesNs
  }

  /** A guest whose migration has stopped it and not yet saved it is still there. */
  private refuseLeaving(host: HostState): void {
    for (const { spec, left } of this.guests.values()) {
      if (left.host !== host || left.untilNs <= this.event.atNs) continue
      const until = formatDurationNs(left.untilNs)
      this.fail(
        `guest ${spec.name} is saved on host ${host.spec.name} only at ${until}; expected it to be gone before`,
      )
    }
  }

  private suspend(host: HostState, forNs: bigint): void {
    this.refuseLeaving(host)
    for (const guest of this.guests.values()) {
      if (guest.host !== host || guest.arrivesNs <= this.event.atNs) continue
      this.fail(`guest ${guest.spec.name} ${this.statusOf(guest)}; expected the suspend before or after that`)
    }
    host.suspendedUntilNs = this.event.atNs + forNs
  }

  private slew(clock: GuestState | HostState, what: string, forNs: bigint): void {
    if (clock.slewedUntilNs > this.event.atNs) {
      const until = formatDurationNs(clock.slewedUntilNs)
      this.fail(`the clock of ${what} is slewed until ${until}; expected one slew after the other`)
    }
    clock.slewedUntilNs = this.event.atNs + forNs
  }

  /** The guest, if it is in one of these states and its host is there. */
  private reach(name: string, wanted: readonly Status[]): GuestState {
    const guest = this.guests.get(name)!
    const onTheWay = guest.arrivesNs > this.event.atNs
    if (onTheWay || !wanted.includes(guest.status)) {
      this.fail(`guest ${name} ${this.statusOf(guest)}; expected a guest that is ${wanted.join(' or ')}`)
    }
    this.refuseAbsent(guest.host)
    return guest
  }

  private reachHost(name: string): HostState {
    const host = this.hosts.get(name)!
    this.refuseAbsent(host)
    return host
  }

  private refuseAbsent(host: HostState, key?: string): void {
    const { name } = host.spec
    for (const [state, untilNs] of [
      ['rebooting', host.downUntilNs],
      ['suspended', host.suspendedUntilNs],
    ] as const) {
      if (untilNs <= this.event.atNs) continue
      const until = formatDurationNs(untilNs)
      this.fail(`host ${name} is ${state} until ${until}; expected a time when it is up`, key)
    }
  }

  private refuseOtherHypervisor(guest: GuestState, host: HostState, key: string): void {
    const [from, to] = [guest.host.spec, host.spec]
    if (from.hypervisor === to.hypervisor) return
    const where = `guest ${guest.spec.name} comes from ${from.name}, which is ${from.hypervisor}`
    this.fail(`${where}, and ${to.name} is ${to.hypervisor}; expected a host of ${from.hypervisor}`, key)
  }

  private refuseDom0(guest: GuestState): GuestState {
    if (guest.spec.dom0)
      this.fail(`guest ${guest.spec.name} is dom0 and stays with its host; expected another guest`)
    return guest
  }

  private statusOf(guest: GuestState): string {
    if (guest.arrivesNs > this.event.atNs) {
      return `is on its way to host ${guest.host.spec.name} until ${formatDurationNs(guest.arrivesNs)}`
    }
    if (guest.status !== 'off') return `is ${guest.status}`
    return guest.booted ? 'went down with its host' : `boots only at ${formatDurationNs(guest.spec.bootNs)}`
  }

  /** Points at `key` of the event, else at the name that its action is about. */
  private fail(what: string, key?: string): never {
    this.places.fail(this.place(key), `at ${formatDurationNs(this.event.atNs)} ${what}`)
  }

  private place(key?: string): Position {
    const { event, index, places } = this
    if (index < 0) return event.position
    const action = actionOf(this.raw[index]!)
    return key !== undefined && places.has('events', index, key)
      ? places.at('events', index, key)
      : places.at('events', index, action)
  }
}
