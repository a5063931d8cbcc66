/**
 * A sample of cases and QEMU's answers, as text: what `npm test` compares with and needs no QEMU for.
 *
 *     a line:   words in hex, joined by + , flags (l little-endian, n 32-bit mode), seed, digest of QEMU's record
 */
import type { Case } from './cases.js'
import { digest } from './compare.js'
import type { Batch } from './records.js'

export interface Sample {
  readonly cases: readonly Case[]
  readonly digests: readonly string[]
}

export function sampleText(batch: Batch, theirs: Uint8Array): string {
  const lines = batch.cases.map(({ words, little, narrow, seed }, i) => {
    const code = words.map((word) => word.toString(16)).join('+')
    return [code, `${little ? 'l' : ''}${narrow ? 'n' : ''}`, seed, digest(batch, theirs, i)].join(',')
  })
  return `${['words,flags,seed,digest', ...lines].join('\n')}\n`
}

export function readSample(text: string): Sample {
  const rows = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',') as [string, string, string, string])
  return {
    cases: rows.map(([words, flags, seed]) => ({
      words: words.split('+').map((word) => Number.parseInt(word, 16)),
      little: flags.includes('l'),
      narrow: flags.includes('n'),
      seed: Number(seed),
    })),
    digests: rows.map(([, , , value]) => value),
  }
}
