/** What `replay` prints. */
import { shortNs } from '../check/format.js'
import { secondsText } from '../inspect/text.js'
import type { JudgedStay, PlannedStay, ReplayCheck, Replayed } from '../replay/index.js'
import type { Json } from './json.js'
import { type Style, WIDTH, wrap } from './style.js'

const NAMES: Readonly<Record<ReplayCheck['id'], string>> = {
  page: 'time pages',
  version: 'page versions',
  tsc: 'readings of the TSC',
  stream: 'the stream',
  realtime: 'CLOCK_REALTIME',
  monotonic: 'CLOCK_MONOTONIC',
  boottime: 'CLOCK_BOOTTIME',
  monotonic_raw: 'CLOCK_MONOTONIC_RAW',
  sleep: 'the sleep over it',
}
const NAME = 22
const COUNT = 22
const OFF = 14

export function replayText(replayed: Replayed, style: Style): string {
  const { plan, verdict, stays } = replayed
  const { title, source } = plan.recording
  const lines = [style.bold(title), ...(source === null ? [] : wrap(source, 0).map(style.dim)), '']
  for (const [i, stay] of stays.entries()) lines.push(...stayLines(replayed, stay, i, style), '')
  lines.push(verdict === 'pass' ? style.good('PASS') : style.bad('FAIL'))
  return `${lines.join('\n')}\n`
}

function stayLines({ plan }: Replayed, stay: JudgedStay, i: number, style: Style): string[] {
  const { host, arrival } = stay.plan
  const from = plan.stays[i - 1]?.host.name
  const head = arrival ? `${arrival.event.kind} from ${from} to ${host.name}` : `on ${host.name}`
  const known = derived(stay.plan).flatMap((text) => indented(text, 2))
  const table = `${'as predicted'.padEnd(COUNT)}${'off by'.padEnd(OFF)}may be by`
  return [
    style.accent(head),
    ...known.map(style.dim),
    `  ${' '.repeat(NAME)}${table}`,
    ...stay.checks.flatMap((check) => checkLines(check, style)),
  ]
}

/** Lines behind `indent` spaces. */
const indented = (text: string, indent: number): string[] =>
  wrap(text, 2, WIDTH - indent).map((line) => ' '.repeat(indent) + line)

/** What the recording did not say. */
function derived({ map, arrival }: PlannedStay): string[] {
  const texts: string[] = []
  if (map.kind === 'pv')
    texts.push(`TSC emulated, 0 at system time ${secondsText(map.vtscOffset)} (vtsc_offset)`)
  if (map.kind === 'pvh') texts.push(`TSC emulated, ${map.tscOffset} when the domain’s time was 0`)
  if (map.kind === 'native') texts.push('TSC native: stamps and scales are taken from the pages')
  if (!arrival) return texts
  const how = { monotonic: 'by CLOCK_MONOTONIC', 'first seen': 'as first seen', recorded: 'as recorded' }
  texts.push(
    `TSC set at ${secondsText(arrival.restored)}, guest resumed at ${secondsText(arrival.resumed)} ${how[arrival.resumedFrom]}`,
  )
  return texts
}

function checkLines(check: ReplayCheck, style: Style): string[] {
  const { id, verdict, seen, predicted, offNs, mayNs, line, message } = check
  const mark = { pass: style.good('✓'), fail: style.bad('✗'), skip: style.dim('–') }[verdict]
  const count = `${predicted} of ${seen}`.padEnd(COUNT)
  const cells = `${NAMES[id].padEnd(NAME)}${count}${(offNs === null ? '' : shortNs(offNs, 3)).padEnd(OFF)}${mayNs === null ? '' : shortNs(mayNs, 3)}`
  const lines = [`${mark} ${cells.trimEnd()}`]
  if (message !== '') lines.push(...indented(`${line === null ? '' : `line ${line}: `}${message}`, 4))
  return lines
}

/** `replay --json`. */
export function replayJson({ plan, verdict, stays }: Replayed): Json {
  const { fileName, title, guest } = plan.recording
  return {
    file: fileName,
    title,
    verdict,
    guest: { kind: guest.kind, tsc_mode: guest.tscMode, tsc_khz: guest.tscKhz },
    stays: stays.map(({ plan: { host, map, arrival }, checks }) => ({
      host: host.name,
      event: arrival?.event.kind ?? null,
      emulated: map.kind !== 'native',
      vtsc_offset_ns: map.kind === 'pv' ? `${map.vtscOffset}` : null,
      restored_ns: arrival && `${arrival.restored}`,
      resumed_ns: arrival && `${arrival.resumed}`,
      resumed_from: arrival?.resumedFrom ?? null,
      checks: checks.map(({ id, verdict, seen, predicted, offNs, mayNs, line, message }) => ({
        id,
        verdict,
        seen,
        predicted,
        off_ns: offNs === null ? null : `${offNs}`,
        may_ns: mayNs === null ? null : `${mayNs}`,
        line,
        message,
      })),
    })),
  }
}
