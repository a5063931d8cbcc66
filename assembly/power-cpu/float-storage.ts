/**
 * Loads and stores of floating-point and vector registers, and the permutation masks that go with them.
 * Source: Power ISA 3.0B, Book I, 4.6, 6.7, 7.6.1.
 *
 * A register has its last byte first in memory. So in little-endian mode a quadword is copied as it is; what is made of
 * smaller elements has their order turned, as the first element is the leftmost one in either mode.
 */
import { double_to_single, single_to_double } from './float-format'
import { load_slow, store_slow } from './memory'
import {
  base, DRAFT, field_a, field_b, field_d, gpr, LEAVE, msr, MSR_LE, NEXT, set_gpr, VSR, wide_mode,
} from './registers'
import { Fmem } from './tables'
import { fpr, high, low, set_both, set_high, vr_t, vsr_t } from './vector'

@inline function little(): bool { return (msr() & MSR_LE) != 0 }
@inline function cut(address: u64): u64 { return wide_mode() ? address : <u64><u32>address }

/** A value of `size` bytes from where it lies, in the mode's order. */
function value_at(from: usize, size: u32): u64 {
  if (size == 8) return little() ? load<u64>(from) : bswap<u64>(load<u64>(from))
  if (size == 4) return little() ? load<u32>(from) : bswap<u32>(load<u32>(from))
  if (size == 2) return little() ? load<u16>(from) : bswap<u16>(load<u16>(from))
  return load<u8>(from)
}

function put_value(at: u64, size: u32, value: u64, pc: u64): u32 {
  return store_slow(at, size, little() ? value : bswap<u64>(value) >> (64 - 8 * <u64>size), pc) ? NEXT : LEAVE
}

/** What a scalar load makes of storage. */
const PLAIN: u32 = 0
const SIGNED_WORD: u32 = 1
const SINGLE: u32 = 2

/** The first doubleword of a register. */
function load_scalar(register: usize, at: u64, size: u32, kind: u32, pc: u64): u32 {
  const from = load_slow(at, size, pc)
  if (from == 0) return LEAVE
  const value = value_at(from, size)
  set_high(register, kind == SINGLE ? single_to_double(<u32>value) : kind == SIGNED_WORD ? <u64><i64><i32>value : value)
  return NEXT
}

/** Loads of an FPR, lxsd and lxssp clear the second doubleword (vector.ts). */
function load_alone(register: usize, at: u64, size: u32, kind: u32, pc: u64): u32 {
  const outcome = load_scalar(register, at, size, kind, pc)
  if (outcome == NEXT) store<u64>(register, 0)
  return outcome
}

function load_single(word: u32, at: u64, pc: u64): u32 { return load_alone(fpr_t(word), at, 4, SINGLE, pc) }
function load_double(word: u32, at: u64, pc: u64): u32 { return load_alone(fpr_t(word), at, 8, PLAIN, pc) }
function store_single(word: u32, at: u64, pc: u64): u32 { return put_value(at, 4, <u64>double_to_single(fpr(field_d(word))), pc) }
function store_double(word: u32, at: u64, pc: u64): u32 { return put_value(at, 8, fpr(field_d(word)), pc) }
@inline function fpr_t(word: u32): usize { return VSR + (<usize>field_d(word) << 4) }

/** The address goes to RA once the access has been made. */
function updated(word: u32, at: u64, outcome: u32): u32 {
  if (outcome == NEXT) set_gpr(field_a(word), at)
  return outcome
}

/** One element of a VMX register, at the place that its address has in a quadword; the others stay (undefined). */
@inline function element(word: u32, at: u64, size: u32): usize {
  const n: u32 = <u32>at & 15 & ~(size - 1)
  const place: u32 = little() ? n : 16 - n - size
  return vr_t(word) + <usize>place
}

function load_element(word: u32, address: u64, size: u32, pc: u64): u32 {
  const at = address & ~<u64>(size - 1)
  const from = load_slow(at, size, pc)
  if (from == 0) return LEAVE
  const value = value_at(from, size)
  if (size == 4) store<u32>(element(word, at, size), <u32>value)
  else if (size == 2) store<u16>(element(word, at, size), <u16>value)
  else store<u8>(element(word, at, size), <u8>value)
  return NEXT
}

function store_element(word: u32, address: u64, size: u32, pc: u64): u32 {
  const at = address & ~<u64>(size - 1)
  return put_value(at, size, <u64>load<u32>(element(word, at, size)) & ((<u64>1 << (8 * size)) - 1), pc)
}

/** The width of elements that are turned one by one; a quadword is turned as a whole. */
const QUAD: u32 = 16

/** Between a doubleword in memory and the register's, whose first element is the leftmost. */
function turned(value: u64, size: u32): u64 {
  if (!little() || size == 1) return bswap<u64>(value)
  if (size == 8) return value
  const words = rotl<u64>(value, 32)
  return size == 4 ? words : ((words & 0xffff_0000_ffff) << 16) | ((words >> 16) & 0xffff_0000_ffff)
}

