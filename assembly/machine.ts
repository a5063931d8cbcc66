/**
 * The machine: lets true time pass, from event to event.
 *
 *   EMPTY ──create──> OFF ──boot──> RUNNING <──resume── STOPPED
 *                                     │ └──────stop──────^  ^
 *                                     └─> FAULTED           └── land (the guest's regions were copied in)
 *
 * Between two events nothing changes but the counters, and those are functions of time; so a run goes straight
 * from one event to the next. run_ticking() walks every nanosecond instead and polls the timers' own conditions;
 * it must end in the same bytes.
 */
import {
  queue_arm, queue_armed, queue_disarm, queue_init, queue_next_time, queue_pop, queue_time,
} from './event-queue'
import { hypervisor_now, xen_now } from './host'
import {
  busy, CAUSE_BOOT, CAUSE_FREQUENCY, CAUSE_RESUME, FAULT_DIVERGED, FAULT_LIVELOCK, guest, host, HYPERVISOR_KVM,
  HYPERVISOR_XEN, machine, MACHINE_MAGIC, MEMORY_DEFAULT, reader, RUN_FAULTED, RUN_OFF, RUN_RUNNING, RUN_STOPPED,
  RUNSTATE_BLOCKED, RUNSTATE_OFFLINE, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING, sleeper, SLOT_BUSY, SLOT_CALIBRATION,
  SLOT_KVMCLOCK_SYNC, SLOT_READER, SLOT_RTC, SLOT_SLEEPER, SLOT_VCPU, SLOT_WALL_SYNC, SLOTS, SLOTS_PER_VCPU, STATE, STATE_END,
  VCPU_AGAIN, VCPU_DEC, VCPU_HDEC, VCPU_PERIODIC, VCPU_SINGLESHOT, VCPU_TSC_DEADLINE, vcpu,
} from './layout'
import {
  program_boot, program_busy, program_idle, program_interrupt, program_nanosleep, program_read_clock, program_resume,
  program_told_frequency,
} from './model/program'
import { observations_full, observe, SEEN_BOOT, SEEN_READ, SEEN_RESUME, SEEN_STOP } from './observe'
import { dec_due, dec_fired, dec_rearm, hdec_due, hdec_fired, vtb_hold, vtb_release, wait_begin, wait_end } from './ppc/cpu'
import { rtc_catch_up, rtc_stopped } from './rtc'
import { skip_ahead, skip_begins_at } from './skip'
import { runstate_change, vcpu_can_run, vcpu_init } from './vcpu'
import { vmclock_disrupt, vmclock_holds } from './vmclock'
import {
  BUSY_NOW, BUSY_OVER, process_slept, process_sleeps, reader_next, runqueue_busy, workload_start, workload_stop,
} from './workload'
import { writers_update } from './writer'
import {
  kvm_arm_sync, kvm_enter_vcpu, kvm_publish_steal, kvm_rearm_timers, kvm_sync, kvm_tsc_deadline_due, kvm_tsc_deadline_fired,
} from './x86/kvm'
import {
  DEFAULT_PERIOD_NS, xen_calibrate, xen_create_domain, xen_periodic_due, xen_periodic_work, xen_schedule_in,
  xen_schedule_out, xen_singleshot_due, xen_singleshot_fired, xen_sync_wall,
} from './x86/xen'

/** What run_until() returns. */
export const RAN: i32 = 0 // true time is `until`
export const RAN_FULL: i32 = 1 // drain the observation ring and call again
export const RAN_EXIT: i32 = 2 // serve Machine.exit and call again
export const RAN_FAULT: i32 = 3 // Machine.fault says why; the guest will not run again

const LIVELOCK_EVENTS: u32 = 1000000
/** Rounds of interrupts at one instant before a vCPU waits for the next. */
const PATIENCE: u32 = 16
/** A process whose CPU is stolen tries again this often. */
const STOLEN_RETRY_NS: u64 = 1000000
/** Linux dom0 and host kernels tell the hypervisor and the RTC the time each 11 minutes. */
const WALL_SYNC_NS: u64 = 660000000000

/** An empty machine at true time `now_ns`. */
export function machine_init(now_ns: u64): void {
  memory.fill(STATE, 0, STATE_END - STATE)
  const m = machine()
  m.magic = MACHINE_MAGIC
  m.now_ns = now_ns
  m.memory_size = MEMORY_DEFAULT
  queue_init()
}

@inline function is_xen(): bool { return guest().hypervisor == HYPERVISOR_XEN }

// ---- the guest's life

/** Creates the vCPUs of the guest that was configured; it boots with machine_boot. */
export function machine_create(vcpus: u32): void {
  const m = machine()
  m.vcpus = vcpus
  m.run_state = RUN_OFF
  guest().hypervisor = host().hypervisor
  if (is_xen()) xen_create_domain()
  for (let cpu: u32 = 0; cpu < vcpus; cpu++) create_vcpu(cpu)
}

