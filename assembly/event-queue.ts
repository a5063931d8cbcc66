/**
 * The event queue: a binary heap of slots, ordered by (true time, sequence number).
 *
 * A slot is a place that can have one event pending: a timer, a workload item, a host's periodic duty
 * (layout.ts SLOT_*). Arming a slot that is armed moves it; so there are no stale events to skip, no
 * allocation, and nothing in the queue points at code.
 *
 *   QUEUE + 0      u32 count
 *   QUEUE + 8      heap:  u16 slot       × SLOTS     heap[0] fires next
 *   … + 0x500      place: u16 heap index × SLOTS     0xffff: not armed
 *   … + 0xa00      time:  u64            × SLOTS
 *   … + 0x1e00     order: u64            × SLOTS     sequence number, breaks ties
 */
import { machine, NEVER, QUEUE, SLOTS } from './layout'

const HEAP: usize = QUEUE + 8
const PLACE: usize = QUEUE + 0x508
const TIME: usize = QUEUE + 0xa10
const ORDER: usize = QUEUE + 0x1e10
const NOWHERE: u32 = 0xffff

@inline function count(): u32 { return load<u32>(QUEUE) }
@inline function slot_at(index: u32): u32 { return load<u16>(HEAP + <usize>index * 2) }
@inline function place_of(slot: u32): u32 { return load<u16>(PLACE + <usize>slot * 2) }
@inline function time_of(slot: u32): u64 { return load<u64>(TIME + <usize>slot * 8) }
@inline function order_of(slot: u32): u64 { return load<u64>(ORDER + <usize>slot * 8) }

@inline function put(index: u32, slot: u32): void {
  store<u16>(HEAP + <usize>index * 2, <u16>slot)
  store<u16>(PLACE + <usize>slot * 2, <u16>index)
}

@inline function earlier(a: u32, b: u32): bool {
  const ta = time_of(a), tb = time_of(b)
  return ta < tb || (ta == tb && order_of(a) < order_of(b))
}

function sift_up(start: u32, slot: u32): void {
  let index = start
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = slot_at(parent)
    if (!earlier(slot, above)) break
    put(index, above)
    index = parent
  }
  put(index, slot)
}

function sift_down(start: u32, slot: u32): void {
  const n = count()
  let index = start
  while (true) {
    let child: u32 = 2 * index + 1
    if (child >= n) break
    if (child + 1 < n && earlier(slot_at(child + 1), slot_at(child))) child++
    const below = slot_at(child)
    if (!earlier(below, slot)) break
    put(index, below)
    index = child
  }
  put(index, slot)
}

export function queue_init(): void {
  store<u32>(QUEUE, 0)
  for (let slot: u32 = 0; slot < SLOTS; slot++) {
    store<u16>(PLACE + <usize>slot * 2, <u16>NOWHERE)
    store<u64>(TIME + <usize>slot * 8, NEVER)
    store<u64>(ORDER + <usize>slot * 8, 0)
  }
}

export function queue_disarm(slot: u32): void {
  const place = place_of(slot)
  if (place == NOWHERE) return
  store<u16>(PLACE + <usize>slot * 2, <u16>NOWHERE)
  store<u64>(TIME + <usize>slot * 8, NEVER)
  const n = count() - 1
  store<u32>(QUEUE, n)
  if (place == n) return
  const last = slot_at(n)
  if (place > 0 && earlier(last, slot_at((place - 1) >> 1))) sift_up(place, last)
  else sift_down(place, last)
}

/** Arms `slot` for true time `time_ns`; NEVER disarms it. An event that is moved counts as newly armed. */
export function queue_arm(slot: u32, time_ns: u64): void {
  queue_disarm(slot)
  if (time_ns == NEVER) return
  const m = machine()
  store<u64>(TIME + <usize>slot * 8, time_ns)
  store<u64>(ORDER + <usize>slot * 8, m.sequence)
  m.sequence++
  const n = count()
  store<u32>(QUEUE, n + 1)
  sift_up(n, slot)
}

@inline export function queue_armed(slot: u32): bool { return place_of(slot) != NOWHERE }

/** True time for which `slot` is armed, NEVER if it is not. */
@inline export function queue_time(slot: u32): u64 { return time_of(slot) }

@inline export function queue_next_time(): u64 { return count() ? time_of(slot_at(0)) : NEVER }

/** Whose event comes first; NOWHERE when none does. */
export function queue_next_slot(): u32 { return count() ? slot_at(0) : NOWHERE }

/** Takes the first event off the queue and returns its slot. Only when the queue is not empty. */
export function queue_pop(): u32 {
  const slot = slot_at(0)
  queue_disarm(slot)
  return slot
}
