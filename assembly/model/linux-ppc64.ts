/**
 * Linux 6.12 on Power, as a pseries guest (arch/powerpc/kernel/time.c, rtas-rtc.c).
 *
 *   clocksource  the timebase TB, at the frequency that the device tree told at boot. The kernel is not built to
 *                distrust a counter that goes back: reading such a clock gives the last update, but an update
 *                (a clock set, an NTP correction) takes it for one that went far forward
 *   event device DEC; the interrupt compares TB with decrementers_next_tb and goes back to sleep if it is early
 *   wall clock   RTAS get-time-of-day, at boot in whole seconds; later when somebody resyncs
 *   stopped      the guest does not learn of it, nor of a host with another timebase
 *
 * p_told_frequency is what a kernel would do that is told of another frequency; Linux has no such thing.
 */
import { boot_hz, boot_vcpus } from '../boot-options'
import { CAUSE_DEC, CLOCK_COUNTER, CLOCK_JIFFIES, CLOCK_SCHED, CLOCK_STEAL, NS_PER_SEC } from '../layout'
import { at, GPA_LPPACA } from '../memory'
import { observe, SEEN_FREQUENCY_ERROR } from '../observe'
import {
  device_tree_timebase_hz, h_cede, h_register_vpa, mfspr, mtspr, rtas_get_time_of_day_ns, SPR_DEC, SPR_TBL, SPR_VTB,
} from '../ppc/cpu'
import { linux_tb_scale, linux_tb_to_ns } from '../ppc/timebase'
import { muldiv_u64 } from '../wide'
import {
  cpu_timers, device_ticks, event_device_config, EventDevice, event_device_ticks, tick_state, timers_boot, timers_busy,
  timers_clock_was_set, timers_idle, timers_interrupt, timers_sleep, WATCHDOG_PERIOD_NS,
} from './hrtimer'
import { GPA_PLATFORM, GPA_PLATFORM_CPU, PLATFORM_CPU_SIZE } from './kernel-memory'
import { tk_adjtimex, tk_adjust_frequency, tk_boot, tk_change_frequency, tk_monotonic, tk_read, tk_settime } from './timekeeping'

@unmanaged
class PpcTime {
  device_mult: u32 // EventDevice
  device_shift: u32
  device_min_ns: u64
  device_max_ns: u64
  tb_to_ns_scale: u64
  tb_to_ns_shift: u64
  boot_tb: u64 // sched_clock is sched_base at this TB
  boot_vtb: u64 // and running_clock at this VTB
  sched_base: u64
  decrementer_max: u64
  tb_hz: u32 // as told
  pad0: u32
  rtc_tb: u64 // TB and RTC when they were last read together
  rtc_ns: u64
}

/** struct lppaca (arch/powerpc/include/asm/lppaca.h), and offsets in it; big-endian. */
const LPPACA_SIZE: u32 = 640
const LPPACA_SIZE_FIELD: u32 = 0x004
const LPPACA_ENQUEUE_DISPATCH_TB: u32 = 0x158
const LPPACAS_A_PAGE: u32 = 4096 / LPPACA_SIZE
const DECREMENTER_DEFAULT_MAX: u64 = 0x7fffffff
const LARGE_DECREMENTER_MAX: u64 = 0x7f_ffff_ffff_ffff
/** Positive in 32 bits and in 56, and different. */
const DECREMENTER_PROBE: u64 = 0x100_7fff_ffff
/** NTP corrects a rate by up to this much without a word; more is an error that is worth one. */
const FREQUENCY_ERROR_PPM: u64 = 500

@inline function ppc(): PpcTime { return changetype<PpcTime>(at(GPA_PLATFORM)) }
@inline function device(): EventDevice { return changetype<EventDevice>(at(GPA_PLATFORM)) }
@inline function get_tb(cpu: u32): u64 { return mfspr(cpu, SPR_TBL) }
/** decrementers_next_tb: the TB for which the CPU's event device is set. */
@inline function next_tb(cpu: u32): usize { return at(GPA_PLATFORM_CPU + cpu * PLATFORM_CPU_SIZE) }
/** The CPU's lppaca; none crosses a page. */
@inline function lppaca(cpu: u32): u32 { return GPA_LPPACA + cpu / LPPACAS_A_PAGE * 4096 + cpu % LPPACAS_A_PAGE * LPPACA_SIZE }
@inline function enqueue_dispatch_tb(cpu: u32): usize { return at(lppaca(cpu) + LPPACA_ENQUEUE_DISPATCH_TB) }