function create_vcpu(cpu: u32): void {
  vcpu_init(cpu, RUNSTATE_OFFLINE)
  vcpu(cpu).online = 1
  if (is_xen()) vcpu(cpu).periodic_period = DEFAULT_PERIOD_NS
}

/** Power on: the kernel starts on CPU 0, then on the others. */
export function machine_boot(): void {
  const m = machine()
  m.run_state = RUN_RUNNING
  m.stopped_total_ns = 0
  observe(SEEN_BOOT, 0, 0, 0)
  if (guest().hypervisor == HYPERVISOR_KVM) kvm_arm_sync()
  for (let cpu: u32 = 0; cpu < m.vcpus; cpu++) vcpu(cpu).pending |= CAUSE_BOOT
  for (let cpu: u32 = 0; cpu < m.vcpus; cpu++) service(cpu)
  workload_start()
  writers_update()
}

/** The guest runs no more until machine_resume. Its timers in the hypervisor go on, and what they raise waits. */
export function machine_stop(): void {
  const m = machine()
  if (m.run_state != RUN_RUNNING) return
  m.run_state = RUN_STOPPED
  m.stopped_at_ns = m.now_ns
  observe(SEEN_STOP, 0, 0, 0)
  for (let cpu: u32 = 0; cpu < m.vcpus; cpu++) {
    if (vcpu(cpu).runstate != RUNSTATE_BLOCKED) schedule_out(cpu, RUNSTATE_OFFLINE)
    else {
      vtb_hold(cpu)
      wait_end(cpu)
    }
  }
  workload_stop()
  writers_update()
  rtc_stopped()
}

/** The guest goes on. `suspended`: it had suspended itself, so its suspend hypercall returns now (Xen PV). */
export function machine_resume(suspended: bool): void {
  const m = machine()
  if (m.run_state != RUN_STOPPED) return
  m.run_state = RUN_RUNNING
  m.stopped_total_ns += m.now_ns - m.stopped_at_ns
  observe(SEEN_RESUME, 0, m.now_ns - m.stopped_at_ns, 0)
  if (rtc_catch_up()) for (let cpu: u32 = 0; cpu < m.vcpus; cpu++) vcpu(cpu).descheduled = 1
  for (let cpu: u32 = 0; cpu < m.vcpus; cpu++) {
    const v = vcpu(cpu)
    if (suspended && cpu == 0) v.pending |= CAUSE_RESUME
    if (v.runstate == RUNSTATE_OFFLINE && v.online) runstate_change(cpu, RUNSTATE_RUNNABLE)
    if (v.runstate == RUNSTATE_RUNNABLE && vcpu_can_run(cpu)) schedule_in(cpu)
    if (v.descheduled && (v.runstate == RUNSTATE_RUNNABLE || v.pending)) wait_begin(cpu)
  }
  workload_start()
  writers_update()
  for (let cpu: u32 = 0; cpu < m.vcpus; cpu++) service(cpu)
}

/**
 * A guest's regions were copied onto this host: it stands STOPPED, and what a hypervisor creates anew for an
 * incoming guest is new. Xen's vCPUs have no timers but the default tick and no history; KVM's and Power's
 * timers are part of what was copied and are set on this host's counters. The policy comes next.
 */
export function machine_land(vcpus: u32, stopped_at_ns: u64, stopped_total_ns: u64, program: u32): void {
  const m = machine()
  m.vcpus = vcpus
  m.program = program
  m.run_state = RUN_STOPPED
  m.stopped_at_ns = stopped_at_ns
  m.stopped_total_ns = stopped_total_ns
  guest().hypervisor = host().hypervisor
  guest().guest_stopped_request = 0 // of a VM that is no more
  for (let slot: u32 = SLOT_VCPU; slot < SLOTS; slot++) queue_disarm(slot)
  if (is_xen()) xen_create_domain()
  for (let cpu: u32 = 0; cpu < vcpus; cpu++) land_vcpu(cpu)
  if (guest().hypervisor == HYPERVISOR_KVM) {
    kvm_arm_sync()
    kvm_rearm_timers()
  }
  vmclock_disrupt()
}

function land_vcpu(cpu: u32): void {
  const v = vcpu(cpu)
  if (!is_xen()) {
    v.state_entry_ns = hypervisor_now()
    v.hdec_armed = 0 // no stream carries HDEC
    dec_rearm(cpu)
    return
  }
  const busy = v.busy
  create_vcpu(cpu) // its vcpu_info is in shared_info again: no stream carries where the guest had registered another
  v.busy = busy
  v.periodic_last_event = xen_now()
}

// ---- scheduling

