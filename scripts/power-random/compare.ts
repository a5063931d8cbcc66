/** Two machines' records of one batch, case by case. */
import { createHash } from 'node:crypto'
import { findInstruction } from '../../src/power/disassemble.js'
import { disassemble } from '../../src/power/index.js'
import { AT, type Batch, RECORD_BYTES } from './records.js'

/**
 * A case's part of the records without what is not compared. QEMU fills DSISR from the instruction as it lies in memory: in
 * little-endian mode from other bits. It never says that a result was rounded up (FPSCR[FR]). And see below.
 */
function compared(batch: Batch, records: Uint8Array, index: number): DataView {
  const size = RECORD_BYTES[batch.kind]
  const view = new DataView(records.slice(index * size, (index + 1) * size).buffer)
  if (batch.cases[index]!.little) view.setBigUint64(AT.dsisr, 0n)
  if (batch.kind === 'float') {
    const fpscr = view.getBigUint64(AT.fpscr)
    view.setBigUint64(AT.fpscr, fpscr & ~unlike(batch.cases[index]!.words, fpscr))
    // QEMU takes the interrupt of an enabled exception before it sets CR1.
    if (view.getBigUint64(AT.srr1) & PROGRAM_FLOAT) {
      view.setUint32(AT.cr + 4, view.getUint32(AT.cr + 4) & ~0x0f00_0000)
      // And before it clears FI, if that is an invalid operation.
      if (view.getBigUint64(AT.fpscr) & VX) view.setBigUint64(AT.fpscr, view.getBigUint64(AT.fpscr) & ~FI)
    }
  }
  return view
}

/** Bits of FPSCR that are not compared, as QEMU lacks them after some instruction of the case. */
function unlike(words: readonly number[], fpscr: bigint): bigint {
  const names = words.map((word) => findInstruction(word)?.name ?? '')
  // A comparison clears FI, and one of a NaN sets C, which both are of results only. Integers made numbers get no class.
  const compares = names.some((name) => /^(fc|xsc)mp/.test(name)) ? C | FI : 0n
  // Of vectors QEMU clears FI if an element is invalid, and does not set UX if another one overflows.
  const vectors = names.some((name) => name.startsWith('xv')) ? FI | (fpscr & OX ? UX : 0n) : 0n
  return FR | compares | vectors | (names.some((name) => /^fcfid/.test(name)) ? FPRF : 0n)
}
const FR = 1n << 18n
const VX = 1n << 29n
const [OX, UX] = [1n << 28n, 1n << 27n]
const FI = 1n << 17n
const C = 1n << 16n
const FPRF = 0x1fn << 12n
const PROGRAM_FLOAT = 1n << 20n

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
