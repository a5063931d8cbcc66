/**
 * The TLBs: what addresses of pages used lately come to. An access finds its page in one comparison; what is not there
 * is asked of the instruction set's own translation, and entered.
 *
 *   TLB     vCPU 0 | vCPU 1 | vCPU 2 | vCPU 3
 *   vCPU    real: read, write, fetch × 2 flavours | translated: 5 × (read, write), 2 × fetch × 2 flavours
 *   one     256 entries of 16 bytes: +0 u64 address of the page, or NO_TAG
 *                                    +8 u32 read, write: what to add to the lower half of an address; fetch: decoded page
 *
 * There is one for each *way* in which a mode reads addresses: interrupts change the way all the time, and then nothing
 * is thrown away. An instruction set says which way is which (power-cpu/memory.ts), the first one being untranslated.
 * An entry for writing is there only if a write needs nothing but the bytes: no code is decoded of the page, it may be
 * written and is marked as changed.
 *
 * An operating system sees what a CPU remembers: when it changes a table and says nothing, the CPU goes on as before.
 * So what is remembered is state, KNOWN: a mirror of the translated TLBs, 8 bytes an entry.
 *
 *   known   1 there | 1 the address begins with ones | … | 32 bits 51-20 of the address | 24 number of the real page
 *
 * A TLB's entry is there only while its mirror is; the mirror's stays when, say, code is decoded of the page. So a machine
 * that was saved and loaded, with empty TLBs, translates exactly what the one that went on translates.
 */
import { KNOWN, machine, PAGE_BITS, PAGE_MASK, PAGE_SIZE, RAM, run_at_hand, TLB, VCPUS } from './layout'

export const TLB_ENTRIES: u32 = 256
const ONE: usize = <usize>TLB_ENTRIES << 4
/** Of a way, from its address: the TLB for reading, and the one for writing. */
export const TLB_READ: usize = 0
export const TLB_WRITE: usize = 0x1000
const REAL_SIZE: usize = 4 * ONE
const DATA_WAYS: u32 = 6
const FETCH_WAYS: u32 = 3
const TLBS_A_VCPU: usize = (2 * DATA_WAYS + 2 * FETCH_WAYS) * ONE
const TRANSLATED_FETCH: usize = REAL_SIZE + 2 * (DATA_WAYS - 1) * ONE

/** No page has this address. */
const NO_TAG: u64 = u64.MAX_VALUE

@inline function of_vcpu(vcpu: u32): usize { return TLB + <usize>vcpu * TLBS_A_VCPU }

/** The TLB for reading of a way; way 0 is untranslated. */
@inline export function tlb_data(vcpu: u32, way: u32): usize {
  return of_vcpu(vcpu) + (way == 0 ? 0 : REAL_SIZE + (<usize>(way - 1) << 1) * ONE)
}

/** The TLB for fetching of a way in a flavour, 0 or 1; way 0 is untranslated. */
@inline export function tlb_fetch(vcpu: u32, way: u32, flavour: u32): usize {
  return of_vcpu(vcpu) + (way == 0 ? 2 * ONE : TRANSLATED_FETCH + (<usize>(way - 1) << 1) * ONE) + <usize>flavour * ONE
}

@inline export function tlb_entry(tlb: usize, address: u64): usize {
  return tlb + (((<u32>address >> PAGE_BITS) & (TLB_ENTRIES - 1)) << 4)
}

const KNOWN_A_VCPU: usize = (TLBS_A_VCPU - REAL_SIZE) >> 1
const THERE: u64 = 1 << 63
const UPPER: u64 = 1 << 62
const REAL_PAGE_BITS: u64 = 24
const REAL_PAGES: u64 = (1 << REAL_PAGE_BITS) - 1

/** From a TLB's mirror for reading to that for writing. */
export const KNOWN_WRITE: usize = TLB_WRITE >> 1

/** The mirror of a vCPU's TLB; 0 for one that is untranslated. */
export function tlb_mirror(vcpu: u32, tlb: usize): usize {
  const inside = tlb - of_vcpu(vcpu)
  return inside < REAL_SIZE ? 0 : KNOWN + <usize>vcpu * KNOWN_A_VCPU + ((inside - REAL_SIZE) >> 1)
}

/** Where a mirror has the page of `address`. */
@inline function known_entry(mirror: usize, address: u64): usize {
  return mirror + (((<u32>address >> PAGE_BITS) & (TLB_ENTRIES - 1)) << 3)
}

/** What a mirror says of the page of `address`, but for the real page. */
@inline function page_key(address: u64): u64 {
  return THERE | (address >> 63 ? UPPER : 0) | (((address >> 20) & 0xffff_ffff) << REAL_PAGE_BITS)
}

/** The real address of `address` if its translation is known to a mirror, u64.MAX_VALUE if not. */
@inline export function tlb_known(mirror: usize, address: u64): u64 {
  const known = load<u64>(known_entry(mirror, address))
  if ((known & ~REAL_PAGES) != page_key(address)) return u64.MAX_VALUE
  return ((known & REAL_PAGES) << PAGE_BITS) | (address & PAGE_MASK)
}

