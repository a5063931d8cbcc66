import type { Command } from 'commander'
import { fixed, fraction, scientific } from '../../math/fraction.js'
import { type SurveyErrors, type SurveyPicture, type SurveyReport, survey } from '../../math/index.js'
import { BrailleCanvas } from '../../report/braille.js'
import { type Json, jsonText } from '../../report/json.js'
import type { Style } from '../../report/style.js'
import { print, styleOf } from '../output.js'
import { integer } from './arguments.js'
import { entry, fractionJson, text64 } from './text.js'

interface Options {
  fromKhz?: bigint
  toKhz?: bigint
  json?: true
}

/** The picture in characters; each is two dots across and four down. */
const COLUMNS = 66
const ROWS = 12
const BAR = 40

export function addSurvey(math: Command): void {
  math
    .command('survey')
    .summary('the error of every whole kHz of a range')
    .description(
      'Puts every whole kHz of a range through the core: how wrong the scale is that Xen and KVM choose for it, the worst, the mean, the distribution, where it is exact, and where Linux’s pvclock_tsc_khz gives another number; with a picture of error against frequency.',
    )
    .option('--from-khz <n>', 'default 10000', integer)
    .option('--to-khz <n>', 'default 6000000', integer)
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ chronovisor math survey --from-khz 1999000 --to-khz 2001000')
    .action(({ json, fromKhz, toKhz }: Options) => {
      const report = survey({
        ...(fromKhz !== undefined && { fromKhz }),
        ...(toKhz !== undefined && { toKhz }),
        ...(!json && { picture: { columns: 2 * COLUMNS, rows: 4 * ROWS } }),
      })
      if (json) print(jsonText(surveyJson(report)))
      else print(`${surveyLines(report, styleOf(process.stdout)).join('\n')}\n`)
    })
}

function surveyLines(report: SurveyReport, style: Style): string[] {
  const { fromKhz, toKhz, slow, fast, pvclockTscKhz: khz } = report
  const wrong = khz.wrong === 0n ? 'right for all' : `wrong for ${khz.wrong}, by up to ${khz.furthestKhz} kHz`
  return [
    style.bold(`${report.count} frequencies, ${fromKhz} to ${toKhz} kHz`),
    '',
    ...worst('slow', slow),
    ...worst('fast', fast),
    ...entry('mean error', scientific(report.mean, 3)),
    ...entry('exact', `${report.exact}`),
    ...entry('Xen and KVM part', `${report.parted}`),
    ...entry(
      'pvclock_tsc_khz',
      `${wrong}${khz.furthestAtKhz === null ? '' : `, first at ${khz.furthestAtKhz} kHz`}`,
    ),
    '',
    ...histogram('slow', slow, report.count, style),
    ...histogram('fast', fast, report.count, style),
    ...(report.picture ? pictureLines(report.picture, report, style) : []),
  ]
}

function worst(way: string, { count, worst: error, worstKhz }: SurveyErrors): string[] {
  if (error === null) return entry(way, 'none')
  return entry(way, `${count}, the worst by ${scientific(error, 3)} at ${worstKhz} kHz`)
}

/** A line for each bucket up to the last that holds something. */
function histogram(way: string, { histogram: buckets }: SurveyErrors, all: bigint, style: Style): string[] {
  const used = buckets.length - [...buckets].reverse().findIndex((count) => count > 0n)
  if (used > buckets.length) return []
  const most = buckets.reduce((a, b) => (a > b ? a : b))
  const edge = (i: number) => fixed(fraction(BigInt(i) * 5n, 100n), 2)
  const lines = buckets.slice(0, used).map((count, i) => {
    const bar = '█'.repeat(Number((count * BigInt(BAR) + most - 1n) / most))
    const share = fixed(fraction(count * 100n, all), 1).padStart(5)
    return `  ${edge(i)} – ${edge(i + 1)}  ${share} %  ${style.dim(bar)}`
  })
  return [style.accent(`${way} by ppb`), ...lines, '']
}

/** A dot where at least one frequency of the range has such an error. */
function pictureLines(
  { low, high, cells }: SurveyPicture,
  { fromKhz, toKhz }: SurveyReport,
  style: Style,
): string[] {
  const canvas = new BrailleCanvas(COLUMNS, ROWS)
  for (const [x, column] of cells.entries()) {
    for (const [y, count] of column.entries()) if (count > 0) canvas.dot(x, 4 * ROWS - 1 - y)
  }
  const label = (row: number) => {
    if (row === 0) return fixed(fraction(high.num * 1_000_000_000n, high.den), 3)
    return row === ROWS - 1 ? fixed(fraction(low.num * 1_000_000_000n, low.den), 3) : ''
  }
  const lines = Array.from({ length: ROWS }, (_, row) => `  ${label(row).padStart(7)} ┤${canvas.row(row)}`)
  const ends = `${`${fromKhz} kHz`.padEnd(COLUMNS - `${toKhz} kHz`.length)}${toKhz} kHz`
  return [
    style.accent('error in ppb, slow ones up'),
    ...lines,
    `          └${'─'.repeat(COLUMNS)}`,
    `           ${ends}`,
  ]
}

function surveyJson(report: SurveyReport): Json {
  const { pvclockTscKhz: khz } = report
  return {
    from_khz: `${report.fromKhz}`,
    to_khz: `${report.toKhz}`,
    frequencies: `${report.count}`,
    exact: `${report.exact}`,
    slow: errorsJson(report.slow),
    fast: errorsJson(report.fast),
    mean: { fraction: fractionJson(report.mean), value: scientific(report.mean, 9) },
    xen_kvm_part: `${report.parted}`,
    pvclock_tsc_khz: {
      wrong: `${khz.wrong}`,
      furthest_khz: `${khz.furthestKhz}`,
      furthest_at_khz: text64(khz.furthestAtKhz),
    },
  }
}

function errorsJson({ count, worst: error, worstKhz, histogram: buckets }: SurveyErrors): Json {
  return {
    count: `${count}`,
    worst: error && { fraction: fractionJson(error), value: scientific(error, 9), khz: `${worstKhz}` },
    histogram_0_05_ppb: buckets.map((frequencies) => `${frequencies}`),
  }
}
