/**
 * `npx tsx bench/snapshot.ts`: what it takes to save and restore a guest of 64 MiB whose every page was written.
 * Medians of ROUNDS; CPU time beside elapsed time, since the disk and other programs are in the latter.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Machine } from '../src/core/machine.js'
import { sparse } from '../src/core/sparse.js'
import { loadSnapshot, type Snapshot, saveSnapshot, takeSnapshot } from '../src/snapshot/index.js'

const ROUNDS = 7
const BYTES = 64 << 20

const text = `
name: large
title: a guest of 64 MiB
duration: 2 s
hosts: { a: { hypervisor: xen, uptime: 30 d } }
guests: { g: { on: a, kernel: linux-xen, memory: 64 MiB } }
`

/** A guest's memory full of what no compression or sparseness helps with. */
function fullMachine(): Machine {
  const machine = new Machine()
  machine.growMemory(BYTES)
  const words = new Uint32Array(machine.guestMemory.buffer, machine.guestMemory.byteOffset, BYTES / 4)
  let x = 1
  for (let i = 0; i < words.length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    words[i] = x
  }
  return machine
}

function withMemory(snapshot: Snapshot, machine: Machine): Snapshot {
  const { world } = snapshot
  const image = { ...world.guest.image, memory: sparse(machine.guestMemory) }
  return { ...snapshot, world: { ...world, guest: { ...world.guest, image } } }
}

interface Cost {
  readonly elapsedMs: number
  readonly cpuMs: number
}

function cost(work: () => void): Cost {
  const cpu = process.cpuUsage()
  const from = performance.now()
  work()
  const elapsedMs = performance.now() - from
  const { user, system } = process.cpuUsage(cpu)
  return { elapsedMs, cpuMs: (user + system) / 1000 }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

function print(what: string, costs: readonly Cost[]): void {
  const [elapsed, cpu] = (['elapsedMs', 'cpuMs'] as const).map((key) => median(costs.map((one) => one[key])))
  console.log(`${what.padEnd(42)}${elapsed!.toFixed(0).padStart(6)} ms, ${cpu!.toFixed(0)} ms of CPU`)
}

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-bench-'))
try {
  const file = join(folder, 'large.chv')
  const machine = fullMachine()
  const snapshot = takeSnapshot({ text, fileName: 'large.yaml' }, { atNs: 1_000_000_000n })
  const [saves, loads, lands]: [Cost[], Cost[], Cost[]] = [[], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    saves.push(cost(() => saveSnapshot(file, withMemory(snapshot, machine))))
    let loaded: Snapshot | undefined
    loads.push(
      cost(() => {
        loaded = loadSnapshot(file)
      }),
    )
    lands.push(cost(() => new Machine().land(loaded!.world.guest.image)))
  }
  print('save 64 MiB: find pages, hash, write, flush', saves)
  print('load 64 MiB: read, verify', loads)
  print('land 64 MiB: a new machine and its memory', lands)
} finally {
  rmSync(folder, { recursive: true })
}
