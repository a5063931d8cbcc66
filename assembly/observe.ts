/**
 * The observation ring: what the guest saw and did, on its way to the shell.
 *
 *   RING + 0   u32 count   records waiting (0..RING_CAPACITY)
 *   RING + 16  records of 40 bytes:
 *     +0 u64 true_ns | +8 u32 kind | +12 u32 index | +16 u64 value | +24 u64 extra | +32 u64 stopped_ns
 *
 * The core stops at an event boundary when less than RING_RESERVE records are free (machine.ts), and the
 * shell drains the ring and calls again; so nothing is ever dropped and the split never shows in the state.
 */
import { machine, RING } from './layout'

export const RING_CAPACITY: u32 = 16384
export const RING_RESERVE: u32 = 4096
export const RECORD_SIZE: usize = 40
export const RING_RECORDS: usize = RING + 16

export const SEEN_READ: u32 = 1 // index reader, value clock, extra clock id
export const SEEN_SLEEP: u32 = 2 // index sleeper, value duration ns, extra expiry on its clock
export const SEEN_WAKE: u32 = 3 // index sleeper, value true ns since issued, extra true ns of that spent stopped
export const SEEN_TICKS: u32 = 4 // index vCPU, value ticks processed in one timer interrupt (only if > 1)
export const SEEN_BACKWARDS: u32 = 5 // index vCPU, value s64 delta ns, extra s64 delta of the CPU: "time went backwards"
export const SEEN_CLOCK_SET: u32 = 6 // value s64 ns by which CLOCK_REALTIME was moved by the kernel itself
export const SEEN_SOFT_LOCKUP: u32 = 7 // index vCPU, value ns the kernel believes it was stuck
export const SEEN_WATCHDOG_TOUCHED: u32 = 8 // index vCPU: GUEST_STOPPED was seen
export const SEEN_BOOT: u32 = 10
export const SEEN_STOP: u32 = 11
export const SEEN_RESUME: u32 = 12
export const SEEN_SETTIME: u32 = 13 // dom0 told the hypervisor: value secs, extra nsecs
export const SEEN_SET_RTC: u32 = 14 // dom0 wrote the CMOS clock: value secs
export const SEEN_CYCLE_OFFSET: u32 = 16 // more cycles since the last update than the clocksource allows: ns they are, ns allowed
export const SEEN_FREQUENCY_ERROR: u32 = 15 // the guest noticed: value measured Hz, extra Hz it was told

export function observe(kind: u32, index: u32, value: u64, extra: u64): void {
  const n = load<u32>(RING)
  if (n >= RING_CAPACITY) return
  const record = RING_RECORDS + <usize>n * RECORD_SIZE
  const m = machine()
  store<u64>(record, m.now_ns)
  store<u32>(record, kind, 8)
  store<u32>(record, index, 12)
  store<u64>(record, value, 16)
  store<u64>(record, extra, 24)
  store<u64>(record, m.stopped_total_ns, 32)
  store<u32>(RING, n + 1)
}

@inline export function observations_full(): bool { return load<u32>(RING) > RING_CAPACITY - RING_RESERVE }
