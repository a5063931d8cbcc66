import { describe, expect, it } from 'vitest'
import { shortAt, shortNs, shortPpb } from '../../src/check/format.js'
import { MS, S } from './fixture.js'

const DAY = 86_400n * S

describe('shortNs', () => {
  it.each([
    [0n, '0 s'],
    [1n, '1 ns'],
    [-999n, '-999 ns'],
    [12_340n, '12.34 µs'],
    [300n * MS, '300 ms'],
    [999_999n, '1000 µs'],
    [20_830n * MS, '20.83 s'],
    [19_999_999_999n, '20 s'],
    [-7200n * S, '-7200 s'],
    [9_999_600n * MS, '10000 s'],
    [10_000n * S, '2.778 h'],
    [3n * DAY, '3 d'],
    [40n * 365n * DAY, '39.97 y'],
    [1n << 64n, '584.5 y'],
  ])('%s ns is %s', (ns, text) => {
    expect(shortNs(ns)).toBe(text)
  })

  it('rounds to as many digits as wanted', () => {
    expect([shortNs(20_830n * MS, 3), shortNs(12_345n * S, 3), shortNs(1_234n, 1)]).toEqual([
      '20.8 s',
      '3.43 h',
      '1 µs',
    ])
  })
})

describe('shortPpb', () => {
  it.each([
    [0n, '0 ppm'],
    [40n, '40 ppb'],
    [62_500n, '62.5 ppm'],
    [-500_000n, '-500 ppm'],
    [-23_437_500n, '-2.344 %'],
    [1_000_000n, '0.1 %'],
  ])('%s is %s', (ppb, text) => {
    expect(shortPpb(ppb)).toBe(text)
  })
})

describe('shortAt', () => {
  it.each([
    [0n, '0 s'],
    [61_204n * MS + 999n, '61.204 s'],
    [9_999n * S, '9999 s'],
    [10_000n * S, '02:46:40'],
    [30n * DAY + 8_045n * S, '30 d 02:14:05'],
  ])('%s ns is %s', (ns, text) => {
    expect(shortAt(ns)).toBe(text)
  })
})
