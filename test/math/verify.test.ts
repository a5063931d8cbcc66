/** `math verify`: every recorded file, and what is wrong with a file. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { recordingKinds } from '../../src/math/index.js'
import { rowKinds } from '../../src/math/verify/kinds.js'
import { execute } from '../cli/execute.js'
import { noteReplay } from '../helpers/vectors.js'

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-verify-'))
afterAll(() => rmSync(folder, { recursive: true }))

const vectors = fileURLToPath(new URL('../data/vectors/', import.meta.url))
const pathOf = (name: string) =>
  join(vectors, existsSync(join(vectors, `${name}.csv`)) ? `${name}.csv` : `${name}.csv.gz`)

/** A recording as rows of fields, the header first. */
function tableOf(name: string): string[][] {
  const bytes = readFileSync(pathOf(name))
  const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','))
}

const textOf = (table: readonly (readonly string[])[]) => `${table.map((row) => row.join(',')).join('\n')}\n`

interface Told {
  rows: number
  mismatches: number
  first_mismatches: {
    file: string
    row: number
    line: number
    column: string
    expected: string
    got: string
    text: string
  }[]
  files: { file: string; kind: string; rows: number; mismatches: number }[]
}

/** Verifies some content; what is told, with the exit status. */
async function verify(content: string | Uint8Array, name = 'mine.csv') {
  const file = join(folder, name)
  writeFileSync(file, content)
  const { code, stdout, stderr } = await execute(['math', 'verify', file, '--json'])
  const told = (code === 2 ? { first_mismatches: [] } : JSON.parse(stdout)) as Told
  return { code, told, stderr: stderr.replaceAll(folder, '@') }
}

const FILES = [
  ['dec', 'dec', 800],
  ['drift', 'drift', 25],
  ['guest26_hz100', 'guest26', 19_363],
  ['guest26_hz250', 'guest26', 48_200],
  ['kvm_tolerance', 'kvm_tolerance', 600],
  ['layout', 'layout', 30],
  ['muldiv64', 'muldiv64', 2400],
  ['nested_tsc', 'nested_tsc', 400],
  ['pvclock_read', 'pvclock_read', 2000],
  ['pvclock_seq', 'pvclock_seq', 1500],
  ['scale', 'scale', 2200],
  ['scale_delta', 'scale_delta', 5200],
  ['tb', 'tb', 2600],
  ['tscratio', 'tscratio', 2200],
  ['wallclock', 'wallclock', 600],
  ['xen_calib', 'xen_calib', 1600],
  ['xen_set_timer_op', 'xen_set_timer_op', 400],
  ['xen_settime', 'xen_settime', 600],
  ['xen_tscinfo', 'xen_tscinfo', 1000],
] as const

test.each(FILES)('%s: a %s of %i rows, all as the core computes them', async (name, kind, rows) => {
  const { code, stdout, stderr } = await execute(['math', 'verify', pathOf(name), '--json'])
  const told = JSON.parse(stdout) as Told
  noteReplay(name, told.rows, told.mismatches)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(told).toEqual({
    rows,
    mismatches: 0,
    first_mismatches: [],
    files: [{ file: pathOf(name), kind, rows, mismatches: 0 }],
  })
})

test('every kind that is known has a recording here', () => {
  expect(recordingKinds.map(({ name }) => name).sort()).toEqual(
    [...new Set(FILES.map(([, kind]) => kind))].sort(),
  )
})

test('several files at once, as text of at most 80 columns', async () => {
  const { code, stdout } = await execute(['math', 'verify', ...['dec', 'layout', 'tb'].map(pathOf)])
  expect(code).toBe(0)
  expect(stdout).toContain('dec: 800 rows, 0 mismatches')
  expect(stdout).toContain('3 files: 3430 rows, 0 mismatches')
})

