/** Mistakes in ranges, and in what was drawn from them. */
import { expect, it } from 'vitest'
import { parseScenario } from '../../../src/scenario/index.js'
import { type Case, events, guest, HEAD, host, tail, testCases, top, xen } from './cases.js'

const migrate = (downtime: string) => events(`at: 1 s, migrate: g, to: b, downtime: ${downtime}`)
const DURATION = 'expected a duration such as 300 ms, 1.5 s or 1 h 30 min (units ns, us, ms, s, min, h, d, y)'

const ENDS: readonly Case[] = [
  [
    'the ends the wrong way round',
    migrate('▲400 ms .. 100 ms'),
    'events[0].downtime: the range "400 ms .. 100 ms" begins above its end; expected the lower end first',
  ],
  [
    'the ends the wrong way round, below zero',
    host('{ hypervisor: xen, tsc: { error: ▲-5 ppm .. -10 ppm } }'),
    'hosts.a.tsc.error: the range "-5 ppm .. -10 ppm" begins above its end; expected the lower end first',
  ],
  [
    'ends of two kinds',
    migrate('▲100 ms .. 2 GHz'),
    `events[0].downtime: in the range "100 ms .. 2 GHz", "2 GHz" has the unknown unit "GHz"; ${DURATION}`,
  ],
  [
    'ends of another kind',
    migrate('▲1 GHz .. 2 GHz'),
    `events[0].downtime: in the range "1 GHz .. 2 GHz", "1 GHz" has the unknown unit "GHz"; ${DURATION}`,
  ],
  [
    'a low end that is too small',
    migrate('▲-1 ns .. 1 s'),
    'events[0].downtime: in the range "-1 ns .. 1 s", "-1 ns" is too small; expected from 0 s to 1 y',
  ],
  [
    'a high end that is too large',
    host('{ hypervisor: xen, uptime: ▲0 s .. 151 y }'),
    'hosts.a.uptime: in the range "0 s .. 151 y", "151 y" is too large; expected from 0 s to 150 y',
  ],
  [
    'an end of odd kHz',
    host('{ hypervisor: xen, tsc: { calibrated: ▲2.4 GHz .. 2400000001 Hz } }'),
    'hosts.a.tsc.calibrated: in the range "2.4 GHz .. 2400000001 Hz", "2400000001 Hz" is not a whole number of kHz; expected from 1 kHz to 16 GHz, whole kHz',
  ],
  [
    'one unit for both ends',
    migrate('▲100 .. 400 ms'),
    `events[0].downtime: in the range "100 .. 400 ms", "100" has no unit; ${DURATION}`,
  ],
  [
    'no low end',
    migrate('▲.. 1 s'),
    `events[0].downtime: in the range ".. 1 s", "" is not a number with a unit; ${DURATION}`,
  ],
  [
    'no high end',
    migrate('▲1 s ..'),
    `events[0].downtime: in the range "1 s ..", "" is not a number with a unit; ${DURATION}`,
  ],
  [
    'no end at all',
    migrate('▲..'),
    `events[0].downtime: in the range "..", "" is not a number with a unit; ${DURATION}`,
  ],
  [
    'three ends',
    migrate('▲1 s .. 2 s .. 3 s'),
    'events[0].downtime: "1 s .. 2 s .. 3 s" has more than two ends; expected low .. high',
  ],
  [
    'three dots',
    migrate('▲1 s ... 2 s'),
    `events[0].downtime: in the range "1 s ... 2 s", ". 2 s" is not a number with a unit; ${DURATION}`,
  ],
  [
    'a word after it',
    migrate('▲1 s .. 2 s maybe'),
    `events[0].downtime: in the range "1 s .. 2 s maybe", "2 s maybe" is not a number with a unit; ${DURATION}`,
  ],
  [
    'an end finer than a nanosecond',
    migrate('▲0.3 ns .. 2 s'),
    `events[0].downtime: in the range "0.3 ns .. 2 s", "0.3 ns" is not a whole number of nanoseconds; ${DURATION}`,
  ],
  [
    'an end of many digits',
    migrate(`▲1 s .. ${'9'.repeat(200)} s`),
    `"1 s .. ${'9'.repeat(118)}", a quantity of 202 characters; ${DURATION}`,
  ],
  [
    'a dash between the ends',
    migrate('▲100 ms - 400 ms'),
    `events[0].downtime: "100 ms - 400 ms" is not a number with a unit; ${DURATION}`,
  ],
  ['ends as a list', migrate('▲[100 ms, 400 ms]'), `events[0].downtime is a list; ${DURATION}`],
]
testCases(ENDS)

