/** No write to the memory of a Power machine escapes its marks, and a guest cannot tell whether anybody looks at them. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PageTables, PTE } from '../../scripts/power-mmu/page-tables.js'
import { bootMachine, PowerMachine } from '../../src/power/index.js'
import { addi, b, ld, machineWith, SPR, std, stw, xOf } from './assemble.js'

const PAGE = 4096
const folder = new URL('../guests/power/', import.meta.url)
const programs = readdirSync(folder).filter((name) => name.endsWith('.elf'))
const boot = (name: string, build: 'release' | 'debug' = 'release') =>
  bootMachine(readFileSync(new URL(name, folder)), name, { ramBytes: 8 << 20, build })

/** A machine that has halted only lets time go by. */
function reach(machine: PowerMachine, cycles: bigint): void {
  while (machine.cycles < cycles && ['time', 'halted'].includes(machine.run(cycles))) {}
}

const dirty = (machine: PowerMachine): number[] =>
  machine
    .dirtyPages()
    .flatMap(({ at, bytes }) => Array.from({ length: bytes.length / PAGE }, (_, i) => at / PAGE + i))

function changed(before: Uint8Array, after: Uint8Array): number[] {
  const page = (bytes: Uint8Array, at: number) => Buffer.from(bytes.buffer, bytes.byteOffset + at, PAGE)
  const pages = Array.from({ length: after.length / PAGE }, (_, i) => i)
  return pages.filter((i) => !page(before, i * PAGE).equals(page(after, i * PAGE)))
}

describe.each(programs)('%s', (name) => {
  it('marks each page that it writes, round after round, and ends in the same bits', () => {
    const build = name < 'b64' ? 'debug' : 'release'
    const [watched, alone] = [boot(name, build), boot(name, build)]
    for (const cycles of [1n, 1000n, 1001n, 20_000n, 20_003n, 150_000n, 400_000n, 2_000_000n]) {
      const before = watched.ram.slice()
      watched.cleanPages()
      expect(dirty(watched)).toEqual([])
      reach(watched, cycles)
      const pages = new Set(dirty(watched))
      const written = changed(before, watched.ram)
      expect(written.filter((page) => !pages.has(page))).toEqual([])
    }
    reach(alone, 2_000_000n)
    expect(watched.hash).toBe(alone.hash)
    expect(watched.takeConsole()).toBe(alone.takeConsole())
  })
})

it('the programs do write', () => {
  const machine = boot('b64-sort.elf')
  machine.cleanPages()
  machine.run(400_000n)
  expect(dirty(machine).length).toBeGreaterThan(3)
})

