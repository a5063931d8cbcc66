/** The x86 registers that guest code reads and writes: TSC and model-specific registers. */
import { xen_now } from '../host'
import { guest, HYPERVISOR_XEN, vcpu } from '../layout'
import { vcpu_block } from '../vcpu'
import { hyperv_page_time, hyperv_write_reference_tsc, REFERENCE_NS, reference_at } from './hyperv'
import {
  kvm_get_clock, kvm_guest_tsc, kvm_write_steal_msr, kvm_write_system_time_msr, kvm_write_tsc, kvm_write_tsc_deadline,
  kvm_write_wall_clock_msr,
} from './kvm'
import { xen_guest_tsc } from './xen'

export const MSR_IA32_TSC: u32 = 0x10
export const MSR_IA32_TSC_DEADLINE: u32 = 0x6e0
export const MSR_KVM_WALL_CLOCK_NEW: u32 = 0x4b564d00
export const MSR_KVM_SYSTEM_TIME_NEW: u32 = 0x4b564d01
export const MSR_KVM_STEAL_TIME: u32 = 0x4b564d03
export const HV_X64_MSR_TIME_REF_COUNT: u32 = 0x40000020
export const HV_X64_MSR_REFERENCE_TSC: u32 = 0x40000021
const MSR_KVM_WALL_CLOCK: u32 = 0x11
const MSR_KVM_SYSTEM_TIME: u32 = 0x12
const GP_FAULT: i32 = -13

export function rdtsc(cpu: u32): u64 {
  return guest().hypervisor == HYPERVISOR_XEN ? xen_guest_tsc() : kvm_guest_tsc(cpu)
}

/** Reads an MSR; one that is not emulated reads as 0. */
export function rdmsr(cpu: u32, msr: u32): u64 {
  if (msr == MSR_IA32_TSC) return rdtsc(cpu)
  if (msr == HV_X64_MSR_TIME_REF_COUNT) return reference_count()
  if (guest().hypervisor == HYPERVISOR_XEN) return 0
  switch (msr) {
    case MSR_IA32_TSC_DEADLINE:
      return vcpu(cpu).tsc_deadline
    case MSR_KVM_WALL_CLOCK:
    case MSR_KVM_WALL_CLOCK_NEW:
      return guest().wall_clock_msr
    case MSR_KVM_SYSTEM_TIME:
    case MSR_KVM_SYSTEM_TIME_NEW:
      return vcpu(cpu).system_time_msr
    case MSR_KVM_STEAL_TIME:
      return vcpu(cpu).steal_msr
    default:
      return 0
  }
}

function reference_count(): u64 {
  return reference_at(guest().hypervisor == HYPERVISOR_XEN ? xen_now() : kvm_get_clock())
}

/** Hyper-V's reference time as a guest computes it from the TSC page, ns; by the MSR where the page is invalid. */
export function reference_page_ns(cpu: u32): u64 {
  return hyperv_page_time(rdtsc(cpu), reference_count()) * REFERENCE_NS
}

/** Writes an MSR: 0, or -13 where the hardware would raise a general protection fault. */
export function wrmsr(cpu: u32, msr: u32, value: u64): i32 {
  if (guest().hypervisor == HYPERVISOR_XEN) return GP_FAULT
  switch (msr) {
    case MSR_IA32_TSC:
      kvm_write_tsc(cpu, value, false)
      return 0
    case MSR_IA32_TSC_DEADLINE:
      kvm_write_tsc_deadline(cpu, value)
      return 0
    case MSR_KVM_WALL_CLOCK:
    case MSR_KVM_WALL_CLOCK_NEW:
      return kvm_write_wall_clock_msr(value) ? GP_FAULT : 0
    case MSR_KVM_SYSTEM_TIME:
    case MSR_KVM_SYSTEM_TIME_NEW:
      return kvm_write_system_time_msr(cpu, value) ? GP_FAULT : 0
    case HV_X64_MSR_REFERENCE_TSC:
      return hyperv_write_reference_tsc(value) ? GP_FAULT : 0
    case MSR_KVM_STEAL_TIME:
      return kvm_write_steal_msr(cpu, value) ? GP_FAULT : 0
    default:
      return GP_FAULT
  }
}

/** HLT under KVM: the vCPU waits for its next interrupt. */
export function halt(cpu: u32): void {
  vcpu_block(cpu)
}
