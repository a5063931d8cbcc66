/**
 * A host: its oscillators and clocks, kept in a machine without a guest, and the machines of the guests on it.
 * All of them carry the same host state and live through the same instants, so they stay equal byte for byte;
 * what happens to the host is done to each of them.
 */
import { type CoreExports, u64 } from '../core/exports.js'
import type { Instances } from '../core/instances.js'
import type { Build } from '../core/load.js'
import { Machine } from '../core/machine.js'
import type { ObservationLog } from '../observation/log.js'
import type { HostSpec } from '../scenario/types.js'
import type { StreamTime } from '../stream/time.js'
import type { HostClockValues, SavedHost } from './saved.js'

const SECOND = 1_000_000_000n
/** Counters count num/den a true ns; den is a second times the unit of a rate, so any ppb is exact. */
const DEN = SECOND * SECOND

const Counter = { tsc: 0, timebase: 1, mono: 2, wall: 3 } as const
const hypervisors = { xen: 1, kvm: 2, 'power-kvm': 3, 'power-tcg': 4 } as const

/** Ticks a true ns, over DEN, of something that counts `hz` with an error of `ppb`. */
const rate = (hz: bigint, ppb: bigint): bigint => hz * (SECOND + ppb)

export interface HostOptions {
  readonly build: Build
  /** Where its machines' instances come from, in place of new ones. */
  readonly instances?: Instances
  /** True time is 0 when this wall-clock time is. */
  readonly startWallNs: bigint
  /** Xen: system_time counts from the Unix epoch (proposal 1 of BUG 1282). */
  readonly epochSystemTime: boolean
  /** The host's own kernel keeps the hypervisor's wall clock right; false when a dom0 is one of the guests. */
  readonly syncsWall: boolean
  /** It goes on from there instead of being switched on at true time 0. */
  readonly saved?: SavedHost
}

export class Host {
  readonly spec: HostSpec
  machine: Machine
  /** The guests' machines, dom0's first. */
  readonly residents = new Set<Machine>()
  readonly #options: HostOptions
  #wallRatePpb: bigint

