/** Histories that are one step simpler than a given one, those that save most first. */
import { KERNELS } from '../scenario/kernels.js'
import type { GuestSpec, HostSpec, Scenario, ScenarioEvent } from '../scenario/types.js'

type Make = () => Scenario

const MS = 1_000_000n
const SECOND = 1_000_000_000n

/** Each is made only when asked for. None is `history` itself. */
export function simplerHistories(history: Scenario): Make[] {
  return [
    ...withoutGuests(history),
    ...withoutEvents(history),
    ...withoutHosts(history),
    ...simplerGuests(history),
    ...simplerHosts(history),
    ...simplerEvents(history),
    ...closerEvents(history),
  ]
}

const without = <T>(list: readonly T[], ...at: readonly number[]): T[] =>
  list.filter((_, i) => !at.includes(i))
const changed = <T>(list: readonly T[], at: number, item: T): T[] =>
  list.map((one, i) => (i === at ? item : one))

function withoutGuests(history: Scenario): Make[] {
  if (history.guests.length === 1) return []
  return history.guests.map(({ name }, i) => () => ({
    ...history,
    guests: without(history.guests, i),
    events: history.events.filter((event) => !('guest' in event) || event.guest !== name),
  }))
}

/** One event, or two of them: a pause is nothing without its resume. */
function withoutEvents(history: Scenario): Make[] {
  const { events } = history
  const told = events.flatMap(({ kind }, i) => (kind === 'boot' ? [] : [i]))
  const pairs = told.flatMap((i) => told.filter((j) => j > i).map((j) => [i, j]))
  return [...told.map((i) => [i]), ...pairs].map((gone) => () => ({
    ...history,
    events: without(events, ...gone),
  }))
}

/** A host goes, and what was to happen on it happens on the first one. */
function withoutHosts(history: Scenario): Make[] {
  const { hosts, guests, events } = history
  return hosts.flatMap(({ name }, i): Make[] => {
    const rest = without(hosts, i)
    const first = rest[0]?.name
    if (first === undefined) return []
    const moved = <T>(value: T): T => (value === name ? (first as T) : value)
    return [
      () => ({
        ...history,
        hosts: rest,
        guests: guests.map((guest) => {
          const on = moved(guest.on)
          const { timebase } = hosts.find((host) => host.name === on)!
          return { ...guest, on, timebase: timebase && { frequencyHz: timebase.frequencyHz } }
        }),
        events: events.flatMap((event): ScenarioEvent[] => {
          if ('host' in event) return event.host === name ? [] : [event]
          if (event.kind === 'migrate') return [{ ...event, to: moved(event.to) }]
          return [event.kind === 'restore' ? { ...event, on: moved(event.on) } : event]
        }),
      }),
    ]
  })
}

function simplerGuests(history: Scenario): Make[] {
  return history.guests.flatMap((guest, i) => {
    const facts = KERNELS[guest.kernel]
    const to = (change: Partial<GuestSpec>): Make[] => [
      () => ({ ...history, guests: changed(history.guests, i, { ...guest, ...change }) }),
    ]
    const one = <K extends keyof GuestSpec>(key: K, value: GuestSpec[K]): Make[] =>
      guest[key] === value ? [] : to({ [key]: value } as Partial<GuestSpec>)
    const reading = (everyNs: bigint): Make[] =>
      guest.read.every((reader) => reader.everyNs === everyNs)
        ? []
        : to({ read: guest.read.map((reader) => ({ ...reader, everyNs })) })
    return [
      ...guest.read.flatMap((_, k) => to({ read: without(guest.read, k) })),
      ...guest.sleep.flatMap((_, k) => to({ sleep: without(guest.sleep, k) })),
      ...one('dom0', false),
      ...one('ntp', 'off'),
      ...(guest.vcpus > 1
        ? to({
            vcpus: 1,
            read: guest.read.map((reader) => ({ ...reader, vcpu: 0 })),
            sleep: guest.sleep.map((sleeper) => ({ ...sleeper, vcpu: 0 })),
          })
        : []),
      ...one('arch', facts.archs[0]!),
      ...one('hz', facts.hz[0]!),
      ...(guest.tsc && guest.tsc.mode !== 0 ? to({ tsc: { ...guest.tsc, mode: 0 } }) : []),
      ...(guest.dec && guest.dec.bits !== 32 ? to({ dec: { ...guest.dec, bits: 32 } }) : []),
      ...(guest.dec && guest.dec.type !== 'level' ? to({ dec: { ...guest.dec, type: 'level' } }) : []),
      ...reading(100n * MS),
      ...guest.sleep.flatMap((sleeper, k) => [
        ...(sleeper.everyNs === null
          ? []
          : to({ sleep: changed(guest.sleep, k, { ...sleeper, everyNs: null }) })),
        ...rounder(sleeper.forNs, SECOND).flatMap((forNs) =>
          to({ sleep: changed(guest.sleep, k, { ...sleeper, forNs }) }),
        ),
        ...rounder(sleeper.atNs, 0n).flatMap((atNs) =>
          to({ sleep: changed(guest.sleep, k, { ...sleeper, atNs }) }),
        ),
      ]),
    ]
  })
}

