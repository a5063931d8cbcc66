/**
 * What a guest's clocks would show on another host: a scenario of one host and one guest that begins from the stream,
 * looked at in its first instant. So it is what `run` would make of it.
 */
import { read } from '../math/read.js'
import { builtInPolicy } from '../policy/built-in.js'
import { XenClocks } from '../policy/clocks.js'
import { ScenarioError } from '../scenario/error.js'
import { parseScenario } from '../scenario/parse.js'
import type { Hypervisor, Kernel } from '../scenario/types.js'
import { StreamError } from '../stream/error.js'
import type { StreamTime } from '../stream/time.js'
import type { Guest } from '../world/guest.js'
import { type HostClockValues, World } from '../world/index.js'
import type { Resumed, ResumedClock } from './format.js'
import { instantText } from './text.js'

/** `savedCounter`: what the guest's TSC or timebase showed at the save; null where the stream does not say. */
export function resumeFrom(
  path: string,
  time: StreamTime,
  host: HostClockValues,
  savedCounter: bigint | null,
): Resumed {
  const guest = resumed(path, time, host)
  const { clocks } = guest.result(0n)
  const shown: ResumedClock[] = [
    {
      name: time.system === 'power' ? 'timebase' : 'TSC',
      unit: 'ticks',
      saved: savedCounter,
      resumed: clocks.counter!,
      ...(time.clocks.mode === 0n && { note: DEFAULT_MODE }),
    },
    ...(time.system === 'xen' ? [systemTime(time, new XenClocks(guest.machine!, time.wide))] : []),
    // A wall clock that neither the stream nor the host tells is nothing to show.
    ...((host.wallNs ?? time.host.wallNs) === null ? [] : [wallClock(time, clocks.realtime!)]),
    { name: 'CLOCK_MONOTONIC', unit: 'ns', saved: 0n, resumed: clocks.monotonic!, note: SINCE },
    // It counts the downtime, which is the difference of two wall clocks.
    ...(time.host.wallNs === null
      ? []
      : [{ name: 'CLOCK_BOOTTIME', unit: 'ns', saved: 0n, resumed: clocks.boottime!, note: SINCE } as const]),
  ]
  return { host, policy: time.policy, clocks: shown }
}

/** The guest on that host, in the instant in which it goes on. */
function resumed(path: string, time: StreamTime, host: HostClockValues): Guest {
  try {
    const world = new World(parse(path, time, host), {
      streams: new Map([['stream', time]]),
      policy: builtInPolicy(time.policy),
    })
    world.runUntil(0n)
    return world.guest('guest')
  } catch (error) {
    if (error instanceof StreamError || !(error instanceof Error)) throw error
    const reason = error instanceof ScenarioError ? error.detail : error.message
    throw new StreamError(path, null, `these clocks cannot go on on such a host: ${reason}`)
  }
}

/** `--host` cannot say that Xen trusts the TSC there, which it seldom does. */
const DEFAULT_MODE = 'on a host whose TSC Xen does not trust, so emulated'

const SINCE = 'counted from the save'

function wallClock({ host }: StreamTime, resumed: bigint): ResumedClock {
  return { name: 'CLOCK_REALTIME', unit: 'ns since the epoch', saved: host.wallNs, resumed }
}

/** As the guest reads it: through the page that the host has published. */
function systemTime({ host }: StreamTime, xen: XenClocks): ResumedClock {
  const { ns } = read(xen.timePage(), xen.guestTsc())
  return { name: 'system time', unit: 'ns', saved: host.uptimeNs, resumed: ns }
}

const KERNEL: Readonly<Record<StreamTime['system'], Kernel>> = {
  xen: 'linux-xen',
  kvm: 'linux-kvm',
  power: 'linux-ppc64',
}

function hypervisorOf({ system, policy }: StreamTime): Hypervisor {
  if (system !== 'power') return system
  return policy === 'power-tcg' ? 'power-tcg' : 'power-kvm'
}

/** A wall clock for a host of which nobody says what it shows; nothing that is shown hangs on it. */
const SOME_TIME_NS = 1_767_225_600_000_000_000n

/** What is not given is as it was when the guest was saved; a host's counter then counts from its boot. */
function parse(path: string, time: StreamTime, given: HostClockValues) {
  const { system, wide, host } = time
  const wall = given.wallNs ?? host.wallNs ?? SOME_TIME_NS
  const counter = given[system === 'power' ? 'timebase' : 'tsc']
  const foreign = system === 'power' ? given.tsc : given.timebase
  if (foreign !== undefined)
    throw new StreamError(path, null, `a host of ${system} has no ${system === 'power' ? 'tsc' : 'timebase'}`)
  const atStart = counter === undefined ? '' : `, at-start: ${counter}`
  const name = system === 'power' ? 'timebase' : 'tsc'
  const text = `
name: resumed
title: resumed
start: ${instantText(wall)}
duration: 1 ms
hosts:
  host:
    hypervisor: ${hypervisorOf(time)}
    uptime: ${given.uptimeNs ?? host.uptimeNs ?? 0n} ns
    ${name}: { frequency: ${host.frequencyHz} Hz${atStart} }
guests:
  guest: { on: host, kernel: ${KERNEL[system]}, arch: ${system === 'power' ? 'ppc64' : wide ? 'x86-64' : 'x86-32'}, from: stream }
`
  return parseScenario(text, path)
}
