/**
 * KVM as its guests see it: a scaled and offset TSC, the pvclock page, the wall clock, the TSC deadline timer.
 * Source: Linux 6.12 arch/x86/kvm/x86.c, Documentation/virt/kvm/x86/msr.rst and timekeeping.rst.
 */
import { queue_arm, queue_disarm } from '../event-queue'
import { host_mono, host_tsc, host_wall, host_when, kvm_base, with_slop } from '../host'
import {
  CALL, CAUSE_TIMER, guest, host, HOST_MONO, HOST_TSC, machine, MAX_VCPUS, NEVER, NS_PER_SEC, SLOT_KVMCLOCK_SYNC, SLOT_VCPU,
  SLOTS_PER_VCPU, VCPU_TSC_DEADLINE, vcpu,
} from '../layout'
import { at, inside } from '../memory'
import { mulhi_u64, muldiv_u64, muldiv_up_u64 } from '../wide'
import {
  kvm_time_scale, PVCLOCK_TSC_STABLE, pvclock_publish_kvm, pvclock_read, scale_delta, scale_mul, scale_shift,
} from './pvclock'
import { hyperv_publish } from './hyperv'
import { kvm_write_wallclock } from './shared-info'
import { kvm_ioctl_set_tsc_khz, kvm_l1_tsc_offset, scale_tsc, tsc_ratio_one } from './tsc'

const EINVAL: i32 = -22
/** The unit in which the ratio 1 is kept where the hardware cannot scale. */
const DEFAULT_FRAC_BITS: u32 = 48
/** kvmclock_sync_fn: without a master clock the pages are renewed each 300 s. */
const KVMCLOCK_SYNC_NS: u64 = 300 * NS_PER_SEC

@inline function slot(cpu: u32): u32 { return SLOT_VCPU + cpu * SLOTS_PER_VCPU + VCPU_TSC_DEADLINE }
@inline function scaled(tsc: u64): u64 { return scale_tsc(tsc, guest().tsc_ratio, guest().tsc_frac_bits) }

/** The guest's TSC on vCPU `cpu` when the host's is `tsc`. */
@inline function guest_tsc_at(cpu: u32, tsc: u64): u64 { return scaled(tsc) + guest().tsc_offset + vcpu(cpu).tsc_adjust }
export function kvm_guest_tsc(cpu: u32): u64 { return guest_tsc_at(cpu, host_tsc()) }

/** First true ns at which the TSC of vCPU `cpu` is `value` or later. */
function guest_tsc_when(cpu: u32, value: u64): u64 {
  const g = guest()
  if (<i64>(value - kvm_guest_tsc(cpu)) <= 0) return machine().now_ns
  const target = value - g.tsc_offset - vcpu(cpu).tsc_adjust
  const one = tsc_ratio_one(g.tsc_frac_bits)
  if (g.tsc_ratio == one) return host_when(HOST_TSC, target)
  // least h with floor(h * ratio / 2^frac) >= target; beyond 2^64 the host's TSC never gets there
  if (mulhi_u64(target, one) >= g.tsc_ratio) return NEVER
  return host_when(HOST_TSC, muldiv_up_u64(target, one, g.tsc_ratio))
}

// ---- TSC frequency and offset

/**
 * KVM_SET_TSC_KHZ: 0 asks for the host's. Within 250 ppm of the host nothing is scaled, although the guest is
 * told what it asked for. Without scaling hardware a slower guest is refused; a faster one KVM would serve by
 * catching up, which this emulator does not do: refused too (-EINVAL).
 */
export function kvm_set_guest_tsc_khz(khz: u32): i32 {
  const g = guest()
  const frac = host().tsc_frac_bits
  const status = kvm_ioctl_set_tsc_khz(khz, host().tsc_khz, frac, CALL)
  if (status) return status
  if (load<u32>(CALL, 20)) return EINVAL // catch-up
  g.tsc_frac_bits = frac ? frac : DEFAULT_FRAC_BITS
  g.tsc_ratio = frac ? load<u64>(CALL) : tsc_ratio_one(DEFAULT_FRAC_BITS)
  g.virtual_tsc_khz = load<u32>(CALL, 16)
  return 0
}

