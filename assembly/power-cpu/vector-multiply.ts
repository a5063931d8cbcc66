/**
 * VMX products and what is summed across elements, and integers of 128 bits.
 * Source: Power ISA 3.0B, Book I, 6.9.1.3, 6.9.1.4, 6.9.2.
 */
import { mulhi_u64 } from '../wide'
import { NEXT } from './registers'
import { Vmul } from './tables'
import { high, low, saturated, set_both, vr_a, vr_b, vr_c, vr_t } from './vector'

/** Products of every second element; the odd ones of the architecture lie at the even places of memory. */
function products<W, N>(word: u32, even: usize): u32 {
  const a = vr_a(word) + even * sizeof<N>()
  const b = vr_b(word) + even * sizeof<N>()
  for (let i: usize = 0; i < 16; i += sizeof<W>()) store<W>(vr_t(word) + i, <W>load<N>(a + i) * <W>load<N>(b + i))
  return NEXT
}
const ODD: usize = 0
const EVEN: usize = 1

function multiply_words(word: u32): u32 {
  v128.store(vr_t(word), i32x4.mul(v128.load(vr_a(word)), v128.load(vr_b(word))))
  return NEXT
}

function clamp(value: i64, least: i64, most: i64): i64 {
  if (value >= least && value <= most) return value
  saturated()
  return value < least ? least : most
}
@inline function clamp_word(value: i64): i32 { return <i32>clamp(value, i32.MIN_VALUE, i32.MAX_VALUE) }
@inline function clamp_unsigned(value: i64): u32 { return <u32>clamp(value, 0, u32.MAX_VALUE) }

/** vmhaddshs: the upper 17 bits of a product plus c. vmhraddshs rounds them. */
function multiply_high_add(word: u32, round: i32): u32 {
  for (let i: usize = 0; i < 16; i += 2) {
    const product = (<i32>load<i16>(vr_a(word) + i) * <i32>load<i16>(vr_b(word) + i) + round) >> 15
    store<i16>(vr_t(word) + i, <i16>clamp(<i64>product + <i64>load<i16>(vr_c(word) + i), -32768, 32767))
  }
  return NEXT
}

function multiply_low_add(word: u32): u32 {
  const product = i16x8.mul(v128.load(vr_a(word)), v128.load(vr_b(word)))
  v128.store(vr_t(word), i16x8.add(product, v128.load(vr_c(word))))
  return NEXT
}

/** The products of a word's parts (A and B may differ in sign), plus the word of c. */
function sum_of_products<A, B>(word: u32, at: usize): i64 {
  let sum: i64 = 0
  for (let i: usize = 0; i < 4; i += sizeof<A>()) sum += <i64>load<A>(vr_a(word) + at + i) * <i64>load<B>(vr_b(word) + at + i)
  return sum
}

function multiply_sum<A, B>(word: u32): u32 {
  for (let i: usize = 0; i < 16; i += 4) {
    store<u32>(vr_t(word) + i, <u32>sum_of_products<A, B>(word, i) + load<u32>(vr_c(word) + i))
  }
  return NEXT
}

function multiply_sum_saturate(word: u32, signed: bool): u32 {
  for (let i: usize = 0; i < 16; i += 4) {
    const c = vr_c(word) + i
    if (signed) store<i32>(vr_t(word) + i, clamp_word(sum_of_products<i16, i16>(word, i) + <i64>load<i32>(c)))
    else store<u32>(vr_t(word) + i, clamp_unsigned(sum_of_products<u16, u16>(word, i) + <i64>load<u32>(c)))
  }
  return NEXT
}

/** vmsumudm: two products of doublewords plus c, all of 128 bits. */
function multiply_sum_doublewords(word: u32): u32 {
  const a = vr_a(word)
  const b = vr_b(word)
  const first = high(a) * high(b)
  const second = low(a) * low(b)
  const sum = first + second
  const total = sum + low(vr_c(word))
  const carries = u64(sum < first) + u64(total < sum)
  set_both(vr_t(word), mulhi_u64(high(a), high(b)) + mulhi_u64(low(a), low(b)) + high(vr_c(word)) + carries, total)
  return NEXT
}

/** Parts of a word summed, plus the word of b. */
function sum_in_words<N>(word: u32): u32 {
  for (let i: usize = 0; i < 16; i += 4) {
    let sum: i64 = 0
    for (let n: usize = 0; n < 4; n += sizeof<N>()) sum += <i64>load<N>(vr_a(word) + i + n)
    if (isSigned<N>()) store<i32>(vr_t(word) + i, clamp_word(sum + <i64>load<i32>(vr_b(word) + i)))
    else store<u32>(vr_t(word) + i, clamp_unsigned(sum + <i64>load<u32>(vr_b(word) + i)))
  }
  return NEXT
}

