/**
 * The interpreter: one loop, one dense switch over the operations of decoded slots (engine/code.ts).
 *
 * It exists once for each width of addresses (W: u32 in 32-bit mode, u64) and byte order (E: u8 big, i8 little endian),
 * so that no handler asks for the mode; interpret() picks. A change of mode, an interrupt, or `left` used up ends it.
 *
 *   ip     the slot that runs                 bias   pc = bias + ip / 4, on this page
 *   tlb    for reading, in the mode at hand; the one for writing lies behind it
 *   left   cycles before machine().stop_cycle; negative by what the last instruction took beyond
 *
 * Neighbours that come up often together are one case (PAIRS in src/power/tables.ts): the first slot runs both, the
 * second one has its own case for whoever branches to it, and time may stop between the two.
 *
 * Handlers of what is rare are out of line (arith.ts, storage.ts, system.ts): they get the word, find `left` in the
 * machine, and answer NEXT or LEAVE. Long because the cases of one switch cannot be spread over files.
 */
import { SLOT_SIZE } from '../engine/code'
import { debug_stopped, STOP_BREAK } from '../engine/debug'
import { hot_cool_down, hot_function, hot_index, hot_warm_up, hot_wide } from '../engine/hot'
import { cycle_now, end_run, machine, PAGE_MASK, RUN_LEFT, RUN_TLB_DATA, RUN_TLB_FETCH } from '../engine/layout'
import { tlb_entry, TLB_WRITE } from '../engine/tlb'
import { mulhi_u64 } from '../wide'
import { arith } from './arith'
import { branch_target } from './branch'
import { decode } from './decode'
import { facility_op } from './facility'
import { choose_tlbs, fetch, load_slow, store_slow } from './memory'
import {
  CA, CA32, CRF, CTR, get_cr, interrupt_due, LEAVE, LR, MSR, msr, MSR_EE, MSR_LE, MSR_RI, NEXT, PC, set_cr, SO,
  supervisor, wide_mode,
} from './registers'
import { storage_op } from './storage'
import { illegal, system_op, unavailable } from './system'
import { Op } from './tables'
import { dec_read, dec_written, timebase_at } from './time'

// A slot's fields, and the registers they name.
@inline function D(ip: usize): usize { return load<u16>(ip, 2) }
@inline function ra(ip: usize): u64 { return load<u64>(load<u16>(ip, 4)) }
@inline function rb(ip: usize): u64 { return load<u64>(load<u16>(ip, 6)) }
@inline function rd(ip: usize): u64 { return load<u64>(load<u16>(ip, 2)) }
@inline function number_b(ip: usize): u32 { return load<u16>(ip, 6) }
@inline function imm(ip: usize): u64 { return <u64><i64>load<i32>(ip, 8) }
@inline function uimm(ip: usize): u64 { return <u64>load<u32>(ip, 8) }
@inline function slots_away(ip: usize): usize { return load<usize>(ip, 8) }
@inline function cost(ip: usize): i32 { return load<u8>(ip, 14) }
@inline function put(ip: usize, value: u64): u64 {
  store<u64>(load<u16>(ip, 2), value)
  return value
}

/** An effective address: 32-bit mode cuts it. */
@inline function address<W>(value: u64): u64 { return sizeof<W>() == 4 ? <u64><u32>value : value }
@inline function pc_of<W>(bias: u64, ip: usize): u64 { return address<W>(bias + <u64>(ip >> 2)) }

// Storage: the TLB entry's tag is the page of the access's last byte only if no page is crossed.
@inline function page_of<T>(at: u64): u64 { return (at + <u64>(sizeof<T>() - 1)) & ~PAGE_MASK }
@inline function hit<T>(tlb: usize, at: u64): bool { return load<u64>(tlb_entry(tlb, at)) == page_of<T>(at) }
@inline function place(tlb: usize, at: u64): usize { return <usize><u32>at + load<usize>(tlb_entry(tlb, at), 8) }
@inline function hit_write<T>(tlb: usize, at: u64): bool { return load<u64>(tlb_entry(tlb, at), TLB_WRITE) == page_of<T>(at) }
@inline function place_write(tlb: usize, at: u64): usize {
  return <usize><u32>at + load<usize>(tlb_entry(tlb, at), TLB_WRITE + 8)
}
@inline function ordered<T, E>(value: T): T { return isSigned<E>() || sizeof<T>() == 1 ? value : bswap<T>(value) }

// Results: CR0 and comparisons write four bits with one store.
@inline function relation<T>(a: T, b: T): u32 { return a < b ? 8 : a > b ? 4 : 2 }
@inline function record<W>(value: u64): void {
  const v = sizeof<W>() == 4 ? <i64><i32>value : <i64>value
  store<u8>(CRF, <u8>((v < 0 ? 8 : v > 0 ? 4 : 2) | <u32>load<u8>(SO)))
}
@inline function compared(ip: usize, order: u32): void { store<u8>(D(ip), <u8>(order | <u32>load<u8>(SO))) }

/** a + b + carry, with CA and CA32. */
@inline function carrying<W>(a: u64, b: u64, carry: u64): u64 {
  const sum = a + b + carry
  const into33 = <u32>((a ^ b ^ sum) >> 32) & 1
  store<u8>(CA32, <u8>into33)
  store<u8>(CA, sizeof<W>() == 4 ? <u8>into33 : <u8>(((a & b) | ((a | b) & ~sum)) >> 63))
  return sum
}
@inline function carry_in(): u64 { return <u64>load<u8>(CA) }

