/** Each format is opened by a reader that others wrote. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parse } from 'csv-parse/sync'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import vcdParser from 'vcd-parser'
import { describe, expect, it } from 'vitest'
import { seriesOf } from '../../src/check/index.js'
import { isTraceName, runSampled, traceEndings, writeTrace } from '../../src/trace/index.js'
import { runScenario } from '../../src/world/index.js'
import { libraryScenario } from '../helpers/library.js'
import { fileIn, traced } from './fixture.js'

const S = 1_000_000_000n
const sampled = traced()
const { run } = sampled
const readings = run.guests[0]!.observations

describe('runSampled', () => {
  it('ends as a run that nobody looked at', () => {
    const plain = runScenario(run.scenario)
    expect(run.guests[0]!.stateHash).toBe(plain.guests[0]!.stateHash)
    expect(readings.length).toBe(plain.guests[0]!.observations.length)
    expect(run.guests[0]!.clocks).toEqual(plain.guests[0]!.clocks)
  })

  it('reads every clock domain on both sides of what happens', () => {
    const at = (ns: bigint) => sampled.samples.find(({ atNs }) => atNs === ns)!
    expect(at(0n).hosts.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(at(0n).hosts[0]!.clocks).toContainEqual({
      clock: 'tsc',
      value: 12_000_000_000_000n,
      unit: 'ticks',
    })
    expect(at(10n * S - 1n).guests[0]!.host).toBe('a')
    // Saved with the stop: on its way it is nowhere.
    expect(at(10n * S).guests).toEqual([])
    expect(at(10_100_000_000n).guests[0]!.host).toBe('b')
    const ofB = (name: string) => at(10n * S).hosts[1]!.clocks.find(({ clock }) => clock === name)!.value
    expect(ofB('uptime')).toBe(5005n * S)
    // Xen's own, through a scale that is cut off.
    expect(ofB('system_time')).toBe(5005n * S - 10n)
  })
})

describe('CSV', () => {
  const file = fileIn('t.csv')
  writeTrace(file, sampled)
  const rows: Record<string, string>[] = parse(readFileSync(file), { columns: true })

  it('has every observation, in the order of time', () => {
    const reads = rows.filter(({ event }) => event === 'read')
    expect(reads.length).toBe([...readings.all(1)].length)
    const times = rows.map((row) => BigInt(row.true_ns!))
    expect(times.every((ns, i) => i === 0 || ns >= times[i - 1]!)).toBe(true)
    const first = [...readings.all(1)].find(({ trueNs, index }) => trueNs === 11n * S && index === 0)!
    const read = reads.find(({ true_ns, clock }) => true_ns === `${11n * S}` && clock === 'gettimeofday')!
    expect(BigInt(read.value!)).toBe(first.value)
    expect(BigInt(read.error_ns!)).toBe(first.value - run.startWallNs - 11n * S)
  })

  it('says what was done to the guest, and where it is', () => {
    const rest = rows.filter(({ event }) => ['mark', 'stop', 'resume', 'late'].includes(event!))
    expect(rest.map((row) => [row.true_ns, row.event, row.host, row.subject, row.detail])).toEqual([
      ['0', 'mark', '', 'boot', 'boot g'],
      ['10000000000', 'mark', '', 'migrate', 'migrate g to b'],
      ['10000000000', 'stop', 'a', 'migrate', 'migrate, a to b'],
      ['10100000000', 'resume', 'b', 'migrate', 'migrate, a to b'],
      ['12200000000', 'late', 'b', 'after', ''],
    ])
    const host = (ns: string) => rows.find(({ true_ns, event }) => true_ns === ns && event === 'read')!.host
    expect([host('9900000000'), host('10200000000')]).toEqual(['a', 'b'])
  })
})

describe('Parquet', () => {
  const file = fileIn('t.parquet')
  writeTrace(file, sampled)

  it('has the rows of the CSV, with types', async () => {
    const csv = fileIn('t.csv')
    writeTrace(csv, sampled)
    const expected: Record<string, string>[] = parse(readFileSync(csv), { columns: true })
    const rows = (await parquetReadObjects({ file: await asyncBufferFromFile(file) })) as Record<
      string,
      unknown
    >[]
    expect(rows.length).toBe(expected.length)
    expect(typeof rows[9]!.true_ns).toBe('bigint')
    const asText = ({ value, value_u64, ...row }: Record<string, unknown>) => {
      const cells = Object.entries({ ...row, value: value ?? value_u64 })
      return Object.fromEntries(cells.map(([key, cell]) => [key, cell === null ? '' : `${cell}`]))
    }
    expect(rows.map(asText)).toEqual(expected)
  })

  it('says what it is of', async () => {
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(file))
    expect(metadata.created_by).toBe('chronovisor')
    expect(metadata.key_value_metadata).toContainEqual({ key: 'scenario', value: 'traced' })
  })

  it('keeps registers and times beyond 2^63', async () => {
    const wrapped = runSampled(await libraryScenario('uptime-292y-epoch'))
    writeTrace(file, wrapped)
    const rows = (await parquetReadObjects({ file: await asyncBufferFromFile(file) })) as Record<
      string,
      unknown
    >[]
    const walls = rows.filter(({ event, subject }) => event === 'sample' && subject === 'wall')
    expect(walls.at(-1)).toMatchObject({
      value: null,
      value_u64: wrapped.run.startWallNs + wrapped.run.endNs,
    })
    const [series] = seriesOf(wrapped.run.guests[0]!, wrapped.run.startWallNs)
    expect(series!.error(series!.length - 1) < -(2n ** 63n)).toBe(true)
    expect(rows.filter(({ event }) => event === 'read').some((row) => row.error_ns === null)).toBe(true)
  })
})

describe('VCD', () => {
  const open = async () => {
    const file = fileIn('t.vcd')
    writeTrace(file, sampled)
    return vcdParser.parse(readFileSync(file, 'utf8'))
  }

  it('has a signal for each clock, sleeper and event, in the scopes of host and guest', async () => {
    const { timescale, signal } = await open()
    expect(timescale).toBe('1 ns')
    const names = signal.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining([
        'traced.a.tsc[63:0]',
        'traced.b.system_time[63:0]',
        'traced.g.running',
        'traced.g.gettimeofday[63:0]',
        'traced.g.gettimeofday_error_ns[63:0]',
        'traced.g.after_late',
        'traced.g.migrate',
      ]),
    )
    const wave = (name: string) => signal.find((one) => one.name === `traced.${name}`)!.wave
    expect(wave('g.running')).toEqual([
      ['0', 'x'],
      ['0', '1'],
      ['10000000000', '0'],
      ['10100000000', '1'],
    ])
    expect(
      wave('g.after_late')
        .slice(1)
        .map(([at]) => at)[0],
    ).toBe('12200000000')
    expect(wave('g.migrate')).toEqual([['10000000000', '1']])
    const errors = wave('g.gettimeofday_error_ns[63:0]').slice(1)
    const signed = errors.map(([, bits]) => BigInt.asIntN(64, BigInt(`0b${bits}`)))
    const [series] = seriesOf(run.guests[0]!, run.startWallNs)
    expect(signed.at(-1)).toBe(series!.error(series!.length - 1))
    expect(signed.at(-1)! < -4n * S).toBe(true)
  })

  it('is as wide as an error beyond 64 bits needs', async () => {
    const file = fileIn('t.vcd')
    writeTrace(file, runSampled(await libraryScenario('uptime-292y-epoch')))
    expect(readFileSync(file, 'utf8')).toMatch(/^\$var wire 66 \S+ realtime_error_ns \[65:0\] \$end$/m)
  })
})

describe('writeTrace', () => {
  it('knows a format by the end of the name', () => {
    expect(traceEndings).toEqual(['.perfetto-trace', '.vcd', '.csv', '.parquet'])
    expect([isTraceName('a/b.VCD'), isTraceName('a.json'), isTraceName('csv')]).toEqual([true, false, false])
    expect(() => writeTrace(fileIn('t.json'), sampled)).toThrow(
      'expected a name that ends in .perfetto-trace',
    )
  })

  it('writes all or nothing: what fails leaves the older file, and no other', () => {
    const file = fileIn('t.csv')
    writeFileSync(file, 'older')
    const torn = { ...sampled, run: { ...run, marks: null as never } }
    expect(() => writeTrace(file, torn)).toThrow()
    expect(readFileSync(file, 'utf8')).toBe('older')
    expect(readdirSync(dirname(file))).toEqual(['t.csv'])
    expect(writeTrace(file, sampled)).toBe(readFileSync(file).length)
  })
})
