/**
 * Firecracker's snapshots. The VM is paused, its state written: MSRs with IA32_TSC, and what KVM_GET_CLOCK gave. On
 * restore the MSRs are written and KVM_SET_CLOCK is called before a vCPU runs.
 */
import { bootTsc, restoreTsc, saveTsc } from './kvm-vcpu.js'
import type { ClockPolicy } from './policy.js'

/** The flag KVM_CLOCK_REALTIME is cleared: kvmclock goes on where it was. */
export const firecracker: ClockPolicy = {
  name: 'kvm-firecracker',
  system: 'kvm',
  title: 'Firecracker: kvmclock and TSC go on where the snapshot was taken',
  source: 'firecracker#5809; src/vmm/src/arch/x86_64/vm.rs set_clock without KVM_CLOCK_REALTIME',
  boot: bootTsc,
  save(context) {
    const { clock, realtime } = context.kvm!.getClock()
    return { ...saveTsc(context), clock, realtime }
  },
  restore(context, saved) {
    restoreTsc(context, saved)
    context.kvm!.setClock(saved.clock!)
  },
  resume: ({ kvm }) => {
    for (let cpu = 0; cpu < kvm!.vcpus; cpu++) kvm!.kvmclockCtrl(cpu)
  },
}

/** The structure is given back as KVM_GET_CLOCK left it, on a kernel that fills in realtime. */
export const firecrackerRealtime: ClockPolicy = {
  ...firecracker,
  name: 'kvm-firecracker-realtime',
  title: 'Firecracker on Linux 5.16 and later, or with clock_realtime: kvmclock catches up by the wall clock',
  source: 'firecracker#5809; Linux c68dc1b577ea (KVM_CLOCK_REALTIME, 5.16)',
  restore(context, saved) {
    restoreTsc(context, saved)
    context.kvm!.setClock(saved.clock!, saved.realtime!)
  },
}

/**
 * KVM_KVMCLOCK_CTRL is called when the VM is paused. The flag reaches the guest's page only when a vCPU runs, so it is
 * not in the snapshot's memory, and the request is lost with the process.
 */
export const firecrackerFlagLost: ClockPolicy = {
  ...firecrackerRealtime,
  name: 'kvm-firecracker-flag-lost',
  title: 'Firecracker with GUEST_STOPPED asked for at the pause: it never reaches the page',
  source: 'firecracker#5494, #5322, #1859; Linux arch/x86/kvm/x86.c kvm_set_guest_paused',
  stop({ kvm }) {
    for (let cpu = 0; cpu < kvm!.vcpus; cpu++) kvm!.kvmclockCtrl(cpu)
  },
  resume() {},
}
