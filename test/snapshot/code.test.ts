/** Guests that run machine code, in files: they go on as the scenario with a save and a restore has them. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtInPolicy, policies } from '../../src/policy/index.js'
import { bootMachine } from '../../src/power/index.js'
import { jsonText, runJson } from '../../src/report/json.js'
import { outcomeOf } from '../../src/report/outcome.js'
import {
  continuation,
  loadSnapshot,
  restoreSnapshot,
  type Snapshot,
  SnapshotError,
  saveSnapshot,
  takeSnapshot,
} from '../../src/snapshot/index.js'
import { type Code, type RunResult, runScenario } from '../../src/world/index.js'
import { chronovisor, execute } from '../cli/execute.js'
import { temporaryFolder } from '../helpers/folder.js'
import { sealed, sectionsOf } from './fixture.js'

const folder = temporaryFolder()
const MS = 1_000_000n
const SECOND = 1000n * MS
const program = (name: string) => fileURLToPath(new URL(`../guests/power/${name}.elf`, import.meta.url))

function codeOf(name: string, ramBytes = 1 << 20, cpuHz = 50n * MS): ReadonlyMap<string, Code> {
  const bytes = readFileSync(program(name))
  return new Map([['g', { boot: (told) => bootMachine(bytes, name, { ...told, cpuHz, ramBytes }), cpuHz }]])
}

const scenarioOf = (hypervisor: string, events = '') => ({
  fileName: 'code.yaml',
  text: `
name: code
title: a guest of machine code to be saved
system: power
duration: 2 s
hosts:
  a: { hypervisor: ${hypervisor}, uptime: 30 d, timebase: { frequency: 512 MHz, error: 7 ppm } }
  b: { hypervisor: ${hypervisor}, uptime: 2 d, timebase: { frequency: 512 MHz } }
guests:
  g: { on: a, kernel: linux-ppc64, dec: { bits: 56 } }
events:
  - { at: 300 ms, pause: g }
  - { at: 400 ms, resume: g }
  - { at: 1500 ms, migrate: g, to: b, downtime: 100 ms, stop-to-save: 20 ms }
${events}`,
})

function throughFile(snapshot: Snapshot, gzip = false): Snapshot {
  const file = join(folder, 'through.chv')
  saveSnapshot(file, snapshot, { gzip })
  return loadSnapshot(file)
}

/** All that a run has of its guest. */
function seen(run: RunResult) {
  const [guest] = run.guests
  const { stateHash, console: printed, ticks, readers, sleepers, stops, fault } = guest!
  const report = jsonText(runJson(outcomeOf(run, null)))
  const observations = [...guest!.observations.all()]
  return { report, stateHash, printed, ticks, readers, sleepers, stops, fault, observations }
}

const POWER = policies.filter(({ system }) => system === 'power').map(({ name }) => name)
const hypervisorOf = (policy: string) => (policy === 'power-tcg' ? 'power-tcg' : 'power-kvm')

describe('saved and restored', () => {
  it.each(POWER)('%s: ends in the same bits as a run with these events', (name) => {
    const policy = builtInPolicy(name)
    const code = codeOf('b64-clocks')
    const source = scenarioOf(hypervisorOf(name))
    for (const [atNs, afterNs] of [
      [350n * MS, 0n],
      [1_234_567_890n, 90n * MS],
      [1700n * MS, 0n],
    ] as const) {
      const snapshot = takeSnapshot(source, { policy, code, atNs })
      const expected = runScenario(continuation(snapshot, afterNs).scenario, { policy, code })
      const restored = restoreSnapshot(throughFile(snapshot), { policy, afterNs })
      expect(seen(restored)).toEqual(seen(expected))
      expect(restored.guests[0]!.stateHash).not.toBe('')
      expect(restored.guests[0]!.observations.length).toBeGreaterThan(100)
    }
  })

  it('at any instant, with any program', () => {
    const policy = builtInPolicy('power-running')
    const programs = ['b64-clocks', 'b64-idle', 'b64-radix-64', 'b64-tick', 'b64-mftb']
    let compared = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...programs),
        fc.bigInt({ min: 0n, max: 2n * SECOND }),
        fc.boolean(),
        (name, atNs, gzip) => {
          const code = codeOf(name)
          const source = scenarioOf('power-kvm')
          let snapshot: Snapshot
          try {
            snapshot = takeSnapshot(source, { policy, code, atNs })
          } catch (error) {
            expect((error as Error).message).toMatch(/expected one that runs or is paused$/)
            return
          }
          compared++
          const expected = runScenario(continuation(snapshot, 0n).scenario, { policy, code })
          expect(seen(restoreSnapshot(throughFile(snapshot, gzip), { policy }))).toEqual(seen(expected))
        },
      ),
      { numRuns: 6 },
    )
    expect(compared).toBeGreaterThan(1)
  })

  it('twice, the second time from what the first restored', () => {
    const policy = builtInPolicy('power-stopped')
    const once = takeSnapshot(scenarioOf('power-kvm'), {
      policy,
      code: codeOf('b64-clocks'),
      atNs: 500n * MS,
    })
    const loaded = throughFile(once)
    const told = ({ world }: Snapshot) => ({ ...world.guest, code: { ...world.guest.code!, fresh: null } })
    expect(told(throughFile(loaded))).toEqual(told(loaded))
    expect(seen(restoreSnapshot(loaded, { policy }))).toEqual(seen(restoreSnapshot(loaded, { policy })))
  })

  it('restored by a process of its own that knows no program', async () => {
    const scenario = join(folder, 'own.yaml')
    const file = join(folder, 'own.chv')
    const printed = join(folder, 'own.txt')
    writeFileSync(scenario, scenarioOf('power-kvm').text)
    const args = ['--code', `g=${program('b64-clocks')}`, '--code-memory', '1MiB', '--at', '1.2 s']
    const saved = await execute(['save', scenario, ...args, '-o', file])
    expect(saved).toMatchObject({ code: 0, stderr: '' })
    const restored = await chronovisor(['restore', file, '--json', '--console', printed])
    const source = { text: scenarioOf('power-kvm').text, fileName: scenario }
    const code = codeOf('b64-clocks', 1 << 20, SECOND)
    const snapshot = takeSnapshot(source, { code, atNs: 1200n * MS })
    const expected = runScenario(continuation(snapshot, 0n).scenario, { code })
    expect(restored.stdout).toBe(jsonText(runJson(outcomeOf(expected, null))))
    expect(JSON.parse(restored.stdout).guests.g.state_hash).toBe(expected.guests[0]!.stateHash)
    expect(readFileSync(printed, 'latin1')).toBe(expected.guests[0]!.console)
  })
})

