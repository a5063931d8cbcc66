/**
 * A whole machine in a file, as it stands: host, guest, timers. Loaded it goes on as if it had never been saved
 * (invariant 6). No policy is asked; this is a debugger's snapshot, not a hypervisor's.
 */
import type { Build } from '../core/load.js'
import { Machine } from '../core/machine.js'
import { fill, sparse } from '../core/sparse.js'
import { ByteWriter } from './bytes.js'
import { Kind } from './format.js'
import { readMemory, writeMemory } from './memory.js'
import { readFrame } from './read.js'
import { encode, type SaveOptions, writeFile } from './write.js'

/** Observations are not in it. Returns the number of bytes written. Throws SnapshotError. */
export function saveMachine(path: string, machine: Machine, options: SaveOptions = {}): number {
  const { state, memory } = machine.snapshot()
  const sections = [
    ['STAT', new ByteWriter().blob(state).parts],
    ['MEMO', writeMemory(sparse(memory))],
  ] as const
  return writeFile(path, encode(Kind.machine, sections, options))
}

/** Throws SnapshotError. */
export function loadMachine(path: string, options: { readonly build?: Build } = {}): Machine {
  const frame = readFrame(path, Kind.machine)
  const machine = new Machine(options)
  const stat = frame.one('STAT')
  const state = stat.blob('the state')
  const { core } = machine
  const expected = core.address_state_end() - core.address_state()
  if (state.length !== expected)
    stat.refuse(`the state has ${state.length} bytes; expected ${expected}`, state.length)
  stat.end()
  const from = readMemory(frame.one('MEMO'))
  const memory = new Uint8Array(from.size)
  fill(memory, from)
  machine.restore({ state, memory })
  return machine
}
