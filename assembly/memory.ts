/**
 * Guest memory: guest-physical address 0 is linear address GUEST_MEMORY.
 *
 * Where the models keep what a real kernel keeps in its RAM:
 *   0x1000  shared_info (Xen)
 *   0x2000  vcpu_info registered per CPU, 64 bytes each (modern Linux on Xen)
 *   0x3000  vcpu_runstate_info per CPU, 64 bytes each
 *   0x4000  pvclock page per CPU, 64 bytes each (KVM; Linux' struct pvclock_vsyscall_time_info)
 *   0x5000  pvclock_wall_clock (KVM)
 *   0x6000  Hyper-V's reference TSC page
 *   0x1000 … 0x6fff  lppaca per CPU, 640 bytes each, six in a page (Linux on Power)
 *   0x7000  vmclock's page
 *   0x8000  the kernel model's own data, KERNEL_SIZE bytes
 */
import { GUEST_MEMORY, machine } from './layout'

export const GPA_SHARED_INFO: u32 = 0x1000
export const GPA_VCPU_INFO: u32 = 0x2000
export const GPA_LPPACA: u32 = 0x1000
export const GPA_RUNSTATE: u32 = 0x3000
export const GPA_PVCLOCK: u32 = 0x4000
export const GPA_WALL_CLOCK: u32 = 0x5000
export const GPA_REFERENCE_TSC: u32 = 0x6000
export const GPA_VMCLOCK: u32 = 0x7000
export const GPA_KERNEL: u32 = 0x8000
export const KERNEL_SIZE: u32 = 0x8000

/** Linear address of a guest-physical one. */
@inline export function at(gpa: u32): usize { return GUEST_MEMORY + <usize>gpa }

/** Whether `size` bytes at `gpa` lie inside guest memory. */
@inline export function inside(gpa: u32, size: u32): bool {
  return <u64>gpa + <u64>size <= <u64>machine().memory_size
}
