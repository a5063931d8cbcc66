/**
 * Linux 6.12 as a KVM guest (arch/x86/kernel/kvmclock.c, pvclock.c, kvm.c, tsc.c, apic/apic.c).
 *
 *   clocksource  kvm-clock: the pvclock page of the CPU, never below last_value unless the page is TSC_STABLE;
 *                or the TSC itself, if the boot options say so (a CPU with an invariant TSC would choose it, but
 *                QEMU shows that only to guests that are not to be migrated)
 *   event device the local APIC's TSC deadline, in units of 8 cycles of the TSC as it was at boot
 *   wall clock   the wall clock MSR, at boot and never again; later only the RTC
 *   stopped      the guest does not learn of pause and migration. The one trace is GUEST_STOPPED in the page,
 *                which spares it a false soft-lockup report
 *
 * sched_clock is kvm-clock less its value at boot, whatever the clocksource. A kernel whose page is not TSC_STABLE at boot also
 * filters it (kernel/sched/clock.c), which is not modelled.
 *
 * Variant VARIANT_OLD_CYC2NS is a kernel before 3.2 without kvm-clock, on a CPU whose TSC is invariant: sched_clock is
 * the TSC times a scale of 10 fraction bits, cut to 64 bits before the fraction is dropped, so that it falls after about
 * 2^54 ns (2.6.32 arch/x86/include/asm/timer.h __cycles_2_ns; Linux 4cecf6d401a0 keeps what is cut).
 */
import { boot_clocksource, boot_hyperv, boot_hz, boot_variant, boot_vcpus } from '../boot-options'
import { CAUSE_TIMER, CLOCK_COUNTER, CLOCK_JIFFIES, CLOCK_SCHED, CLOCK_STEAL, NS_PER_SEC } from '../layout'
import { at, GPA_PVCLOCK, GPA_REFERENCE_TSC, GPA_WALL_CLOCK } from '../memory'
import {
  halt, HV_X64_MSR_REFERENCE_TSC, MSR_IA32_TSC_DEADLINE, MSR_KVM_STEAL_TIME, MSR_KVM_SYSTEM_TIME_NEW,
  MSR_KVM_WALL_CLOCK_NEW, rdtsc, wrmsr,
} from '../x86/cpu'
import { cmos_read_secs } from '../x86/hypercall'
import {
  PVCLOCK_GUEST_STOPPED, PVCLOCK_TSC_STABLE, pvclock_clocksource_read, pvclock_read, pvclock_tsc_khz, VcpuTimeInfo,
} from '../x86/pvclock'
import { WC_NSEC, WC_SEC } from '../x86/shared-info'
import {
  event_device_config, EventDevice, event_device_ticks, tick_state, timers_boot, timers_busy,
  timers_clock_was_set, timers_idle, timers_interrupt, timers_sleep, timers_touch_watchdog, timers_watchdog_due,
} from './hrtimer'
import { GPA_PLATFORM, GPA_SHARED_AREAS, SHARED_AREA_SIZE } from './kernel-memory'
import { tk_adjtimex, tk_adjust_frequency, tk_boot, tk_monotonic, tk_read, tk_settime } from './timekeeping'

@unmanaged
class KvmTime {
  device_mult: u32 // EventDevice
  device_shift: u32
  device_min_ns: u64
  device_max_ns: u64
  last_value: u64 // the highest time that was given out without TSC_STABLE
  sched_offset: u64 // sched_clock is kvm-clock minus this
  tsc_khz: u32 // as the page said at boot
  uses_tsc: u32 // the clocksource is the TSC
  cyc2ns: u32 // VARIANT_OLD_CYC2NS: ns of a cycle, with CYC2NS_BITS fraction bits
  pad0: u32
}

/** boot_variant: sched_clock with a product that is cut. */
const VARIANT_OLD_CYC2NS: u32 = 4
/** boot_variant: nothing keeps kvm-clock from falling, as before Linux 489fb490dbf8 (2.6.35), and in OSv. */
const VARIANT_NO_GUARD: u32 = 9
const CYC2NS_BITS: u32 = 10

