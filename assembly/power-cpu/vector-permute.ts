/**
 * VMX instructions that move parts of registers: permutations, merges, packs, splats, shifts of the whole register.
 * Source: Power ISA 3.0B, Book I, 6.8 and 6.9.4. The architecture counts bytes from the left; here they lie from the right.
 */
import { DRAFT, field_a, field_d, gpr, NEXT, set_gpr } from './registers'
import { Vperm } from './tables'
import { high, low, saturated, set_both, vr_a, vr_b, vr_c, vr_t } from './vector'

@inline function put(word: u32, value: v128): u32 {
  v128.store(vr_t(word), value)
  return NEXT
}

/** Bytes of a (0-15) and b (16-31) by the last five bits of each byte of `control`, or from the right; all are addresses. */
export function permute(t: usize, a: usize, b: usize, control: usize, right: bool): u32 {
  const named = v128.and(v128.load(control), i8x16.splat(31))
  const index = right ? i8x16.sub(i8x16.splat(31), named) : named
  // An index that is not among a register's bytes gives 0.
  const first = i8x16.swizzle(v128.load(a), i8x16.sub(i8x16.splat(15), index))
  v128.store(t, v128.or(first, i8x16.swizzle(v128.load(b), i8x16.sub(i8x16.splat(31), index))))
  return NEXT
}

/** 16 bytes of a and b side by side, from byte `start` on. */
export function cut_from(t: usize, a: usize, b: usize, start: u32): u32 {
  v128.store(DRAFT, v128.load(b))
  v128.store(DRAFT, v128.load(a), 16)
  v128.store(t, v128.load(DRAFT + 16 - <usize>start))
  return NEXT
}

/** The first (last) two words of a and b in turns. */
export function merge_words(t: usize, a: usize, b: usize, first: bool): u32 {
  const left = v128.load(a)
  const right = v128.load(b)
  v128.store(t, first ? i32x4.shuffle(left, right, 6, 2, 7, 3) : i32x4.shuffle(left, right, 4, 0, 5, 1))
  return NEXT
}

@inline function uim(word: u32): usize { return <usize>field_a(word) }

/** The address of `size` bytes from byte n on; n beyond what there is is undefined. */
@inline function element(register: usize, n: usize, size: usize): usize { return register + (n + size > 16 ? 0 : 16 - n - size) }

/** Elements of a and then b, made half as wide; with `limit` those that do not fit get the nearest that does. */
function pack<W, N>(word: u32, limit: bool): u32 {
  pack_half<W, N>(vr_b(word), DRAFT, limit)
  pack_half<W, N>(vr_a(word), DRAFT + 8, limit)
  return put(word, v128.load(DRAFT))
}

function pack_half<W, N>(from: usize, to: usize, limit: bool): void {
  for (let i: usize = 0; i < 16; i += sizeof<W>()) {
    const value = load<W>(from + i)
    const kept = limit ? nearest<W, N>(value) : value
    if (kept != value) saturated()
    store<N>(to + (i >> 1), <N>kept)
  }
}

/** The nearest value that N has. */
function nearest<W, N>(value: W): W {
  const bits = <W>(8 * sizeof<N>())
  const most = isSigned<N>() ? (<W>1 << (bits - 1)) - 1 : (<W>1 << bits) - 1
  if (value > most) return most
  if (!isSigned<W>()) return value
  const least: W = isSigned<N>() ? -1 - most : 0
  return value < least ? least : value
}

function pack_pixels(word: u32): u32 {
  for (let i: usize = 0; i < 32; i += 4) {
    const pixel = load<u32>(i < 16 ? vr_b(word) + i : vr_a(word) + i - 16)
    const packed = ((pixel >> 9) & 0x8000) | ((pixel >> 9) & 0x7c00) | ((pixel >> 6) & 0x3e0) | ((pixel >> 3) & 31)
    store<u16>(DRAFT + (i >> 1), <u16>packed)
  }
  return put(word, v128.load(DRAFT))
}

