/**
 * Linux' timekeeper: how a 64-bit counter becomes CLOCK_REALTIME, MONOTONIC, BOOTTIME and MONOTONIC_RAW
 * (Linux 6.12 kernel/time/timekeeping.c, clocksource.c, ntp.c).
 *
 *   cycle_last          now        since the last update `now - cycle_last` cycles have gone by, worth
 *      |────── delta ─────|        (delta * mult + xtime_nsec) >> shift ns on top of xtime_sec
 *
 *   REALTIME  = xtime_sec + that        MONOTONIC = REALTIME - offs_real      BOOTTIME = MONOTONIC + offs_boot
 *   RAW       = raw_sec + the same with the clocksource's own mult and raw_nsec
 *
 * mult is an integer, so it can only be near the rate that NTP asks for. The kernel keeps the difference that
 * has piled up in ntp_error and adds 1 to mult for as long as the clock is behind.
 *
 * No function here reads the counter: each takes its value as `cycles`. Guest code takes no time in this
 * emulator, so one reading serves for all that happens at an entry to the kernel.
 *
 * Variant VARIANT_SHIFT_22 is a kernel as old as 2.6.32 (arch/x86/xen/time.c XEN_SHIFT, kernel/time/timekeeping.c
 * timekeeping_get_ns): a clocksource of 1 GHz has mult 1 << 22 and shift 22, and what delta * mult has above bit 63 is
 * lost. So a reading falls back once 2^42 ns, 73.3 minutes, have gone by since the last update. An update takes whole
 * ticks, one by one, and loses nothing.
 */
import { boot_variant } from '../boot-options'
import { CLOCK_BOOTTIME, CLOCK_GETTIMEOFDAY, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, NS_PER_SEC } from '../layout'
import { at } from '../memory'
import { observe, SEEN_CYCLE_OFFSET } from '../observe'
import { div_wide, mulhi_u64 } from '../wide'
import { GPA_TIMEKEEPER } from './kernel-memory'

@unmanaged
export class Timekeeper {
  // two seconds-and-fraction pairs (Xtime); the fraction is in ns << shift
  xtime_sec: u64
  xtime_nsec: u64
  raw_sec: u64
  raw_nsec: u64
  cycle_last: u64
  mult: u32 // as NTP has adjusted it
  shift: u32
  offs_real: i64 // REALTIME - MONOTONIC, ns; minus wall_to_monotonic
  offs_boot: i64 // BOOTTIME - MONOTONIC, ns
  // the clocksource
  clock_mult: u32
  hz: u32
  max_cycles: u64 // more, times mult, does not fit in 64 bits
  max_idle_ns: u64 // the timekeeper must be updated at least this often
  max_delta: u64 // an update takes a longer delta for a counter that went back, and for 0
  // NTP; lengths of a tick in ns << 32
  cycle_interval: u64 // cycles of a tick
  xtime_interval: u64 // its length, ns << shift
  xtime_remainder: i64
  raw_interval: u64
  ntp_tick: u64 // the length that mult was chosen for
  tick_length: u64 // the length that NTP wants
  ntp_error: i64 // what the clock is behind
  ntp_err_mult: u32 // 1 while it catches up
  // suspend
  suspended: u32
  suspend_time: i64 // the persistent clock then, ns
  old_delta: i64 // REALTIME minus the persistent clock at an earlier suspend, ns
}

@unmanaged
class Xtime {
  sec: u64
  nsec: u64
}

/** NTP may bend the clock by up to 500 ppm (MAXFREQ). */
export const MAX_FREQUENCY_PPB: i64 = 500000
const NTP_SCALE_SHIFT: u32 = 32
/** adjtimex takes ticks of 9000 to 11000 us at USER_HZ 100. */
const MAX_TICK_US: i32 = 1000
/**
 * The second from which on no clock can be set: 30 years of uptime must fit before signed 64-bit ns of CLOCK_REALTIME end,
 * which puts the limit at 2232-04-18T23:47:16Z (include/linux/time64.h TIME_SETTOD_SEC_MAX).
 */
