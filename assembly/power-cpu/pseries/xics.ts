/**
 * The interrupt controller of PAPR before POWER9, XICS: interrupt sources, and a presentation controller a vCPU that
 * lets through what is more urgent than the vCPU's priority (LoPAPR 1.1, chapter 6, and 14.5.4 the hypercalls).
 *
 *   source ──pending──┐
 *                     ├─> the most urgent that beats CPPR ──> external interrupt ──H_XIRR──> CPPR = its priority
 *   MFRR (an IPI) ────┘                                                              H_EOI ──> CPPR as before
 *
 * What is presented is not kept but found: it is the most urgent of what waits for a server. So nothing is ever handed
 * back from presentation to source. All sources send messages: H_XIRR takes what is pending.
 */
import { machine } from '../../engine/layout'
import { gpr, set_gpr } from '../registers'
import { vcpu_external, vcpu_here } from '../vcpus'
import { H_PARAMETER, H_SUCCESS } from './codes'
import { MAX_SERVERS, Server, server_at, SOURCES } from './state'

const IPI: u32 = 2
const NOTHING: u32 = 0xff
/** Virtual devices have numbers from here on, as on QEMU. */
const DEVICES: u32 = 0x1100
const DEVICE_SOURCES: u32 = 2
export const SOURCE_VTY: u32 = DEVICES

@unmanaged
class Source {
  server: u8
  priority: u8
  masked_priority: u8
  pending: u8
}

/** The source of a number; its address is 0 if there is none. */
function source(number: u32): Source {
  const index = number - DEVICES
  return changetype<Source>(index < DEVICE_SOURCES ? <u32>SOURCES + 4 * index : 0)
}
@inline function exists(one: Source): bool { return changetype<usize>(one) != 0 }

export function xics_reset(): void {
  for (let i: u32 = 0; i < MAX_SERVERS; i++) {
    server_at(i).cppr = 0
    server_at(i).mfrr = NOTHING
  }
  for (let i: u32 = 0; i < DEVICE_SOURCES; i++) {
    const one = source(DEVICES + i)
    one.server = 0
    one.priority = <u8>NOTHING
    one.masked_priority = <u8>NOTHING
    one.pending = 0
  }
}

/** Number and priority of what is presented to a server: priority << 24 | number; priority 0xff when nothing is. */
function presented(index: u32): u32 {
  const to = server_at(index)
  let best = to.mfrr
  let number = IPI
  for (let i: u32 = 0; i < DEVICE_SOURCES; i++) {
    const one = source(DEVICES + i)
    if (one.pending == 0 || <u32>one.server != index || <u32>one.priority >= best) continue
    best = one.priority
    number = DEVICES + i
  }
  return best < to.cppr ? (best << 24) | number : NOTHING << 24
}

@inline function waits(presented: u32): bool { return presented >> 24 != NOTHING }

/** After any change: the line of a server. */
function settle(index: u32): void { vcpu_external(index, waits(presented(index))) }

/** A device has something to say. */
export function xics_signal(number: u32): void {
  const one = source(number)
  one.pending = 1
  settle(one.server)
}

/** H_XIRR: what is presented is accepted; r4 has the priority up to now and its number. */
export function h_xirr(): u64 {
  const here = vcpu_here()
  const to = server_at(here)
  const what = presented(here)
  let number: u32 = 0
  const before = to.cppr
  if (waits(what)) {
    number = what & 0xff_ffff
    to.cppr = what >> 24
    if (number != IPI) source(number).pending = 0
    settle(here)
  }
  set_gpr(4, <u64>((before << 24) | number))
  return H_SUCCESS
}

/** H_CPPR: r4 the priority of this vCPU. */
export function h_cppr(): u64 {
  server_at(vcpu_here()).cppr = <u32>gpr(4) & 0xff
  settle(vcpu_here())
  return H_SUCCESS
}

/** H_EOI: r4 as H_XIRR gave it. */
export function h_eoi(): u64 {
  server_at(vcpu_here()).cppr = <u32>gpr(4) >> 24
  settle(vcpu_here())
  return H_SUCCESS
}

/** H_IPI: r4 the server, r5 the priority, 0xff to take it back. */
export function h_ipi(): u64 {
  const index = <u32>gpr(4)
  if (gpr(4) >= machine().vcpus) return H_PARAMETER
  server_at(index).mfrr = <u32>gpr(5) & 0xff
  settle(index)
  return H_SUCCESS
}

/** H_IPOLL: what H_XIRR would answer for the server in r4, and its MFRR in r5. */
export function h_ipoll(): u64 {
  if (gpr(4) >= machine().vcpus) return H_PARAMETER
  const index = <u32>gpr(4)
  const what = presented(index)
  set_gpr(4, <u64>((server_at(index).cppr << 24) | (waits(what) ? what & 0xff_ffff : 0)))
  set_gpr(5, <u64>server_at(index).mfrr)
  return H_SUCCESS
}

/** RTAS ibm,set-xive: where a source goes, and how urgent it is. False if there is none, or no such server. */
export function xive_set(number: u32, server: u32, priority: u32): bool {
  const one = source(number)
  if (!exists(one) || server >= machine().vcpus || priority > NOTHING) return false
  const before = one.server
  one.server = <u8>server
  one.priority = <u8>priority
  one.masked_priority = <u8>priority
  settle(before)
  settle(server)
  return true
}

/** RTAS ibm,get-xive: server << 8 | priority; -1 if there is no such source. */
export function xive_get(number: u32): i32 {
  const one = source(number)
  return exists(one) ? (<i32>one.server << 8) | one.priority : -1
}

/** RTAS ibm,int-off and ibm,int-on: a source is masked, and has its priority again. */
export function xive_mask(number: u32, masked: bool): bool {
  const one = source(number)
  if (!exists(one)) return false
  if (masked && <u32>one.priority != NOTHING) {
    one.masked_priority = one.priority
    one.priority = <u8>NOTHING
  } else if (!masked) one.priority = one.masked_priority
  settle(one.server)
  return true
}
