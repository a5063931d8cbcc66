/**
 * A VMM that never calls KVM_SET_TSC_KHZ on the destination: the guest's TSC counts with the new host's, whatever the
 * guest has measured. All else is as in QEMU.
 */
import { kvmQemu } from './kvm-qemu.js'
import type { ClockPolicy } from './policy.js'

export const kvmNoTscKhz: ClockPolicy = {
  ...kvmQemu,
  name: 'kvm-no-tsc-khz',
  title: 'the TSC frequency is not carried: the guest’s TSC counts with the new host’s',
  source: 'cloud-hypervisor#5786; firecracker#2522; Linux Documentation/virt/kvm/api.rst KVM_SET_TSC_KHZ',
  restore(context, saved) {
    const { kvm, vmm } = context
    kvm!.setTscKhz(0n) // a new vCPU has its host's
    for (let cpu = 0; cpu < kvm!.vcpus; cpu++) kvm!.setTsc(cpu, saved[`tsc_${cpu}`]!)
    vmm.set('clock', saved.clock!)
  },
}
