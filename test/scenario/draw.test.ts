/** Ranges: what the seed makes of them. Every test has fixed seeds, so none of them can pass only now and then. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadScenarioFile, parseScenario, type Scenario, ScenarioError } from '../../src/scenario/index.js'

const FILE = 'test/scenario/data/ranges.yaml'
const TEXT = readFileSync(FILE, 'utf8')
const SECOND = 1_000_000_000n
const YEAR = 31_557_600n * SECOND

const parse = (seed?: number, text = TEXT) =>
  parseScenario(text, 'f.yaml', seed === undefined ? {} : { seed })
const seeds = (count: number) => Array.from({ length: count }, (_, seed) => seed)
const drawnBy = (scenario: Scenario) =>
  Object.fromEntries(scenario.drawn.map(({ path, value }) => [path, value]))
const without = (path: string, scenario: Scenario) => scenario.drawn.filter((drawn) => drawn.path !== path)

/** 256 sleeps, each from a range of its own: a cheap way to many draws. */
function sleeps(range: string, seed: number): bigint[] {
  const items = `\n      - { for: ${range} }`.repeat(256)
  return parse(seed, TEXT.replace(/\n {6}- \{ for:.*/, items)).guests[0]!.sleep.map(({ forNs }) => forNs)
}

/** How many values fall into each of `count` equal parts of 0 … size - 1. */
function histogram(values: readonly bigint[], size: bigint, count: number): number[] {
  const parts = new Array<number>(count).fill(0)
  for (const value of values) parts[Number((value * BigInt(count)) / size)]!++
  return parts
}

function errorOf(read: () => unknown): ScenarioError {
  try {
    read()
  } catch (error) {
    if (error instanceof ScenarioError) return error
    throw error
  }
  throw new Error('no error')
}

describe('a seed', () => {
  it.each([
    // From a second implementation: SHA-256, xoroshiro128+ on 64-bit words, rejection of what is too large.
    [1, 135_778_486n, 60_309_554_361n, 2_296_645_846_158_177_685n, 44_981n],
    [2, 154_020_566n, 61_042_333_781n, 2_760_183_999_125_744_231n, -32_746n],
    [7, 275_963_009n, 62_198_915_473n, 4_522_476_337_091_493_023n, -38_799n],
    [0, 261_363_762n, 63_326_951_983n, 1_327_806_563_052_576_833n, 40_003n],
    [2 ** 53 - 1, 304_416_591n, 59_153_923_863n, 2_663_395_127_757_713_334n, -47_467n],
  ])('of %i draws the values it has always drawn', (seed, downtimeNs, atNs, uptimeNs, errorPpb) => {
    const { hosts, events } = parse(seed, TEXT.replace('  b:\n', '  b:\n    uptime: 0 s .. 150 y\n'))
    expect(events[1]).toMatchObject({ kind: 'migrate', atNs, downtimeNs })
    expect([hosts[1]!.uptimeNs, hosts[0]!.tsc!.errorPpb]).toEqual([uptimeNs, errorPpb])
  })

  it('gives the same scenario each time, another one than other seeds', () => {
    for (const seed of seeds(5)) expect(parse(seed)).toEqual(parse(seed))
    const downtimes = seeds(100).map((seed) => drawnBy(parse(seed))['events[0].downtime'])
    expect(new Set(downtimes).size).toBe(100)
  })

  it('is the file’s, or the one that is given', () => {
    expect(parse().seed).toBe(7)
    expect(parse()).toEqual(parse(7))
    expect(parse(8).seed).toBe(8)
    expect(parse(8)).toEqual(parse(undefined, TEXT.replace('seed: 7', 'seed: 8')))
    expect(parse(undefined, TEXT.replace('seed: 7\n', '# none\n'))).toEqual(
      parse(1, TEXT.replace('seed: 7\n', '# none\n')),
    )
    expect(loadScenarioFile(FILE)).toEqual({ ...parse(7), fileName: FILE })
    expect(loadScenarioFile(FILE, { seed: 8 })).toEqual({ ...parse(8), fileName: FILE })
  })

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('of %s is refused', (seed) => {
    const error = errorOf(() => parse(seed))
    expect(error.position).toBeNull()
    expect(error.message).toBe(
      `f.yaml: the seed it is read with is ${seed}; expected a whole number from 0 to 9007199254740991`,
    )
  })

  it('changes nothing where every value is exact', () => {
    const full = readFileSync('test/scenario/data/full.yaml', 'utf8')
    expect(parse(undefined, full).drawn).toEqual([])
    expect(parse(5, full)).toEqual({ ...parse(undefined, full), seed: 5 })
  })
})

describe('what was drawn', () => {
  it('is listed in the order of the format, as it can be read', () => {
    const scenario = parse()
    expect(scenario.drawn.map(({ path, text }) => `${path}: ${text}`)).toEqual([
      'hosts.a.uptime: 0 s .. 150 y',
      'hosts.a.tsc.frequency: 2.3 GHz .. 2.5 GHz',
      'hosts.a.tsc.error: -50 ppm .. 50 ppm',
      'hosts.b.tsc.calibrated: 2400000 kHz .. 2400002 kHz',
      'hosts.b.wall.offset: -3 s .. 3 s',
      'guests.g.sleep[0].for: 2 s .. 2 s',
      'events[0].at: 55 s .. 65 s',
      'events[0].downtime: 100 ms .. 400 ms',
    ])
    expect(drawnBy(scenario)).toMatchObject({
      'hosts.a.tsc.error': '-38.799 ppm',
      'guests.g.sleep[0].for': '2 s',
      'events[0].downtime': '275.963009 ms',
    })
  })

  it('written out exactly, gives the same scenario', () => {
    const scenario = parse()
    // In this file, ranges stand in the order of the format but for two that are on one line.
    const swapped = TEXT.replace(/(error: [^,]*), (frequency: [^}]*) \}/, '$2, $1 }')
    const values = scenario.drawn.map(({ value }) => value)
    const exact = swapped.replace(/-?[\d.]+ \w+ \.\. [\d.]+ \w+/g, () => values.shift()!)
    expect(values).toEqual([])
    expect(exact).not.toContain(' .. ')
    expect(parse(undefined, exact)).toEqual({ ...scenario, drawn: [] })
  })

  it('is on one line, however it was written', () => {
    const text = TEXT.replace('100 ms .. 400 ms', '"\\n 100\\tms..\\r\\n\n   400 ms "')
    expect(parse(7, text).drawn.at(-1)).toEqual({
      path: 'events[0].downtime',
      text: '100 ms.. 400 ms',
      value: '275.963009 ms',
    })
  })
})

