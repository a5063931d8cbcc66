/** `--code GUEST=FILE` and what goes with it: guests of a scenario that run machine code in place of their kernel model. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { replaceWith } from '../file/replace.js'
import type { CodeRecord } from '../migration/index.js'
import { bootMachine, MAX_CPUS } from '../power/index.js'
import type { Scenario } from '../scenario/types.js'
import type { Code, RunResult } from '../world/index.js'
import { written } from './files.js'
import { readInitrd } from './initrd.js'
import { parseMemory } from './memory.js'
import { InputError } from './output.js'

/** One instruction a nanosecond. */
const CPU_HZ = 1_000_000_000n
const MODEL = 'pseries'

export interface CodeOptions {
  code?: readonly string[]
  codeMemory?: number
  initrd?: string
  append?: string
}

/** A commander argument that may be given again and again. */
const collected = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

export function addCodeOptions(command: Command): Command {
  return command
    .option(
      '--code <guest=file>',
      'a Power guest runs this ELF file in place of its kernel model and workload',
      collected,
    )
    .option('--code-memory <size>', 'of guests of --code; default: as the scenario has it', parseMemory)
    .option('--initrd <file>', 'initial RAM disk of guests of --code; one is made of a program or a folder')
    .option('--append <text>', 'kernel command line of guests of --code')
}

/** By guest; undefined where none is asked for. Throws InputError, and ElfError for a file that is no program for the machine. */
export function codeOf(options: CodeOptions, scenario: Scenario): ReadonlyMap<string, Code> | undefined {
  const { code, codeMemory, initrd, append } = options
  if (code) return new Map(code.map((text) => one(text, options, scenario)))
  if (codeMemory === undefined && initrd === undefined && append === undefined) return undefined
  throw new InputError(
    '--code-memory, --initrd and --append are of guests that run machine code; expected --code too',
  )
}

/** What the journal of a migration keeps, to come to the same guests again; undefined where there is none. */
export function codeRecord(options: CodeOptions): CodeRecord | undefined {
  const { code, codeMemory, initrd, append } = options
  if (!code) return undefined
  const whole = code.map((text) => {
    const at = text.indexOf('=') + 1
    return text.slice(0, at) + resolve(text.slice(at))
  })
  const files = whole.map((text) => text.slice(text.indexOf('=') + 1))
  const bytes = files.map((file) => [file, readFileSync(file)] as const)
  const disk = initrd === undefined ? [] : [[resolve(initrd), readInitrd(initrd).bytes] as const]
  return {
    code: whole,
    ...(codeMemory !== undefined && { codeMemory }),
    ...(initrd !== undefined && { initrd: resolve(initrd) }),
    ...(append !== undefined && { append }),
    sha256: Object.fromEntries([...bytes, ...disk].map(([file, its]) => [file, sha256(its)])),
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The guests of machine code of a journal. Throws InputError where a file is not what it was. */
export function codeOfRecord(record: CodeRecord, scenario: Scenario): ReadonlyMap<string, Code> | undefined {
  const now = codeRecord(record)
  for (const [file, expected] of Object.entries(record.sha256))
    if (now?.sha256[file] !== expected)
      throw new InputError(`${file}: it is not what the guest was booted from; expected SHA-256 ${expected}`)
  return codeOf(record, scenario)
}

/** What the guests of machine code printed, to the file of --console if there is one. */
export function writeConsole(file: string | undefined, { guests }: RunResult): void {
  if (file === undefined) return
  const printed = guests.map((guest) => guest.console ?? '').join('')
  written('console', file, () => replaceWith(file, [printed]))
}

function one(
  text: string,
  options: CodeOptions,
  { guests, system, name: scenario }: Scenario,
): [string, Code] {
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
  const { vcpus: cpus, timebase, dec } = guest
  if (cpus > MAX_CPUS)
    throw new InputError(
      `guest ${name} of ${scenario} has ${cpus} vCPUs; expected 1 to ${MAX_CPUS}, as machine code has here`,
    )
  const { codeMemory: ramBytes = guest.memoryBytes, initrd, append } = options
  const bytes = readFileSync(file)
  const disk = initrd === undefined ? undefined : readInitrd(initrd)
  const boot: Code['boot'] = (told) =>
    bootMachine(bytes, file, {
      model: MODEL,
      ...told,
      cpuHz: CPU_HZ,
      ramBytes,
      ...(disk && { initrd: disk }),
      ...(append !== undefined && { append }),
    })
  boot({ tbHz: timebase!.frequencyHz, decBits: dec!.bits, cpus })
  return [name, { boot, cpuHz: CPU_HZ }]
}
