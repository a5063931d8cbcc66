/**
 * A host that takes vCPUs away from Debian's Linux, which reads what it waited in the area that it shares with the
 * hypervisor: /proc/stat shows what was taken, and the model of that kernel the same.
 */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { judge } from '../../src/check/index.js'
import { codeOf } from '../../src/cli/code.js'
import { Seen } from '../../src/observation/log.js'
import { parseScenario } from '../../src/scenario/index.js'
import { type GuestResult, type RunResult, World } from '../../src/world/index.js'
import { fetched } from '../power/debian.js'

const linux = fetched('linux-6.1')
if (linux.missing) console.warn(`steal of Linux${linux.missing}`)

const MS = 1_000_000n
/** A vCPU that sleeps does not wait before it has something to do: here, 50 ms at most. And /proc/stat has hundredths. */
const IDLE = 65n * MS
const STOLEN = [1500n * MS, 3000n * MS]

const text = (hypervisor: string) => `
name: linux-steal
title: vCPUs are taken away
system: power
start: 2026-01-01T00:00:00Z
duration: 16 s
hosts:
  a: { hypervisor: ${hypervisor}, uptime: 30 d, timebase: { frequency: 512 MHz } }
guests:
  g:
    on: a
    kernel: linux-ppc64
    memory: 256 MiB
    vcpus: 2
    dec: { bits: 56 }
    read:
      - { name: steal, clock: steal, every: 500 ms }
      - { name: steal-1, clock: steal, vcpu: 1, every: 500 ms }
    sleep:
      - { vcpu: 0, for: 50 ms, at: 1 s, every: 1 ms }
      - { vcpu: 1, for: 50 ms, at: 1 s, every: 1 ms }
events:
  - { at: 4 s, steal: g, vcpu: 1, for: 2 s }
  - { at: 8 s, steal: g, vcpu: 0, for: 1500 ms }
  - { at: 12 s, steal: g, vcpu: 1, for: 2 s }
  # Stopped, nobody waits for a CPU.
  - { at: 12500 ms, pause: g }
  - { at: 13500 ms, resume: g }
`

function real(): World {
  const scenario = parseScenario(text('power-kvm'), 'linux-steal.yaml')
  const code = codeOf(
    {
      code: [`g=${linux.path}`],
      initrd: fileURLToPath(new URL('../guests/linux/init.elf', import.meta.url)),
      append: 'console=hvc0 panic=-1 every=500 sleepers=50 spread=2 steal=1 then=stay',
    },
    scenario,
  )!
  return new World(scenario, { code })
}

/** By vCPU, what was stolen up to the last reading. */
const stolen = ({ observations, readers }: GuestResult) =>
  [0, 1].map((vcpu) => {
    const index = readers.findIndex((one) => one.clock === 'steal' && one.vcpu === vcpu)
    return [...observations.all(Seen.read)].filter((seen) => seen.index === index).at(-1)!.value
  })

function isTold(result: RunResult): void {
  for (const [vcpu, ns] of stolen(result.guests[0]!).entries()) {
    expect(ns).toBeLessThanOrEqual(STOLEN[vcpu]!)
    expect(ns).toBeGreaterThan(STOLEN[vcpu]! - IDLE)
  }
  expect(judge(result).find(({ id }) => id === 'steal')!.verdict).toBe('pass')
}

it('the model of the kernel is told what was taken, and under TCG nothing', () => {
  isTold(new World(parseScenario(text('power-kvm'), 'linux-steal.yaml')).run())
  const tcg = new World(parseScenario(text('power-tcg'), 'linux-steal.yaml')).run()
  expect(stolen(tcg.guests[0]!)).toEqual([0n, 0n])
})

describe.skipIf(linux.missing !== '')(`Debian's Linux 6.1${linux.missing}`, () => {
  it('shows what was taken, the same however the run is cut', { timeout: 120_000 }, () => {
    const whole = real().run()
    isTold(whole)
    const pieces = real()
    for (let at = 777n * MS; at < 16_000n * MS; at += 777n * MS) pieces.runUntil(at)
    expect(pieces.run().guests[0]!.stateHash).toBe(whole.guests[0]!.stateHash)
  })
})
