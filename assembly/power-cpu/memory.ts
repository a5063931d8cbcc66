/**
 * Access to storage where the interpreter's fast way, a TLB entry for the page, does not serve: the first access to a
 * page, one that crosses pages, pages with code in them, devices, and addresses without storage.
 */
import { code_changed, code_page, code_page_make } from '../engine/code'
import { watch_access, WATCH_READ, WATCH_WRITE, watching } from '../engine/debug'
import { dirty_mark } from '../engine/dirty'
import {
  CPU, FAULT_TRANSLATION, machine, PAGE_BITS, PAGE_MASK, PAGE_SIZE, RAM, run_at_hand, STATUS_FAULT,
} from '../engine/layout'
import {
  KNOWN_WRITE, TLB_READ, tlb_data, tlb_entry, tlb_fetch, tlb_fill, tlb_fill_code, tlb_know, tlb_known, tlb_mirror, TLB_WRITE,
} from '../engine/tlb'
import { device_at, device_read, device_write } from './board'
import { raise_machine_check, spr } from './exception'
import { FETCH, LOAD, NO_ADDRESS, radix, radix_find, radix_translate, refused, SPR_AMR, STORE } from './radix'
import { msr, MSR_DR, MSR_IR, MSR_LE, MSR_PR, PC, wide_mode } from './registers'
import { Op } from './tables'
import { watched, watched_page } from './watch'

/** Where a value is put that has no address of its own; 8 bytes. Not seen by the guest. */
const SCRATCH: usize = CPU + 0xf00
/** Real addresses have no bits above these: effective addresses in real mode leave out the upper 4. */
const REAL: u64 = 0x0fff_ffff_ffff_ffff

/**
 * Ways of the TLBs: 0 real, 1 problem state, and privileged by what AMR's key 0 lets through. For fetching 0 real,
 * 1 problem state, 2 privileged; flavours are the byte orders.
 */
const WAY_PROBLEM: u32 = 1
const WAY_PRIVILEGED: u32 = 2

/** The TLBs for the mode that MSR and AMR ask for. */
export function choose_tlbs(): void {
  const r = run_at_hand()
  const vcpu = machine().vcpu
  const mode = msr()
  const data = !(mode & MSR_DR) ? 0 : mode & MSR_PR ? WAY_PROBLEM : WAY_PRIVILEGED + <u32>(spr(SPR_AMR) >> 62)
  const code = !(mode & MSR_IR) ? 0 : mode & MSR_PR ? WAY_PROBLEM : WAY_PRIVILEGED
  r.tlb_data = tlb_data(vcpu, data)
  r.tlb_fetch = tlb_fetch(vcpu, code, <u32>(mode & MSR_LE))
  r.known_data = tlb_mirror(vcpu, r.tlb_data)
  r.known_fetch = tlb_mirror(vcpu, r.tlb_fetch)
}

/** The real address of an effective one; NO_ADDRESS, PC and the machine set, if there is none. */
function translate(address: u64, access: u32, pc: u64): u64 {
  if ((msr() & (access == FETCH ? MSR_IR : MSR_DR)) == 0) return address & REAL
  if (radix()) {
    const r = run_at_hand()
    const tlb = access == FETCH ? r.tlb_fetch : access == STORE ? r.tlb_data + TLB_WRITE : r.tlb_data
    const mirror = access == FETCH ? r.known_fetch : access == STORE ? r.known_data + KNOWN_WRITE : r.known_data
    const known = tlb_known(mirror, address)
    if (known != NO_ADDRESS) return known
    const real = radix_translate(address, access, pc)
    if (real != NO_ADDRESS && in_ram(real, 1)) tlb_know(tlb, mirror, address, real)
    return real
  }
  const m = machine()
  m.status = STATUS_FAULT
  m.fault = FAULT_TRANSLATION
  m.fault_detail = pc
  store<u64>(PC, pc)
  return NO_ADDRESS
}

@inline export function in_ram(real: u64, size: u32): bool { return real <= <u64>machine().ram_size - size }

/** Whether an access stays in its page; in real mode there are no pages. */
@inline function whole(address: u64, size: u32): bool { return (address & PAGE_MASK) + size <= PAGE_MASK + 1 }
@inline function across(address: u64, size: u32): bool { return !whole(address, size) && (msr() & MSR_DR) != 0 }

/** The page behind the one of `address`. */
@inline function next_page(address: u64): u64 {
  const next = (address & ~PAGE_MASK) + PAGE_SIZE
  return wide_mode() ? next : <u64><u32>next
}

/** Where the TLB has `size` bytes at `address`; 0 when it has not. */
@inline function found(address: u64, size: u32, which: usize): usize {
  const entry = tlb_entry(run_at_hand().tlb_data, address) + which
  if (load<u64>(entry) != ((address + <u64>(size - 1)) & ~PAGE_MASK)) return 0
  return <usize><u32>address + load<usize>(entry, 8)
}

/** Where the `size` bytes at `address` can be loaded from; 0 when that interrupted. */
export function load_slow(address: u64, size: u32, pc: u64): usize {
  const known = found(address, size, TLB_READ)
  if (known != 0) return known
  if (across(address, size)) return load_across(address, size, pc)
  const real = translate(address, LOAD, pc)
  if (real == NO_ADDRESS || watched(address, size, false, pc)) return 0
  if (in_ram(real, size)) {
    if (watching()) watch_access(real, size, WATCH_READ)
    else if (whole(address, size) && !watched_page(address)) tlb_fill(run_at_hand().tlb_data, address, real)
    return RAM + <usize>real
  }
  if (!device_at(real, size)) {
    raise_machine_check(address, LOAD, pc)
    return 0
  }
  store<u64>(SCRATCH, device_read(real))
  return SCRATCH
}

