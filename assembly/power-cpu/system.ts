/**
 * System instructions: MSR, interrupts and the return from them, hypercalls, doorbells; SPRs are in special.ts.
 * Source: Power ISA 3.0B, Book III, chapters 3 to 6.
 */
import { machine, run_at_hand } from '../engine/layout'
import { BOARD_PSERIES } from './board'
import {
  FACILITY_SCV, PROGRAM_ILLEGAL, PROGRAM_PRIVILEGED, raise, raise_facility, raise_program, raise_vectored, set_spr, spr,
  VECTOR_FP, VECTOR_SYSCALL, VECTOR_VEC, VECTOR_VSX,
} from './exception'
import { hypercall } from './pseries/hcall'
import { invalidate } from './radix'
import {
  CTR, field_b, field_d, gpr, interrupt_due, JUMP, LEAVE, LR, msr, MSR, MSR_DR, MSR_EE, MSR_FP, MSR_IR, MSR_LE, MSR_ME, MSR_PR,
  MSR_RI, MSR_SF, MSR_TRACE, MSR_VEC, MSR_VSX, NEXT, PC, PENDING, PENDING_DOORBELL, RESERVED_AT, RESERVED_NONE, server, set_gpr,
  SPR_FSCR, SPR_SRR0, SPR_SRR1,
} from './registers'
import { FSCR_SCV, move_from, move_to } from './special'
import { Sys } from './tables'

/** A privileged instruction in problem state: a program interrupt, and true. */
export function privileged_if_user(pc: u64): bool {
  if ((msr() & MSR_PR) == 0) return false
  raise_program(PROGRAM_PRIVILEGED, pc)
  return true
}

export function illegal(slot: usize, pc: u64): u32 { return raise_program(PROGRAM_ILLEGAL, pc) }

/** A word of a facility that MSR turns off. Turned on it is as illegal as it is absent. */
export function unavailable(slot: usize, pc: u64): u32 {
  const primary = load<u32>(slot, 8) >> 26
  if (primary == 4 && (msr() & MSR_VEC) == 0) return raise(VECTOR_VEC, 0, pc)
  if (primary == 60 && (msr() & MSR_VSX) == 0) return raise(VECTOR_VSX, 0, pc)
  if (primary != 4 && primary != 60 && (msr() & MSR_FP) == 0) return raise(VECTOR_FP, 0, pc)
  return raise_program(PROGRAM_ILLEGAL, pc)
}

export function system_op(slot: usize, pc: u64): u32 {
  const word = load<u32>(slot, 8)
  if (load<u8>(slot, 15) && privileged_if_user(pc)) return LEAVE
  switch (<i32>load<u16>(slot, 12)) {
    case Sys.SC: return system_call(word, pc)
    case Sys.ADDPCIS: {
      const d = (word & 0xffc0) | ((word >> 15) & 0x3e) | (word & 1)
      set_gpr(field_d(word), pc + 4 + (<u64><i64><i16>d << 16))
      return NEXT
    }
    case Sys.RFI: return return_classic()
    case Sys.RFID: return returned_server(spr(SPR_SRR1), spr(SPR_SRR0))
    // The guest is never the hypervisor: hrfid, stop and HSPRs are above its privilege.
    case Sys.HRFID:
    case Sys.STOP: return raise_program(PROGRAM_PRIVILEGED, pc)
    case Sys.WAIT: return wait(slot, pc)
    case Sys.MFMSR: set_gpr(field_d(word), msr()); return NEXT
    case Sys.MTMSR: return server() ? set_msr_server(word, false, pc) : set_msr_classic(word, pc)
    case Sys.MTMSRD: return set_msr_server(word, true, pc)
    case Sys.MFSPR:
    case Sys.MFTB: return move_from(word, pc)
    case Sys.MTSPR: return move_to(word, pc)
    case Sys.MTSR: set_segment((word >> 16) & 15, word); return NEXT
    case Sys.MTSRIN: set_segment(<u32>gpr(field_b(word)) >> 28, word); return NEXT
    case Sys.MFSR: set_gpr(field_d(word), segment((word >> 16) & 15)); return NEXT
    case Sys.MFSRIN: set_gpr(field_d(word), segment(<u32>gpr(field_b(word)) >> 28)); return NEXT
    case Sys.SCV: return system_call_vectored(word, pc)
    case Sys.RFSCV: return returned_server(load<u64>(CTR), load<u64>(LR))
    case Sys.MSGSNDP: return doorbell(gpr(field_b(word)), true, pc)
    case Sys.MSGCLRP: return doorbell(gpr(field_b(word)), false, pc)
    case Sys.TLBIE:
    case Sys.TLBIEL: return forget_translations(word, pc)
    // tlbia, slbia, tlbsync: nothing is under way or kept.
    default: return NEXT
  }
}

