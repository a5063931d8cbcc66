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
 *     +0 u64 t0_ns | +8 u64 base | +16 u64 rem | +24 u64 num | +32 u64 den        40 bytes, rem < den
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
}

/** Sets value and rate at `now` (ns), without a fraction. False, and nothing changed, when den is 0. */
export function counter_set(c: Counter, now: u64, base: u64, num: u64, den: u64): bool {
  if (den == 0) return false
  c.t0_ns = now
  c.base = base
  c.rem = 0
  c.num = num
  c.den = den
  return true
}

/** The count at `now` (ns). */
export function counter_read(c: Counter, now: u64): u64 {
  // A stopped counter has no elapsed counts; this also keeps the all-zero counter from dividing by 0.
  if (c.num == 0) return c.base
  const elapsed = now - c.t0_ns
  const product = elapsed * c.num
  const lo = product + c.rem
  const hi = mulhi_u64(elapsed, c.num) + u64(lo < product)
  return c.base + div_wide(hi < c.den ? hi : hi % c.den, lo, c.den)
}

/**
 * The numerator of the fraction of a count that has gone by at `now`, below den, given the count at `now`. What the
 * division left: as it is below 2^64, computing mod 2^64 is enough.
 */
function counter_fraction(c: Counter, now: u64, count: u64): u64 {
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
  // A counter that was never set has no den: it stays where it is.
  c.num = c.den == 0 ? 0 : num
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
  // Least k with fraction + k*num >= missing*den. The right side is larger than the fraction, being >= den.
  const fraction = counter_fraction(c, now, count)
  const product = missing * c.den
  const lo = product - fraction
  const hi = mulhi_u64(missing, c.den) - u64(product < fraction)
  if (hi >= c.num) return u64.MAX_VALUE
  const k = div_wide(hi, lo, c.num)
  const whole = k * c.num == lo
  if (!whole && k == u64.MAX_VALUE) return u64.MAX_VALUE
  const t = now + k + u64(!whole)
  return t < now ? u64.MAX_VALUE : t
}
