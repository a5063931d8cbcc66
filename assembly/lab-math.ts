/** What the `math` commands need beyond single functions: lab.ts describes the form of the calls with rows. */
import { lab_pvclock_guard } from './lab-x86'
import { each, get, put } from './lab-rows'
import { muldiv_u64, mulhi_u64 } from './wide'
import { PVCLOCK_PAGE_BYTES, VcpuTimeInfo, pvclock_read, pvclock_try_read } from './x86/pvclock'
import { kvm_time_scale, pvclock_tsc_khz, scale_delta, scale_mul, scale_shift, xen_time_scale } from './x86/scale'
import { kvm_tsc_threshold_high, kvm_tsc_threshold_low } from './x86/tsc'
import { set_timer_op } from './x86/xen-timer'

export * from './lab-csv'

const NS_PER_S: u64 = 1_000_000_000
const DAY_S: u64 = 86_400
const JULIAN_YEAR_S: u64 = 31_557_600

/**
 * What readers of one page see go by in a second, a day and a Julian year; then the same where each second the page
 * is renewed from its own reading, as a writer would that knows no other clock. The caller keeps ticks below 2^64.
 * hz, mul, shift | ns in a second, a day, a year of one page; ns in a day and in a year of renewed pages
 */
export function lab_drift(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 8, (row, scratch) => {
    const hz = get(row, 0)
    const mul = <u32>get(row, 1)
    const shift = <i32>get(row, 2)
    const second = scale_delta(hz, mul, shift)
    put(row, 3, second)
    put(row, 4, scale_delta(hz * DAY_S, mul, shift))
    put(row, 5, scale_delta(hz * JULIAN_YEAR_S, mul, shift))
    put(row, 6, second * DAY_S)
    put(row, 7, second * JULIAN_YEAR_S)
  })
}

/**
 * A reader's steps on the page of 32 bytes at scratch, which stays as it is. tsc | version, tsc_timestamp,
 * system_time, mul, shift, flags; delta, shifted delta, high and low part of the product, ns gone by, ns; 1 if the
 * version lets it through; ns of a reader with one 64-bit product, ns of one that shifts a signed delta
 */
export function lab_read_steps(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 16, (row, scratch) => {
    const page = changetype<VcpuTimeInfo>(scratch)
    const tsc = get(row, 0)
    const mul = page.tsc_to_system_mul
    const shift = <i32>page.tsc_shift
    const delta = tsc - page.tsc_timestamp
    const shifted = shift < 0 ? delta >> -shift : delta << shift
    const signed = shift < 0 ? <u64>(<i64>delta >> -shift) : shifted
    put(row, 1, page.version)
    put(row, 2, page.tsc_timestamp)
    put(row, 3, page.system_time)
    put(row, 4, mul)
    put(row, 5, <u64>(<i64>shift))
    put(row, 6, page.flags)
    put(row, 7, delta)
    put(row, 8, shifted)
    put(row, 9, mulhi_u64(shifted, mul))
    put(row, 10, shifted * <u64>mul)
    put(row, 11, scale_delta(delta, mul, shift))
    put(row, 12, pvclock_read(scratch, tsc))
    put(row, 13, <u64>pvclock_try_read(scratch, tsc, scratch + PVCLOCK_PAGE_BYTES))
    put(row, 14, page.system_time + ((shifted * <u64>mul) >> 32))
    put(row, 15, page.system_time + scale_delta(signed, mul, 0))
  })
}

/**
 * A recorded sequence of guarded reads, as test/data/README.md describes pvclock_seq. State stays in scratch from
 * row to row; zeros there begin a recording. seq, step, version, tsc_timestamp, system_time, mul, shift,
 * flags_before, tsc, valid_flags | ns, last_value, flags, watchdog touches
 */
export function lab_recorded_guard(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 14, (row, scratch) => {
    const call = scratch + 64
    const seq = get(row, 0)
    const begins = load<u64>(scratch, 56) != seq + 1
    const resumed = get(row, 1) == 18 && seq % 5 == 0
    store<u64>(scratch, seq + 1, 56)
    memory.copy(call, row + 16, 64)
    put(call, 8, u64(begins || resumed))
    put(call, 9, 0)
    lab_pvclock_guard(call, 1, scratch)
    memory.copy(row + 80, call + 80, 32)
  })
}

/** now, timeout | 1 if the timer was cancelled, its deadline or all ones */
export function lab_recorded_timer_op(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 4, (row, scratch) => {
    const deadline = set_timer_op(get(row, 0), <i64>get(row, 1))
    put(row, 2, u64(deadline == u64.MAX_VALUE))
    put(row, 3, deadline)
  })
}

