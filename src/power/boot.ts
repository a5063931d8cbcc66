/** A machine with a program in it, from an ELF file or a raw image. */
import { type Elf, ElfError, readElf } from './elf.js'
import { type ModelName, PowerMachine, type PowerOptions } from './machine.js'

export interface BootOptions extends PowerOptions {
  /** Load the file as it is, at this address. */
  readonly rawAt?: number
  /** Where to start; default: the ELF file's entry, or `rawAt`. */
  readonly entry?: bigint
}

/** The model that a file of that width runs on when none is named. */
const DEFAULT_MODEL: Readonly<Record<32 | 64, ModelName>> = { 32: 'bare32', 64: 'pseries' }

const MSR_LITTLE = 1n

/** Loads `bytes` into a new machine whose CPU stands at the entry. `name` is for messages; throws ElfError. */
export function bootMachine(bytes: Uint8Array, name: string, options: BootOptions = {}): PowerMachine {
  if (options.rawAt !== undefined) return bootRaw(bytes, name, options.rawAt, options)
  const elf = readElf(bytes, name)
  const machine = new PowerMachine({ ...options, model: options.model ?? DEFAULT_MODEL[elf.bits] })
  if (elf.bits === 64 && !machine.model.server) {
    throw new ElfError(`${name}: offset 4: a 64-bit program, and ${machine.model.title} is a 32-bit machine`)
  }
  load(machine, elf, name)
  machine.pc = options.entry ?? elf.entry
  if (elf.littleEndian) machine.msr |= MSR_LITTLE
  return machine
}

function load(machine: PowerMachine, elf: Elf, name: string): void {
  const ram = machine.ram
  for (const { address, bytes, memoryBytes } of elf.segments) {
    if (address + memoryBytes > ram.length) {
      throw new ElfError(
        `${name}: a segment of ${memoryBytes} bytes at 0x${address.toString(16)} does not fit into ${ram.length} bytes of memory`,
      )
    }
    ram.fill(0, address, address + memoryBytes)
    ram.set(bytes, address)
  }
  machine.core.machine_changed()
}

function bootRaw(bytes: Uint8Array, name: string, at: number, options: BootOptions): PowerMachine {
  const machine = new PowerMachine(options)
  if (at + bytes.length > machine.ram.length) {
    throw new ElfError(
      `${name}: ${bytes.length} bytes at 0x${at.toString(16)} do not fit into ${machine.ram.length} bytes of memory`,
    )
  }
  machine.write(at, bytes)
  machine.pc = options.entry ?? BigInt(at)
  return machine
}
