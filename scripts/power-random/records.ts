/** Cases as the bytes that test/guests/power/random.S works on, and what it made of them. */
import { type Case, type Drawer, drawCase, drawer, drawStart, testedRows } from './cases.js'
import { drawFloatStart } from './float-cases.js'

export const HEADER = 0x8000
export const CODE = 0x10_0000
export const RECORDS = 0x20_0000
/** Instructions on general registers, or on those of floating point and vectors: a program and a record of their own. */
export type Kind = 'integer' | 'float'
export const RECORD_BYTES: Readonly<Record<Kind, number>> = { integer: 640, float: 1696 }
const CODE_BYTES = 32
/** As many as fit between CODE and RECORDS, and behind those. */
export const BATCH: Readonly<Record<Kind, number>> = { integer: 16_384, float: 8192 }
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
  /** Of the kind float. */
  fpscr: 640,
  vscr: 656,
  vsr: 672,
} as const
const MEMORY_END = 640

const MSR_SF = 1n << 63n
const MSR_ME = 0x1000n
const SC = 0x4400_0002

export interface Batch {
  readonly kind: Kind
  readonly cases: readonly Case[]
  readonly header: Uint8Array
  readonly code: Uint8Array
  readonly records: Uint8Array
}

export function drawBatch(
  count: number,
  server: boolean,
  draw: Drawer,
  kind: Kind,
  only?: readonly string[],
): Batch {
  const rows = testedRows(server, kind).filter(({ name }) => !only || only.includes(name))
  return makeBatch(
    Array.from({ length: count }, () => drawCase(rows, server, draw)),
    server,
    kind,
  )
}

export function makeBatch(cases: readonly Case[], server: boolean, kind: Kind): Batch {
  const bytesEach = RECORD_BYTES[kind]
  const count = cases.length
  const code = new DataView(new ArrayBuffer(count * CODE_BYTES))
  const records = new DataView(new ArrayBuffer(count * bytesEach))
  cases.forEach((one, i) => {
    const words = [...one.words, SC]
    words.forEach((word, at) => {
      code.setUint32(i * CODE_BYTES + 4 * at, word, one.little)
    })
    fillRecord(new DataView(records.buffer, i * bytesEach, bytesEach), one, i, server, kind)
  })
  const header = new DataView(new ArrayBuffer(16))
  header.setBigUint64(0, BigInt(count))
  header.setBigUint64(8, BigInt(RECORDS))
  const bytes = ({ buffer }: DataView) => new Uint8Array(buffer as ArrayBuffer)
  return { kind, cases, header: bytes(header), code: bytes(code), records: bytes(records) }
}

function fillRecord(record: DataView, one: Case, index: number, server: boolean, kind: Kind): void {
  const draw = drawer(one.seed)
  const start = drawStart(one, server, draw)
  const put = (at: number, value: bigint) => record.setBigUint64(at, server ? value : value & 0xffff_ffffn)
  const code = CODE + index * CODE_BYTES
  const memory = RECORDS + index * RECORD_BYTES[kind] + AT.memory
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
  const float = kind === 'float' ? drawFloatStart(one.words, draw, server) : null
  put(AT.msr, (float?.msr ?? 0n) | MSR_ME | (server && !one.narrow ? MSR_SF : 0n) | (one.little ? 1n : 0n))
  put(AT.code, BigInt(code))
  for (let at = AT.memory; at < MEMORY_END; at += 2) record.setUint16(at, draw.next(1 << 16))
  if (!float) return
  record.setBigUint64(AT.fpscr, float.fpscr)
  record.setUint32(AT.vscr + 12, float.vscr)
  float.vsr.forEach(([first, second], n) => {
    record.setBigUint64(AT.vsr + (server ? 16 : 8) * n, first)
    if (server) record.setBigUint64(AT.vsr + 16 * n + 8, second)
  })
}
