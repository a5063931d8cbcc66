/**
 * The guest's program: which kernel model runs, and the entry points they all have. The only file that knows
 * them all; the machine calls these and nothing else of the guest.
 */
import {
  CLOCK_REFERENCE, CLOCK_REFERENCE_PAGE, machine, PROGRAM_LINUX_2_6_18_XEN, PROGRAM_LINUX_KVM, PROGRAM_LINUX_PPC64,
  PROGRAM_LINUX_XEN,
} from '../layout'
import { HV_X64_MSR_TIME_REF_COUNT, rdmsr, reference_page_ns } from '../x86/cpu'
import { REFERENCE_NS } from '../x86/hyperv'
import * as l26 from './linux-2-6-18-xen'
import * as lkvm from './linux-kvm'
import * as lppc from './linux-ppc64'
import * as lxen from './linux-xen'

/** The kernel starts on this CPU; CPU 0 first. */
export function program_boot(cpu: u32): void {
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: l26.l26_boot(cpu); break
    case PROGRAM_LINUX_XEN: lxen.lxen_boot(cpu); break
    case PROGRAM_LINUX_KVM: lkvm.lkvm_boot(cpu); break
    case PROGRAM_LINUX_PPC64: lppc.lppc_boot(cpu); break
    default: break
  }
}

/** An interrupt is delivered. */
export function program_interrupt(cpu: u32, cause: u32): void {
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: l26.l26_interrupt(cpu, cause); break
    case PROGRAM_LINUX_XEN: lxen.lxen_interrupt(cpu, cause); break
    case PROGRAM_LINUX_KVM: lkvm.lkvm_interrupt(cpu, cause); break
    case PROGRAM_LINUX_PPC64: lppc.lppc_interrupt(cpu, cause); break
    default: break
  }
}

/** The CPU has nothing to run. */
export function program_idle(cpu: u32): void {
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: l26.l26_idle(cpu); break
    case PROGRAM_LINUX_XEN: lxen.lxen_idle(cpu); break
    case PROGRAM_LINUX_KVM: lkvm.lkvm_idle(cpu); break
    case PROGRAM_LINUX_PPC64: lppc.lppc_idle(cpu); break
    default: break
  }
}

/** A CPU-bound process appeared on this CPU. */
export function program_busy(cpu: u32): void {
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: l26.l26_busy(cpu); break
    case PROGRAM_LINUX_XEN: lxen.lxen_busy(cpu); break
    case PROGRAM_LINUX_KVM: lkvm.lkvm_busy(cpu); break
    case PROGRAM_LINUX_PPC64: lppc.lppc_busy(cpu); break
    default: break
  }
}

/** The guest is asked to suspend itself; Xen PV only. */
export function program_suspend(): void {
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: l26.l26_suspend(); break
    case PROGRAM_LINUX_XEN: lxen.lxen_suspend(); break
    default: break
  }
}

/** The suspend hypercall returns, perhaps on another host; Xen PV only. */
export function program_resume(): void {
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: l26.l26_resume(); break
    case PROGRAM_LINUX_XEN: lxen.lxen_resume(); break
    default: break
  }
}

/** Process `index` calls nanosleep. */
export function program_nanosleep(cpu: u32, index: u32): void {
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: l26.l26_nanosleep(cpu, index); break
    case PROGRAM_LINUX_XEN: lxen.lxen_nanosleep(cpu, index); break
    case PROGRAM_LINUX_KVM: lkvm.lkvm_nanosleep(cpu, index); break
    case PROGRAM_LINUX_PPC64: lppc.lppc_nanosleep(cpu, index); break
    default: break
  }
}

/** An agent or NTP sets CLOCK_REALTIME. */
export function program_settimeofday(cpu: u32, ns: u64): void {
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: l26.l26_settimeofday(cpu, ns); break
    case PROGRAM_LINUX_XEN: lxen.lxen_settimeofday(cpu, ns); break
    case PROGRAM_LINUX_KVM: lkvm.lkvm_settimeofday(cpu, ns); break
    case PROGRAM_LINUX_PPC64: lppc.lppc_settimeofday(cpu, ns); break
    default: break
  }
}

/** NTP corrects the clock's rate. */
export function program_adjtime(ppb: i32): void {
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: l26.l26_adjtime(ppb); break
    case PROGRAM_LINUX_XEN: lxen.lxen_adjtime(ppb); break
    case PROGRAM_LINUX_KVM: lkvm.lkvm_adjtime(ppb); break
    case PROGRAM_LINUX_PPC64: lppc.lppc_adjtime(ppb); break
    default: break
  }
}

/** An NTP daemon bends the clock further than its frequency alone allows: ticks of 10 ms longer by `tick_us`. */
export function program_adjtimex(tick_us: i32, ppb: i32): void {
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: l26.l26_adjtime(ppb); break
    case PROGRAM_LINUX_XEN: lxen.lxen_adjtimex(tick_us, ppb); break
    case PROGRAM_LINUX_KVM: lkvm.lkvm_adjtimex(tick_us, ppb); break
    case PROGRAM_LINUX_PPC64: lppc.lppc_adjtimex(tick_us, ppb); break
    default: break
  }
}

/** The clock is set from the persistent clock. */
export function program_rtc_resync(cpu: u32): void {
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: l26.l26_rtc_resync(cpu); break
    case PROGRAM_LINUX_XEN: lxen.lxen_rtc_resync(cpu); break
    case PROGRAM_LINUX_KVM: lkvm.lkvm_rtc_resync(cpu); break
    case PROGRAM_LINUX_PPC64: lppc.lppc_rtc_resync(cpu); break
    default: break
  }
}

/** The platform announced another timebase frequency. */
export function program_told_frequency(cpu: u32): void {
  switch (machine().program) {
    case PROGRAM_LINUX_PPC64: lppc.lppc_told_frequency(cpu); break
    default: break
  }
}

/** What a process reads from clock `clock` (CLOCK_*): ns, or ticks of CLOCK_COUNTER. */
export function program_read_clock(cpu: u32, clock: u32): u64 {
  if (clock == CLOCK_REFERENCE) return rdmsr(cpu, HV_X64_MSR_TIME_REF_COUNT) * REFERENCE_NS
  if (clock == CLOCK_REFERENCE_PAGE) return reference_page_ns(cpu)
  switch (machine().program) {
    case PROGRAM_LINUX_2_6_18_XEN: return l26.l26_read_clock(cpu, clock)
    case PROGRAM_LINUX_XEN: return lxen.lxen_read_clock(cpu, clock)
    case PROGRAM_LINUX_KVM: return lkvm.lkvm_read_clock(cpu, clock)
    case PROGRAM_LINUX_PPC64: return lppc.lppc_read_clock(cpu, clock)
    default: return 0
  }
}
