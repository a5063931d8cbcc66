import { describe, expect, it } from 'vitest'
import { type Column, compareJson, compareLines } from '../../src/report/compare.js'
import { outcomeOf } from '../../src/report/outcome.js'
import { plain } from '../../src/report/style.js'
import { type Made, MS, made, readings, S, START } from '../check/fixture.js'

const column = (policy: string, what: Made): Column => {
  return { policy, title: `what ${policy} does`, source: 'nowhere', outcome: outcomeOf(made(what), policy) }
}
const wall = (error: bigint) => [
  {
    clock: 'realtime' as const,
    readings: readings(0n, 99n * S, S, (t) => START + t + (t < 50n * S ? 0n : error)),
  },
]
const good = column('xen-today', { readers: wall(0n) })
const bad = column('xen-2008', { readers: wall(7200n * S), fault: 'livelock' })
const late = column('xen-fix-1-fresh-wc', { readers: wall(-40n * MS) })

describe('compareLines', () => {
  it('puts policies beside each other and checks below', () => {
    expect(compareLines([bad, late, good], { style: plain, brief: true })).toEqual(
      [
        '                             xen-fix-',
        '                             1-fresh-',
        '                   xen-2008  wc        xen-today',
        'warp               ✓         ✓         ✓',
        'jump               ✗ 7200 s  ✓         ✓',
        'wall-error         ✗ 7200 s  ✓ 40 ms   ✓',
        'fault              ✗         –         –',
        'verdict            FAIL      PASS      PASS',
        '',
        'Every check holds under xen-fix-1-fresh-wc, xen-today.',
      ].filter((line) => !line.startsWith('warp')),
    )
  })

  it('says what holds everywhere and what the policies are', () => {
    const text = compareLines([bad, good], { style: plain }).join('\n')
    expect(text).toContain('hold everywhere: warp, stall, wake-storm, soft-lockup, rate, backwards-warning')
    expect(text).toContain('\nxen-today: what xen-today does\n')
    const all = compareLines([bad], { style: plain }).at(-1)
    expect(all).toBe('No policy here holds every check.')
  })

  it('fits 80 columns however many and however long the policies are', () => {
    const names = [
      'xen-1282',
      './a/very/long/path/of/mine.ts',
      'unbreakablepolicyname',
      'x',
      'y',
      'z',
      'w',
      'v',
    ]
    const lines = compareLines(
      names.map((name) => ({ ...bad, policy: name })),
      { style: plain },
    )
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80)
    // Six to a table.
    expect(
      lines.filter((line) => line.startsWith('verdict')).map((line) => line.split('FAIL').length - 1),
    ).toEqual([6, 2])
  })

  it('shows the worst of several guests, failures first', () => {
    const outcome = bad.outcome
    const other = {
      ...outcome.checks.find(({ id }) => id === 'jump')!,
      guest: 'h',
      verdict: 'pass' as const,
      value: 9000n * S,
    }
    const two = { ...bad, outcome: { ...outcome, checks: [other, ...outcome.checks] } }
    expect(compareLines([two], { style: plain })).toContain('jump               ✗ 7200 s')
  })

  it('as JSON has each policy with its verdict and checks', () => {
    const json = JSON.parse(JSON.stringify(compareJson([bad, good])))
    expect(json).toMatchObject({
      scenario: 'made',
      seed: 1,
      policies: [
        { policy: 'xen-2008', verdict: 'fail' },
        { policy: 'xen-today', verdict: 'pass' },
      ],
    })
    const jump = json.policies[0].checks.find((check: { id: string }) => check.id === 'jump')
    expect(jump).toMatchObject({
      verdict: 'fail',
      value: '7200000000000',
      unit: 'ns',
      at_true_ns: '50000000000',
    })
  })
})
