/**
 * The event queue: the armed slots in the order of (true time, slot).
 *
 * A slot is a place that can have one event pending: a timer, a workload item, a host's periodic duty
 * (layout.ts SLOT_*). Arming a slot that is armed moves it; so there are no stale events to skip, no
 * allocation, and nothing in the queue points at code.
 *
 * Its bytes are a function of what is armed and not of how that came about: two machines with the same events
 * to come are equal, whether one went through every event before them or skipped over some. That is why it is a
 * sorted line and not a heap, and why events of one instant go by slot and not by age. What is armed is mostly due soon,
 * and the line ends with the next event, so an insertion moves few entries.
 *
 *   QUEUE + 0      u32 count
 *   QUEUE + 8      line: u16 slot × SLOTS     the last of count fires next; 0 behind them
 *   … + 0xa00      time: u64      × SLOTS     NEVER: not armed
 */
import { NEVER, QUEUE, SLOTS } from './layout'

const LINE: usize = QUEUE + 8
const TIME: usize = QUEUE + 0xa10
const NOBODY: u32 = 0xffff

@inline function count(): u32 { return load<u32>(QUEUE) }
@inline function slot_at(index: u32): u32 { return load<u16>(LINE + <usize>index * 2) }
@inline function put(index: u32, slot: u32): void { store<u16>(LINE + <usize>index * 2, <u16>slot) }
@inline function time_of(slot: u32): u64 { return load<u64>(TIME + <usize>slot * 8) }

export function queue_init(): void {
  store<u32>(QUEUE, 0)
  memory.fill(LINE, 0, SLOTS * 2)
  for (let slot: u32 = 0; slot < SLOTS; slot++) store<u64>(TIME + <usize>slot * 8, NEVER)
}

/** Puts the line in order again after the times were copied in from elsewhere. */
export function queue_relink(): void {
  memory.fill(QUEUE, 0, TIME - QUEUE)
  for (let slot: u32 = 0; slot < SLOTS; slot++) {
    if (time_of(slot) != NEVER) insert(slot, time_of(slot))
  }
}

function insert(slot: u32, time_ns: u64): void {
  let index = count()
  store<u32>(QUEUE, index + 1)
  for (; index > 0; index--) {
    const next = slot_at(index - 1)
    const at = time_of(next)
    if (at > time_ns || (at == time_ns && next > slot)) break
    put(index, next)
  }
  put(index, slot)
}

export function queue_disarm(slot: u32): void {
  if (time_of(slot) == NEVER) return
  store<u64>(TIME + <usize>slot * 8, NEVER)
  const last = count() - 1
  let index = last
  while (slot_at(index) != slot) index--
  for (; index < last; index++) put(index, slot_at(index + 1))
  put(last, 0)
  store<u32>(QUEUE, last)
}

/** Arms `slot` for true time `time_ns`; NEVER disarms it. */
export function queue_arm(slot: u32, time_ns: u64): void {
  queue_disarm(slot)
  if (time_ns == NEVER) return
  store<u64>(TIME + <usize>slot * 8, time_ns)
  insert(slot, time_ns)
}

@inline export function queue_armed(slot: u32): bool { return time_of(slot) != NEVER }

/** True time for which `slot` is armed, NEVER if it is not. */
@inline export function queue_time(slot: u32): u64 { return time_of(slot) }

@inline export function queue_next_time(): u64 { return count() ? time_of(slot_at(count() - 1)) : NEVER }

/** How many slots are armed; queue_slot gives each, 0 the last to fire. */
@inline export function queue_count(): u32 { return count() }
@inline export function queue_slot(index: u32): u32 { return slot_at(index) }

/** The slot that fires `later` places after the next one, at the same instant; NOBODY: none does. */
export function queue_next_slot(later: u32): u32 {
  const armed = count()
  if (later >= armed) return NOBODY
  const slot = slot_at(armed - 1 - later)
  return time_of(slot) == time_of(slot_at(armed - 1)) ? slot : NOBODY
}

/** Takes the first event off the queue and returns its slot. Only when the queue is not empty. */
export function queue_pop(): u32 {
  const last = count() - 1
  const slot = slot_at(last)
  store<u64>(TIME + <usize>slot * 8, NEVER)
  put(last, 0)
  store<u32>(QUEUE, last)
  return slot
}
