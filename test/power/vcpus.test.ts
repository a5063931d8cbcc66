/** Several vCPUs on one clock: turns, reservations, sleep, and the same run however it is cut. */
import { describe, expect, test } from 'vitest'
import type { PowerMachine } from '../../src/power/index.js'
import {
  addi,
  b,
  bdnz,
  cmpd,
  ld,
  li,
  lwarx,
  machineWith,
  mfspr,
  mtspr,
  ori,
  SELF,
  SPR,
  std,
  stw,
  stwcx,
} from './assemble.js'

const [SF, ME, EE] = [1n << 63n, 0x1000n, 0x8000n]
const [RTAS, H_CEDE, START_CPU] = [0xf000, 0xe0, 0x2006]
const SC_1 = 0x4400_0022
const [WORK, BLOCKS, SHARED, TIMES] = [0x2000, 0x8000, 0x9000, 1000]
const bne = (distance: number) => ((16 << 26) | (4 << 21) | (2 << 16) | (distance & 0xfffc)) >>> 0
const ble = (distance: number) => ((16 << 26) | (4 << 21) | (1 << 16) | (distance & 0xfffc)) >>> 0

/** Each vCPU adds 1 to the first word TIMES times, and never sees a TB that is older than one that another has stored. */
const WORKER = [
  ori(4, 4, SHARED), // r4 is 0
  li(8, TIMES),
  mtspr(8, SPR.ctr),
  lwarx(5, 0, 4),
  addi(5, 5, 1),
  stwcx(5, 0, 4),
  bne(-12),
  ld(7, 4, 8),
  mfspr(6, SPR.tbl),
  cmpd(7, 6),
  ble(8),
  std(6, 4, 16), // TB went back
  std(6, 4, 8),
  bdnz(-40),
  addi(9, 9, 1), // done
  SELF,
]

function smp(cpus: number, build: 'release' | 'debug' = 'release'): PowerMachine {
  const starts = Array.from({ length: cpus - 1 }, (_, i) => rtas(BLOCKS + 64 * (i + 1)))
  const machine = machineWith(
    [...starts.flat(), li(4, 0), b(WORK - 0x1000 - 4 * (starts.flat().length + 1))],
    { [WORK]: WORKER },
    {
      model: 'pseries',
      ramBytes: 1 << 20,
      cpus,
      build,
    },
  )
  machine.msr = SF | ME
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset)
  for (let i = 1; i < cpus; i++) {
    for (const [k, value] of [START_CPU, 3, 1, i, WORK, i].entries())
      view.setUint32(BLOCKS + 64 * i + 4 * k, value)
  }
  return machine
}
/** r10 is 0. */
const rtas = (block: number) => [ori(3, 10, RTAS), ori(4, 10, block), SC_1]

const word = (machine: PowerMachine, at: number) =>
  new DataView(machine.ram.buffer, machine.ram.byteOffset).getUint32(at)

describe.each(['release', 'debug'] as const)('%s build', (build) => {
  test.each([1, 2, 3, 4])('%i vCPUs count together, and time goes forward', (cpus) => {
    const machine = smp(cpus, build)
    machine.run(400_000n)
    expect(word(machine, SHARED)).toBe(cpus * TIMES)
    expect(word(machine, SHARED + 16) | word(machine, SHARED + 20)).toBe(0)
  })

  test('DEC of each vCPU is the hypervisor’s to read and set, whoever runs', () => {
    const machine = smp(4, build)
    const { core } = machine
    machine.run(25_000n)
    expect(core.vcpu()).not.toBe(0)
    const set = [0, 1, 2, 3].map((cpu) => core.source_ticks() + 1000n * BigInt(cpu + 1))
    for (const [cpu, next] of set.entries()) core.set_dec(cpu, next, 1)
    expect(set.map((_, cpu) => [core.dec_next(cpu), core.dec_armed(cpu)])).toEqual(
      set.map((next) => [next, 1]),
    )
    // Who waits for its turn learns of its DEC then; the tick at which it read 0 stays.
    machine.run(400_000n)
    expect(set.map((_, cpu) => [core.dec_next(cpu), core.dec_armed(cpu)])).toEqual(
      set.map((next) => [next, 0]),
    )
    core.set_dec(3, core.source_ticks() + 1000n, 1)
    core.set_dec(2, core.source_ticks() - 1000n, 0)
    expect([2, 3].map((cpu) => core.dec_armed(cpu))).toEqual([0, 1])
  })
})

