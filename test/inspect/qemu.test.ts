import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inspectFile } from '../../src/inspect/index.js'
import { qemuFormat } from '../../src/inspect/qemu.js'
import { inspectionText } from '../../src/report/inspection.js'
import { plain } from '../../src/report/style.js'
import { filesFolder } from '../helpers/folder.js'
import { recorded, stream, u8, u64 } from '../stream/qemu/streams.js'

const { folder, put } = filesFolder()
const power = put('power.bin', recorded('running-decset-q10'))
const stopped = put('stopped.bin', recorded('stopped-q7'))
const S = 1_000_000_000n

const uint64 = (name: string, value: bigint) => ({ name, type: 'uint64', bytes: u64(value) })
const x86 = put(
  'x86.bin',
  stream({
    devices: [
      {
        name: 'cpu',
        version: 12,
        fields: [uint64('env.tsc', 123_456_789n), uint64('env.tsc_aux', 0n)],
        subsections: [
          {
            name: 'cpu/tsc_khz',
            fields: [{ name: 'env.tsc_khz', type: 'int64', bytes: u64(2_400_000n) }],
            subsections: [{ name: 'cpu/tsc_khz/inner', fields: [uint64('x', 9n)] }],
          },
          { name: 'cpu/msr_tsc_adjust', fields: [uint64('env.tsc_adjust', 77n)] },
        ],
      },
      {
        name: 'kvmclock',
        fields: [uint64('clock', 5n * S)],
        subsections: [
          {
            name: 'kvmclock/clock_is_reliable',
            fields: [{ name: 'clock_is_reliable', type: 'bool', bytes: u8(1) }],
          },
        ],
      },
    ],
  }),
)

describe('resumed on another host', () => {
  const { details } = inspectFile(power)
  const { guest_timebase: timebase, time_of_the_day_ns: wall } = details.power as Record<string, bigint>
  const dec = 1_344_374_296n
  const clocksOf = (host: object) => {
    const clocks = inspectFile(power, host).resumed!.clocks
    return (policy: string) =>
      clocks.filter(({ name }) => name.endsWith(`, ${policy}`)).map(({ resumed }) => resumed)
  }

  it('TB and DEC are what each policy makes of the stream', () => {
    const of = clocksOf({ uptimeNs: 20n * S, wallNs: wall! + 90n * S })
    for (const policy of ['power-qemu', 'power-stopped']) expect(of(policy)).toEqual([timebase, dec])
    const charged = 90n * 512_000_000n
    expect(of('power-running')).toEqual([timebase! + charged, dec - charged])
    expect(of('power-dec-lost')).toEqual([timebase, (1n << 55n) - 1n])
    const ticks = (1_569_584_866n * 512n) / 1000n
    expect(of('power-tcg')).toEqual([ticks, dec])
  })

  it('the host’s own timebase decides the offset and its rounding, not what the guest reads', () => {
    const note = (ticks: bigint) => inspectFile(power, { timebase: ticks }).resumed!.clocks[2]!
    expect(note(timebase!)).toMatchObject({ name: 'TB, power-qemu', resumed: timebase })
    expect(note(timebase!).note).toContain('rounds its offset up: 0 ticks')
    expect(note(timebase! - 1n).note).toContain('rounds its offset up: 16777215 ticks (32767998 ns)')
  })

  it('kvmclock and TSC go on from where they were', () => {
    const { resumed, policies } = inspectFile(x86, { uptimeNs: 1n })
    expect(policies.map(({ policy }) => policy)).toEqual(['kvm-qemu'])
    expect(resumed!.clocks.map(({ name, resumed: value }) => [name, value])).toEqual([
      ['kvmclock', 5n * S],
      ['TSC 0', 123_456_789n],
    ])
  })
})

describe('what it says', () => {
  it('of a running and of a paused guest', () => {
    const text = (path: string) => inspectionText(inspectFile(path), plain).replace(/\s+/g, ' ')
    expect(text(power)).toContain('machine pseries-10.0, saved running')
    expect(text(power)).toContain('accelerator TCG')
    expect(text(power)).toContain('decrementer (section cpu, SPR 22) vCPU 0 1344374296, 56 bits')
    expect(text(stopped)).toContain('saved paused')
    expect(text(stopped)).toContain('stale under TCG: QEMU before 8.2 did not save it')
    expect(text(x86)).toContain('kvmclock 5 s reliable yes TSC 0 123456789, 2400000 kHz, TSC_ADJUST 77')
  })

  it('no line is wider than a terminal', () => {
    for (const path of [power, stopped, x86])
      for (const line of inspectionText(inspectFile(path, { uptimeNs: 0n }), plain)
        .split('\n')
        .slice(2))
        expect(line.length).toBeLessThanOrEqual(80)
  })

  it('what a simulation can begin with', () => {
    expect(inspectFile(power).time).toMatchObject({
      system: 'power',
      policy: 'power-tcg',
      clocks: { vmclk: 1_569_584_866n },
      host: { frequencyHz: 512_000_000n },
    })
    expect(inspectFile(x86).time).toMatchObject({
      system: 'kvm',
      clocks: { clock: 5n * S, tsc_0: 123_456_789n, tsc_khz: 2_400_000n },
    })
  })
})

