/** A guest whose every page was written, for measuring what its snapshots cost. */
import { Machine } from '../core/machine.js'
import { sparse } from '../core/sparse.js'
import { type Snapshot, takeSnapshot } from '../snapshot/index.js'

export interface FullGuest {
  /** Its memory is the machine's. */
  readonly snapshot: Snapshot
  readonly machine: Machine
}

/** Of `mib` MiB, full of what no compression or sparseness helps with. */
export function fullGuest(mib: number): FullGuest {
  const text = `
name: large
title: a guest of ${mib} MiB
duration: 2 s
hosts: { a: { hypervisor: xen, uptime: 30 d } }
guests: { g: { on: a, kernel: linux-xen, memory: ${mib} MiB } }
`
  const machine = new Machine()
  const bytes = mib << 20
  machine.growMemory(bytes)
  const words = new Uint32Array(machine.guestMemory.buffer, machine.guestMemory.byteOffset, bytes / 4)
  let x = 1
  for (let i = 0; i < words.length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    words[i] = x
  }
  const taken = takeSnapshot({ text, fileName: 'large.yaml' }, { atNs: 1_000_000_000n })
  return { snapshot: withMemory(taken, machine), machine }
}

/** The snapshot with the machine's memory, whose pages are looked for again. */
export function withMemory(snapshot: Snapshot, machine: Machine): Snapshot {
  const { world } = snapshot
  const image = { ...world.guest.image, memory: sparse(machine.guestMemory) }
  return { ...snapshot, world: { ...world, guest: { ...world.guest, image } } }
}
