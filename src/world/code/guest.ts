/**
 * A guest of machine code through its life: the same steps as for a model (../guest.ts), the same policies, and a CPU
 * that counts cycles in place of a model. The CPU's cycles stand still while the guest is stopped; when it runs again
 * they are laid on true time anew, and its timebase on the ticks of the host that it is on.
 *
 *     true time ──host──> ticks ──offset (policy)──> TB
 *         └──cpuHz──> cycles
 */
import type { GuestImage } from '../../core/machine.js'
import { sparse } from '../../core/sparse.js'
import { HostClocks, TbSource } from '../../policy/clocks.js'
import type { ClockPolicy, PolicyContext } from '../../policy/policy.js'
import type { PowerMachine, PowerMake } from '../../power/machine.js'
import type { GuestSpec } from '../../scenario/types.js'
import type { Host } from '../host.js'
import type { Resident } from '../resident.js'
import type { Correction, GuestResult, Stop } from '../result.js'
import type { SavedCode, SavedGuest } from '../saved.js'
import { CodeClocks } from './clocks.js'
import { perCycle, type Source, sourceOf } from './source.js'
import { type Stretch, Told, vcpuOf } from './told.js'

const SECOND = 1_000_000_000n

export interface CodeTold {
  readonly tbHz: bigint
  readonly decBits: number
  readonly cpus: number
}

/** The program of a guest. */
export interface Code {
  /** A machine that stands at the program's first instruction, with what its guest is told of its clocks and vCPUs. */
  readonly boot: (told: CodeTold) => PowerMachine
  readonly cpuHz: bigint
}

type Cause = PolicyContext['cause']

/** A guest off its host; what it was told, and when it ran, stays here. */
type Written = Pick<SavedGuest, 'image' | 'clocks' | 'wasRunning'> & {
  readonly code: Pick<SavedCode, 'make' | 'fresh' | 'arrived'>
}

/** The image's number of a kernel model, for what is none. */
export const MACHINE_CODE = 0

export class CodeGuest implements Resident {
  readonly spec: GuestSpec
  readonly policy: ClockPolicy
  readonly corrections: Correction[]
  readonly told: Told
  host: Host
  /** null: it is not to be booted but was saved before. */
  readonly #code: Code | null
  readonly #cpuHz: bigint
  readonly #stops: { -readonly [key in keyof Stop]: Stop[key] }[]
  readonly #stretches: Stretch[]
  #machine: PowerMachine | null = null
  /** On this host, in `machine`; false once written out, and before the boot. */
  #here = false
  #running = false
  #saved: Written | null = null
  #source: Source
  #vmm = new Map<string, bigint>()
  /** vCPUs that the host has taken away. */
  #taken = new Set<number>()
  /** The last laying of cycles on true time. */
  #laid = { ns: 0n, cycle: 0n }
  #bootTimebase = 0n
  #fault: string | null = null
  /** It will never run again by itself. */
  #off = false

  /** From its program; or one that was saved, and waits to land. */
  constructor(spec: GuestSpec, host: Host, policy: ClockPolicy, from: Code | SavedGuest) {
    const saved = 'image' in from ? from : null
    this.spec = spec
    this.host = host
    this.policy = policy
    this.#code = 'image' in from ? null : from
    this.#cpuHz = 'image' in from ? from.code!.make.cpuHz : from.cpuHz
    this.#source = this.#sourceOn(host)
    this.told = new Told(saved?.code?.told, saved?.log.clone())
    this.corrections = [...(saved?.corrections ?? [])]
    this.#stops = (saved?.stops ?? []).map((stop) => ({ ...stop }))
    this.#stretches = (saved?.code?.stretches ?? []).map((stretch) => ({ ...stretch }))
    this.#bootTimebase = saved?.bootCounter ?? 0n
    if (saved) this.#saved = { ...saved, code: saved.code! }
  }

