/** Exported vectors: compiled with what compilers there are, against implementations of our own, right and wrong. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { exportKinds, exportVectors, MathError, read } from '../../src/math/index.js'
import { MAX_U64, NS_PER_S, s64, scaleDeltaModel } from '../helpers/core.js'
import { linuxKhz, xenScale } from './model.js'

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-export-'))
afterAll(() => rmSync(folder, { recursive: true }))

const there = (command: string) => spawnSync(command, ['--version']).status === 0
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const run = (command: string, ...args: string[]) =>
  spawnSync(command, args, { cwd: folder, encoding: 'utf8' })

const C = `
#include <stdint.h>
typedef unsigned __int128 u128;
void time_scale(uint64_t hz, uint32_t *mul, int8_t *shift) {
  uint64_t t = hz;
  int s = 0;
  while (t > 2000000000u) { t >>= 1; s--; }
  while (t <= 1000000000u) { t <<= 1; s++; }
  *mul = (uint32_t)(((u128)1000000000u << 32) / t);
  *shift = (int8_t)s;
}
uint64_t tsc_khz(uint32_t mul, int8_t shift) {
  uint64_t khz = ((uint64_t)1000000 << 32) / mul;
  return shift < 0 ? khz << -shift : khz >> shift;
}
uint64_t scale_delta(uint64_t delta, uint32_t mul, int8_t shift) {
  uint64_t d = shift < 0 ? delta >> -shift : delta << shift;
  return (uint64_t)(((PRODUCT)d * mul) >> 32);
}
static uint64_t word(const uint8_t *p, int n) { return n == 0 ? 0 : p[0] | word(p + 1, n - 1) << 8; }
void page_read(const uint8_t page[32], uint64_t tsc, uint8_t *whole, uint64_t *ns) {
  if (page[0] & 1) return;
  *whole = 1;
  *ns = word(page + 16, 8) + scale_delta(tsc - word(page + 8, 8), (uint32_t)word(page + 24, 4), (int8_t)page[28]);
}
uint64_t tsc_ratio(uint32_t guest, uint32_t host, uint8_t bits) {
  u128 r = ((u128)guest << bits) / host;
  u128 most = bits == 48 ? (u128)UINT64_MAX : ((u128)1 << 40) - 1;
  return r > most ? 0 : (uint64_t)r;
}
uint8_t needs_scaling(uint32_t guest, uint32_t host) {
  return guest < host * (uint64_t)999750 / 1000000 || guest > host * (uint64_t)1000250 / 1000000;
}
uint64_t scale_tsc(uint64_t tsc, uint64_t ratio, uint8_t bits) {
  return (uint64_t)(((u128)tsc * ratio) >> bits);
}
uint64_t ns_to_tb(uint64_t ns, uint32_t hz) { return (uint64_t)((u128)ns * hz / 1000000000u); }
uint64_t tb_to_ns_round_up(uint64_t tb, uint32_t hz) {
  return (uint64_t)(((u128)tb * 1000000000u + hz - 1) / hz);
}
uint64_t linux_tb_to_ns(uint64_t tb, uint32_t hz) {
  u128 scale = ((u128)1000000000u << 64) / hz;
  int shift = 0;
  for (; scale >> 64; scale >>= 1) shift++;
  return (uint64_t)((u128)tb * scale >> 64) << shift;
}
static uint64_t low(uint64_t value, int bits) { return value & (UINT64_MAX >> (64 - bits)); }
uint64_t dec_next(uint64_t now_ns, uint64_t value, uint32_t hz, uint8_t bits) {
  return ns_to_tb(now_ns, hz) + low(value, bits);
}
uint64_t dec_expires(uint64_t next, uint32_t hz) { return tb_to_ns_round_up(next, hz); }
uint64_t dec_read(uint64_t next, uint64_t later_ns, uint32_t hz, uint8_t bits) {
  uint64_t value = low(next - ns_to_tb(later_ns, hz), bits);
  return bits == 56 && value >> 55 ? value | 0xff00000000000000u : value;
}
`

const RUST = `
pub fn time_scale(hz: u64) -> (u32, i8) {
    let (mut t, mut s) = (hz as u128, 0i8);
    while t > 2_000_000_000 { t >>= 1; s -= 1; }
    while t <= 1_000_000_000 { t <<= 1; s += 1; }
    (((1_000_000_000u128 << 32) / t) as u32, s)
}
pub fn tsc_khz(mul: u32, shift: i8) -> u64 {
    let khz = (1_000_000u64 << 32) / mul as u64;
    if shift < 0 { khz << -shift } else { khz >> shift }
}
pub fn scale_delta(delta: u64, mul: u32, shift: i8) -> u64 {
    let d = if shift < 0 { delta >> -shift } else { delta << shift };
    MULTIPLY
}
fn word(page: &[u8], at: usize, n: usize) -> u64 {
    (0..n).map(|i| (page[at + i] as u64) << (8 * i)).sum()
}
pub fn page_read(page: &[u8; 32], tsc: u64) -> (u8, u64) {
    if page[0] & 1 == 1 { return (0, 0); }
    let delta = tsc.wrapping_sub(word(page, 8, 8));
    (1, word(page, 16, 8).wrapping_add(scale_delta(delta, word(page, 24, 4) as u32, page[28] as i8)))
}
pub fn tsc_ratio(guest: u32, host: u32, bits: u8) -> u64 {
    let r = ((guest as u128) << bits) / host as u128;
    let most = if bits == 48 { u64::MAX as u128 } else { (1u128 << 40) - 1 };
    if r > most { 0 } else { r as u64 }
}
pub fn needs_scaling(guest: u32, host: u32) -> u8 {
    let (g, h) = (guest as u64, host as u64);
    u8::from(g < h * 999_750 / 1_000_000 || g > h * 1_000_250 / 1_000_000)
}
pub fn scale_tsc(tsc: u64, ratio: u64, bits: u8) -> u64 { ((tsc as u128 * ratio as u128) >> bits) as u64 }
pub fn ns_to_tb(ns: u64, hz: u32) -> u64 { (ns as u128 * hz as u128 / 1_000_000_000) as u64 }
pub fn tb_to_ns_round_up(tb: u64, hz: u32) -> u64 {
    ((tb as u128 * 1_000_000_000 + hz as u128 - 1) / hz as u128) as u64
}
pub fn linux_tb_to_ns(tb: u64, hz: u32) -> u64 {
    let (mut scale, mut shift) = ((1_000_000_000u128 << 64) / hz as u128, 0);
    while scale >> 64 != 0 { scale >>= 1; shift += 1; }
    (((tb as u128 * scale) >> 64) as u64) << shift
}
pub fn dec_next(now_ns: u64, value: u64, hz: u32, bits: u8) -> u64 {
    ns_to_tb(now_ns, hz) + (value & (u64::MAX >> (64 - bits)))
}
pub fn dec_expires(next: u64, hz: u32) -> u64 { tb_to_ns_round_up(next, hz) }
pub fn dec_read(next: u64, later_ns: u64, hz: u32, bits: u8) -> u64 {
    let value = next.wrapping_sub(ns_to_tb(later_ns, hz)) & (u64::MAX >> (64 - bits));
    if bits == 56 && value >> 55 == 1 { value | 0xff00_0000_0000_0000 } else { value }
}
`

const ROWS = 500

describe.runIf(there('gcc'))('C', () => {
  const compile = (name: string, code: string) => {
    const header = file('vectors.h', exportVectors({ language: 'c', count: ROWS }))
    const mine = file(`${name}.c`, code)
    const strict = ['-std=c99', '-Wall', '-Wextra', '-Werror']
    const one = run(
      'gcc',
      ...strict,
      '-pedantic',
      '-DCHRONOVISOR_MAIN',
      '-x',
      'c',
      '-c',
      header,
      '-o',
      'vectors.o',
    )
    expect(one.stderr).toBe('')
    const two = run('gcc', ...strict, '-O1', mine, 'vectors.o', '-o', name)
    expect(two.stderr).toBe('')
    return run(join(folder, name))
  }

  test('compiles without a warning, and a right implementation has every row right', () => {
    const { status, stdout, stderr } = compile('right', C.replace('PRODUCT', 'u128'))
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '0 wrong\n', stderr: '' })
  })

  test('a product of 64 bits is found out', () => {
    const { status, stdout, stderr } = compile('wrong', C.replace('PRODUCT', 'uint64_t'))
    expect(status).toBe(1)
    expect(Number.parseInt(stdout, 10)).toBeGreaterThan(100)
    expect(stderr).toMatch(
      /^scale_delta, row \d+: ns is \d+, expected \d+\npage_read, row \d+: whole is 1, expected 1\n/,
    )
  })

  test('as a header it is included without a main, and without a warning', () => {
    const calls = ['int main(void) { return chronovisor_check_scale_tsc(scale_tsc) == 0 ? 7 : 8; }']
    const header = exportVectors({ language: 'c', kinds: ['ratio'], count: 50 })
    file('ratio.h', header)
    const mine = file('include.c', ['#include "ratio.h"', C.replace('PRODUCT', 'u128'), ...calls].join('\n'))
    const built = run('gcc', '-std=c99', '-Wall', '-Wextra', '-Werror', mine, '-o', 'include')
    expect(built.stderr).toBe('')
    expect(run(join(folder, 'include')).status).toBe(7)
  })
})

describe.runIf(there('rustc'))('Rust', () => {
  const compile = (name: string, multiply: string) => {
    const vectors = file('vectors.rs', exportVectors({ language: 'rust', count: ROWS }))
    file('implementation.rs', RUST.replace('MULTIPLY', multiply))
    const built = run(
      'rustc',
      '--edition',
      '2021',
      '-D',
      'warnings',
      '--cfg',
      'chronovisor_main',
      vectors,
      '-o',
      name,
    )
    expect(built.stderr).toBe('')
    return run(join(folder, name))
  }

  test('compiles without a warning, and a right implementation has every row right', () => {
    const { status, stdout, stderr } = compile('right-rust', '((d as u128 * mul as u128) >> 32) as u64')
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '0 wrong\n', stderr: '' })
  })

  test('a product of 64 bits is found out', () => {
    const { status, stderr } = compile('wrong-rust', 'd.wrapping_mul(mul as u64) >> 32')
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^scale_delta, row \d+: \d+, not \d+\npage_read, row \d+: \(1, \d+\), not \(1, \d+\)\n/,
    )
  })

  test('as a module it needs no main', () => {
    const vectors = file('module.rs', exportVectors({ language: 'rust', count: 20 }))
    expect(run('rustc', '--crate-type', 'lib', '-D', 'warnings', vectors).stderr).toBe('')
  })
})

describe('JSON', () => {
  type Row = Record<string, string | number>
  const rowsOf = (kind: string, count = ROWS): Row[] => {
    const text = exportVectors({ language: 'json', count })
    const { vectors } = JSON.parse(text) as { vectors: { kind: string; rows: Row[] }[] }
    return vectors.find((one) => one.kind === kind)!.rows
  }
  const big = (value: string | number | undefined) => BigInt(value!)

  test('the expected values are those of models with integers of any size', () => {
    for (const row of rowsOf('scale')) {
      const chosen = xenScale(big(row.hz))
      expect([big(row.mul), big(row.shift), big(row.khz)]).toEqual([
        chosen.mul,
        chosen.shift,
        linuxKhz(chosen),
      ])
      expect(big(row.ns)).toBe(scaleDeltaModel(big(row.delta), chosen.mul, chosen.shift))
    }
    for (const row of rowsOf('read')) {
      const { whole, ns } = read(Buffer.from(row.page as string, 'hex'), big(row.tsc))
      expect([row.whole, big(row.ns)]).toEqual([whole ? 1 : 0, whole ? ns : 0n])
    }
    for (const row of rowsOf('timebase')) {
      const hz = big(row.hz)
      expect(big(row.ticks)).toBe((big(row.ns) * hz) / NS_PER_S)
      expect(big(row.qemu_ns)).toBe((big(row.tb) * NS_PER_S + hz - 1n) / hz)
    }
    for (const row of rowsOf('dec')) {
      const hz = big(row.hz)
      const next = (big(row.now_ns) * hz) / NS_PER_S + big(row.value)
      const left = next - (big(row.later_ns) * hz) / NS_PER_S
      expect([big(row.next), big(row.expires_ns)]).toEqual([next, (next * NS_PER_S + hz - 1n) / hz])
      expect(row.bits === 56 ? s64(big(row.reads)) : big(row.reads)).toBe(
        row.bits === 56 ? BigInt.asIntN(56, left) : BigInt.asUintN(32, left),
      )
    }
  })

  test('all numbers fit their types, in a few thousand rows of any seed', () => {
    for (const seed of [0, 7, Number.MAX_SAFE_INTEGER]) {
      const { vectors } = JSON.parse(exportVectors({ language: 'json', count: 1000, seed })) as {
        vectors: { fields: { name: string; type: string }[]; rows: Row[] }[]
      }
      const most: Record<string, bigint> = { u8: 255n, s8: 127n, u32: 0xffff_ffffn, u64: MAX_U64 }
      const wrong = vectors.flatMap(({ fields, rows }) =>
        fields
          .filter(({ type }) => type !== 'page')
          .flatMap(({ name, type }) =>
            rows
              .map((row) => big(row[name]))
              .filter((value) => value > most[type]! || value < (type === 's8' ? -128n : 0n)),
          ),
      )
      expect(wrong).toEqual([])
    }
  })

  test('both halves of a choice are among the rows', () => {
    const has = (kind: string, column: string) => new Set(rowsOf(kind).map((row) => row[column]))
    expect([...has('read', 'whole')].sort()).toEqual([0, 1])
    expect([...has('ratio', 'scales')].sort()).toEqual([0, 1])
    expect([...has('ratio', 'frac_bits')].sort()).toEqual([32, 48])
    expect(has('ratio', 'ratio').has('0')).toBe(true)
    expect([...has('dec', 'bits')].sort()).toEqual([32, 56])
  })
})

test.each(['c', 'rust', 'json'] as const)(
  '%s: the same seed gives the same text, another one another',
  (language) => {
    const text = exportVectors({ language, seed: 5, count: 80 })
    expect(exportVectors({ language, seed: 5, count: 80 })).toBe(text)
    expect(exportVectors({ language, seed: 6, count: 80 })).not.toBe(text)
    expect(text.endsWith('\n')).toBe(true)
    if (language !== 'json')
      expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
  },
)

test('the rows of a kind are the same alone and among others, and with more after them', () => {
  const rows = (request: object) => {
    const { vectors } = JSON.parse(exportVectors({ language: 'json', count: 90, ...request }))
    return vectors.find((one: { kind: string }) => one.kind === 'dec').rows
  }
  expect(rows({ kinds: ['dec'] })).toEqual(rows({}))
  expect(rows({ count: 120 }).slice(0, 90)).toEqual(rows({}))
  expect(exportKinds).toEqual(['scale', 'read', 'ratio', 'timebase', 'dec'])
})

test.each([
  [{ count: 0 }, '0 rows; expected 1 to 100000'],
  [{ count: 100_001 }, '100001 rows'],
  [{ count: 1.5 }, '1.5 rows'],
  [{ seed: -1 }, 'the seed -1'],
])('%o is refused', (request, why) => {
  expect(() => exportVectors({ language: 'c', ...request })).toThrow(MathError)
  expect(() => exportVectors({ language: 'c', ...request })).toThrow(why)
})
