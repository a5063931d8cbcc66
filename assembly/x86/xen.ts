/**
 * Xen as its guests see it: the time page, the wall clock, the vCPU timers and the calibration that keeps
 * them honest. Source: Xen arch/x86/time.c, common/time.c, common/sched/core.c, common/domain.c.
 */
import { queue_arm, queue_armed, queue_disarm } from '../event-queue'
import {
  cpu_time, host_tsc, host_wall, with_slop, xen_arm_calibration, xen_master, xen_now, xen_time_at, xen_when,
} from '../host'
import {
  CALL, CAUSE_TIMER, GUEST_DOMAIN_TSC, guest, host, HYPERVISOR_XEN, machine, NS_PER_SEC, RUN_EMPTY, RUN_OFF,
  RUNSTATE_RUNNING, SLOT_VCPU, SLOTS_PER_VCPU, VCPU_PERIODIC, VCPU_SINGLESHOT, vcpu,
} from '../layout'
import { at, inside } from '../memory'
import { runstate_change } from '../vcpu'
import { CpuTime, local_time_calibration } from './calibration'
import { DomainTsc, gtime_to_gtsc } from './domain-tsc'
import { PVCLOCK_TSC_STABLE, pvclock_publish_xen, VcpuTimeInfo } from './pvclock'
import { shared_info_write_wallclock, VCPU_INFO_BYTES, VCPU_INFO_TIME, xen_settime } from './shared-info'
import { scale_tsc } from './tsc'
import { epoch_at, epochs_pass } from './xen-epochs'
import { periodic_next } from './xen-timer'

/** Xen gives every new vCPU a periodic timer of 10 ms (common/sched/core.c, sched_init_vcpu). */
export const DEFAULT_PERIOD_NS: u64 = 10000000

@inline function slot(cpu: u32, which: u32): u32 { return SLOT_VCPU + cpu * SLOTS_PER_VCPU + which }
@inline export function domain_tsc(): DomainTsc { return changetype<DomainTsc>(GUEST_DOMAIN_TSC) }

/** An HVM domain's emulated TSC at its guest time, before its offset; signed, as the stamp of a page is (collect_time_info). */
function hvm_guest_tsc(d: DomainTsc, gtime: u64): u64 {
  return <i64>gtime < 0 ? 0 - gtime_to_gtsc(d, 0 - gtime, true) : gtime_to_gtsc(d, gtime, true)
}

/** The guest is a new domain: HVM guest time is 0 now (arch/x86/hvm/vpt.c hvm_init_guest_time). */
export function xen_create_domain(): void { guest().stime_offset = guest().hvm ? 0 - xen_now() : 0 }

/** The TSC that the guest reads when the host's is `tsc` and NOW() is `now`. */
function guest_tsc_at(tsc: u64, now: u64): u64 {
  const d = domain_tsc()
  const g = guest()
  if (d.vtsc) return g.hvm ? hvm_guest_tsc(d, now + g.stime_offset) + g.tsc_offset : gtime_to_gtsc(d, now, false)
  return g.hvm ? scale_tsc(tsc, g.tsc_ratio, g.tsc_frac_bits) + g.tsc_offset : tsc
}

export function xen_guest_tsc(): u64 {
  const tsc = host_tsc()
  return guest_tsc_at(tsc, domain_tsc().vtsc ? xen_time_at(tsc) : 0) // only an emulated TSC asks for NOW()
}

/** An HVM guest's TSC reads `value` now (arch/x86/hvm/hvm.c hvm_set_guest_tsc_fixed). */
export function xen_set_guest_tsc(value: u64): void { guest().tsc_offset += value - xen_guest_tsc() }

/** Linear address of a vCPU's vcpu_info: registered by the guest, or in shared_info. */
export function xen_vcpu_info(cpu: u32): usize {
  const v = vcpu(cpu)
  if (v.vcpu_info_gpa) return at(v.vcpu_info_gpa)
  return at(guest().shared_info_gpa) + <usize>cpu * VCPU_INFO_BYTES
}

