/** The multiplier and shift that turn TSC ticks into ns, how wrong they are, and when their reader fails. */
import { mathCore } from './core.js'
import { decimal, type Fraction, fraction, minus } from './fraction.js'
import { checkWord, DAY_S, JULIAN_YEAR_S, MathError, NS_PER_S, signed, U64_MAX } from './limits.js'

/** As in the page: ns = (ticks << shift) * mul / 2^32. */
export interface Scale {
  readonly mul: number
  readonly shift: number
}

/** How much a clock is off its own rate, as an exact fraction of it. */
export interface RateError {
  readonly direction: 'exact' | 'slow' | 'fast'
  /** Not negative. */
  readonly fraction: Fraction
  /** The same in parts per billion, cut after 40 decimals. */
  readonly ppb: string
}

/** What two hypervisors choose. */
export interface BothScales {
  /** Xen arch/x86/time.c set_time_scale; ns to ticks: scale_reciprocal of it. */
  readonly xen: Scale
  readonly xenError: RateError
  /** KVM arch/x86/kvm/x86.c kvm_get_time_scale. */
  readonly kvm: Scale
  readonly kvmError: RateError
  readonly same: boolean
}

/**
 * ns by which readers fall behind true time; negative where they run ahead, null where the TSC wraps before. A
 * reading is cut to whole ns, so it is up to 1 ns later than the rate alone says.
 */
export interface Drift {
  /** Of a page that is never updated. */
  readonly onePage: { perSecondNs: bigint; perDayNs: bigint | null; perJulianYearNs: bigint | null }
  /** Of a page that another clock writes each second: behind at the end of a second, and no drift. */
  readonly updatedEachSecond: { behindNs: bigint; belowNs: string; perDayNs: bigint }
  /** Of a page that is rewritten each second from its own truncated reading. */
  readonly rebasedEachSecond: { perSecondNs: bigint; perDayNs: bigint; perJulianYearNs: bigint }
}

/** A moment from which on something is lost. */
export interface Horizon {
  readonly ticks: bigint
  readonly seconds: Fraction
  /** Julian years, cut after 6 decimals. */
  readonly years: string
}

export interface ScaleReport {
  readonly hz: bigint
  readonly toNs: BothScales
  readonly toTicks: BothScales
  /** Of Xen's scale to ns. */
  readonly drift: Drift
  readonly horizons: {
    /** The shift to the left pushes bits out of 64; null where it does not shift left. */
    readonly leftShift: Horizon | null
    readonly tscWrap: Horizon
    /** A reader that multiplies in a single 64-bit word: the first tick at which it is wrong. */
    readonly single64BitProduct: Horizon
  }
  /** What a Linux guest makes of KVM's scale (kernel/pvclock.c pvclock_tsc_khz), against floor(hz / 1000). */
  readonly pvclockTscKhz: { khz: bigint; trueKhz: bigint; wrong: boolean; differenceKhz: bigint }
}

/**
 * Everything about a TSC frequency.
 *
 * @param hz 1 to 2^63 - 1
 * @throws MathError where the real functions hang or are wrong
 */
export function scale(hz: bigint): ScaleReport {
  checkHz(hz)
  const core = mathCore()
  const [, xenMul, xenShift, kvmMul, kvmShift, khz, ...reverse] = core.row('lab_time_scale', 10, hz)
  const xen = scaleOf(xenMul!, xenShift!)
  const toNs = both(xen, scaleOf(kvmMul!, kvmShift!), fraction(NS_PER_S, hz))
  const trueKhz = hz / 1000n
  return {
    hz,
    toNs,
    toTicks: both(
      scaleOf(reverse[0]!, reverse[1]!),
      scaleOf(reverse[2]!, reverse[3]!),
      fraction(hz, NS_PER_S),
    ),
    drift: driftOf(hz, xen, toNs.xenError),
    horizons: horizonsOf(hz, xen),
    pvclockTscKhz: { khz: khz!, trueKhz, wrong: khz !== trueKhz, differenceKhz: khz! - trueKhz },
  }
}

/** The scale in the core's two words. */
export function scaleOf(mul: bigint, shift: bigint): Scale {
  return { mul: Number(mul), shift: Number(signed(shift)) }
}