/** tlbie of all vCPUs, tlbiel of this one. On a classic CPU there is no translation to forget. */
function forget_translations(word: u32, pc: u64): u32 {
  if (!server()) return NEXT
  const local = ((word >> 1) & 1023) == TLBIEL
  const own = machine().vcpu
  for (let vcpu: u32 = 0; vcpu < machine().vcpus; vcpu++) {
    if (!local || vcpu == own) invalidate(vcpu, word, gpr(field_b(word)))
  }
  store<u64>(PC, pc + 4)
  return JUMP
}
const TLBIEL: u32 = 274

function system_call(word: u32, pc: u64): u32 {
  const level = (word >> 5) & 127
  if (level != 1 || machine().board != BOARD_PSERIES) return raise(VECTOR_SYSCALL, 0, pc + 4)
  store<u64>(PC, pc + 4)
  hypercall()
  // It may have changed MSR, or put the vCPU to sleep.
  return LEAVE
}

/** scv: LR and CTR have what SRR0 and SRR1 have otherwise, and interrupts stay as they are. */
function system_call_vectored(word: u32, pc: u64): u32 {
  if (!(spr(SPR_FSCR) & FSCR_SCV)) return raise_facility(FACILITY_SCV, pc)
  return raise_vectored((word >> 5) & 127, pc + 4)
}

/** msgsndp, msgclrp: a privileged doorbell to this core's thread 0, its only one. */
function doorbell(message: u64, rings: bool, pc: u64): u32 {
  if (((message >> 27) & 31) != DOORBELL_PRIVILEGED || (rings && (message & 127) != 0)) return NEXT
  const pending = load<u32>(PENDING)
  store<u32>(PENDING, rings ? pending | PENDING_DOORBELL : pending & ~PENDING_DOORBELL)
  store<u64>(PC, pc + 4)
  return LEAVE
}
const DOORBELL_PRIVILEGED: u64 = 5

/** Time goes by until the next event, or the end of the run; the instruction is over when an interrupt is due. */
function wait(slot: usize, pc: u64): u32 {
  const r = run_at_hand()
  if (load<u32>(PENDING) != 0) return NEXT
  machine().idle_cycles += <u64>r.left
  // The loop takes the instruction's own cost off: that leaves the stop itself, however the run is cut into pieces.
  r.left = load<u8>(slot, 14)
  store<u64>(PC, pc)
  return LEAVE
}

// Segment registers of the classic CPU are kept among the SPR numbers that nobody has.
const SEGMENTS: u32 = 0x300
@inline function segment(n: u32): u64 { return spr(SEGMENTS + n) }
@inline function set_segment(n: u32, word: u32): void { set_spr(SEGMENTS + n, <u64><u32>gpr(field_d(word))) }

/** Bits of MSR that the classic CPU has; POW is dropped, as nothing saves power by it. */
const CLASSIC_BITS: u64 = 0x0001_ff73
const SERVER_BITS: u64 = MSR_SF | 0x0280_ff33 | MSR_RI | MSR_LE

/** MSR has changed at the instruction before `next`: the loop is entered anew, in the mode it asks for. */
function changed(value: u64, next: u64): u32 {
  store<u64>(MSR, value)
  store<u64>(PC, next)
  return LEAVE
}

function set_msr_classic(word: u32, pc: u64): u32 { return changed(gpr(field_d(word)) & CLASSIC_BITS, pc + 4) }

/** mtmsr and mtmsrd. With L only EE and RI; without, SF only by mtmsrd, and ME and LE not at all. PR brings EE, IR, DR. */
function set_msr_server(word: u32, doubleword: bool, pc: u64): u32 {
  const old = msr()
  const value = gpr(field_d(word))
  let writable = MSR_EE | MSR_RI
  if (!(word & 0x1_0000)) {
    writable = SERVER_BITS & ~(MSR_ME | MSR_LE)
    if (!doubleword) writable &= 0xffff_ffff
  }
  return changed(problem_state((old & ~writable) | (value & writable)), pc + 4)
}

function problem_state(value: u64): u64 { return value & MSR_PR ? value | MSR_EE | MSR_IR | MSR_DR : value }

function return_classic(): u32 {
  const kept = msr() & ~CLASSIC_BITS
  return returned(kept | (spr(SPR_SRR1) & CLASSIC_BITS), spr(SPR_SRR0) & 0xffff_fffc)
}

/** rfid and rfscv: MSR as `from` has it, code as `to`. */
function returned_server(from: u64, to: u64): u32 {
  const writable = SERVER_BITS & ~MSR_ME
  const value = problem_state((msr() & ~writable) | (from & writable))
  const next = to & ~3
  return returned(value, value & MSR_SF ? next : <u64><u32>next)
}

/** The loop's modes: where none of these changes and nothing is due, it goes on at once. */
const MODE_BITS: u64 = MSR_SF | MSR_LE | MSR_PR | MSR_IR | MSR_DR | MSR_TRACE

function returned(value: u64, next: u64): u32 {
  store<u64>(RESERVED_AT, RESERVED_NONE)
  const same = ((msr() ^ value) & MODE_BITS) == 0
  changed(value, next)
  return same && !interrupt_due() ? JUMP : LEAVE
}
