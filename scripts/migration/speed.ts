/**
 * `npx tsx scripts/migration/speed.ts`: what a live migration takes in real time, between two processes over loopback.
 *
 *   copy       rounds of a guest of 256 MiB that writes all of it again and again, from the first record of a round to the
 *              destination's word that it is done: hashed on both sides, and on their way to the destination's journal
 *   hand-over  of an idle guest of 64 MiB, all of it written: from its stop to the destination's word that it owns the guest
 *              and that its journal is on the disk; all real time, since a policy's own is true time
 *
 * Best and median of many: other programs are in the figures.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Migrated, type MigrateOptions, migrate, originOfScenario } from '../../src/migration/index.js'
import { startReceiver } from './receiver.js'

const MIGRATIONS = 7
const COPIES = 3

const scenario = (mib: number, until: string) => `
name: full
title: a guest of ${mib} MiB that writes all of it
duration: 20 s
hosts: { a: { hypervisor: kvm, uptime: 30 d, tsc: { clocksource: true } } }
guests:
  g: { on: a, kernel: linux-kvm, memory: ${mib} MiB, write: [{ pages: ${mib * 256 - 16}, every: 1 us${until} }] }
`

async function once(
  text: string,
  options: Pick<MigrateOptions, 'limits' | 'onRound' | 'trace'>,
): Promise<Migrated> {
  const folder = mkdtempSync(join(tmpdir(), 'chronovisor-speed-'))
  try {
    const receiver = await startReceiver('--journal', join(folder, 'there'), '--for', '1ms')
    const origin = originOfScenario({ text, fileName: 'full.yaml' }, { atNs: 2_000_000_000n })
    const migrated = await migrate(origin, {
      to: receiver.address,
      journal: join(folder, 'here'),
      ...options,
    })
    await receiver.ended
    if (migrated.outcome !== 'moved') throw new Error(migrated.reason ?? migrated.outcome)
    return migrated
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** MB/s of each round in which memory was sent again. */
async function copies(): Promise<number[]> {
  const rates: number[] = []
  let [begin, end] = [0, 0]
  await once(scenario(256, ''), {
    limits: { rounds: 5, downtimeNs: 1n },
    // What the guest does in a round is simulated after the destination's word: that is no copying.
    trace: (step) => {
      if (step === 'after ROUND_DONE is received') end = performance.now()
    },
    onRound: ({ number, pages }) => {
      if (number > 0) rates.push((pages * 4096) / 1e6 / ((end - begin) / 1000))
      begin = performance.now()
    },
  })
  return rates
}

const rates: number[] = []
for (let i = 0; i < COPIES; i++) rates.push(...(await copies()))
const downtimes: number[] = []
for (let i = 0; i < MIGRATIONS; i++)
  downtimes.push((await once(scenario(64, ', until: 1 s'), {})).downtimeMs!)

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b)
const median = (values: readonly number[]) => sorted(values)[values.length >> 1]!
const tenth = (value: number) => Math.round(value * 10) / 10
console.log(
  JSON.stringify(
    {
      copy_mb_per_s: { best: tenth(Math.max(...rates)), median: tenth(median(rates)), rounds: rates.length },
      handover_ms: {
        best: tenth(Math.min(...downtimes)),
        median: tenth(median(downtimes)),
        rounds: downtimes.length,
      },
      load: tenth(loadavg()[0]!),
    },
    null,
    2,
  ),
)