describe('--set', () => {
  const change = (path: string, changes: Readonly<Record<string, string>>) => {
    const out = join(folder, 'changed.bin')
    const changed = qemuFormat.change!(path, out, new Map(Object.entries(changes)))
    return { changed, out }
  }
  /** Places at which two files differ. */
  function differences(one: string, other: string): number[] {
    const [a, b] = [readFileSync(one), readFileSync(other)]
    expect(b.length).toBe(a.length)
    return [...a.keys()].filter((at) => a[at] !== b[at])
  }

  it('changes the field and nothing else', () => {
    const { changed, out } = change(power, { 'spapr.guest_timebase': '0x1122334455667788', 'cpu0.dec': '-5' })
    expect(changed).toEqual([
      { field: 'spapr.guest_timebase', from: '5128433230702', to: `${0x1122334455667788n}` },
      { field: 'cpu0.dec', from: '1344374296', to: `${(1n << 64n) - 5n}` },
    ])
    const places = differences(power, out)
    expect(places.length).toBe(16)
    expect(places[7]! - places[0]!).toBe(7)
    expect(places[15]! - places[8]!).toBe(7)
    expect(inspectFile(out).details.power).toMatchObject({
      guest_timebase: 0x1122334455667788n,
      cpus: [{ dec: -5n }],
    })
  })

  it('the run state takes its length with it', () => {
    const { changed, out } = change(stopped, { 'globalstate.runstate': 'running' })
    expect(changed).toEqual([
      { field: 'globalstate.runstate', from: 'paused', to: 'running' },
      { field: 'globalstate.size', from: '7', to: '8' },
    ])
    expect(inspectFile(out).details.run_state).toBe('running')
    expect(differences(stopped, change(out, { 'globalstate.runstate': 'paused' }).out)).toEqual([])
  })

  it('reaches fields in subsections, also behind nested ones', () => {
    const { out } = change(x86, { 'kvmclock.clock': '7', 'cpu0.tsc_adjust': '78', 'cpu0.tsc_khz': '1000' })
    expect(inspectFile(out).details.x86).toMatchObject({
      kvmclock: { clock: 7n, reliable: true },
      cpus: [{ tsc: 123_456_789n, tsc_adjust: 78n, tsc_khz: 1000n }],
    })
    expect(differences(x86, out).length).toBeLessThanOrEqual(1 + 8 + 5)
  })

  it.each([
    [
      power,
      'kvmclock.clock',
      '1',
      /--set kvmclock.clock: there is no field "kvmclock.clock" in this stream; expected one of timer/,
    ],
    [power, 'cpu1.dec', '1', /there is no field "cpu1.dec" in this stream/],
    [power, 'spapr', '1', /there is no field "spapr"/],
    [
      power,
      'spapr.guest_timebase',
      '18446744073709551616',
      /"18446744073709551616" does not fit; expected a whole number below 2\^64/,
    ],
    [power, 'spapr.guest_timebase', 'soon', /"soon" does not fit/],
    [
      power,
      'timer.cpu_clock_offset',
      '0x8000000000000000',
      /does not fit; expected a whole number, 64 bits with a sign/,
    ],
    [power, 'spapr.guest_timebase', '-1', /"-1" does not fit/],
    [power, 'cpu0.dec', `-${(1n << 63n) + 1n}`, /expected a whole number from -2\^63 to below 2\^64/],
    [power, 'globalstate.runstate', 'a'.repeat(32), /expected the name of a run state of at most 31 letters/],
  ])('%s %s=%s is refused, and nothing is written', (path, field, value, message) => {
    const out = join(folder, 'absent.bin')
    expect(() => qemuFormat.change!(path, out, new Map([[field, value]]))).toThrow(message)
    expect(existsSync(out)).toBe(false)
  })

  it('says where it cannot write', () => {
    const out = join(folder, 'no', 'such', 'folder')
    expect(() => qemuFormat.change!(power, out, new Map([['rtc.ns_offset', '1']]))).toThrow(
      /cannot be written/,
    )
  })

  it('names its fields', () => {
    expect(qemuFormat.fields.map(({ name }) => name)).toContain('cpuN.dec')
  })
})
