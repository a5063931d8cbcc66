/**
 * Storage instructions that are rare enough to be a call away from the interpreter's loop: byte-reversed and updating
 * indexed forms, multiple and string, quadword, reservations, atomic updates, cache blocks.
 * Source: Power ISA 3.0B, Book I 3.3 and Book II 4.
 */
import { PAGE_MASK, RAM } from '../engine/layout'
import { privileged_if_user } from './system'
import { PROGRAM_ILLEGAL, raise_alignment, raise_program } from './exception'
import { load_slow, store_place, store_slow } from './memory'
import {
  base, CRF, field_a, field_b, field_d, gpr, LEAVE, msr, MSR_LE, NEXT, RESERVED_AT, RESERVED_NONE, RESERVED_SIZE, server, set_gpr,
  SO, wide_mode, XER_REST,
} from './registers'
import { Mem } from './tables'

@inline function little(): bool { return (msr() & MSR_LE) != 0 }
@inline function cut(address: u64): u64 { return wide_mode() ? address : <u64><u32>address }

/** A value of `size` bytes between the byte order of storage as WebAssembly sees it and the other one. */
function reversed(value: u64, size: u32): u64 { return bswap<u64>(value) >> (64 - 8 * <u64>size) }
@inline function in_order(value: u64, size: u32): u64 { return little() ? value : reversed(value, size) }

function raw(from: usize, size: u32): u64 {
  if (size == 8) return load<u64>(from)
  if (size == 4) return <u64>load<u32>(from)
  if (size == 2) return <u64>load<u16>(from)
  return <u64>load<u8>(from)
}

export function storage_op(slot: usize, pc: u64): u32 {
  const word = load<u32>(slot, 8)
  const which = <i32>load<u16>(slot, 12)
  const indexed = cut(base(word) + gpr(field_b(word)))
  if (load<u8>(slot, 15) && privileged_if_user(pc)) return LEAVE
  switch (which) {
    case Mem.LMW: return load_multiple(word, pc)
    case Mem.STMW: return store_multiple(word, pc)
    case Mem.LQ: return load_quad(word, cut(base(word) + <u64><i64><i16>(word & 0xfff0)), pc)
    case Mem.STQ: return store_quad(word, cut(base(word) + <u64><i64><i16>(word & 0xfffc)), pc)
    case Mem.LDUX: return load_update(word, 8, false, pc)
    case Mem.LWZUX: return load_update(word, 4, false, pc)
    case Mem.LHZUX: return load_update(word, 2, false, pc)
    case Mem.LWAUX: return load_update(word, 4, true, pc)
    case Mem.LHAUX: return load_update(word, 2, true, pc)
    case Mem.STDUX: return store_update(word, 8, pc)
    case Mem.STWUX: return store_update(word, 4, pc)
    case Mem.STHUX: return store_update(word, 2, pc)
    case Mem.LHBRX: return load_reversed(word, indexed, 2, pc)
    case Mem.LWBRX: return load_reversed(word, indexed, 4, pc)
    case Mem.LDBRX: return load_reversed(word, indexed, 8, pc)
    case Mem.STHBRX: return store_reversed(word, indexed, 2, pc)
    case Mem.STWBRX: return store_reversed(word, indexed, 4, pc)
    case Mem.STDBRX: return store_reversed(word, indexed, 8, pc)
    case Mem.LSWI: return load_string(word, cut(base(word)), string_count(word), false, pc)
    case Mem.LSWX: return load_string(word, indexed, load<u32>(XER_REST) & 127, true, pc)
    case Mem.STSWI: return store_string(word, cut(base(word)), string_count(word), pc)
    case Mem.STSWX: return store_string(word, indexed, load<u32>(XER_REST) & 127, pc)
    default: return reserving(which, word, indexed, pc)
  }
}

function reserving(which: i32, word: u32, indexed: u64, pc: u64): u32 {
  switch (which) {
    case Mem.LBARX: return load_reserve(word, indexed, 1, pc)
    case Mem.LHARX: return load_reserve(word, indexed, 2, pc)
    case Mem.LWARX: return load_reserve(word, indexed, 4, pc)
    case Mem.LDARX: return load_reserve(word, indexed, 8, pc)
    case Mem.LQARX: return load_quad_reserve(word, indexed, pc)
    case Mem.STBCX_RC: return store_conditional(word, indexed, 1, pc)
    case Mem.STHCX_RC: return store_conditional(word, indexed, 2, pc)
    case Mem.STWCX_RC: return store_conditional(word, indexed, 4, pc)
    case Mem.STDCX_RC: return store_conditional(word, indexed, 8, pc)
    case Mem.STQCX_RC: return store_quad_conditional(word, indexed, pc)
    case Mem.LWAT: return atomic(word, 4, true, pc)
    case Mem.LDAT: return atomic(word, 8, true, pc)
    case Mem.STWAT: return atomic(word, 4, false, pc)
    case Mem.STDAT: return atomic(word, 8, false, pc)
    case Mem.DCBZ: return zero_block(indexed, pc)
    // dcbst, dcbf, dcbi, icbi: caches are coherent and hold nothing back. They only touch the address.
    default: return load_slow(indexed, 1, pc) == 0 ? LEAVE : NEXT
  }
}

