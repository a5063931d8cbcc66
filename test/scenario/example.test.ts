/** The examples in data/, value by value. */
import { describe, expect, it } from 'vitest'
import { loadScenarioFile, type ScenarioEvent } from '../../src/scenario/index.js'

const FULL = 'test/scenario/data/full.yaml'
const SECOND = 1_000_000_000n

describe('the full example', () => {
  const scenario = loadScenarioFile(FULL)

  it('has its head', () => {
    expect(scenario).toMatchObject({
      name: 'full-example',
      system: 'xen',
      startNs: 1_218_055_617_123_456_789n,
      durationNs: 180n * SECOND,
      seed: 42,
      compare: ['xen-2008', 'xen-fix-1', 'xen-fix-2', 'xen-fix-3', 'xen-today'],
      fileName: FULL,
    })
    expect(scenario.summary).toMatch(
      /^Two Xen hosts .* the file is here to hold every key that an x86 scenario may have\.$/,
    )
  })

  it('has its hosts, in order, with defaults', () => {
    expect(scenario.hosts).toEqual([
      {
        name: 'a',
        hypervisor: 'xen',
        uptimeNs: 8_640_000n * SECOND,
        tsc: {
          frequencyHz: 2_400_000_000n,
          errorPpb: 12_000n,
          calibratedHz: 2_400_001_000n,
          atStart: 2n ** 64n - 1n,
          constant: true,
          reliable: true,
          clocksource: false,
          scalingBits: 48,
        },
        timebase: null,
        clockErrorPpb: 0n,
        wallOffsetNs: -3n * SECOND,
        wallRatePpb: 5_000n,
        wallPushed: 'every-11-min',
        timerSlopNs: 50_000n,
        kvmclock: null,
        position: { line: 13, column: 3 },
      },
      {
        name: 'b',
        hypervisor: 'xen',
        uptimeNs: 5_400n * SECOND,
        tsc: {
          frequencyHz: 2_400_000_000n,
          errorPpb: 0n,
          calibratedHz: null,
          atStart: null,
          constant: true,
          reliable: false,
          clocksource: false,
          scalingBits: null,
        },
        timebase: null,
        clockErrorPpb: 0n,
        wallOffsetNs: 0n,
        wallRatePpb: 0n,
        wallPushed: 'every-11-min',
        timerSlopNs: 50_000n,
        kvmclock: null,
        position: { line: 28, column: 3 },
      },
    ])
  })

  it('has its first guest', () => {
    expect(scenario.guests.map(({ name }) => name)).toEqual(['g', 'dom0', 'later'])
    expect(scenario.guests[0]).toEqual({
      name: 'g',
      on: 'a',
      kernel: 'linux-2.6.18-xen',
      variant: 'fix-2',
      arch: 'x86-32',
      hz: 1000,
      vcpus: 2,
      bootNs: SECOND,
      from: null,
      policy: 'xen-2008',
      dom0: false,
      ntp: 'off',
      tsc: { mode: 1, frequencyHz: 2_400_000_000n },
      timebase: null,
      dec: null,
      clocksource: 'xen',
      hyperV: false,
      vmclock: false,
      rtc: null,
      memoryBytes: 2_097_152,
      read: [
        {
          name: 'wall',
          clock: 'realtime',
          everyNs: 10_000_000n,
          fromNs: 2n * SECOND,
          untilNs: 180n * SECOND,
          vcpu: 1,
          guarded: false,
          position: { line: 48, column: 9 },
        },
        {
          name: 'gettimeofday',
          clock: 'gettimeofday',
          everyNs: 10_000_000n,
          fromNs: SECOND,
          untilNs: 180n * SECOND,
          vcpu: 0,
          guarded: false,
          position: { line: 49, column: 9 },
        },
      ],
      sleep: [
        {
          name: 'nap',
          clock: 'monotonic',
          forNs: 2n * SECOND,
          atNs: 61n * SECOND,
          everyNs: 5n * SECOND,
          vcpu: 0,
          position: { line: 51, column: 9 },
        },
        {
          name: 'sleep-2',
          clock: 'monotonic',
          forNs: 1_000_000n,
          atNs: SECOND,
          everyNs: null,
          vcpu: 0,
          position: { line: 52, column: 9 },
        },
      ],
      busy: [
        { fromNs: 10n * SECOND, untilNs: 20n * SECOND, vcpu: 0, position: { line: 54, column: 9 } },
        { fromNs: 20n * SECOND, untilNs: 30n * SECOND, vcpu: 0, position: { line: 55, column: 9 } },
        { fromNs: 15n * SECOND, untilNs: 25n * SECOND, vcpu: 1, position: { line: 56, column: 9 } },
      ],
      write: [],
      position: { line: 33, column: 3 },
    })
  })

  it('has its events by time, each with its place', () => {
    const briefly = ({ atNs, kind, position }: ScenarioEvent) => `${atNs / SECOND} ${kind} ${position.line}`
    expect(scenario.events.map(briefly)).toEqual([
      '1 boot 40',
      '5 pause 60',
      '6 resume 61',
      '6 boot 62',
      '9 set-wall 63',
      '9 set-wall 64',
      '9 ntp-step 65',
      '9 ntp-slew 66',
      '10 host-suspend 67',
      '12 agent-settime 68',
      '12 agent-settime 69',
      '13 guest-ntp-step 70',
      '13 guest-ntp-slew 71',
      '14 rtc-resync 72',
      '14 steal 73',
      '60 migrate 75',
      '62 migrate 76',
      '63 save 77',
      '64 reboot 78',
      '90 restore 74',
      '100 boot 79',
      '100 pause 80',
      '101 migrate 81',
      '102 resume 82',
      '110 save 83',
      '111 restore 84',
      '112 migrate 85',
    ])
  })

  it('has what its events say', () => {
    const at = (line: number) => {
      const { position, atNs, ...rest } = scenario.events.find((event) => event.position.line === line)!
      return rest
    }
    // 20:48:00 is 62.876543211 s after the start, 53.876543211 s after 9 s.
    expect(at(63)).toEqual({ kind: 'set-wall', host: 'a', offsetNs: 53_876_543_211n })
    expect(at(64)).toEqual({ kind: 'set-wall', host: 'b', offsetNs: 3n * SECOND })
    expect(at(65)).toEqual({ kind: 'ntp-step', host: 'a', byNs: -3n * SECOND })
    expect(at(66)).toEqual({ kind: 'ntp-slew', host: 'a', ratePpb: -500_000n, forNs: 100n * SECOND })
    expect(at(67)).toEqual({
      kind: 'host-suspend',
      host: 'a',
      forNs: SECOND,
      updateWallclock: false,
      tsc: 'stands',
    })
    expect(at(68)).toEqual({ kind: 'agent-settime', guest: 'g', from: 'true', slewNs: null, quiet: false })
    expect(at(69)).toEqual({ kind: 'agent-settime', guest: 'g', from: 'host', slewNs: null, quiet: false })
    expect(at(70)).toEqual({ kind: 'guest-ntp-step', guest: 'g' })
    expect(at(71)).toEqual({ kind: 'guest-ntp-slew', guest: 'g', ratePpb: 50_000n, forNs: SECOND })
    expect(at(73)).toEqual({ kind: 'steal', guest: 'g', vcpu: 1, forNs: 500_000_000n })
    // A restore that names no host goes where the guest was saved: it had moved to b.
    expect(at(74)).toEqual({ kind: 'restore', guest: 'g', on: 'b' })
    expect(at(75)).toEqual({
      kind: 'migrate',
      guest: 'g',
      to: 'b',
      downtimeNs: 300_000_000n,
      stopToSaveNs: 20_000_000n,
    })
    expect(at(76)).toEqual({
      kind: 'migrate',
      guest: 'later',
      to: 'a',
      downtimeNs: 300_000_000n,
      stopToSaveNs: 0n,
    })
    expect(at(78)).toEqual({ kind: 'reboot', host: 'b', takesNs: 20n * SECOND })
  })

  it('has its checks and its expectation', () => {
    expect(scenario.checks).toEqual({
      warp: { limitNs: 0n },
      jump: { limitNs: 100_000_000n },
      stall: null,
      'late-wake': { limitNs: 100_000_000n },
      'early-wake': { limitNs: 1_000_000n },
      'lost-wake': { limitNs: 5n * SECOND },
      'wake-storm': { limit: 1000 },
      steal: { limitNs: 100_000_000n },
      'soft-lockup': { limitNs: 20n * SECOND },
      'stale-wall': { limitNs: SECOND },
      rate: { limitPpb: 500_000n },
      'wall-error': { limitNs: SECOND },
      'backwards-warning': { limit: 0 },
      skew: { limitNs: 1_000n },
      'set-back': { limitNs: 10n * SECOND },
      backlog: { limit: 1000 },
      'cycle-offset': { limitNs: 3_155_760_000n * SECOND },
      monotonic: { downtime: 'counted' },
      seam: null,
    })
    expect(scenario.expect).toEqual({
      verdict: 'fail',
      fails: ['late-wake', 'jump'],
      curedBy: ['xen-fix-2'],
      passes: [],
      predict: [],
    })
  })
})

