/** Hosts: defaults that depend on the hypervisor, and what does not go together. */
import { SYSTEM_OF } from './kernels.js'
import type { Places } from './places.js'
import type { RawHost } from './schema.js'
import type { HostKvmclock, HostSpec, HostTimebase, HostTsc } from './types.js'
import { formatHz } from './units.js'

/** Xen lets a timer interrupt come this late (timer_slop in xen/common/timer.c). */
const XEN_TIMER_SLOP_NS = 50_000n

/** Throws ScenarioError. */
export function resolveHost(name: string, raw: RawHost, startNs: bigint, places: Places): HostSpec {
  const onPower = SYSTEM_OF[raw.hypervisor] === 'power'
  const [own, other] = onPower ? (['timebase', 'tsc'] as const) : (['tsc', 'timebase'] as const)
  if (places.has('hosts', name, other)) {
    const what = `host ${name} has a ${other}, which ${raw.hypervisor} hosts have not`
    places.fail(places.key('hosts', name, other), `${what}; expected ${own} or nothing`)
  }
  if (startNs + raw.wall.offset < 0n) {
    places.fail(
      places.at('hosts', name, 'wall', 'offset'),
      `the wall clock of host ${name} would be before 1970; expected a later start or a smaller offset`,
    )
  }
  return {
    name,
    hypervisor: raw.hypervisor,
    uptimeNs: raw.uptime,
    tsc: onPower ? null : resolveTsc(name, raw, places),
    timebase: onPower ? resolveTimebase(raw.timebase) : null,
    clockErrorPpb: raw.clock.error,
    wallOffsetNs: raw.wall.offset,
    wallRatePpb: raw.wall.rate,
    wallPushed: raw.wall.pushed,
    timerSlopNs: raw['timer-slop'] ?? (raw.hypervisor === 'xen' ? XEN_TIMER_SLOP_NS : 0n),
    kvmclock: resolveKvmclock(name, raw, places),
    position: places.key('hosts', name),
  }
}

function resolveTsc(name: string, raw: RawHost, places: Places): HostTsc {
  const { tsc } = raw
  const path = ['hosts', name, 'tsc'] as const
  // A KVM host keeps time by its TSC if that is any good; Xen takes a platform timer unless told otherwise.
  const reliable = tsc.reliable ?? (raw.hypervisor === 'kvm' && tsc.constant)
  const clocksource = tsc.clocksource ?? reliable
  if (reliable && !tsc.constant) {
    places.fail(
      places.at(...path, 'reliable'),
      'a tsc that is not constant cannot be reliable; expected reliable: false',
    )
  }
  if (clocksource && !tsc.constant) {
    places.fail(
      places.at(...path, 'clocksource'),
      'a tsc that is not constant cannot be the clocksource; expected clocksource: false',
    )
  }
  const calibrated = tsc.calibrated ?? null
  if (calibrated !== null && !isNear(calibrated, tsc.frequency)) {
    places.fail(
      places.at(...path, 'calibrated'),
      `${formatHz(calibrated)} is more than 10 % from the frequency; expected about ${formatHz(tsc.frequency)}`,
    )
  }
  return {
    frequencyHz: tsc.frequency,
    errorPpb: tsc.error,
    calibratedHz: calibrated,
    atStart: tsc['at-start'] ?? null,
    constant: tsc.constant,
    reliable,
    clocksource,
    scalingBits: tsc.scaling === 'none' ? null : tsc.scaling,
  }
}

function resolveKvmclock(
  name: string,
  { hypervisor, kvmclock }: RawHost,
  places: Places,
): HostKvmclock | null {
  if (!kvmclock) return null
  if (hypervisor !== 'kvm') {
    const detail = `host ${name} has a kvmclock, which hosts of ${hypervisor} have not; expected no kvmclock`
    places.fail(places.key('hosts', name, 'kvmclock'), detail)
  }
  const { step, update, stagger, 'never-back': neverBack } = kvmclock
  return { stepNs: step, updateNs: update, staggerNs: stagger, neverBack }
}

function isNear(value: bigint, expected: bigint): boolean {
  const difference = value > expected ? value - expected : expected - value
  return difference * 10n <= expected
}

function resolveTimebase(timebase: RawHost['timebase']): HostTimebase {
  return {
    frequencyHz: timebase.frequency,
    errorPpb: timebase.error,
    atStart: timebase['at-start'] ?? null,
  }
}
