/**
 * What random instructions do to registers and memory, as QEMU 7.2 did it (test/data/power-random): a sample of what
 * `npm run conformance:random` compares at length. And by hand what is left out there because QEMU has it wrong.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { digest } from '../../scripts/power-random/compare.js'
import { type Bits, runOurs } from '../../scripts/power-random/ours.js'
import { BATCH, type Kind, makeBatch } from '../../scripts/power-random/records.js'
import { readSample } from '../../scripts/power-random/sample.js'
import { disassemble, PowerMachine } from '../../src/power/index.js'

const FILES: Readonly<Record<Kind, string>> = { integer: '', float: '-float' }

function compare(bits: Bits, kind: Kind, build: 'release' | 'debug', count: number): string[] {
  const file = new URL(`../data/power-random/b${bits}${FILES[kind]}.csv.gz`, import.meta.url)
  const sample = readSample(gunzipSync(readFileSync(file)).toString())
  const batch = makeBatch(sample.cases.slice(0, count), bits === 64, kind)
  const records = runOurs(batch, bits, build)
  return batch.cases.flatMap(({ words }, i) => {
    const same = digest(batch, records, i) === sample.digests[i]
    return same ? [] : [`case ${i}: ${words.map((word) => disassemble(word)).join('; ')}`]
  })
}

describe.each([
  [32, 'integer', 6000],
  [64, 'integer', 6000],
  [32, 'float', 2000],
  [64, 'float', 2000],
] as const)('%i-bit, %s', (bits, kind, count) => {
  test(`${count} cases`, () => {
    expect(BATCH[kind]).toBeGreaterThan(count)
    expect(compare(bits, kind, 'release', count)).toEqual([])
  })
  test('the debug build, 1,000 cases', () => {
    expect(compare(bits, kind, 'debug', 1000)).toEqual([])
  })
})

/** One instruction of XO form on a 64-bit CPU, r3 = r4 op r5. */
function compute(machine: PowerMachine, extended: number, a: bigint, b: bigint) {
  machine.msr = 1n << 63n
  const word = new DataView(new ArrayBuffer(4))
  word.setUint32(0, ((31 << 26) | (3 << 21) | (4 << 16) | (5 << 11) | (extended << 1)) >>> 0)
  machine.write(0x1000, new Uint8Array(word.buffer))
  machine.setGpr(4, BigInt.asUintN(64, a))
  machine.setGpr(5, BigInt.asUintN(64, b))
  machine.pc = 0x1000n
  machine.run(machine.cycles + 1n)
  return { value: machine.gpr(3), overflow: (machine.core.xer() & 0x4000_0000) !== 0 }
}

test('divdeo: (RA * 2^64) / RB where it fits, and an overflow everywhere else', () => {
  const DIVDEO = 425 | 512
  const edge = 1n << 63n
  const machine = new PowerMachine({ model: 'pseries', ramBytes: 1 << 16 })
  const numbers = [0n, 1n, -1n, 3n, -3n, 1n << 40n, -(1n << 40n), edge / 2n - 1n, edge / 2n, edge - 1n, -edge]
  for (const a of numbers) {
    for (const b of numbers) {
      const quotient = b === 0n ? edge : (a << 64n) / b
      const fits = quotient >= -edge && quotient < edge
      expect([a, b, compute(machine, DIVDEO, a, b)]).toEqual([
        a,
        b,
        { value: fits ? BigInt.asUintN(64, quotient) : 0n, overflow: !fits },
      ])
    }
  }
})

describe('storage', () => {
  /** Runs `words` on a 64-bit CPU with r3 = 0x2000, and memory there filled with `before`. */
  const run = (
    words: readonly number[],
    before: readonly bigint[],
    registers: Readonly<Record<number, bigint>>,
  ) => {
    const machine = new PowerMachine({ model: 'pseries', ramBytes: 1 << 16 })
    machine.msr = 1n << 63n
    const code = new DataView(new ArrayBuffer(4 * words.length))
    words.forEach((word, i) => {
      code.setUint32(4 * i, word >>> 0)
    })
    machine.write(0x1000, new Uint8Array(code.buffer))
    const memory = new DataView(machine.ram.buffer, machine.ram.byteOffset + 0x2000, 64)
    before.forEach((value, i) => {
      memory.setBigUint64(8 * i, value)
    })
    machine.setGpr(3, 0x2000n)
    for (const [r, value] of Object.entries(registers)) machine.setGpr(Number(r), value)
    machine.pc = 0x1000n
    machine.run(BigInt(words.length))
    return { machine, memory: before.map((_, i) => memory.getBigUint64(8 * i)) }
  }
  const x = (extended: number, t: number, a: number, b: number, rc = 0) =>
    (31 << 26) | (t << 21) | (a << 16) | (b << 11) | (extended << 1) | rc

  test('lqarx and stqcx.: both halves at once, under the reservation only', () => {
    const [lqarx, stqcx] = [x(276, 10, 0, 3), x(182, 12, 0, 3, 1)]
    const { machine, memory } = run([lqarx, stqcx], [1n, 2n], { 12: 3n, 13: 4n })
    expect([machine.gpr(10), machine.gpr(11), ...memory]).toEqual([1n, 2n, 3n, 4n])
    expect(machine.core.cr() >>> 28).toBe(2)
    const without = run([stqcx], [1n, 2n], { 12: 3n, 13: 4n })
    expect(without.memory).toEqual([1n, 2n])
    expect(without.machine.core.cr() >>> 28).toBe(0)
  })

  test.each([
    ['the greater', 5, 0xffff_fff0n, 5n, 5n],
    ['the greater', 5, 5n, 0xffff_fff0n, 5n],
    ['the less', 7, 0xffff_fff0n, 5n, 0xffff_fff0n],
    ['the less', 7, 5n, 0xffff_fff0n, 0xffff_fff0n],
  ])('lwat keeps %s of two signed words (function %i)', (_, code, old, operand, kept) => {
    const { machine, memory } = run([x(582, 10, 3, code)], [old << 32n], { 11: operand })
    expect([machine.gpr(10), memory[0]]).toEqual([old, kept << 32n])
  })
})
