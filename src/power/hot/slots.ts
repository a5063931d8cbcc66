/** Decoded code as the core has it (assembly/engine/code.ts): slots of 16 bytes, a page of 1024 of them. */
import { FIRST_PAIR, OPERATIONS } from './names.js'

/** Bytes. */
export const SLOT_SIZE = 16
const SLOTS = 1024
/** Of the machine's decoded page behind the slots: flavour, 1 for little-endian code. */
const FLAVOUR = SLOTS * SLOT_SIZE + 20

export interface Slot {
  /** What it does by itself, as in tables.ts. */
  readonly op: string
  /** Addresses of registers, or small numbers. */
  readonly d: number
  readonly a: number
  readonly b: number
  /** Signed. */
  readonly imm: number
  readonly aux: number
  readonly cycles: number
}

/** A decoded page in the core's memory. */
export class SlotPage {
  readonly #view: DataView
  readonly #hot = OPERATIONS.indexOf('HOT')
  readonly #alone: (slot: number) => number
  readonly #address: number

  /** `alone`: the operation that a slot with HOT has by itself. */
  constructor(memory: WebAssembly.Memory, address: number, alone: (slot: number) => number) {
    this.#view = new DataView(memory.buffer, address, SLOTS * SLOT_SIZE + 32)
    this.#alone = alone
    this.#address = address
  }

  get littleEndian(): boolean {
    return this.#view.getUint32(FLAVOUR, true) === 1
  }

  /** Whether a compiled loop begins there. */
  isCompiled(index: number): boolean {
    return this.#view.getUint16(index * SLOT_SIZE, true) === this.#hot
  }

  /** All that a slot says. */
  text(index: number): string {
    const { op, d, a, b, imm, aux, cycles } = this.slot(index)!
    return [op, d, a, b, imm, aux, cycles].join('.')
  }

  /** null behind the last one. */
  slot(index: number): Slot | null {
    if (index < 0 || index >= SLOTS) return null
    const at = index * SLOT_SIZE
    const u16 = (offset: number) => this.#view.getUint16(at + offset, true)
    let op = u16(0)
    if (op === this.#hot) op = this.#alone(this.#address + at)
    // Of a pair the first one; the second has a slot of its own.
    if (op >= FIRST_PAIR) op = u16(12)
    const imm = this.#view.getInt32(at + 8, true)
    return {
      op: OPERATIONS[op]!,
      d: u16(2),
      a: u16(4),
      b: u16(6),
      imm,
      aux: u16(12),
      cycles: this.#view.getUint8(at + 14),
    }
  }
}

/** Where an instruction goes on: the slot that it branches to, and whether it may go on with the next one. */
export interface Way {
  readonly to: number | null
  readonly next: boolean
}

const BRANCHES: readonly string[] = ['BC_TRUE', 'BC_FALSE', 'BDNZ', 'BDZ']

export function wayOf({ op, imm }: Slot, index: number): Way {
  if (op === 'B') return { to: index + imm / SLOT_SIZE, next: false }
  return BRANCHES.includes(op) ? { to: index + imm / SLOT_SIZE, next: true } : { to: null, next: true }
}
