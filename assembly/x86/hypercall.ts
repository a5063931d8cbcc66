/**
 * Xen's hypercalls, as guest code calls them. Errors are the hypervisor's: -1 EPERM, -14 EFAULT, -22 EINVAL,
 * -62 ETIME. Source: Xen public/vcpu.h, public/platform.h, common/sched/core.c, common/domain.c.
 */
import { host_wall, xen_now } from '../host'
import { EXIT_RTC, EXIT_SETTIME, guest, machine, NS_PER_SEC, RUNSTATE_BLOCKED, vcpu } from '../layout'
import { at } from '../memory'
import { runstate_publish, vcpu_may_block } from '../vcpu'
import { VCPU_INFO_BYTES } from './shared-info'
import {
  set_periodic_timer, set_singleshot_timer, set_timer_op, SINGLESHOT_ARM, SINGLESHOT_INJECT, XEN_TIMER_NONE,
} from './xen-timer'
import {
  xen_area_ok, xen_arm_singleshot, xen_publish_time, xen_schedule_out, xen_set_periodic, xen_set_wallclock,
  xen_singleshot_fired, xen_stop_singleshot, xen_vcpu_info,
} from './xen'

const EPERM: i32 = -1

/** HYPERVISOR_set_timer_op: one timer a vCPU, absolute system time, 0 cancels. */
export function hypercall_set_timer_op(cpu: u32, timeout: i64): i32 {
  const deadline = set_timer_op(xen_now(), timeout)
  if (deadline == XEN_TIMER_NONE) xen_stop_singleshot(cpu)
  else xen_arm_singleshot(cpu, deadline)
  return 0
}

export function vcpuop_set_periodic_timer(cpu: u32, period_ns: u64): i32 {
  const status = set_periodic_timer(period_ns)
  if (status == 0) xen_set_periodic(cpu, period_ns)
  return status
}

export function vcpuop_stop_periodic_timer(cpu: u32): void {
  xen_set_periodic(cpu, 0)
}

/** VCPUOP_set_singleshot_timer. A timeout in the past fires at once, or is refused, by Xen's age and the flags. */
export function vcpuop_set_singleshot_timer(cpu: u32, timeout_abs_ns: u64, flags: u32): i32 {
  const rule = set_singleshot_timer(xen_now(), timeout_abs_ns, flags, guest().singleshot_era == 0)
  if (rule == SINGLESHOT_ARM) {
    xen_arm_singleshot(cpu, timeout_abs_ns)
  } else if (rule == SINGLESHOT_INJECT) {
    xen_stop_singleshot(cpu)
    xen_singleshot_fired(cpu)
  } else {
    return rule
  }
  return 0
}

export function vcpuop_stop_singleshot_timer(cpu: u32): void {
  xen_stop_singleshot(cpu)
}

export function vcpuop_register_vcpu_info(cpu: u32, gpa: u32): i32 {
  const status = xen_area_ok(gpa, <u32>VCPU_INFO_BYTES)
  if (status) return status
  // What is in the old place goes with it, the page's version too (common/domain.c vcpu_info_populate).
  memory.copy(at(gpa), xen_vcpu_info(cpu), VCPU_INFO_BYTES)
  vcpu(cpu).vcpu_info_gpa = gpa
  xen_publish_time(cpu, true)
  return 0
}

export function vcpuop_register_runstate_memory_area(cpu: u32, gpa: u32): i32 {
  const status = xen_area_ok(gpa, 48)
  if (status) return status
  vcpu(cpu).runstate_gpa = gpa
  runstate_publish(cpu)
  return 0
}

export function vcpuop_register_vcpu_time_memory_area(cpu: u32, gpa: u32): i32 {
  const status = xen_area_ok(gpa, 32)
  if (status) return status
  vcpu(cpu).time_area_gpa = gpa
  xen_publish_time(cpu, true)
  return 0
}

/** SCHEDOP_block: the vCPU sleeps until an event. */
export function sched_op_block(cpu: u32): void {
  if (vcpu_may_block(cpu)) xen_schedule_out(cpu, RUNSTATE_BLOCKED)
}

/**
 * XENPF_settime by dom0. This machine's hypervisor state changes at once; the shell sees the exit and makes
 * the same change on the host's other machines at the same instant.
 */
export function platform_op_settime(secs: u64, nsecs: u32, system_time: u64): i32 {
  if (!guest().privileged) return EPERM
  xen_set_wallclock(secs, nsecs, system_time)
  const m = machine()
  m.exit |= EXIT_SETTIME
  m.exit_secs = secs
  m.exit_nsecs = nsecs
  m.exit_system_time = system_time
  return 0
}

/** The RTC, UTC seconds: the host's for dom0, the VMM's emulated one for others; both follow the host's wall clock. */
export function cmos_read_secs(): u64 {
  return host_wall() / NS_PER_SEC
}

/** dom0 writes the CMOS clock; the shell moves the host's wall clock on every machine of the host. */
export function cmos_write_secs(secs: u64): void {
  if (!guest().privileged) return
  const m = machine()
  m.exit |= EXIT_RTC
  m.exit_rtc_secs = secs
}