describe.each(rowKinds.map((kind) => [kind.name, kind] as const))('%s', (name, kind) => {
  const table = tableOf(name)
  const header = table[0]!
  const results = [...kind.results, ...(kind.conditional ?? [])]

  test('a wrong value in any column of results is found and told', async () => {
    // One row after another with the next column off by one; not in rows in which that column does not count.
    const wrong = table.map((row) => [...row])
    const told: { row: number; column: string; expected: string; got: string }[] = []
    const always = kind.unless === undefined ? null : header.indexOf(kind.unless)
    let row = 7
    for (const [column] of results) {
      while (always !== null && wrong[row]![always] !== '0') row++
      if (column === kind.unless) {
        row++
        continue
      }
      const index = header.indexOf(column)
      const right = BigInt(wrong[row]![index]!)
      const other = right > 0n ? right - 1n : right + 1n
      wrong[row]![index] = `${other}`
      told.push({ row, column, expected: `${other}`, got: `${right}` })
      row++
    }
    const { code, told: got } = await verify(textOf(wrong))
    expect(code).toBe(1)
    expect(got.mismatches).toBe(told.length)
    expect(got.rows).toBe(table.length - 1)
    const first = told.slice(0, 5)
    expect(got.first_mismatches).toEqual(
      first.map((one) => ({
        ...one,
        file: join(folder, 'mine.csv'),
        line: one.row + 1,
        text: wrong[one.row]!.join(','),
      })),
    )
  })

  test('columns in another order, with unknown ones between', async () => {
    const order = header.map((_, i) => i).reverse()
    const others = ['"a, b ""c"""', 'x y', '']
    const shuffled = table.map((row, i) => [
      i === 0 ? 'who' : others[i % 3]!,
      ...order.map((index) => row[index]!),
      i === 0 ? 'when' : others[(i + 1) % 3]!,
    ])
    const { code, told } = await verify(textOf(shuffled))
    expect(code).toBe(0)
    expect([told.rows, told.mismatches]).toEqual([table.length - 1, 0])
  })

  test('without one of its columns it is refused, and the column is named', async () => {
    for (const [column] of [...kind.inputs, ...results]) {
      const index = header.indexOf(column)
      const without = table.slice(0, 3).map((row) => row.filter((_, i) => i !== index))
      const { code, stderr } = await verify(textOf(without))
      expect(code).toBe(2)
      expect(stderr).toContain(`chronovisor: @/mine.csv:1: a header like that of ${name}, without ${column}`)
    }
  })
})

test('a row that differs in many columns is one mismatch, told with all of them', async () => {
  const table = tableOf('scale')
  table[40]![0] = `${BigInt(table[40]![0]!) * 3n}`
  const { code, told } = await verify(textOf(table))
  expect(code).toBe(1)
  expect(told.mismatches).toBe(1)
  expect(told.first_mismatches.length).toBeGreaterThan(3)
  expect(new Set(told.first_mismatches.map(({ row }) => row))).toEqual(new Set([40]))
})

test('signed results are told as they are recorded', async () => {
  const header = 'delta,mul,shift,linux_x86_64_ns,linux_i386_ns,xen_ns,qemu_ns,generic_c32_ns'
  const same = await verify(
    `${header}\n18446744073709551615,4294967295,0,-4294967297,-4294967297,${`${2n ** 64n - 4294967297n},`.repeat(3).slice(0, -1)}\n`,
  )
  expect([same.code, same.told.mismatches]).toEqual([0, 0])
  const calib = tableOf('xen_calib')
  const shift = calib[0]!.indexOf('new_shift')
  calib[1]![shift] = '5'
  const { told } = await verify(textOf(calib))
  expect(told.first_mismatches).toMatchObject([{ column: 'new_shift', expected: '5', got: '-1' }])
})

