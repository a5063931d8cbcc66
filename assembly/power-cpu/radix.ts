/**
 * Radix translation as a guest of pseries sees it: effective addresses to its real ones by its process table. The
 * hypervisor's own level, guest real to host real, is identity.
 *
 *   effective address     0 quadrant 2 | 10 zero | 52: 13 bits | 9 | 9 | 9 | 12         a leaf may come sooner
 *                                                  level 0      1   2   3 (or 5 bits and 16: a page of 64 KiB)
 *
 *   quadrant 0: process PIDR    3: process 0, the operating system    1, 2: none, a segment interrupt
 *
 *   process table entry   2 RTS | root of the tree | 3 RTS | 5 RPDS
 *   directory entry       1 valid | 1 leaf 0 | … next directory … | 5 NLS
 *   leaf                  1 valid | 1 leaf 1 | … real page … | R C | 2 attributes | 4 EAA: privileged, read, write, execute
 *
 * Reference and change bits are set by the walk, as QEMU 7.2 does and the architecture allows; the other way would be
 * a storage interrupt. Which trees are legal is POWER9's own: 13, 9, 9, and 9 or 5 bits.
 * Source: Power ISA 3.0B, Book III, 5.7.8 to 5.7.13; POWER9 Processor User's Manual, 4.10.4.1; target/ppc/mmu-radix64.c
 * of QEMU for what the interrupts report.
 */
import { code_changed } from '../engine/code'
import { dirty_mark } from '../engine/dirty'
import { machine, RAM } from '../engine/layout'
import { tlb_forget, tlb_forget_range } from '../engine/tlb'
import { lpcr, LPCR_HR } from './partition'
import { msr, MSR_PR } from './registers'
import { raise_segment, raise_storage, set_spr, spr } from './exception'

export const LOAD: u32 = 0
export const STORE: u32 = 1
export const FETCH: u32 = 2

/** What translation answers when it has interrupted. */
export const NO_ADDRESS: u64 = u64.MAX_VALUE

const QUADRANT: u64 = 0xc000_0000_0000_0000
const NEVER_SET: u64 = 0x3ff0_0000_0000_0000

const VALID: u64 = 1 << 63
const LEAF: u64 = 1 << 62
const REAL_PAGE: u64 = 0x01ff_ffff_ffff_f000
const REFERENCED: u64 = 0x100
const CHANGED: u64 = 0x80
const ATTRIBUTES: u64 = 0x30
const GUARDED: u64 = 0x20 // not idempotent: nothing may be fetched from there
const PRIVILEGED: u64 = 8
const READ: u64 = 4
const WRITE: u64 = 2 // and read
const EXECUTE: u64 = 1
const DIRECTORY: u64 = 0x0fff_ffff_ffff_ff00
const SIZE: u64 = 0x1f

/** DSISR, and SRR1 of an instruction storage interrupt. */
const NO_ENTRY: u64 = 0x4000_0000
const NO_EXECUTE: u64 = 0x1000_0000
const PROTECTED: u64 = 0x0800_0000
const BAD_TREE: u64 = 0x0008_0000

export const SPR_PIDR: u32 = 48
export const SPR_AMR: u32 = 29
const SPR_IAMR: u32 = 61

/** Whether translated accesses have a process table with radix trees. */
@inline export function radix(): bool { return (lpcr() & LPCR_HR) != 0 }

/** A doubleword of a table, as the guest keeps it; 0, an entry that is not valid, where there is no storage. */
@inline function entry_at(real: u64): u64 {
  return real > <u64>machine().ram_size - 8 ? 0 : bswap<u64>(load<u64>(RAM + <usize>real))
}

/** The real address of `address` for LOAD, STORE or FETCH at `pc`; NO_ADDRESS when that interrupted. */
export function radix_translate(address: u64, access: u32, pc: u64): u64 {
  const found = radix_find(address, access)
  if (!refused(found)) return found
  if (found == REFUSED) raise_segment(address, access == FETCH, pc)
  else raise_storage(address, found & ~REFUSED, access == FETCH, access == STORE, pc)
  return NO_ADDRESS
}

/** Set in an answer of radix_find that is no address: with the cause of a storage interrupt, or alone for a segment interrupt. */
const REFUSED: u64 = 1 << 63
@inline export function refused(found: u64): bool { return <i64>found < 0 }

