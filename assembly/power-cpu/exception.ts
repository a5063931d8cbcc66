/**
 * Interrupts: what goes to SRR0, SRR1 and MSR, and where code goes on (Power ISA 3.0B, Book III, 6.5; for the classic
 * CPU the Programming Environments Manual, 6.4).
 *
 * SRR1 has the MSR with bits 33-36 and 42-47 (32-bit: 1-4 and 10-15) replaced by what the interrupt says.
 */
import { FAULT_CHECKSTOP, machine, run_at_hand, SPR, STATUS_FAULT } from '../engine/layout'
import { AIL_SHIFT, lpcr, LPCR_ILE } from './partition'
import {
  CTR, LEAVE, LR, MSR, msr, MSR_DR, MSR_EE, MSR_ILE, MSR_IP, MSR_IR, MSR_LE, MSR_ME, MSR_RI, MSR_SF, PC, PENDING, PENDING_DEC,
  PENDING_DOORBELL, PENDING_EXTERNAL, RESERVED_AT, RESERVED_NONE, server, SPR_DAR, SPR_DSISR, SPR_FSCR, SPR_SRR0, SPR_SRR1,
} from './registers'
import { time } from './time'

export const VECTOR_MACHINE_CHECK: u32 = 0x200
export const VECTOR_DATA: u32 = 0x300
export const VECTOR_DATA_SEGMENT: u32 = 0x380
export const VECTOR_INSTRUCTION: u32 = 0x400
export const VECTOR_INSTRUCTION_SEGMENT: u32 = 0x480
export const VECTOR_EXTERNAL: u32 = 0x500
export const VECTOR_ALIGNMENT: u32 = 0x600
export const VECTOR_PROGRAM: u32 = 0x700
export const VECTOR_FP: u32 = 0x800
export const VECTOR_DEC: u32 = 0x900
export const VECTOR_DOORBELL: u32 = 0xa00
export const VECTOR_SYSCALL: u32 = 0xc00
export const VECTOR_TRACE: u32 = 0xd00
export const VECTOR_EMULATION: u32 = 0xe40
export const VECTOR_VEC: u32 = 0xf20
export const VECTOR_VSX: u32 = 0xf40
export const VECTOR_FACILITY: u32 = 0xf60
/** scv: 32 bytes a level from here. */
const VECTORED: u64 = 0x1_7000
const VECTORED_ELSEWHERE: u64 = 0xc000_0000_0000_3000

export const PROGRAM_ILLEGAL: u64 = 0x0008_0000
export const PROGRAM_PRIVILEGED: u64 = 0x0004_0000
export const PROGRAM_TRAP: u64 = 0x0002_0000

const SRR1_REPLACED: u64 = 0x783f_0000

@inline export function spr(n: u32): u64 { return load<u64>(SPR + (<usize>n << 3)) }
@inline export function set_spr(n: u32, value: u64): void { store<u64>(SPR + (<usize>n << 3), value) }

/** Interrupts at `vector`; `resume` goes to SRR0. Answers LEAVE, so that handlers can return it. */
export function raise(vector: u32, reason: u64, resume: u64): u32 {
  const old = msr()
  run_at_hand().interrupts++
  set_spr(SPR_SRR0, resume)
  set_spr(SPR_SRR1, (old & ~SRR1_REPLACED) | reason)
  store<u64>(RESERVED_AT, RESERVED_NONE) // allowed, and what QEMU does
  if (server()) {
    const away = vector == VECTOR_MACHINE_CHECK ? 0 : elsewhere(old)
    store<u64>(MSR, MSR_SF | (old & MSR_ME) | (lpcr() & LPCR_ILE ? MSR_LE : 0) | (away != 0 ? MSR_IR | MSR_DR : 0))
    store<u64>(PC, away | <u64>vector)
  } else {
    store<u64>(MSR, (old & (MSR_ME | MSR_IP | MSR_ILE)) | (old & MSR_ILE ? MSR_LE : 0))
    store<u64>(PC, old & MSR_IP ? 0xfff0_0000 | <u64>vector : vector)
  }
  return LEAVE
}

/** LPCR[AIL]: interrupts that come while everything is translated stay translated, and their vectors lie here. */
function elsewhere(old: u64): u64 {
  if ((old & (MSR_IR | MSR_DR)) != (MSR_IR | MSR_DR)) return 0
  const ail = (lpcr() >> AIL_SHIFT) & 3
  return ail == 3 ? 0xc000_0000_0000_4000 : ail == 2 ? 0x1_8000 : 0
}

