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
 */
import { machine, PAGE_BITS, PAGE_MASK, PAGE_SIZE, RAM, run_at_hand, TLB, VCPUS } from './layout'

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

/** Enters the page of `address`, which lies in RAM at `real`, for reading or writing. */
@inline export function tlb_fill(tlb: usize, address: u64, real: u64): void {
  const entry = tlb_entry(tlb, address)
  store<u64>(entry, address & ~PAGE_MASK)
  store<u32>(entry, <u32>RAM + <u32>real - <u32>address, 8)
  note_filled()
}

/** Enters the page of `address`, whose decoded page is `page`. */
@inline export function tlb_fill_code(tlb: usize, address: u64, page: usize): void {
  const entry = tlb_entry(tlb, address)
  store<u64>(entry, address & ~PAGE_MASK)
  store<u32>(entry, <u32>page, 8)
  note_filled()
}

@inline function note_filled(): void { run_at_hand().tlb_filled |= 1 << machine().vcpu }

function clear(from: usize, to: usize): void {
  for (let entry = from; entry < to; entry += 16) store<u64>(entry, NO_TAG)
}

/** Forgets everything. */
export function tlb_flush(): void {
  clear(TLB, of_vcpu(VCPUS))
  run_at_hand().tlb_filled = 0
}

/** Forgets what a vCPU has translated. */
export function tlb_forget(vcpu: u32): void {
  const r = run_at_hand()
  if (!(r.tlb_filled & (1 << vcpu))) return
  r.tlb_filled &= ~(1 << vcpu)
  clear(of_vcpu(vcpu) + REAL_SIZE, of_vcpu(vcpu + 1))
}

/** Forgets what a vCPU has translated of the addresses from `from` to `last`; both ends lie in the same 2^62. */
export function tlb_forget_range(vcpu: u32, from: u64, last: u64): void {
  if (!(run_at_hand().tlb_filled & (1 << vcpu))) return
  const begin = of_vcpu(vcpu) + REAL_SIZE
  const end = of_vcpu(vcpu + 1)
  if (last - from < PAGE_SIZE) {
    for (let entry = tlb_entry(begin, from); entry < end; entry += ONE) {
      if (load<u64>(entry) == (from & ~PAGE_MASK)) store<u64>(entry, NO_TAG)
    }
    return
  }
  for (let entry = begin; entry < end; entry += 16) {
    const tag = load<u64>(entry)
    if (tag >= from && tag <= last) store<u64>(entry, NO_TAG)
  }
}

/** Forgets decoded pages, of every vCPU and way. */
export function tlb_forget_code(): void {
  for (let vcpu: u32 = 0; vcpu < VCPUS; vcpu++) {
    clear(tlb_fetch(vcpu, 0, 0), of_vcpu(vcpu) + REAL_SIZE)
    clear(tlb_fetch(vcpu, 1, 0), of_vcpu(vcpu + 1))
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
