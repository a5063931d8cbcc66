/**
 * Compiled loops: where code runs in circles, the shell makes a function of WebAssembly of the circle (src/power/hot/), which
 * works on the registers and TLBs of this memory. The slot where the loop begins gets an operation of its own, HOT, which calls
 * it; here is what that slot would do by itself, and which function it is.
 *
 *   function (i32 left, i32 TLB for reading, i32 slot) -> i64: `left` in the lower half, the slot it came to in the upper one
 *
 *   HOT   2048 entries by the number of the slot: +0 u32 slot, 0 none  +4 u16 its operation
 *                                                 +6 u16 function in the table, 0x8000: for 64-bit addresses
 *                                                 +8 u32 first slot of the loop  +12 u32 its last one
 *
 * All of it is derived. A loop does what the interpreter does, in the same cycles; where it cannot (a page that the interpreter
 * has to see, an instruction it does not know, not enough cycles left for a block) it hands the slot back. Loops whose code
 * changes are forgotten.
 */
import { HOT, run_at_hand } from './layout'

const ENTRIES: usize = 2048
const SIZE: usize = ENTRIES << 4

@inline function entry_of(slot: usize): usize { return HOT + (((slot >> 4) & (ENTRIES - 1)) << 4) }

/** `op`: what the slot does by itself; the code lies from `first` to `last`. Another loop at that place is forgotten. */
export function hot_begin(slot: usize, op: u16, loop: u32, first: usize, last: usize): void {
  const entry = entry_of(slot)
  forget(entry)
  store<u32>(entry, <u32>slot)
  store<u16>(entry, op, 4)
  store<u16>(entry, <u16>loop, 6)
  store<u32>(entry, <u32>first, 8)
  store<u32>(entry, <u32>last, 12)
}

/** The function of the loop that begins at `slot`. */
@inline export function hot_function(slot: usize): u32 { return load<u16>(entry_of(slot), 6) }

/** What its first slot does by itself. */
export function hot_op(slot: usize): u32 { return load<u16>(entry_of(slot), 4) }
@inline export function hot_index(loop: u32): u32 { return loop & 0x7fff }
/** Whether it is for 64-bit addresses. */
@inline export function hot_wide(loop: u32): bool { return loop >> 15 != 0 }

/** Its first instruction is decoded anew when it is next executed. */
function forget(entry: usize): void {
  const slot = load<u32>(entry)
  if (slot != 0) store<u16>(<usize>slot, 0)
  store<u32>(entry, 0)
}

export function hot_forget_all(): void {
  memory.fill(HOT, 0, SIZE)
  run_at_hand().hot_cool = 0
}

/** Those that have anything between two slots in them. */
export function hot_forget(from: usize, to: usize): void {
  const end = HOT + SIZE
  for (let entry = HOT; entry < end; entry += 16) {
    if (<usize>load<u32>(entry, 8) > to || <usize>load<u32>(entry, 12) < from) continue
    forget(entry)
    run_at_hand().hot_changed = 1
  }
}

/**
 * The loop at `slot` can do nothing as things are: its first instruction is interpreted, and nothing else in this stretch.
 * Answers `left` for that.
 */
export function hot_cool_down(slot: usize, left: i32): i32 {
  const r = run_at_hand()
  r.stop_cycle -= <u64>(left - 1)
  r.hot_cool = slot
  r.hot_op = load<u16>(slot)
  store<u16>(slot, load<u16>(entry_of(slot), 4))
  return 1
}

/** Before a stretch. */
@inline export function hot_warm_up(): void { if (run_at_hand().hot_cool != 0) warm_up() }

function warm_up(): void {
  const r = run_at_hand()
  const entry = entry_of(r.hot_cool)
  // It may have changed meanwhile.
  if (load<u32>(entry) == <u32>r.hot_cool && load<u16>(r.hot_cool) == load<u16>(entry, 4))
    store<u16>(r.hot_cool, <u16>r.hot_op)
  r.hot_cool = 0
}
