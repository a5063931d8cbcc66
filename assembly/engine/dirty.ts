/**
 * Which pages of RAM were written since somebody cleared the marks: for who copies a machine that runs on meanwhile.
 *
 *   DIRTY   bit n: guest page n. Not state: no guest sees it, and what is saved or hashed has it not.
 *
 * A page is marked when its entry for writing is filled, and by every store that goes another way. Clearing takes all
 * entries for writing away, so the first store to each page comes by here again; those after it cost nothing. What is
 * known of translations stays (tlb.ts), so a guest cannot tell.
 */
import { DIRTY, DIRTY_SIZE, PAGE_BITS } from './layout'
import { tlb_forget_all_writes } from './tlb'

/** RAM [real, real + bytes) is written, or may be before the next mark of it. */
@inline export function dirty_mark(real: u32, bytes: u32): void {
  const last = (real + bytes - 1) >> PAGE_BITS
  for (let page = real >> PAGE_BITS; page <= last; page++) {
    const at = DIRTY + <usize>(page >> 3)
    store<u8>(at, load<u8>(at) | <u8>(<u32>1 << (page & 7)))
  }
}

/** From now on the pages that are written are dirty. */
export function dirty_clear(): void {
  memory.fill(DIRTY, 0, DIRTY_SIZE)
  tlb_forget_all_writes()
}
