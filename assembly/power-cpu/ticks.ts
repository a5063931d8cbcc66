/**
 * The source of ticks, read often: near a cycle of which all is known, ticks take one multiplication.
 *
 *     ticks(tick_cycle + d) = tick_count + floor((tick_part + d * num) / den)      d < tick_span
 *
 * with num/den the rate in lowest terms. The numerator stays below 2^31 in the span, so that with
 * multiplier = floor(2^shift / den) + 1 and shift = 31 + bits(den) a product and a shift are that floor, exactly: the
 * multiplier is too large by at most 1, the product by less than 2^31, which is less than 2^shift / den. And the
 * product is below 2^64. A rate whose num or den is too large for that (timebases of odd frequencies) has no span, and
 * is read from its Counter.
 *
 * Derived: `tick_span` 0 stands for nothing known, and what a guest reads is the same with it and without.
 */
import { Counter, counter_fraction, counter_read, counter_when } from '../counter'
import { run_at_hand } from '../engine/layout'
import { TIME } from './registers'

const NUMERATOR_BITS: u64 = 31

@inline export function tick_counter(): Counter { return changetype<Counter>(TIME) }

/** Ticks of the source in `cycle`. */
@inline export function ticks_at(cycle: u64): u64 {
  const r = run_at_hand()
  const d = cycle - r.tick_cycle
  if (d >= r.tick_span) return ticks_from(cycle)
  return r.tick_count + (((r.tick_part + d * r.tick_num) * r.tick_multiplier) >> r.tick_shift)
}

/** The same from the counter; from here on it is near. */
function ticks_from(cycle: u64): u64 {
  const c = tick_counter()
  const ticks = counter_read(c, cycle)
  const num = c.num
  const den = c.den
  if (num == 0 || num >> (NUMERATOR_BITS - 8) != 0 || den >> (NUMERATOR_BITS - 1) != 0) return ticks
  const r = run_at_hand()
  const part = counter_fraction(c, cycle, ticks)
  r.tick_cycle = cycle
  r.tick_count = ticks
  r.tick_part = part
  r.tick_num = num
  r.tick_den = den
  r.tick_shift = NUMERATOR_BITS + (64 - clz<u64>(den))
  r.tick_multiplier = (<u64>1 << r.tick_shift) / den + 1
  r.tick_span = ((<u64>1 << NUMERATOR_BITS) - 1 - part) / num
  return ticks
}

/** The first cycle, from `cycle` on, in which the source has reached `ticks`; as counter_when. */
export function ticks_when(cycle: u64, ticks: u64): u64 {
  const r = run_at_hand()
  const missing = ticks - r.tick_count
  // Below 2^32 ticks ahead, times den below 2^30: it fits. What has been reached is the counter's to say.
  if (r.tick_span == 0 || missing == 0 || missing >> 32 != 0) return counter_when(tick_counter(), cycle, ticks)
  const when = r.tick_cycle + (missing * r.tick_den - r.tick_part + r.tick_num - 1) / r.tick_num
  return when > cycle ? when : cycle
}

/** The counter, or the state it lies in, may have changed. */
@inline export function ticks_unknown(): void { run_at_hand().tick_span = 0 }