/**
 * The guest's TSC is written, by itself or by the VMM. A host write of 0, or the second user write within one
 * virtual second of what the first would read now, joins the first's offset (kvm_synchronize_tsc), so that
 * vCPUs whose TSCs are restored one after the other agree.
 */
export function kvm_write_tsc(cpu: u32, value: u64, by_vmm: bool): void {
  const g = guest()
  const ns = kvm_base()
  const hz = <u64>g.virtual_tsc_khz * 1000
  let joins = false
  if (by_vmm && g.tsc_generation > 0) {
    const expected = g.last_tsc_write + muldiv_u64(ns - g.last_tsc_ns, hz, NS_PER_SEC)
    const off = <i64>(value - expected)
    joins = value == 0 || (off < <i64>hz && off > -<i64>hz)
  } else if (by_vmm) {
    joins = value == 0
  }
  const offset = kvm_l1_tsc_offset(value, host_tsc(), g.tsc_ratio, g.tsc_frac_bits)
  if (joins && g.tsc_generation > 0) {
    vcpu(cpu).tsc_adjust = g.cur_tsc_adjust
  } else {
    if (cpu == 0 || g.tsc_generation == 0) move_tsc_offset(cpu, offset)
    vcpu(cpu).tsc_adjust = offset - g.tsc_offset
    g.cur_tsc_adjust = vcpu(cpu).tsc_adjust
    g.last_tsc_write = value
    g.last_tsc_ns = ns
    g.tsc_generation++
  }
  kvm_rearm_timers()
}

/** The offset that vCPUs' own are counted from moves; those that have been written before stay where they are. */
function move_tsc_offset(cpu: u32, offset: u64): void {
  const g = guest()
  const moved = g.tsc_generation ? g.tsc_offset - offset : 0
  g.tsc_offset = offset
  for (let other: u32 = 0; other < machine().vcpus; other++) if (other != cpu) vcpu(other).tsc_adjust += moved
}

/** The VMM writes one vCPU's TSC while the guest may run: the pages say so at once. */
export function kvm_vmm_writes_tsc(cpu: u32, value: u64): void {
  kvm_write_tsc(cpu, value, true)
  kvm_update_masterclock()
}

/**
 * The guest's vCPUs are new ones, as in a VM that a snapshot is restored into: their TSCs begin at 0, no timer is set,
 * nothing is pending, and no request of an earlier VM is left.
 */
export function kvm_create_vcpus(): void {
  const g = guest()
  g.tsc_generation = 0
  g.cur_tsc_adjust = 0
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) {
    const v = vcpu(cpu)
    v.tsc_adjust = 0
    v.pending = 0
    v.deadline_mono_ns = 0
    kvm_write_tsc_deadline(cpu, 0)
    kvm_write_tsc(cpu, 0, true)
  }
}

/** KVM_VCPU_TSC_OFFSET: the offset itself, as the live-update algorithm of vcpu.rst writes it. */
export function kvm_set_tsc_offset(cpu: u32, offset: u64): void {
  if (cpu == 0) guest().tsc_offset = offset
  vcpu(cpu).tsc_adjust = offset - guest().tsc_offset
  kvm_rearm_timers()
}

// ---- kvmclock

/** Takes a new stamp of the master clock: one pair of host TSC and host time for all vCPUs of the guest. */
export function kvm_update_masterclock(): void {
  const g = guest()
  g.master_clock = host().tsc_clocksource
  for (let cpu: u32 = 1; cpu < machine().vcpus; cpu++) {
    if (vcpu(cpu).tsc_adjust != vcpu(0).tsc_adjust) g.master_clock = 0 // TSCs of different generations cannot share a stamp
  }
  g.master_kernel_ns = kvm_base()
  g.master_cycle_now = host_tsc()
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) kvm_publish_time(cpu)
}

/** kvm_guest_time_update: writes the page of one vCPU. */
export function kvm_publish_time(cpu: u32): void { publish(cpu, false) }

