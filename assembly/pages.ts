/** Where the structures are through which a guest is told the time, for who looks into its memory from outside. */
import { guest, HYPERVISOR_KVM, HYPERVISOR_XEN, vcpu } from './layout'
import { shared_info_wc_sec_hi, shared_info_wc_version, VCPU_INFO_BYTES, VCPU_INFO_TIME } from './x86/shared-info'

/** Guest-physical address of a vCPU's vcpu_time_info; 0: there is none. */
export function guest_time_page(cpu: u32): u32 {
  const g = guest()
  const v = vcpu(cpu)
  if (g.hypervisor == HYPERVISOR_XEN) {
    const info = v.vcpu_info_gpa ? v.vcpu_info_gpa : g.shared_info_gpa + cpu * <u32>VCPU_INFO_BYTES
    return info + <u32>VCPU_INFO_TIME
  }
  return g.hypervisor == HYPERVISOR_KVM && (v.system_time_msr & 1) ? <u32>v.system_time_msr & ~1 : 0
}

/** Of the wall clock: u32 version, sec, nsec; 0: there is none. */
export function guest_wall_clock(): u32 {
  const g = guest()
  if (g.hypervisor == HYPERVISOR_XEN) return g.shared_info_gpa + <u32>shared_info_wc_version(g.wide != 0)
  return g.hypervisor == HYPERVISOR_KVM ? g.wall_clock_msr : 0
}

/** Of the wall clock's u32 wc_sec_hi; 0: there is none. */
export function guest_wall_clock_hi(): u32 {
  const g = guest()
  return g.hypervisor == HYPERVISOR_XEN ? g.shared_info_gpa + <u32>shared_info_wc_sec_hi(g.wide != 0) : 0
}