const SETTOD_SECONDS_MAX: u64 = <u64>i64.MAX_VALUE / NS_PER_SEC - 30 * 365 * 86400
/** A clocksource of 64 bits must be convertible over 10 minutes (__clocksource_update_freq_scale). */
const MAX_CONVERSION_SECONDS: u32 = 600

/** boot_variant: a clocksource of shift 22, and nobody steps in for a CPU that stops counting jiffies. */
export const VARIANT_SHIFT_22: u32 = 5
const OLD_SHIFT: u32 = 22

@inline export function timekeeper(): Timekeeper { return changetype<Timekeeper>(at(GPA_TIMEKEEPER)) }
@inline function xtime(t: Timekeeper): Xtime { return changetype<Xtime>(changetype<usize>(t)) }
@inline function raw_time(t: Timekeeper): Xtime {
  return changetype<Xtime>(changetype<usize>(t) + offsetof<Timekeeper>('raw_sec'))
}

// ---- clocksources

/**
 * The best mult and shift to turn counts of `from` Hz into counts of `to` Hz over `max_seconds` without leaving
 * 64 bits: mult in the low word, shift in the high one (clocks_calc_mult_shift).
 */
export function calc_mult_shift(from: u32, to: u32, max_seconds: u32): u64 {
  const range = (<u64>max_seconds * from) >> 32
  const spare = <u32>clz(range) - 32 // bits that mult may have
  let shift: u32 = 32
  let mult: u64 = 0
  for (; shift > 0; shift--) {
    mult = ((<u64>to << shift) + (from >> 1)) / from
    if (mult >> spare == 0) break
  }
  return (mult & 0xffffffff) | (<u64>shift << 32)
}

@inline export function mult_of(packed: u64): u32 { return <u32>packed }
@inline export function shift_of(packed: u64): u32 { return <u32>(packed >> 32) }

@inline function eleven_percent(mult: u32): u32 { return <u32>(<u64>mult * 11 / 100) }

/** ns << old as ns << shift. */
@inline function with_shift(nsec: u64, old: u32, shift: u32): u64 {
  return shift >= old ? nsec << (shift - old) : nsec >> (old - shift)
}

/**
 * Registers a clocksource of freq * scale Hz and counts from `cycles` on (clocksource_register_hz with scale 1,
 * _khz with 1000; tk_setup_internals). `checked`: the kernel is built to distrust a counter that goes back
 * (CONFIG_CLOCKSOURCE_VALIDATE_LAST_CYCLE, x86 only; 6.12.5 takes 7/8 of the range for forward).
 */
function setup_clocksource(t: Timekeeper, freq: u32, scale: u32, checked: bool, cycles: u64): void {
  const packed = calc_mult_shift(freq, <u32>(NS_PER_SEC / scale), MAX_CONVERSION_SECONDS * scale)
  let mult = mult_of(packed)
  let shift = shift_of(packed)
  if (boot_variant() == VARIANT_SHIFT_22) {
    mult = 1 << OLD_SHIFT
    shift = OLD_SHIFT
  }
  while (mult + eleven_percent(mult) < mult) {
    mult >>= 1
    shift--
  }
  const adjust = eleven_percent(mult)
  t.xtime_nsec = with_shift(t.xtime_nsec, t.shift, shift)
  t.raw_nsec = with_shift(t.raw_nsec, t.shift, shift)
  t.clock_mult = mult
  t.mult = mult
  t.shift = shift
  t.max_cycles = u64.MAX_VALUE / (mult + adjust)
  t.max_idle_ns = (t.max_cycles * (mult - adjust)) >> shift >> 1
  t.max_delta = checked ? (u64.MAX_VALUE >> 1) + (u64.MAX_VALUE >> 2) + (u64.MAX_VALUE >> 3) : u64.MAX_VALUE
  t.cycle_last = cycles

  const length = NS_PER_SEC / t.hz << shift
  t.cycle_interval = max((length + (mult >> 1)) / mult, 1)
  t.xtime_interval = t.cycle_interval * mult
  t.raw_interval = t.xtime_interval
  t.xtime_remainder = length - t.xtime_interval
  t.ntp_tick = length << (NTP_SCALE_SHIFT - shift)
  t.ntp_error = 0
  t.ntp_err_mult = 0
}

