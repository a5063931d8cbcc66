/** Radix translation: what accesses come to, what is marked, and what interrupts say (Power ISA 3.0B, Book III, 5.7). */
import { describe, expect, test } from 'vitest'
import { type PageSize, PageTables, PTE } from '../../scripts/power-mmu/page-tables.js'
import type { PowerMachine } from '../../src/power/index.js'
import { add, addi, b, ld, machineWith, mtmsrd, mtspr, SPR, std, stw, tlbie, tlbiel } from './assemble.js'

const [SF, PR, IR, DR, ME, LE] = [1n << 63n, 0x4000n, 0x20n, 0x10n, 0x1000n, 1n]
const [HR, UPRT, AIL3, ILE] = [0x10_0000n, 0x40_0000n, 0x180_0000n, 0x200_0000n]
const KERNEL = 3n << 62n
const ALL = PTE.read | PTE.write | PTE.execute
const DATA = 0x30_0000

interface Guest {
  readonly machine: PowerMachine
  readonly tables: PageTables
  readonly kernel: bigint
  readonly user: bigint
}

/** A machine of 16 MiB whose process 0 and process 7 have empty trees, with PIDR = 7, translating data. */
function guest(words: readonly number[], build: 'release' | 'debug' = 'release'): Guest {
  const machine = machineWith(words, {}, { model: 'pseries', ramBytes: 16 << 20, build })
  const tables = new PageTables(machine.ram, 0x10_0000)
  const [kernel, user] = [tables.tree(), tables.tree()]
  const table = tables.processTable({ 0: kernel, 7: user })
  machine.core.partition_set_lpcr(HR | UPRT, HR | UPRT)
  machine.core.partition_set_process_table(BigInt(table))
  machine.setSpr(SPR.pid, 7n)
  machine.msr = SF | ME | DR
  machine.core.machine_changed()
  return { machine, tables, kernel, user }
}

const put = (machine: PowerMachine, at: number, value: bigint) => {
  new DataView(machine.ram.buffer, machine.ram.byteOffset).setBigUint64(at, value)
  machine.core.machine_changed()
}
const at = (machine: PowerMachine, address: number) =>
  new DataView(machine.ram.buffer, machine.ram.byteOffset).getBigUint64(address)

/** Runs `count` instructions; what the machine shows then. */
function step(machine: PowerMachine, count = 1) {
  machine.run(machine.cycles + BigInt(count))
  const spr = (n: number) => machine.spr(n)
  return { pc: machine.pc, srr1: spr(SPR.srr1) & 0x783f_0000n, dsisr: spr(SPR.dsisr), dar: spr(SPR.dar) }
}

describe.each(['release', 'debug'] as const)('%s build', (build) => {
  test.each<[PageSize, bigint, bigint]>([
    ['4K', 0x1234_5000n, 0xabcn],
    ['64K', 0x7_0001_0000n, 0xfab8n],
    ['2M', 0xf_ff80_0000_0000n, 0x12_3450n],
    ['1G', 0xc_0000_0000n, 0x3f_fff8n],
  ])('a page of %s', (size, page, offset) => {
    const { machine, tables, user } = guest([ld(3, 4, 0), std(5, 4, 0), ld(6, 4, 0)], build)
    const real = size === '1G' ? 0n : size === '2M' ? 0x20_0000n : 0x30_0000n
    const leaf = tables.map(user, page, real, PTE.read | PTE.write, size)
    put(machine, Number(real + offset), 0x1122_3344_5566_7788n)
    machine.setGpr(4, page + offset)
    machine.setGpr(5, 99n)
    step(machine)
    expect(machine.gpr(3)).toBe(0x1122_3344_5566_7788n)
    expect(tables.entry(leaf) & (PTE.referenced | PTE.changed)).toBe(PTE.referenced)
    step(machine, 2)
    expect(machine.gpr(6)).toBe(99n)
    expect(at(machine, Number(real + offset))).toBe(99n)
    expect(tables.entry(leaf) & PTE.changed).toBe(PTE.changed)
  })
})