/** From now on the page of `address` is known to lie in RAM at `real`, in place of another one that goes. */
@inline export function tlb_know(tlb: usize, mirror: usize, address: u64, real: u64): void {
  store<u64>(known_entry(mirror, address), page_key(address) | (real >> PAGE_BITS))
  store<u64>(tlb_entry(tlb, address), NO_TAG)
  run_at_hand().tlb_filled |= 1 << machine().vcpu
}

/** Has the page of `address`, which is known to lie in RAM at `real`, at hand for reading or writing. */
@inline export function tlb_fill(tlb: usize, address: u64, real: u64): void {
  const entry = tlb_entry(tlb, address)
  store<u64>(entry, address & ~PAGE_MASK)
  store<u32>(entry, <u32>RAM + <u32>real - <u32>address, 8)
}

/** Has the page of `address`, whose decoded page is `page`, at hand for fetching. */
@inline export function tlb_fill_code(tlb: usize, address: u64, page: usize): void {
  const entry = tlb_entry(tlb, address)
  store<u64>(entry, address & ~PAGE_MASK)
  store<u32>(entry, <u32>page, 8)
}

function clear(from: usize, to: usize): void {
  for (let entry = from; entry < to; entry += 16) store<u64>(entry, NO_TAG)
}

/** Nothing is at hand any more; what is known stays, whatever that is. */
export function tlb_flush(): void {
  clear(TLB, of_vcpu(VCPUS))
  run_at_hand().tlb_filled = u32.MAX_VALUE
}

/** A vCPU forgets all translations. */
export function tlb_forget(vcpu: u32): void {
  const r = run_at_hand()
  if (!(r.tlb_filled & (1 << vcpu))) return
  r.tlb_filled &= ~(1 << vcpu)
  clear(of_vcpu(vcpu) + REAL_SIZE, of_vcpu(vcpu + 1))
  memory.fill(KNOWN + <usize>vcpu * KNOWN_A_VCPU, 0, KNOWN_A_VCPU)
}

/** A vCPU forgets the translations of addresses from `from` to `last`. */
export function tlb_forget_range(vcpu: u32, from: u64, last: u64): void {
  if (!(run_at_hand().tlb_filled & (1 << vcpu))) return
  const first = from & ~PAGE_MASK
  if (last - first >= (<u64>TLB_ENTRIES << PAGE_BITS)) {
    for (let i: u32 = 0; i < TLB_ENTRIES; i++) forget_index(vcpu, i, first, last)
    return
  }
  for (let page = first; page <= last && page >= first; page += PAGE_SIZE) {
    forget_index(vcpu, <u32>(page >> PAGE_BITS) & (TLB_ENTRIES - 1), first, last)
  }
}

/** The entries of all ways whose pages have that index. */
function forget_index(vcpu: u32, index: u32, first: u64, last: u64): void {
  const begin = of_vcpu(vcpu) + REAL_SIZE
  const known = KNOWN + <usize>vcpu * KNOWN_A_VCPU
  for (let at = <usize>index << 3; at < KNOWN_A_VCPU; at += ONE >> 1) {
    const entry = load<u64>(known + at)
    if (entry == 0) continue
    const page = address_of(entry, index)
    if (page < first || page > last) continue
    store<u64>(known + at, 0)
    store<u64>(begin + (at << 1), NO_TAG)
  }
}

/** The address of the page of a mirror, which is one's `index`th. */
@inline function address_of(known: u64, index: u32): u64 {
  const upper: u64 = known & UPPER ? 3 << 62 : 0
  return upper | (((known >> REAL_PAGE_BITS) & 0xffff_ffff) << 20) | (<u64>index << PAGE_BITS)
}

/** Decoded pages are no longer at hand, for any vCPU and way. */
export function tlb_forget_code(): void {
  for (let vcpu: u32 = 0; vcpu < VCPUS; vcpu++) {
    clear(tlb_fetch(vcpu, 0, 0), of_vcpu(vcpu) + REAL_SIZE)
    clear(tlb_fetch(vcpu, 1, 0), of_vcpu(vcpu + 1))
  }
}

/** The next write to each page is seen, whoever writes it. */
export function tlb_forget_all_writes(): void {
  for (let vcpu: u32 = 0; vcpu < VCPUS; vcpu++) {
    for (let way: u32 = 0; way < DATA_WAYS; way++) {
      const tlb = tlb_data(vcpu, way) + TLB_WRITE
      clear(tlb, tlb + ONE)
    }
  }
}

/** No vCPU may write to a guest page without being seen any more. */
export function tlb_forget_writes(guest_page: u32): void {
  const vcpus = machine().vcpus
  for (let vcpu: u32 = 0; vcpu < vcpus; vcpu++) {
    for (let way: u32 = 0; way < DATA_WAYS; way++) {
      const tlb = tlb_data(vcpu, way) + TLB_WRITE
      for (let entry = tlb; entry < tlb + ONE; entry += 16) {
        // What it adds and the page's address give the place in RAM back.
        const place = load<u32>(entry, 8) + load<u32>(entry)
        if (place == <u32>RAM + (guest_page << PAGE_BITS)) store<u64>(entry, NO_TAG)
      }
    }
  }
}