/** The rate of a scale: what one count becomes, exactly. */
export function scaleRate({ mul, shift }: Scale): Fraction {
  const power = 32n - BigInt(shift)
  return power >= 0n ? fraction(BigInt(mul), 1n << power) : fraction(BigInt(mul) << -power)
}

/** How far `rate` is off the `wanted` one. */
export function rateError(rate: Fraction, wanted: Fraction): RateError {
  const off = minus(wanted, rate)
  const size = fraction((off.num < 0n ? -off.num : off.num) * wanted.den, off.den * wanted.num)
  return {
    direction: off.num === 0n ? 'exact' : off.num > 0n ? 'slow' : 'fast',
    fraction: size,
    ppb: decimal(fraction(size.num * NS_PER_S, size.den), 40),
  }
}

function checkHz(hz: bigint): void {
  checkWord('the frequency in Hz', hz, 64)
  if (hz === 0n)
    throw new MathError(
      '0 Hz: Xen’s set_time_scale and KVM’s kvm_get_time_scale never return; expected 1 or more',
    )
  if (hz >> 63n !== 0n)
    throw new MathError(
      `${hz} Hz: from 2^63 on KVM’s kvm_get_time_scale, which doubles it in 64 bits, hangs or is off by 2; expected less`,
    )
}

function both(xen: Scale, kvm: Scale, wanted: Fraction): BothScales {
  return {
    xen,
    xenError: rateError(scaleRate(xen), wanted),
    kvm,
    kvmError: rateError(scaleRate(kvm), wanted),
    same: xen.mul === kvm.mul && xen.shift === kvm.shift,
  }
}

function driftOf(hz: bigint, { mul, shift }: Scale, error: RateError): Drift {
  const [, , , second, day, year, rebasedDay, rebasedYear] = mathCore().row(
    'lab_drift',
    8,
    hz,
    BigInt(mul),
    BigInt.asUintN(64, BigInt(shift)),
  )
  const behind = (seconds: bigint, reading: bigint) => seconds * NS_PER_S - reading
  const within = (seconds: bigint, reading: bigint) =>
    hz * seconds > U64_MAX ? null : behind(seconds, reading)
  // A right shift drops up to 2^-shift - 1 ticks, and the end of the product is cut: less than 1 ns.
  const dropped = shift < 0 ? fraction(((1n << BigInt(-shift)) - 1n) * NS_PER_S, hz) : fraction(0n)
  const slow = error.direction === 'slow' ? error.fraction : fraction(0n)
  const below = fraction(
    (slow.num * NS_PER_S + slow.den) * dropped.den + dropped.num * slow.den,
    slow.den * dropped.den,
  )
  return {
    onePage: {
      perSecondNs: behind(1n, second!),
      perDayNs: within(DAY_S, day!),
      perJulianYearNs: within(JULIAN_YEAR_S, year!),
    },
    updatedEachSecond: { behindNs: behind(1n, second!), belowNs: decimal(below, 20), perDayNs: 0n },
    rebasedEachSecond: {
      perSecondNs: behind(1n, second!),
      perDayNs: behind(DAY_S, rebasedDay!),
      perJulianYearNs: behind(JULIAN_YEAR_S, rebasedYear!),
    },
  }
}

function horizonsOf(hz: bigint, { mul, shift }: Scale): ScaleReport['horizons'] {
  const wrap = 1n << 64n
  const naive = mathCore().row(
    'lab_unscale_up',
    4,
    1n << 32n,
    BigInt(mul),
    BigInt.asUintN(64, BigInt(shift)),
  )[3]!
  return {
    leftShift: shift > 0 ? horizon(1n << BigInt(64 - shift), hz) : null,
    tscWrap: horizon(wrap, hz),
    single64BitProduct: horizon(naive, hz),
  }
}

/** When a counter of `hz` has made `ticks`. */
export function horizon(ticks: bigint, hz: bigint): Horizon {
  return {
    ticks,
    seconds: fraction(ticks, hz),
    years: decimal(fraction(ticks, hz * JULIAN_YEAR_S), 6),
  }
}