/**
 * The kernel boots: MONOTONIC is 0, REALTIME `persistent_ns` of the persistent clock, or 1970 if it cannot believe that
 * (timekeeping_init). `hz` is CONFIG_HZ.
 */
export function tk_boot(freq: u32, scale: u32, checked: bool, hz: u32, cycles: u64, persistent_ns: u64): void {
  const t = timekeeper()
  const wall_ns = persistent_ns / NS_PER_SEC < SETTOD_SECONDS_MAX ? persistent_ns : 0
  memory.fill(changetype<usize>(t), 0, offsetof<Timekeeper>())
  t.hz = hz
  t.tick_length = (NS_PER_SEC << NTP_SCALE_SHIFT) / hz
  setup_clocksource(t, freq, scale, checked, cycles)
  t.xtime_sec = wall_ns / NS_PER_SEC
  t.xtime_nsec = wall_ns % NS_PER_SEC << t.shift
  t.offs_real = wall_ns
}

/** The counter runs at another frequency from now on, and the kernel was told (change_clocksource). */
export function tk_change_frequency(freq: u32, scale: u32, checked: bool, cycles: u64): void {
  const t = timekeeper()
  forward_now(t, cycles)
  setup_clocksource(t, freq, scale, checked, cycles)
}

/** Whether every tick is worth what NTP wants it to be, so that an update only adds and mult stays. */
export function timekeeper_is_even(): bool {
  const t = timekeeper()
  const made = (t.xtime_interval + t.xtime_remainder) << (NTP_SCALE_SHIFT - t.shift)
  return !t.suspended && t.ntp_tick == t.tick_length && t.ntp_tick == made && t.ntp_error <= 0 && t.ntp_err_mult == 0
}

// ---- reading

/** (cycles since the last update * mult + nsec) >> shift; a counter behind the last update reads as that. */
function cycles_to_ns(t: Timekeeper, cycles: u64, mult: u32, nsec: u64): u64 {
  const delta = cycles - t.cycle_last
  if (delta <= t.max_cycles) return (delta * mult + nsec) >> t.shift
  if (boot_variant() == VARIANT_SHIFT_22) return ((delta * mult) >> t.shift) + (nsec >> t.shift)
  if (<i64>delta < 0) return nsec >> t.shift
  const lo = delta * mult + nsec
  const hi = mulhi_u64(delta, mult) + u64(lo < nsec)
  return t.shift == 0 ? lo : (hi << (64 - t.shift)) | (lo >> t.shift)
}

export function tk_realtime(cycles: u64): u64 {
  const t = timekeeper()
  return t.xtime_sec * NS_PER_SEC + cycles_to_ns(t, cycles, t.mult, t.xtime_nsec)
}

export function tk_monotonic(cycles: u64): u64 { return tk_realtime(cycles) - timekeeper().offs_real }

export function tk_raw(cycles: u64): u64 {
  const t = timekeeper()
  return t.raw_sec * NS_PER_SEC + cycles_to_ns(t, cycles, t.clock_mult, t.raw_nsec)
}

/** REALTIME at the last update (the coarse clock, xtime). */
export function tk_coarse_realtime(): u64 {
  const t = timekeeper()
  return t.xtime_sec * NS_PER_SEC + (t.xtime_nsec >> t.shift)
}

