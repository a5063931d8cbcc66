import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builds, type Core, loadCore, MAX_U64, SCRATCH, scaleDeltaModel, u64 } from '../../helpers/core.js'
import { replay } from '../../helpers/vectors.js'

const WRITE_STEPS = 7
const PUBLISH_XEN = 7n
const PUBLISH_KVM = 8n
const TRY_READ = 9n
const READ_BEGIN = 10n
const FIELDS = 11n
const READ_RETRY = 12n
const READ = 13n
const SET_VERSION = 14n
const GUEST_STOPPED = 2n

/** tsc_timestamp, system_time, mul, shift, flags. */
type Fields = readonly [bigint, bigint, bigint, bigint, bigint]

const fields: fc.Arbitrary<Fields> = fc.tuple(
  fc.bigInt({ min: 0n, max: MAX_U64 }),
  fc.bigInt({ min: 0n, max: MAX_U64 }),
  fc.bigInt({ min: 0n, max: 0xffff_ffffn }),
  fc.bigInt({ min: -10n, max: 10n }),
  fc.bigInt({ min: 0n, max: 3n }),
)

function readModel([stamp, time, mul, shift]: Fields, tsc: bigint): bigint {
  return u64(time + scaleDeltaModel(u64(tsc - stamp), mul, shift))
}

class Page {
  constructor(private readonly core: Core) {
    new Uint8Array(core.memory.buffer, SCRATCH, 64).fill(0)
  }

  do(op: bigint, x = 0n, data: Fields = [0n, 0n, 0n, 0n, 0n]): bigint[] {
    return this.core.batch('lab_pvclock_page', 10, [[op, ...data, x]])[0]!
  }

  bytes(): DataView {
    return new DataView(this.core.memory.buffer, SCRATCH, 32)
  }

  get version(): number {
    return this.bytes().getUint32(0, true)
  }

  now(): Fields {
    const view = this.bytes()
    return [
      view.getBigUint64(8, true),
      view.getBigUint64(16, true),
      BigInt(view.getUint32(24, true)),
      BigInt(view.getInt8(28)),
      BigInt(view.getUint8(29)),
    ]
  }
}

