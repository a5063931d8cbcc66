/** A device's content by its description: single fields with their place, or all of it as a tree. */
import { contentBytes, type Field, type Shape, subsectionHeaderBytes } from './description.js'

interface Entry {
  /** `tb.guest_timebase` in a struct, `timer/icount:qemu_icount` in a subsection. */
  readonly path: string
  /** From the begin of the content. */
  readonly at: number
  readonly field: Field
}

/** A field and its bytes in the content. */
export interface Found {
  readonly at: number
  readonly type: string
  readonly bytes: Buffer
}

export type Tree = bigint | Buffer | readonly Tree[] | { readonly [name: string]: Tree }

/** The field of that path (see Entry); `element`: which one of an array. null: this device has no such field. */
export function findField(shape: Shape, content: Buffer, path: string, element = 0): Found | null {
  for (const { path: own, at, field } of entries(shape, 0, '')) {
    const index = element - (field.index ?? 0)
    if (own !== path || index < 0 || index >= field.count) continue
    const from = at + index * field.size
    return { at: from, type: field.type, bytes: content.subarray(from, from + field.size) }
  }
  return null
}

/** Its number. null: there is no such field, or it is none. */
export function numberAt(shape: Shape, content: Buffer, path: string, element = 0): bigint | null {
  const found = findField(shape, content, path, element)
  return found && numberOf(found.type, found.bytes)
}

const SIGNED = /^int/
const NUMBER = /^(u?int(8|16|32|64)( equal)?|int32 le|timer|bool)$/

/** null: a field of this type is no number. */
export function numberOf(type: string, bytes: Buffer): bigint | null {
  if (!NUMBER.test(type) || bytes.length === 0 || bytes.length > 8) return null
  const order = type.endsWith(' le') ? Buffer.from(bytes).reverse() : bytes
  const value = BigInt(`0x${order.toString('hex')}`)
  return SIGNED.test(type) ? BigInt.asIntN(bytes.length * 8, value) : value
}

/** The bytes of a number, as many as it has now. null: it does not fit. */
export function bytesOf(type: string, length: number, value: bigint): Buffer | null {
  const bits = length * 8
  const fits = SIGNED.test(type) ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
  if (fits !== value) return null
  const bytes = Buffer.from(
    BigInt.asUintN(bits, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  )
  return type.endsWith(' le') ? bytes.reverse() : bytes
}

/** All of it: numbers, arrays, structs and subsections by name; what is no number as bytes. */
export function decodeAll(shape: Shape, content: Buffer, base = 0): { readonly [name: string]: Tree } {
  const tree: Record<string, Tree> = {}
  let at = base
  for (const field of shape.fields) {
    const { name, count, size, index, struct } = field
    const element = (from: number): Tree => {
      const bytes = content.subarray(from, from + size)
      return struct ? decodeAll(struct, content, from) : (numberOf(field.type, bytes) ?? bytes)
    }
    if (count === 1) put(tree, name, index, element(at))
    // Elements without bytes are not worth a list.
    else
      put(
        tree,
        name,
        index,
        size === 0 ? [] : Array.from({ length: count }, (_, i) => element(at + i * size)),
      )
    at += size * count
  }
  for (const one of shape.subsections) {
    at += subsectionHeaderBytes(one)
    tree[one.name] = decodeAll(one, content, at)
    at += contentBytes(one)
  }
  return tree
}

/** Elements of an array that have an entry each become a list again. */
function put(tree: Record<string, Tree>, name: string, index: number | null, value: Tree): void {
  if (index === null) tree[name] = value
  else if (index === 0) tree[name] = [value]
  else if (Array.isArray(tree[name])) tree[name] = [...(tree[name] as readonly Tree[]), value]
}

function* entries(shape: Shape, base: number, prefix: string): Generator<Entry> {
  let at = base
  for (const field of shape.fields) {
    const path = `${prefix}${field.name}`
    yield { path, at, field }
    if (field.struct && field.count === 1) yield* entries(field.struct, at, `${path}.`)
    at += field.size * field.count
  }
  for (const one of shape.subsections) {
    at += subsectionHeaderBytes(one)
    yield* entries(one, at, `${one.name}:`)
    at += contentBytes(one)
  }
}
