/**
 * VMX on elements that lie at the same place: sums, differences, extremes, averages, comparisons, shifts, counts, logic.
 * Source: Power ISA 3.0B, Book I, 6.9 to 6.13.
 */
import { NEXT, VSCR } from './registers'
import { Vint } from './tables'
import { high, low, record_cr6, saturated, set_both, vr_a, vr_b, vr_c, vr_t } from './vector'

@inline function not(value: v128): v128 { return v128.not(value) }
function less_u64(a: v128, b: v128): v128 {
  const sign = i64x2.splat(i64.MIN_VALUE)
  return i64x2.gt_s(v128.xor(b, sign), v128.xor(a, sign))
}

/** `limited`, with SAT set where it is not what an unlimited operation gives. */
function limited(value: v128, free: v128): v128 {
  if (v128.any_true(v128.xor(value, free))) saturated()
  return value
}

function add_words_unsigned(a: v128, b: v128): v128 {
  const sum = i32x4.add(a, b)
  return limited(v128.or(sum, i32x4.lt_u(sum, a)), sum)
}

function subtract_words_unsigned(a: v128, b: v128): v128 {
  const rest = i32x4.sub(a, b)
  return limited(v128.andnot(rest, i32x4.gt_u(b, a)), rest)
}

/** The word of the sign of `a` where `wrong` has its sign bit set, else `value`. */
function limit_words(a: v128, value: v128, wrong: v128): v128 {
  const limit = v128.xor(i32x4.shr_s(a, 31), i32x4.splat(i32.MAX_VALUE))
  return limited(v128.bitselect(limit, value, i32x4.shr_s(wrong, 31)), value)
}

function add_words_signed(a: v128, b: v128): v128 {
  const sum = i32x4.add(a, b)
  return limit_words(a, sum, v128.andnot(v128.xor(a, sum), v128.xor(a, b)))
}

function subtract_words_signed(a: v128, b: v128): v128 {
  const rest = i32x4.sub(a, b)
  return limit_words(a, rest, v128.and(v128.xor(a, rest), v128.xor(a, b)))
}

/** (a + b + 1) / 2 without loss: of bytes and halfwords WebAssembly has the unsigned one. */
function average_bytes_signed(a: v128, b: v128): v128 {
  const sign = i8x16.splat(-128)
  return v128.xor(i8x16.avgr_u(v128.xor(a, sign), v128.xor(b, sign)), sign)
}

function average_halfwords_signed(a: v128, b: v128): v128 {
  const sign = i16x8.splat(-32768)
  return v128.xor(i16x8.avgr_u(v128.xor(a, sign), v128.xor(b, sign)), sign)
}

function average_words(a: v128, b: v128): v128 {
  const different = v128.xor(a, b)
  return i32x4.sub(v128.or(a, b), i32x4.shr_u(different, 1))
}

function average_words_signed(a: v128, b: v128): v128 {
  return i32x4.sub(v128.or(a, b), i32x4.shr_s(v128.xor(a, b), 1))
}

@inline function width<T>(): T { return <T>(8 * sizeof<T>()) }

function shift_left<T>(t: usize, a: usize, b: usize): u32 {
  for (let i: usize = 0; i < 16; i += sizeof<T>()) store<T>(t + i, <T>(load<T>(a + i) << (load<T>(b + i) & (width<T>() - 1))))
  return NEXT
}

/** To the right; with a signed type the sign comes in. */
function shift_right<T>(t: usize, a: usize, b: usize): u32 {
  for (let i: usize = 0; i < 16; i += sizeof<T>()) store<T>(t + i, <T>(load<T>(a + i) >> (load<T>(b + i) & (width<T>() - 1))))
  return NEXT
}

@inline function rotated<T>(value: T, by: T): T {
  const n = by & (width<T>() - 1)
  return n == 0 ? value : <T>((value << n) | (value >> (width<T>() - n)))
}

function rotate_left<T>(t: usize, a: usize, b: usize): u32 {
  for (let i: usize = 0; i < 16; i += sizeof<T>()) store<T>(t + i, rotated<T>(load<T>(a + i), load<T>(b + i)))
  return NEXT
}

/** vrlwmi, vrlwnm and the doublewords' ones: the mask is from bit mb to me, its ends and the distance in B's last three bytes. */
function rotate_mask<T>(t: usize, a: usize, b: usize, insert: bool): u32 {
  for (let i: usize = 0; i < 16; i += sizeof<T>()) {
    const control = load<T>(b + i)
    const limit = width<T>() - 1
    const from = <T>(control >> 16) & limit
    const to = <T>(control >> 8) & limit
    const head = <T>(<T>~(<T>0) >> from)
    const tail = <T>(<T>~(<T>0) << (limit - to))
    const mask = from <= to ? head & tail : head | tail
    const value = rotated<T>(load<T>(a + i), control) & mask
    store<T>(t + i, insert ? value | (load<T>(t + i) & ~mask) : value)
  }
  return NEXT
}

