/**
 * A Power vCPU's registers in memory: offsets in the region CPU. General registers are 64 bits wide on every model; a
 * 32-bit CPU is the same machine in 32-bit mode, whose upper halves nobody can see.
 *
 *   0x000 GPR 0-31 | 0x100 a zero, which RA = 0 means in addresses | LR | CTR | TAR | MSR | PC
 *   0x130 CR as eight bytes of four bits: LT 8, GT 4, EQ 2, SO 1 | XER in pieces, one byte a flag
 *   0x160 time: see time.ts
 *   0x400 VSR 0-63, 16 bytes each: FPR n is the first doubleword of VSR n, VR n is VSR 32 + n | 0x800 FPSCR | VSCR
 *
 * A VSR lies in memory with its last byte first, as WebAssembly's own vectors do: byte n of the architecture at 15 - n.
 */
import { CPU, RUN } from '../engine/layout'

export const GPR: usize = CPU
export const ZERO: usize = CPU + 0x100
export const LR: usize = CPU + 0x108
export const CTR: usize = CPU + 0x110
export const TAR: usize = CPU + 0x118
export const MSR: usize = CPU + 0x120
export const PC: usize = CPU + 0x128
export const CRF: usize = CPU + 0x130
export const SO: usize = CPU + 0x138
export const OV: usize = CPU + 0x139
export const CA: usize = CPU + 0x13a
export const OV32: usize = CPU + 0x13b
export const CA32: usize = CPU + 0x13c
/** XER bits that are no flags: the byte count of string instructions, and bits that only hold what was written. */
export const XER_REST: usize = CPU + 0x140
export const RESERVED_AT: usize = CPU + 0x148 // real address of the reservation; RESERVED_NONE
export const RESERVED_SIZE: usize = CPU + 0x150
export const PENDING: usize = CPU + 0x154 // interrupts that wait, PENDING_*
export const MODEL: usize = CPU + 0x158
export const PVR: usize = CPU + 0x15c
export const TIME: usize = CPU + 0x160
export const SLEEP: usize = CPU + 0x1f0 // SLEEP_*: vcpus.ts
export const PRODDED: usize = CPU + 0x1f4 // u32: the next H_CEDE comes back at once
export const VSR: usize = CPU + 0x400
export const FPSCR: usize = CPU + 0x800 // u64
export const VSCR: usize = CPU + 0x808 // u32
/** Where an instruction puts a result together, 48 bytes; not state. */
export const DRAFT: usize = RUN + 0x100

export const MODEL_CLASSIC: u32 = 0 // 32-bit, like the 604: edge-triggered DEC of 32 bits, rfi
export const MODEL_SERVER: u32 = 1 // 64-bit, ISA 3.0: level-triggered DEC, rfid

export const RESERVED_NONE: u64 = u64.MAX_VALUE
export const SLEEP_NONE: u32 = 0
export const SLEEP_CEDED: u32 = 1 // until an interrupt waits
export const SLEEP_STOPPED: u32 = 2 // until another vCPU starts it

export const PENDING_DEC: u32 = 1
export const PENDING_EXTERNAL: u32 = 2
export const PENDING_DOORBELL: u32 = 4

export const MSR_SF: u64 = 1 << 63
export const MSR_EE: u64 = 1 << 15
export const MSR_PR: u64 = 1 << 14
export const MSR_FP: u64 = 1 << 13
export const MSR_ME: u64 = 1 << 12
export const MSR_FE: u64 = (1 << 11) | (1 << 8)
export const MSR_SE: u64 = 1 << 10
export const MSR_BE: u64 = 1 << 9
/** Every instruction, or every branch, ends with a trace interrupt. */
export const MSR_TRACE: u64 = MSR_SE | MSR_BE
export const MSR_IP: u64 = 1 << 6
export const MSR_IR: u64 = 1 << 5
export const MSR_DR: u64 = 1 << 4
export const MSR_RI: u64 = 1 << 1
export const MSR_LE: u64 = 1 << 0
export const MSR_ILE: u64 = 1 << 16 // classic
export const MSR_VEC: u64 = 1 << 25
export const MSR_VSX: u64 = 1 << 23

