/**
 * Numbers between the two widths as loads and stores of registers convert them: no rounding, no exceptions.
 * Source: Power ISA 3.0B, Book I, 4.6.2 and 4.6.3.
 */

/** A single as the double that a register holds; denormal singles become normal doubles. */
export function single_to_double(single: u32): u64 {
  const sign = <u64>(single & 0x8000_0000) << 32
  const exponent = (single >> 23) & 255
  const fraction = <u64>(single & 0x7f_ffff)
  if (exponent == 255) return sign | 0x7ff0_0000_0000_0000 | (fraction << 29)
  if (exponent != 0) return sign | (<u64>(exponent + 896) << 52) | (fraction << 29)
  if (fraction == 0) return sign
  const shift = clz<u64>(fraction) - 40 // brings its first one to bit 23
  return sign | ((897 - shift) << 52) | (((fraction << shift) & 0x7f_ffff) << 29)
}

/** The single that a store of a double leaves: cut off, what is too small for a single as a denormal. */
export function double_to_single(double: u64): u32 {
  const exponent = <u32>(double >> 52) & 0x7ff
  const sign = <u32>(double >> 32) & 0x8000_0000
  if (exponent > 896 || double << 1 == 0) return (<u32>(double >> 32) & 0xc000_0000) | (<u32>(double >> 29) & 0x3fff_ffff)
  if (exponent < 874) return sign // undefined by the architecture
  const fraction = <u32>((double >> 29) & 0x7f_ffff) | 0x80_0000
  return sign | (fraction >> (897 - exponent))
}
