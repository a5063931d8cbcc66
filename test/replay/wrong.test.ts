/** Recordings that are not what a guest can have shown fail, at the line; what is no recording is refused. */
import { describe, expect, it } from 'vitest'
import { parseRecording, replay } from '../../src/replay/index.js'
import { textOf } from './recordings.js'

const PV = textOf('u1-young-host')
const PVH = textOf('u4-same-boot')
const NATIVE = textOf('u2-same-boot')

/** Which checks fail after the event, and at which lines, if the text is changed so. */
function failing(text: string, change: (lines: string[]) => void) {
  const lines = text.split('\n')
  change(lines)
  const { verdict, stays } = replay(parseRecording(lines.join('\n'), 'a.rec'))
  const failed = stays.flatMap(({ checks }) => checks.filter((check) => check.verdict === 'fail'))
  expect(verdict).toBe(failed.length > 0 ? 'fail' : 'pass')
  return failed
}

const eventAt = (lines: readonly string[]) => lines.findIndex((line) => line.startsWith('event'))
/** Adds to the integer behind `key=` in the first line at or after `from` that has it; its line number. */
function add(lines: string[], from: number, key: string, by: bigint): number {
  const at = lines.findIndex((line, i) => i >= from && line.includes(` ${key}=`))
  lines[at] = lines[at]!.replace(
    new RegExp(`( ${key}=)(-?\\d+)`),
    (_, head, value) => `${head}${BigInt(value) + by}`,
  )
  return at + 1
}

describe('a time page', () => {
  it.each(['tsc_timestamp', 'tsc_to_system_mul', 'tsc_shift', 'flags'])(
    'with another %s is not the predicted one',
    (field) => {
      let line = 0
      const failed = failing(PV, (lines) => {
        const second = lines.findIndex((text, i) => i > eventAt(lines) + 1 && text.startsWith('page'))
        line = add(lines, second, field, 1n)
      })
      expect(failed.find(({ id }) => id === 'page')).toMatchObject({ seen: 13, predicted: 12, line })
      expect(failed.find(({ id }) => id === 'page')!.message).toMatch(
        new RegExp(`^${field} -?\\d+; predicted -?\\d+$`),
      )
    },
  )

  it('of an older version than the one before cannot be', () => {
    const failed = failing(PV, (lines) => void add(lines, eventAt(lines) + 6, 'version', -100n))
    expect(failed).toMatchObject([{ id: 'version', seen: 13, predicted: 12 }])
    expect(failing(PV, (lines) => void add(lines, eventAt(lines), 'version', 1n))[0]!.message).toMatch(
      /is odd/,
    )
  })

  it('of a PVH guest is a tick off', () => {
    const failed = failing(PVH, (lines) => void add(lines, eventAt(lines) + 6, 'tsc_timestamp', 1n))
    expect(failed.map(({ id }) => id)).toContain('page')
  })
})

describe('a stream', () => {
  it('with a TSC that the guest never showed', () => {
    const failed = failing(PVH, (lines) => void add(lines, eventAt(lines), 'tsc', -20n))
    expect(failed.map(({ id }) => id)).toContain('stream')
  })

  it('with another vtsc_offset than the pages have', () => {
    const failed = failing(PV, (lines) => {
      lines[eventAt(lines)] += ` vtsc_offset=${-181_425_431_164n + 1n}`
    })
    expect(failed).toMatchObject([{ id: 'page', seen: 13, predicted: 0 }])
  })
})

