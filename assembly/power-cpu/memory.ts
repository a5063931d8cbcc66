/**
 * Access to storage where the interpreter's fast way, a TLB entry for the page, does not serve: the first access to a
 * page, one that crosses pages, pages with code in them, devices, and addresses without storage.
 */
import {
  code_changed, code_page, code_page_make, tlb_entry,
} from '../engine/code'
import {
  CPU, FAULT_TRANSLATION, machine, PAGE_BITS, PAGE_MASK, RAM, STATUS_FAULT, TLB_FETCH, TLB_READ, TLB_WRITE,
} from '../engine/layout'
import { device_at, device_read, device_write } from './board'
import { raise_machine_check } from './exception'
import { msr, MSR_DR, MSR_IR, MSR_LE, PC } from './registers'
import { Op } from './tables'

/** Where a value is put that has no address of its own; 8 bytes. Not seen by the guest. */
const SCRATCH: usize = CPU + 0xf00
/** Real addresses have no bits above these: effective addresses in real mode leave out the upper 4. */
const REAL: u64 = 0x0fff_ffff_ffff_ffff
const NO_ADDRESS: u64 = u64.MAX_VALUE

/** The real address of an effective one; NO_ADDRESS, PC and the machine set, if there is none. */
function translate(address: u64, relocated: u64, pc: u64): u64 {
  if ((msr() & relocated) == 0) return address & REAL
  const m = machine()
  m.status = STATUS_FAULT
  m.fault = FAULT_TRANSLATION
  m.fault_detail = pc
  store<u64>(PC, pc)
  return NO_ADDRESS
}

@inline export function in_ram(real: u64, size: u32): bool { return real <= <u64>machine().ram_size - size }

@inline function whole(address: u64, size: u32): bool { return (address & PAGE_MASK) + size <= PAGE_MASK + 1 }

@inline function fill(tlb: usize, address: u64, real: u64): void {
  const entry = tlb_entry(tlb, address)
  store<u64>(entry, address & ~PAGE_MASK)
  store<u32>(entry, <u32>RAM + <u32>real - <u32>address, 8)
}

/** Where the `size` bytes at `address` can be loaded from; 0 when that interrupted. */
export function load_slow(address: u64, size: u32, pc: u64): usize {
  const real = translate(address, MSR_DR, pc)
  if (real == NO_ADDRESS) return 0
  if (in_ram(real, size)) {
    if (whole(address, size)) fill(TLB_READ, address, real)
    return RAM + <usize>real
  }
  if (!device_at(real, size)) {
    raise_machine_check(address, pc)
    return 0
  }
  store<u64>(SCRATCH, device_read(real))
  return SCRATCH
}

/** Stores the low `size` bytes of `value` at `address`, least significant byte first; false when that interrupted. */
export function store_slow(address: u64, size: u32, value: u64, pc: u64): bool {
  const real = translate(address, MSR_DR, pc)
  if (real == NO_ADDRESS) return false
  if (in_ram(real, size)) {
    const coded = code_page(<u32>(real >> PAGE_BITS)) != 0 || code_page(<u32>((real + size - 1) >> PAGE_BITS)) != 0
    if (coded) code_changed(<u32>real, size)
    else if (whole(address, size)) fill(TLB_WRITE, address, real)
    put(RAM + <usize>real, size, value)
    return true
  }
  if (!device_at(real, size)) {
    raise_machine_check(address, pc)
    return false
  }
  device_write(real, value)
  return true
}

function put(at: usize, size: u32, value: u64): void {
  if (size == 8) store<u64>(at, value)
  else if (size == 4) store<u32>(at, <u32>value)
  else if (size == 2) store<u16>(at, <u16>value)
  else store<u8>(at, <u8>value)
}

/** Where `size` bytes of RAM at `address` can be changed in place; 0 when that interrupted. For blocks and atomics. */
export function store_place(address: u64, size: u32, pc: u64): usize {
  const real = translate(address, MSR_DR, pc)
  if (real == NO_ADDRESS) return 0
  if (!in_ram(real, size)) {
    raise_machine_check(address, pc)
    return 0
  }
  code_changed(<u32>real, size)
  return RAM + <usize>real
}

/** The slot of the instruction at `pc`; 0 when there is none, which interrupted. */
export function fetch(pc: u64): usize {
  const real = translate(pc, MSR_IR, pc)
  if (real == NO_ADDRESS) return 0
  if (!in_ram(real, 4)) {
    raise_machine_check(pc, pc)
    return 0
  }
  const page = code_page_make(<u32>(real >> PAGE_BITS), <u32>(msr() & MSR_LE), <u16>Op.PAGE_END)
  const entry = tlb_entry(TLB_FETCH, pc)
  store<u64>(entry, pc & ~PAGE_MASK)
  store<u32>(entry, <u32>page, 8)
  return page + ((<u32>pc & 0xffc) << 2)
}
