import { join } from 'node:path'
import {
  hostOfScenario,
  type Migrated,
  type MigrateOptions,
  migrate,
  type OriginOptions,
  originOfScenario,
  type Received,
  type ReceiveOptions,
  receive,
} from '../../src/migration/index.js'
import type { ScenarioSource } from '../../src/snapshot/index.js'

export const LOOPBACK = { host: '127.0.0.1', port: 0 }

/** The host of that name in a scenario. */
export const hostIn = ({ text, fileName }: ScenarioSource, name: string): ReceiveOptions['host'] => ({
  file: hostOfScenario(text, fileName, name),
})

export interface Both {
  readonly source: Migrated
  /** null where no guest came. */
  readonly destination: Received | null
}

let journals = 0

/** Both sides in this process, over a real connection. */
export async function migrateHere(
  folder: string,
  source: ScenarioSource,
  origin: OriginOptions,
  receiving: Partial<ReceiveOptions> & Pick<ReceiveOptions, 'host'>,
  sending: Partial<MigrateOptions> = {},
): Promise<Both> {
  const journal = join(folder, `journal-${journals++}`)
  const receiver = await receive({ at: LOOPBACK, journal, timeoutMs: 20_000, ...receiving })
  try {
    const migrated = await migrate(originOfScenario(source, origin), {
      to: receiver.address,
      journal,
      timeoutMs: 20_000,
      ...sending,
    })
    return { source: migrated, destination: migrated.outcome === 'moved' ? await receiver.received : null }
  } finally {
    await receiver.close()
  }
}

/** A small guest that writes its memory, and a host for it. */
export const busy: ScenarioSource = {
  fileName: 'busy.yaml',
  text: `
name: busy
title: a guest that writes its memory
duration: 20 s
hosts:
  a: { hypervisor: kvm, uptime: 30 d, tsc: { frequency: 2.4 GHz, clocksource: true, scaling: 48 } }
  b: { hypervisor: kvm, uptime: 2 d, tsc: { frequency: 3 GHz, clocksource: true, scaling: 48 }, wall: { offset: 20 ms } }
guests:
  g:
    on: a
    kernel: linux-kvm
    memory: 4 MiB
    policy: kvm-realtime
    read: [{ clock: realtime, every: 100 ms }, { clock: monotonic, every: 100 ms }]
    sleep: [{ for: 300 ms, at: 1 s, every: 500 ms }]
    write: [{ pages: 512, every: 50 us }]
events:
  - { at: 15 s, agent-settime: g }
`,
}