function leading_zeros<T>(t: usize, b: usize): u32 {
  for (let i: usize = 0; i < 16; i += sizeof<T>()) {
    store<T>(t + i, <T>(clz<u64>(<u64>load<T>(b + i)) - (64 - 8 * <i64>sizeof<T>())))
  }
  return NEXT
}

function trailing_zeros<T>(t: usize, b: usize): u32 {
  for (let i: usize = 0; i < 16; i += sizeof<T>()) {
    const value = load<T>(b + i)
    store<T>(t + i, value == 0 ? width<T>() : <T>ctz<u64>(<u64>value))
  }
  return NEXT
}

function ones<T>(t: usize, b: usize): u32 {
  for (let i: usize = 0; i < 16; i += sizeof<T>()) store<T>(t + i, <T>popcnt<u64>(<u64>load<T>(b + i)))
  return NEXT
}

/** Each element's lowest part, with its sign. */
function extend<W, N>(t: usize, b: usize): u32 {
  for (let i: usize = 0; i < 16; i += sizeof<W>()) store<W>(t + i, <W>load<N>(b + i))
  return NEXT
}

/** The parity of the bytes' lowest bits, by element. */
function parity(value: u64): u64 { return popcnt<u64>(value & 0x0101_0101_0101_0101) & 1 }

function parities(t: usize, b: usize, which: i32): u32 {
  const first = high(b)
  const second = low(b)
  if (which == Vint.VPRTYBQ) set_both(t, 0, parity(first) ^ parity(second))
  else if (which == Vint.VPRTYBD) set_both(t, parity(first), parity(second))
  else {
    for (let i: usize = 0; i < 16; i += 4) store<u32>(t + i, <u32>parity(<u64>load<u32>(b + i)))
  }
  return NEXT
}

/** An element that differs, or is zero in either: so a search for a byte and for the end of a string are one. */
function different_or_zero8(a: v128, b: v128): v128 {
  const zero = i8x16.splat(0)
  return v128.or(i8x16.ne(a, b), v128.or(i8x16.eq(a, zero), i8x16.eq(b, zero)))
}
function different_or_zero16(a: v128, b: v128): v128 {
  const zero = i16x8.splat(0)
  return v128.or(i16x8.ne(a, b), v128.or(i16x8.eq(a, zero), i16x8.eq(b, zero)))
}
function different_or_zero32(a: v128, b: v128): v128 {
  const zero = i32x4.splat(0)
  return v128.or(i32x4.ne(a, b), v128.or(i32x4.eq(a, zero), i32x4.eq(b, zero)))
}

@inline function put(word: u32, value: v128): u32 {
  v128.store(vr_t(word), value)
  return NEXT
}

