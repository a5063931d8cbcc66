/**
 * What the hypervisor has set for a guest: the partition's part of LPCR, and where its process table is. A guest sets
 * these by hypercall (H_SET_MODE, H_REGISTER_PROCESS_TABLE), so a platform calls the functions here.
 * Source: Power ISA 3.0B, Book III, 2.2 (LPCR) and 5.7.6 (partition table entries: the process table's half).
 */
import { machine, VCPUS } from '../engine/layout'
import { tlb_forget } from '../engine/tlb'
import { dec_set_bits } from './time'

export const LPCR_ILE: u64 = 0x0200_0000 // interrupts are taken in little-endian mode
export const LPCR_AIL: u64 = 0x0180_0000 // 3: with translation on, at 0xc000000000004000
export const LPCR_UPRT: u64 = 0x0040_0000 // there is a process table
export const LPCR_HR: u64 = 0x0010_0000 // its trees are radix trees
export const LPCR_LD: u64 = 0x0002_0000 // large decrementer
export const LPCR_GTSE: u64 = 0x0000_0400 // the guest may use tlbie

export const AIL_SHIFT: u64 = 23
/** Bits of a decrementer as LPCR[LD] has it: POWER9. */
const DEC_BITS_LARGE: u32 = 56
const DEC_BITS: u32 = 32

@inline export function lpcr(): u64 { return machine().lpcr }

/** The bits of `mask` become those of `value`; for all vCPUs, but LD is for the time before there are more than one. */
export function lpcr_set(value: u64, mask: u64): void {
  const m = machine()
  const before = m.lpcr
  m.lpcr = (before & ~mask) | (value & mask)
  if ((before ^ m.lpcr) & LPCR_LD) dec_set_bits(m.lpcr & LPCR_LD ? DEC_BITS_LARGE : DEC_BITS)
  if ((before ^ m.lpcr) & (LPCR_UPRT | LPCR_HR)) forget_translations()
}

/**
 * The process table, as the second doubleword of a partition table entry has it: real address in bits 4-51, binary
 * logarithm of its size less 12 in bits 59-63.
 */
export function process_table_set(entry: u64): void {
  machine().process_table = entry
  forget_translations()
}

function forget_translations(): void {
  for (let vcpu: u32 = 0; vcpu < VCPUS; vcpu++) tlb_forget(vcpu)
}
