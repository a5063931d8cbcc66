/**
 * The dirty log: which pages of guest memory were written since a live migration looked last.
 *
 *   DIRTY  a bit for each page of 4 KiB, page 0 in bit 0 of byte 0
 *   SENT   the pages below MODEL_END as they were when the log was started or collected
 *
 * There are two kinds of writers. Hypervisor and kernel models write with plain stores, all of them below MODEL_END
 * (memory.ts says where); those few pages are compared with their copy when the log is collected, so no store pays
 * for a log that nobody keeps. Whatever writes above MODEL_END calls dirty_mark.
 *
 * It is a tool of the migration, as EPT dirty bits are to KVM, and not state: no hash, snapshot or stream has it.
 */
import { DIRTY, DIRTY_SIZE, GUEST_MEMORY, machine, SENT } from './layout'
import { GPA_KERNEL, KERNEL_SIZE } from './memory'
import { xxh64 } from './hash'

const PAGE_SHIFT: u32 = 12
const PAGE: usize = 1 << PAGE_SHIFT
const MODEL_END: usize = <usize>(GPA_KERNEL + KERNEL_SIZE)

export function address_dirty(): usize { return DIRTY }

/** The page at guest-physical `page` × 4 KiB was written. */
export function dirty_mark(page: u32): void {
  const byte = DIRTY + <usize>(page >> 3)
  store<u8>(byte, load<u8>(byte) | <u8>(<u32>1 << (page & 7)))
}

/** From now on: nothing is dirty. */
export function dirty_clear(): void {
  memory.fill(DIRTY, 0, DIRTY_SIZE)
  memory.copy(SENT, GUEST_MEMORY, min(MODEL_END, <usize>machine().memory_size))
}

/** Completes the bitmap: marks the pages below MODEL_END that are not as they were. Nothing is cleared. */
export function dirty_collect(): void {
  const end = min(MODEL_END, <usize>machine().memory_size)
  for (let at: usize = 0; at < end; at += PAGE) {
    if (memory.compare(SENT + at, GUEST_MEMORY + at, PAGE) != 0) dirty_mark(<u32>(at >> PAGE_SHIFT))
  }
}

/** XXH64 of guest memory from guest-physical `from`. */
export function memory_hash(from: u32, length: u32, seed: u64): u64 {
  return xxh64(GUEST_MEMORY + <usize>from, length, seed)
}
