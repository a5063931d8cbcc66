/**
 * One instruction breakpoint, CIABR, and one data watchpoint, DAWR0 and DAWRX0: the hypervisor's registers, which a guest
 * asks for by H_SET_MODE. They lie where SPRs do. A page that is watched is never in a TLB for data, so each access to
 * it comes by; debug.ts stops at the breakpoint.
 *
 *   CIABR    address | 2 bits: 1 in problem state, 2 privileged
 *   DAWR0    address of a doubleword
 *   DAWRX0   6 bits length in doublewords - 1 (bits 48-53) | 57 stores | 58 loads | 59 with translation only, 60 either
 *            | 62 privileged | 63 problem state
 *
 * Source: Power ISA 3.0B, Book III, 8.2 and 8.3.
 */
import { PAGE_MASK } from '../engine/layout'
import { tlb_flush } from '../engine/tlb'
import { raise_storage, set_spr, spr } from './exception'
import { msr, MSR_DR, MSR_PR } from './registers'

const SPR_DAWR: u32 = 180
export const SPR_CIABR: u32 = 187
const SPR_DAWRX: u32 = 188
const DSISR_WATCHED: u64 = 0x0040_0000

const WATCH_STORES: u64 = 0x40
const WATCH_LOADS: u64 = 0x20
const WATCH_TRANSLATED: u64 = 0x10
const WATCH_EITHER: u64 = 8
const WATCH_PRIVILEGED: u64 = 2
const WATCH_PROBLEM: u64 = 1

/** For the vCPU at hand. */
export function ciabr_set(value: u64): void { set_spr(SPR_CIABR, value) }

export function dawr_set(address: u64, control: u64): void {
  set_spr(SPR_DAWR, address & ~7)
  set_spr(SPR_DAWRX, control)
  tlb_flush()
}

/** Whether accesses to the page of `address` are to be looked at one by one. */
@inline export function watched_page(address: u64): bool {
  if ((spr(SPR_DAWRX) & (WATCH_STORES | WATCH_LOADS)) == 0) return false
  const from = spr(SPR_DAWR)
  return (address | PAGE_MASK) >= from && (address & ~PAGE_MASK) < from + length()
}

@inline function length(): u64 { return (((spr(SPR_DAWRX) >> 10) & 63) + 1) << 3 }

/** Whether an access of `size` bytes hits the watchpoint; then it has interrupted. */
@inline export function watched(address: u64, size: u32, stores: bool, pc: u64): bool {
  return spr(SPR_DAWRX) != 0 && hit(address, size, stores, pc)
}

function hit(address: u64, size: u32, stores: bool, pc: u64): bool {
  const control = spr(SPR_DAWRX)
  if (!(control & (stores ? WATCH_STORES : WATCH_LOADS))) return false
  if (!(control & (msr() & MSR_PR ? WATCH_PROBLEM : WATCH_PRIVILEGED))) return false
  if (!(control & WATCH_EITHER) && ((control & WATCH_TRANSLATED) != 0) != ((msr() & MSR_DR) != 0)) return false
  const from = spr(SPR_DAWR)
  if (address + size <= from || address >= from + length()) return false
  raise_storage(address > from ? address : from, DSISR_WATCHED, false, stores, pc)
  return true
}
