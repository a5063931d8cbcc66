/**
 * Jiffies: the length of a tick, and conversions between jiffies, durations and Xen's time.
 * Source: include/linux/jiffies.h, arch/i386/kernel/time-xen.c jiffies_to_st.
 */
import { boot_wide } from '../../boot-options'
import { NS_PER_SEC } from '../../layout'
import { kernel } from './state'

/** The PC's interval timer, from which the length of a tick is derived although Xen guests have none. */
const CLOCK_TICK_RATE: u64 = 1193182
const USEC_PER_SEC: u64 = 1000000

/** nom/den with `bits` fraction bits, rounded to nearest (SH_DIV). */
function ratio(nom: u64, den: u64, bits: u32): u64 {
  return ((nom / den) << bits) + (((nom % den) << bits) + den / 2) / den
}

function divide_up(a: u64, b: u64): u64 {
  return (a + b - 1) / b
}

/**
 * Sets up the constants for `hz` ticks a second. A jiffy is 1e9/hz ns of system time, but xtime gains what a
 * whole number of the interval timer's counts lasts: 10,000,000 ns at 100 Hz, 4,000,250 at 250 and 999,848 at
 * 1000. So between two updates from Xen xtime drifts by 0, +62.5 and -152 ppm.
 */
export function jiffies_init(hz: u32): void {
  const k = kernel()
  k.hz = hz
  k.jiffies = <u64>(<u32>(-300 * <i32>hz)) // 32 bits of jiffies wrap five minutes after boot
  k.ns_per_tick = NS_PER_SEC / <u64>hz
  const latch = (CLOCK_TICK_RATE + <u64>hz / 2) / <u64>hz
  const tick = ratio(NS_PER_SEC, ratio(CLOCK_TICK_RATE, latch, 8), 8)
  k.tick_nsec = tick

  // SHIFT_HZ is the nearest power of two; the scale keeps bit 31 of the second's conversion set.
  const shift_hz = 32 - clz<u32>((hz * 2) / 3)
  let scale = 31 - shift_hz
  if (((((NS_PER_SEC << 2) / tick) << (scale - 2)) & 0x80000000) == 0) scale++
  k.jiffies_shift = scale
  k.sec_conversion = divide_up(NS_PER_SEC << scale, tick)
  k.nsec_conversion = divide_up((<u64>1) << (scale + 29), tick)
  k.usec_conversion = divide_up((<u64>1000) << (scale + 19), tick)
  k.max_sec = boot_wide()
    ? ratio((max_jiffy_offset() >> scale) * tick, NS_PER_SEC, 1) - 1
    : (max_jiffy_offset() * tick) / NS_PER_SEC
}

/** The longest timeout; also "no timer". */
export function max_jiffy_offset(): u64 {
  return boot_wide() ? <u64>i64.MAX_VALUE - 1 : <u64>i32.MAX_VALUE - 1
}

/** a - b as a signed word, so that it is right across a wrap. */
export function jiffies_since(a: u64, b: u64): i64 {
  return boot_wide() ? <i64>(a - b) : <i64>(<i32>(a - b))
}

/** A duration of `ns` in jiffies, rounded up (timespec_to_jiffies). */
export function ns_to_jiffies(ns: i64): u64 {
  const k = kernel()
  const sec = <u64>ns / NS_PER_SEC
  if (sec >= k.max_sec) return (k.max_sec * k.sec_conversion) >> k.jiffies_shift
  const nsec = (<u64>ns % NS_PER_SEC) + k.tick_nsec - 1
  return (sec * k.sec_conversion + ((nsec * k.nsec_conversion) >> 29)) >> k.jiffies_shift
}

/** A duration of `usec` in jiffies, rounded up (timeval_to_jiffies). */
export function usec_to_jiffies(usec: u64): u64 {
  const k = kernel()
  const round = ((<u64>1) << (k.jiffies_shift + 19)) - 1
  const part = ((usec % USEC_PER_SEC) * k.usec_conversion + round) >> 19
  return ((usec / USEC_PER_SEC) * k.sec_conversion + part) >> k.jiffies_shift
}

/**
 * The guest time at which jiffies will be `j`; one tick ahead when that has passed, 0 when it is so far ahead
 * that it means "no timer".
 */
export function jiffies_to_st(j: u64): u64 {
  const k = kernel()
  const delta = jiffies_since(j, k.jiffies)
  if (delta < 1) return k.processed + k.ns_per_tick
  if (<u64>delta >> (boot_wide() ? 61 : 29) != 0) return 0
  return k.processed + <u64>delta * k.ns_per_tick
}
