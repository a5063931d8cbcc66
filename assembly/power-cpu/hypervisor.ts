/**
 * What the hypervisor under a guest does to its clocks between two runs: the host's ticks that they count, the offset of
 * TB, DEC of each vCPU by the tick at which it reads 0, whether it is to come or has gone by. As KVM's one-reg interface
 * has them (KVM_REG_PPC_TB_OFFSET, DEC_EXPIRY). `vcpu` is below machine().vcpus.
 */
import { counter_set_part } from '../counter'
import { machine } from '../engine/layout'
import { decr_msb } from '../ppc/decrementer'
import { PENDING, PENDING_DEC, TIME } from './registers'
import { tick_counter, ticks_at, ticks_unknown } from './ticks'
import { dec_foresee_of, Time, time, time_in } from './time'
import { is_taken } from './taken'
import { of_vcpu } from './vcpus'

@inline function now(): u64 { return machine().cycle }
@inline function time_of(vcpu: u32): Time { return time_in(of_vcpu(vcpu, TIME)) }

/**
 * From now on the source stands at ticks + part/den and goes num/den a cycle: the vCPU runs, perhaps on another host.
 * PURR and VTB go on from where they were (KVM saves them when it leaves the guest), of a vCPU that is taken when it
 * is given back; TB and DEC are the caller's.
 * False, and nothing changed, unless part < den and num > 0.
 */
export function set_source(ticks: u64, part: u64, num: u64, den: u64): bool {
  const old = ticks_at(now())
  if (num == 0 || !counter_set_part(tick_counter(), now(), ticks, part, num, den)) return false
  ticks_unknown()
  for (let i: u32 = 0; i < machine().vcpus; i++) {
    const t = time_of(i)
    if (!is_taken(i)) {
      t.purr_offset += old - ticks
      t.vtb_offset += old - ticks
    }
    dec_foresee_of(t, now())
  }
  return true
}

export function source_ticks(): u64 { return ticks_at(now()) }

export function tb_offset(): u64 { return time().tb_offset }
export function set_tb_offset(offset: u64): void { time().tb_offset = offset }

/** The source's tick at which DEC reads 0. */
export function dec_next(vcpu: u32): u64 { return time_of(vcpu).dec_next }

/** Whether DEC is still to pass 0; one that has may wait for its vCPU's turn to be noticed. */
export function dec_armed(vcpu: u32): bool {
  const t = time_of(vcpu)
  return !decr_msb(t.dec_last, t.dec_bits)
}

/**
 * DEC reads 0 at the tick `next`. Not armed, that tick has gone by: what DEC raised then goes on to wait, and one that
 * was still to pass 0 raises now.
 */
export function set_dec(vcpu: u32, next: u64, armed: bool): void {
  const t = time_of(vcpu)
  const passed = !dec_armed(vcpu)
  t.dec_next = next
  const at = of_vcpu(vcpu, PENDING)
  if (armed) {
    if (passed) t.dec_last = 0
    if (t.dec_level != 0) store<u32>(at, load<u32>(at) & ~PENDING_DEC)
  } else if (!passed) {
    t.dec_last = u64.MAX_VALUE
    store<u32>(at, load<u32>(at) | PENDING_DEC)
  }
  dec_foresee_of(t, now())
}
