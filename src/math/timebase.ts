/** The Power timebase and decrementer as QEMU and Linux compute them. */
import { mathCore } from './core.js'
import { decimal, fraction } from './fraction.js'
import { checkWord, DAY_S, MathError, NS_PER_S, signed, U32_MAX, U64_MAX, unsigned } from './limits.js'
import { type Horizon, horizon, type RateError, rateError } from './scale.js'

export interface TimebaseReport {
  readonly hz: bigint
  /** Linux's way (arch/powerpc/kernel/time.c): ns = mulhi64(tb, scale) << shift. */
  readonly linux: {
    readonly scale: bigint
    readonly shift: number
    /** Readings are multiples of this. */
    readonly granularityNs: bigint
    readonly error: RateError
    readonly nsPerDay: string
  }
  readonly horizons: {
    /** The 64-bit TB, its lower half TBL, and a positive 32-bit DEC. */
    readonly tbWrap: Horizon
    readonly tblWrap: Horizon
    readonly dec: Horizon
  }
}

export interface TicksToNs {
  readonly ticks: bigint
  /** The first ns at which the count is reached (QEMU hw/ppc/ppc.c tb_to_ns_round_up). */
  readonly qemuNs: bigint
  readonly linuxNs: bigint
  /** How many of `qemuNs` Linux has not seen yet. */
  readonly linuxBehindNs: bigint
}

export interface DecReport {
  readonly bits: 32 | 56
  /** What the register holds: the value's low bits. */
  readonly value: bigint
  readonly nowTicks: bigint
  /** The tick at which it reads 0, and the ns at which QEMU's timer fires for it. */
  readonly nextTick: bigint
  readonly expiresNs: bigint
  /** A value with its top bit set stands below zero and interrupts at once, if the DEC is level-triggered. */
  readonly negative: boolean
  readonly laterTicks: bigint
  /** What a server processor reads later (32 bits as they are, the large one sign-extended), and an embedded one. */
  readonly read: bigint
  readonly readBooke: bigint
}

export interface OffsetReport {
  readonly asked: bigint
  /** What KVM sets: rounded up to 2^24 ticks (arch/powerpc/kvm/book3s_hv.c). */
  readonly kvm: bigint
  readonly aheadTicks: bigint
  /** The jump that the guest sees, cut to whole ns. */
  readonly aheadNs: bigint
}

/** @param hz 1 to 2^32 - 1. @throws MathError */
export function timebase(hz: bigint): TimebaseReport {
  checkTimebaseHz(hz)
  const row = mathCore().row('lab_timebase', 8, hz, 0n, 0n)
  const [scale, shift] = [row[5]!, row[6]!]
  const error = rateError(fraction(scale << shift, 1n << 64n), fraction(NS_PER_S, hz))
  const { num, den } = error.fraction
  return {
    hz,
    linux: {
      scale,
      shift: Number(shift),
      granularityNs: 1n << shift,
      error,
      nsPerDay: decimal(fraction(num * DAY_S * NS_PER_S, den), 6),
    },
    horizons: {
      tbWrap: horizon(1n << 64n, hz),
      tblWrap: horizon(1n << 32n, hz),
      dec: horizon(1n << 31n, hz),
    },
  }
}

/** floor(ns * hz / 10^9) (QEMU hw/ppc/ppc.c ns_to_tb). @throws MathError where the count has more than 64 bits */
export function nsToTicks(hz: bigint, ns: bigint): bigint {
  checkTimebaseHz(hz)
  checkWord('ns', ns, 64)
  if ((ns * hz) / NS_PER_S > U64_MAX) throw lost(`${ns} ns at ${hz} Hz`, 'ticks')
  return mathCore().row('lab_timebase', 8, hz, ns)[3]!
}

/** @throws MathError where the ns have more than 64 bits */
export function ticksToNs(hz: bigint, ticks: bigint): TicksToNs {
  checkTimebaseHz(hz)
  checkWord('ticks', ticks, 64)
  if ((ticks * NS_PER_S + hz - 1n) / hz > U64_MAX) throw lost(`${ticks} ticks at ${hz} Hz`, 'ns')
  const row = mathCore().row('lab_timebase', 8, hz, 0n, ticks)
  return { ticks, qemuNs: row[4]!, linuxNs: row[7]!, linuxBehindNs: row[4]! - row[7]! }
}

/**
 * A decrementer written with `value` at `nowNs` and read at `laterNs` (QEMU hw/ppc/ppc.c).
 *
 * @param value the register's bits; what is above its width is cut, as the processor does
 * @throws MathError
 */
export function decrementer(
  hz: bigint,
  value: bigint,
  { bits = 32, nowNs = 0n, laterNs = nowNs }: { bits?: 32 | 56; nowNs?: bigint; laterNs?: bigint } = {},
): DecReport {
  checkWord('the DEC’s value', value, 64)
  const nowTicks = nsToTicks(hz, nowNs)
  const laterTicks = nsToTicks(hz, laterNs)
  if (laterNs < nowNs) throw new MathError(`later, ${laterNs} ns, is before now, ${nowNs} ns`)
  const row = mathCore().row('lab_decrementer', 9, hz, nowNs, value, laterNs, BigInt(bits))
  const cut = BigInt.asUintN(bits, value)
  if (nowTicks + cut > U64_MAX) throw lost(`${cut} ticks after ${nowTicks}`, 'ticks')
  if (((nowTicks + cut) * NS_PER_S + hz - 1n) / hz > U64_MAX)
    throw lost(`tick ${nowTicks + cut} at ${hz} Hz`, 'ns')
  const written = mathCore().row('lab_decrementer_write', 7, 0n, cut, BigInt(bits), 0n)
  return {
    bits,
    value: cut,
    nowTicks,
    nextTick: row[5]!,
    expiresNs: row[6]!,
    negative: written[4] === 1n,
    laterTicks,
    read: bits === 56 ? signed(row[7]!) : row[7]!,
    readBooke: row[8]!,
  }
}

/** @param offset signed. @throws MathError where the rounded one has more than 64 bits */
export function timebaseOffset(hz: bigint, offset: bigint): OffsetReport {
  checkTimebaseHz(hz)
  checkWord('the offset', offset, 64, true)
  const kvm = signed(mathCore().row('lab_timebase_write', 5, 4n, 0n, 0n, unsigned(offset))[4]!)
  if (kvm < offset) throw lost(`the offset ${offset} rounded up to 2^24`, 'ticks')
  const aheadTicks = kvm - offset
  return { asked: offset, kvm, aheadTicks, aheadNs: (aheadTicks * NS_PER_S) / hz }
}

function checkTimebaseHz(hz: bigint): void {
  checkWord('the frequency in Hz', hz, 64)
  if (hz === 0n)
    throw new MathError('0 Hz: Linux and QEMU divide by the timebase frequency; expected 1 or more')
  if (hz > U32_MAX)
    throw new MathError(
      `${hz} Hz: QEMU’s muldiv64 takes the frequency in 32 bits and would use ${hz & U32_MAX}; expected up to ${U32_MAX}`,
    )
}

function lost(what: string, unit: string): MathError {
  return new MathError(`${what}: more ${unit} than 64 bits hold; the real functions keep the low ones`)
}
