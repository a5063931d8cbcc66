/** Events that cannot happen, or not in this order. */
import { type Case, events, testCases, xen } from './cases.js'

const EVENTS: readonly Case[] = [
  ['an unknown guest', events('at: 1 s, save: ▲h'), 'there is no guest "h"; expected one of g, v, w, d'],
  ['an unknown host', events('at: 1 s, reboot: ▲z'), 'there is no host "z"; expected one of a, b, k, p'],
  ['a host where a guest belongs', events('at: 1 s, pause: ▲a'), 'there is no guest "a"'],
  ['a migration to an unknown host', events('at: 1 s, migrate: g, to: ▲z'), 'there is no host "z"'],
  [
    'a restore on an unknown host',
    events('at: 1 s, save: g', 'at: 2 s, restore: g, on: ▲z'),
    'there is no host "z"',
  ],
  [
    'an event after the end',
    events('at: ▲101 s, save: g'),
    'at is 1 min 41 s, but the scenario ends at 1 min 40 s',
  ],
  ['an event at the end', events('at: ▲100 s, save: g'), 'at is 1 min 40 s, but the scenario ends'],
  [
    'an event before boot',
    `${xen('boot: 5 s')}events: [{ at: 4 s, save: ▲g }]\n`,
    'at 4 s guest g boots only at 5 s; expected a guest that is running or paused',
  ],
  [
    'a migration before a boot event',
    events('at: 4 s, migrate: ▲g, to: b', 'at: 5 s, boot: g'),
    'at 4 s guest g boots only at 5 s',
  ],
  [
    'a boot by key and by event',
    `${xen('boot: 5 s')}events: [{ at: 6 s, boot: ▲g }]\n`,
    'at 6 s guest g is running; expected one boot',
  ],
  [
    'two boots',
    events('at: 1 s, boot: g', 'at: 2 s, boot: ▲g'),
    'at 2 s guest g is running; expected one boot',
  ],
  [
    'a restore without save',
    events('at: 1 s, restore: ▲g'),
    'at 1 s guest g is running; expected a save before the restore',
  ],
  [
    'a restore before its save',
    events('at: 5 s, save: g', 'at: 1 s, restore: ▲g'),
    'at 1 s guest g is running; expected a save',
  ],
  [
    'two saves',
    events('at: 1 s, save: g', 'at: 2 s, save: ▲g'),
    'at 2 s guest g is saved; expected a guest that is running or paused',
  ],
  [
    'two restores',
    events('at: 1 s, save: g', 'at: 2 s, restore: g', 'at: 3 s, restore: ▲g'),
    'at 3 s guest g is running; expected a save',
  ],
  [
    'a migration of a saved guest',
    events('at: 1 s, save: g', 'at: 2 s, migrate: ▲g, to: b'),
    'at 2 s guest g is saved',
  ],
  [
    'a resume of a running guest',
    events('at: 1 s, resume: ▲g'),
    'at 1 s guest g is running; expected a guest that is paused',
  ],
  [
    'two pauses',
    events('at: 1 s, pause: g', 'at: 2 s, pause: ▲g'),
    'at 2 s guest g is paused; expected a guest that is running',
  ],
  [
    'a resume of a saved guest',
    events('at: 1 s, pause: g', 'at: 2 s, save: g', 'at: 3 s, resume: ▲g'),
    'at 3 s guest g is saved',
  ],
  [
    'a migration to another hypervisor',
    events('at: 1 s, migrate: g, to: ▲k'),
    'guest g comes from a, which is xen, and k is kvm; expected a host of xen',
  ],
  [
    'a restore on another hypervisor',
    events('at: 1 s, save: g', 'at: 2 s, restore: g, on: ▲p'),
    'and p is power-kvm; expected a host of xen',
  ],
  [
    'stop-to-save beyond the downtime',
    events('at: 1 s, migrate: g, to: b, downtime: 10 ms, stop-to-save: ▲20 ms'),
    'stop-to-save is 20 ms, but the downtime is 10 ms; expected a part of it',
  ],
  [
    'stop-to-save beyond the default downtime',
    events('at: 1 s, migrate: g, to: b, stop-to-save: ▲400 ms'),
    'but the downtime is 300 ms',
  ],
  [
    'a pause during the downtime',
    events('at: 1 s, migrate: g, to: b, downtime: 1 s', 'at: 1.5 s, pause: ▲g'),
    'at 1.5 s guest g is on its way to host b until 2 s',
  ],
  [
    'a migration during another',
    events('at: 1 s, migrate: g, to: b, downtime: 1 s', 'at: 1.5 s, migrate: ▲g, to: a'),
    'guest g is on its way to host b',
  ],
  ['a migration of dom0', events('at: 1 s, migrate: ▲d, to: a'), 'guest d is dom0 and stays with its host'],
  ['a save of dom0', events('at: 1 s, save: ▲d'), 'guest d is dom0 and stays with its host'],
  [
    'a reboot under a running guest',
    events('at: 1 s, reboot: ▲a'),
    'at 1 s guest g is running on host a; expected it to be saved or migrated before',
  ],
  [
    'a reboot under a paused guest',
    events('at: 1 s, pause: g', 'at: 2 s, reboot: ▲a'),
    'guest g is paused on host a',
  ],
  [
    'a reboot under an arriving guest',
    events('at: 1 s, migrate: g, to: b, downtime: 2 s', 'at: 2 s, reboot: ▲b'),
    'guest g is on its way to host b until 3 s',
  ],
  [
    'a reboot under a leaving guest that is stopped and not yet saved',
    events('at: 1 s, migrate: g, to: b, downtime: 2 s, stop-to-save: 1 s', 'at: 1.5 s, reboot: ▲a'),
    'at 1.5 s guest g is saved on host a only at 2 s; expected it to be gone before',
  ],
  [
    'a suspend under such a guest',
    events(
      'at: 1 s, migrate: g, to: b, downtime: 2 s, stop-to-save: 1 s',
      'at: 1.5 s, host-suspend: ▲a, for: 1 s',
    ),
    'guest g is saved on host a only at 2 s',
  ],
  [
    'a reboot of a rebooting host',
    events('at: 1 s, reboot: b', 'at: 2 s, reboot: ▲b'),
    'host b is rebooting until 1 min 1 s',
  ],
  [
    'a migration to a rebooting host',
    events('at: 1 s, reboot: b, takes: 10 s', 'at: 2 s, migrate: g, to: ▲b'),
    'host b is rebooting until 11 s',
  ],
  [
    'a restore on a rebooting host',
    events('at: 1 s, save: g', 'at: 2 s, reboot: a', 'at: 3 s, restore: ▲g'),
    'host a is rebooting until 1 min 2 s',
  ],
  [
    'a restore on another rebooting host',
    events('at: 1 s, save: g', 'at: 2 s, reboot: b', 'at: 3 s, restore: g, on: ▲b'),
    'host b is rebooting',
  ],
  [
    'a boot on a rebooting host',
    events('at: 2 s, reboot: b', 'at: 3 s, boot: ▲d'),
    'host b is rebooting until 1 min 2 s',
  ],
  [
    'an event on dom0 after its host rebooted',
    events('at: 1 s, reboot: b, takes: 1 s', 'at: 3 s, rtc-resync: ▲d'),
    'guest d went down with its host; expected a guest that is running',
  ],
  [
    'a wall clock set while the host reboots',
    events('at: 1 s, reboot: b', 'at: 3 s, set-wall: ▲b, offset: 0 s'),
    'host b is rebooting',
  ],
  [
    'an event on a suspended host',
    events('at: 1 s, host-suspend: a, for: 5 s', 'at: 3 s, ntp-step: ▲a, by: 1 s'),
    'host a is suspended until 6 s; expected a time when it is up',
  ],
  [
    'an event on a guest of a suspended host',
    events('at: 1 s, host-suspend: a, for: 5 s', 'at: 3 s, pause: ▲g'),
    'host a is suspended until 6 s',
  ],
  [
    'a suspend under an arriving guest',
    events('at: 1 s, migrate: g, to: b, downtime: 2 s', 'at: 2 s, host-suspend: ▲b, for: 5 s'),
    'guest g is on its way to host b until 3 s',
  ],
  [
    'two slews at once',
    events('at: 1 s, ntp-slew: a, rate: 1 ppm, for: 5 s', 'at: 3 s, ntp-slew: ▲a, rate: 1 ppm, for: 5 s'),
    'the clock of host a is slewed until 6 s',
  ],
  [
    'two slews of a guest at once',
    events('at: 1 s, guest-ntp: g, rate: 1 ppm, for: 5 s', 'at: 3 s, guest-ntp: ▲g, rate: 1 ppm, for: 5 s'),
    'the clock of guest g is slewed until 6 s',
  ],
  [
    'agent-settime in a paused guest',
    events('at: 1 s, pause: g', 'at: 2 s, agent-settime: ▲g'),
    'guest g is paused; expected a guest that is running',
  ],
  [
    'rtc-resync in a saved guest',
    events('at: 1 s, save: g', 'at: 2 s, rtc-resync: ▲g'),
    'guest g is saved; expected a guest that is running',
  ],
  [
    'guest-ntp in a paused guest',
    events('at: 1 s, pause: g', 'at: 2 s, guest-ntp: ▲g, step: true'),
    'guest g is paused',
  ],
  [
    'steal from a guest that has not booted',
    events('at: 1 s, steal: ▲g, for: 1 ms', 'at: 2 s, boot: g'),
    'guest g boots only at 2 s',
  ],
  [
    'steal on vCPU 2 of 2',
    events('at: 1 s, steal: g, for: 1 ms, vcpu: ▲2'),
    'guest g has no vCPU 2; expected 0 to 1',
  ],
  [
    'tell-frequency to an x86 guest',
    events('at: 1 s, tell-frequency: ▲g, frequency: 500 MHz'),
    'guest g has no timebase; expected a guest of linux-ppc64',
  ],
  [
    'set-wall with to and offset',
    events('at: 1 s, set-wall: a, to: 2008-08-06T00:00:00Z, offset: ▲1 s'),
    'set-wall has both to and offset',
  ],
  ['set-wall with neither', events('at: 1 s, set-wall: ▲a'), 'set-wall has neither to nor offset'],
  [
    'set-wall to before 1970',
    `start: 1980-01-01T00:00:00Z\n${events('at: 1 s, set-wall: a, offset: ▲-20 y')}`,
    'the wall clock would be before 1970',
  ],
  [
    'guest-ntp with step and rate',
    events('at: 1 s, guest-ntp: g, step: true, rate: ▲1 ppm, for: 1 s'),
    'guest-ntp has step and a slew',
  ],
  [
    'guest-ntp with step and for',
    events('at: 1 s, guest-ntp: g, step: true, for: ▲1 s'),
    'guest-ntp has step and a slew',
  ],
  [
    'guest-ntp with nothing',
    events('at: 1 s, guest-ntp: ▲g'),
    'guest-ntp has neither step nor rate; expected step: true, or rate and for',
  ],
  ['guest-ntp without for', events('at: 1 s, guest-ntp: ▲g, rate: 1 ppm'), 'guest-ntp has no for'],
  ['guest-ntp without rate', events('at: 1 s, guest-ntp: ▲g, for: 1 s'), 'guest-ntp has no rate'],
]

testCases(EVENTS)
