/** Drawn page tables and accesses through them, as QEMU 7.2 did them (test/data/power-random/translation.txt.gz). */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { drawBatch } from '../../scripts/power-mmu/cases.js'
import { digests } from '../../scripts/power-mmu/compare.js'
import { runOurs } from '../../scripts/power-random/ours.js'

const file = new URL('../data/power-random/translation.txt.gz', import.meta.url)
const [seed, ...expected] = gunzipSync(readFileSync(file)).toString().trim().split('\n')

test.each(['release', 'debug'] as const)('%s build: 1,000 accesses, tables and memory', (build) => {
  const found = digests(runOurs(drawBatch(Number(seed)), 64, build))
  expect(expected.length).toBe(1001)
  expect(expected.flatMap((digest, i) => (digest === found[i] ? [] : [i]))).toEqual([])
})
