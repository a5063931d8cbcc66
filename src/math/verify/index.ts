/** Anyone's recorded rows against the core: the header says what they are. */
import { MathError } from '../limits.js'
import { GUEST_COLUMNS, GuestVerifier } from './guest.js'
import { rowKinds } from './kinds.js'
import type { Header, Verifier, VerifyResult } from './result.js'
import { RowVerifier } from './rows.js'
import { lineBlocks } from './source.js'
import { DRIFT_COLUMNS, driftVerifier, LAYOUT_COLUMNS, layoutVerifier } from './tables.js'

export type { Mismatch, VerifyResult } from './result.js'

/** A kind of recording: the columns that make it out, and what it holds. */
export interface RecordingKind {
  readonly name: string
  readonly title: string
  readonly columns: readonly string[]
}

interface Known extends RecordingKind {
  readonly verifier: (header: Header) => Verifier
}

const known: readonly Known[] = [
  ...rowKinds.map((kind) => ({
    name: kind.name,
    title: kind.title,
    columns: [...kind.inputs, ...kind.results, ...(kind.conditional ?? [])].map(([name]) => name),
    verifier: (header: Header) => new RowVerifier(kind, header),
  })),
  {
    name: 'guest26',
    title: 'a Linux 2.6.18-xen guest, operation by operation',
    columns: GUEST_COLUMNS,
    verifier: (header: Header) => new GuestVerifier(header),
  },
  {
    name: 'layout',
    title: 'offsets and sizes of shared structures',
    columns: LAYOUT_COLUMNS,
    verifier: layoutVerifier,
  },
  { name: 'drift', title: 'error and drift by frequency', columns: DRIFT_COLUMNS, verifier: driftVerifier },
]

/** Every recording that `verifyFile` knows. */
export const recordingKinds: readonly RecordingKind[] = known

/**
 * Checks a CSV file, plain or gzip, against the core. Its columns may come in any order; unknown ones are ignored.
 *
 * @throws MathError if the header is none that is known, or a row cannot be read; the message names file and line
 */
export async function verifyFile(file: string): Promise<VerifyResult> {
  let kind: Known | undefined
  let verifier: Verifier | undefined
  for await (const block of lineBlocks(file)) {
    if (verifier) {
      verifier.take(block)
      continue
    }
    const end = block.indexOf(0x0a) + 1
    const header = headerOf(file, block.subarray(0, end).toString('utf8'))
    kind = recognise(header)
    verifier = kind.verifier(header)
    verifier.take(block.subarray(end))
  }
  if (!kind || !verifier) throw new MathError(`${file}: the file is empty; expected a header line of CSV`)
  return { file, kind: kind.name, ...verifier.end() }
}

function headerOf(file: string, line: string): Header {
  const text = line.replace(/^\ufeff/, '').trim()
  const columns = text.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
  return { file, columns, lines: 1 }
}

function recognise({ file, columns }: Header): Known {
  const missing = (kind: Known) => kind.columns.filter((name) => !columns.includes(name))
  const fitting = known.filter((kind) => missing(kind).length === 0)
  const kind = fitting.sort((a, b) => b.columns.length - a.columns.length)[0]
  if (!kind) throw new MathError(`${file}:1: ${unknownHeader(columns, missing)}`)
  const twice = kind.columns.find((name) => columns.indexOf(name) !== columns.lastIndexOf(name))
  if (twice !== undefined) throw new MathError(`${file}:1: the column ${twice} is there twice; expected once`)
  return kind
}

/** Most likely it is one whose columns are nearly all there. */
function unknownHeader(columns: readonly string[], missing: (kind: Known) => string[]): string {
  const share = (kind: Known) => missing(kind).length / kind.columns.length
  const near = [...known].sort((a, b) => share(a) - share(b))[0]!
  if (share(near) <= 0.5) return `a header like that of ${near.name}, without ${missing(near).join(', ')}`
  const shown = columns.join(',').slice(0, 60)
  const names = known.map(({ name }) => name).join(', ')
  return `unknown header ${JSON.stringify(shown)}; expected the columns of one of ${names}`
}
