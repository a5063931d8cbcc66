/**
 * VMX for checksums and ciphers: products without carry, AES, SHA-2, and the exclusive or of two permutations.
 * Source: Power ISA 3.0B, Book I, 6.11; FIPS 197 for the rounds of AES, FIPS 180-4 for the functions of SHA-2.
 */
import { DRAFT, field_b, NEXT } from './registers'
import { Vcrypt } from './tables'
import { set_both, vr_a, vr_b, vr_c, vr_t } from './vector'

/** The substitution of AES (FIPS 197, 5.1.1). */
const SUBSTITUTES: usize = memory.data<u8>([
  99, 124, 119, 123, 242, 107, 111, 197, 48, 1, 103, 43, 254, 215, 171, 118, 202, 130, 201, 125, 250, 89, 71, 240,
  173, 212, 162, 175, 156, 164, 114, 192, 183, 253, 147, 38, 54, 63, 247, 204, 52, 165, 229, 241, 113, 216, 49, 21,
  4, 199, 35, 195, 24, 150, 5, 154, 7, 18, 128, 226, 235, 39, 178, 117, 9, 131, 44, 26, 27, 110, 90, 160,
  82, 59, 214, 179, 41, 227, 47, 132, 83, 209, 0, 237, 32, 252, 177, 91, 106, 203, 190, 57, 74, 76, 88, 207,
  208, 239, 170, 251, 67, 77, 51, 133, 69, 249, 2, 127, 80, 60, 159, 168, 81, 163, 64, 143, 146, 157, 56, 245,
  188, 182, 218, 33, 16, 255, 243, 210, 205, 12, 19, 236, 95, 151, 68, 23, 196, 167, 126, 61, 100, 93, 25, 115,
  96, 129, 79, 220, 34, 42, 144, 136, 70, 238, 184, 20, 222, 94, 11, 219, 224, 50, 58, 10, 73, 6, 36, 92,
  194, 211, 172, 98, 145, 149, 228, 121, 231, 200, 55, 109, 141, 213, 78, 169, 108, 86, 244, 234, 101, 122, 174, 8,
  186, 120, 37, 46, 28, 166, 180, 198, 232, 221, 116, 31, 75, 189, 139, 138, 112, 62, 181, 102, 72, 3, 246, 14,
  97, 53, 87, 185, 134, 193, 29, 158, 225, 248, 152, 17, 105, 217, 142, 148, 155, 30, 135, 233, 206, 85, 40, 223,
  140, 161, 137, 13, 191, 230, 66, 104, 65, 153, 45, 15, 176, 84, 187, 22,
])

/** The byte that `value` is the substitute of. */
function unsubstituted(value: u32): u32 {
  let byte: u32 = 0
  while (load<u8>(SUBSTITUTES + byte) != value) byte++
  return byte
}

/** Byte n of the architecture's order. */
@inline function byte(register: usize, n: u32): u32 { return load<u8>(register + 15 - <usize>n) }
@inline function put_byte(register: usize, n: u32, value: u32): void { store<u8>(register + 15 - <usize>n, <u8>value) }

/** The product in GF(2^8) of AES. */
function field_product(a: u32, b: u32): u32 {
  let product: u32 = 0
  for (; b != 0; b >>= 1) {
    if (b & 1) product ^= a
    a = (a << 1) ^ (a & 0x80 ? 0x11b : 0)
  }
  return product
}

/** Each column of four bytes times a circulant matrix whose first row is the bytes of `row`. */
function mix_columns(state: usize, row: u32): void {
  for (let column: u32 = 0; column < 16; column += 4) {
    let mixed: u32 = 0
    for (let i: u32 = 0; i < 4; i++) {
      let sum: u32 = 0
      for (let j: u32 = 0; j < 4; j++) {
        sum ^= field_product(byte(state, column + j), (row >> (24 - 8 * ((j - i) & 3))) & 255)
      }
      mixed = (mixed << 8) | sum
    }
    store<u32>(state + 12 - <usize>column, mixed)
  }
}

/** Substituted bytes with row n of the state turned n columns to the left, in DRAFT. */
function forward(from: usize): void {
  for (let i: u32 = 0; i < 16; i++) put_byte(DRAFT, i, load<u8>(SUBSTITUTES + byte(from, (i + 4 * (i & 3)) & 15)))
}

function backward(from: usize): void {
  for (let i: u32 = 0; i < 16; i++) put_byte(DRAFT, (i + 4 * (i & 3)) & 15, unsubstituted(byte(from, i)))
}

function add_key(word: u32): void { v128.store(DRAFT, v128.xor(v128.load(DRAFT), v128.load(vr_b(word)))) }

function cipher(word: u32, which: i32): u32 {
  if (which == Vcrypt.VCIPHER || which == Vcrypt.VCIPHERLAST) {
    forward(vr_a(word))
    if (which == Vcrypt.VCIPHER) mix_columns(DRAFT, 0x0203_0101)
    add_key(word)
  } else {
    backward(vr_a(word))
    add_key(word)
    if (which == Vcrypt.VNCIPHER) mix_columns(DRAFT, 0x0e0b_0d09)
  }
  v128.store(vr_t(word), v128.load(DRAFT))
  return NEXT
}

