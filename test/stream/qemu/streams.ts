/** Streams for the tests: recorded ones of test/data/qemu, and small ones put together here. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const data = new URL('../../data/qemu/', import.meta.url)

export function recorded(name: string): Buffer {
  return gunzipSync(readFileSync(new URL(`${name}.bin.gz`, data)))
}

export function decoded(name: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(new URL(`${name}.decoded.json.gz`, data))).toString())
}

export const u8 = (value: number): Buffer => Buffer.of(value)
export const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 255)
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value))
  return bytes
}
export const name = (text: string): Buffer => Buffer.concat([u8(text.length), Buffer.from(text)])

export interface FieldSpec {
  readonly name: string
  readonly type: string
  readonly bytes: Buffer
}

export interface ShapeSpec {
  readonly name: string
  readonly version?: number
  readonly fields: readonly FieldSpec[]
  readonly subsections?: readonly ShapeSpec[]
}

export interface StreamSpec {
  readonly machine?: string
  /** After the machine type, in the configuration section. */
  readonly configuration?: Buffer
  /** Records of the section `ram`, without the EOS; null: no such section. */
  readonly ram?: Buffer | null
  /** Sections before the devices, as they are. */
  readonly raw?: Buffer
  readonly devices?: readonly ShapeSpec[]
  readonly footers?: boolean
  /** Changes the JSON description; a string is its text. */
  readonly describe?: (json: Record<string, unknown>) => unknown
}

const content = ({ fields, subsections = [] }: ShapeSpec): Buffer =>
  Buffer.concat([
    ...fields.map(({ bytes }) => bytes),
    ...subsections.flatMap((one) => [u8(5), name(one.name), u32(one.version ?? 1), content(one)]),
  ])

const described = ({ name: vmsd_name, version = 1, fields, subsections }: ShapeSpec): object => ({
  vmsd_name,
  version,
  fields: fields.map(({ name, type, bytes }) => ({ name, type, size: bytes.length })),
  ...(subsections && { subsections: subsections.map(described) }),
})

export const EOS = u64(0x10n)

/** Memory of one block, `pc.ram`, of this size. */
export const memSize = (bytes: bigint, block = 'pc.ram'): Buffer =>
  Buffer.concat([u64(bytes | 4n), name(block), u64(bytes)])

export function stream(spec: StreamSpec): Buffer {
  const { machine = 'pc', configuration = Buffer.alloc(0), raw, devices = [], footers = true } = spec
  const footer = (id: number) => (footers ? Buffer.concat([u8(0x7e), u32(id)]) : Buffer.alloc(0))
  const ram = spec.ram === undefined ? memSize(4096n) : spec.ram
  const header = (type: number, id: number, section: string, version: number) => [
    u8(type),
    u32(id),
    name(section),
    u32(0),
    u32(version),
  ]
  const json = {
    page_size: 4096,
    devices: devices.map((one) => ({ name: one.name, instance_id: 0, ...described(one) })),
  }
  const told = spec.describe ? spec.describe(json) : json
  const text = Buffer.from(typeof told === 'string' ? told : JSON.stringify(told))
  return Buffer.concat([
    Buffer.from('QEVM'),
    u32(3),
    u8(7),
    u32(machine.length),
    Buffer.from(machine),
    configuration,
    ...(ram ? [...header(1, 2, 'ram', 4), ram, EOS, footer(2)] : []),
    ...(raw ? [raw] : []),
    ...devices.flatMap((one, i) => [
      ...header(4, 10 + i, one.name, one.version ?? 1),
      content(one),
      footer(10 + i),
    ]),
    u8(0),
    u8(6),
    u32(text.length),
    text,
  ])
}
