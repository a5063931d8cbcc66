/**
 * The host's own clocks, as functions of true time.
 *
 *   HOST_TSC, HOST_TIMEBASE  the counters that guests read, directly or scaled
 *   HOST_MONO                Xen's platform timer, Linux' CLOCK_MONOTONIC_RAW
 *   HOST_WALL                the wall clock that dom0 or the host kernel keeps, and the RTC
 *
 * Xen's own time, NOW(), is not one of them: it is read from the TSC through a stamp and a scale that the
 * calibration renews each second, errors included (x86/calibration.ts).
 */
import { Counter, counter_read, counter_set, counter_when } from './counter'
import { queue_arm } from './event-queue'
import {
  HOST_CPU_TIME, HOST_MONO, HOST_TSC, HOST_WALL, HYPERVISOR_XEN, host, machine, NEVER,
  SLOT_CALIBRATION,
} from './layout'
import { CALIBRATION_EPOCH_NS, CpuTime, cpu_time_now } from './x86/calibration'
import { scale_mul, scale_shift, unscale_up, xen_time_scale } from './x86/pvclock'

@inline export function host_counter(address: usize): Counter { return changetype<Counter>(address) }
@inline export function host_tsc(): u64 { return counter_read(host_counter(HOST_TSC), machine().now_ns) }
@inline export function host_mono(): u64 { return counter_read(host_counter(HOST_MONO), machine().now_ns) }
@inline export function host_wall(): u64 { return counter_read(host_counter(HOST_WALL), machine().now_ns) }

/** First true ns at which the counter at `address` reaches `value`. */
@inline export function host_when(address: usize, value: u64): u64 {
  return counter_when(host_counter(address), machine().now_ns, value)
}

/** KVM's get_kvmclock_base_ns: raw monotonic plus the time spent suspended; on some hosts in steps. */
export function kvm_base(): u64 {
  const ns = host_mono() + host().suspended_ns
  const step = host().kvm_step_ns
  return step ? ns - ns % step : ns
}

@inline export function cpu_time(): CpuTime { return changetype<CpuTime>(HOST_CPU_TIME) }

/** Xen's platform time (read_platform_stime), the master of the calibration. */
@inline export function xen_master(): u64 { return host_mono() + host().system_time_base_ns }

/** Xen's NOW() at host TSC `tsc`. */
@inline export function xen_time_at(tsc: u64): u64 { return cpu_time_now(cpu_time(), tsc) }

@inline export function xen_now(): u64 { return xen_time_at(host_tsc()) }

/** First true ns at which NOW() is `deadline` or later, by today's stamp. When the TSC wraps NOW() falls: then never. */
export function xen_when(deadline: u64): u64 {
  const c = cpu_time()
  if (host_tsc() < c.local_tsc) return NEVER
  const ahead = <i64>(deadline - c.local_stime)
  if (ahead <= 0) return machine().now_ns
  const ticks = unscale_up(ahead, c.mul, c.shift)
  const tsc = c.local_tsc + ticks
  return ticks == NEVER || tsc < ticks ? NEVER : host_when(HOST_TSC, tsc)
}

/** The time line on which the hypervisor of this host counts: NOW(), or KVM's boot clock. */
@inline export function hypervisor_now(): u64 { return host().hypervisor == HYPERVISOR_XEN ? xen_now() : kvm_base() }

/** `time_ns` as the time of an event that the host's timer hardware delivers: late by the slop. */
@inline export function with_slop(time_ns: u64): u64 { return time_ns == NEVER ? NEVER : time_ns + <u64>host().timer_slop_ns }

/** Sets up a counter: which of HOST_*, its value now, and its rate num/den counts a true ns. */
export function host_counter_set(address: usize, base: u64, num: u64, den: u64): void {
  counter_set(host_counter(address), machine().now_ns, base, num, den)
}

/** Xen boots: the first stamp, the scale of the frequency it measured, and the calibration on whole seconds. */
export function xen_start(): void {
  const c = cpu_time()
  const scale = xen_time_scale(<u64>host().tsc_khz * 1000)
  c.local_tsc = host_tsc()
  c.local_stime = xen_master()
  c.master_stime = c.local_stime
  c.mul = scale_mul(scale)
  c.shift = scale_shift(scale)
  xen_arm_calibration()
}

/**
 * Xen calibrates each second (EPOCH in arch/x86/time.c). The real one asks for a timer a second of NOW() after the last
 * calibration, and gets it some microseconds late; here it is a second of true time. No clock depends on which
 * of the two it is beyond a rounding of NOW(), and instants at equal distances make many of them computable at once
 * (x86/xen-epochs.ts).
 */
export function xen_arm_calibration(): void { queue_arm(SLOT_CALIBRATION, machine().now_ns + CALIBRATION_EPOCH_NS) }
