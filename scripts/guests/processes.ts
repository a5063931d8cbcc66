/** What other processes have used, from /proc (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs'

/** Of Linux on every machine that this runs on. */
const TICKS_PER_SECOND = 100

/** CPU time of all that `pid` has started and that still runs, s. */
export function cpuSecondsBelow(pid: number): number {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(name))
  let ticks = 0
  const parents = new Set([pid])
  // Parents have lower ids but for those that began after the counter's wrap: again until none is new.
  for (let before = 0; before !== parents.size; ) {
    before = parents.size
    for (const one of found) {
      if (!parents.has(one.parent) || parents.has(one.pid)) continue
      parents.add(one.pid)
      ticks += one.ticks
    }
  }
  return ticks / TICKS_PER_SECOND
}

function statOf(name: string): { pid: number; parent: number; ticks: number }[] {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8')
    // The program's name is in brackets and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return [{ pid: Number(name), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }]
  } catch {
    return []
  }
}
