/**
 * Whole machines for the tests of the modern Linux models: a host of a kind, a guest on it, and its move to
 * another host. What policies do with clocks is done here by hand. True time starts at 0 with the guest's boot.
 */
import { type CoreExports, s64, u64 } from '../../src/core/exports.js'
import { type Exit, Machine } from '../../src/core/machine.js'
import { type Observation, Seen } from '../../src/observation/log.js'
import type { Build } from '../helpers/core.js'

export const US = 1_000n
export const MS = 1_000_000n
export const S = 1_000_000_000n
/** UTC at true time 0. */
export const EPOCH = 1_700_000_000n * S

export const Clock = {
  realtime: 0,
  monotonic: 1,
  boottime: 2,
  raw: 3,
  gettimeofday: 4,
  counter: 5,
  sched: 6,
  steal: 7,
  jiffies: 8,
} as const

export type Kind = 'xen' | 'kvm' | 'power'
export const kinds: readonly Kind[] = ['xen', 'kvm', 'power']
const HYPERVISOR: Record<Kind, number> = { xen: 1, kvm: 2, power: 4 }
const PROGRAM: Record<Kind, number> = { xen: 2, kvm: 3, power: 4 }
export const TB_HZ = 512_000_000n

export interface HostSpec {
  /** How long the host has been up, ns; 1000 s. */
  uptime?: bigint
  tscKhz?: bigint
  /** The host's clock source is the TSC, so that pages are TSC_STABLE; true. */
  stable?: boolean
  /** Added to the wall clock, ns. */
  wallOffset?: bigint
  /** A timer fires this late, ns. */
  slop?: number
}

export interface GuestSpec {
  hz?: number
  vcpus?: number
  wide?: boolean
  privileged?: boolean
  clocksource?: number
  ntp?: boolean
  /** Power: TB_HOST or TB_VIRTUAL_CLOCK; what the device tree says, and what TB and DEC run at. */
  tbSource?: number
  toldHz?: bigint
  tbHz?: bigint
  decBits?: number
}

/** A process that sleeps: true time of its nanosleep, for how long, on which clock and CPU; forever again? */
export interface Sleeper {
  at: bigint
  length: bigint
  clock?: number
  cpu?: number
  repeats?: boolean
}

export class Rig {
  readonly machine: Machine
  /** What dom0 asked of its host, in order. */
  readonly exits: Exit[] = []

  constructor(
    readonly build: Build,
    readonly kind: Kind,
    readonly host: HostSpec = {},
    now = 0n,
  ) {
    this.machine = new Machine({ build, nowNs: now })
    const { uptime = 1000n * S, tscKhz = 2_400_000n, stable = true, wallOffset = 0n, slop = 0 } = host
    const core = this.core
    core.host_configure(HYPERVISOR[kind], Number(tscKhz), Number(TB_HZ), 48, 1, 1, Number(stable), slop, 0n)
    core.host_set_counter(0, (uptime * tscKhz) / 1_000_000n, tscKhz, 1_000_000n)
    core.host_set_counter(1, (uptime * TB_HZ) / S, TB_HZ, S)
    core.host_set_counter(2, uptime, 1n, 1n)
    core.host_set_counter(3, EPOCH + now + wallOffset, 1n, 1n)
    core.host_start()
    const started = EPOCH + now + wallOffset - uptime
    if (kind === 'xen') core.xen_set_wallclock(started / S, Number(started % S), 0n)
  }

  get core(): CoreExports {
    return this.machine.core
  }
  get now(): bigint {
    return this.machine.nowNs
  }

  boot(
    guest: GuestSpec = {},
    sleepers: Sleeper[] = [],
    busy: [cpu: number, from: bigint, until: bigint][] = [],
  ): this {
    const { hz = 250, vcpus = 1, wide = true, privileged = false, clocksource = 0, ntp = false } = guest
    const core = this.core
    const flags = [wide, privileged].map(Number) as [number, number]
    core.guest_configure(PROGRAM[this.kind], vcpus, ...flags, 0, hz, 0, clocksource, Number(ntp), 1, 0x100000)
    if (this.kind === 'power') {
      const { tbSource = 1, toldHz = TB_HZ, tbHz = TB_HZ, decBits = 32 } = guest
      core.guest_configure_power(tbSource, Number(tbHz), Number(toldHz), decBits, 1, 0)
    }
    for (const { at, length, clock = Clock.monotonic, cpu = 0, repeats = false } of sleepers)
      core.workload_add_sleeper(clock, cpu, at, length, Number(repeats), 0n)
    for (const [cpu, from, until] of busy) core.workload_add_busy(cpu, from, until)
    this.#publish()
    this.machine.boot()
    return this
  }

  #publish(): void {
    if (this.kind !== 'xen') return
    this.core.guest_publish_time()
    this.core.xen_update_wallclock()
  }

  /** Runs to true time `until`. */
  run(until: bigint): this {
    while (this.now < until) this.exits.push(...this.machine.run(until))
    if (this.machine.fault) throw new Error(this.machine.fault)
    return this
  }

  /** A clock as a process reads it, unsigned. */
  clock(which: number, cpu = 0): bigint {
    return u64(this.core.guest_read_clock(cpu, which))
  }
  /** CLOCK_REALTIME minus UTC, ns. */
  error(): bigint {
    return s64(this.clock(Clock.realtime) - EPOCH - this.now)
  }

  seen(kind: number): Observation[] {
    this.exits.push(...this.machine.run(this.now)) // what is still in the core
    return [...this.machine.log.all(kind)]
  }
  /** How long the sleeper number `index` slept each time, true ns. */
  slept(index = 0): bigint[] {
    return this.seen(Seen.wake)
      .filter((o) => o.index === index)
      .map((o) => o.value)
  }

  /** Stops the guest without its knowledge and lets it go on after `length`. */
  pause(length: bigint): this {
    this.machine.stop()
    this.run(this.now + length)
    this.machine.resume(false)
    return this
  }

  /** Moves the stopped guest to a new host, where it stands stopped `downtime` later. */
  move(host: HostSpec, downtime: bigint): Rig {
    const target = new Rig(this.build, this.kind, host, this.now)
    target.run(this.now + downtime)
    target.machine.land(this.machine.image())
    target.#publish()
    return target
  }

  /** Xen: the guest suspends, is moved and resumes. */
  migrate(host: HostSpec, downtime: bigint): Rig {
    this.core.guest_suspend()
    this.machine.stop()
    const target = this.move(host, downtime)
    target.machine.resume(true)
    return target
  }
}

/** Whether `value` is within `limit` of `wanted`. */
export const near = (value: bigint, wanted: bigint, limit: bigint): boolean => {
  const off = value - wanted
  return off <= limit && -off <= limit
}