const PAGE_SIZE: u32 = 64 // struct pvclock_vsyscall_time_info
const MSR_ENABLED: u64 = 1
const CLOCKSOURCE_TSC: u32 = 2
/** The deadline timer counts the TSC's cycles by eights, and takes 15 of those or more (apic.c TSC_DIVISOR). */
const TSC_DIVISOR: u32 = 8
const MIN_DEADLINE: u64 = 15

@inline function kvm(): KvmTime { return changetype<KvmTime>(at(GPA_PLATFORM)) }
@inline function device(): EventDevice { return changetype<EventDevice>(at(GPA_PLATFORM)) }
@inline function page_gpa(cpu: u32): u32 { return GPA_PVCLOCK + cpu * PAGE_SIZE }
@inline function page(cpu: u32): VcpuTimeInfo { return changetype<VcpuTimeInfo>(at(page_gpa(cpu))) }
@inline function steal_gpa(cpu: u32): u32 { return GPA_SHARED_AREAS + cpu * SHARED_AREA_SIZE }

// ---- clocks

/** kvm-clock (kvm_clock_read); the kernel understands TSC_STABLE. */
function kvm_clock(cpu: u32): u64 {
  if (boot_variant() == VARIANT_NO_GUARD) return pvclock_read(at(page_gpa(cpu)), rdtsc(cpu))
  const last_value = changetype<usize>(kvm()) + offsetof<KvmTime>('last_value')
  return pvclock_clocksource_read(at(page_gpa(cpu)), rdtsc(cpu), PVCLOCK_TSC_STABLE, last_value, 0)
}

@inline function cycles_now(cpu: u32): u64 { return kvm().uses_tsc ? rdtsc(cpu) : kvm_clock(cpu) }

/** The clocksource as a process reads it: CPU 0's page if that is TSC_STABLE, or by a system call. */
function process_cycles(cpu: u32): u64 {
  if (kvm().uses_tsc || !(page(0).flags & PVCLOCK_TSC_STABLE)) return cycles_now(cpu)
  return pvclock_read(at(page_gpa(0)), rdtsc(cpu))
}

function sched_clock(cpu: u32): u64 {
  const k = kvm()
  const ns = k.cyc2ns ? (rdtsc(cpu) * k.cyc2ns) >> CYC2NS_BITS : kvm_clock(cpu)
  return ns - k.sched_offset
}

/** UTC in ns (kvm_get_wallclock): the hypervisor writes what it was at kvm-clock 0, because the MSR is written. */
function read_wallclock(cpu: u32): u64 {
  wrmsr(cpu, MSR_KVM_WALL_CLOCK_NEW, GPA_WALL_CLOCK)
  const wc = at(GPA_WALL_CLOCK)
  return <u64>load<u32>(wc, WC_SEC) * NS_PER_SEC + load<u32>(wc, WC_NSEC) + kvm_clock(cpu)
}

/** Programs the event device for the CPU's next timer (apic.c lapic_next_deadline). */
function program(cpu: u32, cycles: u64): void {
  const delay = event_device_ticks(device(), cpu, tk_monotonic(cycles))
  wrmsr(cpu, MSR_IA32_TSC_DEADLINE, rdtsc(cpu) + delay * TSC_DIVISOR)
}

/** Was this CPU stopped by the host since it last looked? (kvm_check_and_clear_guest_paused) */
function was_stopped(cpu: u32): bool {
  const p = page(cpu)
  if (!(p.flags & PVCLOCK_GUEST_STOPPED)) return false
  p.flags &= ~PVCLOCK_GUEST_STOPPED
  return true
}

// ---- entries

