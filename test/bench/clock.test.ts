import { afterAll, expect, test } from 'vitest'
import { clockCases, clockSuites, verify } from '../../src/bench/clock-cases.js'
import { Native } from '../../src/bench/native.js'

const native = new Native()
afterAll(() => native.close())

// Where there is no gcc, C has no results and the core is compared with BigInt alone.
test('the core, BigInt and C compute the same', () => {
  const cases = clockCases()
  for (const one of cases) verify(one, native)
  expect(cases.map(({ id }) => id)).toEqual([
    'scale-each',
    'scale-chain',
    'scale-batch',
    'read-batch',
    'read-pages',
    'page-reads',
    'counter-reads',
    'counter-whens',
    'timebase-reads',
    'decs',
    'publishes',
    'ticks',
  ])
  for (const { id } of cases) expect(native.results(id) === null).toBe(native.missing !== null)
})

test('a wrong result is not measured', () => {
  const [one] = clockCases()
  const wrong = {
    ...one!,
    coreResults: () => one!.coreResults().map((word, i) => (i === 77 ? word + 1n : word)),
  }
  expect(() => verify(wrong, native)).toThrow('scale-each: the core and BigInt')
})

test('C measures what it computes, and every case has BigInt beside it', () => {
  expect(native.compiler === null).toBe(native.missing !== null)
  expect(native.least('ticks', 2) === null).toBe(native.missing !== null)
  expect(native.least('none', 2)).toBeNull()
  for (const { peers } of clockSuites(native)) expect(peers.map(({ name }) => name)).toContain('BigInt')
})
