/** The decoder: one instruction word into one slot (engine/code.ts), by the generated tables. */
import { guest_page_of, offset_of, SLOT_SIZE } from '../engine/code'
import { breaks_at } from '../engine/debug'
import { MACHINE_COSTS, PAGE_BITS, PAGE_SIZE, RAM, run_at_hand, SPR } from '../engine/layout'
import { CRF, GPR, msr, MSR_LE, server, ZERO } from './registers'
import {
  FIRST_PAIR, FLAG_ONLY_32, FLAG_ONLY_64, FLAG_PRIVILEGED, FLAG_RECORD, FLAG_SERVER, INDEX_17, INDEX_19, INDEX_30, INDEX_31,
  INDEX_4, INDEX_57, INDEX_58, INDEX_59, INDEX_60, INDEX_61, INDEX_62, INDEX_63, LAST_SUB, NO_SUB, Op, PAIRS, PRIMARY,
  ROW_FACILITY, ROW_FLAGS, ROW_SUB, ROWS, Slot, SPRS_CLASSIC, SPRS_SERVER, SprKind,
} from './tables'

@inline function indexed(table: usize, index: u32): u32 { return load<u16>(table + (index << 1)) }

/** The row of the instruction table for a word; 0: none. */
export function row_of(word: u32): u32 {
  const row = first_row(word)
  return load<u8>(ROW_SUB + row) == NO_SUB ? row : row_by_ra(row, word)
}

function row_by_ra(first: u32, word: u32): u32 {
  const sought = (word >> 16) & 31
  let row = first
  while ((load<u8>(ROW_SUB + row) & 31) != sought) {
    if (load<u8>(ROW_SUB + row) & LAST_SUB) return 0
    row++
  }
  return row
}

function first_row(word: u32): u32 {
  switch (word >> 26) {
    case 4: return indexed(INDEX_4, word & 2047)
    case 17: return indexed(INDEX_17, word & 3)
    case 19: return indexed(INDEX_19, (word >> 1) & 1023)
    case 30: return indexed(INDEX_30, (word >> 1) & 15)
    case 31: return indexed(INDEX_31, (word >> 1) & 1023)
    case 57: return indexed(INDEX_57, word & 3)
    case 58: return indexed(INDEX_58, word & 3)
    case 59: return indexed(INDEX_59, (word >> 1) & 1023)
    case 60: return indexed(INDEX_60, (word >> 1) & 1023)
    case 61: return indexed(INDEX_61, word & 7)
    case 62: return indexed(INDEX_62, word & 3)
    case 63: return indexed(INDEX_63, (word >> 1) & 1023)
    default: return indexed(PRIMARY, word >> 26)
  }
}

/** Whether the CPU at hand has the instruction of a row. */
export function row_exists(row: u32): bool {
  const flags = <u32>load<u8>(ROW_FLAGS + row)
  if (row == 0) return false
  return (flags & (server() ? FLAG_ONLY_32 : FLAG_ONLY_64 | FLAG_SERVER)) == 0
}

@inline function register(word: u32, shift: u32): u16 { return <u16>(GPR + (((word >> shift) & 31) << 3)) }
@inline function set_op(slot: usize, op: u32): void { store<u16>(slot, <u16>op) }
@inline function set_d(slot: usize, value: u32): void { store<u16>(slot, <u16>value, 2) }
@inline function set_a(slot: usize, value: u32): void { store<u16>(slot, <u16>value, 4) }
@inline function set_b(slot: usize, value: u32): void { store<u16>(slot, <u16>value, 6) }
@inline function set_imm(slot: usize, value: u32): void { store<u32>(slot, value, 8) }

/** Decodes the instruction that `slot` stands for, and joins it with the one behind it where a pair is known. */
export function decode(slot: usize): void {
  decode_one(slot)
  if (!begins_pair(load<u16>(slot))) return
  const next = slot + SLOT_SIZE
  if (load<u16>(next) == 0) decode(next) // ends at the first that begins no pair, or at the end of the page
  join(slot, next)
}

function begins_pair(op: u32): bool {
  for (let pair = PAIRS; load<u16>(pair) != 0; pair += 6) if (load<u16>(pair) == <u16>op) return true
  return false
}