describe('every key that may have a range', () => {
  it.each([
    ['full.yaml', 38],
    ['power.yaml', 10],
  ])('of %s has from a range of one value that value', (file, atLeast) => {
    const text = readFileSync(`test/scenario/data/${file}`, 'utf8')
    const [head, checks = ''] = text.split(/^(?=checks:)/m) as [string, string?]
    const quantity = /(?<!memory): (-?\d[\d.]* ?[a-zA-Z%]+(?: \d+ [a-z]+)*)(?=[ ,}\n])/g
    const count = [...head.matchAll(quantity)].length
    expect(count).toBeGreaterThanOrEqual(atLeast)
    const scenario = parse(3, head.replace(quantity, ': $1 .. $1') + checks)
    expect(scenario.drawn).toHaveLength(count)
    const { fileName, ...exact } = loadScenarioFile(`test/scenario/data/${file}`, { seed: 3 })
    // An item of a list in braces begins where it began before, and nothing else has a place.
    expect(scenario).toMatchObject({ ...exact, drawn: expect.any(Array) })
  })
})

describe('values', () => {
  it('are spread evenly over the keys of a document', () => {
    const values = seeds(8).flatMap((seed) => sleeps('1 ns .. 10 ns', seed))
    const parts = histogram(
      values.map((value) => value - 1n),
      10n,
      10,
    )
    // 2048 draws of 10 values: 205 each, with a standard deviation of 14.
    for (const part of parts) expect(Math.abs(part - 204.8)).toBeLessThan(55)
  })

  it('are spread evenly over the seeds', () => {
    const uptimes = seeds(400).map((seed) => parse(seed).hosts[0]!.uptimeNs)
    // 400 draws of 8 parts: 50 each, with a standard deviation of 7.
    for (const part of histogram(uptimes, 150n * YEAR + 1n, 8)) expect(Math.abs(part - 50)).toBeLessThan(27)
    // The last digits are as even as the first.
    const last = histogram(
      uptimes.map((ns) => ns % 8n),
      8n,
      8,
    )
    for (const part of last) expect(Math.abs(part - 50)).toBeLessThan(27)
  })

  it('have both ends among them, and nothing beyond', () => {
    const values = new Set(sleeps('5 ns .. 7 ns', 1))
    expect([...values].sort()).toEqual([5n, 6n, 7n])
  })

  it('are of one value where the ends are the same', () => {
    expect(new Set(sleeps('2 s .. 2000 ms', 1))).toEqual(new Set([2n * SECOND]))
  })

  it('go below zero', () => {
    const offsets = seeds(100).map((seed) => parse(seed).hosts[1]!.wallOffsetNs)
    expect(offsets.every((ns) => ns >= -3n * SECOND && ns <= 3n * SECOND)).toBe(true)
    expect(offsets.filter((ns) => ns < 0n).length).toBeGreaterThan(30)
    expect(offsets.filter((ns) => ns > 0n).length).toBeGreaterThan(30)
  })

  it('are whole kHz where the key wants them, whole hertz elsewhere', () => {
    const hosts = seeds(60).map((seed) => parse(seed).hosts)
    const calibrated = hosts.map((all) => all[1]!.tsc!.calibratedHz!)
    expect([...new Set(calibrated)].sort()).toEqual([2_400_000_000n, 2_400_001_000n, 2_400_002_000n])
    expect(hosts.some((all) => all[0]!.tsc!.frequencyHz % 10n !== 0n)).toBe(true)
  })
})

