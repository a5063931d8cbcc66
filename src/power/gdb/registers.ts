/**
 * A Power CPU's registers as gdb knows them: their order, sizes and the description that says so
 * (Debugging with GDB, appendix G.5.14, PowerPC Features: org.gnu.gdb.power.core).
 */
import type { PowerMachine } from '../machine.js'

export interface Register {
  readonly name: string
  readonly bytes: 4 | 8
  readonly read: (machine: PowerMachine) => bigint
  readonly write: (machine: PowerMachine, value: bigint) => void
}

/** Offsets from address_cpu(), as in assembly/power-cpu/registers.ts. */
const LR = 0x108
const CTR = 0x110

const at = (machine: PowerMachine, offset: number) =>
  new DataView(machine.core.memory.buffer, machine.core.address_cpu() + offset, 8)

const plain = (name: string, bytes: 4 | 8, offset: number): Register => ({
  name,
  bytes,
  read: (machine) => BigInt.asUintN(8 * bytes, at(machine, offset).getBigUint64(0, true)),
  write: (machine, value) => at(machine, offset).setBigUint64(0, value, true),
})

/** Those of a CPU of 32 or 64 bits, in gdb's order. */
export function registersOf(machine: PowerMachine): readonly Register[] {
  const word = machine.model.server ? 8 : 4
  const u32 = (value: number) => BigInt(value >>> 0)
  return [
    ...Array.from({ length: 32 }, (_, i) => plain(`r${i}`, word, 8 * i)),
    {
      name: 'pc',
      bytes: word,
      read: (from) => from.pc,
      write: (to, value) => to.core.put_pc(value),
    },
    {
      name: 'msr',
      bytes: word,
      read: (from) => from.msr,
      write: (to, value) => to.core.put_msr(value),
    },
    {
      name: 'cr',
      bytes: 4,
      read: (from) => u32(from.core.cr()),
      write: (to, value) => to.core.put_cr(Number(value)),
    },
    plain('lr', word, LR),
    plain('ctr', word, CTR),
    {
      name: 'xer',
      bytes: 4,
      read: (from) => u32(from.core.xer()),
      write: (to, value) => to.core.put_xer(Number(value)),
    },
  ]
}

/** target.xml. */
export function descriptionOf(machine: PowerMachine): string {
  const types: Readonly<Record<string, string>> = { pc: 'code_ptr', lr: 'code_ptr' }
  const lines = registersOf(machine).map(
    ({ name, bytes }) =>
      `<reg name="${name}" bitsize="${8 * bytes}" type="${types[name] ?? `uint${8 * bytes}`}"/>`,
  )
  return `<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0"><architecture>${
    machine.model.server ? 'powerpc:common64' : 'powerpc:common'
  }</architecture><feature name="org.gnu.gdb.power.core">${lines.join('')}</feature></target>`
}

/** A value as the wire has it: in the guest's byte order. */
export function toHex(value: bigint, bytes: number, little: boolean): string {
  const buffer = Buffer.from(
    BigInt.asUintN(8 * bytes, value)
      .toString(16)
      .padStart(2 * bytes, '0'),
    'hex',
  )
  return (little ? buffer.reverse() : buffer).toString('hex')
}

export function fromHex(hex: string, little: boolean): bigint {
  const buffer = Buffer.from(hex, 'hex')
  return BigInt(`0x${(little ? buffer.reverse() : buffer).toString('hex') || '0'}`)
}
