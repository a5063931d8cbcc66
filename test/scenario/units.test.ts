import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatDurationNs,
  formatHz,
  formatPpb,
  parseBytes,
  parseDurationNs,
  parseHz,
  parsePpb,
  UnitError,
} from '../../src/scenario/index.js'

const YEAR = 31_557_600_000_000_000n

describe('durations', () => {
  it.each([
    ['0 s', 0n],
    ['1 ns', 1n],
    ['300 ms', 300_000_000n],
    ['1.5 s', 1_500_000_000n],
    ['1.000000001 s', 1_000_000_001n],
    ['0.001 us', 1n],
    ['5us', 5_000n],
    ['5 µs', 5_000n],
    ['5 μs', 5_000n],
    ['-3 s', -3_000_000_000n],
    ['+3 s', 3_000_000_000n],
    ['- 3 s', -3_000_000_000n],
    [' 3 s ', 3_000_000_000n],
    ['1 h 30 min', 5_400_000_000_000n],
    ['1h30min', 5_400_000_000_000n],
    ['-1 h 30 min', -5_400_000_000_000n],
    ['1 d 1 h 1 min 1 s 1 ms 1 us 1 ns', 90_061_001_001_001n],
    ['208.5 d', 18_014_400_000_000_000n],
    ['1 y', YEAR],
    ['100 y', 100n * YEAR],
    ['0.00000000000001 y', null],
  ])('%s', (text, ns) => {
    if (ns === null) expect(() => parseDurationNs(text)).toThrow(UnitError)
    else expect(parseDurationNs(text)).toBe(ns)
  })

  it.each([
    ['0.3 ns', '"0.3 ns" is not a whole number of nanoseconds'],
    ['1.0000000001 s', 'not a whole number of nanoseconds'],
    ['5', '"5" has no unit'],
    ['1 h 5', 'has no unit'],
    ['', 'not a number with a unit'],
    ['s', 'not a number with a unit'],
    ['.5 s', 'not a number with a unit'],
    ['5. s', 'no unit'],
    ['1e3 s', 'unknown unit "e"'],
    ['5 m', 'unknown unit "m"'],
    ['5 S', 'unknown unit "S"'],
    ['1,5 s', 'unknown unit ","'],
    ['5 min 1 h', 'from the largest to the smallest'],
    ['5 us 5 µs', 'from the largest to the smallest'],
    ['1 s 1 s', 'from the largest to the smallest'],
    ['1.5 h 3 min', 'decimals before its last unit'],
    ['1 h -3 min', 'not a number with a unit'],
    ['--3 s', 'not a number with a unit'],
    ['3 s.', 'not a number with a unit'],
    ['9'.repeat(99), 'a quantity of 99 characters'],
  ])('refuses %s', (text, what) => {
    expect(() => parseDurationNs(text)).toThrow(UnitError)
    expect(() => parseDurationNs(text)).toThrow(what)
    expect(() => parseDurationNs(text)).toThrow('; expected a duration such as')
  })

  it.each([
    [0n, '0 s'],
    [1n, '1 ns'],
    [1_500n, '1.5 us'],
    [300_000_000n, '300 ms'],
    [20_830_000_000n, '20.83 s'],
    [-59_999_999_999n, '-59.999999999 s'],
    [60_000_000_000n, '1 min'],
    [5_400_000_000_000n, '1 h 30 min'],
    [8_640_000_500_000_000n, '100 d 0.5 s'],
    [18_014_398_509_481_984n, '208 d 11 h 59 min 58.509481984 s'],
    [100n * YEAR, '100 y'],
    [YEAR + 1n, '365 d 6 h 0.000000001 s'],
  ])('prints %s ns as %s', (ns, text) => {
    expect(formatDurationNs(ns)).toBe(text)
  })

  it('reads back what it prints', () => {
    const ns = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n), fc.bigInt(-100_000n, 100_000n))
    const scaled = fc.tuple(ns, fc.constantFrom(1n, 1_000_000n, 1_000_000_000n, 60_000_000_000n, YEAR))
    fc.assert(
      fc.property(scaled, ([count, unit]) => {
        expect(parseDurationNs(formatDurationNs(count * unit))).toBe(count * unit)
      }),
    )
  })

  it('reads decimals exactly, in every unit', () => {
    const units = {
      ns: 1n,
      us: 1_000n,
      ms: 10n ** 6n,
      s: 10n ** 9n,
      min: 6n * 10n ** 10n,
      h: 36n * 10n ** 11n,
      d: 864n * 10n ** 11n,
      y: YEAR,
    }
    const unit = fc.constantFrom(...(Object.entries(units) as [string, bigint][]))
    fc.assert(
      fc.property(
        fc.bigInt(0n, 10n ** 6n),
        fc.integer({ min: 1, max: 12 }),
        fc.bigInt(0n, 10n ** 12n),
        unit,
        (whole, digits, rest, [name, size]) => {
          const decimals = `${rest % 10n ** BigInt(digits)}`.padStart(digits, '0')
          const numerator = BigInt(`${whole}${decimals}`) * size
          const text = `${whole}.${decimals} ${name}`
          if (numerator % 10n ** BigInt(digits) === 0n)
            expect(parseDurationNs(text)).toBe(numerator / 10n ** BigInt(digits))
          else expect(() => parseDurationNs(text)).toThrow('not a whole number')
        },
      ),
    )
  })
})