/** One half of a register, elements made twice as wide with their sign. */
function unpack<W, N>(word: u32, half: usize): u32 {
  const from = vr_b(word) + half
  for (let i: usize = 0; i < 16; i += sizeof<W>()) store<W>(DRAFT + i, <W>load<N>(from + (i >> 1)))
  return put(word, v128.load(DRAFT))
}
const FIRST: usize = 8
const SECOND: usize = 0

function unpack_pixels(word: u32, half: usize): u32 {
  for (let i: usize = 0; i < 16; i += 4) {
    const pixel = <u32>load<u16>(vr_b(word) + half + (i >> 1))
    const sign: u32 = pixel & 0x8000 ? 0xff00_0000 : 0
    store<u32>(DRAFT + i, sign | ((pixel & 0x7c00) << 6) | ((pixel & 0x3e0) << 3) | (pixel & 31))
  }
  return put(word, v128.load(DRAFT))
}

/** vsl and vsr: by the last three bits of b. */
function shift_bits(word: u32, left: bool): u32 {
  const by = low(vr_b(word)) & 7
  const a = vr_a(word)
  if (by == 0) set_both(vr_t(word), high(a), low(a))
  else if (left) set_both(vr_t(word), (high(a) << by) | (low(a) >> (64 - by)), low(a) << by)
  else set_both(vr_t(word), high(a) >> by, (low(a) >> by) | (high(a) << (64 - by)))
  return NEXT
}

/** vslo and vsro: by bytes, the number in bits 121-124 of b. */
function shift_bytes(word: u32, left: bool): u32 {
  const by = <u32>(low(vr_b(word)) >> 3) & 15
  v128.store(DRAFT, i8x16.splat(0))
  v128.store(DRAFT, v128.load(vr_a(word)), 16)
  v128.store(DRAFT, i8x16.splat(0), 32)
  return put(word, v128.load(left ? DRAFT + 16 - <usize>by : DRAFT + 16 + <usize>by))
}

/** vslv and vsrv: each byte and its right (left) neighbour, shifted by the last three bits of b's byte. */
function shift_each(word: u32, left: bool): u32 {
  const a = vr_a(word)
  for (let i: usize = 0; i < 16; i++) {
    const by = <u32>load<u8>(vr_b(word) + i) & 7
    const own = <u32>load<u8>(a + i)
    const beside: u32 = left ? (i == 0 ? 0 : load<u8>(a + i - 1)) : i == 15 ? 0 : load<u8>(a + i + 1)
    store<u8>(DRAFT + i, <u8>(left ? ((own << 8) | beside) << by >> 8 : ((beside << 8) | own) >> by))
  }
  return put(word, v128.load(DRAFT))
}

/** Bits of a that the bytes of b name, by doubleword (64) or of the whole register (128); others give 0. */
function pick_bits(a: usize, bits: u32, control: usize, count: u32): u64 {
  let picked: u64 = 0
  for (let i: u32 = 0; i < count; i++) {
    const n = <u32>load<u8>(control + <usize>(count - 1 - i))
    const found = n < bits ? (<u32>load<u8>(a + <usize>((bits - 1 - n) >> 3)) >> (7 - (n & 7))) & 1 : 0
    picked = (picked << 1) | <u64>found
  }
  return picked
}

function permute_bits(word: u32): u32 {
  set_both(vr_t(word), pick_bits(vr_a(word), 128, vr_b(word), 16), 0)
  return NEXT
}

function permute_bits_doubleword(word: u32): u32 {
  const first = pick_bits(vr_a(word) + 8, 64, vr_b(word) + 8, 8)
  set_both(vr_t(word), first, pick_bits(vr_a(word), 64, vr_b(word), 8))
  return NEXT
}

/** Bit i of byte j goes to bit j of byte i. */
function transposed(value: u64): u64 {
  let result: u64 = 0
  for (let i: u64 = 0; i < 64; i++) result |= ((value >> i) & 1) << (((i & 7) << 3) | (i >> 3))
  return result
}

