/**
 * cloud-hypervisor: pause takes KVM_GET_CLOCK, resume gives it to KVM_SET_CLOCK before the vCPUs run, on the same
 * host or on another.
 */
import { bootTsc, restoreTsc, saveTsc } from './kvm-vcpu.js'
import type { ClockPolicy, PolicyContext } from './policy.js'

function takeClock({ kvm, vmm }: PolicyContext): void {
  const { clock, realtime } = kvm!.getClock()
  vmm.set('clock', clock)
  vmm.set('realtime', realtime)
}

export const cloudHypervisor: ClockPolicy = {
  name: 'kvm-cloud-hypervisor',
  system: 'kvm',
  title: 'cloud-hypervisor: kvmclock goes on where the VM was paused',
  source: 'cloud-hypervisor vmm/src/vm.rs pause, resume; #1369, #7932',
  boot: bootTsc,
  stop: takeClock,
  save: (context) => ({
    ...saveTsc(context),
    clock: context.vmm.get('clock')!,
    realtime: context.vmm.get('realtime')!,
  }),
  restore(context, saved) {
    restoreTsc(context, saved)
    context.vmm.set('clock', saved.clock!)
    context.vmm.set('realtime', saved.realtime!)
  },
  resume({ kvm, vmm }) {
    kvm!.setClock(vmm.get('clock')!)
    for (let cpu = 0; cpu < kvm!.vcpus; cpu++) kvm!.kvmclockCtrl(cpu)
  },
}

/** The flag KVM_CLOCK_REALTIME is kept from pause to resume. */
export const cloudHypervisorRealtime: ClockPolicy = {
  ...cloudHypervisor,
  name: 'kvm-cloud-hypervisor-realtime',
  title: 'cloud-hypervisor with KVM_CLOCK_REALTIME: kvmclock catches up with the wall clock at resume',
  source: 'cloud-hypervisor#8256',
  resume({ kvm, vmm }) {
    kvm!.setClock(vmm.get('clock')!, vmm.get('realtime')!)
    for (let cpu = 0; cpu < kvm!.vcpus; cpu++) kvm!.kvmclockCtrl(cpu)
  },
}

/** The clock in the snapshot is not read: the new VM's kvmclock counts from its creation. */
export const cloudHypervisorClockLost: ClockPolicy = {
  ...cloudHypervisor,
  name: 'kvm-cloud-hypervisor-clock-lost',
  title: 'cloud-hypervisor without the snapshot’s clock: kvmclock begins at 0',
  source: 'cloud-hypervisor#2653: KVM_SET_CLOCK is never called on restore',
  restore(context, saved) {
    restoreTsc(context, saved)
    context.vmm.set('clock', 0n)
  },
}

/** vCPUs run with the new VM's clock, from 0, until KVM_SET_CLOCK is called. */
export const cloudHypervisorClockLate: ClockPolicy = {
  ...cloudHypervisor,
  name: 'kvm-cloud-hypervisor-clock-late',
  title: 'cloud-hypervisor with KVM_SET_CLOCK 50 ms after the vCPUs run',
  source: 'cloud-hypervisor#7930, #7932: vm.resume starts vCPUs before the clock is restored',
  restore(context, saved) {
    cloudHypervisor.restore(context, saved)
    context.kvm!.setClock(0n)
  },
  resume() {},
  settle: {
    afterNs: 50_000_000n,
    run({ kvm, vmm }) {
      kvm!.setClock(vmm.get('clock')!)
    },
  },
}