  constructor(spec: HostSpec, options: HostOptions) {
    this.spec = spec
    this.#options = options
    this.#wallRatePpb = options.saved?.wallRatePpb ?? spec.wallRatePpb
    if (options.saved) {
      this.machine = this.#newMachine(0n)
      this.machine.restoreHost(options.saved.state)
      if (options.syncsWall && !options.saved.syncsWall) this.pushWall()
      // A hypervisor that counts system time otherwise is another one: the host has to be started with it.
      if (options.epochSystemTime !== options.saved.epochSystemTime) this.replace({})
      return
    }
    const { tsc, timebase } = spec
    this.machine = this.#powerOn(0n, {
      tsc: tsc?.atStart ?? this.#ticks('tsc', spec.uptimeNs),
      timebase: timebase?.atStart ?? this.#ticks('timebase', spec.uptimeNs),
      mono: spec.uptimeNs,
      wall: options.startWallNs + spec.wallOffsetNs,
    })
  }

  /** What a counter shows that has run for as long as the host says it is up. */
  #ticks(name: 'tsc' | 'timebase', uptimeNs: bigint): bigint {
    return (uptimeNs * this.#nominalRate(name)) / DEN
  }

  get isXen(): boolean {
    return this.spec.hypervisor === 'xen'
  }

  /** A machine of this host for a guest: it has none yet. */
  machineFor(log: ObservationLog): Machine {
    return this.#newMachine(0n).adopt(this.machine, log)
  }

  #newMachine(nowNs: bigint): Machine {
    const { build, instances = null } = this.#options
    return new Machine({ build, instances, nowNs })
  }

  /** The machines of this host, its own first. */
  get machines(): Machine[] {
    return [this.machine, ...this.residents]
  }

  get wallNs(): bigint {
    return this.#read('wall')
  }

  #read(name: keyof typeof Counter): bigint {
    return u64(this.machine.core.host_read_counter(Counter[name]))
  }

  save(): SavedHost {
    return {
      name: this.spec.name,
      wallRatePpb: this.#wallRatePpb,
      syncsWall: this.#options.syncsWall,
      epochSystemTime: this.#options.epochSystemTime,
      uptimeNs: this.#read('mono'),
      wallNs: this.wallNs,
      tsc: this.#read('tsc'),
      timebase: this.#read('timebase'),
      state: this.machine.hostState(),
    }
  }

  #powerOn(nowNs: bigint, base: Readonly<Record<keyof typeof Counter, bigint>>): Machine {
    const { spec } = this
    const machine = this.#newMachine(nowNs)
    const { core } = machine
    core.host_configure(
      hypervisors[spec.hypervisor],
      Number(this.tscKhz),
      Number(spec.timebase?.frequencyHz ?? 0n),
      spec.tsc?.scalingBits ?? 0,
      spec.tsc?.constant ? 1 : 0,
      spec.tsc?.reliable ? 1 : 0,
      spec.tsc?.clocksource ? 1 : 0,
      Number(spec.timerSlopNs),
      this.#options.epochSystemTime ? base.wall - base.mono : 0n,
    )
    if (spec.kvmclock) {
      const { stepNs, updateNs, staggerNs, neverBack } = spec.kvmclock
      core.host_configure_kvmclock(Number(stepNs), updateNs, Number(staggerNs), neverBack ? 1 : 0)
    }
    for (const name of Object.keys(Counter) as (keyof typeof Counter)[]) {
      core.host_set_counter(Counter[name], base[name], this.#nominalRate(name), DEN)
    }
    core.host_start()
    if (this.isXen) {
      this.#push(core)
    }
    return machine
  }

  /** What the host believes its TSC to run at: calibrated, or as a perfect calibration would have it. */
  get tscKhz(): bigint {
    const { tsc } = this.spec
    if (!tsc) return 0n
    return (tsc.calibratedHz ?? rate(tsc.frequencyHz, tsc.errorPpb) / SECOND) / 1000n
  }

  #nominalRate(name: keyof typeof Counter): bigint {
    const { tsc, timebase, clockErrorPpb } = this.spec
    switch (name) {
      case 'tsc':
        return tsc ? rate(tsc.frequencyHz, tsc.errorPpb) : 0n
      case 'timebase':
        return timebase ? rate(timebase.frequencyHz, timebase.errorPpb) : 0n
      case 'mono':
        return rate(SECOND, clockErrorPpb)
      case 'wall':
        return rate(SECOND, this.#wallRatePpb)
    }
  }

  /** Does the same to every machine of the host. */
  #each(change: (core: CoreExports) => void): void {
    for (const { core } of this.machines) change(core)
  }

  /** The host's kernel tells the hypervisor the time, as it does when its clock is set. */
  pushWall(): void {
    if (this.isXen && this.#options.syncsWall) this.#each((core) => this.#push(core))
  }

  /** Now, and each 11 minutes if nobody else does and the scenario does not say otherwise. */
  #push(core: CoreExports): void {
    if (this.#options.syncsWall && this.spec.wallPushed === 'every-11-min') core.machine_sync_wall()
    else core.xen_sync_wall()
  }

  stepWall(deltaNs: bigint): void {
    this.#each((core) => core.host_step_counter(Counter.wall, deltaNs))
  }

  /** The TSC jumps by what it counts in `ns`. */
  stepTsc(ns: bigint): void {
    const ticks = (ns * this.#nominalRate('tsc')) / DEN
    this.#each((core) => {
      core.host_step_counter(Counter.tsc, ticks)
      core.host_clocks_changed()
    })
  }

  /** Runs the wall clock `ppb` beyond its usual rate; 0 ends it. */
  slewWall(ppb: bigint): void {
    this.#wallRatePpb = this.spec.wallRatePpb + ppb
    this.#each((core) => core.host_rate_counter(Counter.wall, this.#nominalRate('wall')))
  }

  /** dom0 told the hypervisor the time: what its own machine did at once, the others do now. */
  settime(from: Machine, secs: bigint, nsecs: number, systemTime: bigint): void {
    for (const machine of this.machines) {
      if (machine !== from) machine.core.xen_set_wallclock(secs, nsecs, systemTime)
    }
  }

  /** Suspend to RAM: counters and platform timer stand still; the RTC, and so the wall clock, goes on. */
  sleep(): void {
    this.#each((core) => {
      for (const which of [Counter.tsc, Counter.timebase, Counter.mono]) core.host_rate_counter(which, 0n)
      core.machine_stop_wall_sync()
      core.host_clocks_changed()
    })
  }

  wake(sleptNs: bigint, updateWallclock: boolean, tsc: 'stands' | 'resets'): void {
    this.#each((core) => {
      if (tsc === 'resets') core.host_step_counter(Counter.tsc, -core.host_read_counter(Counter.tsc))
      for (const name of ['tsc', 'timebase', 'mono'] as const) {
        core.host_rate_counter(Counter[name], this.#nominalRate(name))
      }
      core.host_slept(sleptNs)
      if (tsc === 'resets') core.host_restamp()
      core.host_clocks_changed()
    })
    if (updateWallclock) this.pushWall()
  }

  /** Another host of the same make that shows what a stream's did when it saved its guest. */
  saving({ host: { uptimeNs, wallNs, tsc, timebase, frequencyHz } }: StreamTime): Host {
    const at = { frequencyHz, errorPpb: 0n, atStart: null }
    const spec = {
      ...this.spec,
      tsc: this.spec.tsc && { ...this.spec.tsc, ...at, calibratedHz: null },
      timebase: this.spec.timebase && { ...this.spec.timebase, ...at },
    }
    const { saved: _, ...options } = this.#options
    const source = new Host(spec, options)
    source.machine = this.machine.clone()
    const given = { uptimeNs, wallNs, tsc, timebase }
    source.replace(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)))
    return source
  }

  /** The host comes up again: counters from 0, the wall clock where the RTC has it. */
  reboot(): void {
    this.replace({ uptimeNs: 0n })
  }

  /**
   * Another host of the same make in its place, without guests. A counter that is not given has counted since
   * that host's boot if its uptime is given, and else goes on; the wall clock goes on.
   */
  replace({ uptimeNs, wallNs, tsc, timebase }: HostClockValues): void {
    const counted = (name: 'tsc' | 'timebase'): bigint =>
      uptimeNs === undefined ? this.#read(name) : this.#ticks(name, uptimeNs)
    this.machine = this.#powerOn(this.machine.nowNs, {
      tsc: tsc ?? counted('tsc'),
      timebase: timebase ?? counted('timebase'),
      mono: uptimeNs ?? this.#read('mono'),
      wall: wallNs ?? this.wallNs,
    })
  }
}
