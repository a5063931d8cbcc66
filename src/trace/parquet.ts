/**
 * Parquet, by hyparquet-writer: the columns of the CSV with types. A 64-bit column cannot hold both signed times and
 * unsigned registers, so the latter, and times beyond 2^63, stand in value_u64; an error beyond 64 bits is null (the CSV has it).
 */

import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { TraceRow } from './rows.js'

/** Rows of a row group, and so of what is in memory at a time. */
const GROUP_ROWS = 65_536

const MAX_S64 = (1n << 63n) - 1n

const TEXTS = ['event', 'guest', 'host', 'subject', 'clock', 'detail'] as const
const NUMBERS = ['true_ns', 'value', 'value_u64', 'error_ns', 'extra', 'stopped_ns'] as const

type Group = Record<(typeof TEXTS)[number], string[]> & Record<(typeof NUMBERS)[number], (bigint | null)[]>

export interface ParquetMetadata {
  readonly key: string
  readonly value: string
}

export function* parquetChunks(
  rows: Iterable<TraceRow>,
  kvMetadata: ParquetMetadata[],
): Generator<Uint8Array> {
  const bytes = new ByteWriter()
  const writer = new ParquetWriter({ writer: bytes, schema: SCHEMA, kvMetadata, createdBy: 'chronovisor' })
  const flushed = function* () {
    yield bytes.getBytes().slice()
    // The offset goes on; the buffer begins anew.
    bytes.index = 0
  }
  let group = emptyGroup()
  for (const row of rows) {
    add(group, row)
    if (group.event.length < GROUP_ROWS) continue
    writer.write({ columnData: columnsOf(group), rowGroupSize: GROUP_ROWS })
    yield* flushed()
    group = emptyGroup()
  }
  if (group.event.length > 0) writer.write({ columnData: columnsOf(group), rowGroupSize: GROUP_ROWS })
  writer.finish()
  yield* flushed()
}

function emptyGroup(): Group {
  const columns = [...TEXTS, ...NUMBERS].map((name) => [name, []] as const)
  return Object.fromEntries(columns) as unknown as Group
}

function add(group: Group, row: TraceRow): void {
  for (const name of TEXTS) group[name].push(row[name])
  group.true_ns.push(row.trueNs)
  const { value, errorNs } = row
  const isU64 = value !== null && (row.unsigned || value > MAX_S64)
  group.value.push(isU64 ? null : value)
  group.value_u64.push(isU64 ? value : null)
  group.error_ns.push(errorNs !== null && BigInt.asIntN(64, errorNs) === errorNs ? errorNs : null)
  group.extra.push(row.extra)
  group.stopped_ns.push(row.stoppedNs)
}

function columnsOf(group: Group) {
  return [...TEXTS, ...NUMBERS].map((name) => ({ name, data: group[name] }))
}

const SCHEMA: SchemaElement[] = [
  { name: 'rows', num_children: TEXTS.length + NUMBERS.length },
  ...TEXTS.map((name): SchemaElement => {
    return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }
  }),
  ...NUMBERS.map((name): SchemaElement => {
    return {
      name,
      type: 'INT64',
      repetition_type: name === 'true_ns' ? 'REQUIRED' : 'OPTIONAL',
      ...(name === 'value_u64' && { converted_type: 'UINT_64' }),
    }
  }),
]
