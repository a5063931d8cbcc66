/** Two small tables: the offsets of shared structures, and the drift of a page by frequency. */
import { mathCore } from '../core.js'
import { fixed, fraction, scientific } from '../fraction.js'
import { DAY_S, JULIAN_YEAR_S, MathError, NS_PER_S } from '../limits.js'
import { scale } from '../scale.js'
import { type Answer, type Line, LineVerifier } from './lines.js'
import type { Header } from './result.js'

export const LAYOUT_COLUMNS = ['item', 'x86_64_bytes', 'x86_32_bytes']

/** In the order of lab_layout's words. */
const ITEMS = [
  'sizeof_vcpu_time_info vti_version vti_tsc vti_sys vti_mul vti_shift vti_flags',
  'sizeof_vcpu_info vi_pending vi_mask vi_sel vi_arch vi_time',
  'si_evtchn_pending si_evtchn_mask si_wc_version si_wc_sec si_wc_nsec si_arch si_wc_sec_hi',
  'sizeof_shared_info si_arch_max_pfn',
  'sizeof_runstate rs_state rs_entry rs_time',
  'sizeof_singleshot ss_flags sizeof_periodic max_vcpus',
].flatMap((names) => names.split(' '))

export function layoutVerifier(header: Header): LineVerifier {
  const [wide, narrow] = mathCore().batch('lab_layout', 31, [[1n], [0n]])
  const answer = (line: Line): Answer => {
    const index = ITEMS.indexOf(line.field('item'))
    if (index < 0) throw line.refuse('item', `one of ${ITEMS.join(', ')}`)
    return [
      ['x86_64_bytes', `${wide![index + 1]}`],
      ['x86_32_bytes', `${narrow![index + 1]}`],
    ]
  }
  return new LineVerifier(header, (line, answered) => answered(line, answer(line)))
}

const YEAR_COLUMN = 'us_slow_per_julian_year_one_page'

export const DRIFT_COLUMNS = [
  'freq_hz',
  'mul',
  'shift',
  'rel_err_slow',
  'ns_slow_per_s',
  'ns_slow_per_day_one_page',
  YEAR_COLUMN,
  'bound_ns_per_day_if_truncated_each_s',
  'actual_ns_per_day_if_rebased_on_own_truncated_reading_each_s',
  'tsc64_wrap_years',
  'left_shift_overflow_years',
  'naive_u64_product_wrap_s',
]

/** A table of rounded decimals: each figure is rounded as its column is. */
export function driftVerifier(header: Header): LineVerifier {
  const judge = (line: Line, answered: (line: Line, answer: Answer) => void) => {
    const hz = line.integer('freq_hz')
    try {
      answered(line, driftAnswer(hz))
    } catch (error) {
      if (!(error instanceof MathError)) throw error
      throw line.refuse('freq_hz', `a frequency; ${error.message}`)
    }
  }
  return new LineVerifier(header, judge, sameFigure)
}

/** ns in a year have 55 bits: where they went through doubles they are multiples of 4, up to 2 ns off. */
function sameFigure(column: string, recorded: string, got: string): boolean {
  if (column !== YEAR_COLUMN || !/^-?\d{1,15}\.\d{3}$/.test(recorded)) return recorded === got
  const off = BigInt(recorded.replace('.', '')) - BigInt(got.replace('.', ''))
  return off >= -2n && off <= 2n
}

/** The row of drift.csv for a frequency. */
export function driftAnswer(hz: bigint): Answer {
  const { toNs, drift, horizons } = scale(hz)
  const { xen, xenError } = toNs
  const { num, den } = xenError.fraction
  const slow = fraction(xenError.direction === 'fast' ? -num : num, den)
  const years = (ticks: bigint) => fixed(fraction(ticks, hz * JULIAN_YEAR_S), 2)
  const { perDayNs, perJulianYearNs } = drift.onePage
  const year = perJulianYearNs === null ? 'inf' : fixed(fraction(perJulianYearNs, 1000n), 3)
  return [
    ['mul', `${xen.mul}`],
    ['shift', `${xen.shift}`],
    ['rel_err_slow', scientific(slow, 4)],
    ['ns_slow_per_s', fixed(fraction(slow.num * NS_PER_S, slow.den), 6)],
    ['ns_slow_per_day_one_page', perDayNs === null ? 'inf' : `${perDayNs}`],
    [YEAR_COLUMN, year],
    ['bound_ns_per_day_if_truncated_each_s', fixed(fraction(DAY_S), 1)],
    ['actual_ns_per_day_if_rebased_on_own_truncated_reading_each_s', `${drift.rebasedEachSecond.perDayNs}`],
    ['tsc64_wrap_years', years(horizons.tscWrap.ticks)],
    ['left_shift_overflow_years', horizons.leftShift === null ? 'inf' : years(horizons.leftShift.ticks)],
    ['naive_u64_product_wrap_s', fixed(horizons.single64BitProduct.seconds, 4)],
  ]
}
