import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { builtInPolicy, type ClockPolicy, defaultPolicy } from '../../src/policy/index.js'
import type { Scenario } from '../../src/scenario/index.js'
import { type ScenarioSource, type Snapshot, takeSnapshot } from '../../src/snapshot/index.js'

/** A small guest, quick to run. */
export const small: ScenarioSource = {
  fileName: 'small.yaml',
  text: `
name: small
title: a guest to be saved
duration: 20 s
hosts:
  a: { hypervisor: xen, uptime: 30 d }
  b: { hypervisor: xen, uptime: 2 d }
guests:
  g:
    on: a
    kernel: linux-xen
    read: [{ clock: realtime, every: 100 ms }, { clock: monotonic, every: 100 ms }]
    sleep: [{ for: 2 s, at: 4 s, every: 1 s }]
events:
  - { at: 3 s, guest-ntp: g, step: true }
  - { at: 12 s, migrate: g, to: b, downtime: 300 ms }
`,
}

export function ownPolicy(scenario: Scenario, name: string): ClockPolicy {
  const guest = scenario.guests.find((one) => one.name === name)!
  if (guest.policy !== null) return builtInPolicy(guest.policy)
  return defaultPolicy(scenario.hosts.find((host) => host.name === guest.on)!.hypervisor, guest.kernel)
}

export function smallSnapshot(): Snapshot {
  return takeSnapshot(small, { atNs: 5_000_000_000n })
}

export interface Section {
  readonly name: string
  /** Of its header in the file. */
  readonly at: number
  readonly length: number
}

export function sectionsOf(file: Buffer): Section[] {
  const sections: Section[] = []
  for (let at = 32; at < file.length - 32; ) {
    const length = Number(file.readBigUInt64LE(at + 8))
    sections.push({ name: file.toString('latin1', at, at + 4), at, length })
    at += 16 + length
  }
  return sections
}

/** Makes the checksums of a changed file right again, so that what is behind them is reached. */
export function sealed(file: Buffer): Buffer {
  for (const { at, length } of sectionsOf(file))
    file.writeUInt32LE(crc32(file.subarray(at + 16, at + 16 + length)), at + 4)
  return resigned(file)
}

/** The SHA-256 alone. */
export function resigned(file: Buffer): Buffer {
  createHash('sha256')
    .update(file.subarray(0, -32))
    .digest()
    .copy(file, file.length - 32)
  return file
}
