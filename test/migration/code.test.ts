/** A guest that runs machine code moves between two processes as it moves in one world: to the bit. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Migrated } from '../../src/migration/index.js'
import { builtInPolicy, policies } from '../../src/policy/index.js'
import { bootMachine } from '../../src/power/index.js'
import type { MigrateEvent, Scenario, ScenarioEvent } from '../../src/scenario/index.js'
import { parseScenario } from '../../src/scenario/index.js'
import { saveSnapshot, takeSnapshot } from '../../src/snapshot/index.js'
import { type Code, type GuestResult, runScenario, World } from '../../src/world/index.js'
import { execute } from '../cli/execute.js'
import { temporaryFolder } from '../helpers/folder.js'
import { hostIn, migrateHere } from './fixture.js'

const folder = temporaryFolder()
const MS = 1_000_000n
const program = (name: string) => fileURLToPath(new URL(`../guests/power/${name}.elf`, import.meta.url))

function codeOf(name: string, ramBytes: number, cpuHz: bigint, cpus = 1): ReadonlyMap<string, Code> {
  const bytes = readFileSync(program(name))
  const boot: Code['boot'] = (told) => bootMachine(bytes, name, { ...told, cpuHz, ramBytes, cpus })
  return new Map([['g', { boot, cpuHz }]])
}

const sourceOf = (hypervisor: string, hz = '512 MHz') => ({
  fileName: 'code.yaml',
  text: `
name: code
title: a guest of machine code that is moved
system: power
duration: 4 s
hosts:
  a: { hypervisor: ${hypervisor}, uptime: 30 d, timebase: { frequency: 512 MHz, error: 7 ppm } }
  b: { hypervisor: ${hypervisor}, uptime: 2 d, timebase: { frequency: ${hz} } }
guests:
  g: { on: a, kernel: linux-ppc64, dec: { bits: 56 } }
events:
  - { at: 300 ms, pause: g }
  - { at: 400 ms, resume: g }
  - { at: 3500 ms, pause: g }
  - { at: 3600 ms, resume: g }
`,
})

/** The scenario with the move that was made, in one world. */
function inOneWorld(scenario: Scenario, { stopNs, saveNs, landNs, steals }: Migrated): Scenario {
  const move: MigrateEvent = {
    kind: 'migrate',
    guest: 'g',
    to: 'b',
    atNs: stopNs!,
    stopToSaveNs: saveNs! - stopNs!,
    downtimeNs: landNs! - stopNs!,
    position: scenario.guests[0]!.position,
  }
  const taken = steals.map(([atNs, forNs]): ScenarioEvent => {
    return { kind: 'steal', guest: 'g', vcpu: 0, atNs, forNs, position: move.position }
  })
  const events = [...scenario.events, ...taken, move]
  return { ...scenario, events: events.sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0)) }
}

function seen({
  stateHash,
  console: printed,
  ticks,
  readers,
  sleepers,
  stops,
  fault,
  observations,
}: GuestResult) {
  return { stateHash, printed, ticks, readers, sleepers, stops, fault, observations: [...observations.all()] }
}

const POWER = policies.filter(({ system }) => system === 'power').map(({ name }) => name)
const LIMITS = { bandwidth: 4_000_000n, downtimeNs: 0n, rounds: 3 }