/** How many bytes from the left (right) have a last bit of 0, before one that has not. */
function count_bytes(word: u32, left: bool): u32 {
  const b = vr_b(word)
  let n: usize = 0
  while (n < 16 && (load<u8>(left ? b + 15 - n : b + n) & 1) == 0) n++
  set_gpr(field_d(word), <u64>n)
  return NEXT
}

function extract(word: u32, value: u64): u32 {
  set_both(vr_t(word), value, 0)
  return NEXT
}

/** vextublx and its kin: RA says which byte of b, from the left or the right. */
function extract_indexed(word: u32, size: usize, left: bool): u32 {
  const n = <usize>gpr(field_a(word)) & 15
  const at = left ? element(vr_b(word), n, size) : vr_b(word) + (n + size > 16 ? 0 : n)
  set_gpr(field_d(word), size == 1 ? <u64>load<u8>(at) : size == 2 ? <u64>load<u16>(at) : <u64>load<u32>(at))
  return NEXT
}

@inline function signed5(word: u32): i32 { return <i32>(word << 11) >> 27 }

export function vector_permute(word: u32, which: i32): u32 {
  const a = v128.load(vr_a(word))
  const b = v128.load(vr_b(word))
  switch (which) {
    case Vperm.VPERM: return permute(vr_t(word), vr_a(word), vr_b(word), vr_c(word), false)
    case Vperm.VPERMR: return permute(vr_t(word), vr_a(word), vr_b(word), vr_c(word), true)
    case Vperm.VSLDOI: return cut_from(vr_t(word), vr_a(word), vr_b(word), (word >> 6) & 15)
    case Vperm.VMRGHB:
      return put(word, i8x16.shuffle(a, b, 24, 8, 25, 9, 26, 10, 27, 11, 28, 12, 29, 13, 30, 14, 31, 15))
    case Vperm.VMRGLB: return put(word, i8x16.shuffle(a, b, 16, 0, 17, 1, 18, 2, 19, 3, 20, 4, 21, 5, 22, 6, 23, 7))
    case Vperm.VMRGHH: return put(word, i16x8.shuffle(a, b, 12, 4, 13, 5, 14, 6, 15, 7))
    case Vperm.VMRGLH: return put(word, i16x8.shuffle(a, b, 8, 0, 9, 1, 10, 2, 11, 3))
    case Vperm.VMRGHW: return merge_words(vr_t(word), vr_a(word), vr_b(word), true)
    case Vperm.VMRGLW: return merge_words(vr_t(word), vr_a(word), vr_b(word), false)
    case Vperm.VMRGOW: return put(word, i32x4.shuffle(a, b, 4, 0, 6, 2))
    case Vperm.VMRGEW: return put(word, i32x4.shuffle(a, b, 5, 1, 7, 3))
    case Vperm.VSPLTB: return put(word, i8x16.splat(load<i8>(vr_b(word) + 15 - (uim(word) & 15))))
    case Vperm.VSPLTH: return put(word, i16x8.splat(load<i16>(vr_b(word) + 14 - 2 * (uim(word) & 7))))
    case Vperm.VSPLTW: return put(word, i32x4.splat(load<i32>(vr_b(word) + 12 - 4 * (uim(word) & 3))))
    case Vperm.VSPLTISB: return put(word, i8x16.splat(<i8>signed5(word)))
    case Vperm.VSPLTISH: return put(word, i16x8.splat(<i16>signed5(word)))
    case Vperm.VSPLTISW: return put(word, i32x4.splat(signed5(word)))
    case Vperm.VSL: return shift_bits(word, true)
    case Vperm.VSR: return shift_bits(word, false)
    case Vperm.VSLO: return shift_bytes(word, true)
    case Vperm.VSRO: return shift_bytes(word, false)
    case Vperm.VSLV: return shift_each(word, true)
    case Vperm.VSRV: return shift_each(word, false)
    default: return packing(word, which)
  }
}