/** host_khz, ppm | threshold_khz: KVM's own for its -250 and 250 ppm, the same formula for others */
export function lab_recorded_tolerance(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 3, (row, scratch) => {
    const host_khz = <u32>get(row, 0)
    const ppm = <i64>get(row, 1)
    let khz = muldiv_u64(host_khz, <u64>(1_000_000 + ppm), 1_000_000)
    if (ppm == -250) khz = kvm_tsc_threshold_low(host_khz)
    if (ppm == 250) khz = kvm_tsc_threshold_high(host_khz)
    put(row, 2, khz)
  })
}

/**
 * A survey counts errors in this unit of the whole: for integer kHz up to 10^9 (1 THz) the error of a scale is a whole
 * number of it, since its shift is at least -9 and kHz * mul * 2^(shift-32) stands against 10^6.
 */
const SURVEY_SHIFT: i32 = 9
const SURVEY_ONE: i64 = 1_000_000 << 41

/** Buckets of 0.05 ppb: SURVEY_BUCKETS for slow scales, as many for fast ones. The widest error is 1 ppb. */
const SURVEY_BUCKETS: u32 = 20
const BUCKETS_PER_ONE: u64 = 20_000_000_000

/** Totals of a survey; the histograms of slow and of fast errors follow as u64, then the grid as u32. */
@unmanaged
class Survey {
  count: u64
  exact: u64
  slow: u64 // how many
  fast: u64
  slow_sum: u64
  fast_sum: u64
  slow_worst: u64 // 0: there are none
  fast_worst: u64
  slow_worst_khz: u32
  fast_worst_khz: u32
  khz_wrong: u64 // pvclock_tsc_khz differs
  khz_furthest: u64 // by so much
  khz_furthest_at: u32
  pad0: u32
  parted: u64 // Xen's scale is not KVM's
}

const SURVEY_BYTES: usize = 104

/**
 * Every integer kHz from `first` to `last` (1 to 10^9): Xen's scale, its error, and what Linux makes of it. The grid
 * has a u32 for each of columns × rows: how many frequencies of that part of the range have an error of that part of
 * [low, high), which are errors in units of the survey, slow ones positive; row 0 is the lowest.
 *
 *     out: Survey | 2 × SURVEY_BUCKETS u64 | columns × rows u32, column by column
 */
export function lab_survey(
  first: u32,
  last: u32,
  columns: u32,
  rows: u32,
  low: i64,
  high: i64,
  out: usize,
): void {
  const s = changetype<Survey>(out)
  const histogram = out + SURVEY_BYTES
  const grid = histogram + 16 * SURVEY_BUCKETS
  const count = <u64>last - <u64>first + 1
  memory.fill(out, 0, SURVEY_BYTES + 16 * SURVEY_BUCKETS + 4 * <usize>columns * <usize>rows)
  s.count = count
  s.slow_worst_khz = first
  s.fast_worst_khz = first
  for (let i: u64 = 0; i < count; i++) {
    const khz = <u64>first + i
    const scale = xen_time_scale(khz * 1000)
    s.parted += u64(scale != kvm_time_scale(NS_PER_S, khz * 1000))
    const ticks = <i64>(khz * <u64>scale_mul(scale))
    const error = SURVEY_ONE - (ticks << (SURVEY_SHIFT + scale_shift(scale)))
    survey_error(s, histogram, <u32>khz, error)
    survey_khz(s, <u32>khz, pvclock_tsc_khz(scale_mul(scale), scale_shift(scale)))
    if (error < low || error >= high) continue
    const column = (i * <u64>columns) / count
    const row = (<u64>(error - low) * <u64>rows) / <u64>(high - low)
    const cell = grid + (<usize>(column * <u64>rows + row) << 2)
    store<u32>(cell, load<u32>(cell) + 1)
  }
}

function survey_error(s: Survey, histogram: usize, khz: u32, error: i64): void {
  if (error == 0) {
    s.exact++
    return
  }
  const size = <u64>(error < 0 ? 0 - error : error)
  let bucket = histogram + (<usize>((size * (BUCKETS_PER_ONE / 1_000_000)) >> 41) << 3)
  if (error > 0) {
    s.slow++
    s.slow_sum += size
    if (size > s.slow_worst) {
      s.slow_worst = size
      s.slow_worst_khz = khz
    }
  } else {
    bucket += SURVEY_BUCKETS << 3
    s.fast++
    s.fast_sum += size
    if (size > s.fast_worst) {
      s.fast_worst = size
      s.fast_worst_khz = khz
    }
  }
  store<u64>(bucket, load<u64>(bucket) + 1)
}

function survey_khz(s: Survey, khz: u32, told: u64): void {
  if (told == khz) return
  const distance = told > khz ? told - khz : <u64>khz - told
  s.khz_wrong++
  if (distance <= s.khz_furthest) return
  s.khz_furthest = distance
  s.khz_furthest_at = khz
}