// ---- clocks

@inline function tb_to_ns(ticks: u64): u64 {
  return linux_tb_to_ns(ticks, ppc().tb_to_ns_scale, ppc().tb_to_ns_shift)
}
@inline function sched_clock(cpu: u32): u64 { return ppc().sched_base + tb_to_ns(get_tb(cpu) - ppc().boot_tb) }

/** The watchdog's clock: VTB, which does not count time in which the hypervisor runs others (running_clock). */
@inline function running_clock(cpu: u32): u64 {
  return ppc().sched_base + tb_to_ns(mfspr(cpu, SPR_VTB) - ppc().boot_vtb)
}

/** Programs DEC for the CPU's next timer (decrementer_set_next_event). */
function program(cpu: u32, tb: u64): void {
  const delay = event_device_ticks(device(), cpu, tk_monotonic(tb))
  store<u64>(next_tb(cpu), tb + delay)
  mtspr(cpu, SPR_DEC, delay)
}

/** decrementers_next_tb, and the same later by `ticks`. */
export function lppc_next_tb(cpu: u32): u64 { return load<u64>(next_tb(cpu)) }
export function lppc_move_next_tb(cpu: u32, ticks: u64): void { store<u64>(next_tb(cpu), lppc_next_tb(cpu) + ticks) }

/**
 * Whether an idle CPU that set DEC to `dec` for its watchdog will do the same again `period` ticks later. DEC may come a
 * tick early, since ns become ticks rounded down; then it is set once more.
 */
export function lppc_wakes_alike(cpu: u32, dec: u64, period: u64): bool {
  const watchdog = cpu_timers(cpu).watchdog
  let tb = lppc_next_tb(cpu)
  for (let early = 0; early < 4 && <i64>(tk_monotonic(tb) - watchdog) < 0; early++) {
    tb += device_ticks(device(), <i64>(watchdog - tk_monotonic(tb)))
  }
  const next = <i64>(watchdog + WATCHDOG_PERIOD_NS - tk_monotonic(tb))
  return tb + dec - lppc_next_tb(cpu) == period && device_ticks(device(), next) == dec
}

/** Everything that follows from the timebase frequency but the timekeeper (time_init). */
function use_frequency(hz: u32): void {
  const p = ppc()
  p.tb_hz = hz
  linux_tb_scale(hz, changetype<usize>(p) + offsetof<PpcTime>('tb_to_ns_scale'))
  event_device_config(device(), hz, 2, p.decrementer_max)
}

/**
 * Whether DEC has more than 32 bits. Linux reads that from the device tree (ibm,dec-bits); this model, which
 * has none, asks the register.
 */
function has_large_decrementer(cpu: u32): bool {
  mtspr(cpu, SPR_DEC, DECREMENTER_PROBE)
  return mfspr(cpu, SPR_DEC) > DECREMENTER_DEFAULT_MAX
}

// ---- entries

export function lppc_boot(cpu: u32): void {
  if (cpu == 0) boot_time()
  store<u16>(at(lppaca(cpu) + LPPACA_SIZE_FIELD), bswap<u16>(<u16>LPPACA_SIZE))
  h_register_vpa(cpu, lppaca(cpu))
  const tb = get_tb(cpu)
  timers_boot(cpu, tb, running_clock(cpu))
  program(cpu, tb)
}

function boot_time(): void {
  const p = ppc()
  memory.fill(changetype<usize>(p), 0, offsetof<PpcTime>())
  p.decrementer_max = has_large_decrementer(0) ? LARGE_DECREMENTER_MAX : DECREMENTER_DEFAULT_MAX
  use_frequency(device_tree_timebase_hz())
  p.boot_tb = get_tb(0)
  p.boot_vtb = mfspr(0, SPR_VTB)
  p.rtc_tb = p.boot_tb
  p.rtc_ns = rtas_get_time_of_day_ns()
  tk_boot(p.tb_hz, 1, false, boot_hz(), p.boot_tb, p.rtc_ns / NS_PER_SEC * NS_PER_SEC)
}

