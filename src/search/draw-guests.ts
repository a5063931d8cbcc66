/** Guests: what they are, and the programs that read their clocks and sleep by them. */
import { KERNELS } from '../scenario/kernels.js'
import type { GuestSpec, HostSpec, ReadClock, ReaderSpec, SleeperSpec } from '../scenario/types.js'
import { NOWHERE } from './draw-hosts.js'
import type { Random } from './random.js'
import type { Subject } from './subject.js'

const MS = 1_000_000n
const MiB = 1_048_576

/** What of a guest is known before it is drawn in full: the rest depends on how long the history lasts. */
export interface Sketch {
  readonly name: string
  readonly on: string
  readonly dom0: boolean
}

export function sketchGuests(random: Random, { hypervisor }: Subject, hosts: readonly HostSpec[]): Sketch[] {
  const guests = [{ name: 'g', on: hosts[0]!.name, dom0: false }]
  if (random.chance(12)) guests.push({ name: 'h', on: random.pick(hosts).name, dom0: false })
  if (hypervisor === 'xen' && random.chance(10))
    guests.unshift({ name: 'dom0', on: hosts[0]!.name, dom0: true })
  return guests
}

export function drawGuest(
  random: Random,
  { policy, promises, kernel }: Subject,
  { name, on, dom0 }: Sketch,
  hosts: readonly HostSpec[],
  durationNs: bigint,
): GuestSpec {
  const facts = KERNELS[kernel]
  const host = hosts.find((one) => one.name === on)!
  const vcpus = random.chance(80) ? 1 : 2
  const onPower = host.timebase !== null
  const isXen = host.hypervisor === 'xen'
  return {
    name,
    on,
    kernel,
    variant: 'stock',
    arch: random.chance(85) ? facts.archs[0]! : random.pick(facts.archs),
    hz: random.chance(70) ? facts.hz[0]! : random.pick(facts.hz),
    vcpus,
    bootNs: 0n,
    from: null,
    policy: policy.name,
    dom0,
    ntp: dom0 && random.chance(60) ? 'synced' : 'off',
    tsc: onPower
      ? null
      : { mode: isXen && random.chance(30) ? random.pick([1, 2] as const) : 0, frequencyHz: null },
    timebase: host.timebase && { frequencyHz: host.timebase.frequencyHz },
    dec: onPower ? { bits: random.chance(60) ? 32 : 56, type: random.chance(70) ? 'level' : 'edge' } : null,
    clocksource: facts.clocksources[0]!,
    hyperV: false,
    vmclock: false,
    rtc: null,
    memoryBytes: MiB,
    read: drawReaders(random, facts.lacks, promises.counter, vcpus, durationNs),
    sleep: drawSleepers(random, vcpus),
    busy: [],
    write: [],
    position: NOWHERE,
  }
}

function drawReaders(
  random: Random,
  lacks: readonly string[],
  counter: boolean,
  vcpus: number,
  untilNs: bigint,
): ReaderSpec[] {
  const clocks: ReadClock[] = ['monotonic']
  if (random.chance(70)) clocks.push(random.chance(80) ? 'realtime' : 'gettimeofday')
  if (counter && random.chance(50)) clocks.push('counter')
  if (random.chance(20)) clocks.push('monotonic-raw')
  const everyNs = BigInt(random.integer(4, 16)) * 10n * MS
  return clocks
    .filter((clock) => !lacks.includes(clock))
    .map((clock) => ({
      name: clock,
      clock,
      everyNs,
      fromNs: 0n,
      untilNs,
      guarded: false,
      vcpu: random.integer(0, vcpus - 1),
      position: NOWHERE,
    }))
}

function drawSleepers(random: Random, vcpus: number): SleeperSpec[] {
  return Array.from({ length: random.integer(0, 2) }, (_, i) => ({
    name: `sleep-${i + 1}`,
    clock: 'monotonic' as const,
    forNs: random.magnitude(MS, 3000n * MS),
    atNs: BigInt(random.integer(0, 500)) * MS,
    everyNs: BigInt(random.integer(10, 400)) * MS,
    vcpu: random.integer(0, vcpus - 1),
    position: NOWHERE,
  }))
}