/** scv of `level`: LR and CTR in place of SRR0 and SRR1; EE and RI stay. Never at AIL 2's address. */
export function raise_vectored(level: u32, resume: u64): u32 {
  const old = msr()
  run_at_hand().interrupts++
  store<u64>(LR, resume)
  store<u64>(CTR, old & ~SRR1_REPLACED)
  store<u64>(RESERVED_AT, RESERVED_NONE)
  const away = elsewhere(old)
  const little = lpcr() & LPCR_ILE ? MSR_LE : 0
  store<u64>(MSR, MSR_SF | (old & (MSR_ME | MSR_EE | MSR_RI)) | little | (away != 0 ? MSR_IR | MSR_DR : 0))
  store<u64>(PC, (away >> 63 ? VECTORED_ELSEWHERE : VECTORED) + <u64>(level << 5))
  return LEAVE
}

/** A facility that FSCR or MSR keeps away; FSCR says which. */
export function raise_facility(facility: u64, pc: u64): u32 {
  set_spr(SPR_FSCR, (spr(SPR_FSCR) & 0x00ff_ffff_ffff_ffff) | (facility << 56))
  return raise(VECTOR_FACILITY, 0, pc)
}
export const FACILITY_SCV: u64 = 12

/** A program interrupt at the instruction at `pc`. */
export function raise_program(reason: u64, pc: u64): u32 { return raise(VECTOR_PROGRAM, reason, pc) }

/** Translation lets no access through. `cause` as DSISR has it, or SRR1 for a fetch. */
export function raise_storage(address: u64, cause: u64, fetch: bool, writes: bool, pc: u64): u32 {
  if (fetch) return raise(VECTOR_INSTRUCTION, cause, pc)
  set_spr(SPR_DSISR, writes ? cause | DSISR_STORE : cause)
  set_spr(SPR_DAR, address)
  return raise(VECTOR_DATA, 0, pc)
}
export const DSISR_STORE: u64 = 0x0200_0000

/** An address that nothing can translate. */
export function raise_segment(address: u64, fetch: bool, pc: u64): u32 {
  if (fetch) return raise(VECTOR_INSTRUCTION_SEGMENT, 0, pc)
  set_spr(SPR_DAR, address)
  return raise(VECTOR_DATA_SEGMENT, 0, pc)
}

/** SRR1 of a machine check by access (LOAD, STORE, FETCH): POWER9 Processor User's Manual, as QEMU 10 has it. */
function machine_check_cause(access: u32): u64 {
  if (!server()) return 0
  return access == 0 ? 0x0020_0000 : access == 1 ? 0x0834_0000 : 0x080c_0000
}

/** An access (LOAD, STORE or FETCH of radix.ts) that no storage answers: a machine check, or a checkstop where those are off. */
export function raise_machine_check(address: u64, access: u32, pc: u64): u32 {
  if ((msr() & MSR_ME) == 0) {
    const m = machine()
    m.status = STATUS_FAULT
    m.fault = FAULT_CHECKSTOP
    m.fault_detail = address
    store<u64>(PC, pc)
    return LEAVE
  }
  if (access != 2) set_spr(SPR_DAR, address)
  if (access == 0 && server()) set_spr(SPR_DSISR, 0x40)
  raise(VECTOR_MACHINE_CHECK, machine_check_cause(access), pc)
  // A partition's machine checks are always on: its hypervisor delivers them.
  if (!server()) store<u64>(MSR, msr() & ~MSR_ME)
  return LEAVE
}

/** DSISR gets the fields RT and RA of the word, as far as QEMU sets it; newer architectures leave it undefined. */
export function raise_alignment(address: u64, word: u32, pc: u64): u32 {
  set_spr(SPR_DAR, address)
  set_spr(SPR_DSISR, <u64>((word >> 16) & 0x3ff))
  return raise(VECTOR_ALIGNMENT, 0, pc)
}

/** Takes the most urgent interrupt that waits and is let through; between two instructions only. */
export function deliver(): void {
  const pending = load<u32>(PENDING)
  if (pending == 0 || (msr() & MSR_EE) == 0) return
  if (pending & PENDING_EXTERNAL) {
    raise(VECTOR_EXTERNAL, 0, load<u64>(PC))
    return
  }
  if (!(pending & PENDING_DEC)) {
    store<u32>(PENDING, pending & ~PENDING_DOORBELL)
    raise(VECTOR_DOORBELL, 0, load<u64>(PC))
    return
  }
  // An edge is gone once taken; a level stays until DEC is written.
  if (time().dec_level == 0) store<u32>(PENDING, pending & ~PENDING_DEC)
  raise(VECTOR_DEC, 0, load<u64>(PC))
}
