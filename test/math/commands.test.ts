/** `chronovisor math` from the command line: what it prints, for people and for programs, and what it refuses. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { chronovisor, execute } from '../cli/execute.js'

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-math-'))
afterAll(() => rmSync(folder, { recursive: true }))

const PAGE_HEX = '02000000000000000000000000000000050000000000000055555555ff010000'
const memory = Buffer.concat([Buffer.alloc(4096, 0xee), Buffer.from(PAGE_HEX, 'hex'), Buffer.alloc(3)])
writeFileSync(join(folder, 'memory.bin'), memory)

/** Arguments in one string; `@/` stands for the folder of files. */
const math = (line: string) =>
  execute(['math', ...line.split(' ').filter(Boolean)].map((arg) => arg.replace('@', folder)))

async function json(line: string) {
  const { code, stdout, stderr } = await math(`${line} --json`)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

const COMMANDS = [
  'scale --hz 2.4GHz',
  'scale --khz 75700',
  'scale --hz 0x7fffffffffffffff',
  'scale --hz 1',
  `read --hex ${PAGE_HEX} --tsc 2^63`,
  'read --tsc-timestamp 2^63 --mul 4294967295 --shift 63 --page-version 3 --flags 3 --tsc 5',
  'ratio --host-khz 2593906 --guest-khz 2400000 --host-tsc 2^60 --wanted-tsc 7 --nested-khz 1000 --nested-offset -5',
  'ratio --host-khz 1 --guest-khz 300',
  'ratio --host-khz 2400000 --guest-khz 2147483647',
  'timebase --hz 33333333 --ns 2^60 --ticks 2^54 --dec 2^55 --bits 56 --now 2^50 --later 2^51 --tb-offset -12345678901',
  'survey --from-khz 3990000 --to-khz 4010000',
  'survey --from-khz 16000000 --to-khz 16001000',
  'survey --from-khz 1000000 --to-khz 1000000',
]

test.each(COMMANDS)('%s: at most 80 columns', async (line) => {
  const { code, stdout, stderr } = await math(line)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const wide = stdout.split('\n').filter((text) => text.length > 80)
  expect(wide).toEqual([])
  expect(stdout).toMatch(/[^\n]\n$/)
})

/** Every number in a document, with where it stands. */
function numbersIn(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, child]) => numbersIn(child, `${path}.${key}`))
}

test.each(COMMANDS)(
  '%s --json: one document, in snake_case, no number of more than 32 bits',
  async (line) => {
    const document = await json(line)
    expect(
      numbersIn(document).filter(([, number]) => !Number.isInteger(number) || number >= 2 ** 32),
    ).toEqual([])
    expect(JSON.stringify(document)).not.toMatch(/"[a-z_]*[A-Z]\w*":/)
  },
)

describe('scale', () => {
  test('for people', async () => {
    const { stdout } = await math('scale --khz 2400000')
    for (const text of [
      'TSC of 2400000000 Hz',
      'mul 3579139413, shift -1',
      'slow by 0.09313 ppb = 1/10737418240',
      '8047 ns behind after a day,',
      '86400 ns behind after a day,',
      'after 243.56 y',
      'after 4.295 s, if it multiplies',
      '2400000: right',
    ])
      expect(stdout).toContain(text)
    expect((await math('scale --hz 2.4GHz')).stdout).toBe(stdout)
    expect((await math('scale --hz 2400000000')).stdout).toBe(stdout)
  })

  test('where Xen and KVM part, and where Linux is wrong', async () => {
    const { stdout } = await math('scale --khz 200384')
    expect(stdout).toMatch(/KVM, which parts {6}mul 3442570906, shift -2/)
    expect((await math('scale --khz 4000003')).stdout).toContain('4000000: wrong by -3 kHz')
  })

  test('for programs', async () => {
    expect(await json('scale --khz 2400000')).toMatchObject({
      hz: '2400000000',
      to_ns: {
        same: true,
        xen: {
          mul: 3579139413,
          shift: -1,
          error: {
            direction: 'slow',
            fraction: { num: '1', den: '10737418240' },
            ppb: '0.0931322574615478515625',
          },
        },
      },
      drift: {
        one_page: { per_second_ns: '1', per_day_ns: '8047', per_julian_year_ns: '2939031' },
        rebased_each_second: { per_day_ns: '86400' },
        updated_each_second: { behind_ns: '1', per_day_ns: '0' },
      },
      horizons: { left_shift: null, tsc_wrap: { ticks: '18446744073709551616', years: '243.559185' } },
      pvclock_tsc_khz: { khz: '2400000', true_khz: '2400000', wrong: false, difference_khz: '0' },
    })
  })
})

