import { describe, expect, it } from 'vitest'
import { Seen } from '../../src/observation/log.js'
import { jsonText, runJson } from '../../src/report/json.js'
import { outcomeOf } from '../../src/report/outcome.js'
import { coloured, plain, wrap } from '../../src/report/style.js'
import { runText } from '../../src/report/text.js'
import type { Expectation } from '../../src/scenario/types.js'
import type { RunResult } from '../../src/world/result.js'
import { type Made, made, position, readings, S, START } from '../check/fixture.js'

const late: Made = {
  readers: [{ clock: 'realtime', readings: readings(0n, 99n * S, S, (t) => START + t) }],
  sleepers: [{ name: 'nap' }, { name: 'tick' }, { name: 'gone' }],
  stops: [[20n * S, 30n * S]],
  rows: [
    { trueNs: 61n * S, kind: Seen.sleep, index: 0, value: 2n * S },
    { trueNs: 81_830_000_000n, kind: Seen.wake, index: 0, value: 20_830_000_000n },
    { trueNs: S, kind: Seen.sleep, index: 1, value: S },
    { trueNs: 2n * S, kind: Seen.wake, index: 1, value: S },
    { trueNs: 19n * S, kind: Seen.sleep, index: 1, value: S },
    { trueNs: 30_100_000_000n, kind: Seen.wake, index: 1, value: 11_100_000_000n, extra: 10n * S },
    { trueNs: 97n * S, kind: Seen.sleep, index: 2, value: 2n * S },
  ],
}

const text = (run: RunResult, replaced: string | null = null, plot = false) =>
  runText(outcomeOf(run, replaced), { style: plain, plot })

describe('runText', () => {
  it('tells what the guest saw, how it was judged, and the verdict', () => {
    expect(text(made(late)).split('\n')).toEqual([
      'made',
      'made by hand',
      'nowhere',
      '',
      'guest g: linux-xen, policy xen-today',
      '  pause at 20 s, on a: stopped for 10 s',
      '  nap: nanosleep(2 s) issued at 61 s woke after 20.83 s',
      '  tick: 2 sleeps; the latest, nanosleep(1 s) issued at 19 s woke after 11.1 s,',
      '    10 s of it stopped',
      '  gone: nanosleep(2 s) issued at 97 s is still asleep at the end, after 3 s',
      '',
      '    check                 worst      limit  at             seen by',
      '  ✓ warp                    0 s        0 s',
      '  ✓ jump                    0 s     100 ms',
      '  ✓ stall                   0 s        1 s',
      '  ✗ late-wake           18.83 s     100 ms  81.83 s        nap',
      '  ✓ early-wake              0 s       1 ms',
      '  ✓ lost-wake               1 s        5 s  99 s           gone',
      '  ✓ wake-storm                1       1000  2 s            vcpu 0',
      '  ✓ soft-lockup             0 s       20 s',
      '  ✓ stale-wall              0 s        1 s',
      '  ✓ rate                  0 ppm    500 ppm',
      '  ✓ wall-error              0 s        1 s',
      '  ✓ backwards-warning         0          0',
      '  ✓ backlog                   1       1000  30 s           sleepers',
      '  ✓ cycle-offset            0 s        0 s',
      '    not judged: steal (stolen time was not read twice); skew (no clock was read',
      '      on two vCPUs); set-back (nobody in the guest set its clock); monotonic (a',
      '      stop may be counted or not); seam (off)',
      '    sleeper nap asked for 2 s and slept 18.83 s more',
      '',
      'FAIL: late-wake',
      'seed 1, state of g 0123456789abcdef',
      '',
    ])
  })

  it('stays within 80 columns, plot and all', () => {
    const lines = text(made(late), null, true).split('\n')
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80)
    expect(lines).toContain('          realtime: right all the time, within 0 s')
  })

  it('names a fault and what the kernel noticed', () => {
    const rows = [{ trueNs: 80n * S, kind: Seen.frequencyError, value: 500_000_000n, extra: 512_000_000n }]
    const report = text(made({ ...late, rows, fault: 'livelock' }))
    expect(report).toContain('the guest stopped working: livelock')
    expect(report).toContain('  noticed at 80 s: its timebase runs at 500000000 Hz, it was told 512000000 Hz')
    expect(report).toContain('FAIL: fault\n')
  })

  it('has the same words with colours', () => {
    const outcome = outcomeOf(made(late), null)
    const painted = runText(outcome, { style: coloured, plot: true })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
    expect(painted.replace(/\x1b\[\d+m/g, '')).toBe(runText(outcome, { style: plain, plot: true }))
  })
})