export function lkvm_boot(cpu: u32): void {
  wrmsr(cpu, MSR_KVM_SYSTEM_TIME_NEW, page_gpa(cpu) | MSR_ENABLED)
  wrmsr(cpu, MSR_KVM_STEAL_TIME, steal_gpa(cpu) | MSR_ENABLED)
  if (cpu == 0) {
    if (boot_hyperv()) wrmsr(0, HV_X64_MSR_REFERENCE_TSC, GPA_REFERENCE_TSC | MSR_ENABLED)
    boot_time()
  }
  const cycles = cycles_now(cpu)
  timers_boot(cpu, cycles, sched_clock(cpu))
  program(cpu, cycles)
}

/** kvmclock_init, and the clocksource and timer that follow from the frequency it found. */
function boot_time(): void {
  const k = kvm()
  memory.fill(changetype<usize>(k), 0, offsetof<KvmTime>())
  k.tsc_khz = <u32>pvclock_tsc_khz(page(0).tsc_to_system_mul, page(0).tsc_shift)
  k.uses_tsc = boot_clocksource() == CLOCKSOURCE_TSC ? 1 : 0
  if (boot_variant() == VARIANT_OLD_CYC2NS) k.cyc2ns = (1000000 << CYC2NS_BITS) / k.tsc_khz
  k.sched_offset = sched_clock(0)
  event_device_config(device(), k.tsc_khz * (1000 / TSC_DIVISOR), MIN_DEADLINE, u64.MAX_VALUE)
  const wall = read_wallclock(0)
  if (k.uses_tsc) tk_boot(k.tsc_khz, 1000, true, boot_hz(), rdtsc(0), wall)
  else tk_boot(<u32>NS_PER_SEC, 1, true, boot_hz(), kvm_clock(0), wall)
}

export function lkvm_interrupt(cpu: u32, cause: u32): void {
  if (cause != CAUSE_TIMER) return
  const cycles = cycles_now(cpu)
  // The watchdog looks at the flag when it runs, before it judges.
  if (timers_watchdog_due(cpu, cycles) && was_stopped(cpu)) timers_touch_watchdog(cpu)
  timers_interrupt(cpu, cycles, sched_clock(cpu))
  program(cpu, cycles)
}

export function lkvm_idle(cpu: u32): void {
  if (timers_idle(cpu)) program(cpu, cycles_now(cpu))
  halt(cpu)
}

export function lkvm_busy(cpu: u32): void {
  const cycles = cycles_now(cpu)
  if (timers_busy(cpu, cycles)) program(cpu, cycles)
}

export function lkvm_nanosleep(cpu: u32, i: u32): void {
  const cycles = cycles_now(cpu)
  if (timers_sleep(cpu, i, cycles)) program(cpu, cycles)
}

export function lkvm_settimeofday(cpu: u32, ns: u64): void {
  const cycles = cycles_now(cpu)
  lkvm_busy(cpu)
  if (!tk_settime(ns, cycles)) return
  for (let other: u32 = 0; other < boot_vcpus(); other++) {
    if (timers_clock_was_set(other)) program(other, cycles)
  }
}

export function lkvm_adjtime(ppb: i32): void { tk_adjust_frequency(ppb, cycles_now(0)) }
export function lkvm_adjtimex(tick_us: i32, ppb: i32): void { tk_adjtimex(tick_us, ppb, cycles_now(0)) }

/** The RTC shows whole seconds, so half a second is added, as drivers/rtc/class.c does at boot. */
export function lkvm_rtc_resync(cpu: u32): void {
  lkvm_settimeofday(cpu, cmos_read_secs() * NS_PER_SEC + NS_PER_SEC / 2)
}

export function lkvm_read_clock(cpu: u32, clock: u32): u64 {
  switch (clock) {
    case CLOCK_COUNTER: return rdtsc(cpu)
    case CLOCK_SCHED: return sched_clock(cpu)
    case CLOCK_STEAL: return load<u64>(at(steal_gpa(cpu)))
    case CLOCK_JIFFIES: return tick_state().jiffies
    default: return tk_read(clock, process_cycles(cpu))
  }
}
