/**
 * An emulated host at an instant of its system time: its calibration has left the stamp of a recorded page, and its TSC
 * has come so far that NOW() is that instant. What a guest makes of it is the guest's.
 */
import { u64 } from '../core/exports.js'
import type { Machine } from '../core/machine.js'
import { read } from '../math/read.js'
import { type Scale, scale } from '../math/scale.js'
import type { Host } from '../world/host.js'
import type { RecordedPage } from './recording.js'

const TSC = 0

export interface Instant {
  readonly now: bigint
  /** The page in force: its stamp is older than `now`. */
  readonly page: RecordedPage | null
  /** What a guest with a native TSC reads. */
  readonly tsc?: bigint
}

export class ReplayedHost {
  readonly #host: Host
  readonly #emulated: boolean
  /** Of a host that has calibrated itself perfectly; a native guest's pages say what it really was. */
  readonly #scale: Scale

  constructor(host: Host, tscKhz: number, emulated: boolean) {
    this.#host = host
    this.#emulated = emulated
    this.#scale = scale(BigInt(tscKhz) * 1000n).toNs.xen
  }

  show(instant: Instant): void {
    for (const machine of this.#host.machines) this.#show(machine, instant)
  }

  #show({ core }: Machine, { now, page, tsc }: Instant): void {
    const host = u64(core.host_read_counter(TSC))
    const stime = page && page.system_time < now ? page.system_time : now
    if (this.#emulated || !page) {
      const behind = ticksFor(now - stime, this.#scale)
      core.xen_set_stamp(u64(host - behind), stime, this.#scale.mul, this.#scale.shift)
      return
    }
    const { tsc_to_system_mul: mul, tsc_shift: shift } = page
    // A guest with a virtual machine's CPU reads the host's TSC and an offset.
    const offset = u64(core.guest_tsc_offset(0))
    const stamp = u64(page.tsc_timestamp - offset)
    const wanted = tsc === undefined ? u64(stamp + ticksFor(now - stime, { mul, shift })) : u64(tsc - offset)
    core.host_step_counter(TSC, BigInt.asIntN(64, wanted - host))
    core.xen_set_stamp(stamp, page.system_time, mul, shift)
  }

  /** UTC at system time 0, as dom0 has told Xen. */
  setEpoch(ns: bigint): void {
    const [secs, nsecs] = [ns / 1_000_000_000n, ns % 1_000_000_000n]
    for (const { core } of this.#host.machines) core.xen_set_wallclock(secs, Number(nsecs), 0n)
  }
}

/** The fewest ticks that a scale makes at least `ns` of. */
function ticksFor(ns: bigint, { mul, shift }: Scale): bigint {
  if (ns <= 0n) return 0n
  const page = {
    version: 2,
    flags: 0,
    tsc_timestamp: 0n,
    system_time: 0n,
    tsc_to_system_mul: mul,
    tsc_shift: shift,
  }
  const worth = (ticks: bigint) => read(page, ticks).ns
  const unit = BigInt(mul)
  const scaled = (ns << 32n) / unit
  let ticks = shift < 0 ? scaled << BigInt(-shift) : scaled >> BigInt(shift)
  while (worth(ticks) < ns) ticks++
  while (ticks > 0n && worth(ticks - 1n) >= ns) ticks--
  return ticks
}