/** One of the clocks that a process can read, ns; CLOCK_REALTIME unless it is another that the timekeeper has. */
export function tk_read(clock: u32, cycles: u64): u64 {
  switch (clock) {
    case CLOCK_MONOTONIC: return tk_monotonic(cycles)
    case CLOCK_BOOTTIME: return tk_monotonic(cycles) + timekeeper().offs_boot
    case CLOCK_MONOTONIC_RAW: return tk_raw(cycles)
    case CLOCK_GETTIMEOFDAY: return tk_realtime(cycles) / 1000 * 1000
    default: return tk_realtime(cycles)
  }
}

// ---- updating

/** Cycles since the last update, as an update takes them (clocksource_delta). */
@inline function update_delta(t: Timekeeper, cycles: u64): u64 {
  const delta = cycles - t.cycle_last
  return delta <= t.max_delta ? delta : 0
}

/** What so many cycles are worth by the clocksource's own mult, ns. */
function plain_ns(t: Timekeeper, cycles: u64): u64 {
  return t.shift == 0
    ? cycles * t.clock_mult
    : (mulhi_u64(cycles, t.clock_mult) << (64 - t.shift)) | ((cycles * t.clock_mult) >> t.shift)
}

/** Adds count * length (ns << shift) to a pair. The kernel does this in doublings; the sum is the same. */
function accumulate(time: Xtime, count: u64, length: u64, shift: u32): void {
  const second = NS_PER_SEC << shift
  const lo = count * length + time.nsec
  const hi = mulhi_u64(count, length) + u64(lo < time.nsec)
  const seconds = div_wide(hi, lo, second)
  time.sec += seconds
  time.nsec = lo - seconds * second
}

/** Moves the last update to `cycles` exactly (timekeeping_forward_now). */
function forward_now(t: Timekeeper, cycles: u64): void {
  const delta = update_delta(t, cycles)
  t.cycle_last = cycles
  accumulate(xtime(t), delta, t.mult, t.shift)
  accumulate(raw_time(t), delta, t.clock_mult, t.shift)
}

/**
 * The update at a tick: takes in whole ticks, however many have gone by, and leaves the rest (update_wall_time,
 * timekeeping_advance). With `always`, mult is looked at even if no tick has gone by.
 */
export function tk_advance(cycles: u64, always: bool): void {
  const t = timekeeper()
  const delta = update_delta(t, cycles)
  if (!t.suspended && delta > t.max_cycles) {
    observe(SEEN_CYCLE_OFFSET, 0, plain_ns(t, delta), plain_ns(t, t.max_cycles))
  }
  tk_pass(cycles, always)
}

/** The same of many updates in one: nobody is surprised how long ago the last one was. */
export function tk_pass(cycles: u64, always: bool): void {
  const t = timekeeper()
  if (t.suspended) return
  const delta = update_delta(t, cycles)
  if (delta < t.cycle_interval && !always) return
  const ticks = delta / t.cycle_interval
  t.cycle_last += ticks * t.cycle_interval
  accumulate(xtime(t), ticks, t.xtime_interval, t.shift)
  accumulate(raw_time(t), ticks, t.raw_interval, t.shift)
  const made = (t.xtime_interval + t.xtime_remainder) << (NTP_SCALE_SHIFT - t.shift)
  t.ntp_error += ticks * (t.ntp_tick - made)
  adjust_mult(t, delta - ticks * t.cycle_interval)
}

/** Chooses mult for the tick that NTP wants; `rest` cycles are not yet taken in (timekeeping_adjust). */
function adjust_mult(t: Timekeeper, rest: u64): void {
  let mult = t.mult - t.ntp_err_mult
  if (t.ntp_tick != t.tick_length) {
    t.ntp_tick = t.tick_length
    mult = <u32>(((t.ntp_tick >> (NTP_SCALE_SHIFT - t.shift)) - t.xtime_remainder) / t.cycle_interval)
  }
  t.ntp_err_mult = t.ntp_error > 0 ? 1 : 0
  const change = <i64><i32>(mult + t.ntp_err_mult - t.mult)
  t.mult += <u32>change
  t.xtime_interval += t.cycle_interval * change
  // What the rest is worth changes with mult; the clock must not.
  t.xtime_nsec -= rest * change
  const second = NS_PER_SEC << t.shift
  if (<i64>t.xtime_nsec < 0) {
    t.xtime_nsec += second
    t.xtime_sec--
  } else if (t.xtime_nsec >= second) {
    t.xtime_nsec -= second
    t.xtime_sec++
  }
}