function simplerHosts(history: Scenario): Make[] {
  return history.hosts.flatMap((host, i) => {
    const to = (change: Partial<HostSpec>): Make[] => [
      () => ({ ...history, hosts: changed(history.hosts, i, { ...host, ...change }) }),
    ]
    const { tsc, timebase } = host
    const tscTo = (change: Partial<NonNullable<HostSpec['tsc']>>): Make[] =>
      tsc && Object.entries(change).some(([key, value]) => tsc[key as keyof typeof tsc] !== value)
        ? to({ tsc: { ...tsc, ...change } })
        : []
    const trusted = host.hypervisor === 'kvm'
    return [
      ...tscTo({ calibratedHz: null }),
      ...tscTo({ calibratedHz: null, errorPpb: 0n, frequencyHz: 2_400_000_000n }),
      ...tscTo({ errorPpb: 0n }),
      ...tscTo({ reliable: trusted, clocksource: trusted }),
      ...tscTo({ scalingBits: null }),
      ...(timebase && timebase.errorPpb !== 0n ? to({ timebase: { ...timebase, errorPpb: 0n } }) : []),
      ...rounder(host.clockErrorPpb, 0n).flatMap((clockErrorPpb) => to({ clockErrorPpb })),
      ...rounder(host.wallOffsetNs, 0n).flatMap((wallOffsetNs) => to({ wallOffsetNs })),
      ...rounder(host.wallRatePpb, 0n).flatMap((wallRatePpb) => to({ wallRatePpb })),
      ...(host.wallPushed === 'every-11-min' ? [] : to({ wallPushed: 'every-11-min' as const })),
      ...rounder(host.uptimeNs, 0n).flatMap((uptimeNs) => to({ uptimeNs })),
      ...(tsc ? rounder(tsc.errorPpb, 0n).flatMap((errorPpb) => tscTo({ errorPpb })) : []),
    ]
  })
}

function simplerEvents(history: Scenario): Make[] {
  return history.events.flatMap((event, i) => {
    const to = (change: object): Make[] => [
      () => ({ ...history, events: changed(history.events, i, { ...event, ...change } as ScenarioEvent) }),
    ]
    switch (event.kind) {
      case 'migrate':
        return [
          ...rounder(event.stopToSaveNs, 0n).flatMap((stopToSaveNs) => to({ stopToSaveNs })),
          ...rounder(event.downtimeNs, 0n).flatMap((downtimeNs) => to({ downtimeNs })),
          ...(event.aborted
            ? [() => ({ ...history, events: changed(history.events, i, whole(event)) })]
            : []),
        ]
      case 'reboot':
        return rounder(event.takesNs, SECOND).flatMap((takesNs) => to({ takesNs }))
      case 'ntp-step':
        return rounder(event.byNs, SECOND).flatMap((byNs) => to({ byNs }))
      case 'set-wall':
        return rounder(event.offsetNs, 0n).flatMap((offsetNs) => to({ offsetNs }))
      case 'ntp-slew':
      case 'guest-ntp-slew':
      case 'steal':
        return rounder(event.forNs, SECOND).flatMap((forNs) => to({ forNs }))
      default:
        return []
    }
  })
}

function whole({ aborted: _, ...event }: Extract<ScenarioEvent, { kind: 'migrate' }>): ScenarioEvent {
  return event
}

/** Less time from one event to the next: what comes later comes earlier by as much. */
function closerEvents(history: Scenario): Make[] {
  const { events, durationNs } = history
  const instants = [...new Set([...events.map(({ atNs }) => atNs), durationNs])]
  return instants.slice(1).flatMap((atNs, i) => {
    const gapNs = atNs - instants[i]!
    return rounder(gapNs, SECOND).map((shorterNs) => () => {
      const by = gapNs - shorterNs
      const later = (ns: bigint) => (ns >= atNs ? ns - by : ns)
      return {
        ...history,
        durationNs: durationNs - by,
        events: events.map((event) => ({ ...event, atNs: later(event.atNs) })),
        guests: history.guests.map((guest) => ({
          ...guest,
          read: guest.read.map((reader) => ({ ...reader, untilNs: durationNs - by })),
        })),
      }
    })
  })
}

/** Simpler values in the place of `value`: `simplest`, or with fewer digits. None if there is none. */
function rounder(value: bigint, simplest: bigint): bigint[] {
  if (value === simplest) return []
  const size = value < 0n ? -value : value
  const rounded: bigint[] = [simplest]
  for (const digits of [1, 2, 4]) {
    const step = 10n ** BigInt(Math.max(0, `${size}`.length - digits))
    const round = (value / step) * step
    if (round !== value && round !== simplest && !rounded.includes(round)) rounded.push(round)
  }
  return rounded
}
