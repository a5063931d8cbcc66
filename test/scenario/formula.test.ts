/** Formulas of predictions: exact, in seconds, hertz and fractions. */
import { describe, expect, it } from 'vitest'
import { evaluate, FormulaError, inNano } from '../../src/scenario/formula.js'
import { parseScenario } from '../../src/scenario/index.js'

const root = {
  hosts: { 'a-b': { uptime: 1_500_000_000n, tsc: { frequency: 2_400_000_000n, error: -20_000n } } },
  events: [{ at: 3_000_000_000n }],
  vcpus: 4,
}
const nano = (formula: string) => inNano(evaluate(formula, root))

describe('a formula', () => {
  it.each([
    ['300 ms', 300_000_000n],
    ['1.5 s + 1 ns', 1_500_000_001n],
    ['2 - 3 - 4', -5_000_000_000n],
    ['2 + 3 * 4', 14_000_000_000n],
    ['(2 + 3) * 4', 20_000_000_000n],
    ['-2^2', -4_000_000_000n],
    ['7 / 2', 3_500_000_000n],
    ['2^54 * 1 ns', 2n ** 54n],
    ['1 d * 20 ppm', 1_728_000_000n],
    ['2^31 / 512 MHz', 4_194_304_000n],
    ['0.1 %', 1_000_000n],
    ['hosts.a-b.uptime - 500 ms', 1_000_000_000n],
    ['hosts.a-b.tsc.error', -20_000n],
    ['1 / hosts.a-b.tsc.frequency * 24', 10n],
    ['events.0.at', 3_000_000_000n],
    ['events[0].at', 3_000_000_000n],
    ['vcpus', 4_000_000_000n],
    ['floor(-1 / 2)', -1_000_000_000n],
    ['ceil(1 / 3)', 1_000_000_000n],
    ['mod(-1, 2^24)', (2n ** 24n - 1n) * 1_000_000_000n],
    ['max(1, min(2, 3))', 2_000_000_000n],
    ['1 / 3', 333_333_333n],
    ['-(1 / 3)', -333_333_333n],
  ])('%s', (formula, value) => {
    expect(nano(formula)).toBe(value)
  })

  it.each([
    ['', 'the formula has its end; expected a number'],
    ['1 +', 'the formula has its end'],
    ['1 2', '"2" is left over'],
    ['(1', 'the formula has no )'],
    ['1 parsec', 'unknown unit "parsec"'],
    ['hosts.c.uptime', 'there is no number at hosts.c.uptime'],
    ['hosts', 'there is no number at hosts'],
    ['constructor', 'there is no number at constructor'],
    ['1 / 0', 'a division by zero'],
    ['2^-1', 'expected a number'],
    ['2^0.5', 'the power is not a whole number'],
    ['2^999', 'the power is not a whole number'],
    ['mod(1)', 'mod has 1 values; expected 2'],
    ['1 § 2', 'the formula goes on with "§ 2"'],
    ['0.3 ns', 'not a whole number of nanoseconds'],
  ])('%s is refused', (formula, message) => {
    expect(() => nano(formula)).toThrow(FormulaError)
    expect(() => nano(formula)).toThrow(message)
  })
})

describe('a prediction', () => {
  const text = (expectation: string) => `
name: x
title: x
duration: 1 min
hosts: { a: { hypervisor: xen, uptime: 100 s } }
guests: { g: { on: a, kernel: linux-xen } }
checks: { warp: off }
expect: { verdict: pass, ${expectation} }
`
  it('is computed on reading, for the first guest unless it names one', () => {
    const { predict, passes } = parseScenario(
      text('passes: [g], predict: [{ check: jump, value: 2 * hosts.a.uptime, within: 1, at: duration / 2 }]'),
      'x',
    ).expect!
    expect(passes).toEqual(['g'])
    expect(predict[0]).toMatchObject({
      guest: 'g',
      check: 'jump',
      valueNano: 200_000_000_000n,
      withinNano: 1_000_000_000n,
      atNs: 30_000_000_000n,
      atWithinNs: 0n,
    })
  })

  it.each([
    ['passes: [h]', 'x:8:35: there is no guest "h"'],
    [
      'predict: [{ check: jump, value: hosts.b.uptime }]',
      'x:8:58: value: there is no number at hosts.b.uptime',
    ],
    ['predict: [{ check: warp, value: 0 }]', 'the check warp is off and cannot fail'],
    ['predict: [{ guest: h, check: jump, value: 0 }]', 'there is no guest "h"'],
  ])('%s is refused', (expectation, message) => {
    expect(() => parseScenario(text(expectation), 'x')).toThrow(message)
  })
})
