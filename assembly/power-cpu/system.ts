/**
 * System instructions: SPRs with their privileges, MSR, interrupts and the return from them, hypercalls.
 * Source: Power ISA 3.0B, Book III, chapters 3 to 6. What an SPR may do says the table in src/power/sprs.ts.
 */
import { cycle_now, machine, run_at_hand } from '../engine/layout'
import { BOARD_PSERIES } from './board'
import { spr_entry, spr_number } from './decode'
import {
  PROGRAM_ILLEGAL, PROGRAM_PRIVILEGED, raise, raise_program, set_spr, spr, VECTOR_FP, VECTOR_SYSCALL, VECTOR_VEC, VECTOR_VSX,
} from './exception'
import { hypercall } from './pseries/hcall'
import {
  CTR, field_b, field_d, get_xer, gpr, interrupt_due, JUMP, LEAVE, LR, msr, MSR, MSR_DR, MSR_EE, MSR_FP, MSR_IR,
  MSR_LE, MSR_ME, MSR_PR, MSR_RI, MSR_SF, MSR_VEC, MSR_VSX, NEXT, PC, PENDING, PVR, server, set_gpr, set_xer,
  SPR_SRR0, SPR_SRR1, TAR,
} from './registers'
import { iamr_set, invalidate, pid_set, SPR_AMR } from './radix'
import { SprKind, Sys } from './tables'
import { ticks_at } from './ticks'
import { dec_read, dec_written, tbl_write, tbu_write, time, timebase_at } from './time'

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
    case Sys.RFID: return return_server()
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
    case Sys.TLBIE:
    case Sys.TLBIEL: return forget_translations(word, pc)
    // tlbia, slbia, tlbsync: nothing is under way or kept; msgsndp, msgclrp: one CPU.
    default: return NEXT
  }
}

/** Addresses come to something else from the next instruction on; `how` is JUMP, or LEAVE where other TLBs hold them. */
function anew(pc: u64, how: u32): u32 {
  store<u64>(PC, pc + 4)
  return how
}

/** tlbie of all vCPUs, tlbiel of this one. On a classic CPU there is no translation to forget. */
function forget_translations(word: u32, pc: u64): u32 {
  if (!server()) return NEXT
  const local = ((word >> 1) & 1023) == TLBIEL
  const own = machine().vcpu
  for (let vcpu: u32 = 0; vcpu < machine().vcpus; vcpu++) {
    if (!local || vcpu == own) invalidate(vcpu, word, gpr(field_b(word)))
  }
  return anew(pc, JUMP)
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

function return_server(): u32 {
  const writable = SERVER_BITS & ~MSR_ME
  const value = problem_state((msr() & ~writable) | (spr(SPR_SRR1) & writable))
  const next = spr(SPR_SRR0) & ~3
  return returned(value, value & MSR_SF ? next : <u64><u32>next)
}

/** The loop's modes: where none of these changes and nothing is due, it goes on at once. */
const MODE_BITS: u64 = MSR_SF | MSR_LE | MSR_PR | MSR_IR | MSR_DR

function returned(value: u64, next: u64): u32 {
  const same = ((msr() ^ value) & MODE_BITS) == 0
  changed(value, next)
  return same && !interrupt_due() ? JUMP : LEAVE
}

/**
 * An SPR that is not there, or not for this privilege. Numbers with bit 0x10 are privileged: a privileged interrupt in
 * problem state. Otherwise an illegal instruction; but a supervisor's access to an SPR that is not there does nothing
 * on a server CPU (Power ISA 3.0B, Book III, 4.4.4), apart from numbers 0, 4, 5 and 6.
 */
function no_spr(n: u32, pc: u64): u32 {
  if (msr() & MSR_PR) return raise_program(n & 16 ? PROGRAM_PRIVILEGED : PROGRAM_ILLEGAL, pc)
  if (n == 0 || (n >= 4 && n <= 6) || !server()) return raise_program(PROGRAM_ILLEGAL, pc)
  return NEXT
}

/** Whether someone with the privilege of MSR may do what takes `who`: 0 nobody, 1 everyone, 2 the supervisor. */
@inline function may(who: u32): bool { return who == 1 || (who == 2 && (msr() & MSR_PR) == 0) }

function move_from(word: u32, pc: u64): u32 {
  const n = spr_number(word)
  const entry = spr_entry(n)
  if (!may((entry >> 8) & 3)) return no_spr(n, pc)
  set_gpr(field_d(word), read_spr(n, entry & 0xff))
  return NEXT
}

function read_spr(n: u32, kind: i32): u64 {
  const now = cycle_now(run_at_hand().left)
  switch (kind) {
    case SprKind.XER: return <u64>get_xer()
    case SprKind.LR: return load<u64>(LR)
    case SprKind.CTR: return load<u64>(CTR)
    case SprKind.TAR: return load<u64>(TAR)
    case SprKind.DEC: return dec_read(now)
    case SprKind.TB: return timebase_at(now)
    case SprKind.TBU: return timebase_at(now) >> 32
    case SprKind.PURR: return ticks_at(now) + time().purr_offset
    case SprKind.VTB: return ticks_at(now) + time().vtb_offset
    case SprKind.PVR: return <u64>load<u32>(PVR)
    case SprKind.SPRG3: return spr(SPRG3)
    case SprKind.DSCR: return spr(DSCR)
    case SprKind.AMR_USER: return spr(SPR_AMR)
    case SprKind.ZERO: return 0
    default: return spr(n)
  }
}
const SPRG3: u32 = 275
const DSCR: u32 = 17
const UAMOR: u32 = 157

/** A process changes what UAMOR lets it. */
function amr_by_user(value: u64): u64 {
  const mask = msr() & MSR_PR ? spr(UAMOR) : u64.MAX_VALUE
  return (spr(SPR_AMR) & ~mask) | (value & mask)
}

function move_to(word: u32, pc: u64): u32 {
  const n = spr_number(word)
  const entry = spr_entry(n)
  if (!may((entry >> 10) & 3)) return no_spr(n, pc)
  return write_spr(n, entry & 0xff, gpr(field_d(word)), pc)
}

function write_spr(n: u32, kind: i32, value: u64, pc: u64): u32 {
  const now = cycle_now(run_at_hand().left)
  switch (kind) {
    case SprKind.XER: set_xer(<u32>value); return NEXT
    case SprKind.LR: store<u64>(LR, value); return NEXT
    case SprKind.CTR: store<u64>(CTR, value); return NEXT
    case SprKind.TAR: store<u64>(TAR, value); return NEXT
    case SprKind.DEC: run_at_hand().left = dec_written(run_at_hand().left, value); return NEXT
    case SprKind.TBL_WRITE: tbl_write(now, <u32>value); return NEXT
    case SprKind.TBU_WRITE: tbu_write(now, <u32>value); return NEXT
    case SprKind.DSCR: set_spr(DSCR, value); return NEXT
    case SprKind.PID: pid_set(value); return anew(pc, JUMP)
    case SprKind.AMR: set_spr(SPR_AMR, value); return anew(pc, LEAVE)
    case SprKind.AMR_USER: set_spr(SPR_AMR, amr_by_user(value)); return anew(pc, LEAVE)
    case SprKind.IAMR: iamr_set(value); return anew(pc, JUMP)
    case SprKind.WORD: set_spr(n, <u64><u32>value); return NEXT
    case SprKind.ZERO: return NEXT
    default: set_spr(n, server() ? value : <u64><u32>value); return NEXT
  }
}
