/**
 * KVM_SET_CLOCK with KVM_CLOCK_REALTIME: the kernel adds the time that the destination's wall clock says has gone
 * by since the save, never less than nothing. The guest's kvmclock, and CLOCK_MONOTONIC on it, count the downtime.
 */
import { bootTsc, restoreTsc, saveTsc } from './kvm-vcpu.js'
import type { ClockPolicy } from './policy.js'
import { promising } from './promises.js'

export const kvmRealtime: ClockPolicy = {
  name: 'kvm-realtime',
  system: 'kvm',
  title: 'KVM_SET_CLOCK with REALTIME: kvmclock counts the downtime by the hosts’ wall clocks',
  source: 'Linux Documentation/virt/kvm/api.rst KVM_SET_CLOCK; arch/x86/kvm/x86.c kvm_vm_ioctl_set_clock',
  promises: promising({ downtime: { pause: 'counted', save: 'counted', migrate: 'counted' } }),
  boot: bootTsc,
  save(context) {
    const { clock, realtime } = context.kvm!.getClock()
    return { ...saveTsc(context), clock, realtime }
  },
  restore(context, saved) {
    restoreTsc(context, saved)
    context.kvm!.setClock(saved.clock!, saved.realtime!)
  },
}
