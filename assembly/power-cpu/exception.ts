/**
 * Interrupts: what goes to SRR0, SRR1 and MSR, and where code goes on (Power ISA 3.0B, Book III, 6.5; for the classic
 * CPU the Programming Environments Manual, 6.4).
 *
 * SRR1 has the MSR with bits 33-36 and 42-47 (32-bit: 1-4 and 10-15) replaced by what the interrupt says.
 */
import { FAULT_CHECKSTOP, machine, SPR, STATUS_FAULT } from '../engine/layout'
import {
  LEAVE, MSR, msr, MSR_EE, MSR_ILE, MSR_IP, MSR_LE, MSR_ME, MSR_SF, PC, PENDING, PENDING_DEC, PENDING_EXTERNAL, server,
  SPR_DAR, SPR_DSISR, SPR_SRR0, SPR_SRR1,
} from './registers'
import { time } from './time'

export const VECTOR_MACHINE_CHECK: u32 = 0x200
export const VECTOR_DATA: u32 = 0x300
export const VECTOR_INSTRUCTION: u32 = 0x400
export const VECTOR_EXTERNAL: u32 = 0x500
export const VECTOR_ALIGNMENT: u32 = 0x600
export const VECTOR_PROGRAM: u32 = 0x700
export const VECTOR_FP: u32 = 0x800
export const VECTOR_DEC: u32 = 0x900
export const VECTOR_SYSCALL: u32 = 0xc00
export const VECTOR_TRACE: u32 = 0xd00
export const VECTOR_EMULATION: u32 = 0xe40
export const VECTOR_VEC: u32 = 0xf20
export const VECTOR_VSX: u32 = 0xf40

export const PROGRAM_ILLEGAL: u64 = 0x0008_0000
export const PROGRAM_PRIVILEGED: u64 = 0x0004_0000
export const PROGRAM_TRAP: u64 = 0x0002_0000

const SRR1_REPLACED: u64 = 0x783f_0000

@inline export function spr(n: u32): u64 { return load<u64>(SPR + (<usize>n << 3)) }
@inline export function set_spr(n: u32, value: u64): void { store<u64>(SPR + (<usize>n << 3), value) }

/** Interrupts at `vector`; `resume` goes to SRR0. Answers LEAVE, so that handlers can return it. */
export function raise(vector: u32, reason: u64, resume: u64): u32 {
  const old = msr()
  set_spr(SPR_SRR0, resume)
  set_spr(SPR_SRR1, (old & ~SRR1_REPLACED) | reason)
  if (server()) {
    const little = machine().board_flags & BOARD_ILE
    store<u64>(MSR, MSR_SF | (old & MSR_ME) | (little ? MSR_LE : 0))
    store<u64>(PC, vector)
  } else {
    store<u64>(MSR, (old & (MSR_ME | MSR_IP | MSR_ILE)) | (old & MSR_ILE ? MSR_LE : 0))
    store<u64>(PC, old & MSR_IP ? 0xfff0_0000 | <u64>vector : vector)
  }
  return LEAVE
}
/** Machine.board_flags: the platform takes interrupts in little-endian mode (H_SET_MODE). */
export const BOARD_ILE: u32 = 1

/** A program interrupt at the instruction at `pc`. */
export function raise_program(reason: u64, pc: u64): u32 { return raise(VECTOR_PROGRAM, reason, pc) }

/** An access that no storage answers: a machine check, or a checkstop where those are off. */
export function raise_machine_check(address: u64, pc: u64): u32 {
  if ((msr() & MSR_ME) == 0) {
    const m = machine()
    m.status = STATUS_FAULT
    m.fault = FAULT_CHECKSTOP
    m.fault_detail = address
    store<u64>(PC, pc)
    return LEAVE
  }
  set_spr(SPR_DAR, address)
  raise(VECTOR_MACHINE_CHECK, 0, pc)
  store<u64>(MSR, msr() & ~MSR_ME)
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
  // An edge is gone once taken; a level stays until DEC is written.
  if (time().dec_level == 0) store<u32>(PENDING, pending & ~PENDING_DEC)
  raise(VECTOR_DEC, 0, load<u64>(PC))
}
