/**
 * The JSON description at the end of a QEMU migration stream. Device sections do not say how long they are or what is
 * in them; this does: for each device its fields in the order of the stream, with type and size.
 *
 *     { "page_size": 4096, "configuration": SHAPE, "devices": [ { "name": …, "instance_id": …, SHAPE }, … ] }
 *     SHAPE   "vmsd_name", "version", "fields": [ FIELD, … ], "subsections": [ SHAPE, … ]
 *     FIELD   "name", "type", "size" of one element, "array_len" of an array whose elements are alike, or "index" of
 *             one element of an array whose elements are not, "struct": SHAPE
 *
 * Source: QEMU docs/devel/migration/main.rst; migration/vmstate.c vmsd_desc_field_start and its neighbours write it,
 * scripts/analyze-migration.py reads it.
 */
import { StreamError } from '../error.js'
import { StreamFile } from '../file.js'

export const VM_DESCRIPTION = 0x06
/** Of the type and the u32 length before the JSON. */
const HEADER_BYTES = 5
/** A machine with hundreds of devices has some hundred kB. */
const MAX_BYTES = 8 << 20
/** QEMU nests structs and subsections some levels deep. */
const MAX_DEPTH = 32
/** Of a section that is described, in bytes. */
export const MAX_CONTENT = 1 << 30

export interface Field {
  readonly name: string
  /** `uint64`, `int64 equal`, `timer`, `buffer`, `struct`, … */
  readonly type: string
  /** Bytes of one element. */
  readonly size: number
  /** How many of them: 1, or the length of an array. */
  readonly count: number
  /** Of an array whose elements have an entry each, which one this is; null: none. */
  readonly index: number | null
  readonly struct: Shape | null
}

export interface Shape {
  /** The vmsd_name; subsections have the outer one's and a part of their own: `timer/icount`. */
  readonly name: string
  readonly version: number
  readonly fields: readonly Field[]
  readonly subsections: readonly Shape[]
}

export interface Device extends Shape {
  /** As the section's header has it, with the device's path before the vmsd_name. */
  readonly section: string
  readonly instance: number
}

export interface Description {
  /** Where its type byte stands. */
  readonly at: number
  readonly pageSize: number
  /** null: QEMU before 8.0, which did not describe it. */
  readonly configuration: Shape | null
  readonly devices: readonly Device[]
}

/** Of a subsection's header: type, length of the name, name, version. */
export const subsectionHeaderBytes = ({ name }: Shape): number => 1 + 1 + Buffer.byteLength(name) + 4

/** What a shape takes in the stream, without the header of a section or subsection. */
export function contentBytes({ fields, subsections }: Shape): number {
  const own = fields.reduce((sum, { size, count }) => sum + size * count, 0)
  return subsections.reduce((sum, one) => sum + subsectionHeaderBytes(one) + contentBytes(one), own)
}

/** Finds and reads the description at the end of a stream. Throws StreamError where there is none. */
export function readDescription(path: string): Description {
  const { at, text } = findText(path)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    // V8 quotes the text around the place, whatever is in it.
    const why = (error as Error).message.replace(/[^\x20-\x7e]/g, '?')
    const detail = `the JSON description cannot be parsed (${why}); expected QEMU's`
    throw new StreamError(path, `byte ${at + HEADER_BYTES}`, detail)
  }
  return new DescriptionReader(path, at).description(json)
}

/** The length before it reaches just to the end of the file. The last few kB are tried first, then ever more. */
function findText(path: string): { readonly at: number; readonly text: string } {
  const file = new StreamFile(path)
  try {
    for (let wanted = 64 << 10; ; wanted *= 8) {
      const length = Math.min(wanted, file.size, MAX_BYTES + HEADER_BYTES)
      const tail = tailOf(path, file.size, length)
      for (let at = tail.lastIndexOf(VM_DESCRIPTION); at >= 0; at = before(tail, at)) {
        const rest = tail.length - at - HEADER_BYTES
        if (rest > 1 && tail.readUInt32BE(at + 1) === rest && tail[at + HEADER_BYTES] === 0x7b)
          return { at: file.size - tail.length + at, text: tail.toString('utf8', at + HEADER_BYTES) }
      }
      if (length < wanted) break
    }
  } finally {
    file.close()
  }
  throw new StreamError(
    path,
    `byte ${file.size}`,
    'the stream ends without the JSON description of its devices, and without it their sections cannot be read; expected ' +
      'one, as QEMU since 2.3 writes it (not with suppress-vmdesc=on, nor in a stream that was cut short)',
  )
}

function before(tail: Buffer, at: number): number {
  return at === 0 ? -1 : tail.lastIndexOf(VM_DESCRIPTION, at - 1)
}

