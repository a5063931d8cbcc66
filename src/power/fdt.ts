/**
 * Flattened device trees, version 17 (Devicetree Specification v0.4, chapter 5): read, written, and made of values.
 *
 *   header 40 bytes | reservations, pairs of u64, ended by zeros | structure, words | names of properties
 */

import { joined, latin1Bytes, latin1Text, padded } from './bytes.js'

/** A tree that cannot be read: where in it, and what was expected. */
export class TreeError extends Error {
  override readonly name = 'TreeError'
}

export interface TreeNode {
  readonly properties: Map<string, Uint8Array>
  readonly children: Map<string, TreeNode>
}

export interface Tree {
  readonly root: TreeNode
  /** Real memory that a kernel must leave alone. */
  readonly reserved: { readonly address: bigint; readonly bytes: bigint }[]
}

const MAGIC = 0xd00dfeed
const HEADER = 40
const VERSION = 17
const BEGIN = 1
const END = 2
const PROPERTY = 3
const NOTHING = 4
const FINISH = 9

/** What a property can be written as: text (ended by a zero), several texts, words of 32 bits, bytes, nothing. */
export type Value = string | readonly string[] | readonly number[] | Uint8Array | true

export function propertyBytes(value: Value): Uint8Array {
  if (value === true) return new Uint8Array()
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return latin1Bytes(`${value}\0`)
  if (value.length > 0 && typeof value[0] === 'string')
    return joined(value.map((text) => propertyBytes(text as string)))
  const words = new DataView(new ArrayBuffer(4 * value.length))
  value.forEach((word, i) => {
    words.setUint32(4 * i, word as number)
  })
  return new Uint8Array(words.buffer)
}

/** A number as two words. */
export const wide = (value: bigint | number): [number, number] => [
  Number(BigInt(value) >> 32n),
  Number(BigInt(value) & 0xffff_ffffn),
]

/** A node of values; undefined ones are left out. */
export function node(
  properties: Readonly<Record<string, Value | undefined>>,
  children: Readonly<Record<string, TreeNode>> = {},
): TreeNode {
  const known = Object.entries(properties).filter((entry): entry is [string, Value] => entry[1] !== undefined)
  return {
    properties: new Map(known.map(([name, value]) => [name, propertyBytes(value)])),
    children: new Map(Object.entries(children)),
  }
}

const word = (value: number): Uint8Array => propertyBytes([value])

/** The tree as bytes. */
export function writeTree({ root, reserved }: Tree): Uint8Array {
  const names: string[] = []
  const offsets = new Map<string, number>()
  let size = 0
  const nameOffset = (name: string): number => {
    let offset = offsets.get(name)
    if (offset === undefined) {
      offset = size
      offsets.set(name, offset)
      names.push(name)
      size += name.length + 1
    }
    return offset
  }
  const words: Uint8Array[] = []
  const write = (name: string, { properties, children }: TreeNode): void => {
    words.push(word(BEGIN), padded(propertyBytes(name), 4))
    for (const [property, bytes] of properties)
      words.push(propertyBytes([PROPERTY, bytes.length, nameOffset(property)]), padded(bytes, 4))
    for (const [child, of] of children) write(child, of)
    words.push(word(END))
  }
  write('', root)
  const structure = joined([...words, word(FINISH)])
  const strings = joined(names.map((name) => propertyBytes(name)))
  const pairs = [...reserved, { address: 0n, bytes: 0n }].map(({ address, bytes }) =>
    propertyBytes([...wide(address), ...wide(bytes)]),
  )
  const map = joined(pairs)
  const atStructure = HEADER + map.length
  const atStrings = atStructure + structure.length
  const total = atStrings + strings.length
  const header = [
    MAGIC,
    total,
    atStructure,
    atStrings,
    HEADER,
    VERSION,
    16,
    0,
    strings.length,
    structure.length,
  ]
  return joined([propertyBytes(header), map, structure, strings])
}

/** Reads a tree; `name` is for messages. Throws TreeError. */
export function readTree(file: Uint8Array, name: string): Tree {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  // Whatever kind of array it is, properties are plain ones.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength)
  const fail = (offset: number, text: string): never => {
    throw new TreeError(`${name}: offset ${offset}: ${text}`)
  }
  const u32 = (at: number): number =>
    at + 4 <= bytes.length ? view.getUint32(at) : fail(at, `the file ends here, in a word of the tree`)
  if (bytes.length < HEADER || u32(0) !== MAGIC)
    return fail(0, 'not a flattened device tree (no d0 0d fe ed)')
  const total = u32(4)
  if (total > bytes.length) return fail(4, `a tree of ${total} bytes, and the file has ${bytes.length}`)
  if (u32(20) < 16) return fail(20, `version ${u32(20)}; expected 16 or later`)
  if (u32(24) > VERSION) return fail(24, `to be read as version ${u32(24)}; expected 16 or 17`)
  const strings = u32(12)
  const textAt = (at: number): string => {
    const end = bytes.indexOf(0, at)
    if (at >= total || end < 0 || end >= total) return fail(at, 'a name that does not end')
    return latin1Text(bytes.subarray(at, end))
  }
  const reserved: Tree['reserved'] = []
  for (let at = u32(16); ; at += 16) {
    if (at + 16 > total) return fail(at, 'the reservations do not end')
    const pair = { address: view.getBigUint64(at), bytes: view.getBigUint64(at + 8) }
    if (pair.address === 0n && pair.bytes === 0n) break
    reserved.push(pair)
  }
  let at = u32(8)
  const readNode = (): TreeNode => {
    const found: TreeNode = node({})
    for (;;) {
      const kind = u32(at)
      at += 4
      if (kind === NOTHING) continue
      if (kind === END) return found
      if (kind === BEGIN) {
        const child = textAt(at)
        at += (child.length + 4) & ~3
        found.children.set(child, readNode())
      } else if (kind === PROPERTY) {
        const length = u32(at)
        if (at + 8 + length > total) return fail(at, `a property of ${length} bytes, beyond the end`)
        found.properties.set(textAt(strings + u32(at + 4)), bytes.subarray(at + 8, at + 8 + length))
        at += 8 + ((length + 3) & ~3)
      } else return fail(at - 4, `${kind}, where a node or property was expected`)
    }
  }
  if (u32(at) !== BEGIN) return fail(at, 'the tree does not begin with a node')
  at += 8
  return { root: readNode(), reserved }
}
