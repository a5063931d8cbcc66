/** Interrupts and special registers of a POWER9 guest (Power ISA 3.0B, Book III, 4, 6, 8). */
import { describe, expect, test } from 'vitest'
import { SPRS } from '../../src/power/sprs.js'
import {
  addi,
  b,
  bdnz,
  ld,
  machineWith,
  mfspr,
  mtmsrd,
  mtspr,
  NOP,
  RFSCV,
  SPR,
  scv,
  std,
  stwcx,
  xOf,
} from './assemble.js'

const [SF, PR, IR, DR, ME, EE, RI, SE, BE] = [
  1n << 63n,
  0x4000n,
  0x20n,
  0x10n,
  0x1000n,
  0x8000n,
  2n,
  0x400n,
  0x200n,
]
const server = (words: readonly number[], more: Readonly<Record<number, readonly number[]>> = {}) => {
  const machine = machineWith(words, more, { model: 'pseries', ramBytes: 1 << 20 })
  machine.msr = SF | ME
  return machine
}
type Machine = ReturnType<typeof server>
const run = (machine: Machine, count: number) => {
  machine.run(machine.cycles + BigInt(count))
  return machine
}
const FSCR = 153
const cause = (machine: Machine) => machine.spr(FSCR) >> 56n

describe('system call vectored', () => {
  test('needs FSCR[SCV]', () => {
    const machine = run(server([scv(0)]), 1)
    expect([machine.pc, cause(machine), machine.spr(SPR.srr0)]).toEqual([0xf60n, 12n, 0x1000n])
  })

  test('level 3, and back: LR and CTR, EE and RI kept', () => {
    const machine = server([scv(3), NOP], { 94304: [RFSCV] })
    machine.setSpr(FSCR, 1n << 12n)
    machine.msr |= EE | RI
    run(machine, 1)
    expect([machine.pc, machine.msr]).toEqual([0x1_7060n, SF | ME | EE | RI])
    run(machine, 1)
    expect([machine.pc, machine.msr]).toEqual([0x1004n, SF | ME | EE | RI])
  })
})

describe('facilities', () => {
  const TAR = 815
  const inProblemState = (word: number, fscr: bigint) => {
    // A process in real mode does not exist, so its page is translated to itself.
    const machine = server([word])
    machine.setSpr(FSCR, fscr)
    machine.core.partition_set_lpcr(0x50_0000n, 0x50_0000n)
    machine.core.partition_set_process_table(0x8_0000n)
    const view = new DataView(machine.ram.buffer, machine.ram.byteOffset)
    const put = (at: number, value: bigint) => view.setBigUint64(at, value)
    put(0x8_0000, (2n << 61n) | 0x9_0000n | (5n << 5n) | 13n)
    put(0x9_0000, (1n << 63n) | 0xa_0000n | 9n)
    put(0xa_0000, (3n << 62n) | 7n) // the first GiB
    machine.msr = SF | ME | PR | EE | IR | DR
    machine.core.machine_changed()
    return run(machine, 1)
  }

  test.each([
    ['TAR', mfspr(3, TAR), 8],
    ['DSCR', mtspr(3, 3), 2],
    ['BESCR', mfspr(3, 806), 7],
  ])('%s without its bit in FSCR', (_, word, facility) => {
    const machine = inProblemState(word, 0n)
    expect([machine.pc, cause(machine), machine.spr(SPR.srr0)]).toEqual([0xf60n, BigInt(facility), 0x1000n])
    expect(inProblemState(word, 1n << BigInt(facility)).pc).toBe(0x1004n)
  })

  test('transactions are nowhere', () => {
    const machine = run(server([mfspr(3, 130)]), 1)
    expect([machine.pc, cause(machine)]).toEqual([0xf60n, 5n])
  })

  test('a process may not read FSCR, nor write TB', () => {
    expect(inProblemState(mfspr(3, FSCR), 0n).spr(SPR.srr1) & 0xf_0000n).toBe(0x4_0000n)
    expect(inProblemState(mtspr(3, 285), 0n).spr(SPR.srr1) & 0xf_0000n).toBe(0x4_0000n)
  })
})

