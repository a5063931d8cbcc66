/**
 * The Power registers that tell time, for guest code and for the hypervisor under it.
 *
 *   source ticks ──+ tb_offset──> TB (268, 269)        written through 284, 285, 286
 *                ├─+ vtb_offset─> VTB (849)
 *                ├─+ purr_offset> PURR (309), SPURR (308)
 *                └─ next − ticks> DEC (22), HDEC (310) interrupts when the source passes `next`
 *
 * The source is the host's timebase (KVM), the same scaled to another frequency, or QEMU's virtual clock,
 * which stands still while the VM is stopped. DEC counts source ticks: it does not see tb_offset.
 * Source: QEMU hw/ppc/ppc.c; Power ISA Book III; see also Linux arch/powerpc/kvm for TB_SCALED's relatives.
 */
import { counter_read } from '../counter'
import { queue_arm } from '../event-queue'
import { host_counter, host_mono, host_wall, host_when, with_slop } from '../host'
import {
  CAUSE_DEC, CAUSE_HDEC, guest, host, HOST_MONO, HOST_TIMEBASE, HYPERVISOR_POWER_KVM, machine, NEVER, RUN_RUNNING,
  SLOT_VCPU, SLOTS_PER_VCPU, TB_SCALED, TB_VIRTUAL_CLOCK, VCPU_DEC, VCPU_HDEC, vcpu,
} from '../layout'
import { at, inside } from '../memory'
import { vcpu_block } from '../vcpu'
import { muldiv_u64, muldiv_up_u64 } from '../wide'
import { decr_msb, decr_next, decr_read, decr_read_booke, decr_write_lowers, decr_write_raises } from './decrementer'
import {
  ns_to_tb, tb_offset_for, tb_to_ns_round_up, tb_write_lower, tb_write_upper, tb_write_upper40,
} from './timebase'

export const SPR_DEC: u32 = 22
export const SPR_TBL: u32 = 268
export const SPR_TBU: u32 = 269
export const SPR_TBL_WRITE: u32 = 284
export const SPR_TBU_WRITE: u32 = 285
export const SPR_TBU40: u32 = 286
export const SPR_SPURR: u32 = 308
export const SPR_PURR: u32 = 309
export const SPR_HDEC: u32 = 310
export const SPR_VTB: u32 = 849

@inline function slot(cpu: u32, which: u32): u32 { return SLOT_VCPU + cpu * SLOTS_PER_VCPU + which }

/** QEMU's virtual clock, ns: it runs with the host's monotonic clock while the VM runs. */
export function vmclk(): u64 { return vmclk_at(machine().now_ns) }

function vmclk_at(ns: u64): u64 {
  const g = guest()
  return g.vmclk_stopped ? g.vmclk_held : counter_read(host_counter(HOST_MONO), ns) + g.vmclk_offset
}

/** Ticks of the source that TB, VTB, PURR and DEC share. */
export function tb_source_ticks(): u64 { return tb_source_at(machine().now_ns) }

/** The same at true time `ns`. */
export function tb_source_at(ns: u64): u64 {
  const g = guest()
  if (g.tb_source == TB_VIRTUAL_CLOCK) return ns_to_tb(vmclk_at(ns), g.tb_hz)
  const ticks = counter_read(host_counter(HOST_TIMEBASE), ns)
  return g.tb_source == TB_SCALED ? muldiv_u64(ticks, g.tb_hz, host().timebase_hz) : ticks
}

/** First true ns at which the source reaches `ticks`; NEVER while the virtual clock stands still. */
function source_when(ticks: u64): u64 {
  const g = guest()
  if (<i64>(ticks - tb_source_ticks()) <= 0) return machine().now_ns
  if (g.tb_source == TB_VIRTUAL_CLOCK) {
    if (g.vmclk_stopped) return NEVER
    return host_when(HOST_MONO, tb_to_ns_round_up(ticks, g.tb_hz) - g.vmclk_offset)
  }
  if (g.tb_source == TB_SCALED) return host_when(HOST_TIMEBASE, muldiv_up_u64(ticks, host().timebase_hz, g.tb_hz))
  return host_when(HOST_TIMEBASE, ticks)
}

