/**
 * A guest through its life: installed on a host, stopped, carried to another, started again. The policy is asked
 * at each step; this file only sees to it that the steps come in their order.
 */
import { type GuestImage, type Machine, RunState } from '../core/machine.js'
import { sparse } from '../core/sparse.js'
import { clockIds, ObservationLog } from '../observation/log.js'
import { HostClocks, KvmClocks, ModelPowerClocks, XenClocks } from '../policy/clocks.js'
import type { ClockPolicy, PolicyContext } from '../policy/policy.js'
import type { GuestSpec, ReadClock, Variant } from '../scenario/types.js'
import type { StreamTime } from '../stream/time.js'
import type { Host } from './host.js'
import type { Resident } from './resident.js'
import type { Correction, GuestResult, Stop } from './result.js'
import type { SavedGuest } from './saved.js'

/** The core's PROGRAM_*. */
export const PROGRAMS = { 'linux-2.6.18-xen': 1, 'linux-xen': 2, 'linux-kvm': 3, 'linux-ppc64': 4 } as const
const variants: Record<Variant, number> = {
  stock: 0,
  'no-rebase': 1,
  'fix-2': 2,
  'fix-3': 3,
  'old-cyc2ns': 4,
  'shift-22': 5,
  'unstolen-sched': 6,
  'steal-4-8': 7,
  'steal-4-11': 8,
  'no-guard': 9,
}
const clocksources = { 'kvm-clock': 1, tsc: 2, xen: 3, timebase: 0 } as const
const TB_HOST = 0
/** The core's NEVER. */
const NEVER = (1n << 64n) - 1n
const TB_VIRTUAL_CLOCK = 1

type Cause = PolicyContext['cause']

/** A guest off its host. */
type Written = Pick<SavedGuest, 'image' | 'clocks' | 'wasRunning'>

/** What a stopped guest leaves behind, in the machine that it was in: that is free to land it again. */
const left = (machine: Machine): GuestImage => ({ ...machine.imageWithoutMemory(), arrived: machine })

/** The same for another world: its memory is read now, and no machine goes with it. */
function carried({ arrived, ...image }: GuestImage): GuestImage {
  return arrived ? { ...image, memory: sparse(arrived.guestMemory) } : image
}

export class Guest implements Resident {
  readonly spec: GuestSpec
  readonly policy: ClockPolicy
  readonly variant: Variant
  readonly log: ObservationLog
  readonly corrections: Correction[]
  host: Host
  machine: Machine | null = null
  readonly make = null
  readonly printed = ''
  readonly #stops: { -readonly [key in keyof Stop]: Stop[key] }[]
  #saved: Written | null = null
  #vmm = new Map<string, bigint>()
  #suspended = false
  #bootCounter = 0n
  #lastTicks = 0n
  /** What its first boot begins with, in place of a boot. */
  #stream: StreamTime | null

  /** `saved`: it is not to be booted but was saved before, and waits to land. */
  constructor(
    spec: GuestSpec,
    host: Host,
    policy: ClockPolicy,
    { saved, stream }: { readonly saved?: SavedGuest; readonly stream?: StreamTime } = {},
  ) {
    this.spec = spec
    this.#stream = stream ?? null
    this.host = host
    this.policy = policy
    this.variant = policy.variant && spec.kernel === 'linux-2.6.18-xen' ? policy.variant : spec.variant
    this.log = saved?.log.clone() ?? new ObservationLog()
    this.corrections = [...(saved?.corrections ?? [])]
    this.#stops = (saved?.stops ?? []).map((stop) => ({ ...stop }))
    if (saved) {
      this.#saved = saved
      this.#suspended = saved.suspended
      this.#bootCounter = saved.bootCounter
    }
  }

