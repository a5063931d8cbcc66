/**
 * bhyve under propolis: time data goes as the guest's TSC and the source's wall clock; the destination adds to the TSC
 * what its own wall clock is ahead of that, without asking whether the two clocks agree.
 */
import { bootTsc } from './kvm-vcpu.js'
import type { ClockPolicy } from './policy.js'

const NS_PER_MS = 1_000_000n

export const propolis: ClockPolicy = {
  name: 'kvm-propolis',
  system: 'kvm',
  title: 'bhyve: TSC and clock are charged for the migration, by the hosts’ wall clocks',
  source: 'propolis#337, #359; illumos usr/src/uts/intel/io/vmm/vmm.c vmm_data_write_vmm_time',
  boot: bootTsc,
  save({ kvm, host }) {
    const saved: Record<string, bigint> = {
      tsc_khz: kvm!.tscKhz(),
      wall: host.wallNs(),
      clock: kvm!.getClock().clock,
    }
    for (let cpu = 0; cpu < kvm!.vcpus; cpu++) saved[`tsc_${cpu}`] = kvm!.tsc(cpu)
    return saved
  },
  restore({ kvm, host }, saved) {
    const khz = saved.tsc_khz!
    const passedNs = host.wallNs() - saved.wall!
    kvm!.setTscKhz(khz)
    for (let cpu = 0; cpu < kvm!.vcpus; cpu++) {
      const wanted = saved[`tsc_${cpu}`]! + (passedNs * khz) / NS_PER_MS
      kvm!.setTscOffset(cpu, BigInt.asUintN(64, kvm!.tscOffset(cpu) + wanted - kvm!.tsc(cpu)))
    }
    kvm!.setClock(BigInt.asUintN(64, saved.clock! + passedNs))
  },
}
