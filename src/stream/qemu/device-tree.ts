/**
 * What a pseries guest's flattened device tree says about time: QEMU sends the tree along (subsection `spapr_dtb`).
 *
 *     0  u32 magic d00dfeed · u32 total size · u32 offset of the structure · u32 offset of the strings · …
 *     structure: u32 tokens   1 begin of a node, its name, NUL, padding to 4
 *                             3 property: u32 length · u32 offset of its name in the strings · value, padding to 4
 *                             2 end of a node · 4 nothing · 9 end
 *
 * Integers are big-endian. Source: Devicetree Specification 0.4, chapter 5.
 */
const MAGIC = 0xd00dfeed
const MAX_DEPTH = 32
const Token = { beginNode: 1, endNode: 2, property: 3, nothing: 4, end: 9 } as const

export interface TimeInTree {
  /** Of the first CPU, Hz; null: not there. */
  readonly timebaseHz: bigint | null
  /** `ibm,dec-bits` of the first CPU: width of the large decrementer; null: it has none. */
  readonly decBits: number | null
  /** `/hypervisor` says `linux,kvm`, which QEMU's pseries has under KVM and not under TCG. */
  readonly kvm: boolean
}

/** null: these bytes are no device tree, or one that is damaged. */
export function timeInTree(tree: Buffer): TimeInTree | null {
  try {
    return walk(tree)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function walk(tree: Buffer): TimeInTree | null {
  if (tree.readUInt32BE(0) !== MAGIC) return null
  const strings = tree.readUInt32BE(12)
  let [timebaseHz, decBits, kvm]: [bigint | null, number | null, boolean] = [null, null, false]
  const path: string[] = []
  for (let at = tree.readUInt32BE(8); ; ) {
    const token = tree.readUInt32BE(at)
    at += 4
    if (token === Token.end) return { timebaseHz, decBits, kvm }
    else if (token === Token.nothing) continue
    else if (token === Token.endNode) path.pop()
    else if (token === Token.beginNode) {
      const name = textAt(tree, at)
      path.push(name)
      if (path.length > MAX_DEPTH) return null
      at = (at + Buffer.byteLength(name, 'latin1') + 1 + 3) & ~3
    } else if (token === Token.property) {
      const length = tree.readUInt32BE(at)
      if (length > tree.length) return null
      const name = textAt(tree, strings + tree.readUInt32BE(at + 4))
      const value = tree.subarray(at + 8, at + 8 + length)
      const node = path.slice(1).join('/')
      if (/^cpus\//.test(node) && name === 'timebase-frequency') timebaseHz ??= whole(value)
      if (/^cpus\//.test(node) && name === 'ibm,dec-bits') decBits ??= Number(whole(value))
      if (node === 'hypervisor' && name === 'compatible') kvm = value.includes('linux,kvm')
      at = (at + 8 + length + 3) & ~3
    } else return null
  }
}

function textAt(tree: Buffer, at: number): string {
  const end = tree.indexOf(0, at)
  if (end < 0 || at > tree.length) throw new RangeError('a name without an end')
  return tree.toString('latin1', at, end)
}

function whole(value: Buffer): bigint {
  return value.length === 8 ? value.readBigUInt64BE(0) : BigInt(value.readUInt32BE(0))
}
