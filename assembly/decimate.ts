/**
 * Many points made into as many columns as a picture has, by minimum and maximum, so that nothing narrow is lost.
 *
 *     point     +0 u64 x | +8 i64 y                       in the order of x
 *     column    +0 u32 number | +4 u32 points in it
 *               +8 i64 first | +16 i64 last | +24 i64 low | +32 i64 high        of its y
 *
 * Column c of n holds the x with floor((x - from) * n / (until - from)) = c; the last one holds x = until as well.
 * Columns without a point are left out.
 */
import { muldiv_u64, muldiv_up_u64 } from './wide'

const POINT: usize = 16
const COLUMN: usize = 40

/** How many of the points have an x below `x`. */
export function points_below(points: usize, count: u32, x: u64): u32 {
  let low: u32 = 0
  let high = count
  while (low < high) {
    const middle = low + ((high - low) >> 1)
    if (load<u64>(points + <usize>middle * POINT) < x) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Writes the columns of the points with from <= x <= until to `out`, which has room for `columns` of them, and
 * returns how many there are. 0 for an empty range.
 */
export function decimate(points: usize, count: u32, from: u64, until: u64, columns: u32, out: usize): u32 {
  if (until <= from || columns == 0) return 0
  const span = until - from
  let at = points + <usize>points_below(points, count, from) * POINT
  const end = points + <usize>count * POINT
  let written: u32 = 0
  while (at < end && load<u64>(at) <= until) {
    const number = column_of(load<u64>(at) - from, span, columns)
    // The first x of the next column; none is beyond the last.
    const next = number == columns - 1 ? u64.MAX_VALUE : from + muldiv_up_u64(number + 1, span, columns)
    at = write_column(at, end, min(next - 1, until), number, out + <usize>written * COLUMN)
    written++
  }
  return written
}

function column_of(offset: u64, span: u64, columns: u32): u32 {
  return <u32>min(muldiv_u64(offset, columns, span), <u64>columns - 1)
}

/** The column of the points from `at` on up to x = `last`; returns the first point behind it. */
function write_column(at: usize, end: usize, last: u64, number: u32, out: usize): usize {
  const first_at = at
  let y = load<i64>(at, 8)
  let low = y
  let high = y
  store<i64>(out, y, 8)
  do {
    y = load<i64>(at, 8)
    low = min(low, y)
    high = max(high, y)
    at += POINT
  } while (at < end && load<u64>(at) <= last)
  store<u32>(out, number)
  store<u32>(out, <u32>((at - first_at) / POINT), 4)
  store<i64>(out, y, 16)
  store<i64>(out, low, 24)
  store<i64>(out, high, 32)
  return at
}