function schedule_in(cpu: u32): void {
  if (is_xen()) return xen_schedule_in(cpu)
  vtb_release(cpu)
  wait_end(cpu)
  runstate_change(cpu, RUNSTATE_RUNNING)
  kvm_publish_steal(cpu)
  kvm_enter_vcpu(cpu)
}

/** The vCPU loses its CPU without having blocked: the host stops it, or gives the CPU to others. */
function schedule_out(cpu: u32, state: u32): void {
  if (is_xen()) return xen_schedule_out(cpu, state)
  vtb_hold(cpu)
  if (state == RUNSTATE_RUNNABLE) wait_begin(cpu)
  else wait_end(cpu)
  runstate_change(cpu, state)
}

/** The host takes the CPU from a vCPU (steal begins), or gives it back. */
export function machine_steal(cpu: u32, taken: bool): void {
  const v = vcpu(cpu)
  v.descheduled = taken ? 1 : 0
  writers_update()
  if (machine().run_state != RUN_RUNNING || v.runstate == RUNSTATE_BLOCKED) {
    if (!taken) service(cpu)
    return
  }
  if (taken) schedule_out(cpu, RUNSTATE_RUNNABLE)
  else {
    schedule_in(cpu)
    service(cpu)
  }
}

/** A vCPU gets its CPU and takes what is pending, one interrupt after the other; what they raise waits for leave(). */
export function enter(cpu: u32): void {
  const v = vcpu(cpu)
  if (v.runstate == RUNSTATE_BLOCKED) runstate_change(cpu, RUNSTATE_RUNNABLE)
  if (v.runstate != RUNSTATE_RUNNING) schedule_in(cpu)
  let causes = v.pending
  v.pending = 0
  while (causes) {
    const cause: u32 = 1 << (31 - clz(causes))
    causes &= ~cause
    if (cause == CAUSE_BOOT) program_boot(cpu)
    else if (cause == CAUSE_RESUME) program_resume()
    else if (cause == CAUSE_FREQUENCY) program_told_frequency(cpu)
    else program_interrupt(cpu, cause)
  }
}

/** The RTC has made up for what it had missed: the vCPUs that waited for it run. */
function rtc_done(): void {
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) machine_steal(cpu, false)
}

/**
 * Guest code has run on a vCPU: it goes idle if it has nothing to run, and comes back if something is pending.
 * Guest code takes no time; but a kernel whose clock reads 1 ns less than the hypervisor's asks again and again
 * for a timer that is due, and only time gets it on. So after some rounds a nanosecond passes.
 */
export function leave(cpu: u32): void {
  const v = vcpu(cpu)
  if (!runqueue_busy(cpu)) program_idle(cpu)
  for (let rounds: u32 = 0; v.pending; rounds++) {
    if (rounds == PATIENCE) return queue_arm(SLOT_VCPU + cpu * SLOTS_PER_VCPU + VCPU_AGAIN, machine().now_ns + 1)
    enter(cpu)
    if (!runqueue_busy(cpu)) program_idle(cpu)
  }
}

/** Runs a vCPU if something is pending for it. */
export function service(cpu: u32): void {
  if (!vcpu_can_run(cpu) || !vcpu(cpu).pending) return
  enter(cpu)
  leave(cpu)
}

function fault(code: u32): void {
  machine().fault = code
  machine().run_state = RUN_FAULTED
}

// ---- workload

function read_clock(index: u32): void {
  const r = reader(index)
  reader_next(index)
  if (vcpu_can_run(r.vcpu) && !vmclock_holds(index)) observe(SEEN_READ, index, program_read_clock(r.vcpu, r.clock), r.clock)
}

/** A process calls nanosleep; on a CPU that is taken away it does so when the CPU comes back. */
function fall_asleep(index: u32): void {
  const cpu = sleeper(index).vcpu
  if (!vcpu_can_run(cpu)) {
    queue_arm(SLOT_SLEEPER + index, machine().now_ns + STOLEN_RETRY_NS)
    return
  }
  enter(cpu)
  process_sleeps(index)
  program_nanosleep(cpu, index)
  process_slept(index)
  leave(cpu)
}

/** A CPU-bound phase begins or ends. */
function change_phase(index: u32): void {
  const b = busy(index)
  const cpu = b.vcpu
  if (b.state == BUSY_NOW) {
    b.state = BUSY_OVER
    vcpu(cpu).busy--
    if (vcpu_can_run(cpu) && vcpu(cpu).runstate == RUNSTATE_RUNNING) leave(cpu)
    return
  }
  b.state = BUSY_NOW
  vcpu(cpu).busy++
  queue_arm(SLOT_BUSY + index, max(b.until_ns, machine().now_ns))
  if (!vcpu_can_run(cpu)) return
  enter(cpu)
  program_busy(cpu)
  leave(cpu)
}

