/**
 * Hypercalls of a pseries guest: `sc 1` with a number in r3 and arguments from r4; r3 has the answer, more results
 * follow from r4 (LoPAPR 1.1, chapter 14; 0xf000 is QEMU's way to RTAS). One that is not here answers H_FUNCTION, as
 * the guest expects of a platform without it.
 */
import { code_changed } from '../../engine/code'
import { dirty_mark } from '../../engine/dirty'
import { cycle_now, machine, PAGE_SIZE, RAM, run_at_hand } from '../../engine/layout'
import { print } from '../console'
import { set_spr } from '../exception'
import { AIL_SHIFT, LPCR_AIL, LPCR_GTSE, LPCR_HR, LPCR_ILE, lpcr_set, LPCR_UPRT, process_table_set } from '../partition'
import { gpr, MSR, msr, MSR_EE, MSR_PR, set_gpr } from '../registers'
import { timebase_at } from '../time'
import { ciabr_set, dawr_set } from '../watch'
import { vcpu_cede, vcpu_here, vcpu_prod, vcpu_stopped, vcpu_yield } from '../vcpus'
import { H_FUNCTION, H_HARDWARE, H_P2, H_P3, H_P4, H_PARAMETER, H_PRIVILEGE, H_SUCCESS, H_UNSUPPORTED_FLAG } from './codes'
import { h_rtas } from './rtas'
import { guest_has, input_take, platform } from './state'
import { h_register_vpa } from './vpa'
import { h_cppr, h_eoi, h_ipi, h_ipoll, h_xirr } from './xics'

const H_SET_SPRG0: u32 = 0x24
const H_SET_DABR: u32 = 0x28
const H_PAGE_INIT: u32 = 0x2c
const H_LOGICAL_CI_LOAD: u32 = 0x3c
const H_LOGICAL_CI_STORE: u32 = 0x40
const H_LOGICAL_CACHE_LOAD: u32 = 0x44
const H_LOGICAL_CACHE_STORE: u32 = 0x48
const H_LOGICAL_ICBI: u32 = 0x4c
const H_LOGICAL_DCBF: u32 = 0x50
const H_GET_TERM_CHAR: u32 = 0x54
const H_PUT_TERM_CHAR: u32 = 0x58
const H_EOI: u32 = 0x64
const H_CPPR: u32 = 0x68
const H_IPI: u32 = 0x6c
const H_IPOLL: u32 = 0x70
const H_XIRR: u32 = 0x74
const H_REGISTER_VPA: u32 = 0xdc
const H_CEDE: u32 = 0xe0
const H_CONFER: u32 = 0xe4
const H_PROD: u32 = 0xe8
const H_VIO_SIGNAL: u32 = 0x104
const H_GET_CPU_CHARACTERISTICS: u32 = 0x1c8
const H_HOME_NODE_ASSOCIATIVITY: u32 = 0x2ec
const H_XIRR_X: u32 = 0x2fc
const H_RANDOM: u32 = 0x300
const H_SET_MODE: u32 = 0x31c
const H_REGISTER_PROCESS_TABLE: u32 = 0x37c
const H_RTAS: u32 = 0xf000

const SPRG0: u32 = 272
const VTY: u64 = 0x7100_0000

/** `sc 1`: the call in r3 is made, and answered there. */
export function hypercall(): void {
  // The call is the operating system's: a program that makes it is told so.
  if (msr() & MSR_PR) set_gpr(3, H_PRIVILEGE)
  else set_gpr(3, gpr(3) > 0xffff ? H_FUNCTION : call(<u32>gpr(3)))
}

function call(number: u32): u64 {
  switch (number) {
    case H_SET_SPRG0: set_spr(SPRG0, gpr(4)); return H_SUCCESS
    case H_SET_DABR: return H_HARDWARE // a POWER9 has no DABR
    case H_PAGE_INIT: return page_init(gpr(4), gpr(5), gpr(6))
    case H_LOGICAL_CI_LOAD:
    case H_LOGICAL_CACHE_LOAD: return logical_load(gpr(4), gpr(5))
    case H_LOGICAL_CI_STORE:
    case H_LOGICAL_CACHE_STORE: return logical_store(gpr(4), gpr(5), gpr(6))
    case H_LOGICAL_ICBI:
    case H_LOGICAL_DCBF: return H_SUCCESS
    case H_GET_TERM_CHAR: return get_term_char()
    case H_PUT_TERM_CHAR: return put_term_char()
    case H_EOI: return h_eoi()
    case H_CPPR: return h_cppr()
    case H_IPI: return h_ipi()
    case H_IPOLL: return h_ipoll()
    case H_XIRR: return h_xirr()
    case H_XIRR_X: return xirr_with_time()
    case H_REGISTER_VPA: return h_register_vpa()
    case H_CEDE: return cede()
    case H_CONFER: return confer()
    case H_PROD: return prod()
    case H_VIO_SIGNAL: return vio_signal()
    case H_GET_CPU_CHARACTERISTICS: return cpu_characteristics()
    case H_HOME_NODE_ASSOCIATIVITY: return home_node()
    case H_RANDOM: return random()
    case H_SET_MODE: return set_mode()
    case H_REGISTER_PROCESS_TABLE: return register_process_table()
    case H_RTAS: return h_rtas()
    default: return H_FUNCTION
  }
}

