/** Conditional branches in their general form; the interpreter's loop has the frequent ones. */
import { cr_bit, CTR, LR, TAR, wide_mode } from './registers'

const BCLR: u32 = 16
const BCTAR: u32 = 560

/**
 * Where bc, bclr, bcctr or bctar at `pc` goes; CTR counted down and LR set as the word says. BO, from its highest bit:
 * 16 whatever the condition, 8 the condition sought, 4 without CTR, 2 CTR is to be 0.
 */
export function branch_target(word: u32, pc: u64): u64 {
  const bo = (word >> 21) & 31
  const target = target_of(word, pc)
  let counts = true
  if (!(bo & 4)) {
    const ctr = load<u64>(CTR) - 1
    store<u64>(CTR, ctr)
    counts = ((wide_mode() ? ctr : <u64><u32>ctr) != 0) != ((bo & 2) != 0)
  }
  const holds = (bo & 16) != 0 || (cr_bit((word >> 16) & 31) != 0) == ((bo & 8) != 0)
  if (word & 1) store<u64>(LR, wide_mode() ? pc + 4 : <u64><u32>(pc + 4))
  return counts && holds ? target : pc + 4
}

function target_of(word: u32, pc: u64): u64 {
  if (word >> 26 == 16) {
    const distance = <u64><i64><i16>(word & 0xfffc)
    return word & 2 ? distance : pc + distance
  }
  const extended = (word >> 1) & 1023
  return load<u64>(extended == BCLR ? LR : extended == BCTAR ? TAR : CTR) & ~3
}