// ---- time

function fire(slot: u32): void {
  if (slot >= SLOT_BUSY) return change_phase(slot - SLOT_BUSY)
  if (slot >= SLOT_SLEEPER) return fall_asleep(slot - SLOT_SLEEPER)
  if (slot >= SLOT_READER) return read_clock(slot - SLOT_READER)
  if (slot >= SLOT_VCPU) return fire_vcpu((slot - SLOT_VCPU) / SLOTS_PER_VCPU, (slot - SLOT_VCPU) % SLOTS_PER_VCPU)
  if (slot == SLOT_CALIBRATION) xen_calibrate()
  else if (slot == SLOT_KVMCLOCK_SYNC) kvm_sync()
  else if (slot == SLOT_WALL_SYNC) machine_sync_wall()
  else if (slot == SLOT_RTC) rtc_done()
}

function fire_vcpu(cpu: u32, which: u32): void {
  switch (which) {
    case VCPU_SINGLESHOT: xen_singleshot_fired(cpu); break
    case VCPU_PERIODIC: xen_periodic_work(cpu); break
    case VCPU_TSC_DEADLINE: kvm_tsc_deadline_fired(cpu); break
    case VCPU_DEC: dec_fired(cpu); break
    case VCPU_HDEC: hdec_fired(cpu); break
    default: break // VCPU_AGAIN
  }
  service(cpu)
}

/** The host's own kernel tells the hypervisor the time, now and every 11 minutes. */
export function machine_sync_wall(): void {
  xen_sync_wall()
  queue_arm(SLOT_WALL_SYNC, machine().now_ns + WALL_SYNC_NS)
}

/** The host goes to sleep and its kernel with it. */
export function machine_stop_wall_sync(): void { queue_disarm(SLOT_WALL_SYNC) }

/** Why a run must return before its time, RAN if it need not. */
function interrupted(): i32 {
  const m = machine()
  if (m.fault) return RAN_FAULT
  if (m.exit) return RAN_EXIT
  return observations_full() ? RAN_FULL : RAN
}

function advance(now_ns: u64): void {
  const m = machine()
  if (now_ns != m.now_ns) m.same_instant = 0
  else if (++m.same_instant > LIVELOCK_EVENTS) fault(FAULT_LIVELOCK)
  m.now_ns = now_ns
}

/**
 * Fires the events before `until` and lets true time reach it; events at `until` itself stay for the next call. With
 * `skip`, those of an idle guest that leave nothing but sums are computed and not fired (skip.ts).
 */
export function run_until(until: u64, skip: bool): i32 {
  while (true) {
    const why = interrupted()
    if (why) return why
    const next = queue_next_time()
    if (next >= until) break
    if (skip && skip_begins_at(next, until)) {
      skip_ahead(until)
      if (queue_next_time() != next) continue
    }
    advance(next)
    fire(queue_pop())
  }
  if (machine().now_ns < until) advance(until)
  writers_update()
  return RAN
}

/** Whether the timer in `slot` is due by its own clock, whatever the queue says. */
function timer_due(slot: u32): bool {
  const cpu = (slot - SLOT_VCPU) / SLOTS_PER_VCPU
  switch ((slot - SLOT_VCPU) % SLOTS_PER_VCPU) {
    case VCPU_SINGLESHOT: return xen_singleshot_due(cpu)
    case VCPU_PERIODIC: return xen_periodic_due(cpu)
    case VCPU_TSC_DEADLINE: return kvm_tsc_deadline_due(cpu)
    case VCPU_DEC: return dec_due(cpu)
    case VCPU_HDEC: return hdec_due(cpu)
    default: return queue_time(slot) - host().timer_slop_ns <= machine().now_ns
  }
}

/** Whether every armed timer is due exactly if the queue says that its instant has come. */
function timers_agree(): bool {
  const m = machine()
  for (let slot = SLOT_VCPU; slot < SLOT_VCPU + m.vcpus * SLOTS_PER_VCPU; slot++) {
    if (queue_armed(slot) && timer_due(slot) != (queue_time(slot) - host().timer_slop_ns <= m.now_ns)) return false
  }
  return true
}

/** run_until(), nanosecond by nanosecond, polling every timer on the way. FAULT_DIVERGED if one is off. */
export function run_ticking(until: u64): i32 {
  const m = machine()
  while (m.now_ns < until) {
    while (queue_next_time() <= m.now_ns) {
      const why = interrupted()
      if (why) return why
      if (!timers_agree()) fault(FAULT_DIVERGED)
      advance(m.now_ns)
      fire(queue_pop())
    }
    const why = interrupted()
    if (why) return why
    if (!timers_agree()) fault(FAULT_DIVERGED)
    advance(m.now_ns + 1)
  }
  writers_update()
  return interrupted()
}
