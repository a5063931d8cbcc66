import type { Command } from 'commander'
import { type BothScales, type Drift, type ScaleReport, scale } from '../../math/index.js'
import { type Json, jsonText } from '../../report/json.js'
import type { Style } from '../../report/style.js'
import { print, styleOf } from '../output.js'
import { frequencyOf, hertz, integer } from './arguments.js'
import {
  behind,
  entry,
  errorJson,
  horizonJson,
  scaleText,
  shortError,
  shortFraction,
  shortSpan,
  text64,
} from './text.js'

interface Options {
  hz?: bigint
  khz?: bigint
  json?: true
}

export function addScale(math: Command): void {
  math
    .command('scale')
    .summary('multiplier and shift of a TSC frequency, their error and drift')
    .description(
      'The multiplier and shift with which guests turn ticks of a frequency into ns, as Xen and KVM choose them, both ways; how wrong they are, exactly; how far a clock drifts by them; when a reader loses data; and which kHz Linux makes of them.',
    )
    .option('--hz <n>', 'the frequency: 2400000000, 2.4GHz', hertz)
    .option('--khz <n>', 'the same in kHz', integer)
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ chronovisor math scale --khz 2400000')
    .action(({ json, ...frequency }: Options) => {
      const report = scale(frequencyOf(frequency))
      print(
        json ? jsonText(scaleJson(report)) : `${scaleLines(report, styleOf(process.stdout)).join('\n')}\n`,
      )
    })
}

function scaleLines(report: ScaleReport, style: Style): string[] {
  const { hz, toNs, toTicks, horizons, pvclockTscKhz: khz } = report
  const difference = khz.differenceKhz > 0n ? `+${khz.differenceKhz}` : `${khz.differenceKhz}`
  return [
    style.bold(`TSC of ${hz} Hz`),
    '',
    style.accent('Ticks to ns'),
    ...scales(toNs),
    ...entry('Linux reads kHz', khz.wrong ? `${khz.khz}: wrong by ${difference} kHz` : `${khz.khz}: right`),
    '',
    style.accent('ns to ticks'),
    ...scales(toTicks),
    '',
    style.accent('Xen’s clock against true time'),
    ...driftLines(report.drift),
    '',
    style.accent('A reader loses data'),
    ...entry(
      'shift to the left',
      horizons.leftShift === null ? 'never' : `after ${shortSpan(horizons.leftShift.seconds)}`,
    ),
    ...entry('TSC wrap', `after ${shortSpan(horizons.tscWrap.seconds)}`),
    ...entry(
      '64-bit product',
      `after ${shortSpan(horizons.single64BitProduct.seconds)}, if it multiplies in one word of 64 bits`,
    ),
  ]
}

function scales({ xen, xenError, kvm, kvmError, same }: BothScales): string[] {
  const line = (error: typeof xenError) =>
    error.direction === 'exact' ? 'exact' : `${shortError(error)} = ${shortFraction(error.fraction)}`
  return [
    ...entry('Xen', scaleText(xen)),
    ...entry('', line(xenError)),
    ...(same
      ? entry('KVM', 'the same')
      : [...entry('KVM, which parts', scaleText(kvm)), ...entry('', line(kvmError))]),
  ]
}

function driftLines({ onePage, updatedEachSecond, rebasedEachSecond }: Drift): string[] {
  return [
    ...entry('page never updated', `${behind(onePage.perDayNs)} after a day,`),
    ...entry('', `${behind(onePage.perJulianYearNs)} after a year`),
    ...entry('updated each second', `${behind(updatedEachSecond.behindNs)} at the end of each, no drift;`),
    ...entry('', `always less than ${updatedEachSecond.belowNs.slice(0, 8)}… ns behind`),
    ...entry('rebased each second', `${behind(rebasedEachSecond.perDayNs)} after a day,`),
    ...entry('on its own reading', `${behind(rebasedEachSecond.perJulianYearNs)} after a year`),
  ]
}

function scaleJson({ hz, toNs, toTicks, drift, horizons, pvclockTscKhz: khz }: ScaleReport): Json {
  const { onePage, updatedEachSecond, rebasedEachSecond } = drift
  return {
    hz: `${hz}`,
    to_ns: bothJson(toNs),
    to_ticks: bothJson(toTicks),
    drift: {
      one_page: {
        per_second_ns: `${onePage.perSecondNs}`,
        per_day_ns: text64(onePage.perDayNs),
        per_julian_year_ns: text64(onePage.perJulianYearNs),
      },
      updated_each_second: {
        behind_ns: `${updatedEachSecond.behindNs}`,
        below_ns: updatedEachSecond.belowNs,
        per_day_ns: `${updatedEachSecond.perDayNs}`,
      },
      rebased_each_second: {
        per_second_ns: `${rebasedEachSecond.perSecondNs}`,
        per_day_ns: `${rebasedEachSecond.perDayNs}`,
        per_julian_year_ns: `${rebasedEachSecond.perJulianYearNs}`,
      },
    },
    horizons: {
      left_shift: horizonJson(horizons.leftShift),
      tsc_wrap: horizonJson(horizons.tscWrap),
      single_64_bit_product: horizonJson(horizons.single64BitProduct),
    },
    pvclock_tsc_khz: {
      khz: `${khz.khz}`,
      true_khz: `${khz.trueKhz}`,
      wrong: khz.wrong,
      difference_khz: `${khz.differenceKhz}`,
    },
  }
}

function bothJson({ xen, xenError, kvm, kvmError, same }: BothScales): Json {
  return {
    xen: { mul: xen.mul, shift: xen.shift, error: errorJson(xenError) },
    kvm: { mul: kvm.mul, shift: kvm.shift, error: errorJson(kvmError) },
    same,
  }
}
