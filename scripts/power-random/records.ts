/** Cases as the bytes that test/guests/power/random.S works on, and what it made of them. */
import { type Case, type Drawer, drawCase, drawer, drawStart, testedRows } from './cases.js'

export const HEADER = 0x8000
export const CODE = 0x10_0000
export const RECORDS = 0x20_0000
export const RECORD_BYTES = 640
const CODE_BYTES = 32
/** As many as fit between CODE and RECORDS. */
export const BATCH = 16_384
/** The part of a record that is compared: everything but what the case started from. */
export const AT = {
  gpr: 0,
  cr: 256,
  xer: 264,
  lr: 272,
  ctr: 280,
  vector: 288,
  srr0: 296,
  srr1: 304,
  dar: 312,
  dsisr: 320,
  msr: 328,
  code: 336,
  memory: 384,
} as const

const MSR_SF = 1n << 63n
const MSR_ME = 0x1000n
const SC = 0x4400_0002

export interface Batch {
  readonly cases: readonly Case[]
  readonly header: Uint8Array
  readonly code: Uint8Array
  readonly records: Uint8Array
}

export function drawBatch(count: number, server: boolean, draw: Drawer): Batch {
  const rows = testedRows(server)
  return makeBatch(
    Array.from({ length: count }, () => drawCase(rows, server, draw)),
    server,
  )
}

export function makeBatch(cases: readonly Case[], server: boolean): Batch {
  const count = cases.length
  const code = new DataView(new ArrayBuffer(count * CODE_BYTES))
  const records = new DataView(new ArrayBuffer(count * RECORD_BYTES))
  cases.forEach((one, i) => {
    const words = [...one.words, SC]
    words.forEach((word, at) => {
      code.setUint32(i * CODE_BYTES + 4 * at, word, one.little)
    })
    fillRecord(new DataView(records.buffer, i * RECORD_BYTES, RECORD_BYTES), one, i, server)
  })
  const header = new DataView(new ArrayBuffer(16))
  header.setBigUint64(0, BigInt(count))
  header.setBigUint64(8, BigInt(RECORDS))
  const bytes = ({ buffer }: DataView) => new Uint8Array(buffer as ArrayBuffer)
  return { cases, header: bytes(header), code: bytes(code), records: bytes(records) }
}

function fillRecord(record: DataView, one: Case, index: number, server: boolean): void {
  const draw = drawer(one.seed)
  const start = drawStart(one, server, draw)
  const put = (at: number, value: bigint) => record.setBigUint64(at, server ? value : value & 0xffff_ffffn)
  const code = CODE + index * CODE_BYTES
  const memory = RECORDS + index * RECORD_BYTES + AT.memory
  const target = (value: bigint | null) => value ?? BigInt(code + 4 * one.words.length)
  start.gpr.forEach((value, r) => {
    put(AT.gpr + 8 * r, value)
  })
  start.bases.forEach((offset, i) => {
    put(AT.gpr + 8 * (4 + i), BigInt(memory + offset))
  })
  put(AT.cr, BigInt(start.cr))
  put(AT.xer, BigInt(start.xer))
  put(AT.lr, target(start.lr))
  put(AT.ctr, target(start.ctr))
  put(AT.msr, MSR_ME | (server && !one.narrow ? MSR_SF : 0n) | (one.little ? 1n : 0n))
  put(AT.code, BigInt(code))
  for (let at = AT.memory; at < RECORD_BYTES; at += 2) record.setUint16(at, draw.next(1 << 16))
}
