/** Events of the file, one by one, to their typed form. How they follow each other is timeline.ts. */

import type { Places } from './places.js'
import { ACTION_KEYS, type ActionKey, type RawEvent } from './schema.js'
import { didYouMean } from './suggest.js'
import type { GuestSpec, RestoreEvent, ScenarioEvent } from './types.js'
import { formatDurationNs } from './units.js'

export interface EventContext {
  readonly guests: ReadonlyMap<string, GuestSpec>
  readonly hostNames: readonly string[]
  readonly x86Hosts: ReadonlySet<string>
  readonly startNs: bigint
  readonly durationNs: bigint
  readonly places: Places
}

/** An event of which only the timeline knows the last thing: where a restore goes that names no host. */
export type DraftEvent =
  | Exclude<ScenarioEvent, RestoreEvent>
  | (Omit<RestoreEvent, 'on'> & { readonly on: string | null })

/** An event with its place in the file's list; -1 for the boots that `boot:` keys make. */
export interface Draft {
  readonly event: DraftEvent
  readonly index: number
}

export function actionOf(raw: RawEvent): ActionKey {
  return ACTION_KEYS.find((key) => key in raw)!
}

/** The instant of each guest's first boot event, for guests that have one. */
export function bootEvents(events: readonly RawEvent[]): Map<string, bigint> {
  const first = new Map<string, bigint>()
  for (const event of events) {
    if (!('boot' in event)) continue
    const known = first.get(event.boot)
    if (known === undefined || event.at < known) first.set(event.boot, event.at)
  }
  return first
}

/** Throws ScenarioError. */
export function resolveEvent(raw: RawEvent, index: number, context: EventContext): DraftEvent {
  const { places, durationNs } = context
  if (raw.at >= durationNs) {
    const [at, end] = [formatDurationNs(raw.at), formatDurationNs(durationNs)]
    places.fail(
      places.at('events', index, 'at'),
      `at is ${at}, but the scenario ends at ${end}; expected an earlier time`,
    )
  }
  return new Resolver(raw, index, context).resolve()
}

class Resolver {
  constructor(
    private readonly raw: RawEvent,
    private readonly index: number,
    private readonly context: EventContext,
  ) {}

  resolve(): DraftEvent {
    const { raw } = this
    const base = { atNs: raw.at, position: this.context.places.at('events', this.index) }
    if ('migrate' in raw) {
      const guest = this.guest('migrate', raw.migrate)
      const to = this.host('to', raw.to)
      if (raw['stop-to-save'] > raw.downtime) {
        const [part, all] = [formatDurationNs(raw['stop-to-save']), formatDurationNs(raw.downtime)]
        this.fail(
          'stop-to-save',
          `stop-to-save is ${part}, but the downtime is ${all}; expected a part of it`,
        )
      }
      return {
        ...base,
        kind: 'migrate',
        guest,
        to,
        downtimeNs: raw.downtime,
        stopToSaveNs: raw['stop-to-save'],
        ...(raw.aborted && { aborted: true as const }),
      }
    }
    if ('save' in raw) return { ...base, kind: 'save', guest: this.guest('save', raw.save) }
    if ('restore' in raw) {
      const guest = this.guest('restore', raw.restore)
      return { ...base, kind: 'restore', guest, on: raw.on === undefined ? null : this.host('on', raw.on) }
    }
    if ('reboot' in raw)
      return { ...base, kind: 'reboot', host: this.host('reboot', raw.reboot), takesNs: raw.takes }
    if ('pause' in raw) return { ...base, kind: 'pause', guest: this.guest('pause', raw.pause) }
    if ('resume' in raw) return { ...base, kind: 'resume', guest: this.guest('resume', raw.resume) }
    if ('boot' in raw) return { ...base, kind: 'boot', guest: this.guest('boot', raw.boot) }
    if ('set-wall' in raw) {
      return {
        ...base,
        kind: 'set-wall',
        host: this.host('set-wall', raw['set-wall']),
        offsetNs: this.wallOffset(raw),
      }
    }
    if ('ntp-step' in raw) {
      return { ...base, kind: 'ntp-step', host: this.host('ntp-step', raw['ntp-step']), byNs: raw.by }
    }
    if ('ntp-slew' in raw) {
      const host = this.host('ntp-slew', raw['ntp-slew'])
      return { ...base, kind: 'ntp-slew', host, ratePpb: raw.rate, forNs: raw.for }
    }
    if ('host-suspend' in raw) {
      const host = this.host('host-suspend', raw['host-suspend'])
      const { tsc, for: forNs, 'update-wallclock': updateWallclock } = raw
      return { ...base, kind: 'host-suspend', host, forNs, updateWallclock, tsc }
    }
    if ('tsc-step' in raw) {
      return { ...base, kind: 'tsc-step', host: this.x86Host(raw['tsc-step']), byNs: raw.by }
    }
    if ('set-tsc' in raw) {
      const guest = this.guest('set-tsc', raw['set-tsc'])
      if (this.context.guests.get(guest)!.kernel !== 'linux-kvm')
        this.fail('set-tsc', `guest ${guest} is not on kvm; expected a guest of linux-kvm`)
      this.checkVcpu(guest, raw.vcpu)
      return { ...base, kind: 'set-tsc', guest, vcpu: raw.vcpu, to: raw.to }
    }
    if ('agent-settime' in raw) {
      const guest = this.guest('agent-settime', raw['agent-settime'])
      return {
        ...base,
        kind: 'agent-settime',
        guest,
        from: this.sourceOf(raw.from),
        slewNs: null,
        quiet: false,
      }
    }
    if ('guest-ntp' in raw) return { ...base, ...this.guestNtp(raw) }
    if ('rtc-resync' in raw)
      return { ...base, kind: 'rtc-resync', guest: this.guest('rtc-resync', raw['rtc-resync']) }
    if ('steal' in raw) {
      const guest = this.guest('steal', raw.steal)
      this.checkVcpu(guest, raw.vcpu)
      return { ...base, kind: 'steal', guest, vcpu: raw.vcpu, forNs: raw.for }
    }
    const guest = this.guest('tell-frequency', raw['tell-frequency'])
    if (this.context.guests.get(guest)!.timebase === null) {
      this.fail('tell-frequency', `guest ${guest} has no timebase; expected a guest of linux-ppc64`)
    }
    return { ...base, kind: 'tell-frequency', guest, frequencyHz: raw.frequency }
  }

