/** Values that are good by themselves and do not go together. */
import { type Case, GUESTS, guest, HEAD, HOSTS, host, many, tail, testCases, xen } from './cases.js'

const TOGETHER: readonly Case[] = [
  ['hosts without a host', `${HEAD}▲hosts: {}\n${GUESTS}`, 'hosts is empty; expected at least one'],
  ['guests without a guest', `${HEAD}${HOSTS}▲guests: {}\n`, 'guests is empty; expected at least one'],
  [
    '33 hosts',
    `${HEAD}hosts:\n${many(33, (i) => `  ${i === 32 ? '▲' : ''}h${i}: { hypervisor: xen }\n`, '')}${GUESTS}`,
    'hosts has 33 entries; expected at most 32',
  ],
  [
    '33 guests',
    `${HEAD}${HOSTS}guests:\n${many(33, (i) => `  ${i === 32 ? '▲' : ''}${40 - i}: { on: a, kernel: linux-xen }\n`, '')}`,
    'guests has 33 entries; expected at most 32',
  ],
  [
    'a tsc on Power',
    host('{ hypervisor: power-tcg, ▲tsc: {} }'),
    'host a has a tsc, which power-tcg hosts have not; expected timebase or nothing',
  ],
  [
    'a timebase on x86',
    host('{ hypervisor: xen, ▲timebase: {} }'),
    'host a has a timebase, which xen hosts have not; expected tsc or nothing',
  ],
  [
    'a wall clock before 1970',
    `start: 1980-01-01T00:00:00Z\n${host('{ hypervisor: xen, wall: { offset: ▲-20 y } }')}`,
    'the wall clock of host a would be before 1970',
  ],
  [
    'a reliable tsc that is not constant',
    host('{ hypervisor: xen, tsc: { constant: false, reliable: ▲true } }'),
    'a tsc that is not constant cannot be reliable',
  ],
  [
    'a clocksource tsc that is not constant',
    host('{ hypervisor: xen, tsc: { constant: false, clocksource: ▲true } }'),
    'a tsc that is not constant cannot be the clocksource',
  ],
  [
    'a calibration far off',
    host('{ hypervisor: xen, tsc: { frequency: 2.4 GHz, calibrated: ▲2.7 GHz } }'),
    '2.7 GHz is more than 10 % from the frequency; expected about 2.4 GHz',
  ],
  [
    'a guest on an unknown host',
    guest('{ on: ▲c, kernel: linux-xen }'),
    'there is no host "c"; expected one of a, b, k, p',
  ],
  [
    'a guest on a host that is mistyped',
    `${HEAD}hosts: { source: { hypervisor: xen } }\nguests: { g: { on: ▲sourec, kernel: linux-xen } }\n`,
    'there is no host "sourec" (did you mean "source"?)',
  ],
  [
    'a KVM kernel on Xen',
    guest('{ on: a, kernel: ▲linux-kvm }'),
    'linux-kvm does not run on host a, which is xen; expected a host of kvm',
  ],
  [
    'a Power kernel on KVM',
    guest('{ on: k, kernel: ▲linux-ppc64 }'),
    'linux-ppc64 does not run on host k, which is kvm; expected a host of power-kvm or power-tcg',
  ],
  [
    'a variant of another kernel',
    xen('variant: ▲fix-2'),
    'linux-xen has no variant fix-2; expected one of stock, shift-22',
  ],
  [
    'a variant of a clocksource that the guest does not use',
    xen('clocksource: tsc, variant: ▲shift-22'),
    'variant shift-22 is about clocksource xen; expected that, it is tsc',
  ],
  ['ppc64 on Xen', xen('arch: ▲ppc64'), 'linux-xen has no arch ppc64; expected one of x86-64, x86-32'],
  [
    '300 Hz on 2.6.18',
    guest('{ on: a, kernel: linux-2.6.18-xen, hz: ▲300 }'),
    'linux-2.6.18-xen has no hz 300; expected one of 100, 250, 1000',
  ],
  [
    'kvm-clock on Xen',
    xen('clocksource: ▲kvm-clock'),
    'linux-xen has no clocksource kvm-clock; expected one of xen, tsc',
  ],
  [
    'a tsc in a Power guest',
    guest('{ on: p, kernel: linux-ppc64, ▲tsc: {} }'),
    'guest g has a tsc, which guests on power-kvm have not',
  ],
  [
    'a timebase in an x86 guest',
    xen('▲timebase: {}'),
    'guest g has a timebase, which guests on xen have not',
  ],
  ['a decrementer in an x86 guest', xen('▲dec: {}'), 'guest g has a dec, which guests on xen have not'],
  [
    'a tsc mode on KVM',
    guest('{ on: k, kernel: linux-kvm, tsc: { ▲mode: 0 } }'),
    'tsc.mode is a setting of Xen, and host k is kvm',
  ],
  ['dom0 on KVM', guest('{ on: k, kernel: linux-kvm, dom0: ▲true }'), 'guest g cannot be dom0 on kvm'],
  [
    'two dom0 on a host',
    `${HEAD}${HOSTS}guests:\n  d: { on: a, kernel: linux-xen, dom0: true }\n  e: { on: a, kernel: linux-xen, dom0: ▲true }\n`,
    'host a has two dom0, d and e',
  ],
  [
    'boottime on 2.6.18',
    guest('{ on: a, kernel: linux-2.6.18-xen, read: [{ clock: ▲boottime, every: 1 s }] }'),
    'linux-2.6.18-xen has no boottime clock',
  ],
  [
    'a sleep on boottime on 2.6.18',
    guest('{ on: a, kernel: linux-2.6.18-xen, sleep: [{ clock: ▲boottime, for: 1 s }] }'),
    'linux-2.6.18-xen has no boottime clock',
  ],
  [
    'a reader on vCPU 2 of 2',
    xen('read: [{ clock: realtime, every: 1 s, vcpu: ▲2 }]'),
    'guest g has no vCPU 2; expected 0 to 1',
  ],
  [
    'a sleeper on vCPU 2 of 2',
    xen('sleep: [{ for: 1 s, vcpu: ▲2 }]'),
    'guest g has no vCPU 2; expected 0 to 1',
  ],
  [
    'a busy phase on vCPU 2 of 2',
    xen('busy: [{ from: 1 s, until: 2 s, vcpu: ▲2 }]'),
    'guest g has no vCPU 2',
  ],
  [
    'until before from',
    xen('read: [{ clock: realtime, every: 1 s, from: 5 s, until: ▲4 s }]'),
    'until is 4 s, not after from, which is 5 s',
  ],
  [
    'a busy phase of no length',
    xen('busy: [{ from: 5 s, until: ▲5 s }]'),
    'until is 5 s, not after from, which is 5 s',
  ],
  [
    'until after the end',
    xen('read: [{ clock: realtime, every: 1 s, until: ▲101 s }]'),
    'until is 1 min 41 s, but the scenario ends at 1 min 40 s',
  ],
  [
    'a sleep at the end',
    xen('sleep: [{ for: 1 s, at: ▲100 s }]'),
    'at is 1 min 40 s, but the scenario ends at 1 min 40 s',
  ],
  [
    'a reader before boot',
    xen('boot: 5 s, read: [{ clock: realtime, every: 1 s, from: ▲4 s }]'),
    'from is 4 s, before guest g boots at 5 s; expected 5 s or later',
  ],
  [
    'a sleep before a boot event',
    `${xen('sleep: [{ for: 1 s, at: ▲4 s }]')}events: [{ at: 5 s, boot: g }]\n`,
    'at is 4 s, before guest g boots at 5 s',
  ],
  [
    'two readers of one clock',
    xen('read: [{ clock: realtime, every: 1 s }, ▲{ clock: realtime, every: 2 s }]'),
    'guest g has two readers named realtime; expected a name: of its own',
  ],
  [
    'two sleepers of one name',
    xen('sleep: [{ for: 1 s, name: nap }, ▲{ for: 2 s, name: nap }]'),
    'guest g has two sleepers named nap',
  ],
  [
    'a sleeper named like a default',
    xen('sleep: [{ for: 1 s, name: sleep-2 }, ▲{ for: 2 s }]'),
    'guest g has two sleepers named sleep-2',
  ],
  [
    'busy phases that overlap',
    xen('busy: [{ from: 1 s, until: 3 s }, { from: 5 s, until: 6 s }, ▲{ from: 2 s, until: 4 s }]'),
    'busy phases of guest g overlap on vCPU 0: the other is 1 s to 3 s',
  ],
  [
    'a boot after the end',
    xen('boot: ▲100 s'),
    'guest g boots at 1 min 40 s, but the scenario ends at 1 min 40 s',
  ],
  [
    'a system of no host',
    `system: ▲kvm\n${host('{ hypervisor: xen }')}`,
    'system is kvm, but no host is; expected one of xen',
  ],
  [
    'fails without a failing verdict',
    tail('expect: { verdict: pass, ▲fails: [warp] }'),
    'the verdict is pass, but checks fail',
  ],
  [
    'a failing verdict without fails',
    tail('expect: { verdict: fail, ▲fails: [] }'),
    'the verdict is fail, but no check fails',
  ],
  [
    'a check that is off and fails',
    tail('checks: { warp: off }\nexpect: { verdict: fail, fails: [jump, ▲warp] }'),
    'the check warp is off and cannot fail',
  ],
  [
    'a check twice among the fails',
    tail('expect: { verdict: fail, fails: [jump, ▲jump] }'),
    'expect.fails has "jump" twice',
  ],
  ['a cure twice', tail('expect: { verdict: fail, cured-by: [a, ▲a] }'), 'expect.cured-by has "a" twice'],
  ['a policy twice', tail('compare: [a, b, ▲a]'), 'compare has "a" twice'],
]

testCases(TOGETHER)
