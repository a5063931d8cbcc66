/** Invariant 5 over long times: what skip.ts computes is what going through every event leaves, byte for byte. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builds } from '../helpers/core.js'
import { cases, hashes } from './skip-cases.js'

describe.each(builds)('skipping, %s build', (build) => {
  it('ends in the state that event by event does, at the end and wherever it is looked at', () => {
    fc.assert(
      fc.property(cases, (c) => {
        expect(hashes(c, 'skipping', build)).toEqual(hashes(c, 'event-by-event', build))
      }),
      { numRuns: build === 'release' ? 60 : 6 },
    )
  })
})
