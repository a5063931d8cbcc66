/** `--code GUEST=FILE`: guests of a scenario that run machine code in place of their kernel model. */
import { readFileSync } from 'node:fs'
import { bootMachine } from '../power/index.js'
import type { Scenario } from '../scenario/types.js'
import type { Code } from '../world/index.js'
import { InputError } from './output.js'

/** One instruction a nanosecond. */
const CPU_HZ = 1_000_000_000n
const MODEL = 'pseries'

/** A commander argument that may be given again and again. */
export const parseCode = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  text,
]

/** By guest. Throws InputError, and ElfError for a file that is no program for the machine. */
export function codeOf(texts: readonly string[], scenario: Scenario): ReadonlyMap<string, Code> {
  return new Map(texts.map((text) => one(text, scenario)))
}

function one(text: string, { guests, system, name: scenario }: Scenario): [string, Code] {
  const at = text.indexOf('=')
  if (at < 1) throw new InputError(`--code ${JSON.stringify(text)}; expected GUEST=FILE`)
  const [name, file] = [text.slice(0, at), text.slice(at + 1)]
  const guest = guests.find((one) => one.name === name)
  if (!guest) {
    const names = guests.map((one) => one.name).join(', ')
    throw new InputError(`${scenario} has no guest ${JSON.stringify(name)}; expected one of ${names}`)
  }
  if (system !== 'power')
    throw new InputError(`guest ${name} of ${scenario} is on ${system}; expected machine code on Power only`)
  const bytes = readFileSync(file)
  const boot: Code['boot'] = (told) =>
    bootMachine(bytes, file, { model: MODEL, ...told, cpuHz: CPU_HZ, ramBytes: guest.memoryBytes })
  boot({ tbHz: guest.timebase!.frequencyHz, decBits: guest.dec!.bits })
  return [name, { boot, cpuHz: CPU_HZ }]
}