describe('read', () => {
  test('the same page as fields, as hex and out of a file', async () => {
    const forms = [
      `--hex ${PAGE_HEX}`,
      `--hex 0x${PAGE_HEX.toUpperCase()}`,
      '--file @/memory.bin --offset 4096',
      '--file @/memory.bin --offset 0x1000',
      '--tsc-timestamp 0 --system-time 5 --mul 1431655765 --shift -1 --flags 1',
    ]
    const [first, ...others] = await Promise.all(
      [json(`read ${forms[0]} --tsc 12`)].concat(forms.slice(1).map((form) => json(`read ${form} --tsc 12`))),
    )
    expect(first).toMatchObject({
      page: { version: 2, tsc_timestamp: '0', tsc_to_system_mul: 1431655765, tsc_shift: -1 },
    })
    expect(first).toMatchObject({
      delta: '12',
      shifted: '6',
      product: '8589934590',
      scaled_ns: '1',
      ns: '6',
      whole: true,
    })
    for (const other of others) expect(other).toEqual(first)
  })

  test('for people: the steps, and why a reader is wrong', async () => {
    const { stdout } = await math(
      'read --tsc-timestamp 10 --mul 3579139413 --shift -1 --page-version 7 --tsc 9',
    )
    for (const text of [
      '7: odd, a writer is at work',
      '18446744073709551615: the TSC is behind the stamp',
      '9223372036854775807',
      'the difference has its top bit set',
      'the version is odd',
      'what is above 64 is lost',
    ])
      expect(stdout.replace(/\s+/g, ' ')).toContain(text)
  })
})

test('ratio: what fits only one width says so, and what KVM does', async () => {
  const { code, stdout } = await math('ratio --host-khz 1 --guest-khz 300')
  expect(code).toBe(0)
  expect(stdout).toContain('ratio                 84442493013196800')
  expect(stdout).toContain('refused               the ratio of 300 to 1 kHz does not fit')
  const { ratios } = await json('ratio --host-khz 2400000 --guest-khz 2400600')
  expect(ratios.map((one: { fraction_bits: number }) => one.fraction_bits)).toEqual([48, 32])
  expect(ratios[0].kvm).toMatchObject({
    scales: false,
    unscaled_from_khz: '2399400',
    unscaled_to_khz: '2400600',
    ratio: '281474976710656',
    page: { khz: '2400000', tsc_to_system_mul: 3579139413, tsc_shift: -1 },
  })
  expect((await json('ratio --host-khz 5 --guest-khz 5 --bits 32')).ratios).toHaveLength(1)
})

test('timebase: only what was asked for', async () => {
  const bare = await json('timebase --hz 512MHz')
  expect(bare).toMatchObject({ hz: '512000000', ns: null, ticks: null, dec: null, offset: null })
  expect(bare.horizons.tbl_wrap).toMatchObject({ ticks: '4294967296', seconds: '8.388608' })
  const full = await json('timebase --khz 512000 --ns 1000 --ticks 512 --dec 0x7fffffff --tb-offset 1')
  expect(full).toMatchObject({
    ns: { ns: '1000', qemu_ticks: '512' },
    ticks: { ticks: '512', qemu_ns: '1000', linux_ns: '1000', linux_behind_ns: '0' },
    dec: { bits: 32, next_tick: '2147483647', expires_ns: '4194303999', read: '2147483647', negative: false },
    offset: { asked: '1', kvm: '16777216', ahead_ticks: '16777215', ahead_ns: '32767998' },
  })
})