describe('clocks', () => {
  it.each([
    ['monotonic_raw', ['monotonic_raw']],
    ['realtime', ['realtime']],
    ['boottime', ['boottime']],
  ])('%s that jumps by 1 ms more than was read elsewhere does not agree', (clock, ids) => {
    const failed = failing(NATIVE, (lines) => void add(lines, eventAt(lines) + 20, clock, 1_000_000n))
    expect(failed.map(({ id }) => id)).toEqual(ids)
    expect(failed[0]!.message).toMatch(/do not agree with each other/)
  })

  it.each([
    ['monotonic_raw', 200_000n],
    ['realtime', 2_000_000n],
    ['boottime', -2_000_000n],
  ])('%s that is off by %s ns in every reading after the event is off across it', (clock, by) => {
    let event = 0
    const failed = failing(NATIVE, (lines) => {
      event = eventAt(lines)
      for (let i = event; i < lines.length; i++)
        if (lines[i]!.includes(` ${clock}=`)) add(lines, i, clock, by)
    })
    expect(failed).toMatchObject([{ id: clock, line: event + 1 }])
    expect(failed[0]!.offNs! - by).toBeGreaterThan(-200_000n)
    expect(failed[0]!.offNs! - by).toBeLessThan(200_000n)
  })

  it('MONOTONIC that counted the downtime ends the sleep before it can', () => {
    const failed = failing(NATIVE, (lines) => {
      for (let i = eventAt(lines); i < lines.length; i++)
        if (lines[i]!.includes(' monotonic=')) add(lines, i, 'monotonic', 30_000_000_000n)
    })
    expect(failed.map(({ id }) => id)).toContain('sleep')
  })

  it('of a wall clock 10 ms off', () => {
    const failed = failing(PV, (lines) => void add(lines, 4, 'wall', 10_000_000n))
    expect(failed.map(({ id }) => id)).toEqual(['realtime', 'boottime'])
  })

  it('that count the time away are not predicted without the wall clocks', () => {
    const lines = PV.split('\n').map((line) => line.replace(/ wall=\d+/, ''))
    const { verdict, stays } = replay(parseRecording(lines.join('\n'), 'a.rec'))
    expect(verdict).toBe('pass')
    const skipped = stays[1]!.checks.filter((check) => check.verdict === 'skip')
    expect(skipped.map(({ id }) => id)).toEqual(['realtime', 'boottime'])
  })
})

describe('a recording without TSC and pages', () => {
  const head = `recording 1
title clocks alone, as a shell script reads them
host name=a tsc_khz=2400000 wall=1700000000000000000 wall_error=1000000
host name=b tsc_khz=2400000 wall=1700000500000000000 wall_error=1000000
guest on=a kind=pv tsc_mode=2
clock monotonic=10000000000 now=100000000000..100020000000
clock realtime=1700000100010000000 now=100000000000..100020000000
`
  it('is held to what it says', () => {
    // 20 s on b, of which it was up for 10 s; resumed at 50 s.
    const good = `${head}event to=b kind=migrate resumed=50000000000
clock monotonic=20000000000 now=60000000000..60020000000
clock realtime=1700000560010000000 now=60000000000..60020000000
`
    expect(replay(parseRecording(good, 'a.rec')).verdict).toBe('pass')
    const bad = good.replace('realtime=1700000560010', 'realtime=1700000560110')
    const { stays } = replay(parseRecording(bad, 'a.rec'))
    expect(stays[1]!.checks.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id)).toEqual([
      'realtime',
    ])
  })
})

