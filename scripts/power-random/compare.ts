/** Two machines' records of one batch, case by case. */
import { createHash } from 'node:crypto'
import { disassemble } from '../../src/power/index.js'
import { AT, type Batch, RECORD_BYTES } from './records.js'

/** A digest of what a case made of its record, without what is not compared. */
export function digest(batch: Batch, records: Uint8Array, index: number): string {
  const record = records.slice(index * RECORD_BYTES, (index + 1) * RECORD_BYTES)
  if (batch.cases[index]!.little) record.fill(0, AT.dsisr, AT.dsisr + 8)
  return createHash('sha256').update(record).digest('hex').slice(0, 12)
}

export interface Difference {
  readonly index: number
  readonly text: string
}

const NAMES: readonly (readonly [name: string, at: number])[] = [
  ...Array.from({ length: 32 }, (_, r) => [`r${r}`, AT.gpr + 8 * r] as const),
  ...(['cr', 'xer', 'lr', 'ctr', 'vector', 'srr0', 'srr1', 'dar', 'dsisr'] as const).map(
    (name) => [name, AT[name]] as const,
  ),
  ...Array.from({ length: 32 }, (_, i) => [`memory+${8 * i}`, AT.memory + 8 * i] as const),
]

export function differences(batch: Batch, ours: Uint8Array, theirs: Uint8Array): Difference[] {
  const found: Difference[] = []
  batch.cases.forEach((one, index) => {
    const from = index * RECORD_BYTES
    const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset + from, RECORD_BYTES)
    const [a, b, before] = [view(ours), view(theirs), view(batch.records)]
    const wrong = NAMES.filter(
      // QEMU fills DSISR from the instruction as it lies in memory: in little-endian mode from other bits.
      ([name, at]) => a.getBigUint64(at) !== b.getBigUint64(at) && !(name === 'dsisr' && one.little),
    )
    if (wrong.length === 0) return
    const hex = (value: bigint) => value.toString(16)
    const code = one.words.map((word) => disassemble(word, before.getBigUint64(AT.code))).join('; ')
    const mode = `${one.little ? ' little-endian' : ''}${one.narrow ? ' 32-bit mode' : ''}`
    const what = wrong.map(
      ([name, at]) =>
        `${name}: ours ${hex(a.getBigUint64(at))}, QEMU ${hex(b.getBigUint64(at))}, before ${hex(before.getBigUint64(at))}`,
    )
    found.push({ index, text: `${code}${mode}\n    ${what.join('\n    ')}` })
  })
  return found
}
