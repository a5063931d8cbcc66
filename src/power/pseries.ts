/**
 * A pseries machine with a guest in it: an image, perhaps an initial RAM disk, and a device tree, laid out as QEMU does.
 *
 *   0x400000   the image: an ELF file by its physical addresses above that; a kernel moves itself where it belongs
 *   behind it  the RAM disk, on 64 KiB
 *   top of memory, downwards: RTAS, the device tree
 *
 * A kernel linked into the upper half of the address space is Linux, and entered without firmware: its tree tells what
 * it would have agreed upon with firmware, and where RTAS is, five instructions of ours. Others find RTAS by hypercall.
 */
import { type Elf, ElfError, isElf, relocatesItself, UPPER_HALF } from './elf.js'
import { propertyBytes, readTree, type Tree, TreeError, type TreeNode, wide, writeTree } from './fdt.js'
import { initramfsOf } from './initramfs.js'
import type { PowerMachine } from './machine.js'
import { pseriesTree, type TreeOptions } from './tree.js'

export interface PseriesOptions {
  /** The kernel's command line. */
  readonly append?: string
  /** An archive, or a program: then an archive in which it is the first process. */
  readonly initrd?: { readonly name: string; readonly bytes: Uint8Array }
  /** A device tree to use in place of ours, with command line, RAM disk and RTAS put into it. */
  readonly dtb?: { readonly name: string; readonly bytes: Uint8Array }
}

const KERNEL_AT = 0x40_0000
/** Physical addresses of a kernel are below this; what is above says where it is linked. */
const PHYSICAL = 0x0fff_ffff
const ALIGNED = 0x1_0000

/** r3 has the block of arguments: H_RTAS with it in r4. */
const RTAS_CODE = [
  0x7c64_1b78, // mr r4, r3
  0x3c60_0000, // lis r3, 0
  0x6063_f000, // ori r3, r3, 0xf000
  0x4400_0022, // sc 1
  0x4e80_0020, // blr
]

const up = (value: number): number => Math.ceil(value / ALIGNED) * ALIGNED
const down = (value: number): number => Math.floor(value / ALIGNED) * ALIGNED

/** Where the bytes of a file go: below `end`, or the file does not fit. */
function place(machine: PowerMachine, name: string, at: number, bytes: Uint8Array, end: number): void {
  if (at + bytes.length > end) {
    throw new ElfError(
      `${name}: ${bytes.length} bytes at 0x${at.toString(16)} do not fit into ${machine.ram.length} bytes of memory`,
    )
  }
  machine.ram.set(bytes, at)
}

/** Loads the segments of a kernel; answers the end of what they take, their zeros included. */
function loadKernel(machine: PowerMachine, elf: Elf, name: string): number {
  let end = 0
  for (const { address, bytes, memoryBytes } of elf.segments) {
    const at = KERNEL_AT + (address % (PHYSICAL + 1))
    if (at + memoryBytes > machine.ram.length) {
      throw new ElfError(
        `${name}: a segment of ${memoryBytes} bytes at 0x${at.toString(16)} does not fit into ${machine.ram.length} bytes of memory`,
      )
    }
    place(machine, name, at, bytes, machine.ram.length)
    end = Math.max(end, at + memoryBytes)
  }
  return end
}

function placeInitrd(
  machine: PowerMachine,
  { name, bytes }: NonNullable<PseriesOptions['initrd']>,
  from: number,
  top: number,
): { readonly from: number; readonly end: number } {
  const archive = isElf(bytes) ? initramfsOf(bytes) : bytes
  place(machine, name, from, archive, top)
  return { from, end: from + archive.length }
}

/** The tree of a file, with what is different in this machine. */
function treeOfFile({ name, bytes }: NonNullable<PseriesOptions['dtb']>, options: TreeOptions): Tree {
  const tree = readTree(bytes, name)
  const child = (of: string): TreeNode => {
    const found = tree.root.children.get(of)
    if (!found) throw new TreeError(`${name}: no node /${of}`)
    return found
  }
  const set = (of: TreeNode, property: string, value: Parameters<typeof propertyBytes>[0] | undefined) => {
    if (value !== undefined) of.properties.set(property, propertyBytes(value))
  }
  const chosen = child('chosen')
  set(chosen, 'bootargs', options.append)
  set(chosen, 'linux,initrd-start', options.initrd && wide(options.initrd.from))
  set(chosen, 'linux,initrd-end', options.initrd && wide(options.initrd.end))
  if (options.rtas) {
    const rtas = child('rtas')
    set(rtas, 'linux,rtas-base', [options.rtas.base])
    set(rtas, 'linux,rtas-entry', [options.rtas.base])
    set(rtas, 'rtas-size', [options.rtas.bytes])
    tree.reserved.push({ address: BigInt(options.rtas.base), bytes: BigInt(options.rtas.bytes) })
  }
  return tree
}

/** Lays out the guest's memory and sets the first vCPU to the entry. Throws ElfError, TreeError. */
export function enterPseries(
  machine: PowerMachine,
  elf: Elf,
  name: string,
  machineTree: Omit<TreeOptions, 'append' | 'initrd' | 'rtas'>,
  options: PseriesOptions,
): void {
  const end = relocatesItself(elf) ? loadKernel(machine, elf, name) : 0
  let top = down(machine.ram.length)
  const rtas = elf.entry >= UPPER_HALF ? { base: top - ALIGNED, bytes: ALIGNED } : undefined
  if (rtas) {
    top = rtas.base
    machine.ram.set(propertyBytes(RTAS_CODE), rtas.base)
  }
  const initrd = options.initrd && placeInitrd(machine, options.initrd, up(end + ALIGNED), top)
  const described: TreeOptions = {
    ...machineTree,
    ...(options.append !== undefined && { append: options.append }),
    ...(initrd && { initrd }),
    ...(rtas && { rtas }),
  }
  const tree = writeTree(options.dtb ? treeOfFile(options.dtb, described) : pseriesTree(described))
  const at = down(top - tree.length)
  if (at < end)
    throw new ElfError(`${name}: the device tree does not fit into ${machine.ram.length} bytes of memory`)
  machine.write(at, tree)
  machine.setGpr(3, BigInt(at))
  machine.setGpr(4, BigInt(KERNEL_AT))
  machine.pc = relocatesItself(elf) ? BigInt(KERNEL_AT) + (elf.entry & BigInt(PHYSICAL)) : elf.entry
}
