/** Compiled loops beside the interpreter: the same bits at any cycle, whatever is in the loop and whatever ends it. */
import { describe, expect, test } from 'vitest'
import { type Drawer, drawer, drawWord, testedRows } from '../../scripts/power-random/cases.js'
import { loopAround } from '../../src/power/hot/loops.js'
import { knows } from '../../src/power/hot/operations.js'
import type { SlotPage } from '../../src/power/hot/slots.js'
import { type Code, i64, moduleOf, signed, unsigned } from '../../src/power/hot/wasm.js'
import { COST_CLASSES, type PowerMachine, type PowerOptions } from '../../src/power/index.js'
import { operations } from '../../src/power/tables.js'
import { add, addi, b, bdnz, li, machineWith, mtspr, NOP, SELF, SPR, stw, wordAt } from './assemble.js'

const RAM = 1 << 18
/** Often enough that a loop is compiled after some ten turns. */
const SOON = 24n

const CR = 0x2c00_0000
const cmpwi = (field: number, a: number, value: number) => CR | (field << 23) | (a << 16) | (value & 0xffff)
/** Branches if the bit is set, or if it is not. */
const bc = (set: boolean, bit: number, distance: number) =>
  ((16 << 26) | ((set ? 12 : 4) << 21) | (bit << 16) | (distance & 0xfffc)) >>> 0

interface Mode {
  readonly title: string
  readonly model: 'bare32' | 'pseries'
  readonly msr: bigint
  readonly little: boolean
}

const SF = 1n << 63n
const MODES: readonly Mode[] = [
  { title: 'a 32-bit CPU', model: 'bare32', msr: 0n, little: false },
  { title: '64 bits, big-endian', model: 'pseries', msr: SF, little: false },
  { title: '64 bits, little-endian', model: 'pseries', msr: SF | 1n, little: true },
  { title: 'a 64-bit CPU in 32-bit mode', model: 'pseries', msr: 1n, little: true },
]

function machineFor(
  { model, msr, little }: Mode,
  words: readonly number[],
  options: PowerOptions,
): PowerMachine {
  const machine = machineWith([], {}, { model, ramBytes: RAM, ...options })
  const code = new DataView(new ArrayBuffer(4 * words.length))
  words.forEach((word, i) => {
    code.setUint32(4 * i, word, little)
  })
  machine.write(0x1000, new Uint8Array(code.buffer))
  machine.msr = msr
  return machine
}

const compiled = ({ core }: PowerMachine) => core.table.length - 1

/** What is in the body of a drawn loop: instructions, branches forwards, perhaps a loop in the loop. */
function drawBody(rows: ReturnType<typeof testedRows>, server: boolean, draw: Drawer): number[] {
  const words = Array.from({ length: 3 + draw.next(12) }, () => drawWord(draw.pick(rows), server, draw))
  for (let i = 0; i < words.length; i++) {
    if (draw.next(5) !== 0) continue
    const over = 1 + draw.next(Math.min(4, words.length - i))
    words[i] = draw.next(6) === 0 ? b(4 * over) : bc(draw.next(2) === 0, draw.next(32), 4 * over)
  }
  // r9 counts an inner loop down, unless the body writes it: then the branch back is as good as any.
  if (draw.next(3) === 0) {
    const from = draw.next(words.length)
    const distance = -4 * (words.length - from + 2)
    words.push(addi(9, 9, 0xffff), cmpwi(7, 9, 0), bc(false, 30, distance), li(9, 3))
  }
  return words
}

