/** Memory as the runs of pages that are not all zero: most of a guest's memory was never written. */

export const PAGE = 4096

export interface Run {
  /** Address of its first byte: whole pages. */
  readonly at: number
  /** Whole pages. */
  readonly bytes: Uint8Array
}

/** `size` bytes, whole pages; zero but for the runs, which are in order and do not touch. */
export interface SparseMemory {
  readonly size: number
  readonly runs: readonly Run[]
}

/** The runs are views of `memory`, not copies. `memory` begins at a multiple of 4 in its buffer, as all memory does. */
export function sparse(memory: Uint8Array): SparseMemory {
  const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length / 4)
  const isZero = (at: number): boolean => words.subarray(at / 4, (at + PAGE) / 4).every((word) => word === 0)
  const runs: Run[] = []
  for (let at = 0; at < memory.length; at += PAGE) {
    if (isZero(at)) continue
    const from = at
    while (at < memory.length && !isZero(at)) at += PAGE
    runs.push({ at: from, bytes: memory.subarray(from, at) })
  }
  return { size: memory.length, runs }
}

/** Makes `memory`, which is of that size, equal to `from`. */
export function fill(memory: Uint8Array, from: SparseMemory): void {
  let at = 0
  for (const run of from.runs) {
    memory.fill(0, at, run.at)
    memory.set(run.bytes, run.at)
    at = run.at + run.bytes.length
  }
  memory.fill(0, at)
}

/**
 * Memory that is copied while its machine runs on: what has been written since `cleanPages`, and a checksum by which who
 * has got it knows that it is whole.
 */
export interface CopiedMemory {
  /** All of it, live. */
  readonly guestMemory: Uint8Array
  /** From now on: the pages that are written are dirty. */
  cleanPages(): void
  /** The pages written since `cleanPages`, as runs of whole pages, views of guest memory. */
  dirtyPages(): Run[]
  /** XXH64 of `length` bytes at guest address `at`, seed 0. */
  memoryHash(at: number, length: number): bigint
}

/** The pages of `memory` whose bit is set in `bitmap`, in order: views of it. */
export function marked(memory: Uint8Array, bitmap: Uint8Array): Run[] {
  const runs: Run[] = []
  let from = -1
  for (let page = 0, pages = memory.length / PAGE; page <= pages; page++) {
    // Most of memory is clean: eight pages at once.
    if (from < 0 && page % 8 === 0 && bitmap[page >> 3] === 0) {
      page += 7
      continue
    }
    const dirty = page < pages && (bitmap[page >> 3]! & (1 << (page & 7))) !== 0
    if (dirty && from < 0) from = page
    if (dirty || from < 0) continue
    runs.push({ at: from * PAGE, bytes: memory.subarray(from * PAGE, page * PAGE) })
    from = -1
  }
  return runs
}
