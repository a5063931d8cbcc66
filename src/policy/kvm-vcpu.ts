/** The parts that KVM policies share: the TSC as part of the vCPU state. */
import type { PolicyContext, SavedClocks } from './policy.js'

/** IA32_TSC of each vCPU and the guest's frequency, as a VMM's vCPU state holds them. */
export function saveTsc({ kvm }: PolicyContext): SavedClocks {
  const saved: Record<string, bigint> = { tsc_khz: kvm!.tscKhz() }
  for (let cpu = 0; cpu < kvm!.vcpus; cpu++) saved[`tsc_${cpu}`] = kvm!.tsc(cpu)
  return saved
}

export function restoreTsc({ kvm }: PolicyContext, saved: SavedClocks): void {
  kvm!.setTscKhz(saved.tsc_khz!)
  for (let cpu = 0; cpu < kvm!.vcpus; cpu++) kvm!.setTsc(cpu, saved[`tsc_${cpu}`]!)
}

/** A new VM: the frequency that was asked for, and the TSC from 0. */
export function bootTsc({ kvm }: PolicyContext, guest: { readonly tscKhz: number }): void {
  kvm!.setTscKhz(BigInt(guest.tscKhz))
  for (let cpu = 0; cpu < kvm!.vcpus; cpu++) kvm!.setTsc(cpu, 0n)
  kvm!.setClock(0n)
}