describe('runJson', () => {
  it('keeps its contract', () => {
    const run = { ...made(late), marks: [{ atNs: 20n * S, kind: 'pause', label: 'pause g', guest: 'g' }] }
    const document = jsonText(runJson(outcomeOf(run, null)))
    expect(document.endsWith('}\n')).toBe(true)
    const json = JSON.parse(document)
    expect(json).toMatchObject({
      scenario: 'made',
      verdict: 'fail',
      seed: 1,
      expected: null,
      end_true_ns: '100000000000',
    })
    expect(json.checks).toHaveLength(19)
    expect(json.checks.find(({ id }: { id: string }) => id === 'late-wake')).toEqual({
      id: 'late-wake',
      guest: 'g',
      verdict: 'fail',
      value: '18830000000',
      limit: '100000000',
      unit: 'ns',
      at_true_ns: '81830000000',
      subject: 'nap',
      message: 'sleeper nap asked for 2 s and slept 18.83 s more',
    })
    expect(json.checks.find(({ id }: { id: string }) => id === 'steal')).toMatchObject({
      verdict: 'skip',
      value: null,
    })
    expect(json.guests.g).toMatchObject({
      state_hash: '0123456789abcdef',
      ticks: '240000000000',
      policy: 'xen-today',
      clocks: { realtime: `${START + 100n * S}`, monotonic: '100000000000' },
      fault: null,
      stops: [{ from_true_ns: '20000000000', until_true_ns: '30000000000', cause: 'pause', resumed: true }],
    })
    expect(json.marks).toEqual([{ at_true_ns: '20000000000', kind: 'pause', label: 'pause g', guest: 'g' }])
  })

  it('knows no number that JSON could not keep', () => {
    const numbers: number[] = []
    JSON.parse(jsonText(runJson(outcomeOf(made(late), null))), (_, value) => {
      if (typeof value === 'number') numbers.push(value)
      return value
    })
    expect(numbers).toEqual([1])
  })
})

describe('expectations', () => {
  const expected = (
    expect: Partial<Expectation>,
    replaced: string | null,
    own: string | null = 'xen-2008',
  ) => {
    const run = made(late)
    const guests = run.scenario.guests.map((guest) => ({ ...guest, policy: own, position }))
    const whole = { verdict: 'fail' as const, fails: null, curedBy: [], passes: [], predict: [], ...expect }
    const outcome = outcomeOf({ ...run, scenario: { ...run.scenario, guests, expect: whole } }, replaced)
    return outcome.expected && [outcome.expected.verdict, outcome.expected.met]
  }

  it('speak of the guests’ own policies', () => {
    expect(expected({}, null)).toEqual(['fail', true])
    expect(expected({ verdict: 'pass' }, null)).toEqual(['pass', false])
    expect(expected({ fails: ['late-wake'] }, null)).toEqual(['fail', true])
    expect(expected({ fails: ['late-wake', 'stall'] }, null)).toEqual(['fail', false])
    expect(expected({ fails: ['stall'] }, null)).toEqual(['fail', false])
    expect(expected({}, 'xen-2008')).toEqual(['fail', true])
  })

  it('speak of other policies only as cures', () => {
    expect(expected({}, 'xen-today')).toBeNull()
    expect(expected({ curedBy: ['xen-today'] }, 'xen-today')).toEqual(['pass', false])
    expect(expected({}, 'xen-today', null)).toBeNull()
  })

  it('are told in the report', () => {
    const run = made(late)
    const with_ = (expect: Expectation) => text({ ...run, scenario: { ...run.scenario, expect } })
    expect(with_({ verdict: 'fail', fails: null, curedBy: [], passes: [], predict: [] })).toContain(
      '\nThis is what the scenario expects of this policy.\n',
    )
    const other = with_({ verdict: 'fail', fails: ['stall', 'rate'], curedBy: [], passes: [], predict: [] })
    expect(other).toContain('\nNot as expected: the scenario says fail by exactly stall, rate.\n')
  })
})

describe('wrap', () => {
  it('breaks at spaces, indents what follows, and leaves long words whole', () => {
    expect(wrap('one two three', 2, 8)).toEqual(['one two', '  three'])
    expect(wrap('one', 2, 2)).toEqual(['one'])
    expect(wrap('a incredible b', 0, 4)).toEqual(['a', 'incredible', 'b'])
  })
})
