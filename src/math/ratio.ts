/** TSC scaling in hardware: the ratio of guest to host frequency, its error, and the offset beside it. */
import { mathCore } from './core.js'
import { decimal, type Fraction, fraction } from './fraction.js'
import { checkWord, DAY_S, JULIAN_YEAR_S, MathError, NS_PER_S, signed, U64_MAX, unsigned } from './limits.js'
import { type RateError, rateError, type Scale, scaleOf, scaleRate } from './scale.js'

/** Fraction bits of the ratio: 48 on Intel (VMX), 32 on AMD (SVM). */
export type FractionBits = 48 | 32

export interface RatioRequest {
  readonly hostKhz: bigint
  readonly guestKhz: bigint
  /** Host TSC now; 0 if left out. */
  readonly hostTsc?: bigint
  /** What the guest's TSC shall read now; 0 if left out. */
  readonly wantedTsc?: bigint
  /** A guest of the guest: its frequency, and its offset (signed) to the guest's TSC. */
  readonly nested?: { readonly khz: bigint; readonly offset?: bigint }
}

/** A clock that runs at `rate` times the wanted frequency; positive ns: behind. */
export interface RateDrift {
  readonly error: RateError
  /** Cut after 6 decimals. */
  readonly nsPerDay: string
  readonly nsPerJulianYear: string
}

export interface RatioReport {
  readonly fractionBits: FractionBits
  /** floor(guest * 2^bits / host): Xen hvm_get_tsc_scaling_ratio. */
  readonly ratio: bigint
  /** Whether KVM scales, or runs the guest at the host's frequency (arch/x86/kvm/x86.c adjust_tsc_khz). */
  readonly kvmScales: boolean
  readonly kvmUnscaledKhz: { readonly from: bigint; readonly to: bigint }
  /** KVM's ratio; null where KVM_SET_TSC_KHZ refuses the frequency. */
  readonly kvmRatio: bigint | null
  /** The guest's TSC against the frequency it asked for, with Xen's ratio and with KVM's. */
  readonly tsc: RateDrift
  readonly kvmTsc: RateDrift | null
  /** host TSC scaled, and what is added to it for the wanted guest TSC (mod 2^64, and signed). */
  readonly scaledTsc: bigint
  readonly offset: bigint
  readonly offsetSigned: bigint
  /** The page KVM writes for this guest: kHz are cut twice on the way. Null without a KVM ratio. */
  readonly kvmPage: { readonly khz: bigint; readonly scale: Scale; readonly drift: RateDrift } | null
  readonly nested: {
    readonly l2Ratio: bigint
    readonly ratio: bigint
    readonly offset: bigint
    readonly tsc: RateDrift
  } | null
}

/**
 * The ratio at one width.
 *
 * @throws MathError where it does not fit, or a frequency is none
 */
export function ratio(request: RatioRequest, fractionBits: FractionBits): RatioReport {
  const { hostKhz, guestKhz, hostTsc = 0n, wantedTsc = 0n } = request
  checkKhz('host', hostKhz)
  checkKhz('guest', guestKhz)
  checkWord('the host’s TSC', hostTsc, 64)
  checkWord('the wanted TSC', wantedTsc, 64)
  const bits = BigInt(fractionBits)
  const row = mathCore().row('lab_tsc', 16, hostKhz, guestKhz, bits, hostTsc, wantedTsc)
  const xenRatio = row[13]!
  if (xenRatio === 0n) throw new MathError(misfit(hostKhz, guestKhz, fractionBits))
  const kvmRatio = signed(row[15]!) === 0n ? row[7]! : null
  const [, from, to] = mathCore().row('lab_kvm_tolerance', 3, hostKhz)
  const rate = (used: bigint) => fraction(hostKhz * 1000n * used, 1n << bits)
  const wanted = fraction(guestKhz * 1000n)
  const [scaledTsc, offset] = kvmRatio === null ? [row[14]!, wantedTsc - row[14]!] : [row[8]!, row[9]!]
  return {
    fractionBits,
    ratio: xenRatio,
    kvmScales: row[5] === 1n,
    kvmUnscaledKhz: { from: from!, to: to! },
    kvmRatio,
    tsc: drift(rate(xenRatio), wanted),
    kvmTsc: kvmRatio === null ? null : drift(rate(kvmRatio), wanted),
    scaledTsc,
    offset: BigInt.asUintN(64, offset),
    offsetSigned: signed(offset),
    kvmPage: kvmRatio === null ? null : kvmPage(hostKhz, guestKhz, bits, rate(kvmRatio)),
    nested: request.nested
      ? nested(request, request.nested, fractionBits, kvmRatio ?? xenRatio, signed(offset))
      : null,
  }
}