/** Linear address of the vcpu_time_info that a vCPU reads. */
export function xen_time_page(cpu: u32): usize { return xen_vcpu_info(cpu) + VCPU_INFO_TIME }

/**
 * Publishes vcpu_time_info: the stamp of the physical CPU, in guest TSC units (__update_vcpu_system_time).
 * Xen writes nothing when no field changed, unless forced.
 */
export function xen_publish_time(cpu: u32, force: bool): void { publish(cpu, cpu_time(), force) }

function publish(cpu: u32, c: CpuTime, force: bool): void {
  const d = domain_tsc()
  const stamp = guest_tsc_at(c.local_tsc, c.local_stime)
  const scaled = d.vtsc != 0 || (guest().hvm != 0 && stamp != c.local_tsc)
  const mul = scaled ? d.vtsc_to_ns_mul : c.mul
  const shift = scaled ? d.vtsc_to_ns_shift : c.shift
  const flags: u8 = host().tsc_clocksource ? PVCLOCK_TSC_STABLE : 0
  pvclock_publish_xen(xen_time_page(cpu), stamp, c.local_stime, mul, shift, flags, force)
  const area = vcpu(cpu).time_area_gpa
  if (area) pvclock_publish_xen(at(area), stamp, c.local_stime, mul, shift, flags, force)
}

/** What `count` publications leave of which the last was of `c`. */
export function xen_publish_again(cpu: u32, c: CpuTime, count: u32): void {
  const earlier = 2 * (count - 1)
  changetype<VcpuTimeInfo>(xen_vcpu_info(cpu) + VCPU_INFO_TIME).version += earlier
  const area = vcpu(cpu).time_area_gpa
  if (area) changetype<VcpuTimeInfo>(at(area)).version += earlier
  publish(cpu, c, true)
}

/** Whether the vCPU's time page shows the stamp of now. */
export function xen_published(cpu: u32): bool {
  const c = cpu_time()
  const page = changetype<VcpuTimeInfo>(xen_vcpu_info(cpu) + VCPU_INFO_TIME)
  return page.system_time == c.local_stime && page.tsc_timestamp == guest_tsc_at(c.local_tsc, c.local_stime)
}

/** A second has passed: renew the stamp, then what hangs on it. */
export function xen_calibrate(): void {
  local_time_calibration(cpu_time(), host_tsc(), xen_now(), xen_master(), host().constant_tsc != 0)
  if (guest_alive()) {
    for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) {
      if (vcpu(cpu).runstate == RUNSTATE_RUNNING) xen_publish_time(cpu, false)
    }
    xen_rearm_timers()
  }
  xen_arm_calibration()
}

/** Whether there is a guest of Xen's on this machine that has booted. */
export function guest_alive(): bool {
  const state = machine().run_state
  return state != RUN_EMPTY && state != RUN_OFF && guest().hypervisor == HYPERVISOR_XEN
}

// ---- wall clock

/** Writes wc_sec, wc_nsec and wc_sec_hi of this guest's shared_info under wc_version. */
export function xen_update_wallclock(): void {
  const g = guest()
  const h = host()
  shared_info_write_wallclock(at(g.shared_info_gpa), g.wide != 0, h.wc_sec, h.wc_nsec, g.time_offset_s)
}

/** XENPF_settime: UTC is secs.nsecs when system time is `base`; from it the UTC of system_time 0. */
export function xen_set_wallclock(secs: u64, nsecs: u32, base: u64): void {
  xen_settime(secs, nsecs, base, CALL)
  host().wc_sec = load<u64>(CALL)
  host().wc_nsec = load<u32>(CALL, 8)
  if (guest_alive()) xen_update_wallclock()
}

/** The host's own dom0 pushes its wall clock into the hypervisor, as Linux does on a clock set and each 11 min. */
export function xen_sync_wall(): void {
  const wall = host_wall()
  xen_set_wallclock(wall / NS_PER_SEC, <u32>(wall % NS_PER_SEC), xen_now())
}

// ---- vCPU timers

