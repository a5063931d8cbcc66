/** A batch of cases on this project's machine. */
import { readFileSync } from 'node:fs'
import { bootMachine } from '../../src/power/index.js'
import { type Batch, CODE, HEADER, type Kind, RECORDS } from './records.js'

export type Bits = 32 | 64

const PROGRAMS: Readonly<Record<Kind, string>> = { integer: 'random', float: 'float' }

export const harness = (bits: Bits, kind: Kind) =>
  new URL(`../../test/guests/power/b${bits}-${PROGRAMS[kind]}.elf`, import.meta.url)

/** The records after the run. */
export function runOurs(batch: Batch, bits: Bits, build: 'release' | 'debug' = 'release'): Uint8Array {
  const machine = bootMachine(readFileSync(harness(bits, batch.kind)), 'random.elf', {
    ramBytes: 20 << 20,
    build,
  })
  machine.write(HEADER, batch.header)
  machine.write(CODE, batch.code)
  machine.write(RECORDS, batch.records)
  const end = machine.run(BigInt(batch.cases.length) * 2000n + 10_000n)
  if (end !== 'halted' || machine.takeConsole() !== '.') {
    throw new Error(
      `the tester did not come to its end: ${end}, ${machine.fault}, at 0x${machine.pc.toString(16)}`,
    )
  }
  return machine.ram.slice(RECORDS, RECORDS + batch.records.length)
}
