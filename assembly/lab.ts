import { Counter, counter_rate, counter_read, counter_set, counter_step, counter_when } from './counter'
import { xxh64 } from './hash'
import { each, get, put } from './lab-rows'
import {
  decr_msb,
  decr_next,
  decr_read,
  decr_read_booke,
  decr_write_lowers,
  decr_write_raises,
} from './ppc/decrementer'
import {
  kvm_tb_offset,
  linux_tb_scale,
  linux_tb_to_ns,
  ns_to_tb,
  tb_offset_for,
  tb_to_ns_round_up,
  tb_write_lower,
  tb_write_upper,
  tb_write_upper40,
} from './ppc/timebase'
import { div_wide, muldiv_u64, muldiv_up_u64, mulhi_u64, rem_wide } from './wide'

/**
 * The core's arithmetic in batches, for tests, benchmarks and the `math` commands: 64-bit integers and the Power
 * clocks here, the x86 ones in lab-x86.ts.
 *
 * Every export has the form `lab_name(rows, count, scratch)`: `count` rows of 64-bit words at address `rows`, each
 * its inputs followed by the words that the call fills in; signed results are sign-extended. `scratch` is 4 KiB
 * that some of them need for structures; state in it stays there from row to row and call to call. Rows and
 * scratch lie wherever the caller wants them.
 */
export * from './lab-x86'

/** a, b, c | mulhi(a,b), floor(a*b/c), ceil(a*b/c), then (a*2^64 + b) / c and its remainder, 0 unless a < c */
export function lab_wide(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 8, (row, scratch) => {
    const a = get(row, 0)
    const b = get(row, 1)
    const c = get(row, 2)
    put(row, 3, mulhi_u64(a, b))
    put(row, 4, muldiv_u64(a, b, c))
    put(row, 5, muldiv_up_u64(a, b, c))
    put(row, 6, a < c ? div_wide(a, b, c) : 0)
    put(row, 7, a < c ? rem_wide(a, b, c) : 0)
  })
}

/** address, length, seed | XXH64 */
export function lab_xxh64(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 4, (row, scratch) => {
    put(row, 3, xxh64(<usize>get(row, 0), <usize>get(row, 1), get(row, 2)))
  })
}

/**
 * Operations on one Counter in scratch: op, now, x, y, z | result. op 0 set (x base, y num, z den; result 1 if
 * accepted), 1 read, 2 rate (x num), 3 step (x delta), 4 when (x value).
 */
export function lab_counter(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 6, (row, scratch) => {
    const c = changetype<Counter>(scratch)
    const op = get(row, 0)
    const now = get(row, 1)
    const x = get(row, 2)
    let result: u64 = 0
    if (op == 0) result = u64(counter_set(c, now, x, get(row, 3), get(row, 4)))
    else if (op == 1) result = counter_read(c, now)
    else if (op == 2) counter_rate(c, now, x)
    else if (op == 3) counter_step(c, now, <i64>x)
    else result = counter_when(c, now, x)
    put(row, 5, result)
  })
}

/** freq_hz, ns, tb | ns_to_tb(ns), tb_to_ns_round_up(tb), Linux's scale, shift, and ns for tb */
export function lab_timebase(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 8, (row, scratch) => {
    const freq = get(row, 0)
    const tb = get(row, 2)
    put(row, 3, ns_to_tb(get(row, 1), freq))
    put(row, 4, tb_to_ns_round_up(tb, freq))
    put(row, 5, 0)
    put(row, 6, 0)
    linux_tb_scale(freq, row + 40)
    put(row, 7, linux_tb_to_ns(tb, get(row, 5), get(row, 6)))
  })
}

/** op (0 TB, 1 TBL, 2 TBU, 3 TBU40, 4 KVM's offset), ticks, offset, value | new offset */
export function lab_timebase_write(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 5, (row, scratch) => {
    const op = get(row, 0)
    const ticks = get(row, 1)
    const offset = get(row, 2)
    const value = get(row, 3)
    let result = kvm_tb_offset(value)
    if (op == 0) result = tb_offset_for(ticks, value)
    else if (op == 1) result = tb_write_lower(ticks, offset, <u32>value)
    else if (op == 2) result = tb_write_upper(ticks, offset, <u32>value)
    else if (op == 3) result = tb_write_upper40(ticks, offset, value)
    put(row, 4, result)
  })
}

/** freq_hz, now_ns, value, later_ns, bits | next tick, ns at which it is due, reading later, BookE reading later */
export function lab_decrementer(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 9, (row, scratch) => {
    const freq = get(row, 0)
    const bits = <u32>get(row, 4)
    const next = decr_next(ns_to_tb(get(row, 1), freq), get(row, 2), bits)
    const later = ns_to_tb(get(row, 3), freq)
    put(row, 5, next)
    put(row, 6, tb_to_ns_round_up(next, freq))
    put(row, 7, decr_read(next, later, bits))
    put(row, 8, decr_read_booke(next, later))
  })
}

/** old value, value, bits, edge | top bit of value, raises, lowers */
export function lab_decrementer_write(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 7, (row, scratch) => {
    const old = get(row, 0)
    const value = get(row, 1)
    const bits = <u32>get(row, 2)
    const edge = get(row, 3) != 0
    put(row, 4, u64(decr_msb(value, bits)))
    put(row, 5, u64(decr_write_raises(old, value, bits, edge)))
    put(row, 6, u64(decr_write_lowers(value, bits, edge)))
  })
}
