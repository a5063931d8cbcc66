/** Xen streams for the tests: recorded ones of test/data/xen, and small ones put together here. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { StreamFile } from '../../../src/stream/file.js'
import { LibxcRecord, type LibxcRecordName, LibxlRecord } from '../../../src/stream/xen/format.js'
import type { Item } from '../../../src/stream/xen/item.js'
import { readXenStream } from '../../../src/stream/xen/read.js'
import { encodeStream } from '../../../src/stream/xen/write.js'

const data = new URL('../../data/xen/', import.meta.url)

export type Recording = 'u1-pv' | 'u2-pv-native' | 'u4-pvh'

export function recorded(name: Recording): Buffer {
  return gunzipSync(readFileSync(new URL(`${name}.xl.gz`, data)))
}

/** What guests read from their time pages after a restore, row by row. */
export function resumedRows(): Record<string, string>[] {
  const [head, ...lines] = readFileSync(new URL('resumed.csv', data), 'utf8').trim().split('\n')
  const names = head!.split(',')
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, i) => [names[i], value])))
}

/** All items of a file; pages are copied. */
export function itemsOf(path: string): Item[] {
  const file = new StreamFile(path)
  try {
    return Array.from(readXenStream(file), (item) =>
      item.kind === 'page' ? { ...item, bytes: Buffer.from(item.bytes) } : item,
    )
  } finally {
    file.close()
  }
}

export const bytesOf = (items: Iterable<Item>): Buffer => Buffer.concat([...encodeStream(items)])

export const record = (type: LibxcRecordName | number, body: Uint8Array = Buffer.alloc(0)): Item => ({
  kind: 'libxc-record',
  type: typeof type === 'number' ? type : LibxcRecord[type],
  body,
})

export const libxl = (name: keyof typeof LibxlRecord): Item => ({
  kind: 'libxl-record',
  type: LibxlRecord[name],
  body: Buffer.alloc(0),
})

export const header = (version = 3, domainType = 1): Item => ({
  kind: 'libxc-header',
  version,
  options: 0,
  domainType,
  pageShift: 12,
  xenMajor: 4,
  xenMinor: version === 2 ? 10 : 17,
})

export function tscInfo(mode: number, khz: number, nsec: bigint, incarnation = 0): Item {
  const body = Buffer.alloc(24)
  body.writeUInt32LE(mode, 0)
  body.writeUInt32LE(khz, 4)
  body.writeBigUInt64LE(nsec, 8)
  body.writeUInt32LE(incarnation, 16)
  return record('X86_TSC_INFO', body)
}

export const pvInfo = (width = 8): Item =>
  record('X86_PV_INFO', Buffer.from([width, width === 8 ? 4 : 3, 0, 0, 0, 0, 0, 0]))

/** A bare libxc stream of a PV guest. */
export function pvStream(...records: readonly Item[]): Item[] {
  return [header(), record('STATIC_DATA_END'), pvInfo(), ...records, record('END')]
}