function publish(cpu: u32, stopped: bool): void {
  const v = vcpu(cpu)
  const g = guest()
  if (!(v.system_time_msr & 1)) return
  const page = at(<u32>v.system_time_msr & ~1)
  const tsc = guest_tsc_at(cpu, g.master_clock ? g.master_cycle_now : host_tsc())
  let ns = (g.master_clock ? g.master_kernel_ns : kvm_base()) + g.kvmclock_offset
  if (host().kvm_never_back && !g.master_clock) ns = max(ns, pvclock_read(page, tsc))
  const khz = scaled(host().tsc_khz)
  const scale = kvm_time_scale(NS_PER_SEC, khz * 1000)
  const flags: u8 = g.master_clock ? PVCLOCK_TSC_STABLE : 0
  pvclock_publish_kvm(page, tsc, ns, scale_mul(scale), scale_shift(scale), flags, stopped)
  if (cpu == 0) hyperv_publish(g.master_clock != 0, tsc, ns, scale_mul(scale), scale_shift(scale))
}

/** The vCPU is about to run: what was asked for while it did not reaches its page now. */
export function kvm_enter_vcpu(cpu: u32): void {
  const g = guest()
  if (!(g.guest_stopped_request >> cpu & 1)) return
  g.guest_stopped_request &= ~(1 << cpu)
  publish(cpu, true)
}

/** KVM_GET_CLOCK's clock: what the guest's kvmclock shows now. */
export function kvm_get_clock(): u64 {
  const g = guest()
  if (!g.master_clock) return kvm_base() + g.kvmclock_offset
  const scale = kvm_time_scale(NS_PER_SEC, <u64>host().tsc_khz * 1000)
  return g.master_kernel_ns + g.kvmclock_offset
    + scale_delta(host_tsc() - g.master_cycle_now, scale_mul(scale), scale_shift(scale))
}

/**
 * KVM_SET_CLOCK. With `use_realtime` (KVM_CLOCK_REALTIME) the time that the host's wall clock says has passed
 * since `realtime` is added; never subtracted.
 */
export function kvm_set_clock(clock: u64, use_realtime: bool, realtime: u64): void {
  const g = guest()
  let value = clock
  if (use_realtime) {
    const passed = <i64>(host_wall() - realtime)
    if (passed > 0) value += passed
  }
  kvm_update_masterclock()
  g.kvmclock_offset = value - (g.master_clock ? g.master_kernel_ns : kvm_base())
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) kvm_publish_time(cpu)
}

/** KVM_KVMCLOCK_CTRL: the guest is to be told that it was stopped. Its page says so once the vCPU runs. */
export function kvm_clock_ctrl(cpu: u32): void { guest().guest_stopped_request |= 1 << cpu }

@inline function sync_period(): u64 { return host().kvm_update_ns ? host().kvm_update_ns : KVMCLOCK_SYNC_NS }

export function kvm_arm_sync(): void { queue_arm(SLOT_KVMCLOCK_SYNC, machine().now_ns + sync_period()) }

/** Pages are renewed, all at once or one vCPU after the other (kvmclock_update_fn: within 100 ms). */
export function kvm_sync(): void {
  const g = guest()
  const stagger = <u64>host().kvm_stagger_ns
  if (!stagger) {
    for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) kvm_publish_time(cpu)
    return kvm_arm_sync()
  }
  kvm_publish_time(g.kvm_sync_next)
  g.kvm_sync_next = (g.kvm_sync_next + 1) % machine().vcpus
  const behind = stagger * (machine().vcpus - 1)
  const wait = g.kvm_sync_next || sync_period() <= behind ? stagger : sync_period() - behind
  queue_arm(SLOT_KVMCLOCK_SYNC, machine().now_ns + wait)
}

// ---- MSRs

/** MSR_KVM_SYSTEM_TIME_NEW: address | 1 enables, address must be 4-aligned and in memory. */
export function kvm_write_system_time_msr(cpu: u32, value: u64): i32 {
  if (value & 1) {
    if (value & 2 || value >> 32 || !inside(<u32>value & ~1, 32)) return EINVAL
  }
  vcpu(cpu).system_time_msr = value
  if (cpu == 0) kvm_update_masterclock()
  kvm_publish_time(cpu)
  return 0
}