/** The guest's timebase; with TBEN low it holds its value. */
export function guest_timebase(): u64 {
  const g = guest()
  return g.tb_disabled ? g.tb_offset : tb_source_ticks() + g.tb_offset
}

function read_dec(cpu: u32): u64 {
  const g = guest()
  const next = vcpu(cpu).dec_next
  return g.booke ? decr_read_booke(next, tb_source_ticks()) : decr_read(next, tb_source_ticks(), g.dec_bits)
}

function write_dec(cpu: u32, value: u64): void {
  const v = vcpu(cpu)
  const g = guest()
  const edge = g.dec_level == 0
  if (decr_write_raises(v.dec_last, value, g.dec_bits, edge)) v.pending |= CAUSE_DEC
  else if (decr_write_lowers(value, g.dec_bits, edge)) v.pending &= ~CAUSE_DEC
  v.dec_last = value
  v.dec_next = decr_next(tb_source_ticks(), value, g.dec_bits)
  v.dec_armed = decr_msb(value, g.dec_bits) ? 0 : 1
  dec_rearm(cpu)
}

function write_hdec(cpu: u32, value: u64): void {
  const v = vcpu(cpu)
  v.hdec_next = decr_next(tb_source_ticks(), value, guest().dec_bits)
  v.hdec_armed = decr_msb(value, guest().dec_bits) ? 0 : 1
  dec_rearm(cpu)
}

/** Arms the events of DEC and HDEC from their `next`; one that is below zero has passed it already. */
export function dec_rearm(cpu: u32): void {
  const v = vcpu(cpu)
  queue_arm(slot(cpu, VCPU_DEC), v.dec_armed ? with_slop(source_when(v.dec_next)) : NEVER)
  queue_arm(slot(cpu, VCPU_HDEC), v.hdec_armed ? with_slop(source_when(v.hdec_next)) : NEVER)
}

/** DEC passed 0: its top bit is set from now on. */
export function dec_fired(cpu: u32): void {
  const v = vcpu(cpu)
  v.dec_armed = 0
  v.dec_last = u64.MAX_VALUE // below zero: only a write brings it back
  v.pending |= CAUSE_DEC
  if (v.descheduled) wait_begin(cpu)
}

export function hdec_fired(cpu: u32): void {
  const v = vcpu(cpu)
  v.hdec_armed = 0
  v.pending |= CAUSE_HDEC
}

/** Whether DEC or HDEC has passed 0 by the source; what tick-by-tick runs poll. */
export function dec_due(cpu: u32): bool { return <i64>(tb_source_ticks() - vcpu(cpu).dec_next) >= 0 }
export function hdec_due(cpu: u32): bool { return <i64>(tb_source_ticks() - vcpu(cpu).hdec_next) >= 0 }

/** Reads a special-purpose register. One that is not emulated reads as 0. */
export function mfspr(cpu: u32, spr: u32): u64 {
  const g = guest()
  switch (spr) {
    case SPR_TBL: return guest_timebase()
    case SPR_TBU: return guest_timebase() >> 32
    case SPR_DEC: return read_dec(cpu)
    case SPR_HDEC: return decr_read(vcpu(cpu).hdec_next, tb_source_ticks(), g.dec_bits)
    case SPR_VTB: return tb_source_ticks() + vcpu(cpu).vtb_offset
    case SPR_PURR:
    case SPR_SPURR: return tb_source_ticks() + vcpu(cpu).purr_offset
    default: return 0
  }
}

/** Writes a special-purpose register. Each store samples the source once; one that is not emulated is ignored. */
export function mtspr(cpu: u32, spr: u32, value: u64): void {
  const g = guest()
  const ticks = g.tb_disabled ? 0 : tb_source_ticks()
  switch (spr) {
    case SPR_TBL_WRITE: g.tb_offset = tb_write_lower(ticks, g.tb_offset, <u32>value); break
    case SPR_TBU_WRITE: g.tb_offset = tb_write_upper(ticks, g.tb_offset, <u32>value); break
    case SPR_TBU40: g.tb_offset = tb_write_upper40(ticks, g.tb_offset, value); break
    case SPR_DEC: write_dec(cpu, value); break
    case SPR_HDEC: write_hdec(cpu, value); break
    case SPR_VTB: vcpu(cpu).vtb_offset = tb_offset_for(tb_source_ticks(), value); break
    case SPR_PURR: vcpu(cpu).purr_offset = tb_offset_for(tb_source_ticks(), value); break
    default: break
  }
}