/** What a slot does by itself: a pair's first slot keeps it in `aux`, which operations of pairs have no use for. */
@inline function alone(slot: usize): u16 {
  const op = load<u16>(slot)
  return <u32>op >= FIRST_PAIR ? load<u16>(slot, 12) : op
}

function join(slot: usize, next: usize): void {
  const first = load<u16>(slot)
  const second = alone(next)
  const branch = second == <u16>Op.BC_TRUE || second == <u16>Op.BC_FALSE
  // A branch that asks another field has nothing of the comparison's.
  if (branch && load<u16>(slot, 2) != load<u16>(next, 2)) return
  for (let pair = PAIRS; load<u16>(pair) != 0; pair += 6) {
    if (load<u16>(pair) != first || load<u16>(pair, 2) != second) continue
    store<u16>(slot, first, 12)
    set_op(slot, load<u16>(pair, 4))
    return
  }
}

function decode_one(slot: usize): void {
  const real = (<usize>guest_page_of(slot) << PAGE_BITS) + offset_of(slot)
  if (breaks_at(real)) return set_op(slot, Op.BREAK)
  const at = RAM + real
  const word = msr() & MSR_LE ? load<u32>(at) : bswap<u32>(load<u32>(at))
  run_at_hand().decoded++
  const row = row_of(word)
  const flags = <u32>load<u8>(ROW_FLAGS + row)
  const entry = ROWS + (row << 2)
  const handler = <u32>load<u16>(entry)
  set_imm(slot, word)
  store<u8>(slot, row == 0 ? 1 : load<u8>(MACHINE_COSTS + load<u8>(entry, 3)), 14)
  const needs = <u32>load<u8>(ROW_FACILITY + row) // no instruction is privileged and needs a facility
  store<u8>(slot, flags & FLAG_PRIVILEGED ? 1 : <u8>needs, 15)
  if (!row_exists(row)) {
    set_op(slot, facility(word) ? Op.UNAVAILABLE : Op.ILLEGAL)
    return
  }
  if (handler >> 12 != 0) {
    set_op(slot, handler >> 12)
    store<u16>(slot, <u16>(handler & 0xfff), 12)
  } else {
    set_op(slot, handler + (flags & FLAG_RECORD ? word & 1 : 0))
  }
  fill(slot, word, load<u8>(entry, 2))
}

/** Words of the floating-point and vector facilities, which an operating system turns on when first used. */
function facility(word: u32): bool {
  const primary = word >> 26
  // Of vectors only the floating-point ones are not in the table: their extended opcodes end in these.
  const vector = primary == 4 && ((word & 63) == 10 || (word & 63) == 6 || (word & 62) == 46)
  return (primary >= 48 && primary <= 55) || primary == 59 || primary == 63 || (server() && (vector || primary == 60))
}

