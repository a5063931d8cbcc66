/**
 * What happens in a history: one action after the other, each possible where it stands (scenario/timeline.ts says
 * what is). Guests and hosts are followed:
 *
 *      running ── pause ──> paused ── save ──> saved ── (reboot of a host, days) ── restore ──> running
 *         └─ migrate, with its downtime; also aborted, to the same host, there and back within an instant
 *
 * Time goes on in small steps while a guest runs, because running guests are what a run pays for; where none does,
 * now and then for days.
 */
import type { HostSpec, ScenarioEvent } from '../scenario/types.js'
import type { Sketch } from './draw-guests.js'
import { NOWHERE } from './draw-hosts.js'
import type { Random } from './random.js'

const MS = 1_000_000n
const SECOND = 1_000_000_000n
const DAY = 86_400n * SECOND

/** A guest whose fate is followed. */
interface Followed extends Sketch {
  host: string
  status: 'running' | 'paused' | 'saved'
  /** End of the migration under way, or of what takes time otherwise. */
  freeNs: bigint
  /** Of a migration: the host that it leaves, and when it is saved there. */
  left: { readonly host: string; readonly untilNs: bigint }
  slewedNs: bigint
}

type Bare<E> = E extends ScenarioEvent ? Omit<E, 'position' | 'atNs'> : never

const RUNNING = {
  migrate: 40,
  abort: 8,
  thereAndBack: 10,
  save: 18,
  pause: 14,
  steal: 5,
  agent: 2,
  ntpStep: 2,
  ntpSlew: 2,
  rtc: 1,
  host: 10,
} as const
const PAUSED = { resume: 50, migrate: 20, abort: 5, save: 15, host: 5, wait: 5 } as const
/** A Xen guest has to run to be saved: it suspends itself. */
const PAUSED_ON_XEN = { resume: 80, host: 10, wait: 10 } as const
const SAVED = { restore: 70, reboot: 20, host: 5, wait: 5 } as const

export class EventDrawer {
  readonly events: ScenarioEvent[] = []
  readonly #guests: readonly Followed[]
  readonly #downUntil = new Map<string, bigint>()
  readonly #slewedUntil = new Map<string, bigint>()
  #nowNs = 0n

