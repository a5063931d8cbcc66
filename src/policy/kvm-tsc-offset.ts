/**
 * The algorithm of the vCPU device document: besides kvmclock, the TSC itself goes on as if it had never stopped.
 *
 *   source       KVM_GET_CLOCK -> guest_src, host_src (realtime), tsc_src; KVM_VCPU_TSC_OFFSET -> ofs_src[i]; khz
 *   destination  KVM_SET_CLOCK(guest_src, host_src, REALTIME); KVM_GET_CLOCK -> guest_dst, tsc_dst
 *                ofs_dst[i] = ofs_src[i] - (guest_src - guest_dst) * khz + (tsc_src - tsc_dst)
 *
 * The document's product of ns and kHz is ns * khz / 10^6 ticks. It assumes that the TSC is not scaled; both host
 * readings are in the guest's unit here only if host and guest run alike.
 */
import { bootTsc } from './kvm-vcpu.js'
import type { ClockPolicy } from './policy.js'
import { promising } from './promises.js'

export const kvmTscOffset: ClockPolicy = {
  name: 'kvm-tsc-offset',
  system: 'kvm',
  title: 'vcpu.rst: kvmclock by REALTIME, and TSC offsets that make the TSC count the downtime',
  source: 'Linux Documentation/virt/kvm/devices/vcpu.rst, 4.1 KVM_VCPU_TSC_OFFSET',
  promises: promising({
    downtime: { pause: 'counted', save: 'counted', migrate: 'counted' },
    hosts: 'alike',
    counter: true,
  }),
  boot: bootTsc,
  save({ kvm }) {
    const { clock, realtime, hostTsc } = kvm!.getClock()
    const saved: Record<string, bigint> = { clock, realtime, host_tsc: hostTsc, tsc_khz: kvm!.tscKhz() }
    for (let cpu = 0; cpu < kvm!.vcpus; cpu++) saved[`tsc_offset_${cpu}`] = kvm!.tscOffset(cpu)
    return saved
  },
  restore({ kvm }, saved) {
    kvm!.setTscKhz(saved.tsc_khz!)
    kvm!.setClock(saved.clock!, saved.realtime!)
    const { clock: guestDst, hostTsc: tscDst } = kvm!.getClock()
    const ticks = ((saved.clock! - guestDst) * saved.tsc_khz!) / 1_000_000n
    for (let cpu = 0; cpu < kvm!.vcpus; cpu++) {
      kvm!.setTscOffset(
        cpu,
        BigInt.asUintN(64, saved[`tsc_offset_${cpu}`]! - ticks + (saved.host_tsc! - tscDst)),
      )
    }
    kvm!.setClock(guestDst)
  },
}