function load_update(word: u32, size: u32, algebraic: bool, pc: u64): u32 {
  const at = cut(gpr(field_a(word)) + gpr(field_b(word)))
  const from = load_slow(at, size, pc)
  if (from == 0) return LEAVE
  const value = in_order(raw(from, size), size)
  set_gpr(field_a(word), at)
  set_gpr(field_d(word), !algebraic ? value : size == 2 ? <u64><i64><i16>value : <u64><i64><i32>value)
  return NEXT
}

function store_update(word: u32, size: u32, pc: u64): u32 {
  const at = cut(gpr(field_a(word)) + gpr(field_b(word)))
  if (!store_slow(at, size, in_order(gpr(field_d(word)), size), pc)) return LEAVE
  set_gpr(field_a(word), at)
  return NEXT
}

function load_reversed(word: u32, at: u64, size: u32, pc: u64): u32 {
  const from = load_slow(at, size, pc)
  if (from == 0) return LEAVE
  set_gpr(field_d(word), little() ? reversed(raw(from, size), size) : raw(from, size))
  return NEXT
}

function store_reversed(word: u32, at: u64, size: u32, pc: u64): u32 {
  const value = gpr(field_d(word))
  return store_slow(at, size, little() ? reversed(value, size) : value, pc) ? NEXT : LEAVE
}

/** lmw and stmw do not exist in little-endian mode: an alignment interrupt. */
function load_multiple(word: u32, pc: u64): u32 {
  let at = cut(base(word) + <u64><i64><i16>word)
  if (little()) return raise_alignment(at, word, pc)
  for (let r = field_d(word); r < 32; r++) {
    const from = load_slow(at, 4, pc)
    if (from == 0) return LEAVE
    set_gpr(r, <u64>bswap<u32>(load<u32>(from)))
    at = cut(at + 4)
  }
  return NEXT
}

function store_multiple(word: u32, pc: u64): u32 {
  let at = cut(base(word) + <u64><i64><i16>word)
  if (little()) return raise_alignment(at, word, pc)
  for (let r = field_d(word); r < 32; r++) {
    if (!store_slow(at, 4, <u64>bswap<u32>(<u32>gpr(r)), pc)) return LEAVE
    at = cut(at + 4)
  }
  return NEXT
}

@inline function string_count(word: u32): u32 { return field_b(word) == 0 ? 32 : field_b(word) }

/** Bytes fill registers from the left, four a register; the rest of the last one is 0. */
/** Whether `count` bytes from register RT on, around the end, change register `r`. */
@inline function string_takes(word: u32, count: u32, r: u32): bool { return ((r - field_d(word)) & 31) < (count + 3) >> 2 }

/** One that would load over its own address is invalid, and illegal as on QEMU. */
function load_string(word: u32, start: u64, count: u32, by_index: bool, pc: u64): u32 {
  if (little()) return raise_alignment(start, word, pc)
  const base_lost = (!by_index || field_a(word) != 0) && string_takes(word, count, field_a(word))
  if (base_lost || (by_index && string_takes(word, count, field_b(word)))) return raise_program(PROGRAM_ILLEGAL, pc)
  let r = field_d(word)
  let value: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const from = load_slow(cut(start + <u64>i), 1, pc)
    if (from == 0) return LEAVE
    value |= <u32>load<u8>(from) << (24 - 8 * (i & 3))
    if ((i & 3) != 3 && i + 1 != count) continue
    set_gpr(r, <u64>value)
    value = 0
    r = (r + 1) & 31
  }
  return NEXT
}

function store_string(word: u32, start: u64, count: u32, pc: u64): u32 {
  if (little()) return raise_alignment(start, word, pc)
  const r = field_d(word)
  for (let i: u32 = 0; i < count; i++) {
    const value = gpr((r + (i >> 2)) & 31) >> (24 - 8 * <u64>(i & 3))
    if (!store_slow(cut(start + <u64>i), 1, value & 0xff, pc)) return LEAVE
  }
  return NEXT
}

/** A quadword's registers: the even one has the more significant half in either byte order. Any alignment, as on QEMU. */
function load_quad(word: u32, at: u64, pc: u64): u32 {
  const from = load_slow(at, 8, pc)
  const second = from == 0 ? <usize>0 : load_slow(at + 8, 8, pc)
  if (from == 0 || second == 0) return LEAVE
  quad_registers(field_d(word) & 30, load<u64>(from), load<u64>(second))
  return NEXT
}

