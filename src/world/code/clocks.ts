/** What a policy can touch of a machine-code guest's clocks: KVM's one-reg interface, or QEMU's TCG. */
import { s64, u64 } from '../../core/exports.js'
import { type PowerClocks, TbSource } from '../../policy/clocks.js'
import type { PowerMachine } from '../../power/machine.js'
import type { Host } from '../host.js'
import { type Source, sourceOf, ticksOf, vmclkNs } from './source.js'

export class CodeClocks implements PowerClocks {
  readonly #machine: PowerMachine
  readonly #host: Host
  /** Changed here; the guest counts with it from its next run on. */
  readonly #source: Source

  readonly decBits: number

  constructor(machine: PowerMachine, host: Host, source: Source, decBits: number) {
    this.#machine = machine
    this.#host = host
    this.#source = source
    this.decBits = decBits
  }
  get vcpus(): number {
    return this.#machine.described.cpus
  }
  hostTimebase(): bigint {
    return u64(this.#host.machine.core.host_read_counter(1))
  }
  hostTimebaseHz(): bigint {
    return this.#host.spec.timebase!.frequencyHz
  }
  guestTimebase(): bigint {
    return u64(this.sourceTicks() + this.#machine.core.tb_offset())
  }
  guestTimebaseHz(): bigint {
    return this.#source.kind === TbSource.host ? this.hostTimebaseHz() : this.#source.hz
  }
  sourceTicks(): bigint {
    return u64(ticksOf(sourceOf(this.#host, this.#source)))
  }
  setTbOffset(offset: bigint): void {
    this.#machine.core.set_tb_offset(u64(offset))
  }
  setGuestTimebase(value: bigint): void {
    this.setTbOffset(value - this.sourceTicks())
  }
  scaleTimebase(hz: bigint): void {
    Object.assign(this.#source, { kind: TbSource.scaled, hz })
  }
  followHostTimebase(): void {
    Object.assign(this.#source, { kind: TbSource.host, hz: this.hostTimebaseHz() })
  }
  /** As KVM has it, of a DEC that has passed as well: never null. */
  decExpiry(cpu: number): bigint {
    const { core } = this.#machine
    return u64(core.dec_next(cpu) + core.tb_offset())
  }
  setDecExpiry(cpu: number, expiry: bigint | null): void {
    const { core } = this.#machine
    const now = this.sourceTicks()
    const next = expiry === null ? now : u64(expiry - core.tb_offset())
    core.set_dec(cpu, next, s64(next - now) > 0n ? 1 : 0)
  }
  vmclkNs(): bigint {
    return u64(vmclkNs(this.#host, this.#source))
  }
  holdVmclk(ns: bigint): void {
    this.#source.vmclkHeldNs = ns
  }
  runVmclk(running: boolean): void {
    const source = this.#source
    const now = vmclkNs(this.#host, source)
    if (!running) source.vmclkHeldNs = now
    else if (source.vmclkHeldNs !== null) {
      source.vmclkHeldNs = null
      source.vmclkOffsetNs = now - vmclkNs(this.#host, { ...source, vmclkOffsetNs: 0n })
    }
  }
  decRemaining(cpu: number): bigint {
    return s64(this.#machine.core.dec_next(cpu) - this.sourceTicks())
  }
  /** No guest of machine code has a way to hear of it: it goes on with what its device tree said at boot. */
  tellFrequency(_hz: bigint): void {}
}
