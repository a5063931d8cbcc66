/** Section MEMO: guest memory as its runs of pages. */
import { PAGE, type Run, type SparseMemory } from '../core/sparse.js'
import { type ByteReader, ByteWriter } from './bytes.js'
import type { Content } from './format.js'

const RUN_BYTES = 8
/** A machine's memory ends before 4 GiB, a scenario's guest has at most 1 GiB. */
export const MAX_MEMORY = 2 ** 30
/** Of a machine that runs Power code. */
export const MAX_POWER_MEMORY = 2 ** 31

export function writeMemory({ size, runs }: SparseMemory): Content {
  const table = new ByteWriter().u64(BigInt(size)).u32(runs.length).u32(0)
  for (const { at, bytes } of runs) table.u32(at / PAGE).u32(bytes.length / PAGE)
  return [Buffer.concat(table.parts), ...runs.map(({ bytes }) => bytes)]
}

/** The runs are views of what is read: of at most `most` bytes of memory. */
export function readMemory(from: ByteReader, most = MAX_MEMORY): SparseMemory {
  const size = from.u64('the memory size')
  if (size > BigInt(most) || size % BigInt(PAGE) !== 0n)
    from.refuse(`the memory has ${size} bytes; expected whole pages, at most ${most} bytes`, 8)
  // One run each second page.
  const count = from.count('runs', RUN_BYTES + PAGE, most / PAGE / 2)
  from.u32('a reserved field')
  const table: { page: number; pages: number }[] = []
  let end = 0
  for (let i = 0; i < count; i++) {
    const page = from.u32('the first page of a run')
    const pages = from.u32('the length of a run')
    if (page < end || pages === 0 || (page + pages) * PAGE > Number(size))
      from.refuse(`run ${i} has pages ${page} to ${page + pages}; expected some after ${end} in memory`, 8)
    end = page + pages
    table.push({ page, pages })
  }
  const runs = table.map(
    ({ page, pages }, i): Run => ({ at: page * PAGE, bytes: from.bytes(pages * PAGE, `run ${i}`) }),
  )
  from.end()
  return { size: Number(size), runs }
}
