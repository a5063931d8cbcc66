/** Real processes killed at some of their steps; `npx tsx scripts/migration/kills.ts` has all of them. */
import { fileURLToPath } from 'node:url'
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

  it.each([
    // Of some 70 and 122.
    { source: 62, destination: 0 },
    { source: 0, destination: 100 },
  ])(
    'of machine code, killed at step $source of the source and $destination of the destination, has one owner',
    async (kill) => {
      const elf = fileURLToPath(new URL('../guests/power/b64-clocks.elf', import.meta.url))
      const code = ['--code', `g=${elf}`, '--code-memory', '1MiB']
      const { owners, wrong } = await trial(kill, 'power-running', undefined, code)
      expect(wrong).toBeNull()
      expect(owners).toHaveLength(1)
    },
  )
})
