/**
 * KVM before Linux afbcf7ab8d1b (2009): kvmclock is the host's own time since boot, and no ioctl reads or sets it. The
 * TSC is part of the vCPU's state and moves with the guest.
 */
import { restoreTsc, saveTsc } from './kvm-vcpu.js'
import type { ClockPolicy, PolicyContext } from './policy.js'

/** The page says what the host's clock says; the guest's counts nothing of its own. */
const followHost = ({ kvm, host }: PolicyContext): void => kvm!.setClock(host.uptimeNs())

export const kvmHostBase: ClockPolicy = {
  name: 'kvm-host-base',
  system: 'kvm',
  title: 'before KVM_SET_CLOCK: kvmclock is the uptime of whatever host the guest is on',
  source: 'Linux afbcf7ab8d1b (KVM: allow userspace to adjust kvmclock offset): why it was added',
  boot(context, { tscKhz }) {
    const { kvm } = context
    kvm!.setTscKhz(BigInt(tscKhz))
    for (let cpu = 0; cpu < kvm!.vcpus; cpu++) kvm!.setTsc(cpu, 0n)
    followHost(context)
  },
  save: saveTsc,
  restore(context, saved) {
    restoreTsc(context, saved)
    followHost(context)
  },
}
