/** Sweeps: axes from words, points in their order, and what comes out of them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseCsv } from 'csv-parse/sync'
import { parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/search/random.js'
import { readAxis } from '../../src/sweep/axis.js'
import { grid, sample } from '../../src/sweep/points.js'
import { execute } from '../cli/execute.js'
import { temporaryFolder } from '../helpers/folder.js'

describe('an axis', () => {
  it('is a list, or a range in even steps of one unit', () => {
    expect(readAxis('guests.g.hz=100,250, 1000')).toMatchObject({
      path: 'guests.g.hz',
      keys: ['guests', 'g', 'hz'],
      values: ['100', '250', '1000'],
    })
    expect(readAxis('events[0].downtime=0 s..1 s/5').values).toEqual([
      '0 s',
      '250 ms',
      '500 ms',
      '750 ms',
      '1 s',
    ])
    expect(readAxis('events[0].downtime=0 s..1 s/5').keys).toEqual(['events', 0, 'downtime'])
    expect(readAxis('hosts.a.tsc.frequency=2 GHz..3 GHz/3').values).toEqual(['2 GHz', '2.5 GHz', '3 GHz'])
    expect(readAxis('hosts.a.tsc.error=-10 ppm..10 ppm/3').values).toEqual(['-10 ppm', '0 ppm', '10 ppm'])
    expect(readAxis('guests.g.vcpus=1..4/4').values).toEqual(['1', '2', '3', '4'])
  })

  it('draws from all of its range, and knows which step is near', () => {
    const axis = readAxis('hosts.b.wall.offset=-2 s..2 s/5')
    const drawn = Array.from({ length: 200 }, (_, i) => axis.draw(new Random(1, i)))
    expect(new Set(drawn.map((value) => axis.column(value)))).toEqual(new Set([0, 1, 2, 3, 4]))
    expect(['-2 s', '-1.4 s', '10 ms', '1.6 s'].map((value) => axis.column(value))).toEqual([0, 1, 2, 4])
  })

  it.each([
    ['hosts.b.uptime', 'is no axis; expected PATH=a,b,c or PATH=from..to/steps'],
    ['a=1,,2', 'has an empty value'],
    ['a b=1', 'expected keys as in events[0].downtime'],
    ['a=1..2/1', 'expected from..to/steps with 2 to 10000 steps'],
    ['a=1 s..2 GHz/3', 'its ends are not of one kind'],
  ])('%s is refused', (text, message) => {
    expect(() => readAxis(text)).toThrow(message)
  })
})

it('a grid has all combinations, a sample of a seed always the same points', () => {
  const axes = [readAxis('a=1,2'), readAxis('b=x,y,z')]
  expect(grid(axes).map((point) => point.join(''))).toEqual(['1x', '1y', '1z', '2x', '2y', '2z'])
  expect(sample(axes, 5, 7)).toEqual(sample(axes, 5, 7))
  expect(sample(axes, 5, 7)).toEqual(sample(axes, 9, 7).slice(0, 5))
  expect(sample(axes, 5, 7)).not.toEqual(sample(axes, 5, 8))
  expect(() => grid([readAxis('a=1..2000/2000'), readAxis('b=1..2000/2000')])).toThrow('4000000 points')
})

describe('chronovisor sweep', () => {
  const folder = temporaryFolder()
  const file = (name: string) => join(folder, name)
  // TB goes back where the other host's clock is behind by more than the migration takes.
  const offset = ['--set', 'hosts.b.wall.offset=-2 s,-1 s,0 s,1 s']
  const downtime = ['--set', 'events[0].downtime=500 ms,1500 ms']
  const skew = (...more: string[]) =>
    execute(['sweep', 'power-running-skew', ...offset, ...downtime, ...more])

  it('shows where which check fails', async () => {
    const { code, stdout } = await skew()
    expect(code).toBe(0)
    expect(stdout).toContain('8 points')
    expect(stdout).toMatch(/✗ warp +3 {2}worst .* at offset=-2 s downtime=500 ms/)
    const map = stdout.split('\n').filter((line) => line.includes('┤'))
    expect(map).toHaveLength(2)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('writes every point as CSV, Parquet and JSON, all the same', async () => {
    await skew('--out', file('s.csv'))
    await skew('--out', file('s.parquet'))
    const { stdout } = await skew('--json', '--out', file('s.json'))
    expect(readFileSync(file('s.json'), 'utf8')).toBe(stdout)
    const { rows } = JSON.parse(stdout)
    const lines = parseCsv(readFileSync(file('s.csv')), { columns: true }) as Record<string, string>[]
    const bytes = readFileSync(file('s.parquet'))
    const columns = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
    })
    expect([rows.length, lines.length, columns.length]).toEqual([8, 8, 8])
    rows.forEach(
      (
        row: { at: Record<string, string>; verdict: string; values: Record<string, string | null> },
        i: number,
      ) => {
        expect(lines[i]!['hosts.b.wall.offset']).toBe(row.at['hosts.b.wall.offset'])
        expect(columns[i]!['events[0].downtime']).toBe(row.at['events[0].downtime'])
        expect([lines[i]!.verdict, columns[i]!.verdict]).toEqual([row.verdict, row.verdict])
        expect(lines[i]!.warp).toBe(row.values.warp ?? '')
        expect(columns[i]!.warp?.toString() ?? null).toBe(row.values.warp)
      },
    )
  })

  it('draws a heat map', async () => {
    await skew('--plot', file('s.svg'), '--value', 'warp')
    const svg = readFileSync(file('s.svg'), 'utf8')
    expect(svg.match(/class="cv-heat"/g)).toHaveLength(8)
    expect(svg).toContain('power-running-skew: warp, against the worst')
    expect(svg).toContain('-2 s, 500 ms: 100 %')
  })

  it.each([
    [['--set', 'hosts.q.uptime=1 s'], 'there is nothing that hosts.q.uptime is a part of'],
    [['--set', 'hosts.b.uptime=1'], 'at hosts.b.uptime=1: '],
    [[...offset, '--value', 'warps'], 'there is no check "warps"; expected one of warp'],
    [[...offset, '--out', 'x.txt'], 'expected a name that ends in .csv, .parquet, .json'],
    [[...offset, '--plot', 'x.png'], 'expected a name that ends in .svg'],
  ])('%s is refused', async (args, message) => {
    const { code, stdout, stderr } = await execute(['sweep', 'power-running-skew', ...args])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(message)
  })
})