function substitute(word: u32): u32 {
  for (let i: usize = 0; i < 16; i++) store<u8>(DRAFT + i, load<u8>(SUBSTITUTES + load<u8>(vr_a(word) + i)))
  v128.store(vr_t(word), v128.load(DRAFT))
  return NEXT
}

/** The product without carry of two numbers that have at most half of T's bits. */
function polynomial<T>(a: T, b: T): T {
  let product: T = 0
  for (; b != 0; b >>= 1) {
    if (b & 1) product ^= a
    a <<= 1
  }
  return product
}

/** Products of the parts of each element, added without carry. */
function polynomial_sums<W, N>(word: u32): u32 {
  const a = vr_a(word)
  const b = vr_b(word)
  for (let i: usize = 0; i < 16; i += sizeof<W>()) {
    const first = polynomial<W>(<W>load<N>(a + i), <W>load<N>(b + i))
    const second = polynomial<W>(<W>load<N>(a + i, sizeof<N>()), <W>load<N>(b + i, sizeof<N>()))
    store<W>(DRAFT + i, first ^ second)
  }
  v128.store(vr_t(word), v128.load(DRAFT))
  return NEXT
}

function polynomial_sum_doublewords(word: u32): u32 {
  let first: u64 = 0
  let second: u64 = 0
  for (let half: usize = 0; half < 16; half += 8) {
    const a = load<u64>(vr_a(word) + half)
    const b = load<u64>(vr_b(word) + half)
    for (let i: u64 = 0; i < 64; i++) {
      if (((b >> i) & 1) == 0) continue
      second ^= a << i
      if (i != 0) first ^= a >> (64 - i)
    }
  }
  set_both(vr_t(word), first, second)
  return NEXT
}

@inline function sigma<T>(value: T, a: T, b: T, c: T, shift: bool): T {
  return rotr<T>(value, a) ^ rotr<T>(value, b) ^ (shift ? value >> c : rotr<T>(value, c))
}

/** ST tells the functions with a shift from those without, a bit of SIX for each word the first from the second. */
function sha_words(word: u32): u32 {
  const round = (word & 0x8000) != 0
  for (let i: u32 = 0; i < 4; i++) {
    const at: usize = 12 - 4 * i
    const x = load<u32>(vr_a(word) + at)
    const second = ((field_b(word) & 15) >> (3 - i)) & 1
    const value: u32 = round
      ? second ? sigma<u32>(x, 6, 11, 25, false) : sigma<u32>(x, 2, 13, 22, false)
      : second ? sigma<u32>(x, 17, 19, 10, true) : sigma<u32>(x, 7, 18, 3, true)
    store<u32>(vr_t(word) + at, value)
  }
  return NEXT
}

function sha_doublewords(word: u32): u32 {
  const round = (word & 0x8000) != 0
  for (let i: u32 = 0; i < 2; i++) {
    const at: usize = 8 - 8 * i
    const x = load<u64>(vr_a(word) + at)
    const second = ((field_b(word) & 15) >> (3 - 2 * i)) & 1
    const value: u64 = round
      ? second ? sigma<u64>(x, 14, 18, 41, false) : sigma<u64>(x, 28, 34, 39, false)
      : second ? sigma<u64>(x, 19, 61, 6, true) : sigma<u64>(x, 1, 8, 7, true)
    store<u64>(vr_t(word) + at, value)
  }
  return NEXT
}

/** Each byte of c names a byte of a and one of b. */
function permute_xor(word: u32): u32 {
  for (let i: u32 = 0; i < 16; i++) {
    const control = byte(vr_c(word), i)
    put_byte(DRAFT, i, byte(vr_a(word), control >> 4) ^ byte(vr_b(word), control & 15))
  }
  v128.store(vr_t(word), v128.load(DRAFT))
  return NEXT
}

export function vector_cipher(word: u32, which: i32): u32 {
  switch (which) {
    case Vcrypt.VPERMXOR: return permute_xor(word)
    case Vcrypt.VPMSUMB: return polynomial_sums<u16, u8>(word)
    case Vcrypt.VPMSUMH: return polynomial_sums<u32, u16>(word)
    case Vcrypt.VPMSUMW: return polynomial_sums<u64, u32>(word)
    case Vcrypt.VPMSUMD: return polynomial_sum_doublewords(word)
    case Vcrypt.VCIPHER:
    case Vcrypt.VCIPHERLAST:
    case Vcrypt.VNCIPHER:
    case Vcrypt.VNCIPHERLAST: return cipher(word, which)
    case Vcrypt.VSBOX: return substitute(word)
    case Vcrypt.VSHASIGMAW: return sha_words(word)
    default: return sha_doublewords(word) // VSHASIGMAD
  }
}