describe('quadrants', () => {
  test('0 is the process of PIDR, 3 is process 0', () => {
    const { machine, tables, kernel, user } = guest([
      ld(3, 4, 0),
      ld(5, 6, 0),
      mtspr(7, SPR.pid),
      ld(3, 4, 0),
    ])
    tables.map(user, 0x4000n, 0x30_0000n, PTE.read)
    tables.map(kernel, 0x4000n, 0x30_1000n, PTE.read)
    put(machine, DATA, 1n)
    put(machine, DATA + 0x1000, 2n)
    machine.setGpr(4, 0x4000n)
    machine.setGpr(6, KERNEL | 0x4000n)
    machine.setGpr(7, 0n)
    step(machine, 2)
    expect([machine.gpr(3), machine.gpr(5)]).toEqual([1n, 2n])
    step(machine, 2)
    expect(machine.gpr(3)).toBe(2n)
  })

  test.each([
    ['quadrant 1', 1n << 62n],
    ['quadrant 2', 2n << 62n],
    ['bits 2 to 11', 1n << 52n],
    ['bits 2 to 11 of the operating system', KERNEL | (1n << 61n)],
  ])('%s: a segment interrupt', (_, address) => {
    const { machine } = guest([ld(3, 4, 0)])
    machine.setGpr(4, address)
    expect(step(machine)).toMatchObject({ pc: 0x380n, dar: address })
  })

  test('a fetch from quadrant 1 is an instruction segment interrupt', () => {
    const { machine } = guest([])
    machine.msr |= IR
    machine.pc = 1n << 62n
    expect(step(machine)).toMatchObject({ pc: 0x480n })
    expect(machine.spr(SPR.srr0)).toBe(1n << 62n)
  })
})

