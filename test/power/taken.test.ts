/** vCPUs that the host takes away: no turns, PURR stands, and what the guest is told it waited, to the tick. */
import { describe, expect, test } from 'vitest'
import type { PowerMachine } from '../../src/power/index.js'
import { addi, b, bdnz, ld, li, machineWith, mfspr, mtspr, ori, SELF, SPR } from './assemble.js'

const [SF, ME] = [1n << 63n, 0x1000n]
const [RTAS, START_CPU, H_CEDE, H_CPPR, H_IPI, H_REGISTER_VPA] = [0xf000, 0x2006, 0xe0, 0x68, 0x6c, 0xdc]
const SC_1 = 0x4400_0022
const PURR = 309
const [WORK, BLOCK, AREA, NUMBERS, BUSY] = [0x2000, 0x8000, 0x4000, 0x7000, 30_000]
const [DISPATCHES, ENQUEUED] = [AREA + 0x100, AREA + 0x158]
const call = (number: number) => [li(3, number), SC_1]
/** r10 is 0; the function that registers an area is in memory. */
const register = (vcpu: number) => [
  ld(4, 10, NUMBERS),
  li(5, vcpu),
  ori(6, 10, AREA),
  ...call(H_REGISTER_VPA),
]
/** r11 counts, r12 is PURR. */
const COUNT = [addi(11, 11, 1), mfspr(12, PURR), b(-8)]

function machineOf(program: number[], more: Record<number, number[]>, cpus: number): PowerMachine {
  const machine = machineWith(program, more, { model: 'pseries', ramBytes: 1 << 20, cpus })
  machine.msr = SF | ME
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset)
  for (const [k, value] of [START_CPU, 3, 1, 1, WORK, 1].entries()) view.setUint32(BLOCK + 4 * k, value)
  view.setUint32(AREA + 4, 640 << 16)
  view.setBigUint64(NUMBERS, 1n << 45n)
  return machine
}

/** One that counts; its area is registered. */
const counting = () => machineOf([...register(0), ...COUNT], {}, 1)

/** vCPU 0 starts vCPU 1, is busy for a while, interrupts it and counts; vCPU 1 registers its area, sets DEC and cedes. */
function pair(dec: bigint): PowerMachine {
  const start = [ori(3, 10, RTAS), ori(4, 10, BLOCK), SC_1]
  const busy = [li(8, BUSY), mtspr(8, SPR.ctr), bdnz(0)]
  const machine = machineOf(
    [...start, ...busy, li(4, 1), li(5, 4), ...call(H_IPI), ...COUNT],
    {
      [WORK]: [
        ...register(1),
        li(4, 5),
        ...call(H_CPPR),
        ld(5, 10, NUMBERS + 8),
        mtspr(5, SPR.dec),
        ...call(H_CEDE),
        SELF,
      ],
      1280: COUNT,
      2304: COUNT,
    },
    2,
  )
  new DataView(machine.ram.buffer, machine.ram.byteOffset).setBigUint64(NUMBERS + 8, dec)
  return machine
}

const word = (machine: PowerMachine, at: number) =>
  new DataView(machine.ram.buffer, machine.ram.byteOffset).getUint32(at)
const told = (machine: PowerMachine) => ({
  dispatches: word(machine, DISPATCHES),
  waited: (BigInt(word(machine, ENQUEUED)) << 32n) | BigInt(word(machine, ENQUEUED + 4)),
})

describe('a vCPU that runs', () => {
  test('stands still, PURR too, and waits from the first tick to the last', () => {
    const machine = counting()
    machine.run(10_000n)
    const { core } = machine
    const at = { pc: machine.pc, count: machine.gpr(11), purr: machine.gpr(12), ticks: core.source_ticks() }
    core.take_vcpu(0, 1)
    expect(told(machine)).toEqual({ dispatches: 1, waited: 0n })
    machine.run(1_000_000n)
    expect([machine.cycles, machine.pc, machine.gpr(11)]).toEqual([1_000_000n, at.pc, at.count])
    const waited = core.source_ticks() - at.ticks
    core.give_vcpu(0, 1)
    expect(told(machine)).toEqual({ dispatches: 2, waited })
    machine.run(1_000_006n)
    expect(machine.gpr(11)).toBe(at.count + 2n)
    expect(machine.gpr(12) - at.purr).toBeLessThan(8n)
    core.take_vcpu(0, 1)
    machine.run(1_100_006n)
    core.give_vcpu(0, 1)
    expect(told(machine).waited).toBe(core.source_ticks() - at.ticks - 3n)
    expect(told(machine).dispatches).toBe(4)
  })

  test('of a host that does not tell finds nothing in its area', () => {
    const machine = counting()
    machine.run(10_000n)
    machine.core.take_vcpu(0, 0)
    machine.run(1_000_000n)
    machine.core.give_vcpu(0, 0)
    expect(told(machine)).toEqual({ dispatches: 0, waited: 0n })
  })

  test('is the same however the run is cut', () => {
    const lives = [1_000_000n, 777n].map((step) => {
      const machine = pair(1n << 40n)
      const runTo = (end: bigint) => {
        for (let at = machine.cycles; at < end; at += step) machine.run(at + step < end ? at + step : end)
      }
      runTo(30_000n)
      machine.core.take_vcpu(0, 1)
      runTo(60_000n)
      machine.core.take_vcpu(1, 1)
      runTo(90_000n)
      machine.core.give_vcpu(0, 1)
      runTo(120_000n)
      machine.core.give_vcpu(1, 1)
      runTo(150_000n)
      return machine.hash
    })
    expect(lives[1]).toBe(lives[0])
  })
})

describe('a vCPU that sleeps', () => {
  /** Where vCPU 1 has had its turn and ceded, and vCPU 0 is still busy. */
  const SLEEPS = 20_100n
  const FAR = 1n << 40n

  test('waits from the tick at which its decrementer would have woken it', () => {
    const machine = pair(40_000n)
    machine.run(SLEEPS)
    const { core } = machine
    expect(told(machine).dispatches).toBe(1)
    core.take_vcpu(0, 1)
    core.take_vcpu(1, 1)
    const due = core.dec_next(1)
    // Nobody runs, and what nobody may see ends no sleep.
    machine.run(500_000n)
    expect([machine.cycles, core.dec_armed(1)]).toEqual([500_000n, 1])
    core.give_vcpu(1, 1)
    expect(told(machine)).toEqual({ dispatches: 1, waited: core.source_ticks() - due })
    machine.run(500_010n)
    expect(told(machine).dispatches).toBe(2)
    expect(core.dec_armed(1)).toBe(0)
  })

  test('waits from the tick at which another one interrupts it', () => {
    const machine = pair(FAR)
    machine.run(SLEEPS)
    const { core } = machine
    core.take_vcpu(1, 1)
    // The call that interrupts is the last before vCPU 0 counts.
    const counting = 0x1000n + 4n * 10n
    let ticks = 0n
    while (machine.pc < counting) {
      ticks = core.source_ticks()
      machine.run(machine.cycles + 1n)
    }
    machine.run(300_000n)
    core.give_vcpu(1, 1)
    expect(told(machine)).toEqual({ dispatches: 1, waited: core.source_ticks() - ticks })
    machine.run(330_000n)
    expect(told(machine).dispatches).toBe(2)
  })

  test('and whom nobody wants does not wait', () => {
    const machine = pair(FAR)
    machine.run(SLEEPS)
    machine.core.take_vcpu(1, 1)
    machine.run(21_000n)
    machine.core.give_vcpu(1, 1)
    expect(told(machine)).toEqual({ dispatches: 1, waited: 0n })
  })
})