describe('the Power example', () => {
  const scenario = loadScenarioFile('test/scenario/data/power.yaml')

  it('has timebases instead of TSCs', () => {
    expect(scenario.system).toBe('power')
    expect(scenario.hosts.map(({ tsc, timebase }) => [tsc, timebase])).toEqual([
      [null, { frequencyHz: 512_000_000n, errorPpb: -3_000n, atStart: 0n }],
      [null, { frequencyHz: 500_000_000n, errorPpb: 0n, atStart: null }],
      [null, { frequencyHz: 512_000_000n, errorPpb: 0n, atStart: null }],
    ])
    expect(scenario.guests.map(({ tsc, timebase, dec }) => [tsc, timebase, dec])).toEqual([
      [null, { frequencyHz: 512_000_000n }, { bits: 56, type: 'edge' }],
      // What a guest was told is its first host's frequency.
      [null, { frequencyHz: 500_000_000n }, { bits: 32, type: 'level' }],
      [null, { frequencyHz: 512_000_000n }, { bits: 32, type: 'level' }],
    ])
    expect(scenario.events.at(-1)).toMatchObject({
      kind: 'tell-frequency',
      guest: 'told',
      frequencyHz: 500_000_000n,
    })
  })

  it('compares the guests’ policies and the cures by default, each once', () => {
    expect(scenario.compare).toEqual(['power-running', 'power-scaled'])
  })
})