describe('storage interrupts', () => {
  const PAGE = 0x4000n
  const [NONE, NO_EXECUTE, PROTECTED, STORE, BAD] = [
    0x4000_0000n,
    0x1000_0000n,
    0x800_0000n,
    0x200_0000n,
    0x8_0000n,
  ]

  test('no entry, for a load and a store', () => {
    const { machine } = guest([ld(3, 4, 8)])
    machine.setGpr(4, PAGE)
    expect(step(machine)).toMatchObject({ pc: 0x300n, dsisr: NONE, dar: PAGE + 8n })
    const other = guest([std(3, 4, 8)]).machine
    other.setGpr(4, PAGE)
    expect(step(other)).toMatchObject({ pc: 0x300n, dsisr: NONE | STORE, dar: PAGE + 8n })
  })

  test('a process behind the end of the process table', () => {
    const { machine } = guest([ld(3, 4, 0)])
    machine.setSpr(SPR.pid, 256n)
    expect(step(machine)).toMatchObject({ pc: 0x300n, dsisr: NONE })
  })

  // What lets which access through: rights of the leaf, problem state, AMR.
  test.each<[string, bigint, bigint, bigint, 'ld' | 'std', bigint | null]>([
    ['reading a page to read', PTE.read, 0n, 0n, 'ld', null],
    ['writing a page to read', PTE.read, 0n, 0n, 'std', PROTECTED | STORE],
    ['reading a page to write', PTE.write, 0n, 0n, 'ld', null],
    ['reading a page to execute', PTE.execute, 0n, 0n, 'ld', PROTECTED],
    ['a privileged page in privileged state', PTE.privileged | ALL, 0n, 0n, 'std', null],
    ['a privileged page in problem state', PTE.privileged | ALL, PR, 0n, 'ld', PROTECTED],
    ['AMR keeps from writing', ALL, 0n, 2n << 62n, 'std', PROTECTED | STORE],
    ['but not from reading', ALL, 0n, 2n << 62n, 'ld', null],
    ['AMR keeps from reading', ALL, 0n, 1n << 62n, 'ld', PROTECTED],
    ['AMR is not for privileged pages', PTE.privileged | ALL, 0n, 3n << 62n, 'ld', null],
    ['AMR is not for processes', ALL, PR | IR, 3n << 62n, 'ld', null],
  ])('%s', (_, bits, mode, amr, what, cause) => {
    const { machine, tables, user } = guest([what === 'ld' ? ld(3, 4, 0) : std(3, 4, 0)])
    tables.map(user, PAGE, 0x30_0000n, bits)
    tables.map(user, 0x1000n, 0x1000n, PTE.read | PTE.execute)
    machine.msr |= mode
    machine.setSpr(SPR.amr, amr)
    machine.setGpr(4, PAGE)
    const { pc, dsisr } = step(machine)
    expect([pc, dsisr]).toEqual(cause === null ? [0x1004n, 0n] : [0x300n, cause])
  })

  test.each<[string, bigint, bigint, bigint, bigint | null]>([
    ['an executable page', PTE.execute, 0n, 0n, null],
    ['a page that is not', PTE.read | PTE.write, 0n, 0n, NO_EXECUTE],
    ['a guarded page', ALL | PTE.guarded, 0n, 0n, NO_EXECUTE],
    ['a privileged page in problem state', ALL | PTE.privileged, PR, 0n, NO_EXECUTE],
    ['IAMR keeps the operating system from it', ALL, 0n, 1n << 62n, NO_EXECUTE],
    ['but no process', ALL, PR, 1n << 62n, null],
  ])('fetching from %s', (_, bits, mode, iamr, cause) => {
    const { machine, tables, user } = guest([addi(3, 0, 5)])
    tables.map(user, PAGE, 0x1000n, bits)
    machine.msr = SF | ME | IR | DR | mode
    machine.setSpr(SPR.iamr, iamr)
    machine.pc = PAGE
    const { pc, srr1 } = step(machine)
    expect([pc, srr1]).toEqual(cause === null ? [PAGE + 4n, 0n] : [0x400n, cause])
  })

  test.each([
    ['RPDS', 12n],
    ['RTS', 13n ^ 0x20n],
  ])('a tree that POWER9 does not know: %s', (_, bits) => {
    const { machine, tables } = guest([ld(3, 4, 0)])
    const table = tables.processTable({ 7: (2n << 61n) | 0x20_0000n | (5n << 5n) | 13n })
    tables.setEntry(table + 112, (2n << 61n) | 0x20_0000n | ((5n << 5n) ^ (bits & 0x20n)) | (bits & 31n))
    machine.core.partition_set_process_table(BigInt(table))
    machine.setGpr(4, PAGE)
    expect(step(machine)).toMatchObject({ pc: 0x300n, dsisr: BAD })
  })

  test('an access to two pages reports the second, and stores nothing', () => {
    const { machine, tables, user } = guest([std(3, 4, 0)])
    tables.map(user, PAGE, 0x30_0000n, ALL)
    machine.setGpr(3, -1n)
    machine.setGpr(4, PAGE + 0xffcn)
    expect(step(machine)).toMatchObject({ pc: 0x300n, dsisr: NONE | STORE, dar: PAGE + 0x1000n })
    expect(at(machine, DATA + 0xff8)).toBe(0n)
  })

  test('two pages that lie apart', () => {
    const { machine, tables, user } = guest([std(3, 4, 0), ld(5, 4, 0)])
    tables.map(user, PAGE, 0x30_5000n, ALL)
    tables.map(user, PAGE + 0x1000n, 0x30_0000n, ALL)
    machine.setGpr(3, 0x0102_0304_0506_0708n)
    machine.setGpr(4, PAGE + 0xffdn)
    step(machine, 2)
    expect(machine.gpr(5)).toBe(0x0102_0304_0506_0708n)
    expect(at(machine, DATA + 0x5ff8)).toBe(0x01_0203n)
    expect(at(machine, DATA)).toBe(0x0405_0607_0800_0000n)
  })

  test('a page beyond memory: a machine check', () => {
    const { machine, tables, user } = guest([ld(3, 4, 0)])
    tables.map(user, PAGE, 0x4000_0000n, ALL)
    machine.setGpr(4, PAGE)
    expect(step(machine)).toMatchObject({ pc: 0x200n, dar: PAGE, dsisr: 0x40n, srr1: 0x20_0000n })
  })

  test('LPCR: byte order of interrupts, and where their code lies', () => {
    const { machine } = guest([ld(3, 4, 0)])
    machine.core.partition_set_lpcr(AIL3 | ILE, AIL3 | ILE)
    machine.setGpr(4, PAGE)
    expect(step(machine).pc).toBe(0x300n)
    expect(machine.msr).toBe(SF | ME | LE)
    const { machine: other, tables, kernel } = guest([ld(3, 4, 0)])
    tables.map(kernel, 0x1000n, 0x1000n, ALL | PTE.privileged)
    other.core.partition_set_lpcr(AIL3, AIL3)
    other.msr |= IR
    other.pc = KERNEL | 0x1000n
    other.setGpr(4, PAGE)
    expect(step(other).pc).toBe(0xc000_0000_0000_4300n)
    expect(other.msr).toBe(SF | ME | IR | DR)
  })
})