const FIXED: readonly Case[] = [
  [
    'a range as the limit of a check',
    tail('checks:\n  jump: { limit: ▲100 ms .. 400 ms }'),
    'checks.jump.limit: "100 ms .. 400 ms" is a range; expected one value from 0 s to 100 y',
  ],
  [
    'a range as the limit of a rate',
    tail('checks:\n  rate: { limit: ▲1 ppm .. 2 ppm }'),
    'checks.rate.limit: "1 ppm .. 2 ppm" is a range; expected one value from 0 ppm to 10 %',
  ],
  [
    'a range as a limit that is a count',
    tail('checks:\n  wake-storm: { limit: ▲1 .. 2 }'),
    'checks.wake-storm.limit is "1 .. 2"; expected a whole number from 0 to 1000000000',
  ],
  [
    'a range of memory',
    xen('memory: ▲1 MiB .. 2 MiB'),
    'guests.g.memory: "1 MiB .. 2 MiB" is a range; expected one value from 1 MiB to 1 GiB',
  ],
  [
    'a range of hz',
    xen('hz: ▲100 .. 1000'),
    'guests.g.hz is "100 .. 1000"; expected one of 100, 250, 300, 1000',
  ],
  [
    'a range of vcpus',
    guest('{ on: a, kernel: linux-xen, vcpus: ▲1 .. 2 }'),
    'guests.g.vcpus is "1 .. 2"; expected a whole number from 1 to 32',
  ],
  [
    'a range of counts',
    host('{ hypervisor: xen, tsc: { at-start: ▲0 .. 5 } }'),
    'hosts.a.tsc.at-start is "0 .. 5"; expected a whole number from 0 to 18446744073709551615',
  ],
  [
    'a range of seeds',
    top(`${HEAD}seed: ▲1 .. 2`),
    'seed is "1 .. 2"; expected a whole number from 0 to 9007199254740991',
  ],
  [
    'a range of instants',
    top(`${HEAD}start: ▲2008-08-06T00:00:00Z .. 2008-08-07T00:00:00Z`),
    'start: "2008-08-06T00:00:00Z .. 2008-08-07T00:00:00Z" is not such a time; expected a time such as',
  ],
]
testCases(FIXED)

/** Whatever is drawn, these are wrong; the seed is said, as it is 1 by default. */
const DRAWN: readonly Case[] = [
  [
    'an event after the end',
    events('at: ▲100 s .. 100 s, rtc-resync: g'),
    'with seed 1: at is 1 min 40 s, but the scenario ends at 1 min 40 s; expected an earlier time',
  ],
  [
    'a boot after the end',
    xen('boot: ▲100 s .. 100 s'),
    'with seed 1: guest g boots at 1 min 40 s, but the scenario ends at 1 min 40 s; expected an earlier time',
  ],
  [
    'a part of the downtime that is more than all of it',
    events('at: 1 s, migrate: g, to: b, downtime: 1 s .. 1 s, stop-to-save: ▲2 s'),
    'with seed 1: stop-to-save is 2 s, but the downtime is 1 s; expected a part of it',
  ],
  [
    'a phase that ends before it begins',
    xen('busy: [{ from: 5 s .. 5 s, until: ▲4 s .. 4 s }]'),
    'with seed 1: until is 4 s, not after from, which is 5 s; expected a later time',
  ],
  [
    'a calibration that is far off',
    host('{ hypervisor: xen, tsc: { calibrated: ▲1 GHz .. 1 GHz } }'),
    'with seed 1: 1 GHz is more than 10 % from the frequency; expected about 2.4 GHz',
  ],
  [
    'an event that cannot happen',
    events('at: 5 s .. 5 s, pause: g', 'at: 6 s, pause: ▲g'),
    'with seed 1: at 6 s guest g is paused; expected a guest that is running',
  ],
]
testCases(DRAWN)

it('says the seed that it was found with, and only where there is one that matters', () => {
  const at = (time: string, seed: number) => () =>
    parseScenario(events(`at: ${time}, rtc-resync: g`), 'case.yaml', { seed })
  const passes = Array.from({ length: 20 }, (_, seed) => {
    try {
      return at('90 s .. 110 s', seed)().seed === seed
    } catch (error) {
      expect((error as Error).message).toMatch(
        new RegExp(
          `^case\\.yaml:15:11: with seed ${seed}: at is 1 min 4\\d\\.\\d+ s, but the scenario ends at 1 min 40 s; `,
        ),
      )
      return false
    }
  })
  expect(new Set(passes)).toEqual(new Set([true, false]))
  expect(at('110 s', 5)).toThrow('case.yaml:15:11: at is 1 min 50 s, but')
})
