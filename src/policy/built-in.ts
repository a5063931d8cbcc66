/** The built-in policies by name. */
import type { Hypervisor, Kernel } from '../scenario/types.js'
import {
  cloudHypervisor,
  cloudHypervisorClockLate,
  cloudHypervisorClockLost,
  cloudHypervisorRealtime,
} from './kvm-cloud-hypervisor.js'
import { firecracker, firecrackerFlagLost, firecrackerRealtime } from './kvm-firecracker.js'
import { kvmHostBase } from './kvm-host-base.js'
import { kvmMsrs, kvmMsrsDeadlineFirst, kvmMsrsDeadlineZero } from './kvm-msrs.js'
import { kvmNoTscKhz } from './kvm-no-tsc-khz.js'
import { kvmReferenceDown, kvmReferenceDropped, kvmReferenceUp } from './kvm-openvmm.js'
import { propolis } from './kvm-propolis.js'
import { kvmQemu } from './kvm-qemu.js'
import { kvmRealtime } from './kvm-realtime.js'
import { kvmStealThread } from './kvm-steal-thread.js'
import { kvmTscOffset } from './kvm-tsc-offset.js'
import type { ClockPolicy } from './policy.js'
import { powerDecLost } from './power-dec-lost.js'
import { powerFrequencyScaled, powerFrequencyTold } from './power-frequency.js'
import { powerQemu } from './power-qemu.js'
import { powerRunning } from './power-running.js'
import { powerStopped } from './power-stopped.js'
import { powerStoppedTimebase } from './power-stopped-timebase.js'
import { powerTbu40 } from './power-tbu40.js'
import { powerTcg } from './power-tcg.js'
import { xen2008, xen2008FreshWallclock } from './xen-2008.js'
import { xenFix1, xenFix1FreshWallclock } from './xen-fix-1.js'
import { xenFix2, xenFix2FreshWallclock } from './xen-fix-2.js'
import { xenFix3, xenFix3FreshWallclock } from './xen-fix-3.js'
import { xenToday } from './xen-today.js'
import { xenViridianFrozen, xenViridianRunsOn } from './xen-viridian.js'

/** Every built-in policy, in the order in which people meet them. */
export const policies: readonly ClockPolicy[] = [
  xen2008,
  xenFix1,
  xenFix2,
  xenFix3,
  xen2008FreshWallclock,
  xenFix1FreshWallclock,
  xenFix2FreshWallclock,
  xenFix3FreshWallclock,
  xenToday,
  xenViridianFrozen,
  xenViridianRunsOn,
  kvmQemu,
  kvmRealtime,
  kvmTscOffset,
  kvmHostBase,
  kvmNoTscKhz,
  firecracker,
  firecrackerRealtime,
  firecrackerFlagLost,
  cloudHypervisor,
  cloudHypervisorRealtime,
  cloudHypervisorClockLost,
  cloudHypervisorClockLate,
  kvmMsrs,
  kvmMsrsDeadlineFirst,
  kvmMsrsDeadlineZero,
  kvmStealThread,
  kvmReferenceUp,
  kvmReferenceDown,
  kvmReferenceDropped,
  propolis,
  powerStopped,
  powerRunning,
  powerQemu,
  powerStoppedTimebase,
  powerFrequencyScaled,
  powerFrequencyTold,
  powerTcg,
  powerTbu40,
  powerDecLost,
]

/** A policy that cannot be had: the message says why and what there is. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
}

export function policyNames(): string[] {
  return policies.map((policy) => policy.name)
}

/** The built-in policy of that name. Throws PolicyError. */
export function builtInPolicy(name: string): ClockPolicy {
  const policy = policies.find((one) => one.name === name)
  if (!policy) throw new PolicyError(`there is no policy '${name}'; there are ${policyNames().join(', ')}`)
  return policy
}

/** The policy of a guest that names none. */
export function defaultPolicy(hypervisor: Hypervisor, kernel: Kernel): ClockPolicy {
  switch (hypervisor) {
    case 'xen':
      return kernel === 'linux-2.6.18-xen' ? xen2008 : xenToday
    case 'kvm':
      return kvmQemu
    case 'power-kvm':
      return powerQemu
    case 'power-tcg':
      return powerTcg
  }
}