describe('what TLBs hold', () => {
  const PAGE = 0x4000n

  test.each([
    ['tlbie', tlbie(5, 6, 0), PAGE],
    ['tlbiel', tlbiel(5, 6, 0), PAGE],
    ['tlbie of a larger page', tlbie(5, 6, 0), 0n | (5n << 5n)],
    ['tlbie of a process', tlbie(5, 6, 2), 1n << 10n],
  ])('%s: the page is looked up again', (_, word, operand) => {
    const { machine, tables, user } = guest([ld(3, 4, 0), ld(3, 4, 0), word, ld(3, 4, 0)])
    tables.map(user, PAGE, 0x30_0000n, ALL)
    put(machine, DATA, 1n)
    put(machine, DATA + 0x1000, 2n)
    machine.setGpr(4, PAGE)
    machine.setGpr(5, operand)
    machine.setGpr(6, 7n << 32n)
    step(machine)
    tables.map(user, PAGE, 0x30_1000n, ALL)
    step(machine)
    expect(machine.gpr(3)).toBe(1n) // nothing has said that the tree has changed
    step(machine, 2)
    expect(machine.gpr(3)).toBe(2n)
  })

  test('what is known is state: saved and loaded, a machine goes on as if never touched', () => {
    const { machine, tables, user } = guest([ld(3, 4, 0), ld(3, 4, 0), tlbie(5, 6, 0), ld(3, 4, 0)])
    tables.map(user, PAGE, 0x30_0000n, ALL)
    put(machine, DATA, 1n)
    put(machine, DATA + 0x1000, 2n)
    machine.setGpr(4, PAGE)
    machine.setGpr(5, PAGE)
    step(machine)
    tables.map(user, PAGE, 0x30_1000n, ALL)
    const other = guest([]).machine
    other.restore(machine.snapshot())
    for (const [count, value] of [
      [1, 1n],
      [2, 2n],
    ] as const) {
      step(machine, count)
      step(other, count)
      expect([machine.gpr(3), other.gpr(3)]).toEqual([value, value])
      expect(other.hash).toBe(machine.hash)
    }
  })

  test('AMR is obeyed at once, and given back', () => {
    const { machine, tables, user } = guest([ld(3, 4, 0), mtspr(5, SPR.amr), ld(3, 4, 0)])
    tables.map(user, PAGE, 0x30_0000n, ALL)
    machine.setGpr(4, PAGE)
    machine.setGpr(5, 3n << 62n)
    expect(step(machine, 3)).toMatchObject({ pc: 0x300n, dar: PAGE })
  })

  test('privilege and translation change without losing or lending entries', () => {
    const { machine, tables, user, kernel } = guest([
      ld(3, 4, 0),
      mtmsrd(5),
      ld(3, 4, 0),
      mtmsrd(6),
      ld(3, 4, 0),
    ])
    tables.map(user, 0x1000n, 0x1000n, ALL)
    tables.map(user, PAGE, 0x30_0000n, PTE.privileged | ALL)
    tables.map(kernel, PAGE, 0x30_0000n, ALL)
    put(machine, DATA, 1n)
    put(machine, 0x4000, 3n)
    machine.setGpr(4, PAGE)
    machine.setGpr(5, SF | ME)
    machine.setGpr(6, SF | ME | PR | IR | DR)
    step(machine)
    expect(machine.gpr(3)).toBe(1n)
    step(machine, 2)
    expect(machine.gpr(3)).toBe(3n)
    expect(step(machine, 2)).toMatchObject({ pc: 0x300n, dsisr: 0x800_0000n })
  })

  test('code that is written to under another address', () => {
    const { machine, tables, user } = guest([b(16), 0, 0, 0, stw(3, 4, 0), b(0x1000 - 0x14)])
    tables.map(user, 0x1000n, 0x1000n, ALL)
    tables.map(user, 0x2000n, 0x30_0000n, ALL)
    tables.map(user, 0x9000n, 0x30_0000n, ALL)
    machine.msr |= IR
    put(machine, DATA, (BigInt(addi(8, 8, 1)) << 32n) | BigInt(b(-0x1004 + 0x10)))
    machine.setGpr(3, BigInt(add(8, 8, 9)))
    machine.setGpr(9, 100n)
    machine.setGpr(4, 0x9008n)
    step(machine, 5) // once round: addi
    expect(machine.gpr(8)).toBe(1n)
    machine.setGpr(4, 0x9000n)
    step(machine, 4)
    expect(machine.gpr(8)).toBe(101n)
  })
})

test('a page table of hashes is refused by name', () => {
  const { machine } = guest([ld(3, 4, 0)])
  machine.core.partition_set_lpcr(0n, HR)
  expect(machine.run(machine.cycles + 1n)).toBe('fault')
  expect(machine.fault).toContain('hashed page tables')
})
