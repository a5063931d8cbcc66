/** A machine with a program in it, from an ELF file or a raw image. */
import { type Elf, ElfError, readElf, relocatesItself } from './elf.js'
import { type ModelName, PowerMachine, type PowerOptions } from './machine.js'
import { enterPseries, type PseriesOptions } from './pseries.js'

export interface BootOptions extends PowerOptions, PseriesOptions {
  /** Load the file as it is, at this address. */
  readonly rawAt?: number
  /** Where to start; default: the ELF file's entry, or `rawAt`. */
  readonly entry?: bigint
}

/** The model that a file of that width runs on when none is named. */
const DEFAULT_MODEL: Readonly<Record<32 | 64, ModelName>> = { 32: 'bare32', 64: 'pseries' }

const MSR_LITTLE = 1n

/**
 * Loads `bytes` into a new machine whose CPU stands at the entry; a pseries machine gets a device tree, in r3. `name` is
 * for messages; throws ElfError, TreeError.
 */
export function bootMachine(bytes: Uint8Array, name: string, options: BootOptions = {}): PowerMachine {
  const elf =
    options.rawAt === undefined ? readElf(bytes, name) : rawImage(bytes, options.rawAt, options.model)
  const machine = new PowerMachine({ ...options, model: options.model ?? DEFAULT_MODEL[elf.bits] })
  if (elf.bits === 64 && !machine.model.server) {
    throw new ElfError(`${name}: offset 4: a 64-bit program, and ${machine.model.title} is a 32-bit machine`)
  }
  const pseries = machine.model.board === 'pseries'
  if (!pseries || !relocatesItself(elf)) {
    load(machine, elf, name)
    machine.pc = elf.entry
    // A program that is linked to its place starts in its own byte order; what relocates itself starts in big-endian.
    if (elf.littleEndian) machine.msr |= MSR_LITTLE
  }
  if (pseries) enterPseries(machine, elf, name, machine.described, options)
  if (options.entry !== undefined) machine.pc = options.entry
  return machine
}

/** A file without a header, as if it had one. */
function rawImage(bytes: Uint8Array, at: number, model: ModelName = 'bare32'): Elf {
  return {
    bits: model === 'bare32' ? 32 : 64,
    littleEndian: false,
    shared: false,
    entry: BigInt(at),
    segments: [{ address: at, bytes, memoryBytes: bytes.length }],
  }
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
