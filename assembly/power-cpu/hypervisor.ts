/**
 * What the hypervisor under a guest does to its clocks between two runs: the host's ticks that they count, the offset of
 * TB, DEC by the tick at which it reads 0. As KVM's one-reg interface has them (KVM_REG_PPC_TB_OFFSET, DEC_EXPIRY).
 */
import { counter_set_part } from '../counter'
import { machine } from '../engine/layout'
import { decr_msb } from '../ppc/decrementer'
import { PENDING, PENDING_DEC, TIME } from './registers'
import { tick_counter, ticks_at, ticks_unknown } from './ticks'
import { dec_foresee, dec_foresee_of, time, time_in } from './time'
import { of_vcpu } from './vcpus'

@inline function now(): u64 { return machine().cycle }

/**
 * From now on the source stands at ticks + part/den and goes num/den a cycle: the vCPU runs, perhaps on another host.
 * PURR and VTB go on from where they were (KVM saves them when it leaves the guest); TB and DEC are the caller's.
 * False, and nothing changed, unless part < den and num > 0.
 */
export function set_source(ticks: u64, part: u64, num: u64, den: u64): bool {
  const old = ticks_at(now())
  if (num == 0 || !counter_set_part(tick_counter(), now(), ticks, part, num, den)) return false
  ticks_unknown()
  for (let i: u32 = 0; i < machine().vcpus; i++) {
    const t = time_in(of_vcpu(i, TIME))
    t.purr_offset += old - ticks
    t.vtb_offset += old - ticks
    dec_foresee_of(t, now())
  }
  return true
}

export function source_ticks(): u64 { return ticks_at(now()) }

export function tb_offset(): u64 { return time().tb_offset }
export function set_tb_offset(offset: u64): void { time().tb_offset = offset }

/** The source's tick at which DEC reads 0. */
export function dec_next(): u64 { return time().dec_next }
/** Whether DEC is still to pass 0. */
export function dec_armed(): bool { return !decr_msb(time().dec_last, time().dec_bits) }

/** DEC reads 0 at the tick `next`; not armed, it has done so, and interrupts for as long as the guest does not write it. */
export function set_dec(next: u64, armed: bool): void {
  const t = time()
  t.dec_next = next
  t.dec_last = armed ? 0 : u64.MAX_VALUE
  if (t.dec_level != 0) {
    const others = load<u32>(PENDING) & ~PENDING_DEC
    store<u32>(PENDING, armed ? others : others | PENDING_DEC)
  }
  dec_foresee(now())
}
