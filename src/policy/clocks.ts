/**
 * What the software of a host can read and write: the host's clocks, and a stopped guest's clocks through the
 * interfaces of its hypervisor. Names follow those interfaces. All times ns, all values u64 unless said otherwise.
 */
import { s64, u64 } from '../core/exports.js'
import type { Machine } from '../core/machine.js'

const Counter = { tsc: 0, timebase: 1, mono: 2, wall: 3 } as const

/** The host's own clocks, as its kernel reads them. */
export class HostClocks {
  readonly #machine: Machine
  constructor(machine: Machine) {
    this.#machine = machine
  }
  /** RDTSC on the host. */
  tsc(): bigint {
    return u64(this.#machine.core.host_read_counter(Counter.tsc))
  }
  /** mftb on the host. */
  timebase(): bigint {
    return u64(this.#machine.core.host_read_counter(Counter.timebase))
  }
  /** CLOCK_REALTIME of the host, ns since the Unix epoch. */
  wallNs(): bigint {
    return u64(this.#machine.core.host_read_counter(Counter.wall))
  }
  /** ns since host boot: Xen's platform timer, CLOCK_MONOTONIC_RAW. */
  uptimeNs(): bigint {
    return u64(this.#machine.core.host_read_counter(Counter.mono))
  }
}

/** XEN_DOMCTL_{get,set}tscinfo: the record X86_TSC_INFO of the migration stream. */
export interface TscInfo {
  readonly mode: bigint
  readonly khz: bigint
  readonly nsec: bigint
  readonly incarnation: bigint
}

const SHARED_INFO = 0x1000
const PAGE = 4096
/** Offsets in shared_info (public/xen.h): vcpu_info ends where the pending events begin. */
const layouts = {
  wide: { pending: 2048, mask: 2560, maskBytes: 512, arch: 3088 },
  compat: { pending: 2048, mask: 2176, maskBytes: 128, arch: 2316 },
} as const

/** Xen, as its toolstack reaches it. */
export class XenClocks {
  readonly #machine: Machine
  readonly #layout: (typeof layouts)['wide' | 'compat']
  constructor(machine: Machine, wide: boolean) {
    this.#machine = machine
    this.#layout = wide ? layouts.wide : layouts.compat
  }
  /** NOW(): system time. */
  systemTime(): bigint {
    return u64(this.#machine.core.host_system_time())
  }
  tscInfo(): TscInfo {
    const { address, view } = this.#machine.callArea
    this.#machine.core.guest_get_tsc_info(address)
    return {
      mode: BigInt(view.getUint32(0, true)),
      khz: BigInt(view.getUint32(4, true)),
      nsec: view.getBigUint64(8, true),
      incarnation: BigInt(view.getUint32(16, true)),
    }
  }
  /** Throws when Xen refuses (-EINVAL). */
  setTscInfo(info: TscInfo): void {
    const { mode, nsec, khz, incarnation } = info
    const status = this.#machine.core.guest_set_tsc_info(Number(mode), nsec, Number(khz), Number(incarnation))
    if (status !== 0) throw new Error(`Xen refuses TSC mode ${mode} at ${khz} kHz (error ${status})`)
  }
  /** An HVM or PVH guest, whose TSC is part of its CPU's state: the field tsc of save record CPU. */
  get hvm(): boolean {
    return this.#machine.core.guest_is_hvm() !== 0
  }
  /** The vcpu_time_info that vCPU 0 reads: a copy of its 32 bytes. */
  timePage(): Uint8Array {
    const { core } = this.#machine
    const at = core.xen_time_page(0) - core.address_guest_memory()
    return this.#machine.guestMemory.slice(at, at + 32)
  }
  guestTsc(): bigint {
    return u64(this.#machine.core.rdtsc(0))
  }
  /** hvm_set_guest_tsc: the guest's TSC goes on from `value`. */
  setGuestTsc(value: bigint): void {
    this.#machine.core.xen_set_guest_tsc(value)
  }
  /** An HVM guest's time, which its emulated TSC counts, began when Xen created the domain: at this system time. */
  setCreated(systemTime: bigint): void {
    this.#machine.core.guest_set_stime_offset(-systemTime)
  }
  /** Hyper-V's reference counter, units of 100 ns. */
  referenceCount(): bigint {
    return u64(this.#machine.core.guest_reference_count())
  }
  setReferenceCount(count: bigint): void {
    this.#machine.core.hyperv_set_reference(count)
  }
  /** The guest's shared_info frame: the live bytes. */
  sharedInfo(): Uint8Array {
    return this.#machine.guestMemory.subarray(SHARED_INFO, SHARED_INFO + PAGE)
  }
  /** Xen writes wc_version, wc_sec, wc_nsec, wc_sec_hi: done when vCPU 0's context is set, among others. */
  updateWallclock(): void {
    this.#machine.core.xen_update_wallclock()
  }
  /** Xen writes every vCPU's time page, as when its context is set. */
  publishTime(): void {
    this.#machine.core.guest_publish_time()
  }
  /**
   * Restores shared_info from an image as libxc does since 16e00ecd92 (2007): a fresh page, with vcpu_info and arch
   * from the image, events masked and none pending. Xen writes the wall clock fields next, so wc_version starts
   * again at 2: a guest that only watches the version may not notice.
   */
  restoreSharedInfo(image: Uint8Array): void {
    const { pending, mask, maskBytes, arch } = this.#layout
    const page = this.sharedInfo()
    page.fill(0)
    page.set(image.subarray(0, pending))
    page.fill(0xff, mask, mask + maskBytes)
    page.set(image.subarray(arch), arch)
  }
}

/** KVM, as a VMM reaches it by ioctl. */
export class KvmClocks {
  readonly #machine: Machine
  constructor(machine: Machine) {
    this.#machine = machine
  }
  get vcpus(): number {
    return this.#machine.core.machine_vcpus()
  }
  /** KVM_GET_CLOCK: the guest's kvmclock, with the host's TSC and CLOCK_REALTIME of the same instant. */
  getClock(): { clock: bigint; realtime: bigint; hostTsc: bigint; stable: boolean } {
    const core = this.#machine.core
    return {
      clock: u64(core.kvm_get_clock()),
      realtime: u64(core.host_read_counter(Counter.wall)),
      hostTsc: u64(core.host_read_counter(Counter.tsc)),
      stable: core.kvm_master_clock() !== 0,
    }
  }
  /** KVM_SET_CLOCK; with `realtime` the flag KVM_CLOCK_REALTIME: the host's wall clock since then is added. */
  setClock(clock: bigint, realtime?: bigint): void {
    this.#machine.core.kvm_set_clock(clock, realtime !== undefined, realtime ?? 0n)
  }
  /** KVM_KVMCLOCK_CTRL: GUEST_STOPPED in the vCPU's page. */
  kvmclockCtrl(cpu: number): void {
    this.#machine.core.kvm_clock_ctrl(cpu)
  }
  /** KVM_GET_MSRS of IA32_TSC. */
  tsc(cpu: number): bigint {
    return u64(this.#machine.core.rdtsc(cpu))
  }
  /** KVM_SET_MSRS of IA32_TSC, with KVM's rule for writes that are meant to be the same. */
  setTsc(cpu: number, value: bigint): void {
    this.#machine.core.kvm_write_tsc(cpu, value, true)
  }
  /** The vCPUs of a new VM: TSCs from 0, no timer, nothing pending. */
  createVcpus(): void {
    this.#machine.core.kvm_create_vcpus()
  }
  /** KVM_GET_MSRS of IA32_TSC_DEADLINE; 0: no deadline, or one that has fired. */
  tscDeadline(cpu: number): bigint {
    return u64(this.#machine.core.guest_tsc_deadline(cpu))
  }
  /** KVM_SET_MSRS of IA32_TSC_DEADLINE: the host's timer is set by the guest's TSC as it is now. */
  setTscDeadline(cpu: number, value: bigint): void {
    this.#machine.core.kvm_restore_tsc_deadline(cpu, value)
  }
  /** MSR_KVM_STEAL_TIME restored by a thread that has waited for a CPU itself, before Linux 7cae2bedcbd4. */
  restoreStealFrom(cpu: number, waitedNs: bigint): void {
    this.#machine.core.kvm_steal_from_thread(cpu, waitedNs)
  }
  /** Attribute KVM_VCPU_TSC_OFFSET. */
  tscOffset(cpu: number): bigint {
    return u64(this.#machine.core.guest_tsc_offset(cpu))
  }
  setTscOffset(cpu: number, offset: bigint): void {
    this.#machine.core.kvm_set_tsc_offset(cpu, offset)
  }
  /** KVM_GET_TSC_KHZ. */
  tscKhz(): bigint {
    return BigInt(this.#machine.core.guest_virtual_tsc_khz())
  }
  /** KVM_SET_TSC_KHZ; 0 for the host's. Throws when KVM refuses. */
  setTscKhz(khz: bigint): void {
    const status = this.#machine.core.guest_set_tsc_khz(Number(khz))
    if (status !== 0) {
      throw new Error(
        `KVM refuses a guest TSC of ${khz} kHz on this host (error ${status}): it has no TSC scaling`,
      )
    }
  }
}

/** How TB gets its ticks; the core's TB_*. */
export const TbSource = { host: 0, virtualClock: 1, scaled: 2 } as const

/** KVM on Power or QEMU's TCG, as a VMM reaches it. All ticks and offsets u64, offsets modulo 2^64. */
export interface PowerClocks {
  readonly vcpus: number
  /** Width of the guest's decrementer: 32, or 56 for the large one (LPCR[LD]). */
  readonly decBits: number
  hostTimebase(): bigint
  /** Frequency of the host's timebase, from its device tree. */
  hostTimebaseHz(): bigint
  guestTimebase(): bigint
  /** Frequency at which the guest's TB and DEC count now. */
  guestTimebaseHz(): bigint
  /** Ticks of the source of TB and DEC, before the offset. */
  sourceTicks(): bigint
  /** KVM_REG_PPC_TB_OFFSET without the rounding; s64 as u64. */
  setTbOffset(offset: bigint): void
  /** Sets the offset so that the guest's timebase is `value` now. */
  setGuestTimebase(value: bigint): void
  /** Lets TB and DEC count at `hz` although the host's timebase does not. */
  scaleTimebase(hz: bigint): void
  /** Lets TB and DEC count with the host's timebase. */
  followHostTimebase(): void
  /** KVM_REG_PPC_DEC_EXPIRY: guest timebase at which DEC reaches 0; null if it has passed. */
  decExpiry(cpu: number): bigint | null
  /** null: DEC has passed and waits for the guest to write it. */
  setDecExpiry(cpu: number, expiry: bigint | null): void
  /** QEMU's virtual clock, ns; setting it holds it until the VM runs. */
  vmclkNs(): bigint
  holdVmclk(ns: bigint): void
  runVmclk(running: boolean): void
  /** The source's ticks until DEC reaches 0, s64; what the SPR reads. */
  decRemaining(cpu: number): bigint
  /** Tells the guest, when it runs again, that its timebase frequency is `hz` (a change of its device tree). */
  tellFrequency(hz: bigint): void
}

/** Those of a guest that is a kernel model. */
export class ModelPowerClocks implements PowerClocks {
  readonly #machine: Machine
  readonly #hostHz: bigint
  readonly decBits: number
  constructor(machine: Machine, hostHz: bigint, decBits: number) {
    this.#machine = machine
    this.#hostHz = hostHz
    this.decBits = decBits
  }
  get vcpus(): number {
    return this.#machine.core.machine_vcpus()
  }
  hostTimebase(): bigint {
    return u64(this.#machine.core.host_read_counter(Counter.timebase))
  }
  hostTimebaseHz(): bigint {
    return this.#hostHz
  }
  guestTimebase(): bigint {
    return u64(this.#machine.core.guest_timebase())
  }
  guestTimebaseHz(): bigint {
    return BigInt(this.#machine.core.guest_tb_hz())
  }
  sourceTicks(): bigint {
    return u64(this.#machine.core.tb_source_ticks())
  }
  setTbOffset(offset: bigint): void {
    this.#machine.core.guest_set_tb_offset(u64(offset))
  }
  setGuestTimebase(value: bigint): void {
    this.setTbOffset(value - this.sourceTicks())
  }
  scaleTimebase(hz: bigint): void {
    this.#machine.core.guest_set_tb_source(TbSource.scaled, Number(hz))
  }
  followHostTimebase(): void {
    this.#machine.core.guest_set_tb_source(TbSource.host, Number(this.#hostHz))
  }
  decExpiry(cpu: number): bigint | null {
    const core = this.#machine.core
    if (core.guest_dec_armed(cpu) === 0) return null
    return u64(core.guest_dec_next(cpu) + core.guest_tb_offset())
  }
  setDecExpiry(cpu: number, expiry: bigint | null): void {
    const core = this.#machine.core
    if (expiry === null) core.guest_set_dec_next(cpu, core.tb_source_ticks(), 0)
    else core.guest_set_dec_next(cpu, u64(expiry - core.guest_tb_offset()), 1)
  }
  vmclkNs(): bigint {
    return u64(this.#machine.core.vmclk())
  }
  holdVmclk(ns: bigint): void {
    this.#machine.core.guest_set_vmclk(ns)
  }
  runVmclk(running: boolean): void {
    this.#machine.core.vmclk_run(running)
  }
  decRemaining(cpu: number): bigint {
    return s64(this.#machine.core.guest_dec_next(cpu) - this.#machine.core.tb_source_ticks())
  }
  tellFrequency(hz: bigint): void {
    this.#machine.core.guest_tell_frequency(Number(hz))
  }
}
