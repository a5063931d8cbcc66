/** A Xen domain's TSC: what tsc_set_info makes of a mode, a frequency and an age. */
import { mathCore } from './core.js'
import { checkWord, MathError, signed } from './limits.js'
import { type Scale, scaleOf } from './scale.js'

export interface DomainTscRequest {
  readonly mode: number
  readonly khz: number
  readonly nsec: bigint
  readonly incarnation: number
  /** This host's system time. */
  readonly now: bigint
  readonly hostKhz: number
  /** The host's TSC is constant and in step on all CPUs. */
  readonly reliable: boolean
  readonly hvm: boolean
  /** System time at which the emulated TSC is read. */
  readonly at: bigint
}

export interface DomainTscReport {
  readonly emulated: boolean
  readonly khz: number
  /** System time at which the emulated TSC was 0; it may be before this host's boot. */
  readonly vtscOffset: bigint
  readonly vtscToNs: Scale
  readonly nsToVtsc: Scale
  /** The emulated TSC; 0 for one that is not. */
  readonly tsc: bigint
}

/** Xen arch/x86/time.c tsc_set_info and gtime_to_gtsc. @throws MathError where Xen refuses with -EINVAL */
export function domainTsc(request: DomainTscRequest): DomainTscReport {
  const { mode, khz, nsec, incarnation, now, hostKhz, reliable, hvm, at } = request
  const row = mathCore().row(
    'lab_domain_tsc',
    27,
    BigInt(mode),
    checkWord('nsec', nsec, 64),
    checkWord('khz', BigInt(khz), 32),
    checkWord('the incarnation', BigInt(incarnation), 32),
    checkWord('the system time', now, 64),
    checkWord('the host’s khz', BigInt(hostKhz), 32),
    reliable ? 1n : 0n,
    hvm ? 1n : 0n,
    0n,
    checkWord('the system time of the reading', at, 64),
    at,
    0n,
  )
  if (signed(row[12]!) !== 0n) throw new MathError(`Xen refuses TSC mode ${mode} at ${khz} kHz (-EINVAL)`)
  return {
    emulated: row[13] === 1n,
    khz: Number(row[14]),
    vtscOffset: signed(row[15]!),
    vtscToNs: scaleOf(row[16]!, row[17]!),
    nsToVtsc: scaleOf(row[18]!, row[19]!),
    tsc: row[22]!,
  }
}