function checkKhz(whose: string, khz: bigint): void {
  checkWord(`the ${whose}’s frequency in kHz`, khz, 32)
  if (khz !== 0n) return
  throw new MathError(
    whose === 'host'
      ? '0 kHz for the host: the ratio divides by it; expected 1 or more'
      : `0 kHz for the ${whose}: KVM_SET_TSC_KHZ and Xen’s tsc_set_info take 0 for the host’s own frequency; say that one`,
  )
}

function misfit(hostKhz: bigint, guestKhz: bigint, bits: FractionBits): string {
  const integerBits = bits === 48 ? 16 : 8
  const rule = `with ${bits} fraction bits a ratio is at least 2^-${bits} and below ${2 ** integerBits}`
  return `the ratio of ${guestKhz} to ${hostKhz} kHz does not fit: ${rule}`
}

/** How far `rate` is off `wanted`. */
function drift(rate: Fraction, wanted: Fraction): RateDrift {
  const error = rateError(rate, wanted)
  const { num, den } = error.fraction
  const behind = error.direction === 'fast' ? -num : num
  const ns = (seconds: bigint) => decimal(fraction(behind * seconds * NS_PER_S, den), 6)
  return { error, nsPerDay: ns(DAY_S), nsPerJulianYear: ns(JULIAN_YEAR_S) }
}

/** KVM scales the host's kHz by the ratio, cuts it to whole kHz, and makes the page's scale of that. */
function kvmPage(
  hostKhz: bigint,
  guestKhz: bigint,
  bits: bigint,
  tscRate: Fraction,
): NonNullable<RatioReport['kvmPage']> {
  const khz = mathCore().row('lab_tsc', 16, hostKhz, guestKhz, bits, hostKhz)[8]!
  if (khz === 0n)
    throw new MathError(
      `${hostKhz} kHz scaled to ${guestKhz} kHz is 0 in whole kHz, for which KVM’s kvm_get_time_scale never returns`,
    )
  const row = mathCore().row('lab_time_scale', 10, khz * 1000n)
  const scale = scaleOf(row[3]!, row[4]!)
  const { num, den } = scaleRate(scale)
  return {
    khz,
    scale,
    drift: drift(fraction(tscRate.num * num, tscRate.den * den), fraction(NS_PER_S)),
  }
}

/** KVM kvm_calc_nested_tsc_multiplier and kvm_calc_nested_tsc_offset. */
function nested(
  { hostKhz, guestKhz }: RatioRequest,
  { khz, offset = 0n }: NonNullable<RatioRequest['nested']>,
  fractionBits: FractionBits,
  l1Ratio: bigint,
  l1Offset: bigint,
): NonNullable<RatioReport['nested']> {
  checkKhz('nested guest', khz)
  checkWord('the nested offset', offset, 64, true)
  const bits = BigInt(fractionBits)
  const l2Ratio = mathCore().row('lab_tsc', 16, guestKhz, khz, bits)[13]!
  if (l2Ratio === 0n) throw new MathError(misfit(guestKhz, khz, fractionBits))
  if ((l1Ratio * l2Ratio) >> bits > U64_MAX) {
    throw new MathError(
      `the ratios ${l1Ratio} and ${l2Ratio} multiply to more than 64 bits; KVM keeps the low ones and runs the guest wrong`,
    )
  }
  const row = mathCore().row(
    'lab_nested_tsc',
    7,
    bits,
    l1Ratio,
    l2Ratio,
    unsigned(l1Offset),
    unsigned(offset),
  )
  const rate = fraction(hostKhz * 1000n * row[5]!, 1n << bits)
  return {
    l2Ratio,
    ratio: row[5]!,
    offset: signed(row[6]!),
    tsc: drift(rate, fraction(khz * 1000n)),
  }
}
