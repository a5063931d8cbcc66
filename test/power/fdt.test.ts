/** Flattened device trees: QEMU's own read and written, ours with what a guest looks for, and what is refused. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { node, readTree, type TreeNode, wide, writeTree } from '../../src/power/fdt.js'
import { bootMachine } from '../../src/power/index.js'

const QEMU = readFileSync(new URL('../data/linux/qemu-pseries.dtb', import.meta.url))
const SORT = readFileSync(new URL('../guests/power/b64-sort.elf', import.meta.url))

const words = (bytes: Uint8Array | undefined): number[] => {
  const view = Buffer.from(bytes!)
  return Array.from({ length: view.length / 4 }, (_, i) => view.readUInt32BE(4 * i))
}
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes!).toString('latin1').replace(/\0$/, '')

/** The tree that a machine with options gives its guest in r3. */
function treeOf(options: Parameters<typeof bootMachine>[2]): { root: TreeNode; at: number } {
  const machine = bootMachine(SORT, 'b64-sort.elf', options)
  const at = Number(machine.gpr(3))
  return { root: readTree(machine.ram.subarray(at), 'r3').root, at }
}

describe('flattened trees', () => {
  it('QEMU’s tree, read and written, is the same tree', () => {
    const tree = readTree(QEMU, 'qemu.dtb')
    expect(tree.reserved).toEqual([{ address: 0x400000n, bytes: 0x3c668n }])
    expect(text(tree.root.properties.get('model'))).toBe('IBM pSeries (emulated by qemu)')
    const cpu = tree.root.children.get('cpus')!.children.get('PowerPC,POWER9@0')!
    expect(words(cpu.properties.get('timebase-frequency'))).toEqual([512_000_000])
    expect(readTree(writeTree(tree), 'again')).toEqual(tree)
  })

  it.each([
    ['another file', (bytes: Buffer) => bytes.fill(0, 0, 4), 'offset 0: not a flattened device tree'],
    [
      'a cut file',
      (bytes: Buffer) => bytes.subarray(0, 9000),
      'offset 4: a tree of 14023 bytes, and the file has 9000',
    ],
    [
      'an old version',
      (bytes: Buffer) => bytes.fill(0, 20, 24),
      'offset 20: version 0; expected 16 or later',
    ],
    [
      'a later version',
      (bytes: Buffer) => bytes.fill(1, 24, 28),
      'offset 24: to be read as version 16843009; expected 16 or 17',
    ],
    [
      'no node at the front',
      (bytes: Buffer) => bytes.fill(0, bytes.readUInt32BE(8), bytes.readUInt32BE(8) + 4),
      'the tree does not begin with a node',
    ],
  ])('%s is refused', (_, change, message) => {
    expect(() => readTree(change(Buffer.from(QEMU)), 'bad.dtb')).toThrow(
      `bad.dtb: ${message.startsWith('offset') ? message : ''}`,
    )
    expect(() => readTree(change(Buffer.from(QEMU)), 'bad.dtb')).toThrow(message)
  })

  it('a property that goes beyond the end is refused', () => {
    const bytes = Buffer.from(writeTree({ root: node({ a: [1] }), reserved: [] }))
    bytes.writeUInt32BE(0x7fff_ffff, 56 + 12)
    expect(() => readTree(bytes, 'bad.dtb')).toThrow(
      'offset 68: a property of 2147483647 bytes, beyond the end',
    )
  })
})

describe('the tree of a machine', () => {
  it('says how much memory and how many CPUs there are, how fast they are, and what was to be told', () => {
    const { root, at } = treeOf({ ramBytes: 64 << 20, cpus: 3, append: 'to the guest', tbHz: 500_000_000n })
    expect(at).toBeLessThan(64 << 20)
    expect(text(root.properties.get('compatible'))).toBe('qemu,pseries')
    expect(words(root.children.get('memory@0')!.properties.get('reg'))).toEqual([0, 0, ...wide(64 << 20)])
    const cpus = [...root.children.get('cpus')!.children.values()]
    expect(cpus.map((cpu) => words(cpu.properties.get('ibm,ppc-interrupt-server#s')))).toEqual([
      [0],
      [1],
      [2],
    ])
    expect(words(cpus[2]!.properties.get('timebase-frequency'))).toEqual([500_000_000])
    expect(words(cpus[2]!.properties.get('ibm,dec-bits'))).toEqual([56])
    const chosen = root.children.get('chosen')!
    expect(text(chosen.properties.get('bootargs'))).toBe('to the guest')
    expect(chosen.properties.has('ibm,architecture-vec-5')).toBe(false)
    expect(root.children.has('hypervisor')).toBe(false)
  })

  it('a RAM disk lies in memory where the tree says', () => {
    const bytes = Buffer.from('a RAM disk')
    const machine = bootMachine(SORT, 'b64-sort.elf', { ramBytes: 64 << 20, initrd: { name: 'disk', bytes } })
    const { root } = readTree(machine.ram.subarray(Number(machine.gpr(3))), 'r3')
    const { properties } = root.children.get('chosen')!
    const [from, end] = ['linux,initrd-start', 'linux,initrd-end'].map(
      (name) => words(properties.get(name))[1]!,
    )
    expect(Buffer.from(machine.ram.subarray(from, end))).toEqual(bytes)
  })

  it('--dtb: a tree of a file, with the command line put into it', () => {
    const { root } = treeOf({ ramBytes: 64 << 20, dtb: { name: 'qemu.dtb', bytes: QEMU }, append: 'words' })
    expect(text(root.properties.get('model'))).toBe('IBM pSeries (emulated by qemu)')
    expect(text(root.children.get('chosen')!.properties.get('bootargs'))).toBe('words')
    const empty = writeTree({ root: node({}), reserved: [] })
    expect(() => treeOf({ dtb: { name: 'empty.dtb', bytes: empty } })).toThrow('empty.dtb: no node /chosen')
  })

  it('what does not fit is refused', () => {
    const disk = { name: 'disk', bytes: new Uint8Array(64 << 20) }
    expect(() => treeOf({ ramBytes: 64 << 20, initrd: disk })).toThrow(
      'disk: 67108864 bytes at 0x10000 do not fit',
    )
  })
})