/** Shifting right a negative number carries when a one is lost. */
@inline function carry_lost(negative: bool, lost: bool): void {
  const carry = <u8>(negative && lost)
  store<u8>(CA, carry)
  store<u8>(CA32, carry)
}

@inline function shift_right_word(ip: usize): u64 {
  const value = <i32>ra(ip)
  const by = load<u32>(ip, 8)
  carry_lost(value < 0, (value & ((1 << by) - 1)) != 0)
  return <u64><i64>(value >> by)
}

@inline function shift_right_doubleword(ip: usize): u64 {
  const value = <i64>ra(ip)
  const by = uimm(ip)
  carry_lost(value < 0, (<u64>value & ((<u64>1 << by) - 1)) != 0)
  return <u64>(value >> by)
}

@inline function sixth_bit(value: u64, shifted: u64, bit: u64): u64 { return value & bit ? 0 : shifted }

@inline function rotate_word(ip: usize): u64 { return <u64>rotl<u32>(<u32>ra(ip), number_b(ip)) }
@inline function rotate_twice(ip: usize): u64 { return rotate_word(ip) * 0x1_0000_0001 }
@inline function wrapped_mask(ip: usize): u64 { return 0xffff_ffff_0000_0000 | uimm(ip) }
@inline function rotate(ip: usize): u64 { return rotl<u64>(ra(ip), <u64>number_b(ip)) }
@inline function mask_from(mb: u64): u64 { return u64.MAX_VALUE >> mb }
@inline function mask_to(me: u64): u64 { return u64.MAX_VALUE << (63 - me) }
/** rldic and rldimi: ones from bit mb to bit 63 - sh; around the end when mb is the later one. */
@inline function mask_between(ip: usize): u64 {
  const me = 63 - <u64>number_b(ip)
  const mb = uimm(ip)
  return mb <= me ? mask_from(mb) & mask_to(me) : mask_from(mb) | mask_to(me)
}
@inline function inserted(ip: usize, value: u64, mask: u64): u64 { return (value & mask) | (rd(ip) & ~mask) }

/** CTR counts down; whether it is not 0 in the mode's width. */
@inline function counted<W>(): bool {
  const ctr = load<u64>(CTR) - 1
  store<u64>(CTR, ctr)
  return sizeof<W>() == 4 ? <u32>ctr != 0 : ctr != 0
}

@inline function condition(ip: usize): bool { return (load<u8>(D(ip)) & load<u8>(ip, 4)) != 0 }

/** The slot of the instruction at `pc`, from the TLB or anew; 0 when that interrupted. */
@inline function slot_at(pc: u64): usize {
  const entry = tlb_entry(load<usize>(RUN_TLB_FETCH), pc)
  return load<u64>(entry) == (pc & ~PAGE_MASK) ? load<usize>(entry, 8) + ((<usize>pc & 0xffc) << 2) : fetch(pc)
}

/** Branch-to-self: nothing changes until an event, so all whole turns before it go by at once. */
function turns(ip: usize, left: i32): i32 {
  const each = cost(ip)
  // With interrupts off nothing wakes it: the run ends here to say so. In later ones only time goes by.
  if ((msr() & MSR_EE) == 0 && machine().halted == 0 && machine().vcpus == 1) {
    machine().halted = 1
    return end_run(left)
  }
  const all = ((left + each - 1) / each) * each
  machine().idle_cycles += <u64>all
  return left - all
}

function leave(left: i32): void { store<i32>(RUN_LEFT, left) }