describe.each(['release', 'debug'] as const)('a store on the %s build', (build) => {
  /** Runs the words with r4 = address and r5 = 7, all marks cleared before; the pages that are marked. */
  function marks(words: readonly number[], address: number, count = words.length): number[] {
    const machine = machineWith(words, {}, { model: 'pseries', build, ramBytes: 1 << 20 })
    machine.setGpr(4, BigInt(address))
    machine.setGpr(5, 7n)
    machine.cleanPages()
    const { cycles } = machine
    machine.run(cycles + BigInt(count))
    return dirty(machine)
  }

  it.each([
    ['std', [std(5, 4, 0)], 0x5008, [5]],
    ['std to the last page', [std(5, 4, 0)], (1 << 20) - 8, [255]],
    ['stw across pages', [stw(5, 4, 0)], 0x5ffe, [5, 6]],
    ['std twice, the second by the entry', [std(5, 4, 0), std(5, 4, 8)], 0x5000, [5]],
    ['std to a page with code', [std(5, 4, 0)], 0x1800, [1]],
    ['dcbz', [xOf(1014)(0, 0, 4)], 0x6010, [6]],
    ['stdux', [xOf(181)(5, 4, 6)], 0x7000, [7]],
    ['stdbrx', [xOf(660)(5, 0, 4)], 0x8000, [8]],
    ['stwcx. with a reservation', [xOf(20)(6, 0, 4), xOf(150)(5, 0, 4) | 1], 0x9000, [9]],
    ['stwat', [xOf(710)(5, 4, 0)], 0xa000, [10]],
    ['a load', [ld(6, 4, 0)], 0xb000, []],
  ] as const)('%s', (_what, words, address, pages) => {
    expect(marks(words, address)).toEqual(pages)
  })

  it('after the marks are cleared in the middle of a loop', () => {
    const machine = machineWith([std(5, 4, 0), addi(5, 5, 1), b(-8)], {}, { model: 'pseries', build })
    machine.setGpr(4, 0x5000n)
    for (let round = 0; round < 5; round++) {
      machine.cleanPages()
      machine.run(machine.cycles + 300n)
      expect(dirty(machine)).toEqual([5])
    }
  })

  it('the reference and change bits of a page table', () => {
    const words = [ld(3, 4, 0), std(5, 4, 0)]
    const machine = machineWith(words, {}, { model: 'pseries', ramBytes: 16 << 20, build })
    const tables = new PageTables(machine.ram, 0x10_0000)
    const tree = tables.tree()
    const leaf = tables.map(tree, 0x4000n, 0x30_0000n, PTE.read | PTE.write)
    machine.core.partition_set_lpcr(0x50_0000n, 0x50_0000n)
    machine.core.partition_set_process_table(BigInt(tables.processTable({ 0: tree, 7: tree })))
    machine.setSpr(SPR.pid, 7n)
    machine.msr = (1n << 63n) | 0x1010n
    machine.core.machine_changed()
    machine.setGpr(4, 0x4000n)
    const table = Math.floor(Number(leaf) / PAGE)
    for (const pages of [[table], [table, 0x300]]) {
      machine.cleanPages()
      machine.run(machine.cycles + 1n)
      expect(dirty(machine)).toEqual(pages)
    }
    // Both bits are set now: what is written is the page alone.
    machine.pc = 0x1004n
    machine.cleanPages()
    machine.run(machine.cycles + 1n)
    expect(dirty(machine)).toEqual([0x300])
  })
})

describe('the platform', () => {
  function calls(
    number: number,
    args: readonly (number | bigint)[],
    block: readonly number[] = [],
  ): number[] {
    const machine = new PowerMachine({ model: 'pseries', ramBytes: 1 << 20 })
    machine.write(0x100, Uint8Array.from([0x44, 0, 0, 0x22]))
    const view = new DataView(machine.ram.buffer, machine.ram.byteOffset)
    for (const [i, value] of block.entries()) view.setUint32(0x8000 + 4 * i, value)
    // A VPA says its size.
    view.setUint16(0x6004, 640)
    machine.setGpr(3, BigInt(number))
    for (const [i, value] of args.entries()) machine.setGpr(4 + i, BigInt.asUintN(64, BigInt(value)))
    machine.pc = 0x100n
    machine.cleanPages()
    const before = machine.ram.slice()
    machine.run(machine.cycles + 1n)
    const pages = dirty(machine)
    expect(changed(before, machine.ram).filter((page) => !pages.includes(page))).toEqual([])
    return pages
  }
  const RTAS = 0xf000
  it.each([
    ['H_PAGE_INIT with zeros', 0x2c, [1 << 15, 0x5000, 0], [], [5]],
    ['H_PAGE_INIT with a page', 0x2c, [1 << 14, 0x7000, 0x0000], [], [7]],
    ['H_LOGICAL_CI_STORE', 0x40, [8, 0x3ffc, 1], [], [3, 4]],
    ['H_REGISTER_VPA', 0xdc, [1n << 45n, 0, 0x6000], [], [6]],
    ['get-time-of-day', RTAS, [0x8000], [0x2001, 0, 8], [8]],
    ['nvram-fetch', RTAS, [0x8000], [0x2012, 3, 2, 0, 0x2ffe, 8], [2, 3, 8]],
    ['get-system-parameter', RTAS, [0x8000], [0x2008, 3, 1, 20, 0x4000, 64], [4, 8]],
    ['the console', 0x58, [0x7100_0000, 4, 0x3031323300000000n], [], []],
  ] as const)('%s', (_what, number, args, block, pages) => {
    expect(calls(number, args, block)).toEqual(pages)
  })
})