function packing(word: u32, which: i32): u32 {
  switch (which) {
    case Vperm.VPKUHUM: return pack<u16, u8>(word, false)
    case Vperm.VPKUWUM: return pack<u32, u16>(word, false)
    case Vperm.VPKUDUM: return pack<u64, u32>(word, false)
    case Vperm.VPKUHUS: return pack<u16, u8>(word, true)
    case Vperm.VPKUWUS: return pack<u32, u16>(word, true)
    case Vperm.VPKUDUS: return pack<u64, u32>(word, true)
    case Vperm.VPKSHUS: return pack<i16, u8>(word, true)
    case Vperm.VPKSWUS: return pack<i32, u16>(word, true)
    case Vperm.VPKSDUS: return pack<i64, u32>(word, true)
    case Vperm.VPKSHSS: return pack<i16, i8>(word, true)
    case Vperm.VPKSWSS: return pack<i32, i16>(word, true)
    case Vperm.VPKSDSS: return pack<i64, i32>(word, true)
    case Vperm.VPKPX: return pack_pixels(word)
    case Vperm.VUPKHSB: return unpack<i16, i8>(word, FIRST)
    case Vperm.VUPKHSH: return unpack<i32, i16>(word, FIRST)
    case Vperm.VUPKHSW: return unpack<i64, i32>(word, FIRST)
    case Vperm.VUPKLSB: return unpack<i16, i8>(word, SECOND)
    case Vperm.VUPKLSH: return unpack<i32, i16>(word, SECOND)
    case Vperm.VUPKLSW: return unpack<i64, i32>(word, SECOND)
    case Vperm.VUPKHPX: return unpack_pixels(word, FIRST)
    case Vperm.VUPKLPX: return unpack_pixels(word, SECOND)
    default: return single_elements(word, which)
  }
}

/** One element in or out, and bits. What vinsert* takes lies at the end of b's first doubleword. */
function single_elements(word: u32, which: i32): u32 {
  const t = vr_t(word)
  const b = vr_b(word)
  const n = uim(word) & 15
  switch (which) {
    case Vperm.VEXTRACTUB: return extract(word, <u64>load<u8>(element(b, n, 1)))
    case Vperm.VEXTRACTUH: return extract(word, <u64>load<u16>(element(b, n, 2)))
    case Vperm.VEXTRACTUW: return extract(word, <u64>load<u32>(element(b, n, 4)))
    case Vperm.VEXTRACTD: return extract(word, load<u64>(element(b, n, 8)))
    case Vperm.VINSERTB: store<u8>(element(t, n, 1), load<u8>(b, 8)); return NEXT
    case Vperm.VINSERTH: store<u16>(element(t, n, 2), load<u16>(b, 8)); return NEXT
    case Vperm.VINSERTW: store<u32>(element(t, n, 4), load<u32>(b, 8)); return NEXT
    case Vperm.VINSERTD: store<u64>(element(t, n, 8), load<u64>(b, 8)); return NEXT
    case Vperm.VEXTUBLX: return extract_indexed(word, 1, true)
    case Vperm.VEXTUHLX: return extract_indexed(word, 2, true)
    case Vperm.VEXTUWLX: return extract_indexed(word, 4, true)
    case Vperm.VEXTUBRX: return extract_indexed(word, 1, false)
    case Vperm.VEXTUHRX: return extract_indexed(word, 2, false)
    case Vperm.VEXTUWRX: return extract_indexed(word, 4, false)
    case Vperm.VGBBD: set_both(t, transposed(high(b)), transposed(low(b))); return NEXT
    case Vperm.VBPERMQ: return permute_bits(word)
    case Vperm.VBPERMD: return permute_bits_doubleword(word)
    case Vperm.VCLZLSBB: return count_bytes(word, true)
    default: return count_bytes(word, false) // VCTZLSBB
  }
}
