/**
 * The scenario format: every key, its unit, its range and its default. docs/scenario.md is the prose to it.
 *
 * Only what one value says about itself is decided here. What needs a second look at the file (names that refer
 * to each other, the order of events, defaults that depend on the kernel) is in guests.ts and timeline.ts.
 */
import { z } from 'zod'
import type { Drawn } from './draw.js'
import {
  count64,
  duration,
  flag,
  frequency,
  instant,
  integer,
  line,
  list,
  mapping,
  name,
  rate,
  size,
  text,
  wholeKhz,
  word,
} from './fields.js'
import {
  MAX_BUSY,
  MAX_EVENTS,
  MAX_GUESTS,
  MAX_HOSTS,
  MAX_READERS,
  MAX_SLEEPERS,
  MAX_VCPUS,
  MAX_WRITERS,
} from './limits.js'
import { checkShape, expectation, policyName } from './schema-checks.js'

const tscFrequency = (about: string) => frequency('1 kHz', '16 GHz', about)
// QEMU and the device tree hold the timebase frequency in 32 bits.
const timebaseFrequency = (about: string) => frequency('1 kHz', '4.29 GHz', about)
const vcpu = integer(0, MAX_VCPUS - 1, 'the virtual CPU').prefault(0)
const guestName = name('a guest of this scenario')
const hostName = name('a host of this scenario')
/** A point of the timeline. */
const trueTime = (about: string) => duration('0 s', '100 y', `true time ${about}`)

const hostTsc = mapping(
  {
    frequency: tscFrequency('nominal frequency').prefault('2.4 GHz'),
    error: rate('the crystal against its nominal frequency; positive is fast').prefault('0 ppm'),
    calibrated: wholeKhz(
      '1 kHz',
      '16 GHz',
      'what the host believes the frequency is; default: the true one',
    ).optional(),
    'at-start': count64('count at true time 0; default: as many ticks as the uptime makes').optional(),
    constant: flag('the TSC does not change its rate').prefault(true),
    reliable: flag('the hypervisor trusts it; default: false on Xen, as `constant` on KVM').optional(),
    clocksource: flag("the hypervisor's own clocksource is the TSC; default as `reliable`").optional(),
    scaling: z
      .literal(['none', 48, 32])
      .meta({ description: 'fraction bits of the hardware TSC scaling: 48 (VMX), 32 (SVM)' })
      .prefault('none'),
  },
  'the time stamp counter; x86 hosts only',
)

const hostTimebase = mapping(
  {
    frequency: timebaseFrequency('nominal frequency').prefault('512 MHz'),
    error: rate('the oscillator against its nominal frequency; positive is fast').prefault('0 ppm'),
    'at-start': count64('count at true time 0; default: as many ticks as the uptime makes').optional(),
  },
  'the timebase register; Power hosts only',
)

const host = mapping(
  {
    hypervisor: word(['xen', 'kvm', 'power-kvm', 'power-tcg'], 'what runs the guests'),
    uptime: duration('0 s', '150 y', 'age of the host at true time 0').prefault('0 s'),
    tsc: hostTsc.prefault({}),
    timebase: hostTimebase.prefault({}),
    clock: mapping(
      { error: rate('of the platform timer').prefault('0 ppm') },
      'the platform timer, CLOCK_MONOTONIC_RAW of the host',
    ).prefault({}),
    wall: mapping(
      {
        offset: duration('-30 y', '30 y', 'wall clock minus true time, at true time 0').prefault('0 s'),
        rate: rate('how much faster than true time it runs').prefault('0 ppm'),
        pushed: word(
          ['every-11-min', 'when-set'],
          'when the kernel of the host tells it to Xen: as one does that NTP keeps in sync, or when it is set',
        ).prefault('every-11-min'),
      },
      "the host's wall clock",
    ).prefault({}),
    kvmclock: mapping(
      {
        step: duration('0 s', '1 s', 'the clock behind the pages advances in steps of this').prefault('0 s'),
        update: duration('1 ms', '1 y', 'from one renewal of the pages to the next').prefault('300 s'),
        stagger: duration('0 s', '1 s', 'from one vCPU to the next; 0 s: all at once').prefault('0 s'),
        'never-back': flag('a renewal shows no less than the page before it').prefault(false),
      },
      'how pages of kvmclock are renewed where the TSC is not the clocksource; kvm only',
    ).optional(),
    'timer-slop': duration(
      '0 s',
      '1 s',
      'how late a timer may fire; default: 50 us on Xen, 0 s elsewhere',
    ).optional(),
  },
  'a host',
)

