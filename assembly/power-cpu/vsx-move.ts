/**
 * VSX instructions that compute nothing but bits: logic, permutations, splats, and moves from and to general registers.
 * Source: Power ISA 3.0B, Book I, 7.6.3.
 */
import { base, DRAFT, field_a, field_b, gpr, NEXT, set_gpr } from './registers'
import { Xmove } from './tables'
import { high, low, set_both, set_high, vsr_a, vsr_b, vsr_c, vsr_t } from './vector'
import { cut_from, merge_words, permute } from './vector-permute'

@inline function put(word: u32, value: v128): u32 {
  v128.store(vsr_t(word), value)
  return NEXT
}
@inline function put_both(word: u32, first: u64, second: u64): u32 {
  set_both(vsr_t(word), first, second)
  return NEXT
}

function permute_doublewords(word: u32): u32 {
  const first = word & 0x200 ? low(vsr_a(word)) : high(vsr_a(word))
  return put_both(word, first, word & 0x100 ? low(vsr_b(word)) : high(vsr_b(word)))
}

/** The bytes of each element of `size` in the opposite order. */
function reverse(word: u32, size: usize): u32 {
  for (let i: usize = 0; i < 16; i++) store<u8>(DRAFT + (i ^ (size - 1)), load<u8>(vsr_b(word) + i))
  return put(word, v128.load(DRAFT))
}

/** xxextractuw, xxinsertw: the word that begins at byte UIM; beyond byte 12 it is undefined. */
@inline function word_at(register: usize, word: u32): usize {
  const n = <usize>field_a(word) & 15
  return register + (n > 12 ? 0 : 12 - n)
}

export function vsx_move(word: u32, which: i32): u32 {
  const a = v128.load(vsr_a(word))
  const b = v128.load(vsr_b(word))
  switch (which) {
    case Xmove.XXLAND: return put(word, v128.and(a, b))
    case Xmove.XXLANDC: return put(word, v128.andnot(a, b))
    case Xmove.XXLOR: return put(word, v128.or(a, b))
    case Xmove.XXLORC: return put(word, v128.or(a, v128.not(b)))
    case Xmove.XXLXOR: return put(word, v128.xor(a, b))
    case Xmove.XXLNOR: return put(word, v128.not(v128.or(a, b)))
    case Xmove.XXLNAND: return put(word, v128.not(v128.and(a, b)))
    case Xmove.XXLEQV: return put(word, v128.not(v128.xor(a, b)))
    case Xmove.XXSEL: return put(word, v128.bitselect(b, a, v128.load(vsr_c(word))))
    case Xmove.XXMRGHW: return merge_words(vsr_t(word), vsr_a(word), vsr_b(word), true)
    case Xmove.XXMRGLW: return merge_words(vsr_t(word), vsr_a(word), vsr_b(word), false)
    case Xmove.XXPERM: return permute(vsr_t(word), vsr_a(word), vsr_t(word), vsr_b(word), false)
    case Xmove.XXPERMR: return permute(vsr_t(word), vsr_a(word), vsr_t(word), vsr_b(word), true)
    case Xmove.XXSLDWI: return cut_from(vsr_t(word), vsr_a(word), vsr_b(word), ((word >> 8) & 3) << 2)
    case Xmove.XXPERMDI: return permute_doublewords(word)
    case Xmove.XXSPLTIB: return put(word, i8x16.splat(<i8>(word >> 11)))
    case Xmove.XXSPLTW: return put(word, i32x4.splat(load<i32>(vsr_b(word) + 12 - 4 * <usize>(field_a(word) & 3))))
    case Xmove.XXEXTRACTUW: return put_both(word, <u64>load<u32>(word_at(vsr_b(word), word)), 0)
    case Xmove.XXINSERTW: store<u32>(word_at(vsr_t(word), word), load<u32>(vsr_b(word), 8)); return NEXT
    case Xmove.XXBRH: return reverse(word, 2)
    case Xmove.XXBRW: return reverse(word, 4)
    case Xmove.XXBRD: return reverse(word, 8)
    case Xmove.XXBRQ: return reverse(word, 16)
    default: return between_files(word, which)
  }
}

function between_files(word: u32, which: i32): u32 {
  const t = vsr_t(word)
  const from = gpr(field_a(word))
  switch (which) {
    case Xmove.MFVSRD: set_gpr(field_a(word), high(t)); return NEXT
    case Xmove.MFVSRLD: set_gpr(field_a(word), low(t)); return NEXT
    case Xmove.MFVSRWZ: set_gpr(field_a(word), <u64><u32>high(t)); return NEXT
    case Xmove.MTVSRD: set_high(t, from); return NEXT
    case Xmove.MTVSRWA: set_high(t, <u64><i64><i32>from); return NEXT
    case Xmove.MTVSRWZ: set_high(t, <u64><u32>from); return NEXT
    case Xmove.MTVSRWS: return put(word, i32x4.splat(<i32>from))
    default: return put_both(word, base(word), gpr(field_b(word))) // MTVSRDD
  }
}
