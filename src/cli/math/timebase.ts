import type { Command } from 'commander'
import {
  type DecReport,
  decrementer,
  nsToTicks,
  type OffsetReport,
  type TicksToNs,
  type TimebaseReport,
  ticksToNs,
  timebase,
  timebaseOffset,
} from '../../math/index.js'
import { type Json, jsonText } from '../../report/json.js'
import type { Style } from '../../report/style.js'
import { InputError, print, styleOf } from '../output.js'
import { frequencyOf, hertz, integer } from './arguments.js'
import { entry, errorJson, horizonJson, shortError, shortFraction, shortSpan } from './text.js'

interface Options {
  hz?: bigint
  khz?: bigint
  ns?: bigint
  ticks?: bigint
  tbOffset?: bigint
  dec?: bigint
  bits?: 32 | 56
  now?: bigint
  later?: bigint
  json?: true
}

/** All that was asked for. */
interface Report {
  readonly timebase: TimebaseReport
  readonly ns: { readonly ns: bigint; readonly ticks: bigint } | null
  readonly ticks: TicksToNs | null
  readonly dec: DecReport | null
  readonly offset: OffsetReport | null
}

export function addTimebase(math: Command): void {
  math
    .command('timebase')
    .summary('the Power timebase and decrementer: ticks and ns')
    .description(
      'Ticks of a Power timebase to ns and back, as QEMU and Linux compute them; a decrementer’s next tick, expiry and reading; and what KVM’s rounding of the timebase offset does.',
    )
    .option('--hz <n>', 'the frequency: 512000000, 512MHz', hertz)
    .option('--khz <n>', 'the same in kHz', integer)
    .option('--ns <n>', 'ns to ticks', integer)
    .option('--ticks <n>', 'ticks to ns', integer)
    .option('--dec <n>', 'a decrementer written with this value', integer)
    .option('--bits <n>', 'its width: 32 or 56; default 32', parseBits)
    .option('--now <ns>', 'when it is written; default 0', integer)
    .option('--later <ns>', 'when it is read; default now', integer)
    .option('--tb-offset <n>', 'a timebase offset for KVM, signed', integer)
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nExample:\n  $ chronovisor math timebase --hz 512MHz --ticks 2147483648 --dec 0x7fffffff',
    )
    .action(({ json, ...options }: Options) => {
      const report = reportOf(options)
      if (json) print(jsonText(reportJson(report)))
      else print(`${reportLines(report, styleOf(process.stdout)).join('\n')}\n`)
    })
}

function parseBits(text: string): 32 | 56 {
  if (text === '32') return 32
  if (text === '56') return 56
  throw new InputError(`a decrementer of ${JSON.stringify(text)} bits; expected 32 or 56`)
}

function reportOf(options: Options): Report {
  const { ns, ticks, dec, bits, now, later, tbOffset } = options
  const hz = frequencyOf(options)
  const loose = Object.entries({ bits, now, later }).find(([, value]) => value !== undefined)
  if (dec === undefined && loose) throw new InputError(`--${loose[0]} without --dec`)
  return {
    timebase: timebase(hz),
    ns: ns === undefined ? null : { ns, ticks: nsToTicks(hz, ns) },
    ticks: ticks === undefined ? null : ticksToNs(hz, ticks),
    dec:
      dec === undefined
        ? null
        : decrementer(hz, dec, { bits: bits ?? 32, nowNs: now ?? 0n, laterNs: later ?? now ?? 0n }),
    offset: tbOffset === undefined ? null : timebaseOffset(hz, tbOffset),
  }
}

function reportLines(
  { timebase: { hz, linux, horizons }, ns, ticks, dec, offset }: Report,
  style: Style,
): string[] {
  const { error } = linux
  return [
    style.bold(`Timebase of ${hz} Hz`),
    '',
    style.accent('Linux'),
    ...entry('scale', `${linux.scale}, shift ${linux.shift}`),
    ...entry('readings', `multiples of ${linux.granularityNs} ns`),
    ...entry(
      'rate',
      error.direction === 'exact'
        ? 'exact'
        : `${shortError(error)} = ${shortFraction(error.fraction)}: ${linux.nsPerDay} ns behind after a day`,
    ),
    '',
    style.accent('It wraps'),
    ...entry('TB', `after ${shortSpan(horizons.tbWrap.seconds)}`),
    ...entry('TBL', `after ${shortSpan(horizons.tblWrap.seconds)}`),
    ...entry('DEC of 32 bits', `is below zero after ${shortSpan(horizons.dec.seconds)} at most`),
    ...(ns ? ['', style.accent(`${ns.ns} ns`), ...entry('QEMU', `${ns.ticks} ticks`)] : []),
    ...(ticks
      ? [
          '',
          style.accent(`${ticks.ticks} ticks`),
          ...entry('QEMU', `${ticks.qemuNs} ns, rounded up`),
          ...entry('Linux', `${ticks.linuxNs} ns, ${ticks.linuxBehindNs} less`),
        ]
      : []),
    ...(dec
      ? ['', style.accent(`DEC of ${dec.bits} bits, written with ${dec.value}`), ...decLines(dec)]
      : []),
    ...(offset ? ['', style.accent(`TB offset ${offset.asked}`), ...offsetLines(offset)] : []),
  ]
}

function decLines(dec: DecReport): string[] {
  return [
    ...entry(
      'written at',
      `tick ${dec.nowTicks}${dec.negative ? ': its top bit is set, it interrupts at once' : ''}`,
    ),
    ...entry('reads 0 at', `tick ${dec.nextTick}`),
    ...entry('timer fires at', `${dec.expiresNs} ns`),
    ...entry(`read at`, `tick ${dec.laterTicks}: ${dec.read}, on BookE ${dec.readBooke}`),
  ]
}

function offsetLines({ kvm, aheadTicks, aheadNs }: OffsetReport): string[] {
  return [
    ...entry('KVM sets', `${kvm}, rounded up to 2^24`),
    ...entry('the guest jumps', `${aheadTicks} ticks, ${aheadNs} ns ahead`),
  ]
}

function reportJson({ timebase: { hz, linux, horizons }, ns, ticks, dec, offset }: Report): Json {
  return {
    hz: `${hz}`,
    linux: {
      scale: `${linux.scale}`,
      shift: linux.shift,
      granularity_ns: `${linux.granularityNs}`,
      error: errorJson(linux.error),
      ns_per_day: linux.nsPerDay,
    },
    horizons: {
      tb_wrap: horizonJson(horizons.tbWrap),
      tbl_wrap: horizonJson(horizons.tblWrap),
      dec_32: horizonJson(horizons.dec),
    },
    ns: ns && { ns: `${ns.ns}`, qemu_ticks: `${ns.ticks}` },
    ticks: ticks && {
      ticks: `${ticks.ticks}`,
      qemu_ns: `${ticks.qemuNs}`,
      linux_ns: `${ticks.linuxNs}`,
      linux_behind_ns: `${ticks.linuxBehindNs}`,
    },
    dec: dec && {
      bits: dec.bits,
      value: `${dec.value}`,
      now_ticks: `${dec.nowTicks}`,
      next_tick: `${dec.nextTick}`,
      expires_ns: `${dec.expiresNs}`,
      negative: dec.negative,
      later_ticks: `${dec.laterTicks}`,
      read: `${dec.read}`,
      read_booke: `${dec.readBooke}`,
    },
    offset: offset && {
      asked: `${offset.asked}`,
      kvm: `${offset.kvm}`,
      ahead_ticks: `${offset.aheadTicks}`,
      ahead_ns: `${offset.aheadNs}`,
    },
  }
}
