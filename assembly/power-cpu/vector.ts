/** Vector registers, their elements, VSCR: what all files of vector instructions share. */
import { CRF, field_a, field_b, field_c, field_d, VSCR, VSR } from './registers'

const VR: usize = VSR + 512

/** Addresses of registers that a word names: VMX with 5 bits, VSX with a sixth one at the word's end. */
@inline export function vr_t(word: u32): usize { return VR + (<usize>field_d(word) << 4) }
@inline export function vr_a(word: u32): usize { return VR + (<usize>field_a(word) << 4) }
@inline export function vr_b(word: u32): usize { return VR + (<usize>field_b(word) << 4) }
@inline export function vr_c(word: u32): usize { return VR + (<usize>field_c(word) << 4) }
@inline export function vsr_t(word: u32): usize { return VSR + (<usize>(field_d(word) | ((word & 1) << 5)) << 4) }
@inline export function vsr_a(word: u32): usize { return VSR + (<usize>(field_a(word) | ((word & 4) << 3)) << 4) }
@inline export function vsr_b(word: u32): usize { return VSR + (<usize>(field_b(word) | ((word & 2) << 4)) << 4) }
@inline export function vsr_c(word: u32): usize { return VSR + (<usize>(field_c(word) | ((word & 8) << 2)) << 4) }

/**
 * FPR n: the first doubleword of VSR n. The second one of a scalar result is undefined before ISA 3.1. As on QEMU, what writes
 * an FPR clears it, and VSX instructions leave it as it was (set_high).
 */
@inline export function fpr(n: u32): u64 { return load<u64>(VSR + (<usize>n << 4), 8) }
@inline export function set_fpr(n: u32, value: u64): void {
  store<u64>(VSR + (<usize>n << 4), value, 8)
  store<u64>(VSR + (<usize>n << 4), 0)
}

/** Doublewords of a register, counted as the architecture does. */
@inline export function high(register: usize): u64 { return load<u64>(register, 8) }
@inline export function low(register: usize): u64 { return load<u64>(register) }
@inline export function set_high(register: usize, value: u64): void { store<u64>(register, value, 8) }
@inline export function set_both(register: usize, first: u64, second: u64): void {
  store<u64>(register, first, 8)
  store<u64>(register, second)
}

export const VSCR_NJ: u32 = 0x1_0000 // denormals count as zeros
const VSCR_SAT: u32 = 1

@inline export function saturated(): void { store<u32>(VSCR, load<u32>(VSCR) | VSCR_SAT) }

/** CR6 of a comparison: all elements hold, or none does. */
export function record_cr6(result: usize): void {
  const both = high(result) & low(result)
  const any = high(result) | low(result)
  store<u8>(CRF + 6, both == u64.MAX_VALUE ? 8 : any == 0 ? 2 : 0)
}
