/** Two runs of a batch: digests of what is compared, and differences in words. */
import { createHash } from 'node:crypto'
import { disassemble } from '../../src/power/index.js'
import { AT, type Batch, RECORD_BYTES } from '../power-random/records.js'
import { CASES, describeAt, memoryFrom, recordOf } from './cases.js'

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 12)

/** One a case, and one of tables and pages. */
export function digests(result: Uint8Array): string[] {
  const cases = Array.from({ length: CASES }, (_, i) =>
    sha(result.subarray(recordOf(i), recordOf(i) + RECORD_BYTES.integer)),
  )
  return [...cases, sha(result.subarray(memoryFrom))]
}

const NAMES = [
  ...Array.from({ length: 32 }, (_, r) => [`r${r}`, AT.gpr + 8 * r] as const),
  ...(['cr', 'vector', 'srr0', 'srr1', 'dar', 'dsisr'] as const).map((name) => [name, AT[name]] as const),
]

export function differences(batch: Batch, ours: Uint8Array, theirs: Uint8Array): string[] {
  const [a, b, before] = [ours, theirs, batch.records].map(
    (bytes) => new DataView(bytes.buffer, bytes.byteOffset),
  )
  const hex = (value: bigint) => value.toString(16)
  const found: string[] = []
  for (let i = 0; i < CASES; i++) {
    const at = recordOf(i)
    const wrong = NAMES.filter(([, field]) => a!.getBigUint64(at + field) !== b!.getBigUint64(at + field))
    if (wrong.length === 0) continue
    const word = new DataView(batch.code.buffer, batch.code.byteOffset).getUint32((2 * i + 2) * 32)
    const was = (field: number) => hex(before!.getBigUint64(at + field))
    const lines = wrong.map(
      ([name, field]) =>
        `    ${name}: ours ${hex(a!.getBigUint64(at + field))}, QEMU ${hex(b!.getBigUint64(at + field))}`,
    )
    const where = `at ${was(AT.code)}, MSR ${was(AT.msr)}, r4 ${was(AT.gpr + 32)}`
    found.push([`case ${i}: ${disassemble(word)} ${where}`, ...lines].join('\n'))
  }
  for (let at = memoryFrom; at < ours.length; at += 8) {
    if (a!.getBigUint64(at) === b!.getBigUint64(at)) continue
    found.push(`${describeAt(at)}: ours ${hex(a!.getBigUint64(at))}, QEMU ${hex(b!.getBigUint64(at))}`)
  }
  return found
}
