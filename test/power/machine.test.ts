/** The machine around the instructions: code that changes, time to the cycle, interrupts, saving at any instruction. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { drawer, drawWord } from '../../scripts/power-random/cases.js'
import { bootMachine, PowerMachine } from '../../src/power/index.js'
import { INSTRUCTIONS } from '../../src/power/instructions.js'
import { PAIRS } from '../../src/power/tables.js'
import {
  add,
  addi,
  b,
  bdnz,
  divwu,
  EE,
  icbi,
  li,
  lis,
  lwarx,
  lwz,
  ME,
  machineWith,
  mfspr,
  mtmsr,
  mtspr,
  NOP,
  ori,
  RFI,
  SELF,
  SPR,
  stb,
  stw,
  stwcx,
  wordAt,
} from './assemble.js'

const program = (name: string, build: 'release' | 'debug' = 'release') => {
  const file = new URL(`../guests/power/${name}.elf`, import.meta.url)
  return bootMachine(readFileSync(file), name, { build, ramBytes: 2 << 20 })
}

describe('code that changes itself', () => {
  // r3 = the word `li r5,7`; it replaces the instruction at 0x1018 after that has run once.
  const code = (fence: readonly number[]) => {
    const target = 0x1010 + 4 * fence.length
    return [
      lis(3, li(5, 7) >>> 16),
      ori(3, 3, li(5, 7) & 0xffff),
      b(target - 0x1008), // over the store
      stw(3, 0, target),
      ...fence,
      li(5, 1), // target
      add(6, 6, 5),
      addi(7, 7, 1),
      0x2c07_0002, // cmpwi r7,2
      0x4082_0000 | ((0x100c - (target + 16)) & 0xfffc), // bne back to the store
      SELF,
    ]
  }
  test.each([
    ['at once', []],
    ['with icbi and isync as the architecture asks for', [icbi(0, 0), 0x4c00_012c]],
  ])('%s', (_, fence) => {
    const machine = machineWith(code(fence))
    expect(machine.run(1000n)).toBe('halted')
    expect(machine.gpr(6)).toBe(8n)
  })

  test('a byte of an instruction; and by the shell', () => {
    const machine = machineWith([li(5, 1), li(3, 9), stb(3, 0, 0x1003), b(-12)])
    machine.run(5n)
    expect(machine.gpr(5)).toBe(9n)
    machine.write(0x1000, new Uint8Array([0x38, 0xa0, 0, 77]))
    machine.run(9n)
    expect(machine.gpr(5)).toBe(9n) // the guest wrote its byte again before it came round
    machine.write(0x1000, new Uint8Array([0x38, 0xa0, 1]))
    machine.run(13n)
    expect(machine.gpr(5)).toBe(0x109n)
  })

  test('a page that was data becomes code, and the store behind it is seen', () => {
    const caller = [
      lis(3, 0x4e80),
      ori(3, 3, 0x20),
      lis(4, 0),
      ori(4, 4, 0x3000),
      stw(3, 4, 4),
      lis(5, 0x38c0),
      stw(5, 4, 0),
    ]
    const call = (from: number) => 0x4800_0001 | ((0x3000 - from) & 0x03ff_fffc)
    const at = 0x1000 + 4 * caller.length
    const again = [ori(5, 5, 5), stw(5, 4, 0)]
    const machine = machineWith([...caller, call(at), ...again, call(at + 12), SELF])
    machine.run(1000n)
    expect(machine.gpr(6)).toBe(5n)
  })
})

describe('time', () => {
  test('mftb in the middle of a block reads its own instant', () => {
    const machine = machineWith(
      [NOP, mfspr(3, SPR.tbl), NOP, NOP, mfspr(4, SPR.tbl), SELF],
      {},
      { tbHz: 1_000_000_000n },
    )
    machine.run(100n)
    expect([machine.gpr(3), machine.gpr(4)]).toEqual([1n, 4n])
  })

  test('with its cost model: a division of 20 cycles, loads of 3', () => {
    const machine = machineWith(
      [divwu(3, 4, 5), mfspr(6, SPR.tbl), lwz(3, 0, 0), mfspr(7, SPR.tbl), SELF],
      {},
      {
        tbHz: 1_000_000_000n,
        costs: { divide: 20, load: 3 },
      },
    )
    machine.run(100n)
    expect([machine.gpr(6), machine.gpr(7)]).toEqual([20n, 24n])
  })

  test('512 MHz from 1 GHz is exact after 10^12 cycles', () => {
    const machine = machineWith([SELF], {}, { model: 'pseries' })
    expect(machine.run(1_000_000_000_000n)).toBe('halted')
    machine.run(999_999_999_999n)
    expect(machine.timebase).toBe(511_999_999_999n)
    machine.run(1_000_000_000_000n)
    expect(machine.timebase).toBe(512_000_000_000n)
  })

  // The interrupt comes before the first instruction that starts once DEC has run out, also inside a block.
  const nops = Array.from({ length: 64 }, () => NOP)
  const interrupted = (dec: number, costs = {}) => {
    const start = [li(3, dec), lis(4, 0), ori(4, 4, EE), mtspr(3, SPR.dec), mtmsr(4)]
    const machine = machineWith(
      [...start, ...nops, SELF],
      { 2304: [mfspr(9, SPR.srr0), SELF] },
      { tbHz: 1_000_000_000n, costs },
    )
    machine.run(1000n)
    return machine.gpr(9)
  }
  test.each([5, 6, 17, 40])('DEC = %i at one tick a cycle', (dec) => {
    // mtdec starts in cycle 3, and DEC is 0 in cycle 3 + dec, where the instruction of that number would start.
    expect(interrupted(dec)).toBe(BigInt(0x1000 + 4 * (3 + dec)))
  })
  test('DEC in the middle of a long instruction waits for its end', () => {
    // Integer instructions take 10 cycles: mtdec starts in cycle 30, the nops in 32, 42, 52; 45 is inside the second.
    expect(interrupted(15, { integer: 10 })).toBe(BigInt(0x1000 + 4 * 7))
  })
  test('DEC below zero interrupts at once, and as an edge only once', () => {
    const start = [
      li(3, -1),
      lis(4, 0),
      ori(4, 4, EE),
      mtmsr(4),
      li(5, 100),
      mtspr(5, SPR.dec),
      mtspr(3, SPR.dec),
      NOP,
      SELF,
    ]
    const machine = machineWith(start, { 2304: [addi(9, 9, 1), mfspr(10, SPR.srr0), RFI] })
    machine.run(1000n)
    expect([machine.gpr(9), machine.gpr(10)]).toEqual([1n, 0x101cn])
  })

  test('an idle guest with a tick of 100 Hz: an hour', () => {
    const tick = [lis(3, 15), ori(3, 3, 16960), mtspr(3, SPR.dec), addi(9, 9, 1), RFI] // 1,000,000 ticks
    const machine = machineWith([lis(4, 0), ori(4, 4, EE), mtspr(4, SPR.dec), mtmsr(4), SELF], { 2304: tick })
    machine.run(3_600_000_000_000n)
    expect(machine.gpr(9)).toBe(360_000n)
    expect(machine.instructions).toBeLessThan(2_600_000n)
  })
})

describe('interrupts', () => {
  const vectors = Object.fromEntries([0x200, 0x600, 0x700, 0x800, 0xc00].map((at) => [at, [li(9, at), SELF]]))
  const after = (...words: number[]) => {
    const machine = machineWith([lis(4, 0), ori(4, 4, ME), mtmsr(4), ...words, SELF], vectors)
    machine.run(100n)
    const spr = (n: number) =>
      new DataView(machine.state.buffer, machine.state.byteOffset + 0x1000 + 8 * n, 8).getBigUint64(0, true)
    return {
      vector: Number(machine.gpr(9)),
      srr0: spr(SPR.srr0),
      srr1: spr(SPR.srr1),
      dar: spr(SPR.dar),
      msr: machine.msr,
    }
  }
  test.each([
    ['illegal', [0], 0x700, 0x100cn, 0x8_1000n],
    ['a 64-bit instruction on a 32-bit CPU', [0xe860_0000], 0x700, 0x100cn, 0x8_1000n],
    ['trap', [0x7fe0_0008], 0x700, 0x100cn, 0x2_1000n],
    ['system call', [0x4400_0002], 0xc00, 0x1010n, 0x1000n],
    ['floating point', [0xfc00_0090], 0x800, 0x100cn, 0x1000n],
    ['no storage', [lis(3, 0x4000), lwz(3, 3, 0)], 0x200, 0x1010n, 0x1000n],
    ['lwarx off its alignment', [li(3, 2), lwarx(5, 0, 3)], 0x600, 0x1010n, 0x1000n],
  ])('%s', (_, words, vector, srr0, srr1) => {
    expect(after(...words)).toMatchObject({ vector, srr0, srr1 })
  })
  test('a privileged instruction in problem state', () => {
    const user = [
      lis(3, 0),
      ori(3, 3, 0x4000 | ME),
      mtspr(3, SPR.srr1),
      li(3, 0x2000),
      mtspr(3, SPR.srr0),
      RFI,
    ]
    const machine = machineWith(user, { ...vectors, 8192: [mfspr(3, SPR.sprg0)] })
    machine.run(100n)
    expect(machine.gpr(9)).toBe(0x700n)
  })
  test('no storage with machine checks off stops the machine, and says where', () => {
    const machine = machineWith([lis(3, 0x4000), lwz(3, 3, 16)])
    expect(machine.run(100n)).toBe('fault')
    expect(machine.fault).toMatch(/checkstop.*: 0x40000010$/)
  })
})

test('stwcx. stores only under its reservation, and once', () => {
  const machine = machineWith([
    ...[
      li(3, 0x2000),
      li(4, 5),
      lwarx(5, 0, 3),
      stwcx(4, 0, 3),
      0x7d00_0026,
      li(4, 6),
      stwcx(4, 0, 3),
      0x7d20_0026,
      SELF,
    ],
  ])
  machine.run(100n)
  expect(wordAt(machine, 0x2000)).toBe(5)
  expect([machine.gpr(8), machine.gpr(9)]).toEqual([0x2000_0000n, 0n])
})

describe('a run is a function of what it starts from', () => {
  const whole = (build: 'release' | 'debug', name: string, cycles: bigint) => {
    const machine = program(name, build)
    machine.run(cycles)
    return machine.hash
  }
  test.each(['b32-dec-p1000', 'b64-dec-p1000'])(
    '%s: in one piece, in pieces, saved and loaded in between',
    (name) => {
      const cycles = 6_200_000n
      const expected = whole('release', name, cycles)
      let machine = program(name)
      for (let at = 0n, step = 1n; at < cycles; step = (step * 7n) % 100_003n) {
        at = at + step < cycles ? at + step : cycles
        machine.run(at)
        const saved = machine.snapshot()
        if (step % 2n === 0n) continue
        machine = new PowerMachine({
          model: name.startsWith('b64') ? 'pseries' : 'bare32',
          ramBytes: 2 << 20,
        })
        machine.restore(saved)
      }
      expect(machine.hash).toBe(expected)
    },
  )
  test('the debug build ends in the same state', () => {
    const start = program('b64-sort')
    start.run(5_800_000n)
    const saved = start.snapshot()
    const [release, debug] = (['release', 'debug'] as const).map((build) => {
      const machine = new PowerMachine({ model: 'pseries', ramBytes: 2 << 20, build })
      machine.restore(saved)
      machine.run(6_000_000n)
      return machine.hash
    })
    expect(debug).toBe(release)
  })
})

describe('two instructions in one case of the interpreter', () => {
  const START = 0x1000n
  const single = new PowerMachine({ model: 'pseries', ramBytes: 1 << 16 })
  const fresh = single.snapshot()
  /** The state after two cycles from a drawn start, in one run or in two. */
  const stateAfter = (words: readonly number[], seed: number, stops: readonly bigint[]) => {
    const draw = drawer(seed)
    single.restore(fresh)
    single.msr = 1n << 63n
    for (let r = 0; r < 32; r++) single.setGpr(r, BigInt(draw.next(1 << 15)) << BigInt(draw.next(3)))
    single.core.put_cr(draw.next(1 << 30))
    words.forEach((word, i) => {
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setUint32(0, word)
      single.write(0x1000 + 4 * i, bytes)
    })
    single.pc = START
    for (const stop of stops) single.run(stop)
    return [single.hash, single.pc]
  }
  const names = [...new Set(PAIRS.flat())].map((name) =>
    /^BC_|^BDNZ/.test(name) ? 'BC' : name === 'MR' ? 'OR' : name,
  )
  const rows = INSTRUCTIONS.filter(({ does }) => names.includes(does))

  test('is the same as one by one', () => {
    const draw = drawer(5)
    for (let i = 0; i < 3000; i++) {
      const words = [drawWord(draw.pick(rows), true, draw), drawWord(draw.pick(rows), true, draw)]
      // Each comparison is followed by a branch that asks its field as often as not.
      if (words[1]! >>> 26 === 16) words[1] = (words[1]! & ~0x1c_0000) | (((words[0]! >>> 23) & 7) << 18)
      expect([i, words, stateAfter(words, i, [2n])]).toEqual([i, words, stateAfter(words, i, [1n, 2n])])
    }
  })

  test('the second one is changed by a store: seen at once', () => {
    const changed = addi(6, 6, 16)
    const machine = machineWith([
      ...[li(3, 3), mtspr(3, SPR.ctr), lis(4, changed >>> 16), ori(4, 4, changed & 0xffff)],
      ...[addi(5, 5, 1), addi(6, 6, 1), stw(4, 0, 0x1014), bdnz(-12), SELF],
    ])
    machine.run(100n)
    expect([machine.gpr(5), machine.gpr(6)]).toEqual([3n, 33n])
  })
})

test('bdnz and code over the end of a page', () => {
  const machine = machineWith([li(3, 5), mtspr(3, SPR.ctr), b(0x1ff8 - 0x1008)], {
    8184: [addi(4, 4, 1), addi(5, 5, 2)],
    8192: [addi(6, 6, 3), bdnz(0x1ff8 - 0x2004), SELF],
  })
  machine.run(1000n)
  expect([machine.gpr(4), machine.gpr(5), machine.gpr(6)]).toEqual([5n, 10n, 15n])
})
