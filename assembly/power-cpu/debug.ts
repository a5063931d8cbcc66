/**
 * Instructions one by one: tracing by MSR[SE] and MSR[BE], and the instruction breakpoint (watch.ts).
 *
 * Source: Power ISA 3.0B, Book III, 6.5.15 (trace), 8.3 (CIABR); what SRR1 and SIAR report is QEMU's.
 */
import { guest_page_of, offset_of } from '../engine/code'
import { machine, PAGE_BITS, RAM, run_at_hand, STATUS_RUNNING } from '../engine/layout'
import { raise, set_spr, spr, VECTOR_TRACE } from './exception'
import { interpret } from './interpret'
import { choose_tlbs, fetch } from './memory'
import { msr, MSR_BE, MSR_LE, MSR_PR, MSR_SE, MSR_TRACE, PC, wide_mode } from './registers'
import { SPR_CIABR } from './watch'

const SPR_SIAR: u32 = 796

const CAUSE_TRACE: u64 = 0x4000_0000
const CAUSE_CIABR: u64 = 0x10_0000

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
