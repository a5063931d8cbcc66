/**
 * Hyper-V's reference time under KVM is kvmclock in units of 100 ns. openvmm saves it in those units and restores it by
 * KVM_SET_CLOCK, so the conversion decides whether a guest, which sees kvmclock in ns, can see it go back.
 */

import { kvmRealtime } from './kvm-realtime.js'
import { restoreTsc } from './kvm-vcpu.js'
import type { ClockPolicy } from './policy.js'

const UNIT_NS = 100n

const rounded = (name: string, title: string, source: string, up: boolean): ClockPolicy => ({
  ...kvmRealtime,
  name,
  title,
  source,
  save(context) {
    const { clock, ...saved } = kvmRealtime.save(context)
    return { ...saved, reference_time: (clock! + (up ? UNIT_NS - 1n : 0n)) / UNIT_NS }
  },
  restore(context, saved) {
    restoreTsc(context, saved)
    context.kvm!.setClock(saved.reference_time! * UNIT_NS)
  },
})

export const kvmReferenceUp = rounded(
  'kvm-reference-up',
  'reference time restored through kvmclock, rounded up to 100 ns',
  'openvmm#4066: virt_kvm, restore the reference time via the kvm clock',
  true,
)
export const kvmReferenceDown = rounded(
  'kvm-reference-down',
  'reference time restored through kvmclock, rounded down: the clock can go back by up to 99 ns',
  'openvmm#4066: why the conversion rounds up',
  false,
)

/** The counter is not restored: it shows what the host's own clock shows. */
export const kvmReferenceDropped: ClockPolicy = {
  ...kvmRealtime,
  name: 'kvm-reference-dropped',
  title: 'reference time is not restored: it jumps to wherever the host’s clock is',
  source: 'openvmm#4066: dropped on the floor',
  restore(context, saved) {
    restoreTsc(context, saved)
    context.kvm!.setClock(context.host.uptimeNs())
  },
}
