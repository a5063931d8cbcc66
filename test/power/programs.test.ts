/** Freestanding programs (test/guests/power) print what they print on real boards and on QEMU, in as many cycles. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { bootMachine, type PowerOptions } from '../../src/power/index.js'

function run(name: string, options: PowerOptions = {}) {
  const file = new URL(`../guests/power/${name}.elf`, import.meta.url)
  const machine = bootMachine(readFileSync(file), name, options)
  const stop = machine.run(2_000_000_000n)
  const end = /@\w+ END ([0-9a-f]{16}) ([0-9a-f]{16})\n/.exec(machine.takeConsole())!
  return { stop, ticks: BigInt(`0x${end[1]}`), result: BigInt(`0x${end[2]}`) }
}

const SORTED = 4046346167n

/**
 * A timebase as fast as the CPU counts instructions: from the one that reads TB first to the one that does so last. QEMU
 * with one instruction a nanosecond counts as many.
 */
describe('instructions between two reads of TB', () => {
  const exact = { cpuHz: 1_000_000_000n, tbHz: 1_000_000_000n }
  test.each([
    ['b64-xorsum', 91_750_968n, 17_311_380_757_893_525_383n],
    ['b32-sort', 320_193_990n, SORTED],
  ])('%s', (name, instructions, result) => {
    expect(run(name, exact)).toMatchObject({ ticks: instructions, result })
  })
})

describe('TB deltas as on QEMU -icount shift=0, to one tick', () => {
  test('64-bit sort at 512 MHz, and the end by power-off', () => {
    const { stop, ticks, result } = run('b64-sort')
    expect({ stop, ticks, result }).toEqual({ stop: 'off', ticks: 157_495_322n, result: SORTED })
  })
  test('20,000 interrupts of a decrementer that is set to 1,000 ticks, 32-bit at 100 MHz', () => {
    const { stop, ticks, result } = run('b32-dec-p1000')
    expect({ stop, ticks, result }).toEqual({ stop: 'halted', ticks: 20_020_003n, result: 20_000n })
  })
})

describe('TB deltas that follow from the cost model alone', () => {
  test.each([
    // 2 instructions a turn; 100 MHz at 1 GHz: a tick in 10 instructions.
    ['b32-mftb', 20_000_000n * 2n, 10n, 1n],
    ['b64-mftb', 20_000_000n * 2n, 125n, 64n],
    ['b32-mftb64', 5_000_000n * 6n, 10n, 1n],
    ['b64-mftb64', 5_000_000n * 6n, 125n, 64n],
    ['b32-decrw', 1_000_000n * 3n, 10n, 1n],
    ['b64-decrw', 1_000_000n * 3n, 125n, 64n],
  ])('%s', (name, loop, cycles, ticks) => {
    const counted = run(name).ticks
    // Around the loop: the call, mtctr, the return and the second read; below 20 instructions.
    expect(counted).toBeGreaterThanOrEqual((loop * ticks) / cycles)
    expect(counted).toBeLessThanOrEqual(((loop + 20n) * ticks) / cycles + 1n)
  })
  test.each(['b32-dec-imm', 'b64-dec-imm'])(
    '%s: 300,000 interrupts back to back, 25 instructions each',
    (name) => {
      const { ticks, result } = run(name, { tbHz: 1_000_000_000n })
      expect(result).toBe(300_000n)
      expect(ticks - 300_000n * 25n).toBeGreaterThan(0n)
      expect(ticks - 300_000n * 25n).toBeLessThan(40n)
    },
  )
})