const reader = mapping(
  {
    clock: word(
      [
        'realtime',
        'monotonic',
        'boottime',
        'monotonic-raw',
        'gettimeofday',
        'uptime',
        'counter',
        'sched',
        'steal',
        'jiffies',
        'reference',
        'reference-page',
      ],
      'what is read',
    ),
    every: duration('1 us', '10 y', 'true time from one reading to the next'),
    from: trueTime("of the first reading; default: the guest's boot").optional(),
    until: trueTime('of the end; default: the end of the scenario').optional(),
    vcpu,
    guarded: flag("it does not read while vmclock's disruption marker is unanswered").prefault(false),
    name: name('default: the clock').optional(),
  },
  'a program that reads a clock at an interval',
)

const sleeper = mapping(
  {
    for: duration('1 ns', '100 y', 'how long it asks to sleep'),
    at: trueTime("of the first sleep; default: the guest's boot").optional(),
    every: duration('0 s', '100 y', 'sleep again this long after each wake; default: sleep once').optional(),
    clock: word(['monotonic', 'realtime', 'boottime'], 'the clock it sleeps on').prefault('monotonic'),
    copies: integer(1, MAX_SLEEPERS, 'how many of it there are').prefault(1),
    spread: duration('0 s', '10 y', 'how much longer each copy sleeps than the one before').prefault('0 s'),
    vcpu,
    name: name('default: sleep-1, sleep-2, …').optional(),
  },
  'a program that sleeps',
)

const busy = mapping(
  { from: trueTime('of its begin'), until: trueTime('of its end'), vcpu },
  'a phase in which a vCPU does not idle',
)

const writer = mapping(
  {
    pages: integer(1, 262_128, 'size of its working set, in pages of 4 KiB'),
    every: duration('1 ns', '10 y', 'running time from one page to the next'),
    from: trueTime("of its begin; default: the guest's boot").optional(),
    until: trueTime('of its end; default: none').optional(),
    vcpu,
  },
  'a program that writes one page of its working set after the other, round and round',
)

export const decrementer = mapping(
  {
    bits: z.literal([32, 56]).meta({ description: 'width of the decrementer' }).prefault(32),
    type: word(['level', 'edge'], 'how it interrupts').prefault('level'),
  },
  'the decrementer; Power only',
)

const agent = mapping(
  {
    every: duration('1 ms', '1 y', 'from one look at the clock to the next'),
    from: trueTime("of the first; default: `every` after the guest's boot").optional(),
    until: trueTime('of the end; default: the end of the scenario').optional(),
    source: word(
      ['host', 'true'],
      'the time that it takes for right: its host’s wall clock, or true time',
    ).prefault('host'),
    how: word(['step', 'slew'], 'it sets the clock, or bends its rate').prefault('step'),
  },
  'a program that corrects the guest clock',
)

const rtc = mapping(
  {
    tick: duration('100 us', '1 h', 'from one tick to the next').prefault('1 s'),
    cost: duration('1 ns', '1 s', 'host time that one tick costs').prefault('50 us'),
    most: duration('1 s', '100 y', 'the longest gap that it makes up for; default: any').optional(),
  },
  'an emulated RTC that makes up for missed ticks before the guest goes on',
)

