/**
 * Skipping over what happens by itself: calibrations each second, and the interrupts with which an idle guest wakes
 * only to go back to sleep.
 *
 *   now                                              limit   horizon
 *    │ c   w c   w c   w c   w c   w c   w c   w c   w │   c   w │
 *    └──────────────── skipped ───────────────────────┘└─ lived ─┘
 *
 * c: Xen's calibration, w: a CPU wakes for a timer of its kernel. The horizon is the first event that is not one of these: a
 * reader, a process that falls asleep, an action of the scenario, or a wrap of Xen's TSC. Until the limit, some seconds
 * before it, the state is computed; from there on all happens as always, so what a kernel computes anew at each interrupt
 * is computed by the kernel itself, and only what it counts and what it keeps must be made right here:
 *
 *   - kernels are built to sleep through ticks: jiffies, clocks and accounting take in whatever time has gone by, in
 *     one step or in many, with the same sum (skip-2-6-18.ts, skip-modern.ts say where that needs help)
 *   - calibrations have a closed form (x86/xen-epochs.ts)
 *   - each publication of a time page counts in its version
 *
 * Where a condition of this does not hold nothing is skipped: the run goes from event to event, which is always right.
 */
import { queue_count, queue_slot, queue_time } from './event-queue'
import {
  HYPERVISOR_POWER_KVM, HYPERVISOR_POWER_TCG, HYPERVISOR_XEN, guest, host, machine, PROGRAM_LINUX_2_6_18_XEN,
  PROGRAM_LINUX_PPC64, PROGRAM_LINUX_XEN, RUN_RUNNING, RUNSTATE_BLOCKED, SLOT_CALIBRATION, SLOT_READER, SLOT_VCPU,
  SLOTS_PER_VCPU, VCPU_AGAIN, VCPU_HDEC, vcpu,
} from './layout'
import { skip_2_6_18 } from './skip-2-6-18'
import { skip_linux_ppc64, skip_linux_xen } from './skip-modern'
import { xen_skip_to } from './x86/xen'
import { epoch_at, epoch_start, epochs_begin, epochs_end } from './x86/xen-epochs'

/** Less than this before the horizon is not worth a look. */
const WORTH_NS: u64 = 12_000_000_000
/** What is lived through before the horizon: an idle CPU of linux-2.6.18-xen wakes twice in it. */
const LIVED_NS: u64 = 2_500_000_000

/** Whether the event that comes next is one of those that may be skipped; what makes an attempt worth its cost. */
@inline export function skip_begins_at(next_ns: u64, until: u64): bool {
  return until - next_ns > WORTH_NS && is_own(queue_slot(queue_count() - 1))
}

/** Skips as far as it can; `until` is the end of the run. The next event to fire is still the next in the queue. */
export function skip_ahead(until: u64): void {
  const running = machine().run_state == RUN_RUNNING
  if (running && !all_idle()) return // most often, of a guest that works
  const xen = host().hypervisor == HYPERVISOR_XEN
  const first = min(until, first_foreign())
  const horizon = xen ? epochs_end(first) : first
  const now = machine().now_ns
  if (horizon < now || horizon - now < WORTH_NS) return
  const limit = horizon - LIVED_NS
  if (!running) {
    if (xen) skip_calibrations(limit)
    return
  }
  const hypervisor = guest().hypervisor
  const program = machine().program
  if (hypervisor == HYPERVISOR_XEN) {
    if (program == PROGRAM_LINUX_2_6_18_XEN) skip_2_6_18(limit)
    else if (program == PROGRAM_LINUX_XEN) skip_linux_xen(limit)
  } else if (hypervisor == HYPERVISOR_POWER_KVM || hypervisor == HYPERVISOR_POWER_TCG) {
    if (program == PROGRAM_LINUX_PPC64) skip_linux_ppc64(limit)
  }
}

/** Whether a slot belongs to what may be skipped: the calibration, and timers of vCPUs that run. */
function is_own(slot: u32): bool {
  if (slot == SLOT_CALIBRATION) return true
  if (slot < SLOT_VCPU || slot >= SLOT_READER || machine().run_state != RUN_RUNNING) return false
  const which = (slot - SLOT_VCPU) % SLOTS_PER_VCPU
  return which != VCPU_AGAIN && which != VCPU_HDEC
}

function first_foreign(): u64 {
  for (let i = <i32>queue_count() - 1; i >= 0; i--) {
    const slot = queue_slot(i)
    if (!is_own(slot)) return queue_time(slot)
  }
  return u64.MAX_VALUE
}

/** Whether every vCPU sleeps, with nothing to do but its kernel's timers. */
function all_idle(): bool {
  for (let cpu: u32 = 0; cpu < machine().vcpus; cpu++) {
    const v = vcpu(cpu)
    if (!v.online || v.descheduled || v.busy || v.pending || v.runstate != RUNSTATE_BLOCKED) return false
  }
  return true
}

/** Of a host on which no guest runs. */
function skip_calibrations(limit: u64): void {
  if (!epochs_begin()) return
  const k = epoch_at(limit)
  if (k >= 1) xen_skip_to(epoch_start(k))
}