/** H_CEDE: the vCPU sleeps until its next interrupt. */
export function h_cede(cpu: u32): void { vcpu_block(cpu) }

/**
 * The area that a vCPU shares with the hypervisor (LoPAPR 1.1, 14.11.4): what the model has of it is how many ticks the
 * vCPU has waited for a CPU of the host. KVM counts there (Linux 6.1 arch/powerpc/kvm/book3s_hv.c;
 * arch/powerpc/include/asm/lppaca.h enqueue_dispatch_tb), QEMU's TCG does not. Big-endian.
 */
const VPA_SIZE: u32 = 640
const VPA_ENQUEUED: u32 = 0x158

/** H_REGISTER_VPA of the vCPU's own area: one that is not aligned, in memory and in one page is not taken. */
export function h_register_vpa(cpu: u32, area: u32): void {
  if (area == 0 || area % 128 || area % 4096 + VPA_SIZE > 4096 || !inside(area, VPA_SIZE)) return
  vcpu(cpu).vpa_gpa = area
}

/** RTAS get-time-of-day: the machine's RTC, which follows the host's wall clock. ns since the Unix epoch. */
export function rtas_get_time_of_day_ns(): u64 { return host_wall() }

/** The timebase-frequency property of the device tree. */
export function device_tree_timebase_hz(): u32 { return guest().told_tb_hz }

/** TBEN low stops TB at its value; high lets it go on from there. */
export function tb_enable(enabled: bool): void {
  const g = guest()
  const value = guest_timebase()
  g.tb_disabled = enabled ? 0 : 1
  g.tb_offset = enabled ? tb_offset_for(tb_source_ticks(), value) : value
}

/** The vCPU loses its CPU: the hypervisor keeps VTB and PURR as they are (KVM saves them at guest exit). */
export function vtb_hold(cpu: u32): void {
  const v = vcpu(cpu)
  if (v.vtb_stopped) return
  const ticks = tb_source_ticks()
  v.vtb_held = ticks + v.vtb_offset
  v.purr_held = ticks + v.purr_offset
  v.vtb_stopped = 1
}

/** The vCPU has a CPU again, perhaps on a host whose timebase shows something else. */
export function vtb_release(cpu: u32): void {
  const v = vcpu(cpu)
  if (!v.vtb_stopped) return
  const ticks = tb_source_ticks()
  v.vtb_offset = tb_offset_for(ticks, v.vtb_held)
  v.purr_offset = tb_offset_for(ticks, v.purr_held)
  v.vtb_stopped = 0
}

/** The vCPU would run, and the host runs something else. */
export function wait_begin(cpu: u32): void {
  const v = vcpu(cpu)
  if (v.waits || guest().hypervisor != HYPERVISOR_POWER_KVM || machine().run_state != RUN_RUNNING) return
  v.waits = 1
  v.waits_from = tb_source_ticks()
}

/** It runs, or is stopped with its guest. */
export function wait_end(cpu: u32): void {
  const v = vcpu(cpu)
  if (!v.waits) return
  const ticks = tb_source_ticks() - v.waits_from
  v.waits = 0
  v.waits_from = 0
  if (!v.vpa_gpa) return
  const sum = at(v.vpa_gpa + VPA_ENQUEUED)
  store<u64>(sum, bswap<u64>(bswap<u64>(load<u64>(sum)) + ticks))
}

/** The virtual clock stops and starts with the VM (QEMU cpu_disable_ticks, cpu_enable_ticks). */
export function vmclk_run(running: bool): void {
  const g = guest()
  if (running == (g.vmclk_stopped == 0)) return
  if (running) g.vmclk_offset = g.vmclk_held - host_mono()
  else g.vmclk_held = vmclk()
  g.vmclk_stopped = running ? 0 : 1
}
