/** Ticks of a CPU's timebase against whole numbers: at any rate, read in any order of near and far. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PowerMachine } from '../../src/power/index.js'

const U64 = (1n << 64n) - 1n
const rate = fc.oneof(
  fc.constantFrom([64n, 125n], [1n, 10n], [1n, 1n], [1n, 2n], [3n, 1n], [2_147_483_647n, 2_147_483_648n]),
  fc.tuple(fc.bigInt(1n, 5000n), fc.bigInt(1n, 5000n)),
  fc.tuple(fc.bigInt(1n, 1n << 33n), fc.bigInt(1n, 1n << 33n)),
  fc.tuple(fc.bigInt(1n, 1n << 62n), fc.bigInt(1n << 58n, 1n << 62n)),
)
const step = fc.oneof(fc.bigInt(0n, 40n), fc.bigInt(0n, 100_000n), fc.bigInt(0n, 1n << 33n))

/** A CPU that waits in a branch to itself, interrupts on and DEC far away: cycles go by at once. */
function waiting(): PowerMachine {
  const machine = new PowerMachine({ model: 'pseries', ramBytes: 1 << 16 })
  machine.write(0x100, Uint8Array.of(0x48, 0, 0, 0))
  // At 0x900 as well: DEC interrupts, and its handler waits with interrupts off.
  machine.write(0x900, Uint8Array.of(0x48, 0, 0, 0))
  machine.pc = 0x100n
  machine.msr = (1n << 63n) | 0x8000n
  return machine
}

describe('ticks of a CPU that counts cycles', () => {
  it('are floor(part/den + cycles * num/den) beyond where they were set, read once and again', () => {
    fc.assert(
      fc.property(
        rate,
        fc.bigInt(0n, U64),
        fc.bigInt(0n, U64),
        fc.array(step, { minLength: 1, maxLength: 12 }),
        ([num, den], ticks, anything, steps) => {
          fc.pre(num < den << 10n)
          const { core } = waiting()
          const part = anything % den
          expect(core.set_source(ticks, part, num, den)).toBe(1)
          core.set_dec(0, BigInt.asUintN(64, ticks + (1n << 60n)), 1)
          let cycle = 0n
          for (const by of steps) {
            cycle += by
            core.run(cycle)
            const expected = BigInt.asUintN(64, ticks + (part + cycle * num) / den)
            expect(BigInt.asUintN(64, core.source_ticks())).toBe(expected)
            expect(BigInt.asUintN(64, core.source_ticks())).toBe(expected)
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  it('bring DEC to 0 in the first cycle that has its tick', () => {
    fc.assert(
      fc.property(
        rate,
        fc.bigInt(0n, 1n << 40n),
        fc.bigInt(1n, 1n << 34n),
        step,
        ([num, den], anything, ahead, early) => {
          fc.pre(num < den << 10n)
          const machine = waiting()
          const { core } = machine
          const part = anything % den
          core.set_source(1000n, part, num, den)
          core.set_dec(0, 1n << 60n, 1)
          // Ticks are known near an earlier cycle than the one in which DEC is set.
          core.run(early)
          const set = BigInt.asUintN(64, core.source_ticks())
          core.set_dec(0, set + ahead, 1)
          const due = ((set - 1000n + ahead) * den - part + num - 1n) / num
          fc.pre(due < 1n << 38n)
          core.run(due)
          expect(machine.pc).toBe(0x100n)
          core.run(due + 1n)
          expect(machine.pc).toBe(0x900n)
        },
      ),
      { numRuns: 150 },
    )
  })
})