describe('what is no recording', () => {
  const HOST = 'host name=a tsc_khz=2400000'
  const GUEST = 'guest on=a kind=pv tsc_mode=0'
  const cases: readonly [title: string, lines: readonly string[], message: string][] = [
    ['an empty file', [''], 'a.rec: it is empty; expected the first line "recording 1"'],
    ['another file', ['name: x'], 'a.rec:1: "name: x"; expected the first line "recording 1"'],
    ['no guest', ['recording 1', HOST], 'a.rec:2: no line "guest"; expected one'],
    [
      'a word that is none',
      ['recording 1', 'hots'],
      'a.rec:2: "hots"; expected host, guest, page, clock, event, title or source',
    ],
    [
      'a field without value',
      ['recording 1', 'host name'],
      'a.rec:2: "name" is no field; expected key=value',
    ],
    ['a field twice', ['recording 1', `${HOST} name=b`], 'a.rec:2: name: given twice; expected once'],
    [
      'an unknown field',
      ['recording 1', `${HOST} khz=1`],
      'a.rec:2: khz: unknown here; expected a field that docs/replay.md lists',
    ],
    ['a missing field', ['recording 1', 'host name=a'], 'a.rec:2: tsc_khz: missing; expected an integer'],
    [
      'a number that is none',
      ['recording 1', 'host name=a tsc_khz=2.4'],
      'a.rec:2: tsc_khz: "2.4"; expected an integer from 1 to 16000000',
    ],
    [
      'a number too large',
      ['recording 1', 'host name=a tsc_khz=99999999'],
      'a.rec:2: tsc_khz: "99999999"; expected an integer from 1 to 16000000',
    ],
    ['a host twice', ['recording 1', HOST, HOST], 'a.rec:3: name: a second host a; expected another name'],
    [
      'a host nobody knows',
      ['recording 1', HOST, 'guest on=b kind=pv tsc_mode=0'],
      'a.rec:3: on: there is no host b; expected a',
    ],
    [
      'a kind nobody knows',
      ['recording 1', HOST, 'guest on=a kind=hvm tsc_mode=0'],
      'a.rec:3: kind: "hvm"; expected pv, pvh',
    ],
    [
      'a page too early',
      ['recording 1', HOST, 'page'],
      'a.rec:3: a page before the guest; expected a line "guest" above it',
    ],
    [
      'nothing seen',
      ['recording 1', HOST, GUEST],
      'a.rec:3: nothing was seen at the end; expected a page or a clock',
    ],
    [
      'an event with nothing before',
      ['recording 1', HOST, GUEST, 'event to=a kind=migrate'],
      'a.rec:4: nothing was seen since the guest came here; expected a page or a clock above it',
    ],
    [
      'a clock without a time',
      ['recording 1', HOST, GUEST, 'clock realtime=1'],
      'a.rec:4: when was it read? expected tsc=A..B or now=A..B',
    ],
    [
      'no clock',
      ['recording 1', HOST, GUEST, 'clock now=1..2'],
      'a.rec:4: expected one of realtime=ns, monotonic=ns, boottime=ns, monotonic_raw=ns',
    ],
    [
      'a span that is none',
      ['recording 1', HOST, GUEST, 'clock realtime=1 now=5'],
      'a.rec:4: now: "5"; expected two integers, before and after the reading: A..B',
    ],
    [
      'a span that goes back',
      ['recording 1', HOST, GUEST, 'clock realtime=1 now=5..4'],
      'a.rec:4: now: 5..4 goes back; expected the earlier one first',
    ],
    [
      'a TSC without page',
      ['recording 1', HOST, GUEST, 'clock realtime=1 tsc=5..6'],
      'a.rec:4: tsc: no page of this host above it; expected one, or now=A..B',
    ],
    [
      'a vtsc_offset of PVH',
      ['recording 1', HOST, 'guest on=a kind=pvh tsc_mode=0 vtsc_offset=1'],
      'a.rec:3: vtsc_offset: a PVH guest has none; expected it with kind=pv',
    ],
  ]
  it.each(cases)('%s', (_, lines, message) => {
    let said = ''
    try {
      parseRecording(lines.join('\n'), 'a.rec')
    } catch (error) {
      said = (error as Error).message
    }
    expect(said).toBe(message)
  })

  it('reads hexadecimal numbers, comments, and Windows line ends', () => {
    const text = `recording 1\r\n# x\r\n${HOST} # y\r\nguest on=a kind=pv tsc_mode=0 vtsc_offset=0xffffffffffffffff\r\nclock realtime=0x10 now=0..1\r\n`
    const { guest, stays } = parseRecording(text, 'a.rec')
    expect(guest.vtscOffset).toBe(-1n)
    expect(stays[0]!.items[0]).toMatchObject({ ns: 16n })
  })
})
