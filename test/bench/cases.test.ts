import { expect, test } from 'vitest'
import { makeCases } from '../../bench/cases.js'

// Making a case computes both sides and throws where they differ.
test('the core and the BigInt models that it is measured against agree', () => {
  const cases = makeCases()
  expect(cases.map(({ id }) => id)).toEqual([
    'page-read',
    'scale',
    'timebase-read',
    'events',
    'ticks',
    'idle',
    'call-number',
    'call-bigint',
  ])
  for (const { core, bigint } of cases) {
    core()
    bigint()
  }
})
