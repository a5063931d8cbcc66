import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builds, loadCore, MAX_U64, u64 } from '../helpers/core.js'

const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n

const rotl = (x: bigint, n: bigint) => u64((x << n) | (x >> (64n - n)))
const round = (lane: bigint, input: bigint) => u64(rotl(u64(lane + input * P2), 31n) * P1)

/** XXH64 again, from the specification, with BigInt. */
function xxh64(bytes: Uint8Array, seed: bigint): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let p = 0
  let hash = u64(seed + P5)
  if (bytes.length >= 32) {
    const lanes = [u64(seed + P1 + P2), u64(seed + P2), seed, u64(seed - P1)]
    for (; p + 32 <= bytes.length; p += 32)
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i]!, view.getBigUint64(p + 8 * i, true))
    const turns = [1n, 7n, 12n, 18n]
    hash = u64(lanes.reduce((sum, lane, i) => sum + rotl(lane, turns[i]!), 0n))
    for (const lane of lanes) hash = u64((hash ^ round(0n, lane)) * P1 + P4)
  }
  hash = u64(hash + BigInt(bytes.length))
  for (; p + 8 <= bytes.length; p += 8)
    hash = u64(rotl(hash ^ round(0n, view.getBigUint64(p, true)), 27n) * P1 + P4)
  for (; p + 4 <= bytes.length; p += 4)
    hash = u64(rotl(hash ^ u64(BigInt(view.getUint32(p, true)) * P1), 23n) * P2 + P3)
  for (; p < bytes.length; p++) hash = u64(rotl(hash ^ u64(BigInt(bytes[p]!) * P5), 11n) * P1)
  hash = u64((hash ^ (hash >> 33n)) * P2)
  hash = u64((hash ^ (hash >> 29n)) * P3)
  return hash ^ (hash >> 32n)
}

describe.each(builds)('XXH64, %s build', (build) => {
  const core = loadCore(build)
  const DATA = 0x180001 // deliberately unaligned
  const hash = (bytes: Uint8Array, seed: bigint) => {
    new Uint8Array(core.memory.buffer, DATA, bytes.length).set(bytes)
    return core.batch('lab_xxh64', 4, [[BigInt(DATA), BigInt(bytes.length), seed]])[0]![3]
  }
  const text = (value: string) => new TextEncoder().encode(value)

  test('published values', () => {
    expect(hash(text(''), 0n)).toBe(0xef46db3751d8e999n)
    expect(hash(text('a'), 0n)).toBe(0xd24ec4f1a98c6e5bn)
    expect(hash(text('abc'), 0n)).toBe(0x44bc2cf5ad770999n)
  })

  test('every length up to 100 agrees with the specification', () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => (i * 151 + 7) & 255)
    for (let length = 0; length <= bytes.length; length++) {
      const part = bytes.subarray(0, length)
      expect(hash(part, 2654435761n)).toBe(xxh64(part, 2654435761n))
    }
  })

  test('random bytes and seeds agree with the specification', () => {
    const input = fc.tuple(fc.uint8Array({ maxLength: 2000 }), fc.bigInt({ min: 0n, max: MAX_U64 }))
    fc.assert(
      fc.property(input, ([bytes, seed]) => {
        expect(hash(bytes, seed)).toBe(xxh64(bytes, seed))
      }),
    )
  })
})
