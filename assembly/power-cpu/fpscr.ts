/**
 * FPSCR: its bits, its summaries, and the interrupt of an exception that is enabled.
 * Source: Power ISA 3.0B, Book I, 4.2.2 and 4.4.
 */
import { raise_program } from './exception'
import { CRF, FPSCR, LEAVE, msr, MSR_FE, NEXT, server } from './registers'

export const FX: u64 = 1 << 31 // an exception has come up since it was last cleared
export const FEX: u64 = 1 << 30 // one that is enabled
export const VX: u64 = 1 << 29 // an invalid operation of any kind
export const OX: u64 = 1 << 28
export const UX: u64 = 1 << 27
export const ZX: u64 = 1 << 26
export const XX: u64 = 1 << 25
export const VXSNAN: u64 = 1 << 24
export const VXISI: u64 = 1 << 23 // infinity - infinity
export const VXIDI: u64 = 1 << 22 // infinity / infinity
export const VXZDZ: u64 = 1 << 21 // 0 / 0
export const VXIMZ: u64 = 1 << 20 // infinity * 0
export const VXVC: u64 = 1 << 19 // an ordered comparison with a NaN
export const FR: u64 = 1 << 18 // the last result was rounded away from zero
export const FI: u64 = 1 << 17 // the last result was not exact
export const FPRF: u64 = 0x1f << 12 // the class of the last result; its last four bits also hold a comparison's answer
export const FPCC: u64 = 15 << 12
export const VXSOFT: u64 = 1 << 10
export const VXSQRT: u64 = 1 << 9
export const VXCVI: u64 = 1 << 8
export const VE: u64 = 1 << 7
export const OE: u64 = 1 << 6
export const UE: u64 = 1 << 5
export const ZE: u64 = 1 << 4
export const XE: u64 = 1 << 3
export const RN: u64 = 3
export const DRN: u64 = 7 << 32
export const VX_ALL: u64 = VXSNAN | VXISI | VXIDI | VXZDZ | VXIMZ | VXVC | VXSOFT | VXSQRT | VXCVI
/** Bits that stay until they are cleared, and set FX when they come. */
export const STICKY: u64 = OX | UX | ZX | XX | VX_ALL
const WRITABLE: u64 = DRN | (0xffff_ffff & ~(FEX | VX | (1 << 11)))

const PROGRAM_FLOAT: u64 = 0x0010_0000

@inline export function fpscr(): u64 { return load<u64>(FPSCR) }

/** FPSCR with what sums up other bits. */
export function set_fpscr(value: u64): void {
  value &= server() ? WRITABLE : WRITABLE & 0xffff_ffff
  if (value & VX_ALL) value |= VX
  // The enable bits lie in the order of the exceptions.
  const enabled = ((value & VX) >> 22) | ((value & (OX | UX | ZX | XX)) >> 22)
  if (enabled & value & (VE | OE | UE | ZE | XE)) value |= FEX
  store<u64>(FPSCR, value)
}

/** Sets bits that are sticky, and FX if one of them is new. */
export function set_exceptions(bits: u64): void {
  const old = fpscr()
  if (bits & ~old & STICKY) bits |= FX
  set_fpscr(old | bits)
}

/** The end of an instruction: CR1 for the record form, and the interrupt if an enabled exception is there. */
export function float_done(word: u32, pc: u64): u32 {
  if (word & 1) store<u8>(CRF + 1, <u8>(fpscr() >> 28) & 15)
  return float_interrupt(pc)
}

export function float_interrupt(pc: u64): u32 {
  if ((fpscr() & FEX) == 0 || (msr() & MSR_FE) == 0) return NEXT
  raise_program(PROGRAM_FLOAT, pc)
  return LEAVE
}
