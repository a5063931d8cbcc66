/** What a kernel is told when it starts: its build configuration, command line and device tree. */
import { guest, machine } from './layout'

@inline export function boot_hz(): u32 { return guest().option_hz }
@inline export function boot_variant(): u32 { return guest().option_variant }
/** 0: the kernel's own choice, 1 kvm-clock, 2 tsc, 3 xen. */
@inline export function boot_clocksource(): u32 { return guest().option_clocksource }
/** Whether adjtimex says that NTP disciplines this kernel's clock. */
@inline export function boot_ntp_synced(): bool { return guest().option_ntp != 0 }
/** Whether this is dom0. */
@inline export function boot_privileged(): bool { return guest().privileged != 0 }
/** x86-64 layouts; false: x86-32. */
@inline export function boot_wide(): bool { return guest().wide != 0 }
/** CPUID has Hyper-V's leaves: the guest may use its clocks. */
@inline export function boot_hyperv(): bool { return guest().hv_enabled != 0 }
@inline export function boot_vcpus(): u32 { return machine().vcpus }