/** One console, which the number 0 names as well. */
@inline function is_vty(number: u64): bool { return number == VTY || number == 0 }

/** r4 vty, r5 length up to 16, r6 and r7 the characters, first one in the most significant byte. */
function put_term_char(): u64 {
  const length = gpr(5)
  if (!is_vty(gpr(4)) || length > 16) return H_PARAMETER
  for (let i: u32 = 0; i < <u32>length; i++) print(<u32>(gpr(6 + (i >> 3)) >> (56 - 8 * <u64>(i & 7))) & 0xff)
  return H_SUCCESS
}

/** As put_term_char, the other way: r4 the length, r5 and r6 the characters. */
function get_term_char(): u64 {
  if (!is_vty(gpr(4))) return H_PARAMETER
  const length = min<u32>(platform().input_used, 16)
  set_gpr(5, 0)
  set_gpr(6, 0)
  for (let i: u32 = 0; i < length; i++) {
    set_gpr(5 + (i >> 3), gpr(5 + (i >> 3)) | (<u64>input_take() << (56 - 8 * <u64>(i & 7))))
  }
  set_gpr(4, length)
  return H_SUCCESS
}

/** r4 the device, r5 bit 0: whether it interrupts. */
function vio_signal(): u64 {
  if (!is_vty(gpr(4)) || gpr(5) > 1) return H_PARAMETER
  platform().vty_signals = <u32>gpr(5)
  return H_SUCCESS
}

const ZERO_PAGE: u64 = 1 << 15
const COPY_PAGE: u64 = 1 << 14
const ICACHE: u64 = (1 << 13) | (1 << 12) // invalidate, synchronize: nothing to do

/** H_PAGE_INIT: a page of 4 KiB is filled with zeros or with another page. */
function page_init(flags: u64, to: u64, from: u64): u64 {
  if (flags & ~(ZERO_PAGE | COPY_PAGE | ICACHE)) return H_PARAMETER
  if (to % PAGE_SIZE != 0 || !guest_has(to, PAGE_SIZE)) return H_PARAMETER
  if (flags & COPY_PAGE) {
    if (from % PAGE_SIZE != 0 || !guest_has(from, PAGE_SIZE)) return H_PARAMETER
    memory.copy(RAM + <usize>to, RAM + <usize>from, PAGE_SIZE)
  } else if (flags & ZERO_PAGE) memory.fill(RAM + <usize>to, 0, PAGE_SIZE)
  code_changed(<u32>to, PAGE_SIZE)
  dirty_mark(<u32>to, PAGE_SIZE)
  return H_SUCCESS
}

/** H_LOGICAL_CI_LOAD: r4 the size in bytes, r5 the address; r4 has what is there. No device answers here. */
function logical_load(size: u64, address: u64): u64 {
  if (size != 1 && size != 2 && size != 4 && size != 8) return H_PARAMETER
  if (!guest_has(address, size)) set_gpr(4, u64.MAX_VALUE >> (64 - 8 * size))
  else set_gpr(4, bswap<u64>(load<u64>(RAM + <usize>address)) >> (64 - 8 * size))
  return H_SUCCESS
}

function logical_store(size: u64, address: u64, value: u64): u64 {
  if (size != 1 && size != 2 && size != 4 && size != 8) return H_PARAMETER
  if (!guest_has(address, size)) return H_SUCCESS
  for (let i: u64 = 0; i < size; i++) store<u8>(RAM + <usize>(address + i), <u8>(value >> (8 * (size - 1 - i))))
  code_changed(<u32>address, <u32>size)
  dirty_mark(<u32>address, <u32>size)
  return H_SUCCESS
}

function xirr_with_time(): u64 {
  const answer = h_xirr()
  set_gpr(5, timebase_at(cycle_now(run_at_hand().left)))
  return answer
}

/** H_CEDE: interrupts are on, and the vCPU sleeps until one waits. */
function cede(): u64 {
  store<u64>(MSR, msr() | MSR_EE)
  vcpu_cede()
  return H_SUCCESS
}

/** H_CONFER: r4 the vCPU that is to run in place of this one, -1 for all. Its turn comes with the interleave. */
function confer(): u64 {
  if (gpr(4) != u64.MAX_VALUE && gpr(4) >= machine().vcpus) return H_PARAMETER
  vcpu_yield()
  return H_SUCCESS
}

function prod(): u64 {
  if (gpr(4) >= machine().vcpus || vcpu_stopped(<u32>gpr(4))) return H_PARAMETER
  vcpu_prod(<u32>gpr(4))
  return H_SUCCESS
}

