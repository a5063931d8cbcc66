import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listLibrary } from '../../src/scenario/library.js'
import { SCENARIO } from '../trace/fixture.js'
import { execute } from './execute.js'

const folder = mkdtempSync(join(tmpdir(), 'exports-'))
const at = (name: string) => join(folder, name)
const traced = at('traced.yaml')
writeFileSync(traced, SCENARIO)

describe('run --trace and --plot FILE', () => {
  it('writes what is asked for, says so on stderr, and prints what it always prints', async () => {
    const plain = await execute(['run', traced])
    const told = await execute(['run', traced, '--plot', at('a.svg'), '--trace', at('a.perfetto-trace')])
    expect(told.stdout).toBe(plain.stdout)
    expect(told.code).toBe(plain.code)
    expect(told.stderr).toMatch(/^trace: .*a\.perfetto-trace, \d+ KiB\nplot: .*a\.svg, \d+ KiB\n$/)
    expect(readFileSync(at('a.svg'), 'utf8')).toMatch(/^<svg .*<\/svg>$/s)
    expect(existsSync(at('a.perfetto-trace'))).toBe(true)
  })

  it('takes what is no picture for a scenario: --plot NAME plots in the terminal', async () => {
    const { stdout } = await execute(['run', '--plot', traced])
    expect(stdout).toContain('clocks minus true time')
  })

  it.each([
    [['--trace', at('a.json')], /expected a name that ends in .perfetto-trace, .vcd, .csv, .parquet/],
    [['--trace', at('none/a.csv')], /a\.csv: it cannot be written \(ENOENT.*expected a file name/],
    [['--plot', at('none/a.svg')], /a\.svg: it cannot be written/],
    [
      ['--trace', at('folder.csv')],
      /folder\.csv: it cannot be written \(there is something of that name that is not a regular file/,
    ],
    [['--junit', at('none/a.xml')], /a\.xml: it cannot be written/],
    [['--tap', '--json'], /--json and --tap both go to stdout/],
    [['--all'], /--all and ".*traced.yaml"; expected one of the two/],
    [['xen-good-lower', '--trace', at('a.csv')], /of one run; expected one scenario/],
  ])('refuses %j in one line, with status 2 and nothing on stdout', async (options, message) => {
    mkdirSync(at('folder.csv'), { recursive: true })
    const { code, stdout, stderr } = await execute(['run', traced, ...options])
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^chronovisor: /)
    expect([code, stdout]).toEqual([2, ''])
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('refuses a run of nothing', async () => {
    const { code, stderr } = await execute(['run'])
    expect([code, stderr]).toEqual([
      2,
      'chronovisor: no scenario; expected a name that `chronovisor list` shows, a path, or --all\n',
    ])
  })
})

describe('run of several', () => {
  const two = ['xen-1282-stale-lower', 'xen-good-lower']

  it('has a line for each, and fails if one does', async () => {
    const { code, stdout } = await execute(['run', ...two])
    expect(code).toBe(1)
    expect(stdout).toBe(
      [
        '  ✗ xen-1282-stale-lower',
        '      jump, stall, late-wake, wall-error (as the scenario expects)',
        '  ✓ xen-good-lower',
        '',
        'FAIL: 1 of 2 scenarios hold; 1 fail',
        '',
      ].join('\n'),
    )
  })

  it('holds with --expected if each ends as it says', async () => {
    const { code, stdout } = await execute(['run', ...two, '--expected'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/PASS: 2 of 2 scenarios hold, of them 1 that fails as expected\n$/)
    expect((await execute(['run', two[0]!, '--expected'])).code).toBe(0)
    expect((await execute(['run', two[0]!])).code).toBe(1)
  })

  it('is one JSON document, one TAP stream, one JUnit file', async () => {
    const json = await execute(['run', ...two, '--json', '--junit', at('two.xml')])
    const { held, runs } = JSON.parse(json.stdout)
    expect([held, runs.map((run: { scenario: string }) => run.scenario)]).toEqual([false, two])
    expect(readFileSync(at('two.xml'), 'utf8').match(/<testsuite /g)).toHaveLength(2)
    const tap = await execute(['run', ...two, '--tap'])
    expect(tap.stdout).toMatch(/^TAP version 14\n1\.\.2\n/)
    expect(tap.code).toBe(1)
  })

  it('runs what the library has for the system of a policy, as that hypervisor’s CI does', async () => {
    const file = at('all.xml')
    const { code, stdout } = await execute(['run', '--all', '--policy', 'xen-today', '--junit', file])
    const xen = listLibrary().filter(({ system }) => system === 'xen')
    expect(stdout.match(/^ {2}[✓✗] \S+$/gm)!.map((line) => line.slice(4))).toEqual(
      xen.map(({ name }) => name),
    )
    const xml = readFileSync(file, 'utf8')
    expect(xml.match(/<testsuite /g)).toHaveLength(xen.length)
    expect(xml.match(/name="policy" value="xen-today"/g)).toHaveLength(xen.length)
    expect(code).toBe(xml.includes('<failure') ? 1 : 0)
  })
})

describe('report', () => {
  it('is Markdown on stdout, and ends with 0 whatever it says', async () => {
    const { code, stdout } = await execute(['report', traced, '--policies', 'xen-2008,xen-today'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^# traced\n/)
    expect(stdout).toContain('| check | xen-2008 | xen-today |')
  })

  it('is written to a file, by its name', async () => {
    const { stdout, stderr } = await execute([
      'report',
      traced,
      '--policies',
      'xen-today',
      '-o',
      at('r.html'),
    ])
    expect([stdout, stderr]).toEqual(['', expect.stringMatching(/^report: .*r\.html, \d+ KiB\n$/)])
    expect(readFileSync(at('r.html'), 'utf8')).toMatch(/^<!doctype html>/)
    const wrong = await execute(['report', traced, '-o', at('r.pdf')])
    expect([wrong.code, wrong.stdout]).toEqual([2, ''])
    expect(wrong.stderr).toMatch(/r\.pdf"; expected a name that ends in \.html or \.md\n$/)
  })
})