/** When the singleshot timer fires, by today's stamp. */
function foresee_singleshot(cpu: u32): void {
  queue_arm(slot(cpu, VCPU_SINGLESHOT), with_slop(xen_when(vcpu(cpu).singleshot_deadline)))
}

function foresee_periodic(cpu: u32): void {
  const v = vcpu(cpu)
  queue_arm(slot(cpu, VCPU_PERIODIC), with_slop(xen_when(periodic_next(v.periodic_last_event, v.periodic_period))))
}

/** Arms the singleshot timer; one in the past fires as soon as time has moved on. */
export function xen_arm_singleshot(cpu: u32, deadline: u64): void {
  const v = vcpu(cpu)
  const now = xen_now()
  v.singleshot_armed = 1
  v.singleshot_deadline = <i64>(deadline - now) > 0 ? deadline : now + 1
  foresee_singleshot(cpu)
}

export function xen_stop_singleshot(cpu: u32): void {
  vcpu(cpu).singleshot_armed = 0
  queue_disarm(slot(cpu, VCPU_SINGLESHOT))
}

export function xen_singleshot_fired(cpu: u32): void {
  const v = vcpu(cpu)
  v.singleshot_armed = 0
  v.pending |= CAUSE_TIMER
}

/** Whether the singleshot timer is due by the hypervisor's clock; what tick-by-tick runs poll. */
export function xen_singleshot_due(cpu: u32): bool {
  const v = vcpu(cpu)
  return v.singleshot_armed != 0 && <i64>(xen_now() - v.singleshot_deadline) >= 0
}

/** Starts the periodic timer, or with 0 stops it. */
export function xen_set_periodic(cpu: u32, period: u64): void {
  vcpu(cpu).periodic_period = period
  queue_disarm(slot(cpu, VCPU_PERIODIC))
  if (vcpu(cpu).runstate == RUNSTATE_RUNNING) xen_periodic_work(cpu)
}

/**
 * The periodic timer, looked at when a vCPU is scheduled and when it fires (vcpu_periodic_timer_work):
 * periods that were missed are not replayed.
 */
export function xen_periodic_work(cpu: u32): void {
  const v = vcpu(cpu)
  if (!v.periodic_period) return
  const now = xen_now()
  if (<i64>(now - v.periodic_last_event) >= <i64>v.periodic_period) {
    v.pending |= CAUSE_TIMER
    v.periodic_last_event = now
  }
  foresee_periodic(cpu)
}

export function xen_periodic_due(cpu: u32): bool {
  const v = vcpu(cpu)
  return <i64>(xen_now() - v.periodic_last_event) >= <i64>v.periodic_period
}

/** True time goes on to `ns` at once: the calibrations up to then have been. What else has been is the caller's. */
export function xen_skip_to(ns: u64): void {
  machine().now_ns = ns
  machine().same_instant = 0
  epochs_pass(epoch_at(ns))
  if (guest_alive()) xen_rearm_timers()
}

/** The stamp or the scale changed, so deadlines in system time fall on other true times. */
export function xen_rearm_timers(): void {
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) {
    const v = vcpu(cpu)
    if (v.singleshot_armed) foresee_singleshot(cpu)
    if (queue_armed(slot(cpu, VCPU_PERIODIC))) foresee_periodic(cpu)
  }
}

// ---- scheduling

/** The vCPU gets a CPU: its time page is made current and its periodic timer looked at. */
export function xen_schedule_in(cpu: u32): void {
  runstate_change(cpu, RUNSTATE_RUNNING)
  xen_publish_time(cpu, false)
  xen_periodic_work(cpu)
}

export function xen_schedule_out(cpu: u32, state: u32): void {
  queue_disarm(slot(cpu, VCPU_PERIODIC))
  runstate_change(cpu, state)
}

/** VCPUOP_register_*: an area of `size` bytes, -14 (EFAULT) when it is not in guest memory. */
export function xen_area_ok(gpa: u32, size: u32): i32 { return gpa == 0 || inside(gpa, size) ? 0 : -14 }