function tailOf(path: string, size: number, length: number): Buffer {
  const file = new StreamFile(path)
  try {
    file.skip(size - length, 'the stream')
    return Buffer.concat([...copies(file.pieces(length, 'the stream'))])
  } finally {
    file.close()
  }
}

function* copies(pieces: Iterable<Buffer>): Generator<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece)
}

type Json = Readonly<Record<string, unknown>>

/** Believes nothing: what is wrong is told with its place in the JSON. */
class DescriptionReader {
  readonly #path: string
  readonly #at: number

  constructor(path: string, at: number) {
    this.#path = path
    this.#at = at
  }

  description(json: unknown): Description {
    const root = this.#object(json, '')
    const pageSize = this.#whole(root, 'page_size', '', 1 << 20)
    if (pageSize < 1024 || (pageSize & (pageSize - 1)) !== 0)
      this.#refuse('page_size', `it is ${pageSize}; expected a power of two from 1024 on`)
    const devices = this.#array(root, 'devices', '').map((one, i): Device => {
      const place = `devices[${i}]`
      const device = this.#object(one, place)
      const shape = this.#shape(device, place, 0)
      const section = this.#text(device, 'name', place)
      const bytes = contentBytes(shape)
      if (!(bytes <= MAX_CONTENT))
        this.#refuse(place, `section ${section} has ${bytes} bytes; expected at most ${MAX_CONTENT}`)
      return { ...shape, section, instance: this.#whole(device, 'instance_id', place, 0xffff_ffff) }
    })
    const configuration =
      root.configuration === undefined
        ? null
        : this.#shape(this.#object(root.configuration, 'configuration'), 'configuration', 0)
    return { at: this.#at, pageSize, configuration, devices }
  }

  #shape(json: Json, place: string, depth: number): Shape {
    if (depth > MAX_DEPTH)
      this.#refuse(place, `structs are nested more than ${MAX_DEPTH} deep; expected less`)
    const list = (key: string) => (json[key] === undefined ? [] : this.#array(json, key, place))
    return {
      // Devices of the old style, without a table of their fields, have none.
      name: json.vmsd_name === undefined ? '' : this.#text(json, 'vmsd_name', place),
      version: json.version === undefined ? 0 : this.#whole(json, 'version', place, 0xffff_ffff),
      fields: list('fields').map((one, i) => this.#field(one, `${place}.fields[${i}]`, depth)),
      subsections: list('subsections').map((one, i) => {
        const inner = `${place}.subsections[${i}]`
        return this.#shape(this.#object(one, inner), inner, depth + 1)
      }),
    }
  }

  #field(json: unknown, place: string, depth: number): Field {
    const field = this.#object(json, place)
    const struct =
      field.struct === undefined
        ? null
        : this.#shape(this.#object(field.struct, `${place}.struct`), `${place}.struct`, depth + 1)
    const size = this.#whole(field, 'size', place, MAX_CONTENT)
    if (struct && contentBytes(struct) !== size)
      this.#refuse(
        place,
        `the struct has ${size} bytes, its fields have ${contentBytes(struct)}; expected the same`,
      )
    return {
      name: this.#text(field, 'name', place),
      type: this.#text(field, 'type', place),
      size,
      count: field.array_len === undefined ? 1 : this.#whole(field, 'array_len', place, MAX_CONTENT),
      index: field.index === undefined ? null : this.#whole(field, 'index', place, MAX_CONTENT),
      struct,
    }
  }

  #object(value: unknown, place: string): Json {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
    return this.#refuse(place, `it is ${told(value)}; expected an object`)
  }
  #array(json: Json, key: string, place: string): readonly unknown[] {
    const value = json[key]
    return Array.isArray(value)
      ? value
      : this.#refuse(`${place}.${key}`, `it is ${told(value)}; expected an array`)
  }
  #text(json: Json, key: string, place: string): string {
    const value = json[key]
    if (typeof value === 'string' && value.length <= 255) return value
    return this.#refuse(`${place}.${key}`, `it is ${told(value)}; expected a string of at most 255 letters`)
  }
  #whole(json: Json, key: string, place: string, most: number): number {
    const value = json[key]
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value
    return this.#refuse(`${place}.${key}`, `it is ${told(value)}; expected a whole number from 0 to ${most}`)
  }

  #refuse(place: string, detail: string): never {
    const where = `the JSON description at byte ${this.#at}, ${place.replace(/^\./, '') || 'its root'}`
    throw new StreamError(this.#path, where, detail)
  }
}

/** A value of the JSON in a few letters. */
function told(value: unknown): string {
  if (value === undefined) return 'missing'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  const text = JSON.stringify(value)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
