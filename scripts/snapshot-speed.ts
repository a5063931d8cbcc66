/**
 * `tsx scripts/snapshot-speed.ts [--json]`: what it takes to save and restore a guest of 64 MiB whose every page was written.
 * The least and the median of ROUNDS; CPU time beside elapsed time, since the disk and other programs are in the latter.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Machine } from '../src/core/machine.js'
import { sparse } from '../src/core/sparse.js'
import { loadSnapshotAsync, type Snapshot, saveSnapshotAsync, takeSnapshot } from '../src/snapshot/index.js'

const ROUNDS = 15
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

async function cost(work: () => unknown): Promise<Cost> {
  const cpu = process.cpuUsage()
  const from = performance.now()
  await work()
  const elapsedMs = performance.now() - from
  const { user, system } = process.cpuUsage(cpu)
  return { elapsedMs, cpuMs: (user + system) / 1000 }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

const WHAT = {
  save: 'save 64 MiB: find pages, hash, write, flush',
  load: 'load 64 MiB: read, verify',
  land: 'land 64 MiB: a new machine and its memory',
  restore: 'restore 64 MiB: load and land',
} as const
type What = keyof typeof WHAT

function report(costs: Readonly<Record<What, readonly Cost[]>>): void {
  const figures = (Object.keys(WHAT) as What[]).map((what) => {
    const [elapsed, cpu] = (['elapsedMs', 'cpuMs'] as const).map((key) => costs[what].map((one) => one[key]))
    return {
      what,
      least_elapsed_ms: Math.min(...elapsed!),
      median_elapsed_ms: median(elapsed!),
      least_cpu_ms: Math.min(...cpu!),
      median_cpu_ms: median(cpu!),
    }
  })
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ figures }, null, 1))
    return
  }
  const ms = (value: number) => `${value.toFixed(0).padStart(4)} ms`
  for (const { what, ...figure } of figures) {
    const elapsed = `${ms(figure.least_elapsed_ms)} (median ${ms(figure.median_elapsed_ms)})`
    console.log(
      `${WHAT[what].padEnd(44)}${elapsed}, CPU ${ms(figure.least_cpu_ms)} (${ms(figure.median_cpu_ms)})`,
    )
  }
}

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-speed-'))
try {
  const file = join(folder, 'large.chv')
  const machine = fullMachine()
  const snapshot = takeSnapshot({ text, fileName: 'large.yaml' }, { atNs: 1_000_000_000n })
  const costs: Record<What, Cost[]> = { save: [], load: [], land: [], restore: [] }
  for (let round = 0; round < ROUNDS; round++) {
    costs.save.push(await cost(() => saveSnapshotAsync(file, withMemory(snapshot, machine))))
    let loaded: Snapshot | undefined
    const load = await cost(async () => {
      loaded = await loadSnapshotAsync(file)
    })
    const land = await cost(() => new Machine().land(loaded!.world.guest.image))
    costs.load.push(load)
    costs.land.push(land)
    costs.restore.push({ elapsedMs: load.elapsedMs + land.elapsedMs, cpuMs: load.cpuMs + land.cpuMs })
  }
  report(costs)
} finally {
  rmSync(folder, { recursive: true })
}
