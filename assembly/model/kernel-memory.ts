/**
 * Where the models of modern Linux keep what a kernel keeps in its data segment: one region of guest memory,
 * so it is saved, moved and hashed with the guest.
 *
 *   GPA_KERNEL + 0x0000  Timekeeper (timekeeping.ts)            256 bytes
 *              + 0x0100  TickState (hrtimer.ts)                 256
 *              + 0x0200  XenTime, KvmTime or PpcTime            512
 *              + 0x0400  CpuTimers (hrtimer.ts)                 128 × 32 CPUs
 *              + 0x1400  what the platform needs for each CPU    64 × 32
 *              + 0x2000  areas shared with the hypervisor        64 × 33
 *              + 0x8000  KERNEL_SIZE
 */
import { GPA_KERNEL } from '../memory'

export const GPA_TIMEKEEPER: u32 = GPA_KERNEL
export const GPA_TICK: u32 = GPA_KERNEL + 0x100
export const GPA_PLATFORM: u32 = GPA_KERNEL + 0x200
export const GPA_CPU_TIMERS: u32 = GPA_KERNEL + 0x400
export const GPA_PLATFORM_CPU: u32 = GPA_KERNEL + 0x1400
export const GPA_SHARED_AREAS: u32 = GPA_KERNEL + 0x2000

export const CPU_TIMERS_SIZE: u32 = 128
export const PLATFORM_CPU_SIZE: u32 = 64
export const SHARED_AREA_SIZE: u32 = 64
