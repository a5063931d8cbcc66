/** Guests: defaults that depend on kernel and host, and what does not go together. */
import { CLOCKSOURCE_OF_VARIANT, KERNELS, SYSTEM_OF } from './kernels.js'
import type { Places } from './places.js'
import { decrementer, type RawGuest } from './schema.js'
import type { GuestSpec, HostSpec } from './types.js'
import { resolveWorkload } from './workload.js'

export interface GuestContext {
  readonly hosts: ReadonlyMap<string, HostSpec>
  /** When it boots first, by its key or by an event. */
  readonly bootNs: bigint
  readonly durationNs: bigint
  readonly places: Places
}

/** Throws ScenarioError. */
export function resolveGuest(name: string, raw: RawGuest, context: GuestContext): GuestSpec {
  const { hosts, places } = context
  const path = ['guests', name] as const
  const host =
    hosts.get(raw.on) ?? places.unknownName(places.at(...path, 'on'), 'host', raw.on, [...hosts.keys()])
  const facts = KERNELS[raw.kernel]
  if (!facts.hypervisors.includes(host.hypervisor)) {
    places.fail(
      places.at(...path, 'kernel'),
      `${raw.kernel} does not run on host ${host.name}, which is ${host.hypervisor}; expected a host of ${facts.hypervisors.join(' or ')}`,
    )
  }
  const among = <T>(key: string, value: T, allowed: readonly T[]): T => {
    if (allowed.includes(value)) return value
    const expected = allowed.length === 1 ? `${allowed[0]}` : `one of ${allowed.join(', ')}`
    return places.fail(places.at(...path, key), `${raw.kernel} has no ${key} ${value}; expected ${expected}`)
  }
  const { arch = facts.archs[0]!, clocksource = facts.clocksources[0]!, hz = facts.hz[0]! } = raw
  among('variant', raw.variant, facts.variants)
  among('arch', arch, facts.archs)
  among('hz', hz, facts.hz)
  among('clocksource', clocksource, facts.clocksources)
  const needed = CLOCKSOURCE_OF_VARIANT[raw.variant]
  if (needed && needed !== clocksource) {
    places.fail(
      places.at(...path, 'variant'),
      `variant ${raw.variant} is about clocksource ${needed}; expected that, it is ${clocksource}`,
    )
  }
  refuseForeignKeys(name, raw, host, places)
  refuseFrom(name, raw, places)
  return {
    name,
    on: host.name,
    kernel: raw.kernel,
    variant: raw.variant,
    arch,
    hz,
    vcpus: raw.vcpus,
    bootNs: context.bootNs,
    from: raw.from ?? null,
    policy: raw.policy ?? null,
    dom0: raw.dom0,
    ntp: raw.ntp,
    tsc: host.tsc && { mode: tscMode(raw.tsc?.mode), frequencyHz: raw.tsc?.frequency ?? null },
    timebase: host.timebase && { frequencyHz: raw.timebase?.frequency ?? host.timebase.frequencyHz },
    dec: host.timebase && (raw.dec ?? decrementer.parse({})),
    clocksource,
    hyperV: raw['hyper-v'],
    vmclock: raw.vmclock,
    rtc: raw.rtc ? { tickNs: raw.rtc.tick, costNs: raw.rtc.cost, mostNs: raw.rtc.most ?? null } : null,
    memoryBytes: Number(raw.memory),
    ...resolveWorkload(name, raw, context),
    position: places.key(...path),
  }
}

function tscMode(mode: 'default' | 'emulate' | 'native' | 0 | 1 | 2 = 0): 0 | 1 | 2 {
  if (typeof mode === 'number') return mode
  return mode === 'default' ? 0 : mode === 'emulate' ? 1 : 2
}

/** Keys that mean nothing on this kind of host. */
function refuseForeignKeys(name: string, raw: RawGuest, host: HostSpec, places: Places): void {
  const path = ['guests', name] as const
  const system = SYSTEM_OF[host.hypervisor]
  const foreign = system === 'power' ? (['tsc'] as const) : (['timebase', 'dec'] as const)
  for (const key of foreign) {
    if (!raw[key]) continue
    const detail = `guest ${name} has a ${key}, which guests on ${host.hypervisor} have not; expected no ${key}`
    places.fail(places.key(...path, key), detail)
  }
  if (system === 'power' && raw['hyper-v']) {
    const detail = `guest ${name} is on ${host.hypervisor}, where there is no Hyper-V; expected no hyper-v`
    places.fail(places.at(...path, 'hyper-v'), detail)
  }
  if (system === 'xen') return
  if (raw.tsc?.mode !== undefined) {
    const detail = `tsc.mode is a setting of Xen, and host ${host.name} is ${host.hypervisor}; expected no mode`
    places.fail(places.key(...path, 'tsc', 'mode'), detail)
  }
  if (raw.dom0) {
    const detail = `guest ${name} cannot be dom0 on ${host.hypervisor}; expected dom0 only on xen`
    places.fail(places.at(...path, 'dom0'), detail)
  }
}

/** A saved guest has its own TSC mode and frequency, and dom0 is not saved. */
function refuseFrom(name: string, raw: RawGuest, places: Places): void {
  if (raw.from === undefined) return
  const key = raw.tsc ? 'tsc' : raw.dom0 ? 'dom0' : null
  if (key === null) return
  const detail = `guest ${name} begins from a saved guest, which says that itself; expected no ${key}`
  places.fail(places.key('guests', name, key), detail)
}
