import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { type ReadReport, read, TIME_PAGE_BYTES, type TimePage, type WrongReading } from '../../math/index.js'
import { type Json, jsonText } from '../../report/json.js'
import type { Style } from '../../report/style.js'
import { InputError, print, styleOf } from '../output.js'
import { count, integer, required } from './arguments.js'
import { entry } from './text.js'

interface Options {
  tsc?: bigint
  hex?: string
  file?: string
  offset?: number
  pageVersion?: bigint
  tscTimestamp?: bigint
  systemTime?: bigint
  mul?: bigint
  shift?: bigint
  flags?: bigint
  json?: true
}

export function addRead(math: Command): void {
  math
    .command('read')
    .summary('a time page and a TSC to ns, step by step')
    .description(
      'Reads a vcpu_time_info, the page through which Xen and KVM tell a guest the time, at a TSC: step by step as a right reader does, and what wrong readers get. The page comes as its fields, as 32 bytes in hex, or out of a file.',
    )
    .option('--tsc <n>', 'what the TSC reads', integer)
    .option('--hex <bytes>', 'the page: 64 hex digits, as they lie in memory')
    .option('--file <path>', 'a file with the page in it, such as a dump of guest memory')
    .option('--offset <n>', 'where in the file; default 0', count)
    .option('--page-version <n>', 'the field version; default 2: nobody is writing', integer)
    .option('--tsc-timestamp <n>', 'a field', integer)
    .option('--system-time <n>', 'a field; default 0', integer)
    .option('--mul <n>', 'the field tsc_to_system_mul', integer)
    .option('--shift <n>', 'the field tsc_shift', integer)
    .option('--flags <n>', 'a field; default 0', integer)
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nExample:\n  $ chronovisor math read --tsc-timestamp 0 --mul 3579139413 --shift -1 \\\n      --tsc 2400000000',
    )
    .action((options: Options) => {
      const report = read(pageOf(options), required(options.tsc, '--tsc N'))
      if (options.json) print(jsonText(readJson(report)))
      else print(`${readLines(report, styleOf(process.stdout)).join('\n')}\n`)
    })
}

/** The page in the one form that was given. */
function pageOf(options: Options): TimePage | Uint8Array {
  const { hex, file, offset } = options
  const fields = ['pageVersion', 'tscTimestamp', 'systemTime', 'mul', 'shift', 'flags'] as const
  const given = [hex, file, fields.find((name) => options[name] !== undefined)]
  if (given.filter((form) => form !== undefined).length !== 1)
    throw new InputError('expected the page in one form: --hex, --file, or its fields such as --mul')
  if (offset !== undefined && file === undefined) throw new InputError('--offset without --file')
  if (hex !== undefined) return bytesOfHex(hex)
  if (file !== undefined) return bytesOfFile(file, offset ?? 0)
  return {
    version: Number(options.pageVersion ?? 2n),
    tsc_timestamp: required(options.tscTimestamp, '--tsc-timestamp N'),
    system_time: options.systemTime ?? 0n,
    tsc_to_system_mul: Number(required(options.mul, '--mul N')),
    tsc_shift: Number(required(options.shift, '--shift N')),
    flags: Number(options.flags ?? 0n),
  }
}

function bytesOfHex(hex: string): Uint8Array {
  const digits = hex.replace(/^0x/i, '').replace(/[\s:,_]/g, '')
  if (!/^[\da-f]*$/i.test(digits) || digits.length !== 2 * TIME_PAGE_BYTES)
    throw new InputError(
      `${digits.length} characters of hex; expected ${2 * TIME_PAGE_BYTES} digits, the page’s 32 bytes`,
    )
  return Buffer.from(digits, 'hex')
}

function bytesOfFile(file: string, offset: number): Uint8Array {
  const bytes = readFileSync(file)
  if (offset + TIME_PAGE_BYTES > bytes.length)
    throw new InputError(`${file} has ${bytes.length} bytes; expected ${TIME_PAGE_BYTES} from ${offset} on`)
  return bytes.subarray(offset, offset + TIME_PAGE_BYTES)
}

function readLines(report: ReadReport, style: Style): string[] {
  const { page, tsc, wrongReaders: wrong } = report
  const way = page.tsc_shift < 0 ? `>> ${-page.tsc_shift}` : `<< ${page.tsc_shift}`
  const flags = [report.stable ? 'TSC_STABLE' : [], report.guestStopped ? 'GUEST_STOPPED' : []].flat()
  return [
    style.bold(`The page at TSC ${tsc}`),
    '',
    ...entry(
      'version',
      `${page.version}: ${report.whole ? 'even, nobody is writing' : 'odd, a writer is at work: a reader tries again'}`,
    ),
    ...entry('flags', `${page.flags}${flags.length > 0 ? `: ${flags.join(', ')}` : ''}`),
    ...entry('tsc_timestamp', `${page.tsc_timestamp}`),
    ...entry('system_time', `${page.system_time}`),
    ...entry('scale', `mul ${page.tsc_to_system_mul}, shift ${page.tsc_shift}`),
    '',
    style.accent('Step by step'),
    ...entry(
      'tsc - tsc_timestamp',
      `${report.delta}${report.tscBehind ? ': the TSC is behind the stamp, so this wrapped; QEMU’s reader asserts that it never is' : ''}`,
    ),
    ...entry(way, `${report.shifted}${report.shiftLoses ? ': bits were lost' : ''}`),
    ...entry('* mul', `${report.product}`),
    ...entry('>> 32', `${report.scaledNs} ns`),
    ...entry('+ system_time', style.bold(`${report.ns} ns`)),
    '',
    style.accent('What wrong readers get'),
    ...reader('one 64-bit product', wrong.singleProduct, style),
    ...reader('signed shift', wrong.signedShift, style),
    ...reader('no version check', wrong.noVersionCheck, style),
  ]
}

function reader(name: string, { ns, right, why }: WrongReading, style: Style): string[] {
  const [first, ...more] = [...entry(name, `${ns} ns`), ...entry('', why)]
  return [right ? first! : style.bad(first!), ...more]
}

function readJson(report: ReadReport): Json {
  const { page, wrongReaders: wrong } = report
  const wrongJson = ({ ns, right, why }: WrongReading): Json => ({ ns: `${ns}`, right, why })
  return {
    page: { ...page, tsc_timestamp: `${page.tsc_timestamp}`, system_time: `${page.system_time}` },
    tsc: `${report.tsc}`,
    delta: `${report.delta}`,
    tsc_behind: report.tscBehind,
    shifted: `${report.shifted}`,
    shift_loses: report.shiftLoses,
    product: `${report.product}`,
    scaled_ns: `${report.scaledNs}`,
    ns: `${report.ns}`,
    whole: report.whole,
    stable: report.stable,
    guest_stopped: report.guestStopped,
    wrong_readers: {
      single_product: wrongJson(wrong.singleProduct),
      signed_shift: wrongJson(wrong.signedShift),
      no_version_check: wrongJson(wrong.noVersionCheck),
    },
  }
}
