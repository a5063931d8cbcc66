/**
 * `npx tsx scripts/migration/speed.ts`: what a live migration takes in real time, between two processes over loopback.
 *
 *   copy       pages of a guest of 256 MiB, all of them written, from the first record to the destination's word that the
 *              round is done; hashed on both sides, and on their way to the destination's journal
 *   hand-over  of an idle guest of 64 MiB, all of it written: from its stop to the destination's word that it owns the guest
 *              and that its journal is on the disk; all real time, since a policy's own is true time
 *
 * Best and median of ROUNDS: other programs are in the figures.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Migrated, migrate, originOfScenario } from '../../src/migration/index.js'
import { startReceiver } from './receiver.js'

const ROUNDS = 7

const scenario = (mib: number) => `
name: full
title: a guest of ${mib} MiB that wrote all of it and is idle now
duration: 4 s
hosts: { a: { hypervisor: kvm, uptime: 30 d, tsc: { clocksource: true } } }
guests:
  g: { on: a, kernel: linux-kvm, memory: ${mib} MiB, write: [{ pages: ${mib * 256 - 16}, every: 1 us, until: 1 s }] }
`

async function once(mib: number): Promise<Migrated> {
  const folder = mkdtempSync(join(tmpdir(), 'chronovisor-speed-'))
  try {
    const receiver = await startReceiver('--journal', join(folder, 'there'))
    const origin = originOfScenario({ text: scenario(mib), fileName: 'full.yaml' }, { atNs: 2_000_000_000n })
    const migrated = await migrate(origin, { to: receiver.address, journal: join(folder, 'here') })
    await receiver.ended
    if (migrated.outcome !== 'moved') throw new Error(migrated.reason ?? migrated.outcome)
    return migrated
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function rounds(mib: number, figure: (migrated: Migrated) => number): Promise<number[]> {
  const figures: number[] = []
  for (let i = 0; i < ROUNDS; i++) figures.push(figure(await once(mib)))
  return figures.sort((a, b) => a - b)
}

const copied = ({ rounds: [first], copyMs }: Migrated) => (first!.pages * 4096) / 1e6 / (copyMs / 1000)
const copies = await rounds(256, copied)
const downtimes = await rounds(64, ({ downtimeMs }) => downtimeMs!)
const median = (values: readonly number[]) => values[values.length >> 1]!
const tenth = (value: number) => Math.round(value * 10) / 10
console.log(
  JSON.stringify(
    {
      copy_mb_per_s: { best: tenth(copies.at(-1)!), median: tenth(median(copies)) },
      handover_ms: { best: tenth(downtimes[0]!), median: tenth(median(downtimes)) },
      rounds: ROUNDS,
      load: tenth(loadavg()[0]!),
    },
    null,
    2,
  ),
)