describe('frequencies', () => {
  it.each([
    ['2.4 GHz', 2_400_000_000n],
    ['512 MHz', 512_000_000n],
    ['2400001 kHz', 2_400_001_000n],
    ['1 Hz', 1n],
    ['2.399987123 GHz', 2_399_987_123n],
  ])('%s', (text, hz) => {
    expect(parseHz(text)).toBe(hz)
    expect(parseHz(formatHz(hz))).toBe(hz)
  })

  it.each([
    ['2.4 Ghz', 'unknown unit "Ghz"'],
    ['2.4 GHZ', 'unknown unit "GHZ"'],
    ['0.5 Hz', 'not a whole number of hertz'],
    ['-1 Hz', 'has a sign'],
    ['1 GHz 5 MHz', 'more than one number'],
    ['1 GB', 'unknown unit "GB"'],
  ])('refuses %s', (text, what) => {
    expect(() => parseHz(text)).toThrow(what)
  })

  it('reads back what it prints', () => {
    fc.assert(fc.property(fc.bigInt(0n, 2n ** 40n), (hz) => parseHz(formatHz(hz)) === hz))
    expect([0n, 999n, 1_000n, 2_400_000_000n].map(formatHz)).toEqual(['0 Hz', '999 Hz', '1 kHz', '2.4 GHz'])
  })
})

describe('rates', () => {
  it.each([
    ['12 ppm', 12_000n],
    ['-3.5 ppm', -3_500n],
    ['40 ppb', 40n],
    ['0.1 %', 1_000_000n],
    ['-10%', -100_000_000n],
  ])('%s', (text, ppb) => {
    expect(parsePpb(text)).toBe(ppb)
  })

  it.each([
    ['0.5 ppb', 'not a whole number of parts per billion'],
    ['12', 'has no unit'],
    ['1 ppt', 'unknown unit "ppt"'],
  ])('refuses %s', (text, what) => {
    expect(() => parsePpb(text)).toThrow(what)
  })

  it('reads back what it prints', () => {
    fc.assert(fc.property(fc.bigInt(-(10n ** 9n), 10n ** 9n), (ppb) => parsePpb(formatPpb(ppb)) === ppb))
    expect([0n, -40n, 12_500n, 24_000_000n].map(formatPpb)).toEqual(['0 ppm', '-40 ppb', '12.5 ppm', '2.4 %'])
  })
})

describe('sizes', () => {
  it('reads and prints them', () => {
    expect([parseBytes('1 MiB'), parseBytes('1.5 KiB'), parseBytes('1 GiB')]).toEqual([
      1_048_576n,
      1_536n,
      1_073_741_824n,
    ])
    expect([formatBytes(1_048_576n), formatBytes(65_536n), formatBytes(100n), formatBytes(0n)]).toEqual([
      '1 MiB',
      '64 KiB',
      '100 B',
      '0 B',
    ])
    expect(() => parseBytes('1 MB')).toThrow('unknown unit "MB"')
  })
})