  #sourceOn(host: Host): Source {
    const tcg = host.spec.hypervisor === 'power-tcg'
    return {
      kind: tcg ? TbSource.virtualClock : TbSource.host,
      hz: tcg ? this.spec.timebase!.frequencyHz : host.spec.timebase!.frequencyHz,
      vmclkOffsetNs: 0n,
      vmclkHeldNs: null,
    }
  }

  get running(): boolean {
    return this.#running
  }

  get machine(): PowerMachine | null {
    return this.#here ? this.#machine : null
  }

  get log() {
    return this.told.log
  }

  get printed(): string {
    return this.told.text
  }

  get make(): PowerMake | null {
    return this.#machine?.make ?? null
  }

  get unsavable(): string | null {
    if (!this.#here) return 'is on no host'
    if (this.#fault) return `has faulted (${this.#fault})`
    if (this.#off) return 'has switched itself off'
    const stopped = this.#running ? null : this.#stops.at(-1)!.cause
    return stopped === null || stopped === 'pause' ? null : `is stopped for a ${stopped}`
  }

  get #nowNs(): bigint {
    return this.host.machine.nowNs
  }

  // ---- life

  boot(): void {
    this.#machine = this.#new()
    this.#here = true
    this.policy.boot?.(this.#context('boot', false), { tscMode: 0, tscKhz: 0 })
    if (this.#machine.cycles > 0n) this.#goOn()
    this.#lay()
    this.#bootTimebase = this.#clocks.guestTimebase()
  }

  /** A machine that has run before, by itself: its timebase and DEC go on from where they stood. */
  #goOn(): void {
    const clocks = this.#clocks
    const expiries = Array.from({ length: clocks.vcpus }, (_, cpu) => clocks.decExpiry(cpu))
    clocks.setGuestTimebase(this.#machine!.timebase)
    for (const [cpu, expiry] of expiries.entries()) clocks.setDecExpiry(cpu, expiry)
  }

  #new(): PowerMachine {
    const { timebase, dec, vcpus: cpus } = this.spec
    return this.#code!.boot({ tbHz: timebase!.frequencyHz, decBits: dec!.bits, cpus })
  }

  /** From this instant on it runs, and its timebase counts what the host's does. */
  #lay(): void {
    const machine = this.#machine!
    const standing = sourceOf(this.host, this.#source)
    const { ticks, part, num, den } = perCycle(standing, this.#cpuHz)
    if (machine.core.set_source(ticks, part, num, den) === 0)
      throw new Error(`a timebase of ${num}/${den} ticks a cycle; expected a rate above 0`)
    this.wallChanged()
    this.#laid = { ns: this.#nowNs, cycle: machine.cycles }
    const tbOffset = BigInt.asUintN(64, machine.core.tb_offset())
    this.#stretches.push({ fromNs: this.#nowNs, untilNs: this.#nowNs, standing, tbOffset })
    this.#running = true
  }

  /** The platform's clock (RTAS get-time-of-day) goes with the host's wall clock, from resume to resume. */
  wallChanged(): void {
    this.#machine?.core.set_day(this.host.wallNs, this.#cpuHz)
  }

  /** Runs up to true time `untilNs`, if it runs at all. */
  advance(untilNs: bigint): void {
    if (!this.#running || this.#stolen) return
    const machine = this.#machine!
    const { ns, cycle } = this.#laid
    const until = cycle + ((untilNs - ns) * this.#cpuHz) / SECOND
    while (machine.cycles < until) {
      const end = machine.run(until)
      if (end === 'fault') this.#fault = machine.fault
      if (end === 'off' || end === 'reboot' || end === 'fault') {
        this.#off = true
        this.#running = false
        break
      }
    }
    this.#stretches.at(-1)!.untilNs = untilNs
    this.told.hear(machine.takeConsole(), this.#stretches, this.#stops)
  }

  /** One that is taken has no cycles, and with all of them taken there are none; TB goes on. */
  steal(vcpu: number, taken: boolean): void {
    const stood = this.#stolen
    if (taken) this.#taken.add(vcpu)
    else this.#taken.delete(vcpu)
    if (!this.#running) return
    if (stood && !this.#stolen) this.#lay()
    if (taken) this.#machine!.core.take_vcpu(vcpu, this.#tellsSteal)
    else this.#machine!.core.give_vcpu(vcpu, this.#tellsSteal)
  }

  get #stolen(): boolean {
    return this.#taken.size > 0 && this.#taken.size >= this.#machine!.make.cpus
  }

  /** KVM counts for its guest how long a vCPU waited; QEMU's TCG does not know. */
  get #tellsSteal(): number {
    return this.host.spec.hypervisor === 'power-kvm' ? 1 : 0
  }

  /** Nobody waits for a CPU in a guest that is stopped. */
  #giveAll(): void {
    if (this.#stolen) this.#lay()
    for (const vcpu of this.#taken) this.#machine!.core.give_vcpu(vcpu, this.#tellsSteal)
  }

  stop(cause: Stop['cause'], _suspend: boolean): void {
    if (this.#running) this.#giveAll()
    this.#running = false
    const [fromNs, name] = [this.#nowNs, this.host.spec.name]
    this.#stops.push({ fromNs, untilNs: fromNs, cause, fromHost: name, toHost: name, resumed: false })
    if (cause !== 'host-suspend') this.policy.stop?.(this.#context(cause, true))
  }

  save(cause: 'save' | 'migrate', wasRunning: boolean): void {
    this.#saved = this.#written(cause, wasRunning)
    this.powerOff()
    Object.assign(this.#stops.at(-1)!, { cause })
  }

  /** Its memory stays in the machine, which is free to land it again. */
  #written(cause: 'save' | 'migrate', wasRunning: boolean): Written {
    const machine = this.#machine!
    const clocks = this.policy.save(this.#context(cause, wasRunning))
    const image: GuestImage = {
      state: machine.shortState(),
      memory: { size: machine.make.ramBytes, runs: [] },
      vcpus: machine.make.cpus,
      program: MACHINE_CODE,
      stoppedAtNs: this.#stops.at(-1)!.fromNs,
      stoppedTotalNs: 0n,
    }
    const code = { make: machine.make, fresh: () => machine.another(), arrived: machine }
    return { clocks, wasRunning, image, code }
  }

  get saved(): SavedGuest {
    const written = this.#saved!
    const { arrived } = written.code
    const memory = arrived ? sparse(arrived.ram) : written.image.memory
    return this.#described({ ...written, image: { ...written.image, memory } }, this.#stops)
  }

  offer(wasRunning: boolean): SavedGuest {
    const last = this.#stops.length - 1
    const stops = this.#stops.map((stop, i) => (i === last ? { ...stop, cause: 'migrate' as const } : stop))
    return this.#described(this.#written('migrate', wasRunning), stops)
  }

  #described(
    { image, clocks, wasRunning, code: { make, fresh } }: Written,
    stops: readonly Stop[],
  ): SavedGuest {
    return {
      name: this.spec.name,
      host: this.host.spec.name,
      policy: this.policy.name,
      clocks,
      wasRunning,
      variant: this.spec.variant,
      suspended: false,
      bootCounter: this.#bootTimebase,
      image,
      code: { make, fresh, told: this.told.soFar, stretches: this.#stretches },
      stops,
      corrections: this.corrections,
      log: this.told.log,
    }
  }

  writeClocks(wasRunning: boolean): void {
    this.policy.save(this.#context('migrate', wasRunning))
  }

  /** Throws PowerStateError. */
  land(host: Host, cause: 'save' | 'migrate', wasRunning: boolean): void {
    this.#stops.at(-1)!.toHost = host.spec.name
    const { image, clocks, code } = this.#saved!
    this.host = host
    this.#saved = null
    this.#vmm = new Map()
    // Another process, another machine: only what was written crosses.
    this.#machine = code.arrived ?? code.fresh()
    this.#machine.become(image.state, code.arrived ? undefined : image.memory)
    this.#source = this.#sourceOn(host)
    this.#taken = new Set()
    this.#here = true
    this.policy.restore(this.#context(cause, wasRunning), clocks)
  }

  resume(cause: Cause | 'host-suspend'): void {
    if (cause !== 'host-suspend') this.policy.resume?.(this.#context(cause, true))
    Object.assign(this.#stops.at(-1)!, { untilNs: this.#nowNs, resumed: true })
    this.#lay()
    for (const vcpu of this.#taken) this.#machine!.core.take_vcpu(vcpu, this.#tellsSteal)
  }

  powerOff(): void {
    this.#running = false
    this.#here = false
  }

  // ---- what a policy sees

  get #clocks(): CodeClocks {
    return new CodeClocks(this.#machine!, this.host, this.#source, this.spec.dec!.bits)
  }

  #context(cause: Cause, wasRunning: boolean): PolicyContext {
    return { cause, wasRunning, host: new HostClocks(this.host.machine), vmm: this.#vmm, power: this.#clocks }
  }

  // ---- results

  result(endNs: bigint): GuestResult {
    for (const stop of this.#stops) if (!stop.resumed) stop.untilNs = endNs
    const counter = this.#here ? { counter: this.#clocks.guestTimebase() } : {}
    return {
      name: this.spec.name,
      kernel: 'machine code',
      variant: this.spec.variant,
      policy: this.policy.name,
      bootNs: this.spec.bootNs,
      readers: this.told.readers,
      sleepers: this.told.sleepers.map((one) => ({ ...one, vcpu: vcpuOf(one.name) })),
      observations: this.told.log,
      stops: this.#stops,
      corrections: this.corrections,
      clocks: counter,
      stateHash: this.#here ? this.#machine!.hash : '',
      ticks: this.#here ? BigInt.asUintN(64, this.#clocks.guestTimebase() - this.#bootTimebase) : 0n,
      fault: this.#fault,
      console: this.told.text,
    }
  }
}