/** The same without the interrupt: the real address, its leaf marked, or why there is none. */
export function radix_find(address: u64, access: u32): u64 {
  const quadrant = address & QUADRANT
  if ((address & NEVER_SET) != 0 || (quadrant != 0 && quadrant != QUADRANT)) return REFUSED
  const process = quadrant == 0 ? spr(SPR_PIDR) << 4 : 0
  const table = machine().process_table
  if (process >= <u64>0x1000 << (table & SIZE)) return REFUSED | NO_ENTRY
  return walk(address, entry_at((table & 0x0fff_ffff_ffff_f000) + process), access)
}

/** Down the tree of a process table entry; `left` is the number of address bits that the level at hand divides. */
function walk(address: u64, process: u64, access: u32): u64 {
  let left = (((process >> 58) & 0x18) | ((process >> 5) & 7)) + 31
  let bits = process & SIZE
  let directory = process & DIRECTORY
  if (left != 52) bits = 0
  for (let level: u32 = 0; legal(level, bits); level++) {
    left -= bits
    const index = (address >> left) & ((<u64>1 << bits) - 1)
    const at = (directory & ~((<u64>8 << bits) - 1)) + (index << 3)
    const entry = entry_at(at)
    if (!(entry & VALID)) return REFUSED | NO_ENTRY
    if (entry & LEAF) {
      const cause = forbidden(entry, access)
      if (cause != 0) return REFUSED | cause
      mark(entry, at, access)
      const inside = (<u64>1 << left) - 1
      return (entry & REAL_PAGE & ~inside) | (address & inside)
    }
    bits = entry & SIZE
    directory = entry & DIRECTORY
  }
  return REFUSED | BAD_TREE
}

@inline function legal(level: u32, bits: u64): bool {
  return level == 0 ? bits == 13 : level < 3 ? bits == 9 : level == 3 && (bits == 9 || bits == 5)
}

/** Why a leaf does not let an access through; 0 when it does. */
function forbidden(leaf: u64, access: u32): u64 {
  const user = (msr() & MSR_PR) != 0
  if (access == FETCH) {
    if ((leaf & ATTRIBUTES) == GUARDED || !(leaf & EXECUTE)) return NO_EXECUTE
    if (leaf & PRIVILEGED) return user ? NO_EXECUTE : 0
    return !user && (spr(SPR_IAMR) >> 62) & 1 ? NO_EXECUTE : 0
  }
  const wanted = access == STORE ? WRITE : READ | WRITE
  if (!(leaf & wanted) || (user && (leaf & PRIVILEGED) != 0)) return PROTECTED
  // Key 0 of AMR keeps an operating system away from its processes' pages: bit 0 from writing, bit 1 from reading.
  if (user || (leaf & PRIVILEGED) != 0) return 0
  const kept = spr(SPR_AMR) >> 62
  return kept & (access == STORE ? 2 : 1) ? PROTECTED : 0
}

/** Reference and change bits. */
@inline function mark(leaf: u64, at: u64, access: u32): void {
  const marked = leaf | REFERENCED | (access == STORE ? CHANGED : 0)
  if (marked == leaf) return
  code_changed(<u32>at, 8)
  dirty_mark(<u32>at, 8)
  store<u64>(RAM + <usize>at, bswap<u64>(marked))
}

/** mtspr PIDR: the pages of another process. Those of the operating system stay. */
export function pid_set(value: u64): void {
  set_spr(SPR_PIDR, <u64><u32>value)
  tlb_forget_range(machine().vcpu, 0, QUADRANT_SIZE - 1)
}
const QUADRANT_SIZE: u64 = 1 << 62

/** IAMR says from which pages an operating system may fetch; AMR has TLBs of its own, as it changes all the time. */
export function iamr_set(value: u64): void {
  set_spr(SPR_IAMR, value)
  tlb_forget(machine().vcpu)
}

/**
 * tlbie or tlbiel with `operand` in RB, for a vCPU: the page it names when it names one of a radix tree, everything
 * otherwise. Which process it means makes no difference, as TLBs hold the process at hand only.
 */
export function invalidate(vcpu: u32, word: u32, operand: u64): void {
  const by_page = ((operand >> 10) & 3) == 0 && ((word >> 16) & 1) != 0
  const size = page_bits(<u32>(operand >> 5) & 7)
  if (!by_page || size == 0) return tlb_forget(vcpu)
  const from = operand & (<u64>-1 << size)
  tlb_forget_range(vcpu, from, from + ((<u64>1 << size) - 1))
}

/** By the field AP: how many address bits a page has; 0 for what is none. */
function page_bits(ap: u32): u64 { return ap == 0 ? 12 : ap == 5 ? 16 : ap == 1 ? 21 : ap == 2 ? 30 : 0 }