test('the same run, whole and in pieces', () => {
  const [whole, pieces] = [smp(4), smp(4)]
  whole.run(150_000n)
  for (let at = 777n; at < 150_000n; at += 777n) pieces.run(at)
  pieces.run(150_000n)
  expect(pieces.hash).toBe(whole.hash)
  const restored = smp(4)
  restored.restore(pieces.snapshot())
  whole.run(200_000n)
  restored.run(200_000n)
  expect(restored.hash).toBe(whole.hash)
})

test('a turn is 10,000 cycles, and a reservation ends with it', () => {
  const machine = smp(2)
  machine.run(5000n)
  expect(machine.core.vcpu()).toBe(0)
  machine.run(15_000n)
  expect(machine.core.vcpu()).toBe(1)
})

test('one that sleeps is woken by its decrementer, in its own cycle', () => {
  const machine = machineWith(
    [mtspr(5, SPR.dec), ori(3, 10, H_CEDE), SC_1, SELF],
    { 2304: [mfspr(11, SPR.tbl), mtspr(12, SPR.dec), SELF] },
    { model: 'pseries', ramBytes: 1 << 20, cpus: 1 },
  )
  machine.msr = SF | ME
  machine.setGpr(5, 51_200n)
  machine.setGpr(12, 1n << 40n)
  machine.run(300_000n)
  expect(machine.gpr(11)).toBe(51_200n)
  expect(machine.msr & EE).toBe(0n)
})

/** vCPU 1 sets its priority and cedes; vCPU 0 interrupts it with priority 4; what H_XIRR told vCPU 1 is at SHARED. */
function interrupted(priority: number): PowerMachine {
  const [H_IPI, H_CPPR, H_XIRR] = [0x6c, 0x68, 0x74]
  const call = (number: number) => [li(3, number), SC_1]
  const machine = machineWith(
    [...rtas(BLOCKS), li(8, 5000), mtspr(8, SPR.ctr), bdnz(0), li(4, 1), li(5, 4), ...call(H_IPI), SELF],
    {
      [WORK]: [li(4, priority), ...call(H_CPPR), ...call(H_CEDE), SELF],
      1280: [...call(H_XIRR), ori(6, 10, SHARED), stw(4, 6, 0), SELF],
    },
    { model: 'pseries', ramBytes: 1 << 20, cpus: 2 },
  )
  machine.msr = SF | ME
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset)
  for (const [k, value] of [START_CPU, 3, 1, 1, WORK, 1].entries()) view.setUint32(BLOCKS + 4 * k, value)
  return machine
}

test('an IPI wakes a vCPU that has ceded, if it is more urgent than what that lets through', () => {
  for (const [priority, told] of [
    [5, 0x0500_0002],
    [4, 0],
  ] as const) {
    const machine = interrupted(priority)
    machine.run(100_000n)
    expect(word(machine, SHARED)).toBe(told)
    // And saved and restored wherever it is on its way.
    for (const at of [100n, 5005n, 5020n, 10_001n, 12_000n, 15_018n, 15_030n]) {
      const before = interrupted(priority)
      before.run(at)
      const after = before.another()
      after.restore(before.snapshot())
      after.run(100_000n)
      expect(after.hash).toBe(machine.hash)
    }
  }
})

test('none, five, or two on a classic machine: refused', () => {
  for (const cpus of [0, 5]) expect(() => smp(cpus)).toThrow('1 to 4')
  expect(() => machineWith([SELF], {}, { cpus: 2 })).toThrow('on pseries')
})