test('survey: figures and a picture', async () => {
  const { stdout } = await math('survey --from-khz 1999000 --to-khz 2001000')
  expect(stdout).toContain('2001 frequencies, 1999000 to 2001000 kHz')
  expect(stdout).toContain('2000, the worst by 4.638e-10 at 1999752 kHz')
  expect(stdout).toContain('wrong for 500, by up to 1 kHz, first at 2000001 kHz')
  expect(stdout.match(/[\u2801-\u28ff]/g)!.length).toBeGreaterThan(200)
  // Above 2 GHz errors are at most half as large: the picture's upper right is empty.
  const rows = stdout.split('\n').filter((line) => line.includes('┤'))
  expect(rows).toHaveLength(12)
  expect(rows.slice(0, 5).every((row) => row.slice(48).trim() === '')).toBe(true)
  const document = await json('survey --from-khz 1999000 --to-khz 2001000')
  expect(document).toMatchObject({
    frequencies: '2001',
    exact: '1',
    slow: { count: '2000', worst: { khz: '1999752' } },
    fast: { count: '0', worst: null },
    pvclock_tsc_khz: { wrong: '500', furthest_khz: '1', furthest_at_khz: '2000001' },
  })
})

test('verify: a mismatch in a process of its own ends with 1', async () => {
  const header = 'a,b,c,muldiv64,muldiv64_round_up,fallback_down,fallback_up'
  writeFileSync(join(folder, 'mine.csv'), `${header}\n7,3,2,10,11,10,11\n7,3,2,10,11,10,12\n`)
  const { code, stdout, stderr } = await chronovisor(['math', 'verify', join(folder, 'mine.csv')])
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
  expect(stdout).toBe(
    [
      `✗ ${join(folder, 'mine.csv')}`,
      '  muldiv64: 2 rows, 1 mismatch',
      '  row 2, line 3',
      '    fallback_up: expected 12, got 11',
      '      7,3,2,10,11,10,12',
      '',
    ].join('\n'),
  )
})

test('export: to stdout, and --json is a language', async () => {
  const { stdout } = await math('export --lang rust --kind dec --count 3 --seed 9')
  expect(stdout).toContain('pub static DEC: [Dec; 3]')
  expect((await math('export --lang json --count 2')).stdout).toBe(
    (await math('export --json --count 2')).stdout,
  )
})

test.each(['', 'scale', 'read', 'ratio', 'timebase', 'verify', 'survey', 'export'])(
  'math %s --help: an example',
  async (name) => {
    const { code, stdout, stderr } = await math(`${name} --help`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`\nExample:\n  $ chronovisor math ${name}`)
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
  },
)