function load_vector(register: usize, at: u64, size: u32, pc: u64): u32 {
  // What load_slow finds has to be loaded before the next call.
  const first = load_slow(at, 8, pc)
  if (first == 0) return LEAVE
  const before = load<u64>(first)
  const second = load_slow(cut(at + 8), 8, pc)
  if (second == 0) return LEAVE
  const after = load<u64>(second)
  if (size != QUAD) set_both(register, turned(before, size), turned(after, size))
  else if (little()) set_both(register, after, before)
  else set_both(register, bswap<u64>(before), bswap<u64>(after))
  return NEXT
}

function store_vector(register: usize, at: u64, size: u32, pc: u64): u32 {
  let before = high(register)
  let after = low(register)
  if (size != QUAD) {
    before = turned(before, size)
    after = turned(after, size)
  } else if (little()) {
    before = low(register)
    after = high(register)
  } else {
    before = bswap<u64>(before)
    after = bswap<u64>(after)
  }
  return store_slow(at, 8, before, pc) && store_slow(cut(at + 8), 8, after, pc) ? NEXT : LEAVE
}

function load_splat(word: u32, at: u64, size: u32, pc: u64): u32 {
  const from = load_slow(at, size, pc)
  if (from == 0) return LEAVE
  const value = value_at(from, size)
  const both = size == 8 ? value : value | (value << 32)
  set_both(vsr_t(word), both, both)
  return NEXT
}

/** lxvl, stxvl and the ones with a second l: as many bytes as RB's first byte says, at the left end with `left`. */
@inline function length_of(word: u32): u32 {
  const length = gpr(field_b(word)) >> 56
  return length > 16 ? 16 : <u32>length
}
@inline function place_of(i: u32, left: bool): usize { return left || !little() ? 15 - i : i }

function load_length(word: u32, left: bool, pc: u64): u32 {
  const length = length_of(word)
  v128.store(DRAFT, i8x16.splat(0))
  for (let i: u32 = 0; i < length; i++) {
    const from = load_slow(cut(base(word) + <u64>i), 1, pc)
    if (from == 0) return LEAVE
    store<u8>(DRAFT + place_of(i, left), load<u8>(from))
  }
  v128.store(vsr_t(word), v128.load(DRAFT))
  return NEXT
}

function store_length(word: u32, left: bool, pc: u64): u32 {
  const length = length_of(word)
  for (let i: u32 = 0; i < length; i++) {
    const value = load<u8>(vsr_t(word) + place_of(i, left))
    if (!store_slow(cut(base(word) + <u64>i), 1, <u64>value, pc)) return LEAVE
  }
  return NEXT
}

/** lvsl and lvsr: the bytes 0 to 31, 16 of them from `start` on. */
function shift_mask(word: u32, start: u32): u32 {
  for (let i: u32 = 0; i < 16; i++) store<u8>(vr_t(word) + 15 - i, <u8>(start + i))
  return NEXT
}

export function float_storage(word: u32, which: i32, pc: u64): u32 {
  const indexed = cut(base(word) + gpr(field_b(word)))
  const displaced = cut(base(word) + <u64><i64><i16>word)
  switch (which) {
    case Fmem.LFS: return load_single(word, displaced, pc)
    case Fmem.LFSU: return updated(word, displaced, load_single(word, displaced, pc))
    case Fmem.LFSX: return load_single(word, indexed, pc)
    case Fmem.LFSUX: return updated(word, indexed, load_single(word, indexed, pc))
    case Fmem.LFD: return load_double(word, displaced, pc)
    case Fmem.LFDU: return updated(word, displaced, load_double(word, displaced, pc))
    case Fmem.LFDX: return load_double(word, indexed, pc)
    case Fmem.LFDUX: return updated(word, indexed, load_double(word, indexed, pc))
    case Fmem.LFIWAX: return load_alone(fpr_t(word), indexed, 4, SIGNED_WORD, pc)
    case Fmem.LFIWZX: return load_alone(fpr_t(word), indexed, 4, PLAIN, pc)
    case Fmem.STFS: return store_single(word, displaced, pc)
    case Fmem.STFSU: return updated(word, displaced, store_single(word, displaced, pc))
    case Fmem.STFSX: return store_single(word, indexed, pc)
    case Fmem.STFSUX: return updated(word, indexed, store_single(word, indexed, pc))
    case Fmem.STFD: return store_double(word, displaced, pc)
    case Fmem.STFDU: return updated(word, displaced, store_double(word, displaced, pc))
    case Fmem.STFDX: return store_double(word, indexed, pc)
    case Fmem.STFDUX: return updated(word, indexed, store_double(word, indexed, pc))
    case Fmem.STFIWX: return put_value(indexed, 4, fpr(field_d(word)) & 0xffff_ffff, pc)
    case Fmem.LVSL: return shift_mask(word, <u32>indexed & 15)
    case Fmem.LVSR: return shift_mask(word, 16 - (<u32>indexed & 15))
    case Fmem.LVEBX: return load_element(word, indexed, 1, pc)
    case Fmem.LVEHX: return load_element(word, indexed, 2, pc)
    case Fmem.LVEWX: return load_element(word, indexed, 4, pc)
    case Fmem.STVEBX: return store_element(word, indexed, 1, pc)
    case Fmem.STVEHX: return store_element(word, indexed, 2, pc)
    case Fmem.STVEWX: return store_element(word, indexed, 4, pc)
    case Fmem.LVX:
    case Fmem.LVXL: return load_vector(vr_t(word), indexed & ~15, QUAD, pc)
    case Fmem.STVX:
    case Fmem.STVXL: return store_vector(vr_t(word), indexed & ~15, QUAD, pc)
    // Hints to caches that there are none of.
    case Fmem.DST:
    case Fmem.DSTST:
    case Fmem.DSS: return NEXT
    default: return vsx_storage(word, which, indexed, pc)
  }
}

