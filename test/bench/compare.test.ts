/** Comparing stored results: what is noise and what is a change. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { compareReports, LEAST_CHANGE, readReport, regressed } from '../../src/bench/compare.js'
import type { BenchReport } from '../../src/bench/report.js'
import { median, medianInterval } from '../../src/bench/statistics.js'
import { execute } from '../cli/execute.js'

const stored = (name: string) => fileURLToPath(new URL(`../data/bench/${name}.json`, import.meta.url))
const [before, again, slower] = ['before', 'again', 'slower'].map((name) => readReport(stored(name)))
const folder = mkdtempSync(join(tmpdir(), 'chronovisor-compare-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The report with the core's times of one case taken times a factor. */
function timesFactor(report: BenchReport, id: string, factor: number): BenchReport {
  const results = report.results.map((result) =>
    result.id === id ? { ...result, times_ns: result.times_ns.map((ns) => ns * factor) } : result,
  )
  return { ...report, results }
}

const verdicts = (a: BenchReport, b: BenchReport) =>
  Object.fromEntries(compareReports(a, b).changes.map(({ id, verdict }) => [id, verdict]))

describe('statistics', () => {
  it('the median', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })

  // Of n values k lie below the median with probability C(n, k) / 2^n; both ends together at most 2 %.
  it.each([
    [1, 1, 1],
    [6, 1, 6],
    [7, 1, 7],
    [9, 1, 9],
    [10, 1, 10],
    [11, 2, 10],
    [25, 7, 19],
    [100, 38, 63],
  ])('of %d values the interval goes from the %dth to the %dth', (n, low, high) => {
    const binomial = (k: number): number => (k === 0 ? 1 : (binomial(k - 1) * (n - k + 1)) / k)
    const outside = (low: number) =>
      (2 * Array.from({ length: low }, (_, k) => binomial(k)).reduce((a, b) => a + b, 0)) / 2 ** n
    if (n >= 7) expect(outside(low)).toBeLessThanOrEqual(0.02)
    expect(outside(low + 1)).toBeGreaterThan(0.02)
    const values = Array.from({ length: n }, (_, i) => n - i)
    expect(medianInterval(values)).toEqual({ low, high })
  })
})

describe('two results', () => {
  it('of one program are the same, though medians differ by a quarter', () => {
    const comparison = compareReports(before!, again!)
    expect(Math.max(...comparison.changes.map(({ factor }) => factor))).toBeGreaterThan(1.2)
    expect(new Set(comparison.changes.map(({ verdict }) => verdict))).toEqual(new Set(['same']))
    expect(regressed(comparison)).toBe(false)
  })

  it('of a program with a slower function are not, and the other way round it is faster', () => {
    const comparison = compareReports(before!, slower!)
    expect(comparison.changes).toMatchObject([{ id: 'publishes', peer: 'C', verdict: 'slower' }])
    expect(comparison.gone).toEqual(['scale-each', 'scale-chain', 'scale-batch'])
    expect(regressed(comparison)).toBe(true)
    const back = compareReports(slower!, before!)
    expect(back.changes).toMatchObject([{ id: 'publishes', verdict: 'faster' }])
    expect(back.added).toEqual(['scale-each', 'scale-chain', 'scale-batch'])
    expect(regressed(back)).toBe(false)
  })

  it('a change below the least that counts is none, whatever the intervals', () => {
    // The chain's rounds are so much alike that 5 % are outside of the interval.
    expect(verdicts(before!, timesFactor(before!, 'scale-chain', 1.05))['scale-chain']).toBe('same')
    expect(verdicts(before!, timesFactor(before!, 'scale-chain', 1.11 + LEAST_CHANGE))['scale-chain']).toBe(
      'slower',
    )
  })

  it('a change of the median whose intervals meet is none', () => {
    expect(verdicts(again!, timesFactor(again!, 'scale-each', 1.15))['scale-each']).toBe('same')
    expect(verdicts(again!, timesFactor(again!, 'scale-each', 2))['scale-each']).toBe('slower')
  })

  it('a change that the least times do not show is none', () => {
    const one = before!.results.find(({ id }) => id === 'scale-chain')!
    const fastest = one.times_ns.indexOf(Math.min(...one.times_ns))
    const times_ns = one.times_ns.map((ns, round) => (round === fastest ? ns : ns * 1.5))
    const later = { ...before!, results: [{ ...one, times_ns }] }
    expect(verdicts(before!, later)).toEqual({ 'scale-chain': 'same' })
  })

  it('without C are compared beside BigInt, and say so', () => {
    const results = before!.results.map((result) => ({
      ...result,
      peers: result.peers.filter(({ name }) => name !== 'C'),
    }))
    const without = { ...before!, machine: { ...before!.machine, gcc: null }, results }
    const { changes, notes } = compareReports(before!, without)
    expect(new Set(changes.map(({ peer }) => peer))).toEqual(new Set(['BigInt']))
    expect(notes).toEqual([`gcc: ${before!.machine.gcc} before, none after`])
  })
})

describe('chronovisor bench --compare', () => {
  const run = (...args: string[]) => execute(['bench', '--compare', ...args])

  it('ends with 0 for noise and 1 for a regression, in 80 columns', async () => {
    const noise = await run(stored('before'), stored('again'))
    expect(noise).toMatchObject({ code: 0, stderr: '' })
    expect(noise.stdout).toContain('0 slower, 0 faster, 4 the same.')
    const worse = await run(stored('before'), stored('slower'))
    expect(worse).toMatchObject({ code: 1, stderr: '' })
    expect(worse.stdout).toMatch(/time page as Xen writes it \/ C .* slower\n/)
    const lines = (noise.stdout + worse.stdout).split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })

  it('--json is one document', async () => {
    const { code, stdout } = await run(stored('before'), stored('slower'), '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'fail', changes: [{ id: 'publishes' }] })
  })

  const file = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const cut = (change: (report: BenchReport) => unknown) => JSON.stringify(change(structuredClone(before!)))

  it.each([
    ['no file', () => join(folder, 'absent'), 'absent: ENOENT; expected a file of bench --json'],
    ['no JSON', () => file('half', '{ "format":'), 'half: Unexpected end of JSON input; expected what bench'],
    [
      'another document',
      () => file('other', '{}'),
      'other: format: Invalid input: expected "chronovisor-bench-1"',
    ],
    [
      'a time that is none',
      () =>
        file(
          'none',
          cut((report) => {
            report.results[1]!.times_ns[0] = 0
            return report
          }),
        ),
      'none: results.1.times_ns.0: Too small',
    ],
    [
      'a round that is missing',
      () =>
        file(
          'missing',
          cut((report) => {
            report.results[0]!.peers[0]!.times_ns.pop()
            return report
          }),
        ),
      'missing: scale-each: 24 rounds of C; expected 25, as many as of the core',
    ],
  ])('%s: exit status 2', async (_, path, message) => {
    const { code, stdout, stderr } = await run(stored('before'), path())
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr.split('\n')).toHaveLength(2)
  })

  it.each([
    [['--compare', 'a'], '--compare has 1 files; expected two'],
    [['--compare', 'a', 'b', '--quick'], '--compare measures nothing; expected no --only or --quick'],
    [
      ['--only', 'speed'],
      'there is no benchmark speed; expected a suite (scale, read, counter, power, publish,',
    ],
  ])('%j: exit status 2', async (args, message) => {
    const { code, stdout, stderr } = await execute(['bench', ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})