/** Runs from PC until `left` cycles are used up, or the mode may have changed. */
function run<W, E>(): void {
  const tlb = load<usize>(RUN_TLB_DATA)
  let left = load<i32>(RUN_LEFT)
  let pc = address<W>(load<u64>(PC))
  let ip = slot_at(pc)
  if (ip == 0) return leave(left - 1)
  let bias = pc - <u64>(ip >> 2)
  while (left > 0) {
    switch (<i32>load<u16>(ip)) {
      case Op.DECODE: decode(ip); continue
      case Op.PAGE_END:
        pc = pc_of<W>(bias, ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left - 1)
        bias = pc - <u64>(ip >> 2)
        continue
      case Op.BREAK:
        store<u64>(PC, pc_of<W>(bias, ip))
        debug_stopped(STOP_BREAK)
        return leave(end_run(left))
      case Op.HOT: {
        const loop = hot_function(ip)
        if (hot_wide(loop) == (sizeof<W>() == 8)) {
          const came = call_indirect<u64>(hot_index(loop), left, tlb, ip)
          if (<i32>came != left) {
            left = <i32>came
            ip = <usize>(came >> 32)
            continue
          }
        }
        left = hot_cool_down(ip, left)
        continue
      }
      // out of line
      case Op.ARITH:
        store<i32>(RUN_LEFT, left)
        if (arith(ip, pc_of<W>(bias, ip)) == LEAVE) return leave(load<i32>(RUN_LEFT) - cost(ip))
        left = load<i32>(RUN_LEFT)
        break
      case Op.MEM:
        store<i32>(RUN_LEFT, left)
        if (storage_op(ip, pc_of<W>(bias, ip)) == LEAVE) return leave(load<i32>(RUN_LEFT) - cost(ip))
        left = load<i32>(RUN_LEFT)
        break
      // For a supervisor; others fall down to SYS, which refuses.
      case Op.SPR_MOVE:
        if (supervisor()) { put(ip, ra(ip)); break }
      case Op.SPR_MOVE_WORD:
        if (supervisor()) { put(ip, <u64><u32>ra(ip)); break }
      case Op.MFDEC:
        if (supervisor()) { put(ip, dec_read(cycle_now(left))); break }
      case Op.MTDEC:
        if (supervisor()) { left = dec_written(left, ra(ip)); break }
      case Op.MTMSRD_EE:
        if (supervisor()) {
          store<u64>(MSR, (msr() & ~(MSR_EE | MSR_RI)) | (ra(ip) & (MSR_EE | MSR_RI)))
          if (!interrupt_due()) break
          store<u64>(PC, pc_of<W>(bias, ip + SLOT_SIZE))
          return leave(left - cost(ip))
        }
      case Op.SYS: {
        store<i32>(RUN_LEFT, left)
        const next = system_op(ip, pc_of<W>(bias, ip))
        left = load<i32>(RUN_LEFT)
        if (next == NEXT) break
        left -= cost(ip)
        if (next == LEAVE) return leave(left)
        pc = load<u64>(PC)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      }
      case Op.FACILITY:
        store<i32>(RUN_LEFT, left)
        if (facility_op(ip, pc_of<W>(bias, ip)) == LEAVE) return leave(load<i32>(RUN_LEFT) - cost(ip))
        left = load<i32>(RUN_LEFT)
        break
      case Op.ILLEGAL:
        store<i32>(RUN_LEFT, left)
        if (illegal(ip, pc_of<W>(bias, ip)) == LEAVE) return leave(load<i32>(RUN_LEFT) - cost(ip))
        left = load<i32>(RUN_LEFT)
        break
      case Op.UNAVAILABLE:
        store<i32>(RUN_LEFT, left)
        if (unavailable(ip, pc_of<W>(bias, ip)) == LEAVE) return leave(load<i32>(RUN_LEFT) - cost(ip))
        left = load<i32>(RUN_LEFT)
        break
      // integers
      case Op.ADDI: put(ip, ra(ip) + imm(ip)); break
      case Op.MR: put(ip, ra(ip)); break
      case Op.ADD: put(ip, ra(ip) + rb(ip)); break
      case Op.ADD_RC: record<W>(put(ip, ra(ip) + rb(ip))); break
      case Op.SUBF: put(ip, rb(ip) - ra(ip)); break
      case Op.SUBF_RC: record<W>(put(ip, rb(ip) - ra(ip))); break
      case Op.NEG: put(ip, 0 - ra(ip)); break
      case Op.NEG_RC: record<W>(put(ip, 0 - ra(ip))); break
      case Op.ADDIC: put(ip, carrying<W>(ra(ip), imm(ip), 0)); break
      case Op.ADDIC_RC: record<W>(put(ip, carrying<W>(ra(ip), imm(ip), 0))); break
      case Op.SUBFIC: put(ip, carrying<W>(~ra(ip), imm(ip), 1)); break
      case Op.ADDC: put(ip, carrying<W>(ra(ip), rb(ip), 0)); break
      case Op.ADDC_RC: record<W>(put(ip, carrying<W>(ra(ip), rb(ip), 0))); break
      case Op.ADDE: put(ip, carrying<W>(ra(ip), rb(ip), carry_in())); break
      case Op.ADDE_RC: record<W>(put(ip, carrying<W>(ra(ip), rb(ip), carry_in()))); break
      case Op.ADDZE: put(ip, carrying<W>(ra(ip), 0, carry_in())); break
      case Op.ADDZE_RC: record<W>(put(ip, carrying<W>(ra(ip), 0, carry_in()))); break
      case Op.ADDME: put(ip, carrying<W>(ra(ip), u64.MAX_VALUE, carry_in())); break
      case Op.ADDME_RC: record<W>(put(ip, carrying<W>(ra(ip), u64.MAX_VALUE, carry_in()))); break
      case Op.SUBFC: put(ip, carrying<W>(~ra(ip), rb(ip), 1)); break
      case Op.SUBFC_RC: record<W>(put(ip, carrying<W>(~ra(ip), rb(ip), 1))); break
      case Op.SUBFE: put(ip, carrying<W>(~ra(ip), rb(ip), carry_in())); break
      case Op.SUBFE_RC: record<W>(put(ip, carrying<W>(~ra(ip), rb(ip), carry_in()))); break
      case Op.SUBFZE: put(ip, carrying<W>(~ra(ip), 0, carry_in())); break
      case Op.SUBFZE_RC: record<W>(put(ip, carrying<W>(~ra(ip), 0, carry_in()))); break
      case Op.SUBFME: put(ip, carrying<W>(~ra(ip), u64.MAX_VALUE, carry_in())); break
      case Op.SUBFME_RC: record<W>(put(ip, carrying<W>(~ra(ip), u64.MAX_VALUE, carry_in()))); break
      case Op.MULLI: put(ip, ra(ip) * imm(ip)); break
      case Op.MULLW: put(ip, <u64>(<i64><i32>ra(ip) * <i64><i32>rb(ip))); break
      case Op.MULLW_RC: record<W>(put(ip, <u64>(<i64><i32>ra(ip) * <i64><i32>rb(ip)))); break
      case Op.MULLD: put(ip, ra(ip) * rb(ip)); break
      case Op.MULLD_RC: record<W>(put(ip, ra(ip) * rb(ip))); break
      case Op.MULHWU: put(ip, (<u64><u32>ra(ip) * <u64><u32>rb(ip)) >> 32); break
      case Op.MULHWU_RC: record<W>(put(ip, (<u64><u32>ra(ip) * <u64><u32>rb(ip)) >> 32)); break
      case Op.ORI: put(ip, ra(ip) | uimm(ip)); break
      case Op.XORI: put(ip, ra(ip) ^ uimm(ip)); break
      case Op.ANDI: record<W>(put(ip, ra(ip) & uimm(ip))); break
      case Op.AND: put(ip, ra(ip) & rb(ip)); break
      case Op.AND_RC: record<W>(put(ip, ra(ip) & rb(ip))); break
      case Op.OR: put(ip, ra(ip) | rb(ip)); break
      case Op.OR_RC: record<W>(put(ip, ra(ip) | rb(ip))); break
      case Op.XOR: put(ip, ra(ip) ^ rb(ip)); break
      case Op.XOR_RC: record<W>(put(ip, ra(ip) ^ rb(ip))); break
      case Op.NAND: put(ip, ~(ra(ip) & rb(ip))); break
      case Op.NAND_RC: record<W>(put(ip, ~(ra(ip) & rb(ip)))); break
      case Op.NOR: put(ip, ~(ra(ip) | rb(ip))); break
      case Op.NOR_RC: record<W>(put(ip, ~(ra(ip) | rb(ip)))); break
      case Op.EQV: put(ip, ~(ra(ip) ^ rb(ip))); break
      case Op.EQV_RC: record<W>(put(ip, ~(ra(ip) ^ rb(ip)))); break
      case Op.ANDC: put(ip, ra(ip) & ~rb(ip)); break
      case Op.ANDC_RC: record<W>(put(ip, ra(ip) & ~rb(ip))); break
      case Op.ORC: put(ip, ra(ip) | ~rb(ip)); break
      case Op.ORC_RC: record<W>(put(ip, ra(ip) | ~rb(ip))); break
      case Op.EXTSB: put(ip, <u64><i64><i8>ra(ip)); break
      case Op.EXTSB_RC: record<W>(put(ip, <u64><i64><i8>ra(ip))); break
      case Op.EXTSH: put(ip, <u64><i64><i16>ra(ip)); break
      case Op.EXTSH_RC: record<W>(put(ip, <u64><i64><i16>ra(ip))); break
      case Op.EXTSW: put(ip, <u64><i64><i32>ra(ip)); break
      case Op.EXTSW_RC: record<W>(put(ip, <u64><i64><i32>ra(ip))); break
      case Op.CNTLZW: put(ip, <u64>clz<u32>(<u32>ra(ip))); break
      case Op.CNTLZW_RC: record<W>(put(ip, <u64>clz<u32>(<u32>ra(ip)))); break
      case Op.CNTLZD: put(ip, <u64>clz<u64>(ra(ip))); break
      case Op.CNTLZD_RC: record<W>(put(ip, <u64>clz<u64>(ra(ip)))); break
      case Op.ISEL: put(ip, load<u8>(slots_away(ip)) & load<u8>(ip, 12) ? ra(ip) : rb(ip)); break
      // rotates and shifts
      case Op.RLWINM: put(ip, rotate_word(ip) & uimm(ip)); break
      case Op.RLWINM_RC: record<W>(put(ip, rotate_word(ip) & uimm(ip))); break
      case Op.RLWIMI: put(ip, inserted(ip, rotate_word(ip), uimm(ip))); break
      case Op.RLWIMI_RC: record<W>(put(ip, inserted(ip, rotate_word(ip), uimm(ip)))); break
      case Op.RLWINM_WRAP:
        put(ip, rotate_twice(ip) & wrapped_mask(ip))
        if (load<u16>(ip, 12)) record<W>(rd(ip))
        break
      case Op.RLWIMI_WRAP:
        put(ip, inserted(ip, rotate_twice(ip), wrapped_mask(ip)))
        if (load<u16>(ip, 12)) record<W>(rd(ip))
        break
      case Op.RLDICL: put(ip, rotate(ip) & mask_from(uimm(ip))); break
      case Op.RLDICL_RC: record<W>(put(ip, rotate(ip) & mask_from(uimm(ip)))); break
      case Op.RLDICR: put(ip, rotate(ip) & mask_to(uimm(ip))); break
      case Op.RLDICR_RC: record<W>(put(ip, rotate(ip) & mask_to(uimm(ip)))); break
      case Op.RLDIC: put(ip, rotate(ip) & mask_between(ip)); break
      case Op.RLDIC_RC: record<W>(put(ip, rotate(ip) & mask_between(ip))); break
      case Op.RLDIMI: put(ip, inserted(ip, rotate(ip), mask_between(ip))); break
      case Op.RLDIMI_RC: record<W>(put(ip, inserted(ip, rotate(ip), mask_between(ip)))); break
      case Op.SLW: put(ip, sixth_bit(rb(ip), <u64>(<u32>ra(ip) << (<u32>rb(ip) & 31)), 32)); break
      case Op.SLW_RC: record<W>(put(ip, sixth_bit(rb(ip), <u64>(<u32>ra(ip) << (<u32>rb(ip) & 31)), 32))); break
      case Op.SRW: put(ip, sixth_bit(rb(ip), <u64>(<u32>ra(ip) >> (<u32>rb(ip) & 31)), 32)); break
      case Op.SRW_RC: record<W>(put(ip, sixth_bit(rb(ip), <u64>(<u32>ra(ip) >> (<u32>rb(ip) & 31)), 32))); break
      case Op.SLD: put(ip, sixth_bit(rb(ip), ra(ip) << (rb(ip) & 63), 64)); break
      case Op.SLD_RC: record<W>(put(ip, sixth_bit(rb(ip), ra(ip) << (rb(ip) & 63), 64))); break
      case Op.SRD: put(ip, sixth_bit(rb(ip), ra(ip) >> (rb(ip) & 63), 64)); break
      case Op.SRD_RC: record<W>(put(ip, sixth_bit(rb(ip), ra(ip) >> (rb(ip) & 63), 64))); break
      case Op.SRAWI: put(ip, shift_right_word(ip)); break
      case Op.SRAWI_RC: record<W>(put(ip, shift_right_word(ip))); break
      case Op.SRADI: put(ip, shift_right_doubleword(ip)); break
      case Op.SRADI_RC: record<W>(put(ip, shift_right_doubleword(ip))); break
      // comparisons
      case Op.CMPWI: compared(ip, relation<i32>(<i32>ra(ip), load<i32>(ip, 8))); break
      case Op.CMPLWI: compared(ip, relation<u32>(<u32>ra(ip), load<u32>(ip, 8))); break
      case Op.CMPW: compared(ip, relation<i32>(<i32>ra(ip), <i32>rb(ip))); break
      case Op.CMPLW: compared(ip, relation<u32>(<u32>ra(ip), <u32>rb(ip))); break
      case Op.CMPDI: compared(ip, relation<i64>(<i64>ra(ip), <i64>imm(ip))); break
      case Op.CMPLDI: compared(ip, relation<u64>(ra(ip), uimm(ip))); break
      case Op.CMPD: compared(ip, relation<i64>(<i64>ra(ip), <i64>rb(ip))); break
      case Op.CMPLD: compared(ip, relation<u64>(ra(ip), rb(ip))); break
      // storage
      case Op.LBZ: {
        const at = address<W>(ra(ip) + imm(ip))
        let from: usize
        if (hit<u8>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u8>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64>ordered<u8, E>(load<u8>(from)))
        break
      }
      case Op.LBZU: {
        const at = address<W>(ra(ip) + imm(ip))
        let from: usize
        if (hit<u8>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u8>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        store<u64>(load<u16>(ip, 4), at)
        put(ip, <u64>ordered<u8, E>(load<u8>(from)))
        break
      }
      case Op.LBZX: {
        const at = address<W>(ra(ip) + rb(ip))
        let from: usize
        if (hit<u8>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u8>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64>ordered<u8, E>(load<u8>(from)))
        break
      }
      case Op.LHZ: {
        const at = address<W>(ra(ip) + imm(ip))
        let from: usize
        if (hit<u16>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u16>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64>ordered<u16, E>(load<u16>(from)))
        break
      }
      case Op.LHZU: {
        const at = address<W>(ra(ip) + imm(ip))
        let from: usize
        if (hit<u16>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u16>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        store<u64>(load<u16>(ip, 4), at)
        put(ip, <u64>ordered<u16, E>(load<u16>(from)))
        break
      }
      case Op.LHZX: {
        const at = address<W>(ra(ip) + rb(ip))
        let from: usize
        if (hit<u16>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u16>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64>ordered<u16, E>(load<u16>(from)))
        break
      }
      case Op.LWZ: {
        const at = address<W>(ra(ip) + imm(ip))
        let from: usize
        if (hit<u32>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u32>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64>ordered<u32, E>(load<u32>(from)))
        break
      }
      case Op.LWZU: {
        const at = address<W>(ra(ip) + imm(ip))
        let from: usize
        if (hit<u32>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u32>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        store<u64>(load<u16>(ip, 4), at)
        put(ip, <u64>ordered<u32, E>(load<u32>(from)))
        break
      }
      case Op.LWZX: {
        const at = address<W>(ra(ip) + rb(ip))
        let from: usize
        if (hit<u32>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u32>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64>ordered<u32, E>(load<u32>(from)))
        break
      }
      case Op.LD: {
        const at = address<W>(ra(ip) + imm(ip))
        let from: usize
        if (hit<u64>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u64>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64>ordered<u64, E>(load<u64>(from)))
        break
      }
      case Op.LDU: {
        const at = address<W>(ra(ip) + imm(ip))
        let from: usize
        if (hit<u64>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u64>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        store<u64>(load<u16>(ip, 4), at)
        put(ip, <u64>ordered<u64, E>(load<u64>(from)))
        break
      }
      case Op.LDX: {
        const at = address<W>(ra(ip) + rb(ip))
        let from: usize
        if (hit<u64>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u64>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64>ordered<u64, E>(load<u64>(from)))
        break
      }
      case Op.LBZUX: {
        const at = address<W>(ra(ip) + rb(ip))
        let from: usize
        if (hit<u8>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u8>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        store<u64>(load<u16>(ip, 4), at)
        put(ip, <u64>ordered<u8, E>(load<u8>(from)))
        break
      }
      case Op.LHA: {
        const at = address<W>(ra(ip) + imm(ip))
        let from: usize
        if (hit<u16>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u16>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64><i64><i16>ordered<u16, E>(load<u16>(from)))
        break
      }
      case Op.LHAU: {
        const at = address<W>(ra(ip) + imm(ip))
        let from: usize
        if (hit<u16>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u16>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        store<u64>(load<u16>(ip, 4), at)
        put(ip, <u64><i64><i16>ordered<u16, E>(load<u16>(from)))
        break
      }
      case Op.LHAX: {
        const at = address<W>(ra(ip) + rb(ip))
        let from: usize
        if (hit<u16>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u16>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64><i64><i16>ordered<u16, E>(load<u16>(from)))
        break
      }
      case Op.LWA: {
        const at = address<W>(ra(ip) + imm(ip))
        let from: usize
        if (hit<u32>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u32>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64><i64><i32>ordered<u32, E>(load<u32>(from)))
        break
      }
      case Op.LWAX: {
        const at = address<W>(ra(ip) + rb(ip))
        let from: usize
        if (hit<u32>(tlb, at)) from = place(tlb, at)
        else if ((from = load_slow(at, sizeof<u32>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
        put(ip, <u64><i64><i32>ordered<u32, E>(load<u32>(from)))
        break
      }
      case Op.STB: {
        const at = address<W>(ra(ip) + imm(ip))
        const value = ordered<u8, E>(<u8>rd(ip))
        if (hit_write<u8>(tlb, at)) store<u8>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u8>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        break
      }
      case Op.STBU: {
        const at = address<W>(ra(ip) + imm(ip))
        const value = ordered<u8, E>(<u8>rd(ip))
        if (hit_write<u8>(tlb, at)) store<u8>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u8>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        store<u64>(load<u16>(ip, 4), at)
        break
      }
      case Op.STBX: {
        const at = address<W>(ra(ip) + rb(ip))
        const value = ordered<u8, E>(<u8>rd(ip))
        if (hit_write<u8>(tlb, at)) store<u8>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u8>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        break
      }
      case Op.STH: {
        const at = address<W>(ra(ip) + imm(ip))
        const value = ordered<u16, E>(<u16>rd(ip))
        if (hit_write<u16>(tlb, at)) store<u16>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u16>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        break
      }
      case Op.STHU: {
        const at = address<W>(ra(ip) + imm(ip))
        const value = ordered<u16, E>(<u16>rd(ip))
        if (hit_write<u16>(tlb, at)) store<u16>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u16>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        store<u64>(load<u16>(ip, 4), at)
        break
      }
      case Op.STHX: {
        const at = address<W>(ra(ip) + rb(ip))
        const value = ordered<u16, E>(<u16>rd(ip))
        if (hit_write<u16>(tlb, at)) store<u16>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u16>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        break
      }
      case Op.STW: {
        const at = address<W>(ra(ip) + imm(ip))
        const value = ordered<u32, E>(<u32>rd(ip))
        if (hit_write<u32>(tlb, at)) store<u32>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u32>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        break
      }
      case Op.STWU: {
        const at = address<W>(ra(ip) + imm(ip))
        const value = ordered<u32, E>(<u32>rd(ip))
        if (hit_write<u32>(tlb, at)) store<u32>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u32>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        store<u64>(load<u16>(ip, 4), at)
        break
      }
      case Op.STWX: {
        const at = address<W>(ra(ip) + rb(ip))
        const value = ordered<u32, E>(<u32>rd(ip))
        if (hit_write<u32>(tlb, at)) store<u32>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u32>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        break
      }
      case Op.STD: {
        const at = address<W>(ra(ip) + imm(ip))
        const value = ordered<u64, E>(<u64>rd(ip))
        if (hit_write<u64>(tlb, at)) store<u64>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u64>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        break
      }
      case Op.STDU: {
        const at = address<W>(ra(ip) + imm(ip))
        const value = ordered<u64, E>(<u64>rd(ip))
        if (hit_write<u64>(tlb, at)) store<u64>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u64>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        store<u64>(load<u16>(ip, 4), at)
        break
      }
      case Op.STDX: {
        const at = address<W>(ra(ip) + rb(ip))
        const value = ordered<u64, E>(<u64>rd(ip))
        if (hit_write<u64>(tlb, at)) store<u64>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u64>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        break
      }
      case Op.STBUX: {
        const at = address<W>(ra(ip) + rb(ip))
        const value = ordered<u8, E>(<u8>rd(ip))
        if (hit_write<u8>(tlb, at)) store<u8>(place_write(tlb, at), value)
        else {
          store<i32>(RUN_LEFT, left)
          if (!store_slow(at, sizeof<u8>(), <u64>value, pc_of<W>(bias, ip))) return leave(left - cost(ip))
          left = load<i32>(RUN_LEFT)
        }
        store<u64>(load<u16>(ip, 4), at)
        break
      }
      case Op.NOP: break
      // branches
      case Op.B: left -= cost(ip); ip += slots_away(ip); continue
      case Op.B_SELF: left = turns(ip, left); continue
      case Op.BL:
        store<u64>(LR, address<W>(pc_of<W>(bias, ip) + 4))
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.BC_TRUE:
        if (!condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.BC_FALSE:
        if (condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.BDNZ:
        if (!counted<W>()) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.BDZ:
        if (counted<W>()) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.B_FAR:
        pc = address<W>(pc_of<W>(bias, ip) + imm(ip))
        left -= cost(ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      case Op.BL_FAR:
        store<u64>(LR, address<W>(pc_of<W>(bias, ip) + 4))
        pc = address<W>(pc_of<W>(bias, ip) + imm(ip))
        left -= cost(ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      case Op.B_ABSOLUTE:
        if (load<u16>(ip, 12)) store<u64>(LR, address<W>(pc_of<W>(bias, ip) + 4))
        pc = address<W>(imm(ip))
        left -= cost(ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      case Op.BC_TRUE_FAR:
        if (!condition(ip)) break
        pc = address<W>(pc_of<W>(bias, ip) + imm(ip))
        left -= cost(ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      case Op.BC_FALSE_FAR:
        if (condition(ip)) break
        pc = address<W>(pc_of<W>(bias, ip) + imm(ip))
        left -= cost(ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      case Op.BLR:
        pc = address<W>(load<u64>(LR) & ~3)
        left -= cost(ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      case Op.BLR_TRUE:
        if (!condition(ip)) break
        pc = address<W>(load<u64>(LR) & ~3)
        left -= cost(ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      case Op.BLR_FALSE:
        if (condition(ip)) break
        pc = address<W>(load<u64>(LR) & ~3)
        left -= cost(ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      case Op.BCTR:
        pc = address<W>(load<u64>(CTR) & ~3)
        left -= cost(ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      case Op.BCTRL:
        store<u64>(LR, address<W>(pc_of<W>(bias, ip) + 4))
        pc = address<W>(load<u64>(CTR) & ~3)
        left -= cost(ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      case Op.BC:
      case Op.BC_REG:
        pc = address<W>(branch_target(load<u32>(ip, 8), pc_of<W>(bias, ip)))
        left -= cost(ip)
        ip = slot_at(pc)
        if (ip == 0) return leave(left)
        bias = pc - <u64>(ip >> 2)
        continue
      // registers of their own
      case Op.MFLR: put(ip, load<u64>(LR)); break
      case Op.MTLR: store<u64>(LR, ra(ip)); break
      case Op.MFCTR: put(ip, load<u64>(CTR)); break
      case Op.MTCTR: store<u64>(CTR, ra(ip)); break
      case Op.MFCR: put(ip, <u64>get_cr()); break
      case Op.MTCR: set_cr(<u32>ra(ip)); break
      case Op.MFTB: put(ip, timebase_at(cycle_now(left))); break
      case Op.MFTBU: put(ip, timebase_at(cycle_now(left)) >> 32); break
      // pairs of neighbours in one case: the second slot is the next one, and runs by itself when it is branched to
      case Op.XOR_RLWINM:
        put(ip, ra(ip) ^ rb(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, rotate_word(ip) & uimm(ip))
        break
      case Op.XOR_RLDIC:
        put(ip, ra(ip) ^ rb(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, rotate(ip) & mask_between(ip))
        break
      case Op.XOR_RLDICL:
        put(ip, ra(ip) ^ rb(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, rotate(ip) & mask_from(uimm(ip)))
        break
      case Op.XOR_ADD:
        put(ip, ra(ip) ^ rb(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) + rb(ip))
        break
      case Op.XOR_ADDI:
        put(ip, ra(ip) ^ rb(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) + imm(ip))
        break
      case Op.XOR_BDNZ:
        put(ip, ra(ip) ^ rb(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (!counted<W>()) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.RLWINM_XOR:
        put(ip, rotate_word(ip) & uimm(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) ^ rb(ip))
        break
      case Op.RLWINM_RLWINM:
        put(ip, rotate_word(ip) & uimm(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, rotate_word(ip) & uimm(ip))
        break
      case Op.RLWINM_LWZX:
        put(ip, rotate_word(ip) & uimm(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        {
          const at = address<W>(ra(ip) + rb(ip))
          let from: usize
          if (hit<u32>(tlb, at)) from = place(tlb, at)
          else if ((from = load_slow(at, sizeof<u32>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
          put(ip, <u64>ordered<u32, E>(load<u32>(from)))
        }
        break
      case Op.RLDICR_XOR:
        put(ip, rotate(ip) & mask_to(uimm(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) ^ rb(ip))
        break
      case Op.RLDIC_LWZX:
        put(ip, rotate(ip) & mask_between(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        {
          const at = address<W>(ra(ip) + rb(ip))
          let from: usize
          if (hit<u32>(tlb, at)) from = place(tlb, at)
          else if ((from = load_slow(at, sizeof<u32>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
          put(ip, <u64>ordered<u32, E>(load<u32>(from)))
        }
        break
      case Op.RLDIC_RLDICL:
        put(ip, rotate(ip) & mask_between(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, rotate(ip) & mask_from(uimm(ip)))
        break
      case Op.RLDICL_ADD:
        put(ip, rotate(ip) & mask_from(uimm(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) + rb(ip))
        break
      case Op.RLDICL_BDNZ:
        put(ip, rotate(ip) & mask_from(uimm(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (!counted<W>()) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.ADDI_ADDI:
        put(ip, ra(ip) + imm(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) + imm(ip))
        break
      case Op.ADDI_MR:
        put(ip, ra(ip) + imm(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip))
        break
      case Op.ADDI_XOR:
        put(ip, ra(ip) + imm(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) ^ rb(ip))
        break
      case Op.ADD_BDNZ:
        put(ip, ra(ip) + rb(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (!counted<W>()) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.LWZX_XOR:
        {
          const at = address<W>(ra(ip) + rb(ip))
          let from: usize
          if (hit<u32>(tlb, at)) from = place(tlb, at)
          else if ((from = load_slow(at, sizeof<u32>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
          put(ip, <u64>ordered<u32, E>(load<u32>(from)))
        }
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) ^ rb(ip))
        break
      case Op.LWZX_ADD:
        {
          const at = address<W>(ra(ip) + rb(ip))
          let from: usize
          if (hit<u32>(tlb, at)) from = place(tlb, at)
          else if ((from = load_slow(at, sizeof<u32>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
          put(ip, <u64>ordered<u32, E>(load<u32>(from)))
        }
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) + rb(ip))
        break
      case Op.LDX_ADD:
        {
          const at = address<W>(ra(ip) + rb(ip))
          let from: usize
          if (hit<u64>(tlb, at)) from = place(tlb, at)
          else if ((from = load_slow(at, sizeof<u64>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
          put(ip, <u64>ordered<u64, E>(load<u64>(from)))
        }
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) + rb(ip))
        break
      case Op.LWZ_ADDI:
        {
          const at = address<W>(ra(ip) + imm(ip))
          let from: usize
          if (hit<u32>(tlb, at)) from = place(tlb, at)
          else if ((from = load_slow(at, sizeof<u32>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
          put(ip, <u64>ordered<u32, E>(load<u32>(from)))
        }
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) + imm(ip))
        break
      case Op.LWZU_ADDI:
        {
          const at = address<W>(ra(ip) + imm(ip))
          let from: usize
          if (hit<u32>(tlb, at)) from = place(tlb, at)
          else if ((from = load_slow(at, sizeof<u32>(), pc_of<W>(bias, ip))) == 0) return leave(left - cost(ip))
          store<u64>(load<u16>(ip, 4), at)
          put(ip, <u64>ordered<u32, E>(load<u32>(from)))
        }
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, ra(ip) + imm(ip))
        break
      case Op.EXTSW_EXTSW:
        put(ip, <u64><i64><i32>ra(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, <u64><i64><i32>ra(ip))
        break
      case Op.EXTSW_RLDICR:
        put(ip, <u64><i64><i32>ra(ip))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        put(ip, rotate(ip) & mask_to(uimm(ip)))
        break
      case Op.CMPWI_BC_TRUE:
        compared(ip, relation<i32>(<i32>ra(ip), load<i32>(ip, 8)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (!condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPWI_BC_FALSE:
        compared(ip, relation<i32>(<i32>ra(ip), load<i32>(ip, 8)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPLWI_BC_TRUE:
        compared(ip, relation<u32>(<u32>ra(ip), load<u32>(ip, 8)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (!condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPLWI_BC_FALSE:
        compared(ip, relation<u32>(<u32>ra(ip), load<u32>(ip, 8)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPW_BC_TRUE:
        compared(ip, relation<i32>(<i32>ra(ip), <i32>rb(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (!condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPW_BC_FALSE:
        compared(ip, relation<i32>(<i32>ra(ip), <i32>rb(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPLW_BC_TRUE:
        compared(ip, relation<u32>(<u32>ra(ip), <u32>rb(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (!condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPLW_BC_FALSE:
        compared(ip, relation<u32>(<u32>ra(ip), <u32>rb(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPDI_BC_TRUE:
        compared(ip, relation<i64>(<i64>ra(ip), <i64>imm(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (!condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPDI_BC_FALSE:
        compared(ip, relation<i64>(<i64>ra(ip), <i64>imm(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPLDI_BC_TRUE:
        compared(ip, relation<u64>(ra(ip), uimm(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (!condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPLDI_BC_FALSE:
        compared(ip, relation<u64>(ra(ip), uimm(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPD_BC_TRUE:
        compared(ip, relation<i64>(<i64>ra(ip), <i64>rb(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (!condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPD_BC_FALSE:
        compared(ip, relation<i64>(<i64>ra(ip), <i64>rb(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPLD_BC_TRUE:
        compared(ip, relation<u64>(ra(ip), rb(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (!condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      case Op.CMPLD_BC_FALSE:
        compared(ip, relation<u64>(ra(ip), rb(ip)))
        left -= cost(ip)
        ip += 16
        if (left <= 0) continue
        if (condition(ip)) break
        left -= cost(ip)
        ip += slots_away(ip)
        continue
      default: break
    }
    left -= cost(ip)
    ip += 16
  }
  store<u64>(PC, pc_of<W>(bias, ip))
  leave(left)
}

/** The slot of PC, if the TLB of the mode at hand has its page; 0 if not. */
export function slot_known(): usize {
  choose_tlbs()
  hot_warm_up()
  const pc = wide_mode() ? load<u64>(PC) : <u64><u32>load<u64>(PC)
  const entry = tlb_entry(load<usize>(RUN_TLB_FETCH), pc)
  return load<u64>(entry) == (pc & ~PAGE_MASK) ? load<usize>(entry, 8) + ((<usize>pc & 0xffc) << 2) : 0
}

/** One stretch in the mode that MSR asks for. */
export function interpret(): void {
  choose_tlbs()
  hot_warm_up()
  const little = (msr() & MSR_LE) != 0
  if (wide_mode()) {
    if (little) run<u64, i8>()
    else run<u64, u8>()
  } else if (little) run<u32, i8>()
  else run<u32, u8>()
}