const guest = mapping(
  {
    on: name('the host it boots on'),
    kernel: word(['linux-2.6.18-xen', 'linux-xen', 'linux-kvm', 'linux-ppc64'], 'the kernel model it runs'),
    variant: word(
      [
        'stock',
        'no-rebase',
        'fix-2',
        'fix-3',
        'old-cyc2ns',
        'shift-22',
        'unstolen-sched',
        'steal-4-8',
        'steal-4-11',
        'no-guard',
      ],
      'of the kernel, which must have it',
    ).prefault('stock'),
    arch: word(['x86-64', 'x86-32', 'ppc64'], 'default: x86-64, on linux-ppc64 ppc64').optional(),
    hz: z
      .literal([100, 250, 300, 1000])
      .meta({
        description:
          "the kernel's timer frequency; default: 100 on linux-2.6.18-xen (which has no 300), else 250",
      })
      .optional(),
    vcpus: integer(1, MAX_VCPUS, 'how many virtual CPUs').prefault(1),
    boot: trueTime('of its boot; default: 0 s, unless a boot event boots it').optional(),
    from: line(
      1000,
      'a saved guest: it begins as that was saved, restored on its host, in place of a boot',
    ).optional(),
    policy: policyName('the policy for its save, restore and migration: a name or ./file.ts').optional(),
    dom0: flag('the privileged domain of its host: its settime reaches the hypervisor; Xen only').prefault(
      false,
    ),
    ntp: word(['off', 'synced'], "whether the guest's own NTP disciplines its clock").prefault('off'),
    tsc: mapping(
      {
        mode: z
          .literal(['default', 'emulate', 'native', 0, 1, 2])
          .meta({ description: "Xen's tsc_mode: default (0), emulate (1), native (2); Xen only" })
          .optional(),
        frequency: wholeKhz('1 kHz', '16 GHz', "the guest's own frequency; default: its host's").optional(),
      },
      'the TSC the guest is given; x86 only',
    ).optional(),
    timebase: mapping(
      { frequency: timebaseFrequency("what the guest was told; default: its host's").optional() },
      'the timebase the guest is given; Power only',
    ).optional(),
    dec: decrementer.optional(),
    clocksource: word(
      ['xen', 'kvm-clock', 'tsc', 'timebase'],
      "the guest kernel's clocksource; default by kernel",
    ).optional(),
    'hyper-v': flag("it has Hyper-V's clocks; x86 only").prefault(false),
    vmclock: flag('the VM has a vmclock device').prefault(false),
    rtc: rtc.optional(),
    agents: list(agent, 8, 'agents', 'programs that correct the guest clock').prefault([]),
    memory: size('1 MiB', '1 GiB', 'guest memory').prefault('1 MiB'),
    read: list(reader, MAX_READERS, 'readers', 'programs that read clocks').prefault([]),
    sleep: list(sleeper, MAX_SLEEPERS, 'sleepers', 'programs that sleep').prefault([]),
    busy: list(busy, MAX_BUSY, 'busy phases', 'phases of work').prefault([]),
    write: list(writer, MAX_WRITERS, 'writers', 'programs that write memory').prefault([]),
  },
  'a guest',
)

const at = trueTime('at which it happens')
const onGuest = guestName
const ntpSlew = {
  rate: rate('how much faster its clock runs meanwhile'),
  for: duration('1 ns', '100 y', 'how long'),
}

/** One schema for each action key. */
const eventSchemas = {
  migrate: mapping(
    {
      at,
      migrate: onGuest,
      to: hostName,
      downtime: duration('0 s', '1 y', 'from the stop on the source to the start on the target').prefault(
        '300 ms',
      ),
      'stop-to-save': duration('0 s', '1 y', 'the part of the downtime before the clocks are saved').prefault(
        '0 s',
      ),
      aborted: flag('it fails: at the end of the downtime the guest goes on where it was').prefault(false),
    },
    'live migration',
  ),
  save: mapping({ at, save: onGuest }, 'save the guest and stop it'),
  restore: mapping(
    { at, restore: onGuest, on: hostName.optional() },
    'restore it; default: on the host it was saved on',
  ),
  reboot: mapping(
    {
      at,
      reboot: hostName,
      takes: duration('1 ns', '1 y', 'until the host is up again, its uptime 0').prefault('60 s'),
    },
    'reboot a host',
  ),
  pause: mapping({ at, pause: onGuest }, 'stop the guest where it is'),
  resume: mapping({ at, resume: onGuest }, 'let a paused guest go on'),
  boot: mapping({ at, boot: onGuest }, 'boot a guest'),
  'set-wall': mapping(
    {
      at,
      'set-wall': hostName,
      to: instant('what the wall clock is set to').optional(),
      offset: duration('-30 y', '30 y', 'what it is set to, against true time').optional(),
    },
    "set a host's wall clock: `to` or `offset`",
  ),
  'ntp-step': mapping(
    { at, 'ntp-step': hostName, by: duration('-30 y', '30 y', 'added to the wall clock') },
    "step a host's wall clock",
  ),
  'ntp-slew': mapping({ at, 'ntp-slew': hostName, ...ntpSlew }, "slew a host's wall clock"),
  'host-suspend': mapping(
    {
      at,
      'host-suspend': hostName,
      for: duration('1 ns', '10 y', 'how long the host sleeps'),
      'update-wallclock': flag('after it, the hypervisor is given the wall clock at once').prefault(true),
      tsc: word(['stands', 'resets'], 'what the sleep does to the TSC').prefault('stands'),
    },
    'suspend a host with its guests',
  ),
  'tsc-step': mapping(
    { at, 'tsc-step': hostName, by: duration('-1 y', '1 y', 'what its TSC counts in that time') },
    "a host's TSC jumps, and nobody tells the hypervisor; x86 only",
  ),
  'set-tsc': mapping(
    { at, 'set-tsc': onGuest, vcpu, to: count64('what it reads then') },
    'the VMM writes the TSC of one vCPU; kvm only',
  ),
  'agent-settime': mapping(
    {
      at,
      'agent-settime': onGuest,
      // YAML reads a plain true as a boolean.
      from: z
        .union([z.literal(['host', true, 'true']), guestName], {
          error: 'host, true, or the name of a guest',
        })
        .meta({ description: "its host's wall clock, true time, or another guest's clock" })
        .prefault('host'),
    },
    "an agent in the guest sets the guest's clock",
  ),
  'guest-ntp': mapping(
    {
      at,
      'guest-ntp': onGuest,
      step: z.literal(true).meta({ description: 'step to true time' }).optional(),
      rate: ntpSlew.rate.optional(),
      for: ntpSlew.for.optional(),
    },
    "the guest's own NTP: `step: true`, or `rate` and `for`",
  ),
  'rtc-resync': mapping({ at, 'rtc-resync': onGuest }, 'the guest reads its RTC again'),
  steal: mapping(
    { at, steal: onGuest, for: duration('1 ns', '1 y', 'how long'), vcpu },
    'the host runs something else on the CPU',
  ),
  'tell-frequency': mapping(
    { at, 'tell-frequency': onGuest, frequency: timebaseFrequency('the new timebase frequency') },
    'the guest is told of a new timebase frequency; Power only',
  ),
}