export const SPR_DSISR: u32 = 18
export const SPR_DAR: u32 = 19
export const SPR_SRR0: u32 = 26
export const SPR_SRR1: u32 = 27
export const SPR_FSCR: u32 = 153

@inline export function gpr(r: u32): u64 { return load<u64>(GPR + (<usize>r << 3)) }
@inline export function set_gpr(r: u32, value: u64): void { store<u64>(GPR + (<usize>r << 3), value) }
@inline export function msr(): u64 { return load<u64>(MSR) }
@inline export function wide_mode(): bool { return <i64>msr() < 0 }
@inline export function supervisor(): bool { return (msr() & MSR_PR) == 0 }
/** Whether an interrupt is due before the next instruction. */
@inline export function interrupt_due(): bool { return load<u32>(PENDING) != 0 && (msr() & MSR_EE) != 0 }
@inline export function server(): bool { return load<u32>(MODEL) == MODEL_SERVER }

/** Fields of an instruction word. */
@inline export function field_d(word: u32): u32 { return (word >> 21) & 31 }
@inline export function field_a(word: u32): u32 { return (word >> 16) & 31 }
@inline export function field_b(word: u32): u32 { return (word >> 11) & 31 }
@inline export function field_c(word: u32): u32 { return (word >> 6) & 31 }

/** RA as a base: register 0 stands for the number 0. */
@inline export function base(word: u32): u64 { return field_a(word) == 0 ? 0 : gpr(field_a(word)) }

/** A bit of CR, counted from 0 as the architecture does. */
@inline export function cr_bit(bit: u32): u32 { return (<u32>load<u8>(CRF + (bit >> 2)) >> (3 - (bit & 3))) & 1 }

export function set_cr_bit(bit: u32, value: u32): void {
  const at = CRF + (bit >> 2)
  const mask: u32 = 8 >> (bit & 3)
  store<u8>(at, <u8>((<u32>load<u8>(at) & ~mask) | (value != 0 ? mask : 0)))
}

/** The eight bytes drawn together: neighbours, then neighbours of those. */
export function get_cr(): u32 {
  let cr = bswap<u64>(load<u64>(CRF))
  cr = (cr | (cr >> 4)) & 0x00ff_00ff_00ff_00ff
  cr = (cr | (cr >> 8)) & 0x0000_ffff_0000_ffff
  return <u32>(cr | (cr >> 16))
}

export function set_cr(value: u32): void {
  let cr = <u64>value
  cr = (cr | (cr << 16)) & 0x0000_ffff_0000_ffff
  cr = (cr | (cr << 8)) & 0x00ff_00ff_00ff_00ff
  cr = (cr | (cr << 4)) & 0x0f0f_0f0f_0f0f_0f0f
  store<u64>(CRF, bswap<u64>(cr))
}

const XER_OV32_CA32: u32 = 0x000c_0000

export function get_xer(): u32 {
  let xer: u32 = load<u32>(XER_REST)
  xer |= (<u32>load<u8>(SO) << 31) | (<u32>load<u8>(OV) << 30) | (<u32>load<u8>(CA) << 29)
  if (server()) xer |= (<u32>load<u8>(OV32) << 19) | (<u32>load<u8>(CA32) << 18)
  return xer
}

export function set_xer(value: u32): void {
  store<u8>(SO, <u8>(value >> 31))
  store<u8>(OV, <u8>((value >> 30) & 1))
  store<u8>(CA, <u8>((value >> 29) & 1))
  if (server()) {
    store<u8>(OV32, <u8>((value >> 19) & 1))
    store<u8>(CA32, <u8>((value >> 18) & 1))
  }
  store<u32>(XER_REST, value & 0x1fff_ffff & ~XER_OV32_CA32)
}

/** CR0 from a result of the mode's width. */
export function record_cr0(value: u64): void {
  const v = wide_mode() ? <i64>value : <i64><i32>value
  store<u8>(CRF, <u8>((v < 0 ? 8 : v > 0 ? 4 : 2) | load<u8>(SO)))
}

/**
 * What handlers out of line answer: go on with the next slot; PC having been set, leave the loop, since the mode may have
 * changed; or go on there in the same mode.
 */
export const NEXT: u32 = 0
export const LEAVE: u32 = 1
export const JUMP: u32 = 2
