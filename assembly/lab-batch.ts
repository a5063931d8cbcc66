/**
 * The array forms of x86/batch.ts, and the loops that `npm run bench -- --only batch` measures beside the same loops
 * in C (bench/native/clock.c).
 */
import { PVCLOCK_PAGE_BYTES, pvclock_publish_xen, pvclock_read, pvclock_read_begin, pvclock_read_retry } from './x86/pvclock'
import { scale_delta } from './x86/scale'

export * from './x86/batch'

/** scale_batch with the single form. */
export function lab_scale_each(deltas: usize, ns: usize, count: u32, mul: u32, shift: i32): void {
  const end = deltas + (<usize>count << 3)
  for (; deltas < end; deltas += 8, ns += 8) store<u64>(ns, scale_delta(load<u64>(deltas), mul, shift))
}

/** `count` scalings, each of the result before it plus `step`. */
export function lab_scale_chain(delta: u64, step: u64, count: u32, mul: u32, shift: i32): u64 {
  let ns = delta
  for (let i: u32 = 0; i < count; i++) ns = scale_delta(ns + step, mul, shift)
  return ns
}

/** A page read under the version protocol; spins while a writer is in the middle of it. */
@inline
function read_whole(page: usize, tsc: u64): u64 {
  let version: u32
  let ns: u64
  do {
    version = pvclock_read_begin(page)
    ns = pvclock_read(page, tsc)
  } while (pvclock_read_retry(page, version))
  return ns
}

/** The sum of `count` reads of one page, `step` ticks apart from `tsc` on. */
export function lab_page_reads(page: usize, tsc: u64, step: u64, count: u32): u64 {
  let sum: u64 = 0
  for (let i: u32 = 0; i < count; i++) sum += read_whole(page, tsc + <u64>i * step)
  return sum
}

@unmanaged
class Ticker {
  tsc: u64
  processed: u64 // ns up to which jiffies count
  jiffies: u64
  sum: u64 // of all times read
}

/**
 * The least that a tick by tick simulation does: `count` timer interrupts, `step` TSC ticks apart. Each reads the page
 * and counts the jiffies of `tick` ns that are over; each `hz`th time the page is written anew. The Ticker is behind
 * the page, with the scale of the page for the next.
 */
export function lab_ticks(page: usize, count: u32, step: u64, tick: u64, hz: u32, mul: u32, shift: i32): void {
  const t = changetype<Ticker>(page + PVCLOCK_PAGE_BYTES)
  for (let i: u32 = 0; i < count; i++) {
    t.tsc += step
    if (i % hz == 0) pvclock_publish_xen(page, t.tsc, read_whole(page, t.tsc), mul, shift, 0, false)
    const now = read_whole(page, t.tsc)
    t.sum += now
    while (now - t.processed >= tick) {
      t.processed += tick
      t.jiffies++
    }
  }
}
