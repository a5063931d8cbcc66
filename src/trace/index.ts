/** Traces of a run in files that other tools open; the format goes by the name of the file. */
import { replaceWith } from '../file/replace.js'
import { csvChunks } from './csv.js'
import { parquetChunks } from './parquet.js'
import { perfettoChunks } from './perfetto/index.js'
import { rowsOf } from './rows.js'
import type { Sampled } from './sample.js'
import { vcdChunks } from './vcd.js'

export { runSampled, type Sampled } from './sample.js'

const FORMATS: Readonly<Record<string, (sampled: Sampled) => Iterable<Uint8Array | string>>> = {
  '.perfetto-trace': (sampled) => perfettoChunks(sampled, rowsOf(sampled)),
  '.vcd': (sampled) => vcdChunks(sampled, rowsOf(sampled)),
  '.csv': (sampled) => csvChunks(rowsOf(sampled)),
  '.parquet': (sampled) => parquetChunks(rowsOf(sampled), metadataOf(sampled)),
}

/** What a trace's name may end in. */
export const traceEndings = Object.keys(FORMATS)

/** Whether such a file can be written. */
export function isTraceName(path: string): boolean {
  return endingOf(path) !== undefined
}

/**
 * Writes the trace whole or not at all, and returns its size in bytes. Throws what the file system throws, and an
 * Error for a name that ends in none of `traceEndings`.
 */
export function writeTrace(path: string, sampled: Sampled): number {
  const ending = endingOf(path)
  if (ending === undefined)
    throw new Error(`${path}: expected a name that ends in ${traceEndings.join(', ')}`)
  return replaceWith(path, FORMATS[ending]!(sampled))
}

function endingOf(path: string): string | undefined {
  return traceEndings.find((ending) => path.toLowerCase().endsWith(ending))
}

function metadataOf({ run }: Sampled) {
  const { scenario, startWallNs, endNs } = run
  return [
    { key: 'scenario', value: scenario.name },
    { key: 'title', value: scenario.title },
    { key: 'seed', value: `${scenario.seed}` },
    { key: 'start_wall_ns', value: `${startWallNs}` },
    { key: 'end_true_ns', value: `${endNs}` },
  ]
}