/** Registers and immediates by the row's kind of slot; the words that stay (RAW) are in `imm` already. */
function fill(slot: usize, word: u32, kind: i32): void {
  if (kind == Slot.RAW) return
  const t = register(word, 21)
  const a = register(word, 16)
  const a0 = (word >> 16) & 31 ? a : <u16>ZERO
  const si = <u32><i32><i16>word
  set_b(slot, register(word, 11))
  switch (kind) {
    case Slot.T_A0_SI: set_d(slot, t); set_a(slot, a0); set_imm(slot, si); break
    case Slot.T_A0_SIS: set_d(slot, t); set_a(slot, a0); set_imm(slot, si << 16); break
    case Slot.T_A_SI: set_d(slot, t); set_a(slot, a); set_imm(slot, si); break
    case Slot.T_A0_DS: set_d(slot, t); set_a(slot, a0); set_imm(slot, si & ~3); break
    case Slot.T_A_DS: set_d(slot, t); set_a(slot, a); set_imm(slot, si & ~3); break
    case Slot.T_A_B: set_d(slot, t); set_a(slot, a); break
    case Slot.T_A0_B: set_d(slot, t); set_a(slot, a0); break
    case Slot.A_S_UI: set_d(slot, a); set_a(slot, t); set_imm(slot, word & 0xffff); break
    case Slot.A_S_UIS: set_d(slot, a); set_a(slot, t); set_imm(slot, word << 16); break
    case Slot.A_S_B:
      set_d(slot, a)
      set_a(slot, t)
      if (load<u16>(slot) == <u16>Op.OR && load<u16>(slot, 6) == t) set_op(slot, Op.MR)
      break
    case Slot.A_S: set_d(slot, a); set_a(slot, t); break
    case Slot.A_S_SH: set_d(slot, a); set_a(slot, t); set_imm(slot, (word >> 11) & 31); break
    case Slot.A_S_SH6: set_d(slot, a); set_a(slot, t); set_imm(slot, shift6(word)); break
    case Slot.A_S_SH_M: rotate_word(slot, word, a, t); break
    case Slot.A_S_SH6_M:
      set_d(slot, a)
      set_a(slot, t)
      set_b(slot, shift6(word))
      set_imm(slot, ((word >> 6) & 31) | (word & 32))
      break
    case Slot.BF_A_SI: compare(slot, word, a, Op.CMPDI); set_imm(slot, si); break
    case Slot.BF_A_UI: compare(slot, word, a, Op.CMPLDI); set_imm(slot, word & 0xffff); break
    case Slot.BF_A_B: compare(slot, word, a, load<u16>(slot) == <u16>Op.CMPW ? Op.CMPD : Op.CMPLD); break
    case Slot.ISEL:
      set_d(slot, t)
      set_a(slot, a0)
      set_imm(slot, <u32>CRF + ((word >> 8) & 7))
      store<u16>(slot, <u16>(<u32>8 >> ((word >> 6) & 3)), 12)
      break
    case Slot.B: branch(slot, word); break
    case Slot.BC: branch_conditional(slot, word); break
    case Slot.BCLR: branch_link(slot, word); break
    case Slot.BCCTR:
      if (((word >> 21) & 0x14) != 0x14) set_op(slot, Op.BC_REG)
      else if (word & 1) set_op(slot, Op.BCTRL)
      break
    case Slot.MFCR:
      if (word & 0x10_0000) break // mfocrf
      set_op(slot, Op.MFCR)
      set_d(slot, t)
      break
    case Slot.MTCRF:
      if ((word & 0x1f_f000) != 0xf_f000) break
      set_op(slot, Op.MTCR)
      set_a(slot, t)
      break
    case Slot.MTMSRD:
      if (!(word & 0x1_0000)) break
      set_op(slot, Op.MTMSRD_EE)
      set_a(slot, t)
      break
    case Slot.MFSPR: move_from(slot, word, t); break
    case Slot.MTSPR: move_to(slot, word, t); break
    default: break
  }
}

@inline function shift6(word: u32): u32 { return ((word >> 11) & 31) | ((word & 2) << 4) }

/** rlwinm and rlwimi: the mask in `imm`, for the lower word; one that wraps around has the upper word set as well. */
function rotate_word(slot: usize, word: u32, a: u32, s: u32): void {
  const from = (word >> 6) & 31
  const to = (word >> 1) & 31
  const head: u32 = u32.MAX_VALUE >> from
  const tail: u32 = u32.MAX_VALUE << (31 - to)
  const wraps = from > to
  set_d(slot, a)
  set_a(slot, s)
  set_b(slot, (word >> 11) & 31)
  set_imm(slot, wraps ? head | tail : head & tail)
  if (!wraps) return
  store<u16>(slot, <u16>(word & 1), 12)
  set_op(slot, (word >> 26) == 20 ? Op.RLWIMI_WRAP : Op.RLWINM_WRAP)
}

/** The bit L picks the comparison of doublewords. */
function compare(slot: usize, word: u32, a: u32, wide: u32): void {
  set_d(slot, <u32>CRF + ((word >> 23) & 7))
  set_a(slot, a)
  if (!(word & 0x20_0000)) return
  set_op(slot, server() ? wide : Op.ILLEGAL)
}

/** A target in the same page is a distance between slots; -1 if it is not, or the branch is absolute or links. */
@inline function inside(slot: usize, distance: i32): bool {
  const target = <i32>offset_of(slot) + distance
  return target >= 0 && target < <i32>PAGE_SIZE
}
const SLOT_A_WORD: i32 = SLOT_SIZE / 4

function branch(slot: usize, word: u32): void {
  const distance = (<i32>(word << 6) >> 6) & ~3
  set_imm(slot, distance)
  const link = (word & 1) != 0
  if (word & 2) {
    set_op(slot, Op.B_ABSOLUTE)
    store<u16>(slot, <u16>link, 12)
  } else if (distance == 0 && !link) set_op(slot, Op.B_SELF)
  else if (inside(slot, distance)) {
    set_op(slot, link ? Op.BL : Op.B)
    set_imm(slot, distance * SLOT_A_WORD)
  } else set_op(slot, link ? Op.BL_FAR : Op.B_FAR)
}