describe.each(builds)('vcpu_time_info, %s build', (build) => {
  const core = loadCore(build)

  test('replays Linux and QEMU reading a page', () => {
    const columns = [
      'version',
      'tsc_timestamp',
      'system_time',
      'tsc_to_system_mul',
      'tsc_shift',
      'flags',
      'tsc',
    ]
    replay(core, {
      file: 'pvclock_read',
      rows: 2000,
      call: 'lab_pvclock_read',
      width: 8,
      input: (row) => row.numbers(...columns),
      expected: (row) => [
        [7, row.number('linux_ns')],
        [7, row.number('qemu_ns')],
      ],
    })
  })

  test('replays Linux’s guarded read: last_value, GUEST_STOPPED, pvclock_resume', () => {
    const columns = [
      'version',
      'tsc_timestamp',
      'system_time',
      'tsc_to_system_mul',
      'tsc_shift',
      'flags_before',
    ]
    let last = ''
    replay(core, {
      file: 'pvclock_seq',
      rows: 1500,
      call: 'lab_pvclock_guard',
      width: 14,
      input: (row) => {
        const started = row.text('seq') !== last
        last = row.text('seq')
        const resumed = row.text('step') === '18' && Number(last) % 5 === 0
        return [...row.numbers(...columns, 'tsc', 'valid_flags'), started || resumed ? 1n : 0n, 0n]
      },
      expected: (row) =>
        ['ret_ns', 'last_value_after', 'flags_after', 'watchdog_touches'].map((column, i) => [
          10 + i,
          row.number(column),
        ]),
    })
  })

  test('the variant without watchdogs leaves GUEST_STOPPED in the page', () => {
    const input = [2n, 100n, 1000n, 1n << 31n, 1n, GUEST_STOPPED, 150n, 0n, 1n]
    const [plain, nowd] = core.batch('lab_pvclock_guard', 14, [
      [...input, 0n],
      [...input, 1n],
    ])
    expect(plain!.slice(10)).toEqual([1050n, 1050n, 0n, 1n])
    expect(nowd!.slice(10)).toEqual([1050n, 1050n, GUEST_STOPPED, 0n])
  })

  test('a publication lays the fields where the ABI has them', () => {
    const page = new Page(core)
    const data: Fields = [0x1122334455667788n, 0x99aabbccddeeff00n, 0x89abcdefn, -3n, 1n]
    page.do(PUBLISH_XEN, 0n, data)
    expect(page.version).toBe(2)
    expect(page.now()).toEqual(data)
    expect(page.do(READ, 0x1122334455667788n)[7]).toBe(data[1])
  })

  test('Xen writes only what changed, unless forced', () => {
    fc.assert(
      fc.property(fields, fields, (first, second) => {
        const page = new Page(core)
        expect(page.do(PUBLISH_XEN, 1n, first)[7]).toBe(1n)
        expect(page.do(PUBLISH_XEN, 0n, first)[7]).toBe(0n)
        expect(page.version).toBe(2)
        expect(page.do(PUBLISH_XEN, 1n, first)[7]).toBe(1n)
        expect(page.version).toBe(4)
        const differs = first.some((value, i) => value !== second[i])
        expect(page.do(PUBLISH_XEN, 0n, second)[7]).toBe(differs ? 1n : 0n)
        expect(page.now()).toEqual(second)
      }),
    )
  })

  test('every single field counts as a change', () => {
    const data: Fields = [5n, 6n, 7n, 1n, 0n]
    for (let i = 0; i < 5; i++) {
      const page = new Page(core)
      page.do(PUBLISH_XEN, 1n, data)
      const changed = data.map((value, k) => (k === i ? value + 1n : value)) as unknown as Fields
      expect(page.do(PUBLISH_XEN, 0n, changed)[7]).toBe(1n)
      expect(page.now()).toEqual(changed)
    }
  })

  test('KVM always writes, keeps GUEST_STOPPED until the guest clears it, and adds it', () => {
    const page = new Page(core)
    const data: Fields = [5n, 6n, 7n, 1n, 1n]
    page.do(PUBLISH_KVM, 0n, data)
    page.do(PUBLISH_KVM, 0n, data)
    expect([page.version, page.now()[4]]).toEqual([4, 1n])
    page.do(PUBLISH_KVM, 1n, data)
    expect(page.now()[4]).toBe(3n)
    page.do(PUBLISH_KVM, 0n, data)
    expect(page.now()[4]).toBe(3n)
    page.bytes().setUint8(29, 1)
    page.do(PUBLISH_KVM, 0n, data)
    expect(page.now()[4]).toBe(1n)
  })

  test('a version that was left odd, or is about to wrap, becomes even', () => {
    for (const [before, after] of [
      [7n, 10],
      [0xffff_fffen, 0],
      [0xffff_ffffn, 2],
    ] as const) {
      const page = new Page(core)
      page.do(SET_VERSION, before)
      page.do(PUBLISH_KVM, 0n, [1n, 2n, 3n, 4n, 0n])
      expect(page.version).toBe(after)
    }
  })

  test('a whole read between any two stores gets the old page, the new page, or must retry', () => {
    fc.assert(
      fc.property(fields, fields, fc.bigInt({ min: 0n, max: MAX_U64 }), (old, fresh, tsc) => {
        const page = new Page(core)
        page.do(PUBLISH_XEN, 1n, old)
        for (let step = 0; step <= WRITE_STEPS; step++) {
          const [, , , , , , , status, ns, tail] = page.do(TRY_READ, tsc)
          const whole = step === 0 || step === WRITE_STEPS
          expect(status).toBe(whole ? 1n : 0n)
          if (whole) {
            const data = step === 0 ? old : fresh
            expect(ns).toBe(readModel(data, tsc))
            expect(tail).toBe(BigInt(page.version) | (data[4] << 32n))
          }
          if (step < WRITE_STEPS) page.do(BigInt(step), 0n, fresh)
        }
      }),
    )
  })

  /** The reader's steps: begin, the five fields in some order, retry. */
  const reader = (order: readonly bigint[]) => [
    { op: READ_BEGIN, x: 0n },
    ...order.map((field) => ({ op: FIELDS, x: field })),
    { op: READ_RETRY, x: 0n },
  ]
  const inOrder = [1n, 2n, 4n, 8n, 16n]

  test('of all 3,432 ways to interleave one read with one publication, the reader accepts two', () => {
    const old: Fields = [1n, 2n, 3n, 4n, 1n]
    const fresh: Fields = [11n, 12n, 13n, 14n, 0n]
    const steps = reader(inOrder)
    let ways = 0
    const accepted: bigint[][] = []
    // writes: how many of the writer's steps came before the reader's step at hand
    const walk = (page: Page, at: number, writes: number, path: number[]): void => {
      if (at === steps.length) {
        ways++
        const seen = follow(page, path, steps, old, fresh)
        if (seen) accepted.push(seen)
        return
      }
      for (let w = writes; w <= WRITE_STEPS; w++) walk(page, at + 1, w, [...path, w])
    }
    walk(new Page(core), 0, 0, [])
    expect(ways).toBe(3432)
    expect(accepted).toEqual([[...old], [...fresh]])
  })

  /** Runs one interleaving; the fields the reader accepted, or undefined if it has to retry. */
  function follow(
    page: Page,
    path: number[],
    steps: { op: bigint; x: bigint }[],
    old: Fields,
    fresh: Fields,
  ) {
    page.do(PUBLISH_XEN, 1n, old)
    const seen = [0n, 0n, 0n, 0n, 0n]
    let version = 0n
    let written = 0
    let retry = 0n
    steps.forEach(({ op, x }, at) => {
      for (; written < path[at]!; written++) page.do(BigInt(written), 0n, fresh)
      const row = page.do(op, op === READ_RETRY ? version : x)
      if (op === READ_BEGIN) version = row[7]!
      else if (op === READ_RETRY) retry = row[7]!
      else seen[Math.log2(Number(x))] = row[1 + Math.log2(Number(x))]!
    })
    return retry === 0n ? seen : undefined
  }

  test('a reader among many publications accepts only a page that was whole, whatever order it reads in', () => {
    // How many stores the writer makes before each step of the reader: mostly none, sometimes many.
    const stores = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(16) })
    const schedule = fc.array(stores, { minLength: 14, maxLength: 70 })
    const pages = fc.array(fields, { minLength: 20, maxLength: 20 })
    const order = fc.shuffledSubarray(inOrder, { minLength: 5, maxLength: 5 })
    let accepted = 0
    let refused = 0
    fc.assert(
      fc.property(schedule, pages, order, (turns, data, reads) => {
        const page = new Page(core)
        page.do(PUBLISH_XEN, 1n, data[0])
        const steps = reader(reads)
        let written = 0
        let version = 0n
        const seen = [0n, 0n, 0n, 0n, 0n]
        turns.forEach((count, turn) => {
          for (let i = 0; i < count; i++, written++) {
            const publication = 1 + Math.floor(written / WRITE_STEPS)
            page.do(BigInt(written % WRITE_STEPS), 0n, data[publication % data.length])
          }
          const { op, x } = steps[turn % steps.length]!
          const row = page.do(op, op === READ_RETRY ? version : x)
          if (op === READ_BEGIN) version = row[7]!
          else if (op === FIELDS) seen[Math.log2(Number(x))] = row[1 + Math.log2(Number(x))]!
          else if (row[7] === 0n) {
            accepted++
            // Versions are 2, 4, 6, …: they say which publication this is.
            const whole = data[(Number(version) / 2 - 1) % data.length]!
            expect(seen).toEqual(whole.map(u64))
          } else refused++
        })
      }),
      { numRuns: 500 },
    )
    expect(accepted).toBeGreaterThan(100)
    expect(refused).toBeGreaterThan(100)
  })

  test('these tests would catch a writer that forgets the version', () => {
    const page = new Page(core)
    page.do(PUBLISH_XEN, 1n, [1n, 1n, 1n, 1n, 1n])
    const version = page.do(READ_BEGIN)[7]!
    page.do(2n, 0n, [2n, 2n, 2n, 2n, 2n])
    expect(page.do(READ_RETRY, version)[7]).toBe(0n)
    expect(page.now()).toEqual([1n, 2n, 1n, 1n, 1n])
  })
})
