import { expect, it } from 'vitest'
import { chosenHost } from '../../src/migration/host-choice.js'
import { rehearse } from '../../src/migration/rehearsal.js'
import { builtInPolicy } from '../../src/policy/built-in.js'
import { PowerMachine, type PowerMake } from '../../src/power/index.js'
import { parseScenario } from '../../src/scenario/parse.js'
import { librarySource } from '../helpers/library.js'

const CASES = [
  ['kvm-migrate-realtime', 'kvm-realtime'],
  ['power-ntp-resync', 'power-stopped'],
] as const

/** A rehearsal for the scenario's first guest. */
function rehearsalOf(name: string, policy: ReturnType<typeof builtInPolicy>, make: PowerMake | null = null) {
  const { text, fileName } = librarySource(name)
  const scenario = parseScenario(text, fileName)
  const spec = scenario.guests.find(({ dom0 }) => !dom0)!
  const start = {
    id: '0'.repeat(32),
    fileName,
    text,
    seed: scenario.seed,
    guest: spec.name,
    host: spec.on,
    policy: policy.name,
    beginNs: 0n,
    memoryBytes: make?.ramBytes ?? spec.memoryBytes,
    make,
  }
  return { start, scenario, spec, chosen: chosenHost({ file: null }, scenario, spec.on), policy }
}

it.each(CASES)('lands a young guest of %s', (name, policy) => {
  expect(rehearse(rehearsalOf(name, builtInPolicy(policy)))).toBe(true)
})

it('lands a young guest of machine code', () => {
  const { make } = new PowerMachine({ model: 'pseries', ramBytes: 512 << 20, cpus: 2 })
  expect(rehearse(rehearsalOf('power-running', builtInPolicy('power-running'), make))).toBe(true)
})

it('does not ask a policy of the user’s', () => {
  const built = builtInPolicy('kvm-realtime')
  let asked = false
  const own: typeof built = {
    ...built,
    save: (context) => {
      asked = true
      return built.save(context)
    },
  }
  expect(rehearse(rehearsalOf('kvm-migrate-realtime', own))).toBe(false)
  expect(asked).toBe(false)
})
