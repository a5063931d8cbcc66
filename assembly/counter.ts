import { div_wide, mulhi_u64 } from './wide'

/**
 * An exact rational counter over true time: the one clock from which TSC, timebase, wall clock and uptime
 * are made.
 *
 *     count(t) = base + floor((rem + (t - t0_ns) * num) / den)   mod 2^64
 *
 * t is true time in ns, below 2^63; num/den is the rate in counts a ns (6 GHz at +1 ppb: num 6_000_000_006,
 * den 10^9). A change of rate or value moves the origin (t0_ns, base) to that instant and carries the
 * fraction of a count in `rem`, so nothing is ever rounded away however often it happens.
 *
 * A run reads counters all the time, and a division of 128 bits by 64 costs more than the rest of a tick. So the
 * counter also keeps its rate, and its inverse, with 64 fraction bits, rounded down. Multiplied by them a time, or a
 * count, is too low by 2 at most; by how much says the remainder, which fits in 64 bits although the products do not.
 *
 *     +0 u64 t0_ns | +8 u64 base | +16 u64 rem | +24 u64 num | +32 u64 den        rem < den
 *     +40 u64 whole, +48 u64 part          num/den = whole + part / 2^64
 *     +56 u64 back_whole, +64 u64 back_part    den/num = back_whole + back_part / 2^64        72 bytes
 *
 * Bounds: den up to 10^18, num up to 1.2 * 10^19, so (t - t0_ns)*num + rem is below 2^127. All-zero bytes
 * are a counter that stands at 0. Time given to a counter must not be before its origin t0_ns.
 */
@unmanaged
export class Counter {
  t0_ns: u64
  base: u64
  rem: u64
  num: u64
  den: u64
  whole: u64
  part: u64
  back_whole: u64
  back_part: u64
}

/** Sets the rate: num/den counts a ns, 0 for a counter that has no den. */
function counter_set_rate(c: Counter, num: u64, den: u64): void {
  const runs = num != 0 && den != 0
  c.num = runs ? num : 0
  c.den = den
  c.whole = runs ? num / den : 0
  c.part = runs ? div_wide(num % den, 0, den) : 0
  c.back_whole = runs ? den / num : 0
  c.back_part = runs ? div_wide(den % num, 0, num) : 0
}

/** Sets value and rate at `now` (ns), without a fraction. False, and nothing changed, when den is 0. */
export function counter_set(c: Counter, now: u64, base: u64, num: u64, den: u64): bool {
  if (den == 0) return false
  c.t0_ns = now
  c.base = base
  c.rem = 0
  counter_set_rate(c, num, den)
  return true
}

/** The same with a fraction of a count: part/den, below 1. False, and nothing changed, when that is not so. */
export function counter_set_part(c: Counter, now: u64, base: u64, part: u64, num: u64, den: u64): bool {
  if (part >= den || !counter_set(c, now, base, num, den)) return false
  c.rem = part
  return true
}

/** The count at `now` (ns). */
export function counter_read(c: Counter, now: u64): u64 {
  // A stopped counter has no elapsed counts; this also keeps the all-zero counter from dividing by 0.
  if (c.num == 0) return c.base
  const elapsed = now - c.t0_ns
  const den = c.den
  // Short of elapsed*num/den by less than 1 + elapsed/2^64, so of the count by less than 2.5; rest is below 2.5 * den.
  const count = elapsed * c.whole + mulhi_u64(elapsed, c.part)
  const rest = elapsed * c.num + c.rem - count * den
  return c.base + count + u64(rest >= den) + u64(rest >= 2 * den)
}

/**
 * The numerator of the fraction of a count that has gone by at `now`, below den, given the count at `now`. What the
 * division left: as it is below 2^64, computing mod 2^64 is enough.
 */
export function counter_fraction(c: Counter, now: u64, count: u64): u64 {
  return (now - c.t0_ns) * c.num + c.rem - (count - c.base) * c.den
}

/** Moves the origin to `now`. No reading at or after `now` changes. */
function counter_rebase(c: Counter, now: u64): void {
  const count = counter_read(c, now)
  c.rem = counter_fraction(c, now, count)
  c.base = count
  c.t0_ns = now
}

/** From `now` on the counter runs at num/den counts a ns, den as it was. Value and fraction go on exactly. */
export function counter_rate(c: Counter, now: u64, num: u64): void {
  counter_rebase(c, now)
  counter_set_rate(c, num, c.den)
}

/** Jumps by `delta` counts at `now`; the fraction of a count is kept. */
export function counter_step(c: Counter, now: u64, delta: i64): void {
  counter_rebase(c, now)
  c.base += <u64>delta
}

/**
 * The first true ns t >= now at which the counter has reached `value`, that is s64(count(t) - value) >= 0;
 * `now` if it already has. u64.MAX_VALUE when that never happens or lies beyond 64 bits of ns.
 *
 * The comparison is that of a hardware comparator on a wrapping counter: a value up to 2^63 - 1 behind is
 * past, any other is still to come.
 */
export function counter_when(c: Counter, now: u64, value: u64): u64 {
  const count = counter_read(c, now)
  const missing = value - count
  if (<i64>(0 - missing) >= 0) return now
  if (c.num == 0) return u64.MAX_VALUE
  const fraction = counter_fraction(c, now, count)
  const k = (missing >> NEAR_BITS) == 0 && (c.back_whole >> BACK_BITS) == 0
    ? ns_to_near(c, missing, fraction)
    : ns_to_far(c, missing, fraction)
  const t = now + k
  return t < now ? u64.MAX_VALUE : t
}

/** Distances and rates with which ns_to_near stays within 64 bits: 6.5 hours at 6 GHz, down to 16 kHz. */
const NEAR_BITS: u64 = 47
const BACK_BITS: u64 = 16

/** Least k with fraction + k*num >= missing*den. The right side is larger than the fraction, being >= den. */
function ns_to_near(c: Counter, missing: u64, fraction: u64): u64 {
  const den = c.den
  const num = c.num
  // Short of missing*den/num by less than 1 + 2^-17, so `over` lies between 0 and 1.00001*num + den, below 2^64.
  const k = missing * c.back_whole + mulhi_u64(missing, c.back_part)
  const over = missing * den - fraction - k * num + den
  if (over > den) return k + 1 + u64(over - den > num)
  const back = den - over // above 0 only as far as the fraction helps, so below num on a counter of 1 GHz or more
  return back < num ? k : k - back / num
}

/** The same for any distance and rate; u64.MAX_VALUE, or less by one, if k needs more than 64 bits. */
function ns_to_far(c: Counter, missing: u64, fraction: u64): u64 {
  const product = missing * c.den
  const lo = product - fraction
  const hi = mulhi_u64(missing, c.den) - u64(product < fraction)
  if (hi >= c.num) return u64.MAX_VALUE
  const k = div_wide(hi, lo, c.num)
  return k * c.num == lo || k == u64.MAX_VALUE ? k : k + 1
}