/** adjtimex(ADJ_FREQUENCY): the clock's rate is off by `ppb`, at most 500 ppm, in steps of 2^-16 ppm. */
export function tk_adjust_frequency(ppb: i32, cycles: u64): void { tk_adjtimex(0, ppb, cycles) }

/**
 * adjtimex(ADJ_TICK | ADJ_FREQUENCY): a tick of 10 ms is `tick_us` longer, at most 1 ms, which is 10 %, and the rate off by
 * `ppb` beyond that.
 */
export function tk_adjtimex(tick_us: i32, ppb: i32, cycles: u64): void {
  const t = timekeeper()
  const bounded = max(min(<i64>ppb, MAX_FREQUENCY_PPB), -MAX_FREQUENCY_PPB)
  const steps = bounded * 65536 / 1000
  const ticks = <i64>max(min(tick_us, MAX_TICK_US), -MAX_TICK_US) * 100000 // ns in a second
  const offset = (ticks << NTP_SCALE_SHIFT) + steps * (<i64>1000 << (NTP_SCALE_SHIFT - 16)) // ns << 32 in a second
  t.tick_length = ((NS_PER_SEC << NTP_SCALE_SHIFT) + offset) / t.hz
  tk_advance(cycles, true)
}

/**
 * Sets REALTIME (do_settimeofday64). MONOTONIC and BOOTTIME do not change. False, and nothing done, for a time
 * at which the machine would have booted before 1970, or that is too far ahead (EINVAL).
 */
export function tk_settime(ns: u64, cycles: u64): bool {
  const t = timekeeper()
  if (ns / NS_PER_SEC >= SETTOD_SECONDS_MAX) return false
  forward_now(t, cycles)
  t.ntp_error = 0
  const step = <i64>(ns - tk_coarse_realtime())
  if (-t.offs_real > step) return false
  t.offs_real += step
  t.xtime_sec = ns / NS_PER_SEC
  t.xtime_nsec = ns % NS_PER_SEC << t.shift
  return true
}

// ---- suspend and resume

/**
 * The machine is about to sleep; `persistent_ns` is what the persistent clock reads (timekeeping_suspend).
 * That clock may be coarse. So that a second is not lost or won at each suspend, its distance from REALTIME is
 * taken to be what it was, if it has changed by less than 2 s.
 */
export function tk_suspend(cycles: u64, persistent_ns: u64): void {
  const t = timekeeper()
  t.suspend_time = persistent_ns
  forward_now(t, cycles)
  t.suspended = 1
  const delta = <i64>tk_coarse_realtime() - t.suspend_time
  const change = delta - t.old_delta
  // The kernel looks at the seconds of a timespec, which are rounded down: -1, 0 or 1.
  if (change >= -<i64>NS_PER_SEC && change < 2 * <i64>NS_PER_SEC) t.suspend_time += change
  else t.old_delta = delta
}

/**
 * It has woken up: the time it slept, by the persistent clock, is added to REALTIME and BOOTTIME, and the
 * counter counts from where it is now (timekeeping_resume). Returns that time, 0 if the clock did not advance.
 */
export function tk_resume(cycles: u64, persistent_ns: u64): i64 {
  const t = timekeeper()
  const slept = max(<i64>persistent_ns - t.suspend_time, 0)
  accumulate(xtime(t), slept, <u64>1 << t.shift, t.shift)
  t.offs_real += slept
  t.offs_boot += slept
  t.cycle_last = cycles
  t.ntp_error = 0
  t.suspended = 0
  return slept
}