export type ActionKey = keyof typeof eventSchemas
export const ACTION_KEYS = Object.keys(eventSchemas) as ActionKey[]

const event = z
  .union(Object.values(eventSchemas))
  .meta({ description: 'what happens at one instant of true time' })

const named = <Value extends z.ZodType>(value: Value, what: string, most: number) =>
  z
    .record(name(`name of the ${what}`), value, {
      error: `a mapping from the name of each ${what} to its settings`,
    })
    // Counted in parse.ts, which can point at the one too many.
    .meta({ description: `the ${what}s, by name`, minProperties: 1, maxProperties: most })

export const scenarioSchema = mapping(
  {
    name: name('the name to run it by'),
    title: line(200, 'one line for people'),
    cite: text(1000, 'where the case comes from').optional(),
    report: name('the public report that it shows, as `chronovisor list` has it').optional(),
    summary: text(10_000, 'what happens, and why').optional(),
    system: word(
      ['xen', 'kvm', 'power'],
      "its group in a list; default: that of the first guest's host",
    ).optional(),
    start: instant('true wall-clock time at true time 0').prefault('2008-08-06T00:00:00Z'),
    duration: duration('1 ms', '100 y', 'true time from the begin to the end'),
    seed: integer(0, Number.MAX_SAFE_INTEGER, 'what ranges are drawn from').prefault(1),
    hosts: named(host, 'host', MAX_HOSTS),
    guests: named(guest, 'guest', MAX_GUESTS),
    events: list(event, MAX_EVENTS, 'events', 'what happens when').prefault([]),
    checks: mapping(checkShape, 'the limits the run is judged by').prefault({}),
    expect: expectation.optional(),
    compare: list(
      policyName('a policy'),
      32,
      'policies',
      "policies to put side by side; default: the guests' and expect.cured-by",
    ).optional(),
  },
  'a scenario',
)

/** A scenario with its units resolved, its plain defaults filled in and its ranges drawn. */
export type RawScenario = Drawn<z.output<typeof scenarioSchema>>
export type RawHost = RawScenario['hosts'][string]
export type RawGuest = RawScenario['guests'][string]
export type RawEvent = RawScenario['events'][number]

/** JSON Schema (draft 2020-12) of the format, for editors. */
export function scenarioJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(scenarioSchema, {
    io: 'input',
    unrepresentable: 'any',
    // zod has no JSON form of a bigint. In JSON Schema it is an integer: those have no upper bound.
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'bigint') jsonSchema.type = 'integer'
    },
  }) as Record<string, unknown>
}
