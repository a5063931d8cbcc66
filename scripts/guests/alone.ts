/** One process at a time: tests run in several, and of two that ask apt at once the second one fails. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'

const LOOK_MS = 200
const clock = new Int32Array(new SharedArrayBuffer(4))

/** Does `work` while no other process does its own under the same lock, a file that holds who has it. */
export function alone<T>(lock: string, work: () => T): T {
  while (!taken(lock)) Atomics.wait(clock, 0, 0, LOOK_MS)
  try {
    return work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function taken(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid}`, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if (!lives(lock)) rmSync(lock, { force: true })
  return false
}

/** Whether who has the lock still runs; one who has not said yet who it is does. */
function lives(lock: string): boolean {
  try {
    const owner = readFileSync(lock, 'utf8')
    return owner === '' || process.kill(Number(owner), 0)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Gone meanwhile, or somebody else's.
    return code === 'ENOENT' || code === 'EPERM'
  }
}
