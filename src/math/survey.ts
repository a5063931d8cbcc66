/** Every integer kHz of a range through the core, in one call: how wrong the scales are, and where. */
import { mathCore } from './core.js'
import { type Fraction, fraction } from './fraction.js'
import { MathError, NS_PER_S } from './limits.js'

/** No TSC is near 1 THz; up to there all of a survey's figures are exact in the core's 64 bits. */
export const SURVEY_LAST_KHZ = 1_000_000_000n
/** Up to here no bit is dropped from a whole number of kHz, and every scale is exact or slow. */
const SLOW_UP_TO_KHZ = 16_000_000n

export interface SurveyRange {
  readonly fromKhz?: bigint
  readonly toKhz?: bigint
  /** Cells of the picture, across and up; none if left out. */
  readonly picture?: { readonly columns: number; readonly rows: number }
}

/** The scales that are wrong in one direction. */
export interface SurveyErrors {
  readonly count: bigint
  /** Relative errors; all null where there is none. */
  readonly worst: Fraction | null
  readonly worstKhz: bigint | null
  /** frequencies by error: bucket i holds [i, i+1) times 0.05 ppb */
  readonly histogram: readonly bigint[]
}

export interface SurveyReport {
  readonly fromKhz: bigint
  readonly toKhz: bigint
  readonly count: bigint
  readonly exact: bigint
  /** Clocks that lag behind true time, and those that lead. */
  readonly slow: SurveyErrors
  readonly fast: SurveyErrors
  /** Mean size of the error over all frequencies, exact ones too. */
  readonly mean: Fraction
  /** Frequencies at which Xen and KVM choose different scales. */
  readonly parted: bigint
  /** Linux's pvclock_tsc_khz: how often it gives another number, how far off, and where that is first so. */
  readonly pvclockTscKhz: {
    readonly wrong: bigint
    readonly furthestKhz: bigint
    readonly furthestAtKhz: bigint | null
  }
  /** How many frequencies have an error in each cell; null without a picture. */
  readonly picture: SurveyPicture | null
}

/** Columns from the lowest frequency to the highest, each with its rows from the lowest error to the highest. */
export interface SurveyPicture {
  readonly low: Fraction
  readonly high: Fraction
  readonly cells: readonly Uint32Array[]
}

// assembly/lab-math.ts: the unit of an error, the number of buckets, the place of each total.
const ONE = 1_000_000n << 41n
const BUCKETS = 20
const TOTALS_BYTES = 104

/**
 * Surveys the scales that Xen and KVM would choose; 10 MHz to 6 GHz unless told otherwise.
 *
 * @throws MathError for a range that is none
 */
export function survey({ fromKhz = 10_000n, toKhz = 6_000_000n, picture }: SurveyRange = {}): SurveyReport {
  if (fromKhz < 1n || toKhz > SURVEY_LAST_KHZ || fromKhz > toKhz)
    throw new MathError(
      `the range ${fromKhz} to ${toKhz} kHz; expected 1 to ${SURVEY_LAST_KHZ}, the lower end first`,
    )
  const { columns, rows } = picture ?? { columns: 0, rows: 0 }
  const core = mathCore()
  const view = core.view(TOTALS_BYTES + 16 * BUCKETS + 4 * columns * rows)
  const [low, high] = toKhz <= SLOW_UP_TO_KHZ ? [0n, ONE >> 31n] : [-ONE / NS_PER_S, ONE >> 31n]
  core.exports.lab_survey(Number(fromKhz), Number(toKhz), columns, rows, low, high, core.heap)
  const word = (index: number) => view.getBigUint64(8 * index, true)
  const khz = (offset: number) => BigInt(view.getUint32(offset, true))
  const errors = (count: bigint, worst: bigint, worstKhz: bigint, histogram: number): SurveyErrors => ({
    count,
    worst: count === 0n ? null : fraction(worst, ONE),
    worstKhz: count === 0n ? null : worstKhz,
    histogram: Array.from({ length: BUCKETS }, (_, i) => word(TOTALS_BYTES / 8 + histogram + i)),
  })
  const cells = Array.from({ length: columns }, (_, column) => {
    const at = view.byteOffset + TOTALS_BYTES + 16 * BUCKETS + 4 * column * rows
    return new Uint32Array(view.buffer.slice(at, at + 4 * rows))
  })
  return {
    fromKhz,
    toKhz,
    count: word(0),
    exact: word(1),
    slow: errors(word(2), word(6), khz(64), 0),
    fast: errors(word(3), word(7), khz(68), BUCKETS),
    mean: fraction(word(4) + word(5), ONE * word(0)),
    parted: word(12),
    pvclockTscKhz: {
      wrong: word(9),
      furthestKhz: word(10),
      furthestAtKhz: word(9) === 0n ? null : khz(88),
    },
    picture: picture ? { low: fraction(low, ONE), high: fraction(high, ONE), cells } : null,
  }
}