export function vector_integer(word: u32, which: i32): u32 {
  const a = v128.load(vr_a(word))
  const b = v128.load(vr_b(word))
  switch (which) {
    case Vint.VADDUBM: return put(word, i8x16.add(a, b))
    case Vint.VADDUHM: return put(word, i16x8.add(a, b))
    case Vint.VADDUWM: return put(word, i32x4.add(a, b))
    case Vint.VADDUDM: return put(word, i64x2.add(a, b))
    case Vint.VADDCUW: return put(word, i32x4.shr_u(i32x4.lt_u(i32x4.add(a, b), a), 31))
    case Vint.VADDUBS: return put(word, limited(i8x16.add_sat_u(a, b), i8x16.add(a, b)))
    case Vint.VADDUHS: return put(word, limited(i16x8.add_sat_u(a, b), i16x8.add(a, b)))
    case Vint.VADDUWS: return put(word, add_words_unsigned(a, b))
    case Vint.VADDSBS: return put(word, limited(i8x16.add_sat_s(a, b), i8x16.add(a, b)))
    case Vint.VADDSHS: return put(word, limited(i16x8.add_sat_s(a, b), i16x8.add(a, b)))
    case Vint.VADDSWS: return put(word, add_words_signed(a, b))
    case Vint.VSUBUBM: return put(word, i8x16.sub(a, b))
    case Vint.VSUBUHM: return put(word, i16x8.sub(a, b))
    case Vint.VSUBUWM: return put(word, i32x4.sub(a, b))
    case Vint.VSUBUDM: return put(word, i64x2.sub(a, b))
    case Vint.VSUBCUW: return put(word, i32x4.shr_u(i32x4.ge_u(a, b), 31))
    case Vint.VSUBUBS: return put(word, limited(i8x16.sub_sat_u(a, b), i8x16.sub(a, b)))
    case Vint.VSUBUHS: return put(word, limited(i16x8.sub_sat_u(a, b), i16x8.sub(a, b)))
    case Vint.VSUBUWS: return put(word, subtract_words_unsigned(a, b))
    case Vint.VSUBSBS: return put(word, limited(i8x16.sub_sat_s(a, b), i8x16.sub(a, b)))
    case Vint.VSUBSHS: return put(word, limited(i16x8.sub_sat_s(a, b), i16x8.sub(a, b)))
    case Vint.VSUBSWS: return put(word, subtract_words_signed(a, b))
    case Vint.VMAXUB: return put(word, i8x16.max_u(a, b))
    case Vint.VMAXUH: return put(word, i16x8.max_u(a, b))
    case Vint.VMAXUW: return put(word, i32x4.max_u(a, b))
    case Vint.VMAXUD: return put(word, v128.bitselect(b, a, less_u64(a, b)))
    case Vint.VMAXSB: return put(word, i8x16.max_s(a, b))
    case Vint.VMAXSH: return put(word, i16x8.max_s(a, b))
    case Vint.VMAXSW: return put(word, i32x4.max_s(a, b))
    case Vint.VMAXSD: return put(word, v128.bitselect(a, b, i64x2.gt_s(a, b)))
    case Vint.VMINUB: return put(word, i8x16.min_u(a, b))
    case Vint.VMINUH: return put(word, i16x8.min_u(a, b))
    case Vint.VMINUW: return put(word, i32x4.min_u(a, b))
    case Vint.VMINUD: return put(word, v128.bitselect(a, b, less_u64(a, b)))
    case Vint.VMINSB: return put(word, i8x16.min_s(a, b))
    case Vint.VMINSH: return put(word, i16x8.min_s(a, b))
    case Vint.VMINSW: return put(word, i32x4.min_s(a, b))
    case Vint.VMINSD: return put(word, v128.bitselect(b, a, i64x2.gt_s(a, b)))
    case Vint.VAVGUB: return put(word, i8x16.avgr_u(a, b))
    case Vint.VAVGUH: return put(word, i16x8.avgr_u(a, b))
    case Vint.VAVGUW: return put(word, average_words(a, b))
    case Vint.VAVGSB: return put(word, average_bytes_signed(a, b))
    case Vint.VAVGSH: return put(word, average_halfwords_signed(a, b))
    case Vint.VAVGSW: return put(word, average_words_signed(a, b))
    case Vint.VABSDUB: return put(word, i8x16.sub(i8x16.max_u(a, b), i8x16.min_u(a, b)))
    case Vint.VABSDUH: return put(word, i16x8.sub(i16x8.max_u(a, b), i16x8.min_u(a, b)))
    case Vint.VABSDUW: return put(word, i32x4.sub(i32x4.max_u(a, b), i32x4.min_u(a, b)))
    case Vint.VAND: return put(word, v128.and(a, b))
    case Vint.VANDC: return put(word, v128.andnot(a, b))
    case Vint.VOR: return put(word, v128.or(a, b))
    case Vint.VORC: return put(word, v128.or(a, not(b)))
    case Vint.VXOR: return put(word, v128.xor(a, b))
    case Vint.VNOR: return put(word, not(v128.or(a, b)))
    case Vint.VNAND: return put(word, not(v128.and(a, b)))
    case Vint.VEQV: return put(word, not(v128.xor(a, b)))
    case Vint.VSEL: return put(word, v128.bitselect(b, a, v128.load(vr_c(word))))
    case Vint.VNEGW: return put(word, i32x4.neg(b))
    case Vint.VNEGD: return put(word, i64x2.neg(b))
    case Vint.VPOPCNTB: return put(word, i8x16.popcnt(b))
    case Vint.MFVSCR: set_both(vr_t(word), 0, <u64>load<u32>(VSCR)); return NEXT
    case Vint.MTVSCR: store<u32>(VSCR, <u32>low(vr_b(word))); return NEXT
    default: return by_element(word, which)
  }
}