describe('what cannot be saved', () => {
  it.each([
    ['b64-sort', 1000n * MS, /has switched itself off/],
    ['b64-clocks', 1550n * MS, /is on no host/],
    ['b64-clocks', 1510n * MS, /is stopped for a migrate/],
  ] as const)('%s at %i ns', (name, atNs, message) => {
    expect(() =>
      takeSnapshot(scenarioOf('power-kvm'), { code: codeOf(name, 2 << 20, SECOND), atNs }),
    ).toThrow(message)
  })

  it('nor has a kernel model a console', async () => {
    const file = join(folder, 'model.chv')
    saveSnapshot(file, takeSnapshot(scenarioOf('power-kvm'), { atNs: SECOND }))
    const { code, stderr } = await execute(['restore', file, '--console', join(folder, 'none')])
    expect(code).toBe(2)
    expect(stderr).toMatch(/guest g is a kernel model; expected machine code for --console\n$/)
  })
})

describe('damage', () => {
  const policy = builtInPolicy('power-running')
  const snapshot = takeSnapshot(scenarioOf('power-kvm'), {
    policy,
    code: codeOf('b64-clocks', 1 << 20),
    atNs: 500n * MS,
  })
  const file = join(folder, 'whole.chv')
  saveSnapshot(file, snapshot)
  const whole = readFileSync(file)
  const sections = sectionsOf(whole)
  const at = (name: string, offset: number) => sections.find((one) => one.name === name)!.at + 16 + offset

  /** The message with which these bytes are refused when they are read and restored, without the file's name. */
  function refusal(bytes: Uint8Array, restores = false): string {
    const damaged = join(folder, 'damaged.chv')
    writeFileSync(damaged, bytes)
    try {
      const loaded = loadSnapshot(damaged)
      if (restores) restoreSnapshot(loaded, { policy, forNs: 0n })
    } catch (error) {
      expect(error).toBeInstanceOf(SnapshotError)
      const { message } = error as SnapshotError
      expect(message).not.toContain('\n')
      return message.slice(damaged.length + 2)
    }
    return 'loaded'
  }
  const changed = (offset: number, bytes: readonly number[]): Buffer => {
    const copy = Buffer.from(whole)
    copy.set(bytes, offset)
    return sealed(copy)
  }
  const FF = [255, 255, 255, 255]

  it('the file as written has these sections', () => {
    expect(refusal(whole, true)).toBe('loaded')
    expect(sections.map(({ name }) => name).join(' ')).toBe(
      'SCEN HOST HOST SAVE GUST LIFE CODE TOLD TEXT SEEN MEMO',
    )
    expect(whole.readUInt32LE(12)).toBe(3)
  })

  const model = 4 + 4 + 'pseries'.length
  it.each([
    ['the program', at('GUST', 4), [1], /^section GUST, byte 4: the program is 1; expected the machine’s 0/],
    ['the layout', at('CODE', 0), [9], /^section CODE, byte 0: the layout is 9; expected 1/],
    [
      'the model',
      at('CODE', 8),
      [88],
      /^section CODE, byte 15: the model is "Xseries"; expected one of bare32/,
    ],
    [
      'the memory',
      at('CODE', model),
      [1],
      /^section CODE, byte 15: the memory has 1048577 bytes; expected whole/,
    ],
    ['a huge memory', at('CODE', model), FF, /^section CODE, byte 15: the memory has 4294967295 bytes/],
    ['another memory', at('CODE', model + 2), [32], /^section MEMO, .*expected the machine’s 2097152/],
    ['the CPU', at('CODE', model + 8), [0, 0, 0, 0], /^section CODE, byte 23: the frequency of the CPU is 0/],
    ['the timebase', at('CODE', model + 20), FF, /^section CODE, byte 31: the frequency of the timebase is/],
    ['DEC', at('CODE', model + 24), [31], /^section CODE, byte 39: the decrementer has 31 bits; expected 32/],
    [
      'the vCPUs',
      at('CODE', model + 28),
      [5],
      /^section CODE, byte 43: the number of vCPUs is 5; expected 1 to 4/,
    ],
    ['the stretches', at('CODE', model + 32), FF, /^section CODE, byte 47: the number of stretches is/],
    ['a minus', at('CODE', model + 36 + 16 + 31), [128], /^section CODE, byte 67: TB is -/],
    ['the text', at('TOLD', 0), FF, /^section TOLD, byte 0: 4294967295 characters were printed; expected/],
    ['the readers', at('TOLD', 8), FF, /^section TOLD, byte 8: the number of readers is 4294967295/],
    ['a state', at('GUST', 32), FF, /^section GUST, byte 36: .* expected the 4294967295 of the state/],
    // Machine.ram_size, in the state that begins at 0x1000: held against CODE when the guest lands.
    ['a state of another machine', at('GUST', 36 + 0x3000 + 40), FF, /^section GUST: the state is not of a/],
  ] as const)('%s', (_what, offset, bytes, message) => {
    expect(refusal(changed(offset, bytes), true)).toMatch(message)
  })

  it('a scenario of another system', () => {
    const xen = snapshot.source.text
      .replaceAll(/timebase: \{[^}]*\}/g, 'uptime: 1 d')
      .replaceAll('power-kvm, uptime: 30 d, ', 'xen, ')
      .replaceAll('power-kvm, uptime: 2 d, ', 'xen, ')
      .replace('system: power', 'system: xen')
      .replace('linux-ppc64, dec: { bits: 56 }', 'linux-xen')
    const other = join(folder, 'xen.chv')
    saveSnapshot(other, { ...snapshot, source: { ...snapshot.source, text: xen } })
    expect(refusal(readFileSync(other))).toBe('section SCEN: machine code runs on xen here; expected Power')
  })

  it.each(sections.map(({ name, at: from, length }) => [name, from, length] as const))(
    'section %s cut anywhere, with all checksums right',
    (name, from, length) => {
      for (const kept of [0, 1, 4, Math.floor(length / 2), length - 1]) {
        const short = Buffer.concat([whole.subarray(0, from + 16 + kept), whole.subarray(from + 16 + length)])
        short.writeBigUInt64LE(BigInt(kept), from + 8)
        for (const field of [16, 24]) short.writeBigUInt64LE(BigInt(short.length - 64), field)
        const told = refusal(sealed(short))
        if (name === 'SEEN' && kept % 40 === 0) expect(told).toBe('loaded')
        // How much there is of TEXT, TOLD says.
        else
          expect(told).toMatch(
            new RegExp(`^section ${name === 'TEXT' ? 'TOLD' : name}(, byte \\d+)?: .*expected`),
          )
      }
    },
  )

  it('any byte changed behind right checksums is refused or goes on, and nothing else', () => {
    const inside = sections.filter(({ name }) => !['MEMO', 'SCEN', 'HOST'].includes(name))
    fc.assert(
      fc.property(fc.constantFrom(...inside), fc.nat(), fc.nat(255), ({ at: from, length }, place, value) => {
        refusal(changed(from + 16 + (place % length), [value]), true)
      }),
      { numRuns: 20 },
    )
  })
})

describe('version 1 of kind 3', () => {
  // Written by this program when the kind was made; see test/data/README.md. It must load for ever.
  const path = fileURLToPath(new URL('../data/snapshots/v1-power-code.chv', import.meta.url))
  const sha = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

  it('is what it was, and goes on from there', () => {
    const expected = JSON.parse(
      readFileSync(new URL('../data/snapshots/expected-code.json', import.meta.url), 'utf8'),
    )
    const snapshot = loadSnapshot(path)
    const { atNs, guest } = snapshot.world
    const run = restoreSnapshot(snapshot, { policy: builtInPolicy(guest.policy), forNs: 500n * MS })
    const [after] = run.guests
    expect({
      atNs: `${atNs}`,
      policy: guest.policy,
      saved: Object.fromEntries(Object.entries(guest.clocks).map(([key, value]) => [key, `${value}`])),
      state: sha(guest.image.state),
      observations: guest.log.length,
      printed: sha(guest.code!.told.text),
      after: { observations: after!.observations.length, printed: sha(after!.console!) },
    }).toEqual(expected)
    expect(after!.fault).toBeNull()
  })
})
