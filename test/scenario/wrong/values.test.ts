/** Mistakes in a single value, and keys that are missing or unknown. */
import { type Case, events, GUESTS, guest, HEAD, host, many, tail, testCases, top, xen } from './cases.js'

const VALUES: readonly Case[] = [
  [
    'no name',
    top('▲title: t\nduration: 1 s'),
    'the scenario has no "name"; expected a name of lower-case letters',
  ],
  [
    'no hosts',
    `▲${HEAD}guests: {}\n`,
    'the scenario has no "hosts"; expected a mapping from the name of each host',
  ],
  [
    'no hypervisor',
    `${HEAD}hosts:\n  ▲a: {}\n${GUESTS}`,
    'hosts.a has no "hypervisor"; expected one of xen, kvm, power-kvm, power-tcg',
  ],
  [
    'a name with capitals',
    top('name: ▲Xen\ntitle: t\nduration: 1 s'),
    'name is "Xen"; expected a name of lower-case letters',
  ],
  ['a name that is a number', top('name: ▲1282\ntitle: t\nduration: 1 s'), 'name is 1282; expected a name'],
  ['a name of 65 letters', top(`name: ▲${'x'.repeat(65)}\ntitle: t\nduration: 1 s`), 'expected a name'],
  [
    'a title on two lines',
    top('name: x\ntitle: ▲"a\\nb"\nduration: 1 s'),
    'title is "a\\nb"; expected one line',
  ],
  [
    'an escape sequence in the title',
    top('name: x\ntitle: ▲"\\e[31m"\nduration: 1 s'),
    'without control characters',
  ],
  ['an empty title', top('name: x\ntitle: ▲""\nduration: 1 s'), 'title is ""; expected one line'],
  ['a title without text', top('name: x\n▲title:\nduration: 1 s'), 'title has no value; expected one line'],
  [
    'an unknown key',
    top(`${HEAD}▲compere: []`),
    'the scenario has the unknown key "compere" (did you mean "compare"?)',
  ],
  [
    'a mistyped key that is then missing',
    top('name: x\ntitle: t\n▲durration: 1 s'),
    'the unknown key "durration" (did you mean "duration"?)',
  ],
  [
    'an unknown key that is like no other',
    top(`${HEAD}▲zzz: 1`),
    'the scenario has the unknown key "zzz"; expected one of name, title',
  ],
  [
    'the first of two unknown keys',
    host('{ hypervisor: xen, ▲zz: 1, 7: 2 }'),
    'hosts.a has the unknown key "zz"',
  ],
  [
    'an unknown key of a host',
    host('{ hypervisor: xen, ▲up-time: 1 d }'),
    'hosts.a has the unknown key "up-time" (did you mean "uptime"?)',
  ],
  [
    'an unknown key of a tsc',
    host('{ hypervisor: xen, tsc: { ▲freq: 1 GHz } }'),
    'hosts.a.tsc has the unknown key "freq"',
  ],
  [
    'a duration without unit',
    top('name: x\ntitle: t\nduration: ▲180'),
    'duration: 180 is a number without a unit; expected a duration such as',
  ],
  [
    'a duration without unit, with decimals',
    top('name: x\ntitle: t\nduration: ▲1.5'),
    '1.5 is a number without a unit',
  ],
  [
    'a duration without unit, in quotes',
    top('name: x\ntitle: t\nduration: ▲"180"'),
    'duration: "180" has no unit; expected a duration',
  ],
  [
    'a duration with an unknown unit',
    top('name: x\ntitle: t\nduration: ▲3 m'),
    'duration: "3 m" has the unknown unit "m"',
  ],
  [
    'a duration finer than a nanosecond',
    host('{ hypervisor: xen, timer-slop: ▲0.3 ns }'),
    '"0.3 ns" is not a whole number of nanoseconds',
  ],
  [
    'a duration of zero',
    top('name: x\ntitle: t\nduration: ▲0 s'),
    'duration: "0 s" is too small; expected from 1 ms to 100 y',
  ],
  [
    'a duration of 101 years',
    top('name: x\ntitle: t\nduration: ▲101 y'),
    'duration: "101 y" is too large; expected from 1 ms to 100 y',
  ],
  [
    'a duration that is a list',
    top('name: x\ntitle: t\nduration: ▲[1 s]'),
    'duration is a list; expected a duration',
  ],
  [
    'a negative uptime',
    host('{ hypervisor: xen, uptime: ▲-1 s }'),
    'hosts.a.uptime: "-1 s" is too small; expected from 0 s to 150 y',
  ],
  [
    'a frequency without unit',
    host('{ hypervisor: xen, tsc: { frequency: ▲2400000000 } }'),
    '2400000000 is a number without a unit; expected a frequency',
  ],
  [
    'a frequency of zero',
    host('{ hypervisor: xen, tsc: { frequency: ▲0 Hz } }'),
    '"0 Hz" is too small; expected from 1 kHz to 16 GHz',
  ],
  [
    'an absurd frequency',
    host('{ hypervisor: xen, tsc: { frequency: ▲2.4 THz } }'),
    'has the unknown unit "THz"',
  ],
  [
    'a frequency above 16 GHz',
    host('{ hypervisor: xen, tsc: { frequency: ▲17 GHz } }'),
    '"17 GHz" is too large; expected from 1 kHz to 16 GHz',
  ],
  [
    'a frequency of half hertz',
    host('{ hypervisor: xen, tsc: { frequency: ▲1000.5 Hz } }'),
    'is not a whole number of hertz',
  ],
  [
    'a timebase of 5 GHz',
    host('{ hypervisor: power-kvm, timebase: { frequency: ▲5 GHz } }'),
    '"5 GHz" is too large; expected from 1 kHz to 4.29 GHz',
  ],
  [
    'a calibration finer than 1 kHz',
    host('{ hypervisor: xen, tsc: { calibrated: ▲2400000001 Hz } }'),
    'is not a whole number of kHz; expected from 1 kHz to 16 GHz, whole kHz',
  ],
  [
    'a rate beyond 10 %',
    host('{ hypervisor: xen, wall: { rate: ▲11 % } }'),
    '"11 %" is too large; expected from -10 % to 10 %',
  ],
  [
    'a rate without unit',
    host('{ hypervisor: xen, clock: { error: ▲5 } }'),
    '5 is a number without a unit; expected a rate',
  ],
  [
    'a rate finer than 1 ppb',
    host('{ hypervisor: xen, clock: { error: ▲0.5 ppb } }'),
    'is not a whole number of parts per billion',
  ],
  [
    'a count over 64 bits',
    host('{ hypervisor: xen, tsc: { at-start: ▲18446744073709551616 } }'),
    'expected a whole number from 0 to 18446744073709551615',
  ],
  [
    'a count far below zero',
    host('{ hypervisor: xen, tsc: { at-start: ▲-99999999999999999999 } }'),
    'expected a whole number from 0 to 18446744073709551615',
  ],
  [
    'a negative count',
    host('{ hypervisor: xen, tsc: { at-start: ▲-1 } }'),
    'hosts.a.tsc.at-start is -1; expected a whole number',
  ],
  [
    'a flag that is a word',
    host('{ hypervisor: xen, tsc: { constant: ▲yes } }'),
    'hosts.a.tsc.constant is "yes"; expected true or false',
  ],
  [
    'an unknown scaling',
    host('{ hypervisor: xen, tsc: { scaling: ▲64 } }'),
    'hosts.a.tsc.scaling is 64; expected one of none, 48, 32',
  ],
  [
    'an unknown hypervisor',
    host('{ hypervisor: ▲zen }'),
    'hosts.a.hypervisor is "zen" (did you mean "xen"?); expected one of xen, kvm',
  ],
  ['a host that is a text', host('▲xen'), 'hosts.a is "xen"; expected a mapping with hypervisor'],
  [
    'a host without settings',
    `${HEAD}hosts:\n  ▲a:\n${GUESTS}`,
    'hosts.a has no value; expected a mapping with hypervisor',
  ],
  [
    'hosts as a list',
    `${HEAD}hosts: ▲[a]\n${GUESTS}`,
    'hosts is a list; expected a mapping from the name of each host',
  ],
  [
    'a bad name of a host',
    `${HEAD}hosts:\n  ▲Host_A: { hypervisor: xen }\n${GUESTS}`,
    'the name "Host_A" is not a valid one; expected a name of lower-case letters',
  ],
  [
    'a seed that is too large',
    top(`${HEAD}seed: ▲9007199254740992`),
    'seed is 9007199254740992; expected a whole number from 0 to 9007199254740991',
  ],
  ['a seed with decimals', top(`${HEAD}seed: ▲1.5`), 'seed is 1.5; expected a whole number'],
  ['a seed of infinity', top(`${HEAD}seed: ▲.inf`), 'seed is Infinity; expected a whole number'],
  [
    'a start without time',
    top(`${HEAD}start: ▲2008-08-06`),
    'start: "2008-08-06" is not such a time; expected a time such as 2008-08-06T20:46:57Z',
  ],
  ['a start without zone', top(`${HEAD}start: ▲2008-08-06T20:46:57`), 'is not such a time'],
  ['a start on February 30', top(`${HEAD}start: ▲2008-02-30T00:00:00Z`), 'is not such a time'],
  ['a start on February 29, 2100', top(`${HEAD}start: ▲2100-02-29T00:00:00Z`), 'is not such a time'],
  ['a start in month 13', top(`${HEAD}start: ▲2008-13-01T00:00:00Z`), 'is not such a time'],
  ['a start at 24:00', top(`${HEAD}start: ▲2008-08-06T24:00:00Z`), 'is not such a time'],
  ['a start in a leap second', top(`${HEAD}start: ▲2008-12-31T23:59:60Z`), 'is not such a time'],
  ['a start with ten decimals', top(`${HEAD}start: ▲2008-08-06T20:46:57.1234567890Z`), 'is not such a time'],
  ['a start before 1970', top(`${HEAD}start: ▲1969-12-31T23:59:59Z`), 'years 1970 to 2400'],
  ['a start before 1970 by its zone', top(`${HEAD}start: ▲1970-01-01T00:30:00+01:00`), 'years 1970 to 2400'],
  [
    'a start that is a number',
    top(`${HEAD}start: ▲1218055617`),
    'start is 1218055617; expected a time such as',
  ],
  ['an unknown system', top(`${HEAD}system: ▲vmware`), 'system is "vmware"; expected one of xen, kvm, power'],
  [
    'an unknown kernel',
    guest('{ on: a, kernel: ▲linux-2.6.18 }'),
    'guests.g.kernel is "linux-2.6.18" (did you mean "linux-2.6.18-xen"?)',
  ],
  [
    'an unknown variant',
    guest('{ on: a, kernel: linux-2.6.18-xen, variant: ▲fix-1 }'),
    'guests.g.variant is "fix-1" (did you mean "fix-2"?)',
  ],
  ['an unknown hz', xen('hz: ▲200'), 'guests.g.hz is 200; expected one of 100, 250, 300, 1000'],
  [
    'no vcpus',
    guest('{ on: a, kernel: linux-xen, vcpus: ▲0 }'),
    'guests.g.vcpus is 0; expected a whole number from 1 to 32',
  ],
  [
    '33 vcpus',
    guest('{ on: a, kernel: linux-xen, vcpus: ▲33 }'),
    'guests.g.vcpus is 33; expected a whole number from 1 to 32',
  ],
  [
    'an unknown tsc mode',
    xen('tsc: { mode: ▲3 }'),
    'guests.g.tsc.mode is 3; expected one of default, emulate, native, 0, 1, 2',
  ],
  [
    'an unknown width of the decrementer',
    guest('{ on: p, kernel: linux-ppc64, dec: { bits: ▲64 } }'),
    'guests.g.dec.bits is 64; expected one of 32, 56',
  ],
  ['too little memory', xen('memory: ▲64 KiB'), '"64 KiB" is too small; expected from 1 MiB to 1 GiB'],
  ['memory of odd size', xen('memory: ▲1025 KiB'), 'is not a whole number of pages of 64 KiB'],
  ['memory in MB', xen('memory: ▲2 MB'), 'has the unknown unit "MB"; expected a size such as 1 MiB'],
  ['an ntp that is a flag', xen('ntp: ▲true'), 'guests.g.ntp is true; expected one of off, synced'],
  [
    'a reader that is no mapping',
    xen('read: [▲realtime]'),
    'guests.g.read[0] is "realtime"; expected a mapping with clock',
  ],
  [
    'readers that are no list',
    xen('read: ▲{ clock: realtime }'),
    'guests.g.read is a mapping; expected a list of readers',
  ],
  [
    'a reader of an unknown clock',
    xen('read: [{ clock: ▲monotonc, every: 1 s }]'),
    'guests.g.read[0].clock is "monotonc" (did you mean "monotonic"?)',
  ],
  [
    'a reader without interval',
    xen('read: [▲{ clock: realtime }]'),
    'guests.g.read[0] has no "every"; expected a duration',
  ],
  [
    'a reader every nanosecond',
    xen('read: [{ clock: realtime, every: ▲1 ns }]'),
    '"1 ns" is too small; expected from 1 us to 10 y',
  ],
  [
    'a sleeper on a clock one cannot sleep on',
    xen('sleep: [{ for: 1 s, clock: ▲monotonic-raw }]'),
    'clock is "monotonic-raw" (did you mean "monotonic"?)',
  ],
  ['a sleep of no time', xen('sleep: [{ for: ▲0 s }]'), '"0 s" is too small; expected from 1 ns to 100 y'],
  [
    '33 readers',
    xen(`read: [${many(33, (i) => `${i === 32 ? '▲' : ''}{ clock: realtime, every: 1 s, name: r${i} }`)}]`),
    'guests.g.read has 33 items; expected a list of readers, at most 32',
  ],
  [
    '257 sleepers',
    xen(`sleep: [${many(257, (i) => `${i === 256 ? '▲' : ''}{ for: 1 s }`)}]`),
    'guests.g.sleep has 257 items; expected a list of sleepers, at most 256',
  ],
  [
    '65 busy phases',
    xen(`busy: [${many(65, (i) => `${i === 64 ? '▲' : ''}{ from: ${i} s, until: ${i + 1} s }`)}]`),
    'guests.g.busy has 65 items; expected a list of busy phases, at most 64',
  ],
  [
    '4097 events',
    tail(`events: [${many(4097, (i) => `${i === 4096 ? '▲' : ''}{ at: 1 s, rtc-resync: g }`)}]`),
    'events has 4097 items; expected a list of events, at most 4096',
  ],
  [
    'events that are a mapping',
    tail('events: ▲{ at: 1 s, save: g }'),
    'events is a mapping; expected a list of events',
  ],
  [
    'an event that is a number',
    tail('events:\n  - ▲5'),
    'events[0] is 5; expected a mapping with at and exactly one of migrate, save',
  ],
  [
    'an event without value',
    tail('events:\n  - { at: 1 s, save: g }\n  -▲\n'),
    'events[1] is null; expected a mapping with at',
  ],
  [
    'an event without action',
    tail('events:\n  - ▲{ at: 1 s }'),
    'events[0] has no action; expected a mapping with at and exactly one of',
  ],
  [
    'an event with a mistyped action',
    events('at: 1 s, ▲mirgate: g, to: b'),
    'events[0] has the unknown action "mirgate" (did you mean "migrate"?)',
  ],
  [
    'an event with two actions',
    events('at: 1 s, save: g, ▲restore: g'),
    'events[0] has two actions, "save" and "restore"',
  ],
  [
    'an event with a key of another',
    events('at: 1 s, save: g, ▲to: b'),
    'events[0] has the unknown key "to"; expected one of at, save',
  ],
  ['an event without time', tail('events:\n  - ▲{ save: g }'), 'events[0] has no "at"; expected a duration'],
  ['an event at a bare number', events('at: ▲60, save: g'), 'events[0].at: 60 is a number without a unit'],
  [
    'an event before the begin',
    events('at: ▲-1 s, save: g'),
    'events[0].at: "-1 s" is too small; expected from 0 s to 100 y',
  ],
  [
    'a migration without target',
    tail('events:\n  - ▲{ at: 1 s, migrate: g }'),
    'events[0] has no "to"; expected a name',
  ],
  [
    'a negative downtime',
    events('at: 1 s, migrate: g, to: b, downtime: ▲-1 ms'),
    '"-1 ms" is too small; expected from 0 s to 1 y',
  ],
  [
    'guest-ntp with step: false',
    events('at: 1 s, guest-ntp: g, step: ▲false'),
    'events[0].step is false; expected true',
  ],
  [
    'agent-settime from elsewhere',
    events('at: 1 s, agent-settime: g, from: ▲ntp'),
    'there is no guest "ntp"; expected one of g',
  ],
  [
    'an unknown check',
    tail('checks:\n  ▲late-wakes: off'),
    'checks has the unknown key "late-wakes" (did you mean "late-wake"?)',
  ],
  [
    'a check that is a number',
    tail('checks:\n  warp: ▲0'),
    'checks.warp is 0; expected off, or a mapping such as { limit: … }',
  ],
  [
    'a check that is a flag',
    tail('checks:\n  warp: ▲false'),
    'checks.warp is false; expected off, or a mapping',
  ],
  ['a check with a mistyped off', tail('checks:\n  warp: ▲of'), 'checks.warp is "of"; expected off'],
  [
    'a check with an unknown key',
    tail('checks:\n  warp: { ▲limt: 1 s }'),
    'checks.warp has the unknown key "limt" (did you mean "limit"?)',
  ],
  [
    'a check without unit',
    tail('checks:\n  warp: { limit: ▲0 }'),
    'checks.warp.limit: 0 is a number without a unit',
  ],
  [
    'a count with a unit',
    tail('checks:\n  wake-storm: { limit: ▲10 s }'),
    'checks.wake-storm.limit is "10 s"; expected a whole number',
  ],
  [
    'an unknown downtime rule',
    tail('checks:\n  monotonic: { downtime: ▲both }'),
    'checks.monotonic.downtime is "both"; expected one of either, counted, excluded',
  ],
  [
    'an unknown verdict',
    tail('expect:\n  verdict: ▲failed'),
    'expect.verdict is "failed" (did you mean "fail"?)',
  ],
  [
    'an unknown check among the fails',
    tail('expect: { verdict: fail, fails: [▲slow] }'),
    'expect.fails[0] is "slow"; expected one of warp, jump',
  ],
  ['a policy that is a number', tail('compare: [▲3]'), 'compare[0] is 3; expected one line'],
]

testCases(VALUES)
