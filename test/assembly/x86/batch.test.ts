import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instantiate } from '../../../src/core/load.js'
import { builds, MAX_U64, scaleDeltaModel, u64 } from '../../helpers/core.js'

/** The exports of assembly/lab-batch.ts that are array forms, and the single form with its rows. */
interface Arrays {
  readonly memory: WebAssembly.Memory
  scale_batch(deltas: number, ns: number, count: number, mul: number, shift: number): void
  scale_each(deltas: number, ns: number, count: number, mul: number, shift: number): void
  pvclock_read_batch(page: number, tsc: number, ns: number, count: number): number
  pvclock_read_pages(pages: number, stride: number, tsc: number, ns: number, count: number): number
  lab_scale_delta(rows: number, count: number, scratch: number): void
}

interface Page {
  readonly version: bigint
  readonly stamp: bigint
  readonly time: bigint
  readonly mul: bigint
  readonly shift: bigint
}

const IN = 0x110008 // a multiple of 8 and not of 16
const OUT = 0x130008
const PAGES = 0x150000
const UNTOUCHED = 0xdead_beef_dead_beefn

const edges = [
  0n,
  1n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  1n << 32n,
  (1n << 33n) - 1n,
  1n << 62n,
  1n << 63n,
]
const word = fc.oneof(
  fc.constantFrom(...edges, MAX_U64 - 1n, MAX_U64),
  fc.tuple(fc.bigInt(0n, MAX_U64), fc.nat(63)).map(([value, bits]) => value >> BigInt(bits)),
)
const mul = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 0xffff_ffffn),
  fc.bigInt(0n, 0xffff_ffffn),
)
/** What a page's signed byte can be; the shifts of real TSCs often. */
const shift = fc.oneof(fc.bigInt(-2n, 1n), fc.bigInt(-128n, 127n))
const words = fc.array(word, { maxLength: 40 })
const page = fc.record({ version: fc.constant(2n), stamp: word, time: word, mul, shift })

/** The shift counts modulo 64, as on x86-64. */
const scaled = (delta: bigint, m: bigint, s: bigint) =>
  scaleDeltaModel(delta, m, s < 0n ? -(-s & 63n) : s & 63n)
const readModel = (p: Page, tsc: bigint) => u64(p.time + scaled(u64(tsc - p.stamp), p.mul, p.shift))

describe.each(builds)('arrays, %s build', (build) => {
  const core = instantiate(build) as unknown as Arrays
  core.memory.grow(32)
  const view = new DataView(core.memory.buffer)

  const fill = (values: readonly bigint[], at = IN) => {
    new BigUint64Array(core.memory.buffer, at, values.length).set(values)
    new BigUint64Array(core.memory.buffer, OUT - 8, values.length + 2).fill(UNTOUCHED)
  }
  /** The results; nothing beside them may have changed. */
  const results = (count: number) => {
    const [before, ...rest] = new BigUint64Array(core.memory.buffer, OUT - 8, count + 2)
    expect([before, rest.pop()]).toEqual([UNTOUCHED, UNTOUCHED])
    return rest
  }
  const setPage = (at: number, p: Page) => {
    view.setUint32(at, Number(p.version), true)
    view.setBigUint64(at + 8, p.stamp, true)
    view.setBigUint64(at + 16, p.time, true)
    view.setUint32(at + 24, Number(p.mul), true)
    view.setInt8(at + 28, Number(p.shift))
  }
  const scaleBatch = (values: readonly bigint[], m: bigint, s: bigint) => {
    fill(values)
    core.scale_batch(IN, OUT, values.length, Number(m), Number(s))
    return results(values.length)
  }
  const scaleEach = (values: readonly bigint[], m: bigint, s: bigint) => {
    fill(values)
    core.scale_each(IN, OUT, values.length, Number(m), Number(s))
    return results(values.length)
  }

  test('every shift of a byte, at the edges of words and multipliers', () => {
    const near = [...edges, MAX_U64, 0x1234_5678_9abc_def0n, 0xfedc_ba98_7654_3210n]
    for (let s = -128n; s <= 127n; s++) {
      for (const m of [0n, 1n, 0x8000_0000n, 3_579_139_413n, 0xffff_ffffn]) {
        const expected = near.map((delta) => scaled(delta, m, s))
        expect(scaleBatch(near, m, s)).toEqual(expected)
        expect(scaleEach(near, m, s)).toEqual(expected)
      }
    }
  })

  test('scale_batch is scale_delta of each word, whatever the count', () => {
    fc.assert(
      fc.property(words, mul, shift, (values, m, s) => {
        const got = scaleBatch(values, m, s)
        expect(got).toEqual(values.map((delta) => scaled(delta, m, s)))
        expect(scaleEach(values, m, s)).toEqual(got)
        const rows = values.flatMap((delta) => [delta, m, u64(s), 0n])
        new BigUint64Array(core.memory.buffer, PAGES, rows.length).set(rows)
        core.lab_scale_delta(PAGES, values.length, 0)
        const single = new BigUint64Array(core.memory.buffer, PAGES, rows.length).filter(
          (_, i) => i % 4 === 3,
        )
        expect(got).toEqual([...single])
      }),
      { numRuns: 500 },
    )
  })

  test('scale_batch may write over what it reads', () => {
    fc.assert(
      fc.property(words, mul, shift, (values, m, s) => {
        fill(values)
        core.scale_batch(IN, IN, values.length, Number(m), Number(s))
        const got = [...new BigUint64Array(core.memory.buffer, IN, values.length)]
        expect(got).toEqual(values.map((delta) => scaled(delta, m, s)))
      }),
    )
  })

  test('pvclock_read_batch is the page read at each TSC value', () => {
    fc.assert(
      fc.property(words, page, (tsc, p) => {
        fill(tsc)
        setPage(PAGES, p)
        expect(core.pvclock_read_batch(PAGES, IN, OUT, tsc.length)).toBe(1)
        expect(results(tsc.length)).toEqual(tsc.map((value) => readModel(p, value)))
      }),
      { numRuns: 500 },
    )
  })

  test('pvclock_read_batch tells that a writer is in the page', () => {
    setPage(PAGES, { version: 7n, stamp: 0n, time: 0n, mul: 1n, shift: 0n })
    fill([1n, 2n, 3n])
    expect(core.pvclock_read_batch(PAGES, IN, OUT, 3)).toBe(0)
    results(3)
  })

  test('pvclock_read_pages reads each page at its TSC value, up to one that a writer is in', () => {
    const versions = fc.oneof(fc.constant(2n), fc.bigInt(0n, 0xffff_ffffn))
    const reads = fc.array(fc.tuple(page, word, versions), { maxLength: 20 })
    fc.assert(
      fc.property(reads, fc.constantFrom(32, 48, 64, 4096), (all, stride) => {
        fill(all.map(([, tsc]) => tsc))
        all.forEach(([p, , version], i) => {
          setPage(PAGES + i * stride, { ...p, version })
        })
        const odd = all.findIndex(([, , version]) => version % 2n === 1n)
        const readable = odd < 0 ? all.length : odd
        expect(core.pvclock_read_pages(PAGES, stride, IN, OUT, all.length)).toBe(readable)
        const whole = all.slice(0, readable).map(([p, tsc]) => readModel(p, tsc))
        expect(results(all.length).slice(0, readable)).toEqual(whole)
      }),
    )
  })
})