describe('a range', () => {
  it('leaves the values of the others as they are when it comes, goes or changes', () => {
    const base = parse()
    const path = 'events[0].downtime'
    const gone = parse(7, TEXT.replace('100 ms .. 400 ms', '300 ms'))
    expect(gone.drawn).toEqual(without(path, base))
    const other = parse(7, TEXT.replace('100 ms .. 400 ms', '100 ms .. 401 ms'))
    expect(without(path, other)).toEqual(without(path, base))
    const slop = 'hosts.a.timer-slop'
    const more = parse(7, TEXT.replace('uptime:', 'timer-slop: 0 s .. 1 s\n    uptime:'))
    expect(more.drawn).toHaveLength(base.drawn.length + 1)
    expect(without(slop, more)).toEqual(base.drawn)
  })

  it('does not mind where in the file its key stands', () => {
    const [head, a, b, rest] = TEXT.split(/^(?= {2}[ab]:|guests:)/m) as [string, string, string, string]
    const moved = parse(7, head + b + a + rest)
    expect(moved.hosts.map(({ name }) => name)).toEqual(['b', 'a'])
    expect(drawnBy(moved)).toEqual(drawnBy(parse()))
  })

  it('has nothing to do with the same range elsewhere', () => {
    const text = TEXT.replace('  b:\n', '  b:\n    uptime: 0 s .. 150 y\n')
    const pairs = seeds(400).map((seed) => parse(seed, text).hosts.map(({ uptimeNs }) => uptimeNs))
    const half = 75n * YEAR
    // Each quarter of the square: 100, with a standard deviation of 9.
    for (const [left, right] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ]) {
      const part = pairs.filter(([a, b]) => a! < half === left && b! < half === right)
      expect(Math.abs(part.length - 100)).toBeLessThan(37)
    }
  })

  it('is drawn again for each alias and each merged key', () => {
    const text = TEXT.replace('uptime: 0 s .. 150 y', 'uptime: &u 0 s .. 150 y')
    const aliased = parse(7, text.replace('  b:\n', '  b:\n    uptime: *u\n'))
    const written = parse(7, TEXT.replace('  b:\n', '  b:\n    uptime: 0 s .. 150 y\n'))
    expect(drawnBy(aliased)).toEqual(drawnBy(written))
    const merged = parse(7, TEXT.replace('  a:', '  a: &a').replace('  b:\n', '  b:\n    <<: *a\n'))
    expect(merged.hosts[1]!.uptimeNs).toBe(written.hosts[1]!.uptimeNs)
    expect(merged.hosts[1]!.uptimeNs).not.toBe(merged.hosts[0]!.uptimeNs)
  })

  it('orders the events by what is drawn', () => {
    const text = TEXT.replace(
      'events:',
      'events:\n  - { at: 20 s .. 50 s, pause: g }\n  - { at: 30 s, resume: g }',
    )
    const outcomes = seeds(40).map((seed) => {
      try {
        return parse(seed, text).events.map(({ kind }) => kind)
      } catch (error) {
        return (error as ScenarioError).detail
      }
    })
    const early = outcomes.filter((outcome) => Array.isArray(outcome))
    expect(new Set(early.map(String))).toEqual(new Set(['boot,pause,resume,migrate']))
    expect(early.length).toBeGreaterThan(5)
    expect(early.length).toBeLessThan(30)
    outcomes.forEach((outcome, seed) => {
      if (Array.isArray(outcome)) return
      expect(outcome).toBe(`with seed ${seed}: at 30 s guest g is running; expected a guest that is paused`)
    })
  })
})
