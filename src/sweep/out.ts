/** A sweep as a file: CSV, Parquet or JSON, by the ending of its name. */
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { checkIds } from '../check/index.js'
import { replaceWith } from '../file/replace.js'
import { jsonText } from '../report/json.js'
import { SweepError } from './axis.js'
import type { Sweep } from './result.js'
import { sweepJson } from './text.js'

const ENDINGS = ['.csv', '.parquet', '.json'] as const

/** Throws SweepError where the name does not say what it is to be. */
export function refuseWrongOut(file: string): void {
  if (!ENDINGS.some((ending) => file.endsWith(ending)))
    throw new SweepError(`${JSON.stringify(file)}; expected a name that ends in ${ENDINGS.join(', ')}`)
}

/** Returns the number of bytes. */
export function writeSweep(file: string, sweep: Sweep): number {
  if (file.endsWith('.json')) return replaceWith(file, [jsonText(sweepJson(sweep))])
  return replaceWith(file, file.endsWith('.csv') ? csv(sweep) : [parquet(sweep)])
}

/** A column for each axis by its path, then verdict, fails and a column for each check. */
const columnsOf = ({ axes }: Sweep): string[] => [
  ...axes.map(({ path }) => path),
  'verdict',
  'fails',
  ...checkIds,
]

function* csv(sweep: Sweep): Generator<string> {
  const line = (cells: readonly string[]) =>
    `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`
  yield line(columnsOf(sweep))
  for (const { point, verdict, fails, values } of sweep.rows) {
    const numbers = checkIds.map((id) => (values[id] === null ? '' : `${values[id]}`))
    yield line([...point, verdict, fails.join(' '), ...numbers])
  }
}

function parquet(sweep: Sweep): Uint8Array {
  const { axes, rows } = sweep
  const texts = [...axes.map(({ path }) => path), 'verdict', 'fails']
  const schema: SchemaElement[] = [
    { name: 'rows', num_children: texts.length + checkIds.length },
    ...texts.map((name): SchemaElement => {
      return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }
    }),
    ...checkIds.map((name): SchemaElement => ({ name, type: 'INT64', repetition_type: 'OPTIONAL' })),
  ]
  const bytes = new ByteWriter()
  const writer = new ParquetWriter({ writer: bytes, schema, createdBy: 'chronovisor' })
  const columnData = [
    ...axes.map(({ path }, i) => ({ name: path, data: rows.map(({ point }) => point[i]!) })),
    { name: 'verdict', data: rows.map(({ verdict }) => verdict as string) },
    { name: 'fails', data: rows.map(({ fails }) => fails.join(' ')) },
    ...checkIds.map((id) => ({ name: id as string, data: rows.map(({ values }) => values[id]) })),
  ]
  writer.write({ columnData, rowGroupSize: rows.length })
  writer.finish()
  return bytes.getBytes().slice()
}