  constructor(
    private readonly random: Random,
    private readonly hosts: readonly HostSpec[],
    guests: readonly Sketch[],
  ) {
    this.#guests = guests.map((guest) => ({
      ...guest,
      host: guest.on,
      status: 'running',
      freeNs: 0n,
      left: { host: guest.on, untilNs: 0n },
      slewedNs: 0n,
    }))
  }

  /** Draws everything that happens, and returns the end of the history: some quiet after the last of it. */
  draw(): bigint {
    const { random } = this
    for (const { name } of this.#guests) this.#add({ kind: 'boot', guest: name })
    this.#wait(BigInt(random.integer(300, 1500)) * MS)
    for (let left = random.integer(1, 5); left > 0; left--) this.#step()
    this.#finish()
    const busyUntil = this.#guests.reduce((most, { freeNs }) => (freeNs > most ? freeNs : most), this.#nowNs)
    const downUntil = [...this.#downUntil.values()].reduce((most, ns) => (ns > most ? ns : most), busyUntil)
    return downUntil + BigInt(random.integer(1200, 4000)) * MS
  }

  /** Most guests that are away come back, so that what it did to them can be seen. */
  #finish(): void {
    for (const guest of this.#guests) {
      if (guest.status === 'running' || this.random.chance(10)) continue
      this.#await(guest)
      if (guest.status === 'paused') this.#resume(guest)
      else this.#restore(guest)
    }
  }

  #step(): void {
    const { random } = this
    const guest = random.pick(this.#guests)
    this.#await(guest)
    if (guest.dom0) this.#dom0(guest)
    else this.#act(guest)
    this.#wait(this.#gap())
  }

  #act(guest: Followed): void {
    const { random } = this
    const paused = this.hosts[0]!.hypervisor === 'xen' ? PAUSED_ON_XEN : PAUSED
    const does = random.weighted(
      guest.status === 'running' ? RUNNING : guest.status === 'paused' ? paused : SAVED,
    )
    switch (does) {
      case 'migrate':
        this.#migrate(guest, random.chance(6) ? guest.host : random.pick(this.hosts).name, false)
        break
      case 'abort':
        this.#migrate(guest, random.pick(this.hosts).name, true)
        break
      case 'thereAndBack':
        this.#thereAndBack(guest)
        break
      case 'save':
        guest.status = 'saved'
        this.#add({ kind: 'save', guest: guest.name })
        break
      case 'restore':
        this.#restore(guest)
        break
      case 'pause':
        guest.status = 'paused'
        this.#add({ kind: 'pause', guest: guest.name })
        break
      case 'resume':
        this.#resume(guest)
        break
      case 'reboot':
        this.#reboot(random.pick(this.hosts).name)
        break
      case 'host':
        this.#onHost(random.pick(this.hosts).name)
        break
      case 'wait':
        break
      default:
        this.#inGuest(guest, does)
    }
  }

  #migrate(guest: Followed, to: string, aborted: boolean): void {
    const { random } = this
    if (this.#isDown(to) || this.#isDown(guest.host)) return
    const downtimeNs = random.chance(8)
      ? 0n
      : random.magnitude(MS, random.chance(10) ? 20n * SECOND : 2n * SECOND)
    const stopToSaveNs = random.chance(70) ? 0n : random.bigint(0n, downtimeNs)
    this.#add({
      kind: 'migrate',
      guest: guest.name,
      to,
      downtimeNs,
      stopToSaveNs,
      ...(aborted && { aborted: true as const }),
    })
    guest.freeNs = this.#nowNs + downtimeNs
    guest.left = { host: guest.host, untilNs: this.#nowNs + stopToSaveNs }
    if (!aborted) guest.host = to
  }

  /** Away and home again, and no time has gone by. */
  #thereAndBack(guest: Followed): void {
    const home = guest.host
    const away = this.random.pick(this.hosts).name
    if (this.#isDown(away) || this.#isDown(home)) return
    for (const to of [away, home]) {
      this.#add({ kind: 'migrate', guest: guest.name, to, downtimeNs: 0n, stopToSaveNs: 0n })
    }
  }

  #resume(guest: Followed): void {
    guest.status = 'running'
    this.#add({ kind: 'resume', guest: guest.name })
  }

  #restore(guest: Followed): void {
    const on = this.random.chance(50) ? guest.host : this.random.pick(this.hosts).name
    const upNs = this.#downUntil.get(on) ?? 0n
    if (upNs > this.#nowNs) this.#wait(upNs - this.#nowNs)
    guest.status = 'running'
    guest.host = on
    this.#add({ kind: 'restore', guest: guest.name, on })
  }

  /** Only of a host on which nobody is, and to which nobody is on the way. */
  #reboot(host: string): void {
    if (this.#isDown(host) || this.#guests.some((one) => one.host === host && one.status !== 'saved')) return
    if (this.#guests.some(({ left }) => left.host === host && left.untilNs > this.#nowNs)) return
    if ((this.#slewedUntil.get(host) ?? 0n) > this.#nowNs) return
    const takesNs = this.random.magnitude(SECOND, 5n * SECOND)
    this.#add({ kind: 'reboot', host, takesNs })
    this.#downUntil.set(host, this.#nowNs + takesNs)
  }

  /** What NTP or an administrator does to a host's wall clock. */
  #onHost(host: string): void {
    const { random } = this
    if (this.#isDown(host)) return
    const sign = random.chance(50) ? 1n : -1n
    switch (random.weighted({ step: 4, slew: 4, set: 2 })) {
      case 'step':
        this.#add({ kind: 'ntp-step', host, byNs: sign * random.magnitude(MS, 3n * SECOND) })
        break
      case 'set':
        this.#add({ kind: 'set-wall', host, offsetNs: random.chance(50) ? 0n : random.around(SECOND) })
        break
      case 'slew': {
        if ((this.#slewedUntil.get(host) ?? 0n) > this.#nowNs) return
        const forNs = random.magnitude(100n * MS, 3n * SECOND)
        this.#slewedUntil.set(host, this.#nowNs + forNs)
        this.#add({
          kind: 'ntp-slew',
          host,
          ratePpb: sign * BigInt(random.integer(1, 500)) * 1000n,
          forNs,
        })
        break
      }
    }
  }

  #inGuest(guest: Followed, does: 'steal' | 'agent' | 'ntpStep' | 'ntpSlew' | 'rtc'): void {
    const { random } = this
    const { name } = guest
    switch (does) {
      case 'steal': {
        const forNs = random.magnitude(MS, SECOND)
        guest.freeNs = this.#nowNs + forNs
        this.#add({ kind: 'steal', guest: name, vcpu: 0, forNs })
        break
      }
      case 'agent':
        this.#add({
          kind: 'agent-settime',
          guest: name,
          from: random.pick(['host', 'true'] as const),
          slewNs: null,
          quiet: false,
        })
        break
      case 'ntpStep':
        this.#add({ kind: 'guest-ntp-step', guest: name })
        break
      case 'rtc':
        this.#add({ kind: 'rtc-resync', guest: name })
        break
      case 'ntpSlew': {
        const forNs = random.magnitude(100n * MS, 2n * SECOND)
        guest.freeNs = this.#nowNs + forNs
        const ratePpb = random.around(500n) * 1000n
        this.#add({ kind: 'guest-ntp-slew', guest: name, ratePpb, forNs })
        break
      }
    }
  }

  /** dom0 stays where it is; its NTP does what NTP does. */
  #dom0(guest: Followed): void {
    if (this.random.chance(40))
      this.#inGuest(guest, this.random.pick(['ntpStep', 'ntpSlew', 'steal'] as const))
    else this.#onHost(guest.host)
  }

  // ---- time

  #gap(): bigint {
    const { random } = this
    const nobodyRuns = this.#guests.every(({ status }) => status !== 'running')
    if (nobodyRuns && random.chance(15)) return random.magnitude(SECOND, 30n * DAY)
    return random.chance(8) ? 0n : random.magnitude(10n * MS, 3n * SECOND)
  }

  /** Until the guest can be reached again; at that very instant, or a little later. */
  #await(guest: Followed): void {
    if (guest.freeNs > this.#nowNs) this.#nowNs = guest.freeNs
  }

  #wait(ns: bigint): void {
    this.#nowNs += ns
  }

  #isDown(host: string): boolean {
    return (this.#downUntil.get(host) ?? 0n) > this.#nowNs
  }

  #add(event: Bare<ScenarioEvent>): void {
    this.events.push({ ...event, atNs: this.#nowNs, position: NOWHERE } as ScenarioEvent)
  }
}
