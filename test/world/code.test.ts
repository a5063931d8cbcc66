/**
 * A program that reads TB and DEC in each interrupt of DEC (test/guests/power/clocks.c), in place of the kernel model:
 * what it prints around stops and migrations is what each policy says, to the tick.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { judge } from '../../src/check/index.js'
import { builtInPolicy } from '../../src/policy/index.js'
import { bootMachine } from '../../src/power/index.js'
import type { Scenario } from '../../src/scenario/index.js'
import { type Code, type GuestResult, type RunResult, World } from '../../src/world/index.js'
import { libraryScenario } from '../helpers/library.js'

const SECOND = 1_000_000_000n
const HZ = 512_000_000n
/** The program sets DEC to every 10 ms of its 512 MHz. */
const PERIOD = HZ / 100n
/** From the interrupt to the program's mftb: 16 instructions at 1 GHz. */
const ENTRY_TICKS = 8n
/** From the mftb by which the program sets DEC to its mtdec, and from the interrupt to the next mftb. */
const LATE_TICKS = 29n

const elf = readFileSync(new URL('../guests/power/b64-clocks.elf', import.meta.url))
const code = (cpuHz = SECOND): ReadonlyMap<string, Code> => {
  const boot: Code['boot'] = (told) =>
    bootMachine(elf, 'b64-clocks.elf', { ...told, cpuHz, ramBytes: 1 << 20 })
  return new Map([['g', { boot, cpuHz }]])
}

function run(scenario: Scenario, policy: string, durationNs: bigint, cpuHz?: bigint): RunResult {
  return new World({ ...scenario, durationNs }, { policy: builtInPolicy(policy), code: code(cpuHz) }).run()
}

/** What the model of the same scenario has in TB at true time `ns`, its policies having done the same. */
function modelTimebase(scenario: Scenario, policy: string, ns: bigint): bigint {
  const world = new World({ ...scenario, durationNs: ns }, { policy: builtInPolicy(policy) })
  world.run()
  return BigInt.asUintN(64, world.guest('g').machine!.core.guest_timebase())
}

/** The lines `@read counter TB TB` in order: the last before the stop, and the first after it. */
function around(guest: GuestResult): { readonly before: bigint; readonly after: bigint } {
  const [stop] = guest.stops
  const counter = guest.readers.findIndex(({ clock }) => clock === 'counter')
  const reads = [...guest.observations.all(1)].filter(({ index }) => index === counter)
  const next = reads.findIndex(({ trueNs }) => trueNs >= stop!.untilNs)
  return { before: reads[next - 1]!.value, after: reads[next]!.value }
}

const CASES: readonly [name: string, policy: string, resumedNs: bigint, jumps: boolean][] = [
  ['power-stopped', 'power-stopped', 90n * SECOND, false],
  ['power-stopped', 'power-qemu', 90n * SECOND, false],
  ['power-stopped', 'power-stopped-timebase', 90n * SECOND, false],
  ['power-stopped', 'power-running', 90n * SECOND, true],
  ['power-running', 'power-stopped', 65n * SECOND, false],
  ['power-running', 'power-qemu', 65n * SECOND, true],
  ['power-running', 'power-running', 65n * SECOND, true],
  ['power-running', 'power-stopped-timebase', 65n * SECOND, true],
  ['power-running-skew', 'power-running', 65n * SECOND, true],
  ['power-512-500-ignored', 'power-running', 65n * SECOND, true],
  ['power-512-500-scaled', 'power-frequency-scaled', 65n * SECOND, true],
  ['power-512-500-told', 'power-frequency-told', 65n * SECOND, true],
]

describe('machine code that reads TB and DEC', () => {
  it.each(CASES)('%s under %s', async (name, policy, resumedNs, jumps) => {
    const scenario = await libraryScenario(name)
    const [guest] = run(scenario, policy, resumedNs + SECOND / 10n).guests
    expect(guest!.fault).toBeNull()
    const { before, after } = around(guest!)
    // Where TB stood still the next interrupt comes when DEC had it; where it jumped over that, at once.
    if (!jumps) expect(after - before).toBe(PERIOD)
    else expect(after).toBe(modelTimebase(scenario, policy, resumedNs) + ENTRY_TICKS)
    expect((before - LATE_TICKS - modelTimebase(scenario, policy, 0n)) % PERIOD).toBe(0n)
  })

  it('of hosts of 512 and 500 MHz: 23,437 ppm slow where nobody scales, right where somebody does', async () => {
    const failing = async (name: string, policy: string) => {
      const result = run(await libraryScenario(name), policy, 100n * SECOND)
      return judge(result).flatMap(({ id, verdict, value }) => (verdict === 'fail' ? [[id, value]] : []))
    }
    const [[id, ppb]] = (await failing('power-512-500-ignored', 'power-running')) as [[string, bigint]]
    expect(id).toBe('rate')
    expect(ppb).toBeGreaterThan(-23_437_600n)
    expect(ppb).toBeLessThan(-23_437_400n)
    expect(await failing('power-512-500-scaled', 'power-frequency-scaled')).toEqual([])
  })

  it('a DEC that is lost: no interrupt for 2^31 - 1 ticks', async () => {
    const scenario = await libraryScenario('power-running')
    const { before, after } = around(run(scenario, 'power-dec-lost', 75n * SECOND).guests[0]!)
    const atResume = modelTimebase(scenario, 'power-dec-lost', 65n * SECOND)
    expect(after - atResume).toBe((1n << 31n) - 1n + ENTRY_TICKS)
    expect(after - before).toBeGreaterThan(1n << 31n)
  })

  it('moved in no time between equal hosts, it prints what it prints unmoved', async () => {
    const scenario = await libraryScenario('power-running')
    const [a] = scenario.hosts
    const hosts = [a!, { ...a!, name: 'b' }]
    const events = scenario.events.map((event) =>
      event.kind === 'migrate' ? { ...event, downtimeNs: 0n, stopToSaveNs: 0n } : event,
    )
    const still = { ...scenario, hosts, events: events.filter(({ kind }) => kind !== 'migrate') }
    for (const cpuHz of [SECOND, 1_234_567_891n]) {
      const unmoved = run(still, 'power-running', 61n * SECOND, cpuHz).guests[0]!
      for (const policy of ['power-stopped', 'power-running']) {
        const moved = run({ ...scenario, hosts, events }, policy, 61n * SECOND, cpuHz).guests[0]!
        expect(moved.stops).toHaveLength(1)
        expect(moved.console, policy).toBe(unmoved.console)
      }
    }
  })
})