/** `d` and `a`: the byte of CR and the bit in it that BI names. */
function condition(slot: usize, word: u32): void {
  const bit = field_bi(word)
  set_d(slot, <u32>CRF + (bit >> 2))
  set_a(slot, 8 >> (bit & 3))
}
@inline function field_bi(word: u32): u32 { return (word >> 16) & 31 }

/** BO: 16 whatever the condition, 8 the condition sought, 4 without CTR, 2 CTR is to be 0. */
function branch_conditional(slot: usize, word: u32): void {
  const bo = (word >> 21) & 31
  const distance = <i32><i16>(word & 0xfffc)
  if (word & 3) return // absolute, or with a link: BC computes it from the word
  const near = inside(slot, distance)
  if ((bo & 0x14) == 0x14) {
    set_imm(slot, near ? distance * SLOT_A_WORD : distance)
    set_op(slot, near ? Op.B : Op.B_FAR)
  } else if ((bo & 0x14) == 4) {
    condition(slot, word)
    set_imm(slot, near ? distance * SLOT_A_WORD : distance)
    set_op(slot, bo & 8 ? (near ? Op.BC_TRUE : Op.BC_TRUE_FAR) : near ? Op.BC_FALSE : Op.BC_FALSE_FAR)
  } else if ((bo & 0x14) == 0x10 && near) {
    set_imm(slot, distance * SLOT_A_WORD)
    set_op(slot, bo & 2 ? Op.BDZ : Op.BDNZ)
  }
}

function branch_link(slot: usize, word: u32): void {
  const bo = (word >> 21) & 31
  if ((word & 1) == 0 && (bo & 0x14) == 0x14) return // plain blr
  if ((word & 1) == 0 && (bo & 0x14) == 4) {
    condition(slot, word)
    set_op(slot, bo & 8 ? Op.BLR_TRUE : Op.BLR_FALSE)
  } else set_op(slot, Op.BC_REG)
}

/** The number of an SPR, whose halves change places in the word. */
@inline export function spr_number(word: u32): u32 { return ((word >> 16) & 31) | ((word >> 6) & 0x3e0) }

/** An SPR's word of the table when this CPU has it; 0 otherwise. */
export function spr_entry(n: u32): u32 {
  return indexed(server() ? SPRS_SERVER : SPRS_CLASSIC, n)
}

const SUPERVISOR: u32 = 2

function move_from(slot: usize, word: u32, t: u32): void {
  const n = spr_number(word)
  const entry = spr_entry(n)
  const kind = <i32>(entry & 0xff)
  const guarded = ((entry >> 8) & 3) == SUPERVISOR
  let op: u32 = 0
  if (n == 8) op = Op.MFLR
  else if (n == 9) op = Op.MFCTR
  else if (n == 268) op = Op.MFTB
  else if (n == 269) op = Op.MFTBU
  else if (guarded && kind == SprKind.DEC) op = Op.MFDEC
  else if (guarded && (kind == SprKind.PLAIN || kind == SprKind.WORD)) op = Op.SPR_MOVE
  if (op == 0) return
  set_op(slot, op)
  set_d(slot, t)
  set_a(slot, <u32>SPR + (n << 3))
}

function move_to(slot: usize, word: u32, t: u32): void {
  const n = spr_number(word)
  const entry = spr_entry(n)
  const kind = <i32>(entry & 0xff)
  const guarded = ((entry >> 10) & 3) == SUPERVISOR
  let op: u32 = 0
  if (n == 8) op = Op.MTLR
  else if (n == 9) op = Op.MTCTR
  else if (guarded && kind == SprKind.DEC) op = Op.MTDEC
  else if (guarded && kind == SprKind.PLAIN) op = server() ? Op.SPR_MOVE : Op.SPR_MOVE_WORD
  else if (guarded && kind == SprKind.WORD) op = Op.SPR_MOVE_WORD
  if (op == 0) return
  set_op(slot, op)
  set_d(slot, <u32>SPR + (n << 3))
  set_a(slot, t)
}