describe('between two processes and in one', () => {
  it.each(POWER)('%s: the same bits', async (name) => {
    const policy = builtInPolicy(name)
    const source = sourceOf(
      name === 'power-tcg' ? 'power-tcg' : 'power-kvm',
      name.startsWith('power-frequency') ? '500 MHz' : '512 MHz',
    )
    const code = codeOf('b64-clocks', 1 << 20, 100n * MS)
    const both = await migrateHere(
      folder,
      source,
      { policy, code, atNs: 1000n * MS },
      { host: hostIn(source, 'b'), policy },
      { limits: LIMITS },
    )
    expect(both.source).toMatchObject({ outcome: 'moved', reason: null })
    expect(both.source.rounds.length).toBeGreaterThan(1)
    // After the first round only what was written goes.
    const [first, second] = both.source.rounds
    expect(second!.pages).toBeLessThan(first!.pages)
    const scenario = inOneWorld(parseScenario(source.text, source.fileName), both.source)
    const alone = runScenario(scenario, { policy, code }).guests[0]!
    expect(seen(both.destination!.run.guests[0]!)).toEqual(seen(alone))
    expect(alone.observations.length).toBeGreaterThan(300)
    expect(alone.stateHash).not.toBe('')
  })

  it('a guest that writes faster than it can be sent, slowed down', async () => {
    const policy = builtInPolicy('power-running')
    const source = sourceOf('power-kvm')
    const code = codeOf('b64-sieve', 4 << 20, 400n * MS)
    const both = await migrateHere(
      folder,
      source,
      { policy, code, atNs: 500n * MS },
      { host: hostIn(source, 'b'), policy },
      { limits: { bandwidth: 16_000_000n, downtimeNs: 1n * MS, rounds: 6, autoConverge: true } },
    )
    expect(both.source).toMatchObject({ outcome: 'moved', reason: null })
    expect(both.source.steals.length).toBeGreaterThan(0)
    expect(both.source.lastPages).toBeGreaterThan(0)
    const scenario = inOneWorld(parseScenario(source.text, source.fileName), both.source)
    const alone = runScenario(scenario, { policy, code }).guests[0]!
    expect(seen(both.destination!.run.guests[0]!)).toEqual(seen(alone))
  })

  it('four vCPUs under page tables, and a paused guest', async () => {
    const policy = builtInPolicy('power-stopped')
    const source = sourceOf('power-kvm')
    for (const [code, atNs] of [
      [codeOf('b64-radix-4', 16 << 20, 20n * MS, 4), 700n * MS],
      [codeOf('b64-idle', 1 << 20, 100n * MS), 350n * MS],
    ] as const) {
      const both = await migrateHere(
        folder,
        source,
        { policy, code, atNs },
        { host: hostIn(source, 'b'), policy },
        { limits: { ...LIMITS, bandwidth: 400_000_000n } },
      )
      const scenario = inOneWorld(parseScenario(source.text, source.fileName), both.source)
      expect(seen(both.destination!.run.guests[0]!)).toEqual(
        seen(runScenario(scenario, { policy, code }).guests[0]!),
      )
    }
  })

  it('from a snapshot, which is all that there is of the guest', async () => {
    const source = sourceOf('power-kvm')
    const policy = builtInPolicy('power-running')
    const file = join(folder, 'guest.chv')
    const code = codeOf('b64-clocks', 1 << 20, 100n * MS)
    saveSnapshot(file, takeSnapshot(source, { policy, code, atNs: 800n * MS }))
    const { code: status, stderr } = await execute(['migrate', file, '--to', '127.0.0.1:1', '--code', 'g=x'])
    expect(status).toBe(2)
    expect(stderr).toMatch(/a snapshot has its guest’s machine; expected no --code, nor what goes with it\n$/)
    const { receive, migrate, originOfSnapshot } = await import('../../src/migration/index.js')
    const { loadSnapshot } = await import('../../src/snapshot/index.js')
    const journal = join(folder, 'from-snapshot')
    const receiver = await receive({ at: { host: '127.0.0.1', port: 0 }, journal, host: hostIn(source, 'b') })
    const origin = originOfSnapshot(loadSnapshot(file), { policy, atNs: 1200n * MS })
    const migrated = await migrate(origin, { to: receiver.address, journal, limits: LIMITS })
    const there = (await receiver.received).run.guests[0]!
    await receiver.close()
    expect(migrated.outcome).toBe('moved')
    const scenario = parseScenario(source.text, source.fileName)
    const position = scenario.guests[0]!.position
    const events: ScenarioEvent[] = [
      { kind: 'save', guest: 'g', atNs: 800n * MS, position },
      { kind: 'restore', guest: 'g', on: 'a', atNs: 800n * MS, position },
    ]
    const alone = inOneWorld({ ...scenario, events: [...scenario.events, ...events] }, migrated)
    expect(seen(there)).toEqual(seen(runScenario(alone, { policy, code }).guests[0]!))
  })
})

describe('steals', () => {
  it('take cycles and no ticks', async () => {
    const scenario = parseScenario(sourceOf('power-kvm').text, 'code.yaml')
    const position = scenario.guests[0]!.position
    const policy = builtInPolicy('power-stopped')
    const steal: ScenarioEvent = {
      kind: 'steal',
      guest: 'g',
      vcpu: 0,
      atNs: 1000n * MS,
      forNs: 500n * MS,
      position,
    }
    const run = (events: readonly ScenarioEvent[]) => {
      const world = new World(
        { ...scenario, events },
        { policy, code: codeOf('b64-clocks', 1 << 20, 100n * MS) },
      )
      return world.run().guests[0]!
    }
    const boot = scenario.events.filter(({ kind }) => kind === 'boot')
    const [whole, stolen] = [run(boot), run([...boot, steal])]
    expect(stolen.ticks).toBe(whole.ticks)
    const during = [...stolen.observations.all()].filter(
      ({ trueNs }) => trueNs > 1001n * MS && trueNs < 1499n * MS,
    )
    expect(during).toEqual([])
    expect(stolen.observations.length).toBeLessThan(whole.observations.length)
  })
})

describe('what the journal keeps of a guest of machine code', () => {
  const scenario = join(folder, 'kept.yaml')
  writeFileSync(scenario, sourceOf('power-kvm').text)
  const elf = join(folder, 'kept.elf')
  writeFileSync(elf, readFileSync(program('b64-clocks')))
  const journal = join(folder, 'kept')

  it('makes it again, and is held against the files', async () => {
    const { SourceJournal } = await import('../../src/migration/journal.js')
    const { codeRecord } = await import('../../src/cli/code.js')
    const code = codeRecord({ code: [`g=${elf}`], codeMemory: 1 << 20 })!
    const record = SourceJournal.begin(journal, {
      id: 'c'.repeat(32),
      to: '127.0.0.1:1',
      origin: { kind: 'scenario', text: sourceOf('power-kvm').text, fileName: scenario, seed: 1, code },
      guest: 'g',
      policy: 'power-running',
      beginNs: `${1000n * MS}`,
    })
    writeFileSync(elf, 'another program')
    const wrong = await execute(['migrate', '--recover', record.path])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toMatch(
      /kept\.elf: it is not what the guest was booted from; expected SHA-256 [0-9a-f]{64}\n$/,
    )
    writeFileSync(elf, readFileSync(program('b64-clocks')))
    const { stdout, code: status } = await execute(['migrate', '--recover', record.path, '--json'])
    expect(status).toBe(0)
    const alone = runScenario(parseScenario(sourceOf('power-kvm').text, scenario), {
      policy: builtInPolicy('power-running'),
      code: codeOf('b64-clocks', 1 << 20, 1000n * MS),
    })
    expect(JSON.parse(stdout).run.guests.g.state_hash).toBe(alone.guests[0]!.stateHash)
  })
})