/** vsum2sws and vsumsws: the words of a doubleword, or all four, plus b's last one; the sum is last, before it zeros. */
function sum_across(word: u32, size: usize): u32 {
  for (let i: usize = 0; i < 16; i += size) {
    let sum: i64 = <i64>load<i32>(vr_b(word) + i)
    for (let n: usize = 0; n < size; n += 4) sum += <i64>load<i32>(vr_a(word) + i + n)
    const value = clamp_word(sum)
    memory.fill(vr_t(word) + i, 0, size)
    store<i32>(vr_t(word) + i, value)
  }
  return NEXT
}

/** a + b + carry of 128 bits: the sum, or its carry. */
function add_quad(word: u32, a0: u64, a1: u64, b0: u64, b1: u64, carry: u64, carries: bool): u32 {
  const partial = a1 + b1
  const second = partial + carry
  const into = u64(partial < a1) + u64(second < partial)
  const sum = a0 + b0
  const first = sum + into
  if (carries) set_both(vr_t(word), 0, u64(sum < a0) + u64(first < sum))
  else set_both(vr_t(word), first, second)
  return NEXT
}

function quad(word: u32, subtract: bool, carry: u64, carries: bool): u32 {
  const a = vr_a(word)
  const b = vr_b(word)
  const flip: u64 = subtract ? u64.MAX_VALUE : 0
  return add_quad(word, high(a), low(a), high(b) ^ flip, low(b) ^ flip, carry, carries)
}
@inline function carry_of(word: u32): u64 { return low(vr_c(word)) & 1 }

export function vector_multiply(word: u32, which: i32): u32 {
  switch (which) {
    case Vmul.VMULOUB: return products<u16, u8>(word, ODD)
    case Vmul.VMULOUH: return products<u32, u16>(word, ODD)
    case Vmul.VMULOUW: return products<u64, u32>(word, ODD)
    case Vmul.VMULOSB: return products<i16, i8>(word, ODD)
    case Vmul.VMULOSH: return products<i32, i16>(word, ODD)
    case Vmul.VMULOSW: return products<i64, i32>(word, ODD)
    case Vmul.VMULEUB: return products<u16, u8>(word, EVEN)
    case Vmul.VMULEUH: return products<u32, u16>(word, EVEN)
    case Vmul.VMULEUW: return products<u64, u32>(word, EVEN)
    case Vmul.VMULESB: return products<i16, i8>(word, EVEN)
    case Vmul.VMULESH: return products<i32, i16>(word, EVEN)
    case Vmul.VMULESW: return products<i64, i32>(word, EVEN)
    case Vmul.VMULUWM: return multiply_words(word)
    case Vmul.VMHADDSHS: return multiply_high_add(word, 0)
    case Vmul.VMHRADDSHS: return multiply_high_add(word, 0x4000)
    case Vmul.VMLADDUHM: return multiply_low_add(word)
    case Vmul.VMSUMUBM: return multiply_sum<u8, u8>(word)
    case Vmul.VMSUMMBM: return multiply_sum<i8, u8>(word)
    case Vmul.VMSUMUHM: return multiply_sum<u16, u16>(word)
    case Vmul.VMSUMSHM: return multiply_sum<i16, i16>(word)
    case Vmul.VMSUMUHS: return multiply_sum_saturate(word, false)
    case Vmul.VMSUMSHS: return multiply_sum_saturate(word, true)
    case Vmul.VMSUMUDM: return multiply_sum_doublewords(word)
    case Vmul.VSUM4UBS: return sum_in_words<u8>(word)
    case Vmul.VSUM4SBS: return sum_in_words<i8>(word)
    case Vmul.VSUM4SHS: return sum_in_words<i16>(word)
    case Vmul.VSUM2SWS: return sum_across(word, 8)
    case Vmul.VSUMSWS: return sum_across(word, 16)
    case Vmul.VADDUQM: return quad(word, false, 0, false)
    case Vmul.VADDCUQ: return quad(word, false, 0, true)
    case Vmul.VADDEUQM: return quad(word, false, carry_of(word), false)
    case Vmul.VADDECUQ: return quad(word, false, carry_of(word), true)
    case Vmul.VSUBUQM: return quad(word, true, 1, false)
    case Vmul.VSUBCUQ: return quad(word, true, 1, true)
    case Vmul.VSUBEUQM: return quad(word, true, carry_of(word), false)
    default: return quad(word, true, carry_of(word), true) // VSUBECUQ
  }
}
