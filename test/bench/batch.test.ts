import { afterAll, expect, test } from 'vitest'
import { batchTable, verify } from '../../bench/batch.js'
import { batchCases, kernelTicks } from '../../bench/batch-cases.js'
import { Native } from '../../bench/native.js'

const native = new Native()
afterAll(() => native.close())

// Where there is no gcc, C has no results and the core is compared with BigInt alone.
test('the core, BigInt and C compute the same', () => {
  const cases = batchCases()
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
    'ticks',
  ])
  for (const { id } of cases) expect(native.results(id) === null).toBe(native.missing !== null)
})

test('a wrong result is not measured', () => {
  const [one] = batchCases()
  const wrong = {
    ...one!,
    coreResults: () => one!.coreResults().map((word, i) => (i === 77 ? word + 1n : word)),
  }
  expect(() => verify(wrong, native)).toThrow('scale-each: the core and BigInt')
})

test('C measures what it computes', () => {
  expect(native.least('ticks', 2) === null).toBe(native.missing !== null)
  expect(native.least('none', 2)).toBeNull()
})

test('the guest whose ticks are measured ticks', () => {
  const { run, ticks } = kernelTicks()
  expect(ticks).toBe(1000)
  run()
})

test('without C the table says so', () => {
  const missing = 'there is no gcc here'
  const result = { id: 'a', title: 'A', core: 2, native: null, other: null, bigint: 100 }
  const ratios = { ratio: null, atMost: 2, faster: { least: 50, median: 48 }, atLeast: 40 }
  const text = batchTable({ rounds: 1, missing, results: [{ ...result, ...ratios }] })
  expect(text.split('\n').at(-1)).toBe('The column of C is empty: there is no gcc here.')
  expect(text).toContain('50.0x')
})
