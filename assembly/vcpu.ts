/**
 * vCPU run states, as a hypervisor's scheduler keeps and publishes them (Xen common/sched/core.c
 * vcpu_runstate_change; public/vcpu.h).
 *
 *            steal, or an event wakes it         the scheduler gives it a CPU
 *   BLOCKED ─────────────────────────> RUNNABLE ─────────────────────> RUNNING
 *      ^                                  ^  \____________ steal ________/ |
 *      └──────────────── sched_op_block, halt, h_cede ────────────────────┘
 *   OFFLINE: while the guest is stopped, for vCPUs that were not blocked
 */
import { hypervisor_now } from './host'
import {
  guest, machine, RUN_RUNNING, RUNSTATE_BLOCKED, RUNSTATE_RUNNING, VCPU, VCPU_SIZE, Vcpu, vcpu,
} from './layout'
import { at } from './memory'
import { runstate_entry_time, runstate_time } from './x86/shared-info'

/** Moves a vCPU to another run state; the time since the last change goes to the state it leaves. */
export function runstate_change(cpu: u32, state: u32): void {
  const v = vcpu(cpu)
  const now = hypervisor_now()
  const spent: usize = VCPU + <usize>cpu * VCPU_SIZE + offsetof<Vcpu>('time0_ns') + <usize>v.runstate * 8
  const delta = <i64>(now - v.state_entry_ns)
  if (delta > 0) store<u64>(spent, load<u64>(spent) + delta)
  if (delta > 0 || v.state_entry_ns == 0) v.state_entry_ns = now
  v.runstate = state
  runstate_publish(cpu)
}

/** Writes vcpu_runstate_info to the area that the guest registered, in the guest's layout. */
export function runstate_publish(cpu: u32): void {
  const v = vcpu(cpu)
  if (!v.runstate_gpa) return
  const wide = guest().wide != 0
  const area = at(v.runstate_gpa)
  const times = area + runstate_time(wide)
  store<u32>(area, v.runstate)
  store<u64>(area + runstate_entry_time(wide), v.state_entry_ns)
  store<u64>(times, v.time0_ns)
  store<u64>(times + 8, v.time1_ns)
  store<u64>(times + 16, v.time2_ns)
  store<u64>(times + 24, v.time3_ns)
}

/** A created vCPU: nothing pending, no timers, no time spent in any state. */
export function vcpu_init(cpu: u32, state: u32): void {
  memory.fill(VCPU + <usize>cpu * VCPU_SIZE, 0, VCPU_SIZE)
  const v = vcpu(cpu)
  v.runstate = state
  v.state_entry_ns = hypervisor_now()
}

/** Whether guest code can run on this vCPU now. */
@inline export function vcpu_can_run(cpu: u32): bool {
  const v = vcpu(cpu)
  return machine().run_state == RUN_RUNNING && v.online != 0 && v.descheduled == 0
}

/** Whether an idle vCPU that asks for it blocks: not if an event is already waiting. */
export function vcpu_may_block(cpu: u32): bool {
  return vcpu(cpu).pending == 0 && vcpu(cpu).runstate == RUNSTATE_RUNNING
}

/** The idle guest gives its CPU back. */
export function vcpu_block(cpu: u32): void {
  if (vcpu_may_block(cpu)) runstate_change(cpu, RUNSTATE_BLOCKED)
}