/** MSR_KVM_WALL_CLOCK_NEW: writes the wall-clock time at which kvmclock was 0, once for each write of the MSR. */
export function kvm_write_wall_clock_msr(value: u64): i32 {
  if (value & 3 || value >> 32 || !inside(<u32>value, 12)) return EINVAL
  guest().wall_clock_msr = <u32>value
  if (value) kvm_write_wallclock(at(<u32>value), 0, host_wall() - kvm_get_clock())
  return 0
}

/** IA32_TSC_DEADLINE: 0 disarms; a deadline that the TSC has passed fires at once. */
export function kvm_write_tsc_deadline(cpu: u32, value: u64): void {
  vcpu(cpu).deadline_mono_ns = 0
  arm_deadline(cpu, value)
}

function arm_deadline(cpu: u32, value: u64): void {
  vcpu(cpu).tsc_deadline = value
  const held = vcpu(cpu).deadline_mono_ns
  if (value) queue_arm(slot(cpu), with_slop(held ? host_when(HOST_MONO, held) : guest_tsc_when(cpu, value)))
  else queue_disarm(slot(cpu))
}

/**
 * A VMM restores IA32_TSC_DEADLINE: the host's timer is set for when the guest's TSC, as it is now, would get there
 * (arch/x86/kvm/lapic.c start_sw_tscdeadline). A TSC that is written later moves the deadline no more.
 */
export function kvm_restore_tsc_deadline(cpu: u32, value: u64): void {
  const ahead = <i64>(value - kvm_guest_tsc(cpu))
  const ns = ahead > 0 ? muldiv_up_u64(ahead, 1000000, guest().virtual_tsc_khz) : 0
  vcpu(cpu).deadline_mono_ns = value ? max(host_mono() + ns, 1) : 0
  arm_deadline(cpu, value)
}

export function kvm_tsc_deadline_fired(cpu: u32): void {
  const v = vcpu(cpu)
  v.tsc_deadline = 0
  v.deadline_mono_ns = 0
  v.pending |= CAUSE_TIMER
}

export function kvm_tsc_deadline_due(cpu: u32): bool {
  const v = vcpu(cpu)
  if (v.deadline_mono_ns) return host_mono() >= v.deadline_mono_ns
  return v.tsc_deadline != 0 && <i64>(kvm_guest_tsc(cpu) - v.tsc_deadline) >= 0
}

/** The mapping from host TSC to guest TSC changed, so deadlines fall on other true times. */
export function kvm_rearm_timers(): void {
  for (let cpu: u32 = 0; cpu < MAX_VCPUS; cpu++) {
    if (vcpu(cpu).tsc_deadline) arm_deadline(cpu, vcpu(cpu).tsc_deadline)
  }
}

/** MSR_KVM_STEAL_TIME: {u64 steal, u32 version}; renewed when the vCPU gets a CPU again. */
export function kvm_publish_steal(cpu: u32): void {
  const v = vcpu(cpu)
  if (!(v.steal_msr & 1)) return
  const area = at(<u32>v.steal_msr & ~63)
  const version = load<u32>(area + 8)
  store<u32>(area + 8, (version + 1) | 1)
  store<u64>(area, v.time1_ns + v.steal_skew_ns)
  store<u32>(area + 8, ((version + 1) | 1) + 1)
}

/**
 * MSR_KVM_STEAL_TIME is restored by a thread that has itself waited for a CPU for `waited_ns`, and KVM before Linux
 * 7cae2bedcbd4 takes that for what the vCPU's thread had waited then: the guest is told as much less.
 */
export function kvm_steal_from_thread(cpu: u32, waited_ns: u64): void {
  vcpu(cpu).steal_skew_ns -= waited_ns
  kvm_publish_steal(cpu)
}

export function kvm_write_steal_msr(cpu: u32, value: u64): i32 {
  if (value & 1 && (value & 62 || value >> 32 || !inside(<u32>value & ~63, 64))) return EINVAL
  vcpu(cpu).steal_msr = value
  kvm_publish_steal(cpu)
  return 0
}
