/**
 * scale_delta and pvclock_read over arrays in linear memory, exact to the bit with the single forms.
 *
 * A product of 64 and 32 bits is two of 32 and 32, of which a vector holds two. So four words go together:
 *
 *     word 0,1   lo hi lo hi        low    lo lo lo lo   times mul, 32 bits to the right
 *     word 2,3   lo hi lo hi        high   hi hi hi hi   times mul; the sum is the result
 *
 * The limit is the three ports on which an x86 CPU executes vectors, since V8 needs three instructions for each of
 * the four extended multiplications. So two words more go through the scalar multiplier, which is idle meanwhile.
 * A shift by a constant is one instruction, by a variable five; hence a loop for each shift that a TSC of 1 to 8 GHz
 * has, and one word at a time for all others. V8 takes what stays the same, the splats, out of a loop only if the loop
 * ends with its test. docs/performance.md has the figures.
 *
 * Arrays have 64-bit words; input and output may be the same array.
 */
import { pvclock_read, pvclock_read_begin, pvclock_read_retry, VcpuTimeInfo } from './pvclock'
import { scale_shifted } from './scale'

const WORDS_A_STEP: u32 = 6

/** time + (word - stamp) scaled, with a shift by `bits`; `moved` false: stamp and time are 0 and left out. */
@inline
function word(from: usize, to: usize, mul: u64, bits: i32, left: bool, moved: bool, stamp: u64, time: u64): void {
  let x = load<u64>(from)
  if (moved) x -= stamp
  let ns = scale_shifted(left ? x << bits : x >> bits, mul)
  if (moved) ns += time
  store<u64>(to, ns)
}

/** `count` words, not 0. */
@inline
function words(
  from: usize,
  to: usize,
  count: u32,
  mul: u64,
  bits: i32,
  left: bool,
  moved: bool,
  stamp: u64,
  time: u64,
): void {
  const end = from + (<usize>count << 3)
  do {
    word(from, to, mul, bits, left, moved, stamp, time)
    from += 8
    to += 8
  } while (from < end)
}

@inline
function four_words(from: usize, to: usize, mul: v128, right: i32, moved: bool, stamp: v128, time: v128): void {
  let x = v128.load(from)
  let y = v128.load(from, 16)
  if (moved) {
    x = i64x2.sub(x, stamp)
    y = i64x2.sub(y, stamp)
  }
  if (right) {
    x = i64x2.shr_u(x, right)
    y = i64x2.shr_u(y, right)
  }
  const low = v128.shuffle<i32>(x, y, 0, 2, 4, 6)
  const high = v128.shuffle<i32>(x, y, 1, 3, 5, 7)
  x = i64x2.add(i64x2.extmul_low_i32x4_u(high, mul), i64x2.shr_u(i64x2.extmul_low_i32x4_u(low, mul), 32))
  y = i64x2.add(i64x2.extmul_high_i32x4_u(high, mul), i64x2.shr_u(i64x2.extmul_high_i32x4_u(low, mul), 32))
  if (moved) {
    x = i64x2.add(x, time)
    y = i64x2.add(y, time)
  }
  v128.store(to, x)
  v128.store(to, y, 16)
}

/** `count` words, a multiple of WORDS_A_STEP and not 0, for a shift by `right` to the right. */
@inline
function steps(from: usize, to: usize, count: u32, mul: u32, right: i32, moved: bool, stamp: u64, time: u64): void {
  const end = from + (<usize>count << 3)
  const muls = i32x4.splat(mul)
  const stamps = i64x2.splat(stamp)
  const times = i64x2.splat(time)
  do {
    four_words(from, to, muls, right, moved, stamps, times)
    word(from + 32, to + 32, mul, right, false, moved, stamp, time)
    word(from + 40, to + 40, mul, right, false, moved, stamp, time)
    from += 8 * WORDS_A_STEP
    to += 8 * WORDS_A_STEP
  } while (from < end)
}

/** All words, four and two at a time where `shift` allows. */
@inline
function scale_words(
  from: usize,
  to: usize,
  count: u32,
  mul: u32,
  shift: i32,
  moved: bool,
  stamp: u64,
  time: u64,
): void {
  const whole = shift <= 0 && shift >= -2 ? count - (count % WORDS_A_STEP) : 0
  if (whole != 0) {
    // Without else: the optimizer would make the arms one loop with a variable shift.
    if (shift == 0) steps(from, to, whole, mul, 0, moved, stamp, time)
    if (shift == -1) steps(from, to, whole, mul, 1, moved, stamp, time)
    if (shift == -2) steps(from, to, whole, mul, 2, moved, stamp, time)
  }
  const rest = count - whole
  if (rest == 0) return
  const behind = <usize>whole << 3
  if (shift < 0) words(from + behind, to + behind, rest, mul, -shift, false, moved, stamp, time)
  else words(from + behind, to + behind, rest, mul, shift, true, moved, stamp, time)
}

/** `count` TSC differences at `deltas` to ns at `ns`. */
export function scale_batch(deltas: usize, ns: usize, count: u32, mul: u32, shift: i32): void {
  scale_words(deltas, ns, count, mul, shift, false, 0, 0)
}

/** The same one by one, with the sign of the shift looked at once: what vectors are measured against. */
export function scale_each(deltas: usize, ns: usize, count: u32, mul: u32, shift: i32): void {
  if (count == 0) return
  if (shift < 0) words(deltas, ns, count, mul, -shift, false, false, 0, 0)
  else words(deltas, ns, count, mul, shift, true, false, 0, 0)
}

/**
 * The time of one page at `count` TSC values at `tsc`, in ns at `ns`. 1, or 0 and `ns` of no meaning when a writer is in
 * the middle of the page.
 */
export function pvclock_read_batch(page_address: usize, tsc: usize, ns: usize, count: u32): i32 {
  const version = pvclock_read_begin(page_address)
  const page = changetype<VcpuTimeInfo>(page_address)
  const mul = page.tsc_to_system_mul
  scale_words(tsc, ns, count, mul, page.tsc_shift, true, page.tsc_timestamp, page.system_time)
  return pvclock_read_retry(page_address, version) ? 0 : 1
}

/**
 * `count` pages, `stride` bytes apart, each at a TSC value of its own. Returns how many were read: all, or those before
 * the first page that a writer is in the middle of.
 */
export function pvclock_read_pages(pages: usize, stride: usize, tsc: usize, ns: usize, count: u32): u32 {
  if (count == 0) return 0
  const end = tsc + (<usize>count << 3)
  const apart = ns - tsc
  do {
    const version = pvclock_read_begin(pages)
    store<u64>(tsc + apart, pvclock_read(pages, load<u64>(tsc)))
    if (pvclock_read_retry(pages, version)) break
    pages += stride
    tsc += 8
  } while (tsc < end)
  return count - <u32>((end - tsc) >> 3)
}