/** lxv and stxv: the sixth bit of the register's number is bit 28. */
@inline function vsr_dq(word: u32): usize { return VSR + (<usize>(field_d(word) | ((word & 8) << 2)) << 4) }

function vsx_storage(word: u32, which: i32, indexed: u64, pc: u64): u32 {
  const ds = cut(base(word) + <u64><i64><i16>(word & 0xfffc))
  const dq = cut(base(word) + <u64><i64><i16>(word & 0xfff0))
  switch (which) {
    case Fmem.LXV: return load_vector(vsr_dq(word), dq, QUAD, pc)
    case Fmem.STXV: return store_vector(vsr_dq(word), dq, QUAD, pc)
    case Fmem.LXVX: return load_vector(vsr_t(word), indexed, QUAD, pc)
    case Fmem.STXVX: return store_vector(vsr_t(word), indexed, QUAD, pc)
    case Fmem.LXVD2X: return load_vector(vsr_t(word), indexed, 8, pc)
    case Fmem.STXVD2X: return store_vector(vsr_t(word), indexed, 8, pc)
    case Fmem.LXVW4X: return load_vector(vsr_t(word), indexed, 4, pc)
    case Fmem.STXVW4X: return store_vector(vsr_t(word), indexed, 4, pc)
    case Fmem.LXVH8X: return load_vector(vsr_t(word), indexed, 2, pc)
    case Fmem.STXVH8X: return store_vector(vsr_t(word), indexed, 2, pc)
    case Fmem.LXVB16X: return load_vector(vsr_t(word), indexed, 1, pc)
    case Fmem.STXVB16X: return store_vector(vsr_t(word), indexed, 1, pc)
    case Fmem.LXVDSX: return load_splat(word, indexed, 8, pc)
    case Fmem.LXVWSX: return load_splat(word, indexed, 4, pc)
    case Fmem.LXVL: return load_length(word, false, pc)
    case Fmem.LXVLL: return load_length(word, true, pc)
    case Fmem.STXVL: return store_length(word, false, pc)
    case Fmem.STXVLL: return store_length(word, true, pc)
    case Fmem.LXSD: return load_alone(vr_t(word), ds, 8, PLAIN, pc)
    case Fmem.LXSSP: return load_alone(vr_t(word), ds, 4, SINGLE, pc)
    case Fmem.LXSDX: return load_scalar(vsr_t(word), indexed, 8, PLAIN, pc)
    case Fmem.LXSSPX: return load_scalar(vsr_t(word), indexed, 4, SINGLE, pc)
    case Fmem.LXSIWAX: return load_scalar(vsr_t(word), indexed, 4, SIGNED_WORD, pc)
    case Fmem.LXSIWZX: return load_scalar(vsr_t(word), indexed, 4, PLAIN, pc)
    case Fmem.LXSIBZX: return load_scalar(vsr_t(word), indexed, 1, PLAIN, pc)
    case Fmem.LXSIHZX: return load_scalar(vsr_t(word), indexed, 2, PLAIN, pc)
    case Fmem.STXSD: return put_value(ds, 8, high(vr_t(word)), pc)
    case Fmem.STXSSP: return put_value(ds, 4, <u64>double_to_single(high(vr_t(word))), pc)
    case Fmem.STXSDX: return put_value(indexed, 8, high(vsr_t(word)), pc)
    case Fmem.STXSSPX: return put_value(indexed, 4, <u64>double_to_single(high(vsr_t(word))), pc)
    case Fmem.STXSIWX: return put_value(indexed, 4, high(vsr_t(word)) & 0xffff_ffff, pc)
    case Fmem.STXSIHX: return put_value(indexed, 2, high(vsr_t(word)) & 0xffff, pc)
    default: return put_value(indexed, 1, high(vsr_t(word)) & 0xff, pc) // STXSIBX
  }
}
