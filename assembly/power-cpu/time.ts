/**
 * TB and DEC of a CPU that counts cycles: the source of ticks is a Counter over *cycles*, tb_hz/cpu_hz, so a read is
 * exact at every instruction. Everything else is ppc/timebase.ts' and ppc/decrementer.ts' arithmetic.
 *
 *   ticks(cycle) ──+ tb_offset──> TB (268, 269)      written through 284, 285
 *                ├─+ purr_offset> PURR, SPURR   + vtb_offset > VTB
 *                └─ dec_next − ticks> DEC (22)       due in the first cycle in which ticks has reached dec_next
 *
 * An instruction reads the ticks of the cycle in which it starts. DEC raises in its own cycle: the loop is stopped
 * there, whatever code is running.
 */
import { counter_set } from '../counter'
import { cycle_now, machine, run_at_hand } from '../engine/layout'
import { decr_msb, decr_next, decr_read, decr_write_lowers, decr_write_raises } from '../ppc/decrementer'
import { tb_offset_for, tb_write_lower, tb_write_upper, tb_write_upper40 } from '../ppc/timebase'
import { interrupt_due, PENDING, PENDING_DEC, TIME } from './registers'
import { tick_counter, ticks_at, ticks_unknown, ticks_when } from './ticks'

const NEVER: u64 = u64.MAX_VALUE

@unmanaged
export class Time {
  tb_offset: u64
  dec_next: u64 // the tick at which it reads 0: of a value below zero one that has gone by
  dec_last: u64 // value last written, or all ones since it passed 0
  dec_when: u64 // the cycle in which it raises; NEVER when it has
  purr_offset: u64
  vtb_offset: u64
  dec_bits: u32
  dec_level: u32
}

/** A vCPU's part of time, behind the counter; its registers' TIME is at `at`. */
@inline export function time_in(at: usize): Time { return changetype<Time>(at + 72) }
@inline export function time(): Time { return time_in(TIME) }
/** The counter and TB's offset, which all vCPUs share. */
export const TIME_SHARED: usize = 80

@inline export function timebase_at(cycle: u64): u64 { return ticks_at(cycle) + time().tb_offset }

/** The counter starts at `ticks` in `cycle`, at tb_hz ticks for cpu_hz cycles; DEC is foreseen again. */
export function time_start(cycle: u64, ticks: u64, tb_hz: u64, cpu_hz: u64): bool {
  if (tb_hz == 0) return false
  const common = greatest_common_divisor(tb_hz, cpu_hz)
  if (!counter_set(tick_counter(), cycle, ticks, tb_hz / common, cpu_hz / common)) return false
  ticks_unknown()
  dec_foresee(cycle)
  return true
}

function greatest_common_divisor(a: u64, b: u64): u64 {
  while (b != 0) {
    const rest = a % b
    a = b
    b = rest
  }
  return a
}

/** After a change of the source or of DEC: when it raises next. */
export function dec_foresee(cycle: u64): void { dec_foresee_of(time(), cycle) }

export function dec_foresee_of(t: Time, cycle: u64): void {
  t.dec_when = decr_msb(t.dec_last, t.dec_bits) ? NEVER : ticks_when(cycle, t.dec_next)
}

export function dec_reset(bits: u32, level: u32): void {
  const t = time()
  t.dec_bits = bits
  t.dec_level = level
  t.dec_last = u64.MAX_VALUE
  t.dec_next = u64.MAX_VALUE
  t.dec_when = NEVER
}

/** DEC becomes one of `bits` bits, at the value that its lower bits have. */
export function dec_set_bits(bits: u32): void { time().dec_bits = bits }

/** A DEC is below zero: only a write brings it back. */
export function dec_passed(t: Time): void {
  t.dec_last = u64.MAX_VALUE
  t.dec_when = NEVER
}

/** DEC passed 0. */
export function dec_fired(): void {
  dec_passed(time())
  store<u32>(PENDING, load<u32>(PENDING) | PENDING_DEC)
}

export function dec_read(cycle: u64): u64 { return decr_read(time().dec_next, ticks_at(cycle), time().dec_bits) }

export function dec_write(cycle: u64, value: u64): void {
  const t = time()
  const edge = t.dec_level == 0
  if (decr_write_raises(t.dec_last, value, t.dec_bits, edge)) store<u32>(PENDING, load<u32>(PENDING) | PENDING_DEC)
  else if (decr_write_lowers(value, t.dec_bits, edge)) store<u32>(PENDING, load<u32>(PENDING) & ~PENDING_DEC)
  t.dec_last = value
  t.dec_next = decr_next(ticks_at(cycle), value, t.dec_bits)
  if (decr_msb(value, t.dec_bits)) t.dec_next -= <u64>1 << t.dec_bits
  dec_foresee(cycle)
}

export function tbl_write(cycle: u64, value: u32): void {
  time().tb_offset = tb_write_lower(ticks_at(cycle), time().tb_offset, value)
}
export function tbu_write(cycle: u64, value: u32): void {
  time().tb_offset = tb_write_upper(ticks_at(cycle), time().tb_offset, value)
}
export function tbu40_write(cycle: u64, value: u64): void {
  time().tb_offset = tb_write_upper40(ticks_at(cycle), time().tb_offset, value)
}

/** TB as a whole, for the shell: what a hypervisor does to it. */
export function timebase_set(cycle: u64, value: u64): void { time().tb_offset = tb_offset_for(ticks_at(cycle), value) }

/**
 * An instruction that starts with `left` writes DEC: what `left` becomes, as that moves the next event. One that is due
 * at once stops the loop behind the instruction.
 */
export function dec_written(left: i32, value: u64): i32 {
  const r = run_at_hand()
  const now = cycle_now(left)
  dec_write(now, value)
  r.stop_cycle = interrupt_due() ? now : next_stop(now)
  return <i32>(r.stop_cycle - now)
}

/** As far as one stretch of the loop goes: `left` is an i32. */
const STRETCH: u64 = 1 << 30

export function next_stop(now: u64): u64 {
  const until = run_at_hand().until_cycle
  const due = time().dec_when
  let stop = due < until ? due : until
  const m = machine()
  if (m.vcpus > 1 && m.turn_end < stop) stop = m.turn_end
  if (stop <= now) return now
  if (stop - now > STRETCH) stop = now + STRETCH
  return stop
}
