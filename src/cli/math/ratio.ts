import type { Command } from 'commander'
import {
  type FractionBits,
  MathError,
  type RateDrift,
  type RatioReport,
  type RatioRequest,
  ratio,
} from '../../math/index.js'
import { type Json, jsonText } from '../../report/json.js'
import type { Style } from '../../report/style.js'
import { InputError, print, styleOf } from '../output.js'
import { integer, required } from './arguments.js'
import { behindDecimal, entry, errorJson, scaleText, shortError, text64 } from './text.js'

interface Options {
  hostKhz?: bigint
  guestKhz?: bigint
  hostTsc?: bigint
  wantedTsc?: bigint
  nestedKhz?: bigint
  nestedOffset?: bigint
  bits?: FractionBits
  json?: true
}

/** What one width of the ratio gives, or why it cannot. */
type Outcome = { readonly bits: FractionBits } & (
  | { readonly report: RatioReport }
  | { readonly refused: string }
)

export function addRatio(math: Command): void {
  math
    .command('ratio')
    .summary('TSC scaling in hardware: ratio, offset, their error')
    .description(
      'The ratio with which a CPU scales its TSC for a guest, with 48 fraction bits (Intel) and with 32 (AMD); whether KVM scales at all; the offset for a wanted guest TSC; the page that KVM then writes; and the same for a guest of the guest.',
    )
    .option('--host-khz <n>', 'the host’s TSC frequency', integer)
    .option('--guest-khz <n>', 'the frequency that the guest is to have', integer)
    .option('--host-tsc <n>', 'the host’s TSC now; default 0', integer)
    .option('--wanted-tsc <n>', 'what the guest’s TSC shall read now; default 0', integer)
    .option('--nested-khz <n>', 'the frequency of a guest of the guest', integer)
    .option('--nested-offset <n>', 'its offset, signed; default 0', integer)
    .option('--bits <n>', 'fraction bits: 48 or 32; default both', parseBits)
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nExample:\n  $ chronovisor math ratio --host-khz 2593906 --guest-khz 2400000 --bits 48',
    )
    .action((options: Options) => {
      const outcomes = outcomesOf(requestOf(options), options.bits)
      if (options.json) print(jsonText({ ratios: outcomes.map(outcomeJson) }))
      else
        print(outcomes.map((one) => `${outcomeLines(one, styleOf(process.stdout)).join('\n')}\n`).join('\n'))
    })
}

function parseBits(text: string): FractionBits {
  if (text === '48') return 48
  if (text === '32') return 32
  throw new InputError(`${JSON.stringify(text)} fraction bits; expected 48 (VMX) or 32 (SVM)`)
}

function requestOf(options: Options): RatioRequest {
  const { hostTsc = 0n, wantedTsc = 0n, nestedKhz, nestedOffset } = options
  if (nestedOffset !== undefined && nestedKhz === undefined)
    throw new InputError('--nested-offset without --nested-khz')
  return {
    hostKhz: required(options.hostKhz, '--host-khz N'),
    guestKhz: required(options.guestKhz, '--guest-khz N'),
    hostTsc,
    wantedTsc,
    ...(nestedKhz !== undefined && { nested: { khz: nestedKhz, offset: nestedOffset ?? 0n } }),
  }
}

/** Of two widths one may be too narrow; that the ratio fits in none is an error. */
function outcomesOf(request: RatioRequest, only: FractionBits | undefined): Outcome[] {
  if (only !== undefined) return [{ bits: only, report: ratio(request, only) }]
  const outcomes = ([48, 32] as const).map((bits): Outcome => {
    try {
      return { bits, report: ratio(request, bits) }
    } catch (error) {
      if (!(error instanceof MathError)) throw error
      return { bits, refused: error.message }
    }
  })
  const first = outcomes[0]!
  if (outcomes.every((one) => 'refused' in one) && 'refused' in first) throw new MathError(first.refused)
  return outcomes
}

function outcomeLines(outcome: Outcome, style: Style): string[] {
  const head = style.bold(
    `${outcome.bits} fraction bits, as on ${outcome.bits === 48 ? 'Intel (VMX)' : 'AMD (SVM)'}`,
  )
  if ('refused' in outcome) return [head, ...entry('refused', outcome.refused)]
  const { report } = outcome
  const { kvmUnscaledKhz: free, nested } = report
  const kvm = report.kvmScales ? 'scales' : 'does not scale'
  return [
    head,
    ...entry('ratio', `${report.ratio} = 0x${report.ratio.toString(16)}`),
    ...drift(report.tsc, 'the guest’s TSC'),
    ...entry('KVM', `${kvm}: it lets ${free.from} to ${free.to} kHz run at the host’s frequency`),
    ...(report.kvmTsc === null
      ? entry('', 'KVM_SET_TSC_KHZ refuses this frequency')
      : report.kvmScales
        ? []
        : drift(report.kvmTsc, 'its TSC is then')),
    ...entry('scaled host TSC', `${report.scaledTsc}`),
    ...entry('offset', `${report.offset} = ${report.offsetSigned}`),
    ...(report.kvmPage === null
      ? []
      : [
          ...entry('KVM’s page', `${report.kvmPage.khz} kHz: ${scaleText(report.kvmPage.scale)}`),
          ...drift(report.kvmPage.drift, 'its clock'),
        ]),
    ...(nested === null
      ? []
      : [
          ...entry('guest’s guest', `ratio ${nested.l2Ratio} to the guest, ${nested.ratio} to the host`),
          ...entry('', `offset ${nested.offset}`),
          ...drift(nested.tsc, 'its TSC'),
        ]),
  ]
}

function drift({ error, nsPerDay }: RateDrift, what: string): string[] {
  const perDay = error.direction === 'exact' ? '' : `, ${behindDecimal(nsPerDay)} after a day`
  return entry(what, `${shortError(error)}${perDay}`)
}

function outcomeJson(outcome: Outcome): Json {
  if ('refused' in outcome) return { fraction_bits: outcome.bits, refused: outcome.refused }
  const { report } = outcome
  const { kvmPage: page, nested } = report
  return {
    fraction_bits: report.fractionBits,
    ratio: `${report.ratio}`,
    tsc: driftJson(report.tsc),
    kvm: {
      scales: report.kvmScales,
      unscaled_from_khz: `${report.kvmUnscaledKhz.from}`,
      unscaled_to_khz: `${report.kvmUnscaledKhz.to}`,
      ratio: text64(report.kvmRatio),
      tsc: report.kvmTsc && driftJson(report.kvmTsc),
      page: page && {
        khz: `${page.khz}`,
        tsc_to_system_mul: page.scale.mul,
        tsc_shift: page.scale.shift,
        clock: driftJson(page.drift),
      },
    },
    scaled_tsc: `${report.scaledTsc}`,
    offset: `${report.offset}`,
    offset_signed: `${report.offsetSigned}`,
    nested: nested && {
      l2_ratio: `${nested.l2Ratio}`,
      ratio: `${nested.ratio}`,
      offset: `${nested.offset}`,
      tsc: driftJson(nested.tsc),
    },
  }
}

function driftJson({ error, nsPerDay, nsPerJulianYear }: RateDrift): Json {
  return { error: errorJson(error), ns_per_day: nsPerDay, ns_per_julian_year: nsPerJulianYear }
}