function by_element(word: u32, which: i32): u32 {
  const t = vr_t(word)
  const a = vr_a(word)
  const b = vr_b(word)
  switch (which) {
    case Vint.VRLB: return rotate_left<u8>(t, a, b)
    case Vint.VRLH: return rotate_left<u16>(t, a, b)
    case Vint.VRLW: return rotate_left<u32>(t, a, b)
    case Vint.VRLD: return rotate_left<u64>(t, a, b)
    case Vint.VRLWMI: return rotate_mask<u32>(t, a, b, true)
    case Vint.VRLDMI: return rotate_mask<u64>(t, a, b, true)
    case Vint.VRLWNM: return rotate_mask<u32>(t, a, b, false)
    case Vint.VRLDNM: return rotate_mask<u64>(t, a, b, false)
    case Vint.VSLB: return shift_left<u8>(t, a, b)
    case Vint.VSLH: return shift_left<u16>(t, a, b)
    case Vint.VSLW: return shift_left<u32>(t, a, b)
    case Vint.VSLD: return shift_left<u64>(t, a, b)
    case Vint.VSRB: return shift_right<u8>(t, a, b)
    case Vint.VSRH: return shift_right<u16>(t, a, b)
    case Vint.VSRW: return shift_right<u32>(t, a, b)
    case Vint.VSRD: return shift_right<u64>(t, a, b)
    case Vint.VSRAB: return shift_right<i8>(t, a, b)
    case Vint.VSRAH: return shift_right<i16>(t, a, b)
    case Vint.VSRAW: return shift_right<i32>(t, a, b)
    case Vint.VSRAD: return shift_right<i64>(t, a, b)
    case Vint.VCLZB: return leading_zeros<u8>(t, b)
    case Vint.VCLZH: return leading_zeros<u16>(t, b)
    case Vint.VCLZW: return leading_zeros<u32>(t, b)
    case Vint.VCLZD: return leading_zeros<u64>(t, b)
    case Vint.VCTZB: return trailing_zeros<u8>(t, b)
    case Vint.VCTZH: return trailing_zeros<u16>(t, b)
    case Vint.VCTZW: return trailing_zeros<u32>(t, b)
    case Vint.VCTZD: return trailing_zeros<u64>(t, b)
    case Vint.VPOPCNTH: return ones<u16>(t, b)
    case Vint.VPOPCNTW: return ones<u32>(t, b)
    case Vint.VPOPCNTD: return ones<u64>(t, b)
    case Vint.VEXTSB2W: return extend<i32, i8>(t, b)
    case Vint.VEXTSH2W: return extend<i32, i16>(t, b)
    case Vint.VEXTSB2D: return extend<i64, i8>(t, b)
    case Vint.VEXTSH2D: return extend<i64, i16>(t, b)
    case Vint.VEXTSW2D: return extend<i64, i32>(t, b)
    case Vint.VPRTYBW:
    case Vint.VPRTYBD:
    case Vint.VPRTYBQ: return parities(t, b, which)
    default: return compare(word, which)
  }
}

/** Elements that hold are all ones; with Rc, bit 10 counted from the end, CR6 says whether all or none do. */
function compare(word: u32, which: i32): u32 {
  v128.store(vr_t(word), comparison(v128.load(vr_a(word)), v128.load(vr_b(word)), which))
  if (word & 0x400) record_cr6(vr_t(word))
  return NEXT
}

function comparison(a: v128, b: v128, which: i32): v128 {
  switch (which) {
    case Vint.VCMPEQUB: return i8x16.eq(a, b)
    case Vint.VCMPEQUH: return i16x8.eq(a, b)
    case Vint.VCMPEQUW: return i32x4.eq(a, b)
    case Vint.VCMPEQUD: return i64x2.eq(a, b)
    case Vint.VCMPGTUB: return i8x16.gt_u(a, b)
    case Vint.VCMPGTUH: return i16x8.gt_u(a, b)
    case Vint.VCMPGTUW: return i32x4.gt_u(a, b)
    case Vint.VCMPGTUD: return less_u64(b, a)
    case Vint.VCMPGTSB: return i8x16.gt_s(a, b)
    case Vint.VCMPGTSH: return i16x8.gt_s(a, b)
    case Vint.VCMPGTSW: return i32x4.gt_s(a, b)
    case Vint.VCMPGTSD: return i64x2.gt_s(a, b)
    case Vint.VCMPNEB: return i8x16.ne(a, b)
    case Vint.VCMPNEH: return i16x8.ne(a, b)
    case Vint.VCMPNEW: return i32x4.ne(a, b)
    case Vint.VCMPNEZB: return different_or_zero8(a, b)
    case Vint.VCMPNEZH: return different_or_zero16(a, b)
    default: return different_or_zero32(a, b) // VCMPNEZW
  }
}