/**
 * For a compiled loop (engine/hot.ts): has the page of `size` bytes at `address` at hand, in the TLB for reading or for writing.
 * False, and nothing done that the access would not do, where the interpreter has to see it: it interrupts, is watched,
 * goes to a device, crosses pages, or changes code.
 */
export function reach(address: u64, size: u32, write: bool): bool {
  const r = run_at_hand()
  if (!whole(address, size) || watching() || watched_page(address)) return false
  const tlb = write ? r.tlb_data + TLB_WRITE : r.tlb_data
  let real = address & REAL
  if (msr() & MSR_DR) {
    if (!radix()) return false
    const mirror = write ? r.known_data + KNOWN_WRITE : r.known_data
    const known = tlb_known(mirror, address)
    r.hot_changed = 0
    real = known != NO_ADDRESS ? known : radix_find(address, write ? STORE : LOAD)
    if (refused(real) || !in_ram(real, 1)) return false
    if (known == NO_ADDRESS) tlb_know(tlb, mirror, address, real)
    // The walk marked a leaf that was code of a loop, perhaps of the one that asks.
    if (r.hot_changed != 0) return false
  }
  if (!in_ram(real, size)) return false
  if (write) {
    if (code_page(<u32>(real >> PAGE_BITS)) != 0) return false
    dirty_mark(<u32>real, size)
  }
  tlb_fill(tlb, address, real)
  return true
}

/** An access to two pages, which may lie anywhere. */
function load_across(address: u64, size: u32, pc: u64): usize {
  const second = next_page(address)
  const head = <u32>(PAGE_SIZE - (address & PAGE_MASK))
  const one = load_slow(address, 1, pc)
  const two = one == 0 ? <usize>0 : load_slow(second, 1, pc)
  if (one == 0 || two == 0 || watched(address, size, false, pc)) return 0
  memory.copy(SCRATCH, one, head)
  memory.copy(SCRATCH + head, two, size - head)
  return SCRATCH
}

/** Stores the low `size` bytes of `value` at `address`, least significant byte first; false when that interrupted. */
export function store_slow(address: u64, size: u32, value: u64, pc: u64): bool {
  const known = found(address, size, TLB_WRITE)
  if (known != 0) {
    put(known, size, value)
    return true
  }
  if (across(address, size)) return store_across(address, size, value, pc)
  const real = translate(address, STORE, pc)
  if (real == NO_ADDRESS || watched(address, size, true, pc)) return false
  if (in_ram(real, size)) {
    const coded = code_page(<u32>(real >> PAGE_BITS)) != 0 || code_page(<u32>((real + size - 1) >> PAGE_BITS)) != 0
    if (watching()) watch_access(real, size, WATCH_WRITE)
    if (coded) code_changed(<u32>real, size)
    else if (whole(address, size) && !watched_page(address) && !watching()) {
      tlb_fill(run_at_hand().tlb_data + TLB_WRITE, address, real)
    }
    dirty_mark(<u32>real, size)
    put(RAM + <usize>real, size, value)
    return true
  }
  if (!device_at(real, size)) {
    raise_machine_check(address, STORE, pc)
    return false
  }
  device_write(real, value)
  return true
}

/** Nothing is written before both pages are known to let it be. */
function store_across(address: u64, size: u32, value: u64, pc: u64): bool {
  const head = <u32>(PAGE_SIZE - (address & PAGE_MASK))
  const one = store_place(address, head, pc)
  const two = one == 0 ? <usize>0 : store_place(next_page(address), size - head, pc)
  if (one == 0 || two == 0) return false
  store<u64>(SCRATCH, value)
  memory.copy(one, SCRATCH, head)
  memory.copy(two, SCRATCH + head, size - head)
  return true
}

function put(at: usize, size: u32, value: u64): void {
  if (size == 8) store<u64>(at, value)
  else if (size == 4) store<u32>(at, <u32>value)
  else if (size == 2) store<u16>(at, <u16>value)
  else store<u8>(at, <u8>value)
}

/**
 * Where `size` bytes of RAM at `address`, in one page unless in real mode, can be changed in place; 0 when that
 * interrupted. For blocks and atomics.
 */
export function store_place(address: u64, size: u32, pc: u64): usize {
  const known = found(address, size, TLB_WRITE)
  if (known != 0) return known
  const real = translate(address, STORE, pc)
  if (real == NO_ADDRESS || watched(address, size, true, pc)) return 0
  if (!in_ram(real, size)) {
    raise_machine_check(address, STORE, pc)
    return 0
  }
  if (watching()) watch_access(real, size, WATCH_WRITE)
  code_changed(<u32>real, size)
  dirty_mark(<u32>real, size)
  return RAM + <usize>real
}

/** The slot of the instruction at `pc`; 0 when there is none, which interrupted. */
export function fetch(pc: u64): usize {
  const real = translate(pc, FETCH, pc)
  if (real == NO_ADDRESS) return 0
  if (!in_ram(real, 4)) {
    raise_machine_check(pc, FETCH, pc)
    return 0
  }
  const page = code_page_make(<u32>(real >> PAGE_BITS), <u32>(msr() & MSR_LE), <u16>Op.PAGE_END)
  tlb_fill_code(run_at_hand().tlb_fetch, pc, page)
  return page + ((<u32>pc & 0xffc) << 2)
}
