/**
 * What the guest's processes do: readers of clocks, sleepers, CPU-bound phases. Their instants are true time,
 * as an experimenter beside the machine would give them; what happens then is the kernel's business.
 *
 * A reader is a probe: it runs the kernel's read path at its instant and takes no CPU time, so it does not
 * wake an idle kernel. While the guest is stopped nothing reads and nothing falls asleep; a sleeper whose
 * instant has passed starts when the guest goes on.
 */
import { queue_arm, queue_armed, queue_disarm, queue_time } from './event-queue'
import {
  busy, guest, machine, MAX_BUSY, MAX_READERS, reader, sleeper, SLEEPER_ASLEEP, SLEEPER_AWAKE, SLEEPER_DONE, SLOT_BUSY,
  SLOT_READER, SLOT_SLEEPER, vcpu,
} from './layout'
import { observe, SEEN_SLEEP, SEEN_WAKE } from './observe'

export const BUSY_WAITING: u32 = 1
export const BUSY_NOW: u32 = 2
export const BUSY_OVER: u32 = 3

/** How many sleepers there are; their indexes are 0 to that. */
export function sleeper_count(): u32 { return guest().sleepers }

/** Whether a CPU-bound process wants this CPU. */
@inline export function runqueue_busy(cpu: u32): bool { return vcpu(cpu).busy != 0 }

/** The kernel made the sleeping process `index` runnable: it runs, and its nanosleep returns. */
export function process_wake(index: u32): void {
  const s = sleeper(index)
  const m = machine()
  if (s.state != SLEEPER_ASLEEP) return
  observe(SEEN_WAKE, index, m.now_ns - s.issued_ns, m.stopped_total_ns - s.issued_stopped_ns)
  s.state = s.repeats ? SLEEPER_AWAKE : SLEEPER_DONE
  if (s.repeats) queue_arm(SLOT_SLEEPER + index, m.now_ns + s.pause_ns)
}

/** Marks the process asleep; the kernel's nanosleep follows. */
export function process_sleeps(index: u32): void {
  const s = sleeper(index)
  const m = machine()
  s.state = SLEEPER_ASLEEP
  s.issued_ns = m.now_ns
  s.issued_stopped_ns = m.stopped_total_ns
}

export function process_slept(index: u32): void {
  observe(SEEN_SLEEP, index, sleeper(index).for_ns, sleeper(index).expires)
}

/** First instant on the reader's grid that is at or after `now`, if it still reads then. */
function arm_reader(index: u32, now: u64): void {
  const r = reader(index)
  let at = r.from_ns
  if (at < now) at += (now - at + r.every_ns - 1) / r.every_ns * r.every_ns
  if (at < r.until_ns) queue_arm(SLOT_READER + index, at)
}

/** A reader has read: its next instant. */
export function reader_next(index: u32): void { arm_reader(index, machine().now_ns + 1) }

/** The guest's processes start or go on. */
export function workload_start(): void {
  const now = machine().now_ns
  for (let i: u32 = 0; i < MAX_READERS; i++) if (reader(i).active) arm_reader(i, now)
  for (let i: u32 = 0; i < sleeper_count(); i++) {
    const s = sleeper(i)
    if (s.state == SLEEPER_AWAKE && !queue_armed(SLOT_SLEEPER + i)) queue_arm(SLOT_SLEEPER + i, max(s.at_ns, now))
  }
  for (let i: u32 = 0; i < MAX_BUSY; i++) {
    const b = busy(i)
    if (b.state == BUSY_WAITING) queue_arm(SLOT_BUSY + i, max(b.from_ns, now))
    else if (b.state == BUSY_NOW) queue_arm(SLOT_BUSY + i, max(b.until_ns, now))
  }
}

/** The guest is stopped: its processes do nothing until workload_start. A sleeper's coming instant is kept. */
export function workload_stop(): void {
  for (let i: u32 = 0; i < MAX_READERS; i++) queue_disarm(SLOT_READER + i)
  for (let i: u32 = 0; i < sleeper_count(); i++) {
    if (sleeper(i).state != SLEEPER_AWAKE || !queue_armed(SLOT_SLEEPER + i)) continue
    sleeper(i).at_ns = queue_time(SLOT_SLEEPER + i)
    queue_disarm(SLOT_SLEEPER + i)
  }
  for (let i: u32 = 0; i < MAX_BUSY; i++) queue_disarm(SLOT_BUSY + i)
}