describe('special registers', () => {
  const HYPERVISOR = SPRS.filter(({ cpu, read }) => cpu.includes('s') && read === 'h').map(
    ({ number, name }) => [name, number] as const,
  )

  test.each(HYPERVISOR)("%s is the hypervisor's", (_, number) => {
    for (const word of [mfspr(3, number), mtspr(3, number)]) {
      const machine = run(server([word]), 1)
      expect([machine.pc, machine.spr(SPR.srr1) & 0xf_0000n]).toEqual([0x700n, 0x4_0000n])
    }
  })

  test('what a supervisor may write and read again keeps its value', () => {
    const CHANGES = [
      'XER',
      'DEC',
      'CTRL',
      'NOP_808',
      'NOP_809',
      'NOP_810',
      'NOP_811',
      'TFHAR',
      'TFIAR',
      'TEXASR',
      'TEXASRU',
    ]
    const pattern = 0x1234_5678_9abc_def0n
    const rows = SPRS.filter(({ cpu, read, write, name }) => {
      return cpu.includes('s') && 'us'.includes(read) && 'us'.includes(write) && !CHANGES.includes(name)
    })
    expect(rows.length).toBeGreaterThan(50)
    for (const { number, name } of rows) {
      const machine = server([mtspr(3, number), mfspr(4, number)])
      machine.setGpr(3, pattern)
      const value = run(machine, 2).gpr(4)
      expect([name, pattern, pattern & 0xffff_ffffn]).toContain(value)
    }
  })

  test('halves and second numbers', () => {
    const machine = server([
      mtspr(3, 896),
      mfspr(4, 898),
      mtspr(5, 801),
      mfspr(6, 800),
      mtspr(3, 787),
      mfspr(7, 771),
    ])
    machine.setGpr(3, 0xaaaa_bbbb_cccc_ddddn)
    machine.setGpr(5, 0x77n)
    run(machine, 6)
    expect([machine.gpr(4), machine.gpr(6), machine.gpr(7)]).toEqual([
      0xaaaa_bbbbn,
      0x77_0000_0000n,
      0xcccc_ddddn,
    ])
  })

  test('CTRL shows its thread running', () => {
    const machine = server([mtspr(3, 152), mfspr(4, 136)])
    machine.setGpr(3, 3n)
    expect(run(machine, 2).gpr(4)).toBe(0x101n)
  })

  test('a number that nobody has does nothing for a supervisor', () => {
    const machine = server([mfspr(3, 1000), mtspr(3, 1000), mfspr(3, 4)])
    machine.setGpr(3, 5n)
    expect(run(machine, 2).gpr(3)).toBe(5n)
    expect(run(machine, 1).pc).toBe(0x700n)
  })
})

describe('doorbells', () => {
  const [msgsndp, msgclrp] = [xOf(142)(0, 0, 5), xOf(174)(0, 0, 5)]

  test('one to itself is taken once', () => {
    const machine = server([msgsndp, mfspr(4, 176), mtmsrd(6, 1), NOP], { 2560: [mfspr(7, 176)] })
    machine.setGpr(5, 5n << 27n)
    machine.setGpr(6, EE)
    run(machine, 3)
    expect(machine.gpr(4)).toBe(1n)
    run(machine, 1)
    expect([machine.pc, machine.gpr(7), machine.spr(SPR.srr0)]).toEqual([0xa04n, 0n, 0x100cn])
  })

  test('one that is taken back, and types that are none', () => {
    const machine = server([msgsndp, msgclrp, mfspr(4, 176)])
    machine.setGpr(5, 5n << 27n)
    expect(run(machine, 3).gpr(4)).toBe(0n)
    const other = server([msgsndp, mfspr(4, 176)])
    other.setGpr(5, 4n << 27n)
    expect(run(other, 2).gpr(4)).toBe(0n)
  })
})

