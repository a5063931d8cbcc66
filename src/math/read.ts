/** A guest's reading of its time page, step by step, and what wrong readers make of the same bytes. */
import { mathCore } from './core.js'
import { checkWord, MathError, signed } from './limits.js'

/** vcpu_time_info, alias pvclock_vcpu_time_info: Xen public/xen.h, Linux asm/pvclock-abi.h. */
export interface TimePage {
  readonly version: number
  readonly tsc_timestamp: bigint
  readonly system_time: bigint
  readonly tsc_to_system_mul: number
  readonly tsc_shift: number
  readonly flags: number
}

export const TIME_PAGE_BYTES = 32

/** What a wrong reader gets, and where it is wrong. */
export interface WrongReading {
  readonly ns: bigint
  readonly right: boolean
  readonly why: string
}

export interface ReadReport {
  readonly page: TimePage
  readonly tsc: bigint
  /** tsc - tsc_timestamp, mod 2^64. */
  readonly delta: bigint
  /** The TSC is behind the stamp: QEMU's reader asserts, Linux's gets a huge time. */
  readonly tscBehind: boolean
  /** delta, shifted as tsc_shift says. */
  readonly shifted: bigint
  /** Bits that the shift to the left pushed out. */
  readonly shiftLoses: boolean
  /** shifted * mul, all 96 bits. */
  readonly product: bigint
  /** product / 2^32, cut. */
  readonly scaledNs: bigint
  /** system_time + scaledNs, mod 2^64. */
  readonly ns: bigint
  /** Whether the version lets a reader through; with an odd one it reads again until the writer is done. */
  readonly whole: boolean
  readonly stable: boolean
  readonly guestStopped: boolean
  readonly wrongReaders: {
    readonly singleProduct: WrongReading
    readonly signedShift: WrongReading
    readonly noVersionCheck: WrongReading
  }
}

const STABLE = 1
const STOPPED = 2

/** The 32 bytes of a page. @throws MathError where a field does not fit */
export function timePageBytes(page: TimePage): Uint8Array {
  const bytes = new Uint8Array(TIME_PAGE_BYTES)
  const view = new DataView(bytes.buffer)
  const word = (name: keyof TimePage, bits: number, isSigned = false) =>
    checkWord(name, BigInt(page[name]), bits, isSigned)
  view.setUint32(0, Number(word('version', 32)), true)
  view.setBigUint64(8, word('tsc_timestamp', 64), true)
  view.setBigUint64(16, word('system_time', 64), true)
  view.setUint32(24, Number(word('tsc_to_system_mul', 32)), true)
  view.setInt8(28, Number(word('tsc_shift', 8, true)))
  view.setUint8(29, Number(word('flags', 8)))
  return bytes
}

/**
 * Reads a page at `tsc` as Linux does (asm/pvclock.h __pvclock_read_cycles, pvclock_read_begin and _retry).
 *
 * @param page the 32 bytes as they lie in memory, or the fields
 * @throws MathError for a page that has no scale, or a shift that C does not define
 */
export function read(page: TimePage | Uint8Array, tsc: bigint): ReadReport {
  const bytes = page instanceof Uint8Array ? page : timePageBytes(page)
  if (bytes.length !== TIME_PAGE_BYTES)
    throw new MathError(`a page of ${bytes.length} bytes; expected ${TIME_PAGE_BYTES}`)
  const core = mathCore()
  checkWord('the TSC', tsc, 64)
  core.view(0)
  core.bytes(core.scratch, TIME_PAGE_BYTES).set(bytes)
  const row = core.row('lab_read_steps', 16, tsc)
  const fields = fieldsOf(row)
  checkScale(fields)
  const [delta, shifted, high, low, scaledNs, ns, whole, single, signedNs] = row.slice(7) as [
    ...[bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint],
  ]
  const { tsc_shift: shift, flags } = fields
  return {
    page: fields,
    tsc,
    delta,
    tscBehind: tsc < fields.tsc_timestamp,
    shifted,
    shiftLoses: shift > 0 && delta >> BigInt(64 - shift) !== 0n,
    product: (high << 64n) | low,
    scaledNs,
    ns,
    whole: whole === 1n,
    stable: (flags & STABLE) !== 0,
    guestStopped: (flags & STOPPED) !== 0,
    wrongReaders: {
      singleProduct: {
        ns: single,
        right: single === ns,
        why:
          high === 0n
            ? 'right here: the product fits in 64 bits'
            : `the product has ${bitLength((high << 64n) | low)} bits; what is above 64 is lost`,
      },
      signedShift: { ns: signedNs, right: signedNs === ns, why: signedReason(delta, shift) },
      noVersionCheck: {
        ns,
        right: whole === 1n,
        why:
          whole === 1n
            ? 'right here: the version is even, no writer is at work'
            : 'the version is odd: a writer is at work, and the fields may be of two pages',
      },
    },
  }
}

function fieldsOf(row: readonly bigint[]): TimePage {
  return {
    version: Number(row[1]),
    tsc_timestamp: row[2]!,
    system_time: row[3]!,
    tsc_to_system_mul: Number(row[4]),
    tsc_shift: Number(signed(row[5]!)),
    flags: Number(row[6]),
  }
}

function checkScale({ tsc_to_system_mul: mul, tsc_shift: shift }: TimePage): void {
  if (mul === 0)
    throw new MathError(
      'tsc_to_system_mul is 0: this page was never written, its clock stands, and pvclock_tsc_khz divides by zero; expected 1 to 4294967295',
    )
  if (shift < -63 || shift > 63)
    throw new MathError(
      `tsc_shift ${shift}: C does not define a shift by 64 or more, and the readers for 32 and 64 bits differ; expected -63 to 63`,
    )
}

function signedReason(delta: bigint, shift: number): string {
  if (shift >= 0) return 'right here: nothing is shifted to the right'
  if (delta >> 63n === 0n) return 'right here: the top bit of the difference is clear'
  return 'the difference has its top bit set; a signed shift fills up with ones'
}

function bitLength(value: bigint): number {
  return value.toString(2).length
}
