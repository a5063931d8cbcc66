/** Real processes killed at some of their steps; `npx tsx scripts/migration/kills.ts` has all of them. */
import { describe, expect, it } from 'vitest'
import { trial } from '../../scripts/migration/kill-trial.js'

describe('a migration between two processes', () => {
  it.each([
    // Steps of some 60 and 84: memory, the journal's `doubt`, COMMIT; memory, `prepared`, `owned`.
    { source: 24, destination: 0 },
    { source: 48, destination: 0 },
    { source: 0, destination: 30 },
    { source: 46, destination: 66 },
  ])(
    'with the source killed at step $source, the destination at step $destination, has one owner',
    async (kill) => {
      const { owners, wrong } = await trial(kill)
      expect(wrong).toBeNull()
      expect(owners).toHaveLength(1)
    },
  )
})