test.each([
  ['scale', 'no frequency; expected --hz N or --khz N'],
  ['scale --hz 1 --khz 1', '--hz and --khz at once'],
  ['scale --hz 0', '0 Hz: Xen’s set_time_scale and KVM’s kvm_get_time_scale never return'],
  ['scale --khz 0', '0 Hz'],
  ['scale --hz 2^63', '9223372036854775808 Hz: from 2^63 on'],
  ['scale --hz 2^64', 'expected a number from 0 to 18446744073709551615'],
  ['scale --hz 99999999999999999999999', 'expected a number from 0 to 18446744073709551615'],
  ['scale --hz -1', 'expected a number from 0'],
  ['scale --hz 1.5', 'the number "1.5"; expected a whole number such as'],
  ['scale --hz 2.4GB', 'unknown unit "GB"'],
  ['scale --khz 2.4GHz', 'the number "2.4GHz"'],
  ['scale --hz', "option '--hz <n>' argument missing"],
  ['scale 5', 'too many arguments'],
  ['read --tsc 1', 'expected the page in one form'],
  [`read --hex ${PAGE_HEX} --mul 1 --tsc 1`, 'expected the page in one form'],
  [`read --hex ${PAGE_HEX}`, 'no --tsc N'],
  ['read --hex 00ff --tsc 1', '4 characters of hex; expected 64 digits'],
  [`read --hex ${PAGE_HEX.replace('5', 'g')} --tsc 1`, 'expected 64 digits'],
  [`read --hex ${PAGE_HEX} --offset 5 --tsc 1`, '--offset without --file'],
  ['read --mul 1 --shift 0 --tsc 1', 'no --tsc-timestamp N'],
  ['read --tsc-timestamp 0 --mul 0 --shift 0 --tsc 1', 'tsc_to_system_mul is 0'],
  ['read --tsc-timestamp 0 --mul 1 --shift 64 --tsc 1', 'tsc_shift 64'],
  ['read --tsc-timestamp 0 --mul 2^32 --shift 0 --tsc 1', 'tsc_to_system_mul 4294967296'],
  ['read --file @/memory.bin --offset 4100 --tsc 1', 'has 4131 bytes; expected 32 from 4100 on'],
  ['read --file @/absent --tsc 1', 'ENOENT'],
  ['ratio --host-khz 5', 'no --guest-khz N'],
  ['ratio --host-khz 0 --guest-khz 5', '0 kHz for the host'],
  ['ratio --host-khz 5 --guest-khz 0', '0 kHz for the guest'],
  ['ratio --host-khz 1 --guest-khz 70000', 'with 48 fraction bits a ratio is at least 2^-48 and below 65536'],
  [
    'ratio --host-khz 1 --guest-khz 300 --bits 32',
    'with 32 fraction bits a ratio is at least 2^-32 and below 256',
  ],
  ['ratio --host-khz 1 --guest-khz 1 --bits 40', '"40" fraction bits; expected 48 (VMX) or 32 (SVM)'],
  ['ratio --host-khz 1 --guest-khz 1 --nested-offset 4', '--nested-offset without --nested-khz'],
  ['timebase', 'no frequency'],
  ['timebase --hz 0', '0 Hz: Linux and QEMU divide by'],
  ['timebase --hz 2^32', 'would use 0'],
  ['timebase --hz 5 --ticks 2^63', 'more ns than 64 bits hold'],
  ['timebase --hz 2^31 --ns 2^63', 'more ticks than 64 bits hold'],
  ['timebase --hz 5 --now 5', '--now without --dec'],
  ['timebase --hz 5 --dec 5 --bits 64', 'a decrementer of "64" bits; expected 32 or 56'],
  ['timebase --hz 5 --dec 5 --now 5 --later 4', 'is before now'],
  ['survey --from-khz 0', 'the range 0 to 6000000 kHz'],
  ['survey --to-khz 2^32', 'the range 10000 to 4294967296 kHz'],
  ['verify', "missing required argument 'file'"],
  ['export', 'no language; expected --lang c, rust or json'],
  ['export --lang ada', 'the language "ada"; expected c, rust, json'],
  ['export --lang c --kind all', 'the kind "all"; expected scale, read,'],
  ['export --lang c --json', '--json and --lang c at once'],
  ['export --lang c --count 0', '0 rows; expected 1 to 100000'],
  ['export --lang c --count -1', 'the number -1; expected 0 to'],
  ['export --lang c --seed x', 'the seed "x"'],
  ['scael', "unknown command 'scael' (Did you mean scale?)"],
])('refused with 2 and one line: math %s', async (line, why) => {
  const { code, stdout, stderr } = await math(line)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(why)
  expect(stderr).toMatch(/^chronovisor: [^\n]+\n$/)
})

test('math without a command: the help, on stderr', async () => {
  const { code, stdout, stderr } = await math('')
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^Usage: chronovisor math/)
})
