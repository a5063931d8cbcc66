/**
 * Floating-point instructions that compute nothing: moves, signs, selection, and FPSCR itself.
 * Source: Power ISA 3.0B, Book I, 4.6.5, 4.6.9, 4.6.10.
 */
import { DRN, float_done, fpscr, FPRF, FX, set_fpscr, STICKY } from './fpscr'
import { CRF, field_a, field_b, field_c, field_d, NEXT, server } from './registers'
import { Fmove } from './tables'
import { fpr, set_fpr } from './vector'

const SIGN: u64 = 1 << 63

function put(word: u32, value: u64): u32 {
  set_fpr(field_d(word), value)
  // These raise no exception, and take no interrupt for one that came before.
  if (word & 1) store<u8>(CRF + 1, <u8>(fpscr() >> 28) & 15)
  return NEXT
}

/** Field n of FPSCR, counted from the left of its lower half. */
@inline function shift_of(n: u32): u64 { return <u64>(28 - 4 * n) }

/** mcrfs: exceptions that are copied are cleared. */
function to_cr(word: u32): u32 {
  const shift = shift_of((word >> 18) & 7)
  const value = fpscr()
  store<u8>(CRF + ((word >> 23) & 7), <u8>(value >> shift) & 15)
  set_fpscr(value & ~((STICKY | FX) & (<u64>15 << shift)))
  return NEXT
}

/** Bits of FPSCR replaced; those that sum up others are made anew. */
function replace(word: u32, mask: u64, value: u64, pc: u64): u32 {
  set_fpscr((fpscr() & ~mask) | (value & mask))
  return float_done(word, pc)
}

/** mtfsb1 and mtfsb0: an exception that is set sets FX. */
function set_bit(word: u32, on: bool, pc: u64): u32 {
  const bit: u64 = <u64>1 << (31 - field_d(word))
  const raises = on && (bit & STICKY & ~fpscr()) != 0
  return replace(word, bit | (raises ? FX : 0), on ? bit | FX : 0, pc)
}

/** The field that W and BF name: W has the upper half. */
function field_immediate(word: u32, pc: u64): u32 {
  const shift = shift_of((word >> 23) & 7) + (server() && word & 0x1_0000 ? 32 : 0)
  return replace(word, <u64>15 << shift, <u64>((word >> 12) & 15) << shift, pc)
}

function fields(word: u32, pc: u64): u32 {
  const value = fpr(field_b(word))
  // Classic CPUs know neither L nor W.
  if (server() && word & 0x200_0000) return replace(word, u64.MAX_VALUE, value, pc)
  let mask: u64 = 0
  for (let n: u32 = 0; n < 8; n++) if ((word >> 17) & (0x80 >> n)) mask |= <u64>15 << shift_of(n)
  if (server() && word & 0x1_0000) mask <<= 32
  return replace(word, mask, value, pc)
}

const ENABLES: u64 = 0xf8
const CONTROL: u64 = DRN | 0xff
const STATUS: u64 = FPRF | 0x6_0000

/** mffs and its kin: what they give, and what they put into the bits of `mask`. */
function read(word: u32, shown: u64, mask: u64, value: u64): u32 {
  const old = fpscr()
  set_fpr(field_d(word), old & shown)
  if (mask != 0) set_fpscr((old & ~mask) | (value & mask))
  return NEXT
}

function select(word: u32): u32 {
  const a = fpr(field_a(word))
  const nan = (a & ~SIGN) > 0x7ff0_0000_0000_0000
  const negative = (a & SIGN) != 0 && a != SIGN
  return put(word, nan || negative ? fpr(field_b(word)) : fpr(field_c(word)))
}

export function float_move(word: u32, which: i32, pc: u64): u32 {
  const a = fpr(field_a(word))
  const b = fpr(field_b(word))
  switch (which) {
    case Fmove.FMR: return put(word, b)
    case Fmove.FNEG: return put(word, b ^ SIGN)
    case Fmove.FABS: return put(word, b & ~SIGN)
    case Fmove.FNABS: return put(word, b | SIGN)
    case Fmove.FCPSGN: return put(word, (a & SIGN) | (b & ~SIGN))
    case Fmove.FSEL: return select(word)
    case Fmove.FMRGOW: return put(word, (a << 32) | (b & 0xffff_ffff))
    case Fmove.FMRGEW: return put(word, (a & ~0xffff_ffff) | (b >> 32))
    case Fmove.MCRFS: return to_cr(word)
    case Fmove.MTFSB1: return set_bit(word, true, pc)
    case Fmove.MTFSB0: return set_bit(word, false, pc)
    case Fmove.MTFSFI: return field_immediate(word, pc)
    case Fmove.MTFSF: return fields(word, pc)
    case Fmove.MFFS: return put(word, fpscr())
    case Fmove.MFFSCE: return read(word, u64.MAX_VALUE, ENABLES, 0)
    case Fmove.MFFSCRN: return read(word, CONTROL, 3, b)
    case Fmove.MFFSCRNI: return read(word, CONTROL, 3, <u64>(word >> 11))
    case Fmove.MFFSCDRN: return read(word, CONTROL, DRN, b)
    case Fmove.MFFSCDRNI: return read(word, CONTROL, DRN, <u64>(word >> 11) << 32)
    default: return read(word, CONTROL | STATUS, 0, 0) // MFFSL
  }
}