/** Registers and memory of a machine, drawn anew from the same seed. */
function fill(machine: PowerMachine, seed: number): void {
  const draw = drawer(seed)
  const word = () => BigInt(draw.next(1 << 16))
  for (let i = 0; i < RAM - 0x8000; i += 997) machine.ram[0x8000 + i] = draw.next(256)
  for (let r = 0; r < 32; r++)
    machine.setGpr(r, word() | (word() << 16n) | (draw.next(2) ? word() << 32n : 0n) | (word() << 48n))
  // In the middle of memory, close to the end of a page or not.
  for (const r of [4, 5, 6])
    machine.setGpr(r, BigInt(0x1_0000 * (r - 3) + draw.pick([0x800, 0xff8, 0xffd, 0])))
  for (const r of [7, 8]) machine.setGpr(r, BigInt(draw.next(64)))
  machine.setGpr(9, 3n)
  machine.setCtr(400n)
  machine.core.put_cr(draw.next(1 << 30))
  machine.core.put_xer(draw.pick([0, 0x2000_0000, 0x8000_0000]))
}

/** Cases in which a loop was compiled. */
function compare(mode: Mode, cases: number, first: number, build: 'release' | 'debug'): number {
  const server = mode.model === 'pseries'
  const rows = testedRows(server, 'integer').filter(
    ({ does, costClass }) => costClass !== 'branch' && knows(does.toUpperCase()),
  )
  let entered = 0
  for (let seed = first; seed < first + cases; seed++) {
    const draw = drawer(seed)
    const body = drawBody(rows, server, draw)
    const words = [...body, bdnz(-4 * body.length), SELF]
    const costs = Object.fromEntries(COST_CLASSES.map((name) => [name, draw.next(2) ? 1 : 1 + draw.next(5)]))
    const [hot, cold] = [SOON, 0n].map((lookAfter) => {
      const machine = machineFor(mode, words, { lookAfter, costs, build })
      fill(machine, seed)
      return machine
    }) as [PowerMachine, PowerMachine]
    for (const cycles of [300n, 1201n, 1202n, 1203n, 1777n, 2500n + BigInt(draw.next(40)), 9000n]) {
      const ends = [hot, cold].map((machine) => machine.run(cycles))
      expect(`${ends[0]} ${hot.hash}`, `${mode.title}, seed ${seed}, cycle ${cycles}`).toBe(
        `${ends[1]} ${cold.hash}`,
      )
    }
    if (compiled(hot) > 0) entered++
  }
  return entered
}

describe('drawn loops', () => {
  test.each(MODES)('$title', (mode) => {
    // Some leave for good in the first turns, or have storage accesses that end them.
    expect(compare(mode, 60, 1000, 'release')).toBeGreaterThan(40)
  })
  test.each(MODES)('$title, debug build', (mode) => {
    expect(compare(mode, 8, 5000, 'debug')).toBeGreaterThan(4)
  })
})

test('every operation that a loop can have is one of the interpreter’s', () => {
  const names = operations().filter(knows)
  expect(names.length).toBeGreaterThan(120)
  expect(names).not.toContain('DECODE')
  expect(names).not.toContain('MFTB')
})