  get #isXen(): boolean {
    return this.host.isXen
  }

  get running(): boolean {
    return this.machine?.core.machine_run_state() === RunState.running
  }

  // ---- life

  boot(): void {
    const stream = this.#stream
    this.#stream = null
    if (stream) this.#begin(stream)
    else this.#start(null)
    this.#bootCounter = this.#counter()
  }

  /**
   * The guest was saved elsewhere: it starts on a host that shows what that one did, with the clocks of the stream,
   * is stopped at once, and lands here.
   */
  #begin(stream: StreamTime): void {
    const { host, policy } = this
    this.host = host.saving(stream)
    this.#start(stream)
    const machine = this.machine!
    this.#suspended = this.#isXen
    if (this.#suspended) machine.core.guest_suspend()
    machine.stop()
    policy.stop?.(this.#context('save', true))
    this.#saved = { image: left(machine), clocks: stream.clocks, wasRunning: true }
    this.#land(host, 'save', true)
    this.#go('save')
  }

  #start(stream: StreamTime | null): void {
    const { spec, host, policy } = this
    const machine = host.machineFor(this.log)
    machine.growMemory(spec.memoryBytes)
    const { core } = machine
    core.guest_configure(
      PROGRAMS[spec.kernel],
      spec.vcpus,
      spec.arch === 'x86-32' ? 0 : 1,
      spec.dom0 ? 1 : 0,
      stream?.hvm && this.#isXen ? 1 : 0,
      spec.hz,
      variants[this.variant],
      clocksources[spec.clocksource],
      spec.ntp === 'synced' ? 1 : 0,
      policy.hypervisor?.singleshotEra === 'before-2023' ? 0 : 1,
      spec.memoryBytes,
    )
    this.#configureDevices(machine)
    this.#configurePower(machine)
    this.#installWorkload(machine)
    this.machine = machine
    host.residents.add(machine)
    if (this.#isXen) core.xen_update_wallclock()
    policy.boot?.(this.#context('boot', false), {
      tscMode: spec.tsc?.mode ?? 0,
      tscKhz: Number((spec.tsc?.frequencyHz ?? 0n) / 1000n),
    })
    if (stream) policy.restore(this.#context('save', true), stream.clocks)
    if (this.#isXen) core.guest_publish_time()
    machine.boot()
  }

  #configureDevices({ core }: Machine): void {
    const { hyperV, vmclock, rtc } = this.spec
    if (hyperV) core.guest_configure_hyperv()
    if (vmclock) core.vmclock_create()
    if (rtc) core.guest_configure_rtc(rtc.tickNs, rtc.costNs, rtc.mostNs ?? 0n)
  }

  #configurePower(machine: Machine): void {
    const { timebase, dec } = this.spec
    if (!timebase || !dec) return
    const tcg = this.host.spec.hypervisor === 'power-tcg'
    const hostHz = this.host.spec.timebase!.frequencyHz
    machine.core.guest_configure_power(
      tcg ? TB_VIRTUAL_CLOCK : TB_HOST,
      Number(tcg ? timebase.frequencyHz : hostHz),
      Number(timebase.frequencyHz),
      dec.bits,
      dec.type === 'level' ? 1 : 0,
      0,
    )
  }

  #installWorkload(machine: Machine): void {
    const { core } = machine
    for (const r of this.spec.read) {
      const index = core.workload_add_reader(clockIds[r.clock], r.vcpu, r.fromNs, r.everyNs, r.untilNs)
      if (r.guarded) core.workload_guard_reader(index)
    }
    for (const s of this.spec.sleep) {
      const repeats = s.everyNs === null ? 0 : 1
      core.workload_add_sleeper(clockIds[s.clock], s.vcpu, s.atNs, s.forNs, repeats, s.everyNs ?? 0n)
    }
    for (const b of this.spec.busy) core.workload_add_busy(b.vcpu, b.fromNs, b.untilNs)
    for (const w of this.spec.write) {
      core.workload_add_writer(w.vcpu, w.firstPage, w.pages, w.fromNs, w.untilNs ?? NEVER, w.everyNs)
    }
  }

  /** `suspend`: a Xen PV guest is asked to suspend itself first. */
  stop(cause: Stop['cause'], suspend: boolean): void {
    const machine = this.machine!
    if (suspend && this.#isXen && this.running) {
      machine.core.guest_suspend()
      this.#suspended = true
    }
    machine.stop()
    this.#stops.push({
      fromNs: machine.nowNs,
      untilNs: machine.nowNs,
      cause,
      fromHost: this.host.spec.name,
      toHost: this.host.spec.name,
      resumed: false,
    })
    if (cause !== 'host-suspend') this.policy.stop?.(this.#context(cause, true))
  }

  save(cause: 'save' | 'migrate', wasRunning: boolean): void {
    this.#saved = { ...this.#written(cause, wasRunning), image: left(this.machine!) }
    this.powerOff()
    Object.assign(this.#stops.at(-1)!, { cause })
  }

  #written(cause: 'save' | 'migrate', wasRunning: boolean): Omit<Written, 'image'> {
    return { clocks: this.policy.save(this.#context(cause, wasRunning)), wasRunning }
  }

  get saved(): SavedGuest {
    const written = this.#saved!
    return this.#described({ ...written, image: carried(written.image) }, this.#stops)
  }

  writeClocks(wasRunning: boolean): void {
    this.#written('migrate', wasRunning)
  }

  offer(wasRunning: boolean): SavedGuest {
    const stops = this.#stops.map((stop, i) =>
      i === this.#stops.length - 1 ? { ...stop, cause: 'migrate' as const } : stop,
    )
    const written = this.#written('migrate', wasRunning)
    return this.#described({ ...written, image: this.machine!.imageWithoutMemory() }, stops)
  }

  #described(written: Written, stops: readonly Stop[]): SavedGuest {
    return {
      ...written,
      name: this.spec.name,
      host: this.host.spec.name,
      policy: this.policy.name,
      variant: this.variant,
      suspended: this.#suspended,
      bootCounter: this.#bootCounter,
      stops,
      corrections: this.corrections,
      log: this.log,
    }
  }

  get unsavable(): string | null {
    if (this.spec.dom0) return 'is dom0 and stays with its host'
    if (!this.machine) return 'is on no host'
    if (this.machine.fault) return `has faulted (${this.machine.fault})`
    const stopped = this.running ? null : this.#stops.at(-1)!.cause
    return stopped === null || stopped === 'pause' ? null : `is stopped for a ${stopped}`
  }

  land(host: Host, cause: 'save' | 'migrate', wasRunning: boolean): void {
    this.#stops.at(-1)!.toHost = host.spec.name
    this.#land(host, cause, wasRunning)
  }

  #land(host: Host, cause: 'save' | 'migrate', wasRunning: boolean): void {
    const { image, clocks } = this.#saved!
    this.host = host
    this.machine = image.arrived?.adopt(host.machine, this.log) ?? host.machineFor(this.log)
    this.machine.land(image)
    // A guest that another world has saved reads to the end of this one.
    for (const [i, { untilNs }] of this.spec.read.entries()) this.machine.core.workload_read_until(i, untilNs)
    host.residents.add(this.machine)
    this.#saved = null
    this.#vmm = new Map()
    this.policy.restore(this.#context(cause, wasRunning), clocks)
  }

  resume(cause: Cause | 'host-suspend'): void {
    this.#go(cause)
    Object.assign(this.#stops.at(-1)!, { untilNs: this.machine!.nowNs, resumed: true })
  }

  #go(cause: Cause | 'host-suspend'): void {
    const machine = this.machine!
    if (cause !== 'host-suspend') this.policy.resume?.(this.#context(cause, true))
    machine.resume(this.#suspended)
    this.#suspended = false
  }

  /** What the VMM does some time after the guest runs again. */
  settle(cause: Cause): void {
    if (this.running) this.policy.settle?.run(this.#context(cause, true))
  }

  steal(vcpu: number, taken: boolean): void {
    this.machine?.core.machine_steal(vcpu, taken)
  }

  powerOff(): void {
    if (!this.machine) return
    this.#lastTicks = this.#counter()
    this.host.residents.delete(this.machine)
    this.machine = null
  }

  // ---- what a policy sees

  #context(cause: Cause, wasRunning: boolean): PolicyContext {
    const machine = this.machine!
    const base = { cause, wasRunning, host: new HostClocks(machine), vmm: this.#vmm }
    const { hypervisor, timebase } = this.host.spec
    if (hypervisor === 'xen') return { ...base, xen: new XenClocks(machine, this.spec.arch !== 'x86-32') }
    if (hypervisor === 'kvm') return { ...base, kvm: new KvmClocks(machine) }
    return { ...base, power: new ModelPowerClocks(machine, timebase!.frequencyHz, this.spec.dec!.bits) }
  }

  // ---- results

  /** Ticks of TSC or TB; reading them changes nothing in the guest. */
  #counter(): bigint {
    return BigInt.asUintN(64, this.machine!.core.guest_read_clock(0, clockIds.counter))
  }

  /** All clocks, read on a copy: a kernel remembers the last value that it gave out. */
  #clocks(machine: Machine): Record<ReadClock, bigint> {
    const { core } = machine.clone()
    const names = Object.keys(clockIds) as ReadClock[]
    const read = names.map((name) => [name, core.guest_read_clock(0, clockIds[name])])
    return { ...Object.fromEntries(read), counter: this.#counter() }
  }

  result(endNs: bigint, brief = false): GuestResult {
    const { machine, spec } = this
    for (const stop of this.#stops) if (!stop.resumed) stop.untilNs = endNs
    const clocks = machine && !brief ? this.#clocks(machine) : {}
    if (machine) this.#lastTicks = this.#counter()
    return {
      name: spec.name,
      kernel: spec.kernel,
      variant: this.variant,
      policy: this.policy.name,
      bootNs: spec.bootNs,
      readers: spec.read.map(({ name, clock, vcpu }) => ({ name, clock, vcpu })),
      sleepers: spec.sleep.map(({ name, clock, forNs, vcpu }) => ({ name, clock, forNs, vcpu })),
      observations: this.log,
      stops: this.#stops,
      corrections: this.corrections,
      clocks,
      stateHash: machine && !brief ? machine.hash : '',
      ticks: BigInt.asUintN(64, this.#lastTicks - this.#bootCounter),
      fault: machine?.fault ?? null,
    }
  }
}
