/**
 * Programs in the guest that write memory: one page after the other of a working set, round and round.
 *
 * Like a reader, a writer is a probe and takes no CPU time, so it does not wake an idle kernel; it writes while its
 * vCPU may run: not while the guest is stopped or the CPU is taken away. Its k-th write, k from 1, is due when it
 * has run k × every_ns, and puts k into the first word of page (k - 1) % pages. So what it has written is a function
 * of the time it has run, and needs no events: writers_update() writes what is due whenever the shell may look or
 * the guest may stop or go on. Of a page that was due many times only the last value is stored.
 */
import { dirty_mark } from './dirty'
import { GUEST_MEMORY, MAX_WRITERS, machine, NEVER, Writer, writer } from './layout'
import { vcpu_can_run } from './vcpu'

/** True time between two instants in which the writer is meant to run. */
function within(w: Writer, from: u64, to: u64): u64 {
  const begin = max(from, w.from_ns)
  const end = min(to, w.until_ns)
  return end > begin ? end - begin : 0
}

function write_up_to(w: Writer, due: u64): void {
  let k = w.written
  if (due - k > <u64>w.pages) k = due - <u64>w.pages
  while (k < due) {
    const page = w.first_page + <u32>(k % <u64>w.pages)
    k++
    store<u64>(GUEST_MEMORY + (<usize>page << 12), k)
    dirty_mark(page)
  }
  w.written = due
}

/** Writes what is due now, and notes who runs from now on. */
export function writers_update(): void {
  const now = machine().now_ns
  for (let i: u32 = 0; i < MAX_WRITERS; i++) {
    const w = writer(i)
    if (!w.active) return
    if (w.since_ns != NEVER) {
      w.ran_ns += within(w, w.since_ns, now)
      write_up_to(w, w.ran_ns / w.every_ns)
    }
    w.since_ns = vcpu_can_run(w.vcpu) ? now : NEVER
  }
}

/** Adds a writer of `pages` pages from `first_page` on; -1 when there are MAX_WRITERS. Times are ns; until_ns is exclusive. */
export function workload_add_writer(
  cpu: u32, first_page: u32, pages: u32, from_ns: u64, until_ns: u64, every_ns: u64,
): i32 {
  for (let i: u32 = 0; i < MAX_WRITERS; i++) {
    const w = writer(i)
    if (w.active) continue
    w.active = 1
    w.vcpu = cpu
    w.first_page = first_page
    w.pages = pages
    w.from_ns = from_ns
    w.until_ns = until_ns
    w.every_ns = every_ns
    w.since_ns = NEVER
    return i
  }
  return -1
}