describe('a loop', () => {
  const count = [addi(3, 3, 1), add(4, 4, 3), bdnz(-8), SELF]
  const at = (lookAfter: bigint, words: readonly number[], ctr = 1_000_000n) => {
    const machine = machineWith(words, {}, { lookAfter, ramBytes: RAM })
    machine.setCtr(ctr)
    return machine
  }

  test('is entered once it is hot, and stops in any cycle', () => {
    const machine = at(SOON, count)
    machine.run(5000n)
    expect(compiled(machine)).toBe(1)
    for (let cycles = 5000n; cycles < 5010n; cycles++) {
      machine.run(cycles)
      expect(machine.cycles).toBe(cycles)
      expect(machine.gpr(3)).toBe((cycles + 2n) / 3n)
    }
  })

  test('whose code it changes itself runs as changed', () => {
    // The loop makes its own `addi r3,r3,1` an `addi r3,r3,2`, and so on, each turn.
    const words = [addi(3, 3, 1), add(4, 4, 3), addi(6, 6, 1), stw(6, 0, 0x1000), bdnz(-16), SELF]
    const [hot, cold] = [SOON, 0n].map((lookAfter) => {
      const machine = at(lookAfter, words, 300n)
      machine.setGpr(6, BigInt(addi(3, 3, 1)))
      return machine
    }) as [PowerMachine, PowerMachine]
    for (const cycles of [700n, 701n, 1400n, 2000n]) {
      hot.run(cycles)
      cold.run(cycles)
      expect(hot.hash).toBe(cold.hash)
    }
    expect(hot.gpr(3)).toBe(BigInt((300 * 301) / 2))
  })

  test('is not forgotten because data in its page changes', () => {
    const machine = at(SOON, [addi(3, 3, 1), stw(3, 0, 0x1800), bdnz(-8), SELF], 100_000n)
    machine.run(249_999n)
    expect(compiled(machine)).toBe(1)
    expect(wordAt(machine, 0x1800)).toBe(Number(machine.gpr(3)))
  })

  test('is found again in the machine that it was saved from', () => {
    const machine = at(SOON, count)
    machine.run(2000n)
    const saved = machine.snapshot()
    machine.run(9001n)
    const { hash } = machine
    machine.restore(saved)
    machine.run(9001n)
    expect(machine.hash).toBe(hash)
    // The same code: the function that there is.
    expect(compiled(machine)).toBe(1)
  })

  test('with an instruction that is not known is interpreted', () => {
    const machine = at(SOON, [addi(3, 3, 1), mtspr(3, SPR.sprg0), NOP, bdnz(-12), SELF])
    machine.run(50_000n)
    expect(compiled(machine)).toBe(0)
    expect(machine.gpr(3)).toBe(12_500n)
  })
})

describe('the loop around a place', () => {
  /** A page of plain instructions, but for branches by where they are. */
  const page = (branches: Readonly<Record<number, readonly [op: string, to: number]>>): SlotPage => {
    const slot = (index: number) => {
      if (index < 0 || index >= 64) return null
      const [op, to] = branches[index] ?? ['NOP', index]
      return { op, d: 0, a: 0, b: 0, imm: (to - index) * 16, aux: 0, cycles: 1 }
    }
    return { slot } as unknown as SlotPage
  }
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

  test('is the smallest one', () => {
    const nested = page({ 20: ['BDNZ', 10], 30: ['BC_TRUE', 4], 40: ['BLR', 0] })
    expect(loopAround(nested, 12)).toEqual({ head: 10, slots: range(10, 20) })
    expect(loopAround(nested, 7)).toEqual({ head: 4, slots: range(4, 30) })
    expect(loopAround(nested, 35)).toBeNull()
  })
  test('has no place for what leaves it', () => {
    const broken = page({ 8: ['BC_FALSE', 30], 12: ['BDNZ', 4], 30: ['BLR', 0] })
    expect(loopAround(broken, 5)).toEqual({ head: 4, slots: range(4, 12) })
    expect(loopAround(page({ 8: ['SYS', 0], 12: ['B', 4] }), 9)).toBeNull()
  })
})

describe('bytes of WebAssembly', () => {
  test.each([
    [0n, [0x00]],
    [63n, [0x3f]],
    [64n, [0xc0, 0x00]],
    [-64n, [0x40]],
    [-65n, [0xbf, 0x7f]],
    [1n << 32n, [0x80, 0x80, 0x80, 0x80, 0x10]],
  ])('signed %s', (value, bytes) => {
    expect(signed(value)).toEqual(bytes)
  })
  test.each([
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [0xffff_ffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('unsigned %s', (value, bytes) => {
    expect(unsigned(value)).toEqual(bytes)
  })
  test.each([0n, -1n, (1n << 63n) - 1n, 1n << 63n, 0x8000_0000n])('a module that answers %s', (value) => {
    const body: Code = i64(value)
    const memory = new WebAssembly.Memory({ initial: 1 })
    const instance = new WebAssembly.Instance(new WebAssembly.Module(moduleOf([], body)), {
      env: { memory, reach: () => 0 },
    })
    expect((instance.exports.run as () => bigint)()).toBe(BigInt.asIntN(64, value))
  })
})
