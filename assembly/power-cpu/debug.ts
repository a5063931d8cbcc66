/**
 * What a debugger uses: tracing by MSR[SE] and MSR[BE], one instruction breakpoint (CIABR) and one data watchpoint
 * (DAWR0, DAWRX0). The registers are the hypervisor's; a guest asks for them by H_SET_MODE, and they lie where SPRs do.
 *
 *   CIABR    address | 2 bits: 1 in problem state, 2 privileged
 *   DAWR0    address of a doubleword
 *   DAWRX0   6 length in doublewords - 1 (bits 48-53) | … | 57 stores, 58 loads, 59 with translation only (60: or either),
 *            62 privileged, 63 problem state
 *
 * Instructions are taken one by one while one of the first three is on. A page that is watched is never in a TLB for data,
 * so each access to it comes by.
 * Source: Power ISA 3.0B, Book III, 6.5.15 (trace), 8.1 to 8.3 (CIABR, DAWR); what SRR1 and SIAR report is QEMU's.
 */
import { guest_page_of, offset_of } from '../engine/code'
import { machine, PAGE_BITS, PAGE_MASK, RAM, run_at_hand, STATUS_RUNNING } from '../engine/layout'
import { tlb_flush } from '../engine/tlb'
import { raise, raise_storage, set_spr, spr, VECTOR_TRACE } from './exception'
import { interpret } from './interpret'
import { choose_tlbs, fetch } from './memory'
import { msr, MSR_BE, MSR_DR, MSR_LE, MSR_PR, MSR_SE, MSR_TRACE, PC, wide_mode } from './registers'

const SPR_DAWR: u32 = 180
const SPR_CIABR: u32 = 187
const SPR_DAWRX: u32 = 188
const SPR_SIAR: u32 = 796

const CAUSE_TRACE: u64 = 0x4000_0000
const CAUSE_CIABR: u64 = 0x10_0000
const DSISR_WATCHED: u64 = 0x0040_0000

const WATCH_STORES: u64 = 0x40
const WATCH_LOADS: u64 = 0x20
const WATCH_TRANSLATED: u64 = 0x10
const WATCH_EITHER: u64 = 8
const WATCH_PRIVILEGED: u64 = 2
const WATCH_PROBLEM: u64 = 1

/** For the vCPU at hand: H_SET_MODE. */
export function ciabr_set(value: u64): void { set_spr(SPR_CIABR, value) }

export function dawr_set(address: u64, control: u64): void {
  set_spr(SPR_DAWR, address & ~7)
  set_spr(SPR_DAWRX, control)
  tlb_flush()
}

/** Whether CIABR is for the privilege at hand. */
@inline function breaks(): bool { return (spr(SPR_CIABR) & 3) == (msr() & MSR_PR ? 1 : 2) }

/** Whether instructions are to be taken one by one. */
@inline export function stepping(): bool { return (msr() & MSR_TRACE) != 0 || breaks() }

/** One instruction, and the trace interrupt behind it. */
export function step(): void {
  const r = run_at_hand()
  const m = machine()
  r.stop_cycle = m.cycle + 1
  r.left = 0
  choose_tlbs()
  const mode = msr()
  const pc = wide_mode() ? load<u64>(PC) : <u64><u32>load<u64>(PC)
  const taken = r.interrupts
  const slot = fetch(pc)
  if (slot == 0) return
  const word = word_of(slot)
  const broken = breaks() && (spr(SPR_CIABR) & ~3) == pc
  r.left = 1
  interpret()
  if (r.interrupts != taken || m.status != STATUS_RUNNING || untraced(word, pc)) return
  const traced = (mode & MSR_SE) != 0 || ((mode & MSR_BE) != 0 && is_branch(word))
  if (!traced && !broken) return
  set_spr(SPR_SIAR, pc)
  raise(VECTOR_TRACE, CAUSE_TRACE | (broken ? CAUSE_CIABR : 0), load<u64>(PC))
}

function word_of(slot: usize): u32 {
  const at = RAM + (<usize>guest_page_of(slot) << PAGE_BITS) + offset_of(slot)
  return msr() & MSR_LE ? load<u32>(at) : bswap<u32>(load<u32>(at))
}

/** Returns from interrupts and system calls are not traced; nor is an instruction that is still waiting. */
function untraced(word: u32, pc: u64): bool {
  const extended = (word >> 1) & 1023
  if (word >> 26 == 17) return true
  if (word >> 26 == 19) return extended == 18 || extended == 82 || extended == 274
  return word >> 26 == 31 && extended == 30 && load<u64>(PC) == pc
}

function is_branch(word: u32): bool {
  const extended = (word >> 1) & 1023
  const primary = word >> 26
  return primary == 16 || primary == 18 || (primary == 19 && (extended == 16 || extended == 528 || extended == 560))
}

/** Whether accesses to the page of `address` are to be looked at one by one. */
@inline export function watched_page(address: u64): bool {
  if ((spr(SPR_DAWRX) & (WATCH_STORES | WATCH_LOADS)) == 0) return false
  const from = spr(SPR_DAWR)
  return (address | PAGE_MASK) >= from && (address & ~PAGE_MASK) < from + length()
}

@inline function length(): u64 { return (((spr(SPR_DAWRX) >> 10) & 63) + 1) << 3 }

/** Whether an access of `size` bytes hits the watchpoint; then it has interrupted. */
export function watched(address: u64, size: u32, stores: bool, pc: u64): bool {
  const control = spr(SPR_DAWRX)
  if (!(control & (stores ? WATCH_STORES : WATCH_LOADS))) return false
  if (!(control & (msr() & MSR_PR ? WATCH_PROBLEM : WATCH_PRIVILEGED))) return false
  if (!(control & WATCH_EITHER) && ((control & WATCH_TRANSLATED) != 0) != ((msr() & MSR_DR) != 0)) return false
  const from = spr(SPR_DAWR)
  if (address + size <= from || address >= from + length()) return false
  raise_storage(address > from ? address : from, DSISR_WATCHED, false, stores, pc)
  return true
}