  private wallOffset(raw: Extract<RawEvent, { 'set-wall': string }>): bigint {
    const { to, offset } = raw
    if (to !== undefined && offset !== undefined)
      this.fail('offset', 'set-wall has both to and offset; expected one of them')
    if (offset === undefined && to === undefined)
      this.fail('set-wall', 'set-wall has neither to nor offset; expected one of them')
    const nowNs = this.context.startNs + raw.at
    const offsetNs = offset ?? to! - nowNs
    if (nowNs + offsetNs < 0n)
      this.fail('offset', 'the wall clock would be before 1970; expected a larger offset')
    return offsetNs
  }

  private guestNtp(raw: Extract<RawEvent, { 'guest-ntp': string }>) {
    const guest = this.guest('guest-ntp', raw['guest-ntp'])
    const { step, rate, for: forNs } = raw
    const form = 'expected step: true, or rate and for'
    if (step && (rate !== undefined || forNs !== undefined)) {
      this.fail(rate !== undefined ? 'rate' : 'for', `guest-ntp has step and a slew; ${form}`)
    }
    if (step) return { kind: 'guest-ntp-step', guest } as const
    if (rate === undefined || forNs === undefined) {
      const lacks =
        rate === undefined && forNs === undefined
          ? 'neither step nor rate'
          : rate === undefined
            ? 'no rate'
            : 'no for'
      return this.fail('guest-ntp', `guest-ntp has ${lacks}; ${form}`)
    }
    return { kind: 'guest-ntp-slew', guest, ratePpb: rate, forNs } as const
  }

  private checkVcpu(guest: string, vcpu: number): void {
    const { vcpus } = this.context.guests.get(guest)!
    if (vcpu < vcpus) return
    const expected = vcpus === 1 ? '0' : `0 to ${vcpus - 1}`
    this.fail('vcpu', `guest ${guest} has no vCPU ${vcpu}; expected ${expected}`)
  }

  private sourceOf(from: string | true): 'host' | 'true' | { readonly guest: string } {
    if (from === 'host') return from
    return from === true || from === 'true' ? 'true' : { guest: this.guest('from', from) }
  }

  private x86Host(name: string): string {
    const host = this.host('tsc-step', name)
    if (!this.context.x86Hosts.has(host))
      this.fail('tsc-step', `host ${host} has no TSC; expected an x86 host`)
    return host
  }

  private guest(key: ActionKey | 'from', name: string): string {
    return this.known(key, 'guest', name, [...this.context.guests.keys()])
  }

  private host(key: string, name: string): string {
    return this.known(key, 'host', name, this.context.hostNames)
  }

  private known(key: string, what: string, name: string, names: readonly string[]): string {
    if (!names.includes(name)) {
      this.fail(
        key,
        `there is no ${what} ${JSON.stringify(name)}${didYouMean(name, names)}; expected one of ${names.join(', ')}`,
      )
    }
    return name
  }

  private fail(key: string, detail: string): never {
    const { places }: EventContext = this.context
    return places.fail(places.at('events', this.index, key), detail)
  }
}
