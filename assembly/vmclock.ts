/**
 * The vmclock device, as far as it tells a guest that its clocks cannot be trusted for a while (Linux
 * include/uapi/linux/vmclock-abi.h). The hypervisor changes the disruption marker when the guest was moved or restored; a
 * program that has mapped the page compares it before it trusts the clock.
 *
 *     +0 u32 magic "VCLK" | +4 u32 size | +8 u16 version | +10 u8 counter_id | +11 u8 time_type | +12 u32 seq_count
 *     +16 u64 disruption_marker
 */
import { guest, MAX_READERS, reader } from './layout'
import { at, GPA_VMCLOCK } from './memory'

const MAGIC: u32 = 0x4b4c4356
const SIZE: u32 = 0x1000
const SEQ_COUNT: usize = 12
const MARKER: usize = 16

@inline function page(): usize { return at(GPA_VMCLOCK) }
@inline function marker(): u64 { return load<u64>(page(), MARKER) }

/** The VM is created with the device. */
export function vmclock_create(): void {
  guest().vmclock = 1
  store<u32>(page(), MAGIC)
  store<u32>(page(), SIZE, 4)
  store<u16>(page(), 1, 8)
}

/** The guest was elsewhere: what its clocks show may be wrong. */
export function vmclock_disrupt(): void {
  if (!guest().vmclock) return
  store<u32>(page(), load<u32>(page(), SEQ_COUNT) + 1, SEQ_COUNT)
  store<u64>(page(), marker() + 1, MARKER)
  store<u32>(page(), load<u32>(page(), SEQ_COUNT) + 1, SEQ_COUNT)
}

/** Whether reader `index` must not trust its clock now. */
export function vmclock_holds(index: u32): bool {
  const r = reader(index)
  return r.guarded != 0 && guest().vmclock != 0 && r.answered != marker()
}

/** Somebody who knows has set the clock: it is good again. */
export function vmclock_answer(): void {
  if (!guest().vmclock) return
  for (let i: u32 = 0; i < MAX_READERS; i++) reader(i).answered = marker()
}