describe('trace', () => {
  const CAUSE = 0x783f_0000n

  test('MSR[SE]: every instruction, from the one behind mtmsrd on', () => {
    const machine = server([mtmsrd(5), addi(3, 3, 1), addi(3, 3, 1)])
    machine.setGpr(5, SF | SE)
    run(machine, 2)
    expect([machine.gpr(3), machine.pc, machine.spr(SPR.srr0)]).toEqual([1n, 0xd00n, 0x1008n])
    expect([machine.spr(SPR.srr1) & CAUSE, machine.spr(796)]).toEqual([0x4000_0000n, 0x1004n])
    expect(machine.msr).toBe(SF | ME)
  })

  test('MSR[BE]: branches, taken or not', () => {
    const machine = server([addi(3, 3, 1), bdnz(8), NOP, b(-8)])
    machine.msr |= BE
    machine.setCtr(1n)
    run(machine, 2)
    expect([machine.pc, machine.spr(SPR.srr0)]).toEqual([0xd00n, 0x1008n])
  })

  test('another interrupt comes in place of it', () => {
    const machine = server([mfspr(3, 4)])
    machine.msr |= SE
    expect(run(machine, 1).pc).toBe(0x700n)
  })

  test('CIABR: at one address, at its privilege', () => {
    const machine = server([addi(3, 3, 1), addi(3, 3, 1)])
    machine.core.set_ciabr(0x1004n | 2n)
    run(machine, 2)
    expect([machine.pc, machine.gpr(3)]).toEqual([0xd00n, 2n])
    expect(machine.spr(SPR.srr1) & CAUSE).toBe(0x4010_0000n)
    const other = server([addi(3, 3, 1), addi(3, 3, 1)])
    other.core.set_ciabr(0x1004n | 1n)
    expect(run(other, 2).pc).toBe(0x1008n)
  })
})

describe('DAWR', () => {
  const [STORES, LOADS, EITHER, PRIVILEGED] = [0x40n, 0x20n, 8n, 2n]
  const access = (word: number, address: bigint, control: bigint) => {
    const machine = server([ld(9, 4, 0), word])
    machine.setGpr(4, 0x5000n)
    machine.setGpr(5, address)
    run(machine, 1)
    machine.core.set_dawr(0x5010n, control | EITHER)
    return run(machine, 1)
  }

  test.each([
    ['a store', std(3, 5, 0), 0x5010n, STORES | PRIVILEGED, true],
    ['a load that reaches into it', ld(3, 5, 0), 0x500cn, LOADS | PRIVILEGED, true],
    ['a load when stores are watched', ld(3, 5, 0), 0x5010n, STORES | PRIVILEGED, false],
    ['a neighbour', std(3, 5, 0), 0x5018n, STORES | PRIVILEGED, false],
    ['a neighbour of two doublewords', std(3, 5, 0), 0x5018n, STORES | PRIVILEGED | (1n << 10n), true],
    ['a process is watched, not this', std(3, 5, 0), 0x5010n, STORES | 1n, false],
  ])('%s', (_, word, address, control, hit) => {
    const machine = access(word, address, control)
    expect(machine.pc).toBe(hit ? 0x300n : 0x1008n)
    if (!hit) return
    expect(machine.spr(SPR.dsisr) & 0x40_0000n).toBe(0x40_0000n)
    expect(machine.spr(SPR.dar)).toBe(address > 0x5010n ? address : 0x5010n)
  })

  test('nothing is stored', () => {
    const machine = access(std(4, 5, 0), 0x5010n, STORES | PRIVILEGED)
    expect(new DataView(machine.ram.buffer, machine.ram.byteOffset).getBigUint64(0x5010)).toBe(0n)
  })
})

test('an interrupt takes the reservation away', () => {
  const lwarx = xOf(20)(3, 0, 4)
  const machine = server([lwarx, mfspr(3, 4), stwcx(5, 0, 4)])
  machine.setGpr(4, 0x5000n)
  run(machine, 2)
  machine.pc = 0x1008n
  run(machine, 1)
  expect(machine.core.cr() >>> 28).toBe(0)
})
