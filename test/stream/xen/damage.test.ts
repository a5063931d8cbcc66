/** Real streams cut off and damaged, seeded: always an error of ours that says where, never a crash. */

import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { expect, it } from 'vitest'
import { inspectFile } from '../../../src/inspect/index.js'
import { StreamError } from '../../../src/stream/error.js'
import { readXenSave } from '../../../src/stream/xen/save.js'
import { filesFolder } from '../../helpers/folder.js'
import { type Recording, recorded } from './streams.js'

const { put } = filesFolder()
const names: readonly Recording[] = ['u1-pv', 'u2-pv-native', 'u4-pvh']

/** What is said of a file; null: it is read. */
function refusal(path: string, read: (path: string) => unknown): string | null {
  try {
    read(path)
    return null
  } catch (error) {
    if (!(error instanceof StreamError)) throw error
    expect(error.message).toMatch(/: (record|libxl|libxc|xl|byte|there is no)/)
    expect(error.message).not.toContain('\n')
    return error.message
  }
}

it.each(names)('says where %s ends, wherever it was cut off', (name) => {
  const whole = recorded(name)
  const starts = readXenSave(put('whole', whole)).records.map(({ at }) => at)
  const cuts = [...Array(100).keys(), ...starts.flatMap((at) => [at, at + 3, at + 8])]
  for (const cut of cuts) {
    if (cut >= whole.length) continue
    expect(refusal(put('cut', whole.subarray(0, cut)), readXenSave), `cut at ${cut}`).not.toBeNull()
  }
})

it.each(names)('reads or refuses %s with bytes changed', (name) => {
  const whole = recorded(name)
  const starts = readXenSave(put('whole', whole)).records.map(({ at }) => at)
  const random = xoroshiro128plus(1)
  const below = (n: number) => (random.next() >>> 0) % n
  let refused = 0
  for (let i = 0; i < 120; i++) {
    const bytes = Buffer.from(whole)
    // In the headers of records, and in the small records behind the pages.
    const at = below(2) ? starts[below(starts.length)]! + below(12) : bytes.length - 1 - below(12_000)
    for (let n = below(4); n >= 0; n--) bytes[Math.min(at + n, bytes.length - 1)] = below(256)
    if (refusal(put('changed', bytes), (path) => inspectFile(path)) !== null) refused++
  }
  expect(refused).toBeGreaterThan(20)
})
