/** Two machines' records of one batch, case by case. */
import { createHash } from 'node:crypto'
import { disassemble } from '../../src/power/index.js'
import { AT, type Batch, RECORD_BYTES } from './records.js'

/**
 * A case's part of the records without what is not compared. QEMU fills DSISR from the instruction as it lies in memory: in
 * little-endian mode from other bits. It never says that a result was rounded up (FPSCR[FR]).
 */
function compared(batch: Batch, records: Uint8Array, index: number): DataView {
  const size = RECORD_BYTES[batch.kind]
  const view = new DataView(records.slice(index * size, (index + 1) * size).buffer)
  if (batch.cases[index]!.little) view.setBigUint64(AT.dsisr, 0n)
  if (batch.kind === 'float') view.setBigUint64(AT.fpscr, view.getBigUint64(AT.fpscr) & ~FR)
  return view
}
const FR = 1n << 18n

/** A digest of what a case made of its record. */
export function digest(batch: Batch, records: Uint8Array, index: number): string {
  const view = compared(batch, records, index)
  return createHash('sha256').update(new Uint8Array(view.buffer)).digest('hex').slice(0, 12)
}

export interface Difference {
  readonly index: number
  readonly text: string
}

const INTEGERS: readonly (readonly [name: string, at: number])[] = [
  ...Array.from({ length: 32 }, (_, r) => [`r${r}`, AT.gpr + 8 * r] as const),
  ...(['cr', 'xer', 'lr', 'ctr', 'vector', 'srr0', 'srr1', 'dar', 'dsisr'] as const).map(
    (name) => [name, AT[name]] as const,
  ),
  ...Array.from({ length: 32 }, (_, i) => [`memory+${8 * i}`, AT.memory + 8 * i] as const),
]
const FLOATS: readonly (readonly [name: string, at: number])[] = [
  ['fpscr', AT.fpscr],
  ['vscr', AT.vscr + 8],
  ...Array.from({ length: 128 }, (_, i) => [`vs${i >> 1}.${i & 1}`, AT.vsr + 8 * i] as const),
]
const NAMES = { integer: INTEGERS, float: [...INTEGERS, ...FLOATS] } as const

export function differences(batch: Batch, ours: Uint8Array, theirs: Uint8Array): Difference[] {
  const found: Difference[] = []
  batch.cases.forEach((one, index) => {
    const [a, b, before] = [ours, theirs, batch.records].map((records) =>
      compared(batch, records, index),
    ) as [DataView, DataView, DataView]
    const wrong = NAMES[batch.kind].filter(([, at]) => a.getBigUint64(at) !== b.getBigUint64(at))
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