describe('the form of a file', () => {
  const table = tableOf('dec')
  const text = textOf(table)

  test.each([
    ['no line feed at its end', text.trimEnd()],
    ['lines of Windows', text.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${text}`],
    ['quotes around everything', textOf(table.map((row) => row.map((field) => `"${field}"`)))],
    ['empty lines', text.replaceAll('\n', '\n\n')],
  ])('%s', async (_, content) => {
    const { code, told } = await verify(content)
    expect([code, told.rows, told.mismatches]).toEqual([0, 800, 0])
  })

  test('gzip is known by its first bytes, whatever the name', async () => {
    const packed = await verify(gzipSync(text), 'plain.csv')
    expect([packed.code, packed.told.rows]).toEqual([0, 800])
    const plain = await verify(text, 'not-packed.csv.gz')
    expect([plain.code, plain.told.rows]).toEqual([0, 800])
    const members = await verify(Buffer.concat([gzipSync(text.slice(0, 5000)), gzipSync(text.slice(5000))]))
    expect([members.code, members.told.rows]).toEqual([0, 800])
  })

  test('gzip that is cut off or damaged', async () => {
    const packed = gzipSync(text)
    const cut = await verify(packed.subarray(0, packed.length - 100))
    expect([cut.code, cut.stderr]).toEqual([
      2,
      'chronovisor: @/mine.csv: the gzip data is damaged or cut off: unexpected end of file\n',
    ])
    const damaged = Buffer.from(packed)
    damaged.fill(0xff, 200, 260)
    const bad = await verify(damaged)
    expect(bad.code).toBe(2)
    expect(bad.stderr).toMatch(/^chronovisor: @\/mine\.csv: the gzip data is damaged or cut off: .+\n$/)
  })

  const row = table[1]!.join(',')
  const header = table[0]!.join(',')
  test.each([
    ['', 'the file is empty; expected a header line of CSV'],
    ['a,b,c', '1: unknown header "a,b,c"; expected the columns of one of scale, scale_delta,'],
    [`${header},ns,freq_hz\n`, '1: the column freq_hz is there twice; expected once'],
    [`${header}\n${row}\n1,2\n`, '3: has fewer fields than the header'],
    [`${header}\n${row},5\n`, '2: has more fields than the header'],
    [
      `${header}\n\n${row}\n${row.replace(/^\d+/, '0x10')}\n`,
      '4: freq_hz: "0x10"; expected a decimal number from 0 to 18446744073709551615',
    ],
    [
      `${header}\n${row.replace(/^\d+/, '18446744073709551616')}\n`,
      '2: freq_hz: "18446744073709551616"; expected',
    ],
    [
      `${header}\n${row.replace(/^(\d+,\d+),\d+/, '$1,4294967296')}\n`,
      '2: dec_value_u32: "4294967296"; expected a decimal number from 0 to 4294967295',
    ],
    [`${header}\n${row.replace(/^\d+/, '-1')}\n`, '2: freq_hz: "-1"; expected'],
    ['x'.repeat(3_000_000), 'a line of more than 1048576 bytes'],
  ])('refused: %.40s', async (content, why) => {
    const { code, stderr } = await verify(content)
    expect(code).toBe(2)
    expect(stderr).toContain(
      `chronovisor: @/mine.csv:${why.startsWith('the') || why.startsWith('a ') ? ' ' : ''}${why}`,
    )
    expect(stderr).toMatch(/^[^\n]+\n$/)
  })

  test('only a header: no rows, none wrong', async () => {
    const { code, told } = await verify(header)
    expect([code, told.rows, told.mismatches]).toEqual([0, 0, 0])
  })

  test('a file that is not there, and a folder', async () => {
    for (const path of [join(folder, 'absent.csv'), folder]) {
      const { code, stdout, stderr } = await execute(['math', 'verify', pathOf('dec'), path])
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^chronovisor: (ENOENT|EISDIR)[^\n]+\n$/)
    }
  })

  test('files of many blocks: rows and lines are counted through', async () => {
    const body = table.slice(1)
    const many = [table[0]!, ...Array.from({ length: 100 }, () => body).flat()].map((fields) =>
      fields.join(','),
    )
    const at = 70_001
    many[at] = many[at]!.replace(/\d+$/, '77')
    const empty = [...many.slice(0, 50_000), '', '', ...many.slice(50_000)]
    for (const content of [`${empty.join('\n')}\n`, gzipSync(empty.join('\r\n'))]) {
      const { code, told } = await verify(content)
      expect([code, told.rows, told.mismatches]).toEqual([1, 80_000, 1])
      expect(told.first_mismatches).toMatchObject([
        { row: at, line: at + 3, column: 'decr_read_booke_u32', expected: '77' },
      ])
      expect(told.first_mismatches[0]!.text).toBe(many[at])
    }
  })
})

describe('sequences of guarded reads', () => {
  test('go on over blocks, and begin anew with each seq', async () => {
    const [header, ...rows] = tableOf('pvclock_seq')
    const seq = header!.indexOf('seq')
    // Recordings after another, their numbers apart by multiples of five, as the rule of step 18 counts.
    const many = Array.from({ length: 30 }, (_, i) =>
      rows.map((row) => row.map((field, index) => (index === seq ? `${Number(field) + 1000 * i}` : field))),
    ).flat()
    const { code, told } = await verify(textOf([header!, ...many]))
    expect([code, told.rows, told.mismatches]).toEqual([0, 45_000, 0])
    // Without the first reading of a sequence there is no last value to hold the second one back.
    const clamped = rows.findIndex(
      (row, i) => i > 0 && row[header!.indexOf('ret_ns')] === rows[i - 1]![header!.indexOf('ret_ns')],
    )
    const without = [header!, ...rows.slice(clamped)]
    expect((await verify(textOf(without))).told.mismatches).toBeGreaterThan(0)
  })
})

describe('recordings of a guest', () => {
  const [header, ...rows] = tableOf('guest26_hz250')
  const one = rows.filter((row) => row[0] === '2')
  const at = (column: string) => header!.indexOf(column)

  test('each column of its state is compared', async () => {
    const columns = [...header!.slice(at('jiffies_rel'), at('backwards_warnings') + 1), 'result']
    const wrong = one.map((row) => [...row])
    let place = 200
    const told = columns.map((column) => {
      if (column === 'result') place = wrong.findIndex((row, i) => i > place && row[at('op')] === 'GTOD')
      place++
      const row = column === 'result' ? place - 1 : place
      const field = wrong[row]![at(column)]!
      wrong[row]![at(column)] = column === 'result' ? field.replace(/\d$/, 'x') : `${BigInt(field) + 1n}`
      return { row: row + 1, column, expected: wrong[row]![at(column)]!, got: field }
    })
    const { code, told: got } = await verify(textOf([header!, ...wrong]))
    expect(code).toBe(1)
    expect(got.mismatches).toBe(columns.length)
    expect(
      got.first_mismatches.map(({ row, column, expected, got }) => ({ row, column, expected, got })),
    ).toEqual(told.slice(0, 5))
  })

  test('a process that has not woken where the recording says so', async () => {
    const woke = one.findIndex((row) => row[at('op')] === 'WOKE')
    const early = [...one.slice(0, 100), one[woke]!, ...one.slice(100)]
    const { told } = await verify(textOf([header!, ...early]))
    expect(told.first_mismatches).toContainEqual(
      expect.objectContaining({ row: 101, column: 'op', expected: 'WOKE', got: 'still asleep' }),
    )
  })

  test('columns in another order, gzip, and the HZ that the rows show', async () => {
    const order = header!.map((_, i) => i).reverse()
    const shuffled = [header!, ...one].map((row) => order.map((i) => row[i]!))
    const { code, told } = await verify(gzipSync(textOf(shuffled)))
    expect([code, told.rows, told.mismatches]).toEqual([0, one.length, 0])
  })

  test.each([
    [(row: string[]) => (row[at('op')] = 'JUMP'), 'op: "JUMP"; expected one of PAGE, WC,'],
    [(row: string[]) => (row[at('tsc')] = '1.5'), 'tsc: "1.5"; expected a decimal integer of 64 bits'],
    [
      (row: string[]) => {
        row[at('op')] = 'JIFFIES_TO_ST'
        row[at('result')] = 'st=5'
      },
      'result: "st=5"; expected j_minus_jiffies=…;st=…',
    ],
    [(row: string[]) => row.pop(), 'has fewer fields than the header'],
    [(row: string[]) => row.push('1'), 'has more fields than the header'],
  ])('refused: %s', async (change, why) => {
    const rows = one.slice(0, 300).map((row) => [...row])
    change(rows[250]!)
    const { code, stderr } = await verify(textOf([header!, ...rows]))
    expect(code).toBe(2)
    expect(stderr).toContain(`@/mine.csv:252: ${why}`)
  })

  test('quoted, with Windows’ line ends, over many blocks: each scenario a guest of its own', async () => {
    const several = rows.filter((row) => Number(row[0]) < 3)
    const copies = 4
    const many = Array.from({ length: copies }, () => several).flat()
    const quoted = many.map((row) => row.map((field) => `"${field}"`))
    const { code, told } = await verify([header!, ...quoted].map((row) => row.join(',')).join('\r\n'))
    expect([code, told.rows, told.mismatches]).toEqual([0, copies * several.length, 0])
    // The rows of one guest after another's: it is another kernel, and it has not booted.
    const mixed = [...several.filter((row) => row[0] === '0'), ...one.slice(100)]
    const unbooted = await verify(textOf([header!, ...mixed]))
    expect(unbooted.code).toBe(2)
    expect(unbooted.stderr).toContain('op: "TICK"; expected INIT before it: this guest has not booted')
  })

  test('what the kernel would have told instead', async () => {
    const wrong = rows.map((row) => [...row])
    const asked = wrong.find((row) => row[at('op')] === 'JIFFIES_TO_ST')!
    const slept = wrong.find((row) => row[at('op')] === 'NANOSLEEP_2S')!
    const given = [asked, slept].map((row) => row[at('result')]!)
    asked[at('result')] += '0'
    slept[at('result')] = ''
    const { told } = await verify(textOf([header!, ...wrong]))
    expect(told.first_mismatches.map(({ got }) => got).sort()).toEqual([...given].sort())
  })

  test('rows without a tick do not show the HZ', async () => {
    const { code, stderr } = await verify(textOf([header!, ...one.filter((row) => row[at('op')] !== 'TICK')]))
    expect(code).toBe(2)
    expect(stderr).toContain('no row shows the kernel’s HZ')
  })
})

describe('the small tables', () => {
  test('a wrong offset, and a structure that nobody knows', async () => {
    const table = tableOf('layout')
    table[3]![2] = '9'
    const { code, told } = await verify(textOf(table))
    expect(code).toBe(1)
    expect(told.first_mismatches).toMatchObject([{ row: 3, column: 'x86_32_bytes', expected: '9', got: '8' }])
    table[3]![0] = 'vti_color'
    expect((await verify(textOf(table))).stderr).toContain(
      '4: item: "vti_color"; expected one of sizeof_vcpu_time_info,',
    )
  })

  test('each figure of drift, with what a double takes from a year', async () => {
    const table = tableOf('drift')
    const header = table[0]!
    for (const [index, column] of header.entries()) {
      if (column === 'freq_hz') continue
      const wrong = table.map((row) => [...row])
      wrong[1]![index] = column.startsWith('us_slow') ? '2079.411' : `1${wrong[1]![index]}`
      const { code, told } = await verify(textOf(wrong))
      expect([code, told.mismatches]).toEqual([1, 1])
      expect(told.first_mismatches[0]).toMatchObject({ row: 1, column, expected: wrong[1]![index] })
    }
    const exact = table.map((row) => row.map((field) => (field === '2939.032' ? '2939.031' : field)))
    expect((await verify(textOf(exact))).code).toBe(0)
  })

  test('a frequency that hangs the real functions', async () => {
    const table = tableOf('drift')
    table[2]![0] = '0'
    const { code, stderr } = await verify(textOf(table))
    expect(code).toBe(2)
    expect(stderr).toContain('@/mine.csv:3: freq_hz: "0"; expected a frequency; 0 Hz: Xen’s set_time_scale')
  })
})
