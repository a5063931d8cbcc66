/** Files of a run: the picture, and the traces that `run --trace` writes. */
import { drawingSvg } from '../../draw/index.js'
import { csvChunks } from '../../trace/csv.js'
import { perfettoChunks } from '../../trace/perfetto/index.js'
import { rowsOf } from '../../trace/rows.js'
import { runSampled } from '../../trace/sample.js'
import { vcdChunks } from '../../trace/vcd.js'
import type { ExportKind, Window } from '../protocol.js'
import type { SideRun } from './session.js'

export function exported(side: SideRun, kind: ExportKind, window: Window): Uint8Array<ArrayBuffer> {
  if (kind === 'svg') return joined([drawingSvg(side.drawing, { ...window, width: 960, bins: side.bins })])
  const sampled = runSampled(side.run.scenario, side.options)
  const rows = rowsOf(sampled)
  switch (kind) {
    case 'csv':
      return joined(csvChunks(rows))
    case 'vcd':
      return joined(vcdChunks(sampled, rows))
    case 'trace':
      return joined(perfettoChunks(sampled, rows))
  }
}

/** Chunks in one piece. */
function joined(chunks: Iterable<Uint8Array | string>): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const parts: Uint8Array[] = []
  let length = 0
  for (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? encoder.encode(chunk) : chunk
    parts.push(bytes)
    length += bytes.length
  }
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
