/**
 * Xen's system time over as many calibrations as one likes, in closed form.
 *
 * With constant_tsc a calibration renews the stamp of the CPU and not its scale. It comes each second of true time, so
 *
 *     c(k)     = c(0) + k * 10^9                            c(0): the calibration that is armed
 *     tsc(k)   = TSC at c(k)                                an exact counter
 *     stime(k) = stime(0) + sum of F(tsc(j) - tsc(j-1))     F: scale_delta, which rounds down each time
 *
 * A second has D ticks or D + 1, so F has two values, and how often the larger one came says the TSC itself:
 * tsc(k) - tsc(0) - k * D times. k = -1 is the stamp as it is now.
 *
 *     EPOCHS (scratch, not state):  +0 u64 c(0) | +8 u64 tsc(0) | +16 u64 stime(0) | +24 u64 D | +32 u64 F(D)
 *                                   +40 u64 F(D + 1) - F(D) | +64 CpuTime
 */
import { counter_read, counter_when } from '../counter'
import { queue_arm, queue_time } from '../event-queue'
import { cpu_time, host_counter, xen_time_at } from '../host'
import { EPOCHS, host, HOST_CPU_TIME, HOST_MONO, HOST_TSC, machine, NEVER, SLOT_CALIBRATION } from '../layout'
import { muldiv_u64 } from '../wide'
import { CALIBRATION_EPOCH_NS, CpuTime } from './calibration'
import { scale_delta, unscale_up } from './scale'

@unmanaged
class Epochs {
  first_ns: u64
  tsc: u64
  stime: u64
  ticks: u64
  ns: u64
  more_ns: u64
}

/** NOW() may differ from true time by this much a second; more, and callers' bounds on it would not hold. */
const DRIFT_MAX_NS: u64 = 400_000
/** From here on, 292 years of uptime, system time is negative for those who take it as signed. */
const STIME_MAX: u64 = (<u64>1 << 63) - 60 * CALIBRATION_EPOCH_NS

@inline function epochs(): Epochs { return changetype<Epochs>(EPOCHS) }
@inline function tsc_at(ns: u64): u64 { return counter_read(host_counter(HOST_TSC), ns) }

/** Reads off the host what the others need. False where there is no closed form: the scale changes, or is far off. */
export function epochs_begin(): bool {
  const e = epochs()
  const c = cpu_time()
  const rate = host_counter(HOST_TSC)
  e.first_ns = queue_time(SLOT_CALIBRATION)
  if (!host().constant_tsc || e.first_ns == NEVER || rate.num == 0) return false
  e.tsc = tsc_at(e.first_ns)
  if (e.tsc < c.local_tsc) return false // NOW() falls with the TSC
  e.stime = xen_time_at(e.tsc)
  e.ticks = muldiv_u64(CALIBRATION_EPOCH_NS, rate.num, rate.den)
  e.ns = scale_delta(e.ticks, c.mul, c.shift)
  e.more_ns = scale_delta(e.ticks + 1, c.mul, c.shift) - e.ns
  return e.ns + DRIFT_MAX_NS >= CALIBRATION_EPOCH_NS && e.ns <= CALIBRATION_EPOCH_NS + DRIFT_MAX_NS
}

/** `limit`, or when the TSC wraps if that is earlier; of a TSC in its lower half, when it comes into the upper one. */
export function epochs_end(limit: u64): u64 {
  const half = <u64>1 << 63
  const next = tsc_at(machine().now_ns) < half ? half : 0
  return min(limit, counter_when(host_counter(HOST_TSC), machine().now_ns, next))
}

/** F(D): what NOW() gains in a second of true time, or less by 1. */
export function epoch_ns(): u64 { return epochs().ns }

/** True time of calibration k >= 0. */
@inline export function epoch_start(k: i64): u64 { return epochs().first_ns + <u64>k * CALIBRATION_EPOCH_NS }

/** The last calibration at or before `ns`. */
@inline export function epoch_at(ns: u64): i64 {
  const first = epochs().first_ns
  return ns < first ? -1 : <i64>((ns - first) / CALIBRATION_EPOCH_NS)
}

export function epoch_tsc(k: i64): u64 { return k < 0 ? cpu_time().local_tsc : tsc_at(epoch_start(k)) }

export function epoch_stime(k: i64): u64 {
  if (k < 0) return cpu_time().local_stime
  const e = epochs()
  const more = epoch_tsc(k) - e.tsc - <u64>k * e.ticks
  return e.stime + <u64>k * e.ns + more * e.more_ns
}

/** NOW() at true time `ns`, which must not be before the machine's. */
export function epoch_now(ns: u64): u64 {
  const c = cpu_time()
  const k = epoch_at(ns)
  return epoch_stime(k) + scale_delta(tsc_at(ns) - epoch_tsc(k), c.mul, c.shift)
}

/** Whether system time at true time `ns` is one that a signed comparison still takes for later than those before. */
export function epoch_is_positive(ns: u64): bool {
  const now = cpu_time().local_stime
  const then = epoch_now(ns)
  return now < STIME_MAX && then < STIME_MAX
}

/**
 * True time at which a timer of the hypervisor for system time `deadline` fires, slop included. Each calibration
 * foresees it anew, and comes first if it is due at the same instant; what has passed by then fires at once.
 */
export function epoch_when(deadline: u64): u64 {
  const c = cpu_time()
  const tsc = host_counter(HOST_TSC)
  let k = epoch_of(deadline)
  while (true) {
    const from = k < 0 ? machine().now_ns : epoch_start(k)
    const ahead = <i64>(deadline - epoch_stime(k))
    const reached = ahead <= 0 ? from : counter_when(tsc, from, epoch_tsc(k) + unscale_up(ahead, c.mul, c.shift))
    const fires = reached + <u64>host().timer_slop_ns
    if (fires < epoch_start(k + 1)) return fires
    k++
  }
}

/** The last calibration before NOW() is `deadline`. */
function epoch_of(deadline: u64): i64 {
  const e = epochs()
  if (deadline <= e.stime) return -1
  // A second of NOW() has at most ns + 1, so these steps never go too far.
  let k: i64 = 0
  let step = <i64>((deadline - e.stime) / (e.ns + 1))
  while (step > 0) {
    k += step
    step = <i64>(deadline - epoch_stime(k)) / <i64>(e.ns + 1)
  }
  return deadline > epoch_stime(k) ? k : k - 1
}

/** The stamp that calibration `k` leaves, in a place that the next call uses again. */
export function epoch_stamp(k: i64): CpuTime {
  const c = cpu_time()
  const stamp = changetype<CpuTime>(EPOCHS + 64)
  stamp.local_tsc = epoch_tsc(k)
  stamp.local_stime = epoch_stime(k)
  stamp.master_stime = k < 0
    ? c.master_stime
    : counter_read(host_counter(HOST_MONO), epoch_start(k)) + host().system_time_base_ns
  stamp.mul = c.mul
  stamp.shift = c.shift
  return stamp
}

/** The calibrations up to and including `k` have been: the stamp is the last one's, and the next is armed. */
export function epochs_pass(k: i64): void {
  if (k < 0) return
  memory.copy(HOST_CPU_TIME, changetype<usize>(epoch_stamp(k)), offsetof<CpuTime>())
  queue_arm(SLOT_CALIBRATION, epoch_start(k + 1))
}
