/** The core's part of the math commands, on both builds. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Build, builds, loadCore, MAX_U64, s64, scaleDeltaModel, u64 } from '../helpers/core.js'
import { replay } from '../helpers/vectors.js'

const word = fc
  .tuple(fc.bigInt({ min: 0n, max: MAX_U64 }), fc.nat(63))
  .map(([value, bits]) => value >> BigInt(bits))
const mul = fc.bigInt({ min: 1n, max: 0xffff_ffffn })
const shift = fc.bigInt({ min: -63n, max: 63n })

interface Csv {
  memory: WebAssembly.Memory
  lab_csv_read(
    text: number,
    length: number,
    fields: number,
    count: number,
    capacity: number,
    out: number,
  ): number
  lab_csv_compare(...args: number[]): number
}

function load(build: Build): Csv {
  const file = build === 'release' ? 'core.wasm' : 'core.debug.wasm'
  const bytes = readFileSync(new URL(`../../build/${file}`, import.meta.url))
  const abort = () => {
    throw new Error('the core called abort')
  }
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { abort } }).exports as unknown as Csv
}

const TEXT = 0x110000
const FIELDS = 0x100000
const OUT = 0x101000
const ROWS = 0x180000

describe.each(builds)('math calls, %s build', (build) => {
  const core = loadCore(build)
  const csv = load(build)

  test('drift: what a page’s readers see go by', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 1n << 38n }), mul, shift, (hz, m, s) => {
        const row = core.batch('lab_drift', 8, [[hz, m, u64(s)]])[0]!
        const ns = (seconds: bigint) => scaleDeltaModel(hz * seconds, m, s)
        const second = ns(1n)
        expect(row.slice(3)).toEqual(
          [second, ns(86_400n), ns(31_557_600n), second * 86_400n, second * 31_557_600n].map(u64),
        )
      }),
    )
  })

  test('a reader’s steps', () => {
    const page = fc.record({
      version: fc.nat(),
      stamp: word,
      time: word,
      mul,
      shift,
      flags: fc.nat(255),
      tsc: word,
    })
    fc.assert(
      fc.property(page, ({ version, stamp, time, mul: m, shift: s, flags, tsc }) => {
        const view = new DataView(core.memory.buffer, 0x100000)
        view.setUint32(0, version, true)
        view.setBigUint64(8, stamp, true)
        view.setBigUint64(16, time, true)
        view.setUint32(24, Number(m), true)
        view.setInt8(28, Number(s))
        view.setUint8(29, flags)
        const delta = u64(tsc - stamp)
        const shifted = s < 0n ? delta >> -s : u64(delta << s)
        const asSigned = s < 0n ? u64(s64(delta) >> -s) : shifted
        const got = core.batch('lab_read_steps', 16, [[tsc]])[0]!
        expect(got.slice(1)).toEqual(
          [
            ...[BigInt(version), stamp, time, m, s, BigInt(flags), delta, shifted],
            (shifted * m) >> 64n,
            shifted * m,
            (shifted * m) >> 32n,
            time + ((shifted * m) >> 32n),
            version % 2 === 0 ? 1n : 0n,
            time + (u64(shifted * m) >> 32n),
            time + ((asSigned * m) >> 32n),
          ].map(u64),
        )
      }),
    )
  })

  test('recorded sequences of guarded reads go on from call to call', () => {
    const page = ['version', 'tsc_timestamp', 'system_time', 'tsc_to_system_mul', 'tsc_shift', 'flags_before']
    replay(core, {
      file: 'pvclock_seq',
      rows: 1500,
      call: 'lab_recorded_guard',
      width: 14,
      input: (row) => row.numbers('seq', 'step', ...page, 'tsc', 'valid_flags'),
      expected: (row) =>
        ['ret_ns', 'last_value_after', 'flags_after', 'watchdog_touches'].map((column, i) => [
          10 + i,
          row.number(column),
        ]),
    })
  })

  test('recorded timers', () => {
    replay(core, {
      file: 'xen_set_timer_op',
      rows: 400,
      call: 'lab_recorded_timer_op',
      width: 4,
      input: (row) => row.numbers('now', 'timeout_s64'),
      expected: (row) => [
        [2, row.number('stopped')],
        [3, row.number('armed_at')],
      ],
    })
  })

  test('recorded tolerances, and what the formula gives for other ppm', () => {
    replay(core, {
      file: 'kvm_tolerance',
      rows: 600,
      call: 'lab_recorded_tolerance',
      width: 3,
      input: (row) => row.numbers('host_khz', 'ppm'),
      expected: (row) => [[2, row.number('threshold_khz')]],
    })
    const others = [-1000n, -1n, 0n, 40n, 1000n]
    const got = core.batch(
      'lab_recorded_tolerance',
      3,
      others.map((ppm) => [2_399_998n, u64(ppm)]),
    )
    expect(got.map((row) => row[2])).toEqual(
      others.map((ppm) => (2_399_998n * (1_000_000n + ppm)) / 1_000_000n),
    )
  })

  /** Reads text with columns of u64, or ignored ones (null); gives back the rows and why it stopped. */
  function readText(
    text: string,
    columns: (readonly [most: bigint, least: bigint] | null)[],
    capacity = 100,
  ) {
    const view = new DataView(csv.memory.buffer)
    const bytes = new TextEncoder().encode(text)
    // What stands after the text must not be taken for a part of it.
    new Uint8Array(csv.memory.buffer, TEXT, bytes.length + 8).fill(0x39)
    new Uint8Array(csv.memory.buffer, TEXT, bytes.length).set(bytes)
    columns.forEach((range, i) => {
      view.setUint32(FIELDS + 24 * i, range ? ROWS + 8 * i : 0, true)
      view.setUint32(FIELDS + 24 * i + 4, 8 * columns.length, true)
      view.setBigUint64(FIELDS + 24 * i + 8, range?.[0] ?? 0n, true)
      view.setBigUint64(FIELDS + 24 * i + 16, range?.[1] ?? 0n, true)
    })
    const count = csv.lab_csv_read(TEXT, bytes.length, FIELDS, columns.length, capacity, OUT)
    const [consumed, lines, status, field] = new Uint32Array(csv.memory.buffer, OUT, 4)
    const rows = Array.from({ length: count }, (_, row) =>
      columns.map((range, i) => range && view.getBigUint64(ROWS + 8 * (row * columns.length + i), true)),
    )
    const places = Array.from({ length: count }, (_, row) => [
      view.getUint32(OUT + 16 + 8 * row, true),
      view.getUint32(OUT + 20 + 8 * row, true),
    ])
    return { rows, places, consumed, lines, status, field }
  }

  const any = [MAX_U64, 1n << 63n] as const

  test('numbers of any length are read as they are', () => {
    const number = fc.oneof(
      word,
      fc.constantFrom(0n, 9n, 10n, 99_999_999n, 100_000_000n, 10n ** 16n, 10n ** 19n, MAX_U64),
    )
    const signed = fc.tuple(number, fc.boolean()).map(([n, minus]) => (minus && n <= 1n << 63n ? -n : n))
    const written = fc.tuple(signed, fc.boolean(), fc.nat(3)).map(([n, quoted, zeros]) => {
      const text = `${n < 0n ? '-' : ''}${'0'.repeat(zeros)}${n < 0n ? -n : n}`
      return { n, text: quoted ? `"${text}"` : text }
    })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(written, written), { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        (lines, crlf) => {
          const text = lines.map(([a, b]) => `${a.text},${b.text}${crlf ? '\r\n' : '\n'}`).join('')
          const { rows, consumed, status } = readText(text, [any, any])
          expect(status).toBe(0)
          expect(consumed).toBe(text.length)
          expect(rows).toEqual(lines.map(([a, b]) => [u64(a.n), u64(b.n)]))
        },
      ),
    )
  })

  test.each([
    ['too few fields', '1,2\n3\n', 1, 1, 0],
    ['too many fields', '1,2\n3,4,5\n', 1, 2, 1],
    ['no digits', '1,2\n,4\n', 1, 3, 0],
    ['only a sign', '1,2\n3,-\n', 1, 3, 1],
    ['letters', '1,2\n3,4x\n', 1, 3, 1],
    ['a space', '1, 2\n', 0, 3, 1],
    ['a quote that does not end', '1,2\n3,"4\n', 1, 3, 1],
    ['more than 64 bits', '1,2\n18446744073709551616,4\n', 1, 4, 0],
    ['far more than 64 bits', `1,2\n3,1${'0'.repeat(40)}\n`, 1, 4, 1],
    ['below the least', '1,2\n3,-9223372036854775809\n', 1, 4, 1],
  ])('%s: says where it stopped', (_, text, count, status, field) => {
    const got = readText(text, [any, any])
    expect([got.rows.length, got.status, got.field, got.lines]).toEqual([count, status, field, count])
    expect(got.consumed).toBe(text.split('\n').slice(0, count).join('\n').length + (count > 0 ? 1 : 0))
  })

  test('a column’s range is kept', () => {
    const u32 = [0xffff_ffffn, 0n] as const
    expect(readText('4294967295\n', [u32]).status).toBe(0)
    expect(readText('4294967296\n', [u32]).status).toBe(4)
    expect(readText('-1\n', [u32]).status).toBe(4)
    expect(readText('-128\n127\n', [[127n, 128n]]).status).toBe(0)
    expect(readText('-129\n', [[127n, 128n]]).status).toBe(4)
  })

  test('ignored columns may hold anything; empty lines are no rows; the capacity is kept', () => {
    const text = 'a b,1,"x,""y"""\n\nc,2,\r\n\r\n,3,z\n"",4,""\n'
    const all = readText(text, [null, any, null])
    expect(all.status).toBe(0)
    expect(all.rows.map((row) => row[1])).toEqual([1n, 2n, 3n, 4n])
    expect(all.lines).toBe(6)
    expect(all.places.map(([, line]) => line)).toEqual([0, 2, 4, 5])
    expect(all.places.map(([at]) => text.slice(at).split(/\r?\n/)[0])).toEqual([
      'a b,1,"x,""y"""',
      'c,2,',
      ',3,z',
      '"",4,""',
    ])
    const some = readText(text, [null, any, null], 2)
    expect(some.rows.map((row) => row[1])).toEqual([1n, 2n])
    expect([some.consumed, some.lines]).toEqual([text.indexOf('\r\n\r\n') + 2, 3])
  })

  test('rows that differ are counted all, and told with every check that failed up to the limit', () => {
    const view = new DataView(csv.memory.buffer)
    const [got, want, checks, out] = [ROWS, ROWS + 0x4000, FIELDS, OUT]
    const rows = Array.from({ length: 50 }, (_, i) => ({ values: [BigInt(i), 7n], unless: i % 2 }))
    rows.forEach(({ values, unless }, i) => {
      values.forEach((value, word) => {
        view.setBigUint64(got + 16 * i + 8 * word, value, true)
      })
      // The first differs in each third row; the second in each fifth, but counts only in even rows.
      const recorded = [i % 3 === 0 ? values[0]! + 1n : values[0]!, BigInt(unless), i % 5 === 0 ? 8n : 7n]
      recorded.forEach((value, word) => {
        view.setBigUint64(want + 24 * i + 8 * word, value, true)
      })
    })
    const table = [
      [0, 0, 0xffff_ffff, 0],
      [1, 2, 1, 0],
    ]
    table.flat().forEach((value, i) => {
      view.setUint32(checks + 4 * i, value, true)
    })
    const found = csv.lab_csv_compare(got, 16, want, 24, 50, checks, 2, 4, out)
    const differing = rows.map((_, i) => [i % 3 === 0, i % 5 === 0 && i % 2 === 0])
    expect(found).toBe(differing.filter((row) => row.some(Boolean)).length)
    const told = differing.flatMap((row, i) => row.flatMap((differs, check) => (differs ? [[i, check]] : [])))
    const firstRows = [...new Set(told.map(([row]) => row))].slice(0, 4)
    const entries = Array.from({ length: view.getUint32(out, true) }, (_, i) => [
      view.getUint32(out + 4 + 8 * i, true),
      view.getUint32(out + 8 + 8 * i, true),
    ])
    expect(entries).toEqual(told.filter(([row]) => firstRows.includes(row)))
  })
})
