/** Instruction words for tests, by form. */
import { PowerMachine, type PowerOptions } from '../../src/power/index.js'

const word = (...fields: readonly (readonly [value: number, shift: number])[]) =>
  fields.reduce((all, [value, shift]) => (all | (value << shift)) >>> 0, 0)

const d = (primary: number) => (t: number, a: number, value: number) =>
  word([primary, 26], [t, 21], [a, 16], [value & 0xffff, 0])
const x = (extended: number) => (t: number, a: number, b: number) =>
  word([31, 26], [t, 21], [a, 16], [b, 11], [extended, 1])
const spr = (extended: number) => (t: number, n: number) =>
  word([31, 26], [t, 21], [n & 31, 16], [n >> 5, 11], [extended, 1])

export const addi = d(14)
export const addis = d(15)
export const ori = (a: number, s: number, value: number) => d(24)(s, a, value)
export const lwz = d(32)
export const stw = d(36)
export const stb = d(38)
export const li = (t: number, value: number) => addi(t, 0, value)
export const lis = (t: number, value: number) => addis(t, 0, value)
export const add = x(266)
export const lwarx = x(20)
export const stwcx = (s: number, a: number, b: number) => x(150)(s, a, b) | 1
export const mfspr = spr(339)
export const mtspr = spr(467)
export const mtmsr = (s: number) => x(146)(s, 0, 0)
export const icbi = (a: number, b: number) => x(982)(0, a, b)
export const divwu = x(459)
export const b = (distance: number) => word([18, 26], [distance & 0x03ff_fffc, 0])
export const bdnz = (distance: number) => word([16, 26], [16, 21], [distance & 0xfffc, 0])
const ds = (primary: number) => (t: number, a: number, value: number) =>
  word([primary, 26], [t, 21], [a, 16], [value & 0xfffc, 0])
export const ld = ds(58)
export const std = ds(62)
export const mtmsrd = (s: number, l = 0) => x(178)(s, l, 0)
/** Of radix trees: RIC, and R = 1. */
export const tlbie = (rb: number, rs: number, ric: number) => x(306)(rs, (ric << 2) | 1, rb)
export const tlbiel = (rb: number, rs: number, ric: number) => x(274)(rs, (ric << 2) | 1, rb)
export const cmpd = (a: number, b: number) => word([31, 26], [1, 21], [a, 16], [b, 11])
export const scv = (level: number) => word([17, 26], [level, 5], [1, 0])
export const RFSCV = word([19, 26], [82, 1])
export const xOf = x
export const NOP = ori(0, 0, 0)
export const RFI = word([19, 26], [50, 1])
export const SELF = b(0)

export const SPR = {
  lr: 8,
  ctr: 9,
  dsisr: 18,
  dar: 19,
  dec: 22,
  srr0: 26,
  srr1: 27,
  tbl: 268,
  tbu: 269,
  sprg0: 272,
  amr: 29,
  pid: 48,
  iamr: 61,
} as const
export const EE = 0x8000
export const ME = 0x1000

/** A classic machine with `words` at 0x1000, standing there, and further code by address. */
export function machineWith(
  words: readonly number[],
  more: Readonly<Record<number, readonly number[]>> = {},
  options: PowerOptions = {},
): PowerMachine {
  const machine = new PowerMachine({ ramBytes: 1 << 20, ...options })
  for (const [address, code] of Object.entries({ ...more, 4096: words })) {
    const bytes = new Uint8Array(code.length * 4)
    const view = new DataView(bytes.buffer)
    code.forEach((value, i) => {
      view.setUint32(4 * i, value)
    })
    machine.write(Number(address), bytes)
  }
  machine.pc = 0x1000n
  return machine
}

/** A big-endian word of guest memory. */
export function wordAt(machine: PowerMachine, address: number): number {
  return new DataView(machine.ram.buffer, machine.ram.byteOffset + address, 4).getUint32(0)
}