function quad_registers(r: u32, first: u64, second: u64): void {
  set_gpr(r, little() ? second : bswap<u64>(first))
  set_gpr(r + 1, little() ? first : bswap<u64>(second))
}

/** One that reaches into the next page asks for its last byte first, so that it stores all or nothing. */
function store_quad(word: u32, at: u64, pc: u64): u32 {
  const r = field_d(word) & 30
  if ((at & PAGE_MASK) > PAGE_MASK - 15) {
    if (store_place(at, 1, pc) == 0 || store_place(at + 15, 1, pc) == 0) return LEAVE
    store_slow(at, 8, little() ? gpr(r + 1) : bswap<u64>(gpr(r)), pc)
    store_slow(at + 8, 8, little() ? gpr(r) : bswap<u64>(gpr(r + 1)), pc)
    return NEXT
  }
  const to = store_place(at, 16, pc)
  if (to == 0) return LEAVE
  put_quad(to, r)
  return NEXT
}

function put_quad(to: usize, r: u32): void {
  store<u64>(to, little() ? gpr(r + 1) : bswap<u64>(gpr(r)))
  store<u64>(to, little() ? gpr(r) : bswap<u64>(gpr(r + 1)), 8)
}

function reserve(at: usize, size: u32): void {
  store<u64>(RESERVED_AT, <u64>(at - RAM))
  store<u32>(RESERVED_SIZE, size)
}

function load_reserve(word: u32, at: u64, size: u32, pc: u64): u32 {
  if (at & <u64>(size - 1)) return raise_alignment(at, word, pc)
  const from = load_slow(at, size, pc)
  if (from == 0) return LEAVE
  reserve(from, size)
  set_gpr(field_d(word), in_order(raw(from, size), size))
  return NEXT
}

function load_quad_reserve(word: u32, at: u64, pc: u64): u32 {
  if (at & 15) return raise_alignment(at, word, pc)
  if (load_quad(word, at, pc) == LEAVE) return LEAVE
  reserve(load_slow(at, 8, pc), 16)
  return NEXT
}

/** Whether the reservation holds for this address; it is gone either way. */
function reserved(to: usize, size: u32): bool {
  const held = load<u64>(RESERVED_AT) == <u64>(to - RAM) && load<u32>(RESERVED_SIZE) == size
  store<u64>(RESERVED_AT, RESERVED_NONE)
  store<u8>(CRF, <u8>((held ? 2 : 0) | load<u8>(SO)))
  return held
}

function store_conditional(word: u32, at: u64, size: u32, pc: u64): u32 {
  if (at & <u64>(size - 1)) return raise_alignment(at, word, pc)
  const to = store_place(at, size, pc)
  if (to == 0) return LEAVE
  if (reserved(to, size)) store_slow(at, size, in_order(gpr(field_d(word)), size), pc)
  return NEXT
}

function store_quad_conditional(word: u32, at: u64, pc: u64): u32 {
  if (at & 15) return raise_alignment(at, word, pc)
  const to = store_place(at, 16, pc)
  if (to == 0) return LEAVE
  if (reserved(to, 16)) put_quad(to, field_d(word) & 30)
  return NEXT
}

/** dcbz: 128 bytes on server CPUs, 32 on the classic one. */
function zero_block(at: u64, pc: u64): u32 {
  const size: u32 = server() ? 128 : 32
  const start = at & ~<u64>(size - 1)
  const to = store_place(start, size, pc)
  if (to == 0) return LEAVE
  memory.fill(to, 0, size)
  return NEXT
}

/**
 * lwat, ldat, stwat, stdat: one atomic update of storage (Power ISA 3.0B, Book II, 4.5). The operand is RT+1 for
 * loads (and RT+2 for compare and swap), RS for stores; the old value goes to RT.
 */
function atomic(word: u32, size: u32, loads: bool, pc: u64): u32 {
  const at = cut(gpr(field_a(word)))
  const function_code = field_b(word)
  if (at & <u64>(size - 1)) return raise_alignment(at, word, pc)
  const to = store_place(at, size, pc)
  if (to == 0) return LEAVE
  const old = in_order(raw(to, size), size)
  const operand = gpr((field_d(word) + u32(loads)) & 31)
  const fresh = updated(function_code, old, size == 4 ? <u64><u32>operand : operand, size)
  store_slow(at, size, in_order(fresh, size), pc)
  if (loads) set_gpr(field_d(word), old)
  return NEXT
}

function updated(code: u32, old: u64, operand: u64, size: u32): u64 {
  const less = size == 4 ? <i32>old < <i32>operand : <i64>old < <i64>operand
  switch (code) {
    case 0: return old + operand
    case 1: return old ^ operand
    case 2: return old | operand
    case 3: return old & operand
    case 4: return old > operand ? old : operand
    case 5: return less ? operand : old
    case 6: return old < operand ? old : operand
    case 7: return less ? old : operand
    default: return operand // 8: swap
  }
}
