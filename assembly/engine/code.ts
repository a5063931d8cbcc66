/**
 * Decoded code: 16 bytes, a *slot*, for each instruction of a page, made when the instruction is first executed.
 *
 *     decoded page:  slot 0 | slot 1 | … | slot 1023 | end | u32 guest page, u32 flavour, u32 compiled loops
 *
 *     slot   +0 u16 operation   a case of the interpreter's loop; 0: not decoded yet
 *            +2 u16 d  +4 u16 a  +6 u16 b    addresses of registers, or small numbers
 *            +8 i32 imm         immediate, mask, distance to a target in slots' bytes, or the instruction itself
 *            +12 u16 aux  +14 u8 cost, in cycles  +15 u8 spare
 *
 * The operation is dense and the registers are addresses, so that a handler loads, computes and stores. Slots are
 * found by physical address, and branches inside a page are distances between slots, so a page that is mapped twice
 * is decoded once. An instruction set with words of 4 bytes has one slot a word; one with longer and shorter
 * instructions takes one slot a byte in which an instruction starts, through its own index.
 *
 * A cycle is known at every instruction, not only at the ends of blocks: the loop counts `left` down by each slot's
 * cost, and ends when it is used up. So whatever is due in a given cycle comes before the first instruction that
 * starts in it or later.
 *
 * Stores: a page with decoded code is never in the write TLB. A store to it goes the slow way and clears the slots of
 * the words that it wrote, so code that changes itself is seen at once, with or without icbi. The architecture allows
 * that (it asks for icbi and isync so that other implementations see it too).
 */
import { hot_begin, hot_forget, hot_forget_all } from './hot'
import { CODE, PAGE_BITS, PAGE_OF, run_at_hand } from './layout'
import { tlb_forget_code, tlb_forget_writes } from './tlb'

export const SLOT_SIZE: u32 = 16
export const SLOTS_A_PAGE: u32 = 1024
const SLOTS_SIZE: u32 = SLOTS_A_PAGE * SLOT_SIZE
export const CODE_PAGE_SIZE: u32 = SLOTS_SIZE + 32
/** As many as fit between CODE and RAM: 16 MiB of guest code. */
export const CODE_PAGES: u32 = 4096

@inline function page_of(guest_page: u32): usize { return PAGE_OF + (<usize>guest_page << 2) }

/** Address of the decoded page of a guest page, 0 if it has none. */
@inline export function code_page(guest_page: u32): usize { return load<u32>(page_of(guest_page)) }

/** Forgets all decoded code. */
export function code_flush(): void {
  const r = run_at_hand()
  for (let i: u32 = 0; i < r.code_used; i++) {
    const page = CODE + <usize>(i * CODE_PAGE_SIZE)
    store<u32>(page_of(load<u32>(page + SLOTS_SIZE, 16)), 0)
    memory.fill(page, 0, CODE_PAGE_SIZE)
  }
  r.code_used = 0
  hot_forget_all()
  tlb_forget_code()
}

/**
 * The decoded page of a guest page, made if need be; `end` is the operation of the slot behind the last one. A page
 * that was decoded with another flavour (byte order) is decoded anew. The page leaves the write TLB.
 */
export function code_page_make(guest_page: u32, flavour: u32, end: u16): usize {
  let page = code_page(guest_page)
  if (page != 0 && load<u32>(page + SLOTS_SIZE, 20) == flavour) return page
  if (page == 0) {
    const r = run_at_hand()
    if (r.code_used == CODE_PAGES) {
      code_flush()
      r.code_flushes++
    }
    page = CODE + <usize>(r.code_used * CODE_PAGE_SIZE)
    r.code_used++
    store<u32>(page_of(guest_page), <u32>page)
    tlb_forget_writes(guest_page)
  } else {
    hot_forget(page, page + SLOTS_SIZE)
    memory.fill(page, 0, SLOTS_SIZE)
    tlb_forget_code() // pages are found there by the flavour they had
  }
  store<u16>(page + SLOTS_SIZE, end)
  store<u32>(page + SLOTS_SIZE, guest_page, 16)
  store<u32>(page + SLOTS_SIZE, flavour, 20)
  return page
}

/**
 * Guest memory [from, from + bytes) has changed, or is about to: what was decoded of it is forgotten, and of the word
 * before it, since a slot may stand for two instructions.
 */
export function code_changed(from: u32, bytes: u32): void {
  const last = (from + bytes - 1) >> 2
  const before = from >= 4 ? 1 : 0
  for (let word = (from >> 2) - before; word <= last; word++) {
    const page = code_page(word >> (PAGE_BITS - 2))
    if (page == 0) word |= SLOTS_A_PAGE - 1 // the loop goes on with the next page
    else clear(page, page + ((word & (SLOTS_A_PAGE - 1)) << 4))
  }
}

/** Data beside code is no code: nothing is decoded of it, and no loop has it. */
function clear(page: usize, slot: usize): void {
  if (load<u16>(slot) == 0) return
  store<u16>(slot, 0)
  if (load<u32>(page + SLOTS_SIZE, 24) != 0) hot_forget(slot, slot)
}

/** The page of a slot. */
@inline export function decoded_page_of(slot: usize): usize { return slot - (slot - CODE) % CODE_PAGE_SIZE }

/**
 * A compiled loop that begins at `slot` is the table's function `loop` (engine/hot.ts), and lies between two slots of its
 * page; `op` is the operation that enters it.
 */
export function code_compiled(slot: usize, loop: u32, first: usize, last: usize, op: u16): void {
  hot_begin(slot, load<u16>(slot), loop, first, last)
  store<u16>(slot, op)
  store<u32>(decoded_page_of(slot) + SLOTS_SIZE, 1, 24)
}

/** The guest page whose decoded page holds `slot`. */
@inline export function guest_page_of(slot: usize): u32 {
  return load<u32>(decoded_page_of(slot) + SLOTS_SIZE, 16)
}

/** Offset of a slot's instruction in its guest page. */
@inline export function offset_of(slot: usize): u32 { return (<u32>((slot - CODE) % CODE_PAGE_SIZE) >> 4) << 2 }
