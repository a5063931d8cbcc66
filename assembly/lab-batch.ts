/**
 * The array forms of x86/batch.ts, and the loops that `chronovisor bench` measures beside the same loops in C
 * (src/bench/native/clock.c).
 */
import { Counter, counter_read, counter_when } from './counter'
import { decr_next, decr_read } from './ppc/decrementer'
import { tb_to_ns_round_up } from './ppc/timebase'
import { PVCLOCK_PAGE_BYTES, pvclock_publish_xen, pvclock_read, pvclock_read_begin, pvclock_read_retry } from './x86/pvclock'
import { scale_delta } from './x86/scale'

export * from './x86/batch'

/** `count` scalings, each of the result before it plus `step`. */
export function lab_scale_chain(delta: u64, step: u64, count: u32, mul: u32, shift: i32): u64 {
  let ns = delta
  for (let i: u32 = 0; i < count; i++) ns = scale_delta(ns + step, mul, shift)
  return ns
}

/** Reads again until no writer is in the page. */
function read_again(page: usize, tsc: u64): u64 {
  let version: u32
  let ns: u64
  do {
    version = pvclock_read_begin(page)
    ns = pvclock_read(page, tsc)
  } while (pvclock_read_retry(page, version))
  return ns
}

/** A page read under the version protocol. */
@inline
function read_whole(page: usize, tsc: u64): u64 {
  const version = pvclock_read_begin(page)
  const ns = pvclock_read(page, tsc)
  return pvclock_read_retry(page, version) ? read_again(page, tsc) : ns
}

/** The sum of `count` reads of one page, `step` ticks apart from `tsc` on. */
export function lab_page_reads(page: usize, tsc: u64, step: u64, count: u32): u64 {
  let sum: u64 = 0
  if (count == 0) return 0
  do {
    sum += read_whole(page, tsc)
    tsc += step
  } while (--count > 0)
  return sum
}

@unmanaged
class Ticker {
  tsc: u64
  processed: u64 // ns up to which jiffies count
  jiffies: u64
  sum: u64 // of all times read
  left: u64 // ticks until the page is written
}

/**
 * The least that a tick by tick simulation does: `count` timer interrupts, `step` TSC ticks apart. Each reads the page
 * and counts the jiffies of `tick` ns that are over; each `hz`th time the page is written first. The Ticker lies
 * behind the page.
 */
export function lab_ticks(page: usize, count: u32, step: u64, tick: u64, hz: u32, mul: u32, shift: i32): void {
  const t = changetype<Ticker>(page + PVCLOCK_PAGE_BYTES)
  for (; count > 0; count--) {
    const tsc = t.tsc + step
    t.tsc = tsc
    if (t.left == 0) {
      t.left = hz
      pvclock_publish_xen(page, tsc, read_whole(page, tsc), mul, shift, 0, false)
    }
    t.left--
    const now = read_whole(page, tsc)
    t.sum += now
    for (; now - t.processed >= tick; t.jiffies++) t.processed += tick
  }
}

/** The counts of the Counter at `counter` at `count` instants. */
export function lab_counter_reads(counter: usize, times: usize, counts: usize, count: u32): void {
  const c = changetype<Counter>(counter)
  for (let at: usize = 0, end = <usize>count << 3; at < end; at += 8) {
    store<u64>(counts + at, counter_read(c, load<u64>(times + at)))
  }
}

/** From each of these instants on, when it reaches the value beside it. */
export function lab_counter_whens(counter: usize, times: usize, values: usize, whens: usize, count: u32): void {
  const c = changetype<Counter>(counter)
  for (let at: usize = 0, end = <usize>count << 3; at < end; at += 8) {
    store<u64>(whens + at, counter_when(c, load<u64>(times + at), load<u64>(values + at)))
  }
}

const DEC_LATER: u64 = 1000
const NS_APART: u64 = 1000000

/**
 * At each of `count` counts of a timebase of `frequency` Hz DEC is written with the low half of the count. To `results`:
 * the ns at which it reads 0, plus what it reads DEC_LATER ticks later.
 */
export function lab_decs(ticks: usize, results: usize, count: u32, frequency: u64): void {
  for (let at: usize = 0, end = <usize>count << 3; at < end; at += 8) {
    const now = load<u64>(ticks + at)
    const next = decr_next(now, now, 32)
    store<u64>(results + at, tb_to_ns_round_up(next, frequency) + decr_read(next, now + DEC_LATER, 32))
  }
}

/** `count` publications of a time page as Xen makes them, `step` ticks and NS_APART apart. */
export function lab_publishes(page: usize, count: u32, step: u64, mul: u32, shift: i32): void {
  let tsc = step
  for (let time = NS_APART; count > 0; count--) {
    pvclock_publish_xen(page, tsc, time, mul, shift, 0, false)
    tsc += step
    time += NS_APART
  }
}
