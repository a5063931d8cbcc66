/** The bench measures what it says. No time is looked at but that it is one. */
import { afterAll, describe, expect, it } from 'vitest'
import { compareReports, reportText, runBench } from '../../src/bench/index.js'
import { machineSuites } from '../../src/bench/machine-cases.js'
import { type Case, measureCases } from '../../src/bench/measure.js'
import { Native } from '../../src/bench/native.js'
import { benchReport } from '../../src/bench/report.js'
import { snapshotSuites } from '../../src/bench/snapshot-cases.js'
import { plain } from '../../src/report/style.js'

const native = new Native()
const snapshots = snapshotSuites()
afterAll(() => {
  native.close()
  snapshots.close()
})

// Making these cases computes both sides and throws where they differ.
it('machines and snapshots have their peers beside them', () => {
  const cases = [...machineSuites(native), ...snapshots.cases]
  expect(cases.map(({ id, peers }) => [id, ...peers.map(({ name }) => name)])).toEqual([
    ['kernel-ticks', 'C', 'BigInt'],
    ['events', 'BigInt'],
    ['idle', 'BigInt'],
    ['idle-hour', 'BigInt'],
    ['call-number', 'Node'],
    ['call-bigint', 'Node'],
    ['snapshot-save', 'Node'],
    ['snapshot-load', 'Node'],
    ['snapshot-land', 'Node'],
    ['state-hash', 'Node'],
  ])
})

describe('rounds', () => {
  const order: string[] = []
  const one = (id: string, full: number, native: number | null): Case => ({
    suite: 's',
    id,
    title: id,
    unit: 'thing',
    rounds: { full, quick: 1 },
    core: () => {
      order.push(id)
      return 3
    },
    peers: [
      {
        name: 'C',
        title: null,
        goal: { at_most: 2 },
        time: () => {
          order.push(`${id} in C`)
          return native
        },
      },
      { name: 'BigInt', title: null, goal: { times_as_fast: 40 }, time: () => 90 },
    ],
  })

  it('are taken in turns, and a case of fewer rounds has them spread', () => {
    order.length = 0
    const results = measureCases([one('a', 4, 2), one('b', 2, 2)], false, () => {})
    expect(order.join(' ')).toBe('a b a in C a a in C a b in C b a in C a a in C a b in C b')
    expect(results.map(({ times_ns }) => times_ns.length)).toEqual([4, 2])
  })

  it('give ratios and say whether goals are met', () => {
    const [result] = measureCases([one('a', 3, 1)], false, () => {})
    expect(result!.peers).toMatchObject([
      { name: 'C', ratio: { least: 3, median: 3, low: 3, high: 3 }, met: false },
      { name: 'BigInt', ratio: { median: 0.033333 }, met: false },
    ])
  })

  it('leave out a peer that is not there', () => {
    const [result] = measureCases([one('a', 3, null)], true, () => {})
    expect(result!.peers.map(({ name }) => name)).toEqual(['BigInt'])
  })
})

it('a report is read back as it was, and fits 80 columns', () => {
  const seen: number[] = []
  const report = runBench({ only: ['scale', 'call-number'], quick: true, onProgress: (n) => seen.push(n) })
  expect(report.results.map(({ id }) => id)).toEqual([
    'scale-each',
    'scale-chain',
    'scale-batch',
    'call-number',
  ])
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  expect(benchReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report)
  const text = reportText(report, plain)
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(text).toContain('scale_delta in a chain')
  expect(compareReports(report, report).changes.map(({ verdict }) => verdict)).toEqual(Array(4).fill('same'))
})
