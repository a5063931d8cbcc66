/** CSV (RFC 4180): a header and a row for each row of the trace; numbers are exact decimals of any size. */
import type { TraceRow } from './rows.js'

export const COLUMNS = [
  'true_ns',
  'event',
  'guest',
  'host',
  'subject',
  'clock',
  'value',
  'error_ns',
  'extra',
  'stopped_ns',
  'detail',
] as const

/** Rows of one chunk. */
const AT_ONCE = 1024

export function* csvChunks(rows: Iterable<TraceRow>): Generator<string> {
  let lines = [COLUMNS.join(',')]
  for (const row of rows) {
    lines.push(csvLine(row))
    if (lines.length < AT_ONCE) continue
    yield `${lines.join('\r\n')}\r\n`
    lines = []
  }
  if (lines.length > 0) yield `${lines.join('\r\n')}\r\n`
}

function csvLine(row: TraceRow): string {
  const { trueNs, event, guest, host, subject, clock, value, errorNs, extra, stoppedNs, detail } = row
  const texts = [guest, host, subject, clock].map(quoted).join(',')
  const numbers = [value, errorNs, extra, stoppedNs].map((number) => (number === null ? '' : `${number}`))
  return `${trueNs},${event},${texts},${numbers.join(',')},${quoted(detail)}`
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
