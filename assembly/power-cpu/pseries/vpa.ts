/**
 * Areas of guest memory that a vCPU shares with the hypervisor: H_REGISTER_VPA (LoPAPR 1.1, 14.11.3.2, and 14.11.4 the
 * virtual processor area). What is refused and how is as QEMU 10 does it (hw/ppc/spapr_hcall.c).
 *
 * The hypervisor's part of the area is the dispatch count, even while the vCPU runs, odd while it is preempted or has
 * ceded, and how long it waited for a CPU of the host, from which Linux reckons stolen time (Linux 6.1
 * arch/powerpc/include/asm/lppaca.h enqueue_dispatch_tb, filled by arch/powerpc/kvm/book3s_hv.c). The dispatch trace log
 * is registered and stays empty, as on QEMU.
 */
import { gpr } from '../registers'
import { H_HARDWARE, H_PARAMETER, H_RESOURCE, H_SUCCESS } from './codes'
import { guest_has, guest_u16, guest_u32, guest_u64, put_u32, Server, server_at } from './state'
import { dirty_mark } from '../../engine/dirty'
import { machine, RAM } from '../../engine/layout'

const REGISTER_VPA: u32 = 1
const REGISTER_TRACE_LOG: u32 = 2
const REGISTER_SLB_SHADOW: u32 = 3
const DEREGISTER_VPA: u32 = 5
const DEREGISTER_TRACE_LOG: u32 = 6
const DEREGISTER_SLB_SHADOW: u32 = 7

const CACHE_LINE: u64 = 128
const PAGE: u64 = 4096
const VPA_MINIMUM: u32 = 640
const TRACE_ENTRY: u32 = 48

/** Offsets in the area. */
const VPA_SIZE: u64 = 4
const VPA_STATUS: u64 = 9
const VPA_DISPATCHES: u64 = 0x100
/** Ticks from when it could have run until it was dispatched. */
const VPA_ENQUEUED: u64 = 0x158
const STATUS_SHARED: u8 = 2

/** H_REGISTER_VPA: r4 the function, in bits 16 to 18; r5 the vCPU; r6 the area's real address. */
export function h_register_vpa(): u64 {
  if (gpr(5) >= machine().vcpus) return H_PARAMETER
  const to = server_at(<u32>gpr(5))
  const area = gpr(6)
  switch (<u32>(gpr(4) >> 45) & 7) {
    case REGISTER_VPA: return register_vpa(to, area)
    case REGISTER_TRACE_LOG: return register_trace_log(to, area)
    case REGISTER_SLB_SHADOW: return register_slb_shadow(to, area)
    case DEREGISTER_VPA:
      // The others live on it.
      if (to.slb_shadow != 0 || to.trace_log != 0) return H_RESOURCE
      to.vpa = 0
      return H_SUCCESS
    case DEREGISTER_TRACE_LOG: to.trace_log = 0; return H_SUCCESS
    case DEREGISTER_SLB_SHADOW: to.slb_shadow = 0; return H_SUCCESS
    default: return H_PARAMETER
  }
}

@inline function one_page(area: u64, size: u64): bool { return area / PAGE == (area + size - 1) / PAGE }

function register_vpa(to: Server, area: u64): u64 {
  if (area == 0) return H_HARDWARE
  if (area % CACHE_LINE != 0 || !guest_has(area, VPA_MINIMUM)) return H_PARAMETER
  const size = guest_u16(area + VPA_SIZE)
  if (size < VPA_MINIMUM || !one_page(area, size)) return H_PARAMETER
  to.vpa = area
  const status = RAM + <usize>(area + VPA_STATUS)
  dirty_mark(<u32>(area + VPA_STATUS), 1)
  store<u8>(status, load<u8>(status) | STATUS_SHARED)
  return H_SUCCESS
}

function register_slb_shadow(to: Server, area: u64): u64 {
  if (area == 0) return H_HARDWARE
  if (!guest_has(area, 8)) return H_PARAMETER
  const size = guest_u32(area + 4)
  if (size < 8 || !one_page(area, size)) return H_PARAMETER
  if (to.vpa == 0) return H_RESOURCE
  to.slb_shadow = area
  return H_SUCCESS
}

function register_trace_log(to: Server, area: u64): u64 {
  if (area == 0) return H_HARDWARE
  if (!guest_has(area, 8) || guest_u32(area + 4) < TRACE_ENTRY) return H_PARAMETER
  if (to.vpa == 0) return H_RESOURCE
  to.trace_log = area
  return H_SUCCESS
}

/** The vCPU is dispatched, or no longer: the count goes on to the next even or odd number. */
export function vpa_dispatch(server: u32, running: bool): void {
  const area = server_at(server).vpa
  if (area == 0 || !guest_has(area, VPA_MINIMUM)) return
  const count = guest_u32(area + VPA_DISPATCHES) + 1
  put_u32(area + VPA_DISPATCHES, (count & 1) == (running ? 1 : 0) ? count + 1 : count)
}

/** The vCPU has waited for the host's CPU for so many ticks more. */
export function vpa_waited(server: u32, ticks: u64): void {
  const area = server_at(server).vpa
  if (area == 0 || !guest_has(area, VPA_MINIMUM)) return
  const sum = guest_u64(area + VPA_ENQUEUED) + ticks
  put_u32(area + VPA_ENQUEUED, <u32>(sum >> 32))
  put_u32(area + VPA_ENQUEUED + 4, <u32>sum)
}