// H_GET_CPU_CHARACTERISTICS: r4 what the CPU can, r5 what software should do about speculation. As a QEMU machine
// without mitigations answers (cap-cfpc, cap-sbbc and cap-ibs "broken"), so that a kernel sets itself up the same.
const HONOURS_BRANCH_HINTS: u64 = 1 << 58
const FAVOUR_SECURITY: u64 = 1 << 63
const FLUSH_ON_PRIVILEGE: u64 = 1 << 62
const BARRIER_FOR_BOUNDS: u64 = 1 << 61

function cpu_characteristics(): u64 {
  set_gpr(4, HONOURS_BRANCH_HINTS)
  set_gpr(5, FAVOUR_SECURITY | FLUSH_ON_PRIVILEGE | BARRIER_FOR_BOUNDS)
  return H_SUCCESS
}

/** H_HOME_NODE_ASSOCIATIVITY: r4 flags, 1 for a vCPU; r5 which. Domains 0, 0, 0, 0 and its number, then ones. */
function home_node(): u64 {
  if (gpr(4) != 1) return H_PARAMETER
  if (gpr(5) >= machine().vcpus) return H_P2
  set_gpr(6, (gpr(5) << 32) | 0xffff_ffff)
  set_gpr(4, 0)
  set_gpr(5, 0)
  for (let i: u32 = 7; i <= 9; i++) set_gpr(i, u64.MAX_VALUE)
  return H_SUCCESS
}

/** H_RANDOM: SplitMix64, from the seed of the machine. */
function random(): u64 {
  const p = platform()
  p.random += 0x9e37_79b9_7f4a_7c15
  let x = p.random
  x = (x ^ (x >> 30)) * 0xbf58_476d_1ce4_e5b9
  x = (x ^ (x >> 27)) * 0x94d0_49bb_1331_11eb
  set_gpr(4, x ^ (x >> 31))
  return H_SUCCESS
}

const MODE_BREAKPOINT: u32 = 1
const MODE_WATCHPOINT: u32 = 2
const MODE_TRANSLATION: u32 = 3
const MODE_BYTE_ORDER: u32 = 4

/** H_SET_MODE: r4 the value, r5 of what; r6 and r7 more of it. */
function set_mode(): u64 {
  const value = gpr(4)
  switch (<u32>gpr(5)) {
    case MODE_BREAKPOINT:
      if (value != 0) return H_UNSUPPORTED_FLAG
      if ((gpr(6) & 3) == 3) return H_P3 // the hypervisor's
      if (gpr(7) != 0) return H_P4
      ciabr_set(gpr(6))
      return H_SUCCESS
    case MODE_WATCHPOINT:
      if (value != 0) return H_UNSUPPORTED_FLAG
      if ((gpr(7) & 4) != 0) return H_P4 // the hypervisor's
      dawr_set(gpr(6), gpr(7))
      return H_SUCCESS
    case MODE_BYTE_ORDER:
      if (gpr(6) != 0) return H_P3
      if (gpr(7) != 0) return H_P4
      if (value > 1) return H_UNSUPPORTED_FLAG
      lpcr_set(value == 1 ? LPCR_ILE : 0, LPCR_ILE)
      return H_SUCCESS
    case MODE_TRANSLATION:
      if (gpr(6) != 0) return H_P3
      if (gpr(7) != 0) return H_P4
      if (value == 1 || value > 3) return H_UNSUPPORTED_FLAG
      lpcr_set(value << AIL_SHIFT, LPCR_AIL)
      return H_SUCCESS
    default: return H_P2
  }
}

const TABLE_GTSE: u64 = 1 // the guest may use tlbie
const TABLE_RADIX: u64 = 4
const TABLE_NEW: u64 = 8
const TABLE_CHANGE: u64 = 0x10
const TABLE_LARGEST: u64 = 24

/** H_REGISTER_PROCESS_TABLE: r4 flags, r5 real address, r6 page size (none of radix), r7 binary logarithm of the size less 12. */
function register_process_table(): u64 {
  const flags = gpr(4)
  if (flags & ~(TABLE_GTSE | TABLE_RADIX | TABLE_NEW | TABLE_CHANGE)) return H_PARAMETER
  if ((flags & TABLE_CHANGE) == 0) return H_SUCCESS // only says what is registered already
  if ((flags & TABLE_NEW) == 0) {
    lpcr_set(0, LPCR_UPRT | LPCR_HR | LPCR_GTSE)
    process_table_set(0)
    return H_SUCCESS
  }
  // A table for hashed pages would need these, and this CPU has radix trees only.
  if ((flags & TABLE_RADIX) == 0) return H_PARAMETER
  if (gpr(6) != 0) return H_P3
  if (gpr(7) > TABLE_LARGEST) return H_P4
  const size = <u64>1 << (gpr(7) + 12)
  if (gpr(5) % size != 0 || !guest_has(gpr(5), size)) return H_P2
  lpcr_set(LPCR_UPRT | LPCR_HR | (flags & TABLE_GTSE ? LPCR_GTSE : 0), LPCR_UPRT | LPCR_HR | LPCR_GTSE)
  process_table_set(gpr(5) | gpr(7))
  return H_SUCCESS
}