/** timer_interrupt. DEC is set again on either way, which is what lowers a level interrupt. */
export function lppc_interrupt(cpu: u32, cause: u32): void {
  if (cause != CAUSE_DEC) return
  const tb = get_tb(cpu)
  const next = load<u64>(next_tb(cpu))
  if (tb < next) {
    mtspr(cpu, SPR_DEC, min(next - tb, ppc().decrementer_max))
    return
  }
  timers_interrupt(cpu, tb, running_clock(cpu))
  program(cpu, tb)
}

export function lppc_idle(cpu: u32): void {
  if (timers_idle(cpu)) program(cpu, get_tb(cpu))
  h_cede(cpu)
}

export function lppc_busy(cpu: u32): void {
  const tb = get_tb(cpu)
  if (timers_busy(cpu, tb)) program(cpu, tb)
}

export function lppc_nanosleep(cpu: u32, i: u32): void {
  const tb = get_tb(cpu)
  if (timers_sleep(cpu, i, tb)) program(cpu, tb)
}

export function lppc_settimeofday(cpu: u32, ns: u64): void {
  const tb = get_tb(cpu)
  lppc_busy(cpu)
  if (!tk_settime(ns, tb)) return
  for (let other: u32 = 0; other < boot_vcpus(); other++) {
    if (timers_clock_was_set(other)) program(other, tb)
  }
}

export function lppc_adjtimex(tick_us: i32, ppb: i32): void { tk_adjtimex(tick_us, ppb, get_tb(0)) }
export function lppc_adjtime(ppb: i32): void { tk_adjust_frequency(ppb, get_tb(0)) }

/**
 * Sets the clock from the RTC, exactly: hwclock waits for the RTC's next second, the model reads its fraction.
 * At this moment the guest can notice that its timebase is not what it was told: it compares what TB and RTC
 * say has gone by since they were last read together. A TB or an RTC that jumped looks the same to it.
 */
export function lppc_rtc_resync(cpu: u32): void {
  const p = ppc()
  const tb = get_tb(cpu)
  const rtc = rtas_get_time_of_day_ns()
  const elapsed = rtc - p.rtc_ns
  if (<i64>elapsed >= <i64>NS_PER_SEC) {
    const measured = muldiv_u64(tb - p.rtc_tb, NS_PER_SEC, elapsed)
    const error = measured > p.tb_hz ? measured - p.tb_hz : p.tb_hz - measured
    if (error > <u64>p.tb_hz * FREQUENCY_ERROR_PPM / 1000000) observe(SEEN_FREQUENCY_ERROR, cpu, measured, p.tb_hz)
  }
  p.rtc_tb = tb
  p.rtc_ns = rtc
  lppc_settimeofday(cpu, rtc)
}

/** The kernel is told of another timebase frequency: from now on it counts by that. */
export function lppc_told_frequency(cpu: u32): void {
  const p = ppc()
  const tb = get_tb(cpu)
  p.sched_base = sched_clock(cpu)
  p.boot_tb = tb
  p.boot_vtb = mfspr(cpu, SPR_VTB)
  use_frequency(device_tree_timebase_hz())
  tk_change_frequency(p.tb_hz, 1, false, tb)
  p.rtc_tb = tb
  p.rtc_ns = rtas_get_time_of_day_ns()
  for (let other: u32 = 0; other < boot_vcpus(); other++) program(other, tb)
}

export function lppc_read_clock(cpu: u32, clock: u32): u64 {
  switch (clock) {
    case CLOCK_COUNTER: return get_tb(cpu)
    case CLOCK_SCHED: return sched_clock(cpu)
    case CLOCK_STEAL: return tb_to_ns(bswap<u64>(load<u64>(enqueue_dispatch_tb(cpu)))) // pseries_paravirt_steal_clock
    case CLOCK_JIFFIES: return tick_state().jiffies
    default: return tk_read(clock, get_tb(cpu))
  }
}
