import { scale_delta } from './scale'

/**
 * One CPU's link from TSC to Xen system time, and how Xen renews it each second from the platform timer (Xen
 * arch/x86/time.c local_time_calibration, get_s_time_fixed). Times are system time in ns: local_stime is what
 * this CPU believed at local_tsc, master_stime what the platform timer said.
 *
 *     +0 u64 local_tsc | +8 u64 local_stime | +16 u64 master_stime | +24 u32 mul | +28 i32 shift     32 bytes
 */
@unmanaged
export class CpuTime {
  local_tsc: u64
  local_stime: u64
  master_stime: u64
  mul: u32
  shift: i32
}

/** The interval between calibrations, ns. */
export const CALIBRATION_EPOCH_NS: u64 = 1_000_000_000

/**
 * System time on this CPU when its TSC reads `tsc` (get_s_time_fixed). A TSC behind the stamp counts backwards, since Xen
 * 7b3e1b4e84 of January 2026; before, it was taken for one far ahead. The comparison is unsigned: of a TSC that has
 * wrapped since the stamp, system time falls by all that 2^64 ticks are worth.
 */
export function cpu_time_now(t: CpuTime, tsc: u64): u64 {
  if (tsc >= t.local_tsc) return t.local_stime + scale_delta(tsc - t.local_tsc, t.mul, t.shift)
  return t.local_stime - scale_delta(t.local_tsc - tsc, t.mul, t.shift)
}

function stamp(t: CpuTime, tsc: u64, local: u64, master: u64): void {
  t.local_tsc = tsc
  t.local_stime = local
  t.master_stime = master
}

/**
 * How much slower the clock must run, as a fraction of 2^32, to lose `ahead` ns over the next epoch; at most by
 * half, so that time that was given out is never taken back. 0 when it is not ahead.
 */
function slow_down_factor(ahead: u64): u64 {
  if (ahead == 0) return 0
  const error = ahead < CALIBRATION_EPOCH_NS ? ahead : CALIBRATION_EPOCH_NS
  return (CALIBRATION_EPOCH_NS << 32) / (CALIBRATION_EPOCH_NS + error)
}

/**
 * The calibration at an epoch's end, from readings taken at one instant. True if the stamp was renewed, false
 * if everything stays: the platform timer moved less than half a second, or the TSC so little that the real
 * function would not return.
 *
 * With constant_tsc only the stamp is renewed. Without, a CPU that is behind jumps forward to the platform
 * timer, and the scale is what was measured over the interval, less if the CPU is ahead.
 */
export function local_time_calibration(
  t: CpuTime,
  tsc: u64,
  local: u64,
  master: u64,
  constant_tsc: bool,
): bool {
  if (constant_tsc) {
    stamp(t, tsc, local, master)
    return true
  }
  const caught_up = <i64>local < <i64>master ? master : local
  let elapsed = master - t.master_stime
  let ticks = tsc - t.local_tsc
  if (<i64>elapsed < <i64>(CALIBRATION_EPOCH_NS / 2)) return false
  const factor = slow_down_factor(caught_up - master)

  while (elapsed >> 31 != 0) {
    elapsed >>= 1
    ticks >>= 1
  }
  if (ticks == 0) return false
  let shift = 0
  while (ticks > elapsed * 2) {
    ticks >>= 1
    shift--
  }
  while (ticks <= elapsed) {
    ticks <<= 1
    shift++
  }
  const mul = (elapsed << 32) / ticks
  t.mul = <u32>(factor == 0 ? mul : (mul * factor) >> 32)
  t.shift = shift
  stamp(t, tsc, caught_up, master)
  return true
}
