/**
 * `tsx scripts/snapshot-speed.ts [--json]`: what it takes to save and restore a guest of 64 MiB whose every page was written.
 * The least and the median of ROUNDS; CPU time beside elapsed time, since the disk and other programs are in the latter.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fullGuest, withMemory } from '../src/bench/full-guest.js'
import { Machine } from '../src/core/machine.js'
import { loadSnapshotAsync, type Snapshot, saveSnapshotAsync } from '../src/snapshot/index.js'

const ROUNDS = 15

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
  const { snapshot, machine } = fullGuest(64)
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
