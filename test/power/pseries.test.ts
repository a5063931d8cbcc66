/** The platform of a pseries guest: hypercalls and RTAS calls, one at a time, with what they refuse. */
import { describe, expect, it } from 'vitest'
import { PowerMachine, type PowerOptions } from '../../src/power/index.js'

const SC_1 = [0x44, 0, 0, 0x22]
const MIB = 1 << 20
const SUCCESS = 0n
const HARDWARE = -1n
const FUNCTION = -2n
const PRIVILEGE = -3n
const PARAMETER = -4n
const RESOURCE = -16n
const P2 = -55n
const P3 = -56n
const P4 = -57n
const UNSUPPORTED_FLAG = -256n
/** RTAS says "parameter" and "not supported" with the same number. */
const RTAS_PARAMETER = -3
const VTY = 0x7100_0000n

/** A machine that does one `sc 1` at a time. */
class Caller {
  readonly machine: PowerMachine

  constructor(options: PowerOptions = {}) {
    this.machine = new PowerMachine({ model: 'pseries', ramBytes: MIB, ...options })
    this.machine.write(0x100, Uint8Array.from(SC_1))
  }

  /** Calls `number` with arguments from r4; answers r3, signed. */
  call(number: number, ...args: (number | bigint)[]): bigint {
    const { machine } = this
    machine.setGpr(3, BigInt(number))
    args.forEach((value, i) => {
      machine.setGpr(4 + i, BigInt.asUintN(64, BigInt(value)))
    })
    machine.pc = 0x100n
    machine.run(machine.cycles + 1n)
    return BigInt.asIntN(64, machine.gpr(3))
  }

  gpr = (index: number) => this.machine.gpr(index)
  word = (at: number, value?: number): number => {
    const view = new DataView(this.machine.ram.buffer, this.machine.ram.byteOffset)
    if (value !== undefined) view.setUint32(at, value)
    return view.getUint32(at)
  }

  /** An RTAS call; answers its results, signed. */
  rtas(token: number, args: readonly number[], results: number): number[] {
    const block = 0x8000
    for (const [i, value] of [token, args.length, results, ...args].entries()) this.word(block + 4 * i, value)
    this.call(0xf000, block)
    return Array.from({ length: results }, (_, i) => this.word(block + 12 + 4 * (args.length + i)) | 0)
  }
}

describe.each(['release', 'debug'] as const)('on the %s build', (build) => {
  const caller = (options: PowerOptions = {}) => new Caller({ build, ...options })

  describe('hypercalls', () => {
    it('one that is not there answers H_FUNCTION, and one of a program H_PRIVILEGE', () => {
      const guest = caller()
      expect(guest.call(0x1234)).toBe(FUNCTION)
      expect(guest.call(0x1_0000_0058)).toBe(FUNCTION)
      guest.machine.msr |= 0x4000n
      expect(guest.call(0x58, VTY, 0)).toBe(PRIVILEGE)
    })

    it('the console, both ways; the number 0 is the console as well', () => {
      const guest = caller()
      expect(guest.call(0x58, VTY, 10, 0x3031323334353637n, 0x3839000000000000n)).toBe(SUCCESS)
      expect(guest.call(0x58, 0, 1, 0x2100000000000000n)).toBe(SUCCESS)
      expect(guest.machine.takeConsole()).toBe('0123456789!')
      expect(guest.call(0x58, VTY, 17)).toBe(PARAMETER)
      expect(guest.call(0x58, 5, 1)).toBe(PARAMETER)
      expect(guest.call(0x54, VTY)).toBe(SUCCESS)
      expect(guest.gpr(4)).toBe(0n)
      expect(guest.machine.type(Buffer.from('hello, this is typed'))).toBe(20)
      expect(guest.call(0x54, VTY)).toBe(SUCCESS)
      expect([guest.gpr(4), guest.gpr(5), guest.gpr(6)]).toEqual([
        16n,
        0x68656c6c6f2c2074n,
        0x6869732069732074n,
      ])
      guest.call(0x54, VTY)
      expect([guest.gpr(4), guest.gpr(5), guest.gpr(6)]).toEqual([4n, 0x7970656400000000n, 0n])
      expect(guest.machine.type(new Uint8Array(2000))).toBe(1024)
    })

    it('SPRG0, DABR, pages', () => {
      const guest = caller()
      expect(guest.call(0x24, 0xcafebabedeadbeefn)).toBe(SUCCESS)
      expect(guest.machine.spr(272)).toBe(0xcafebabedeadbeefn)
      expect(guest.call(0x28, 0)).toBe(HARDWARE)
      const { ram } = guest.machine
      ram.fill(0xaa, 0x2000, 0x4000)
      expect(guest.call(0x2c, 1 << 15, 0x2000, 0)).toBe(SUCCESS)
      expect(ram.subarray(0x2000, 0x3000).every((byte) => byte === 0)).toBe(true)
      ram[0x3fff] = 7
      expect(guest.call(0x2c, (1 << 14) | (1 << 15), 0x2000, 0x3000)).toBe(SUCCESS)
      expect([ram[0x2000], ram[0x2fff]]).toEqual([0xaa, 7])
      expect(guest.call(0x2c, 1 << 15, 0x2123, 0)).toBe(PARAMETER)
      expect(guest.call(0x2c, 1 << 14, 0x2000, 0x3123)).toBe(PARAMETER)
      expect(guest.call(0x2c, 1 << 14, 0x2000, MIB)).toBe(PARAMETER)
      expect(guest.call(0x2c, 1, 0x2000, 0x3000)).toBe(PARAMETER)
    })

    it('memory by its logical address; what nobody has reads as ones', () => {
      const guest = caller()
      expect(guest.call(0x40, 4, 0x2004, 0x11223344)).toBe(SUCCESS)
      expect(guest.word(0x2004)).toBe(0x11223344)
      expect(guest.call(0x3c, 2, 0x2004)).toBe(SUCCESS)
      expect(guest.gpr(4)).toBe(0x1122n)
      guest.call(0x3c, 4, 0x1000_0000)
      expect(guest.gpr(4)).toBe(0xffff_ffffn)
      expect(guest.call(0x3c, 3, 0)).toBe(PARAMETER)
    })

    it('H_SET_MODE: byte order of interrupts and where they go', () => {
      const guest = caller()
      const lpcr = () => guest.machine.core.partition_lpcr() & 0x0380_0000n
      expect(guest.call(0x31c, 1, 4, 0, 0)).toBe(SUCCESS)
      expect(lpcr()).toBe(0x0200_0000n)
      expect(guest.call(0x31c, 3, 3, 0, 0)).toBe(SUCCESS)
      expect(lpcr()).toBe(0x0380_0000n)
      expect(guest.call(0x31c, 0, 4, 0, 0)).toBe(SUCCESS)
      expect(guest.call(0x31c, 0, 3, 0, 0)).toBe(SUCCESS)
      expect(lpcr()).toBe(0n)
      expect(guest.call(0x31c, 2, 4, 0, 0)).toBe(UNSUPPORTED_FLAG)
      expect(guest.call(0x31c, 1, 3, 0, 0)).toBe(UNSUPPORTED_FLAG)
      expect(guest.call(0x31c, 0, 4, 1, 0)).toBe(P3)
      expect(guest.call(0x31c, 0, 4, 0, 1)).toBe(P4)
      expect(guest.call(0x31c, 0, 9, 0, 0)).toBe(P2)
    })

    it('H_REGISTER_PROCESS_TABLE takes radix trees only', () => {
      const guest = caller()
      expect(guest.call(0x37c, 0x1d, 0x10000, 0, 4)).toBe(SUCCESS)
      expect(guest.machine.core.partition_lpcr() & 0x0050_0400n).toBe(0x0050_0400n)
      expect(guest.call(0x37c, 0x1d, 0x12345, 0, 4)).toBe(P2)
      expect(guest.call(0x37c, 0x1d, MIB, 0, 4)).toBe(P2)
      expect(guest.call(0x37c, 0x1d, 0, 1, 4)).toBe(P3)
      expect(guest.call(0x37c, 0x1d, 0, 0, 25)).toBe(P4)
      expect(guest.call(0x37c, 0x18, 0, 0, 4)).toBe(PARAMETER)
      expect(guest.call(0x37c, 0x100, 0, 0, 4)).toBe(PARAMETER)
    })

    it('areas of a vCPU', () => {
      const guest = caller()
      const [register, log, shadow] = [1n << 45n, 2n << 45n, 3n << 45n]
      const [forget, forgetLog, forgetShadow] = [5n << 45n, 6n << 45n, 7n << 45n]
      const area = 0x4000
      const size = (at: number, bytes: number) => guest.word(at + 4, bytes)
      expect(guest.call(0xdc, shadow, 0, 0x5000)).toBe(PARAMETER)
      size(area, 640 << 16)
      size(0x5000, 128)
      size(0x6000, 4096)
      expect(guest.call(0xdc, shadow, 0, 0x5000)).toBe(RESOURCE)
      expect(guest.call(0xdc, register, 0, 0)).toBe(HARDWARE)
      expect(guest.call(0xdc, register, 1, area)).toBe(PARAMETER)
      expect(guest.call(0xdc, register, 0, area + 8)).toBe(PARAMETER)
      expect(guest.call(0xdc, register, 0, MIB)).toBe(PARAMETER)
      expect(guest.call(0xdc, register, 0, area)).toBe(SUCCESS)
      expect(guest.machine.ram[area + 9]).toBe(2)
      expect(guest.call(0xdc, shadow, 0, 0x5000)).toBe(SUCCESS)
      expect(guest.call(0xdc, log, 0, 0x6000)).toBe(SUCCESS)
      expect(guest.call(0xdc, forget, 0, 0)).toBe(RESOURCE)
      expect(guest.call(0xdc, forgetLog, 0, 0)).toBe(SUCCESS)
      expect(guest.call(0xdc, forgetShadow, 0, 0)).toBe(SUCCESS)
      expect(guest.call(0xdc, forget, 0, 0)).toBe(SUCCESS)
      expect(guest.call(0xdc, 0, 0, area)).toBe(PARAMETER)
    })

    it('H_CEDE sleeps until DEC interrupts, skipping, and counts it in the area', () => {
      const guest = caller()
      guest.word(0x4004, 640 << 16)
      expect(guest.call(0xdc, 1n << 45n, 0, 0x4000)).toBe(SUCCESS)
      guest.machine.setGpr(6, 512_000n)
      // mtdec r6; sc 1 with H_CEDE in r3; then, with interrupts on again, DEC's handler branches to itself.
      guest.machine.write(0x200, Uint8Array.from([0x7c, 0xd6, 0x03, 0xa6, ...SC_1, 0x60, 0, 0, 0]))
      guest.machine.write(0x900, Uint8Array.from([0x48, 0, 0, 0]))
      guest.machine.pc = 0x200n
      guest.machine.setGpr(3, 0xe0n)
      const before = guest.machine.cycles
      guest.machine.run(before + 900_000n)
      expect(guest.word(0x4100)).toBe(1)
      expect(guest.machine.run(before + 2_000_000n)).toBe('halted')
      expect(guest.word(0x4100)).toBe(2)
      expect(guest.machine.pc).toBe(0x900n)
      expect(guest.machine.spr(26)).toBe(0x208n)
      expect(guest.machine.gpr(3)).toBe(0n)
      // DEC was set in the first cycle and has run out below zero after 512,001 ticks.
      expect(guest.machine.timebase).toBeGreaterThanOrEqual(512_000n)
    })

    it('what it says of the CPU, the node, and random numbers by seed', () => {
      const guest = caller()
      expect(guest.call(0x1c8)).toBe(SUCCESS)
      expect(guest.gpr(5) >> 61n).toBe(7n)
      expect(guest.call(0x2ec, 1, 0)).toBe(SUCCESS)
      expect(guest.gpr(6)).toBe(0xffff_ffffn)
      expect(guest.call(0x2ec, 1, 1)).toBe(P2)
      const draw = (seed: bigint) => {
        const other = caller({ seed })
        other.call(0x300)
        return other.gpr(4)
      }
      expect(draw(1n)).toBe(draw(1n))
      expect(draw(1n)).not.toBe(draw(2n))
      // SplitMix64 from 0, its first value (Vigna's reference).
      expect(draw(0n)).toBe(0xe220a8397b1dcdafn)
    })
  })

  describe('interrupt controller', () => {
    it('an IPI waits for the priority, is accepted once, and is gone when taken back', () => {
      const guest = caller()
      expect(guest.call(0x6c, 0, 4)).toBe(SUCCESS)
      guest.call(0x74)
      expect(guest.gpr(4)).toBe(0n)
      expect(guest.call(0x68, 5)).toBe(SUCCESS)
      expect(guest.call(0x70, 0)).toBe(SUCCESS)
      expect([guest.gpr(4), guest.gpr(5)]).toEqual([0x0500_0002n, 4n])
      guest.call(0x74)
      expect(guest.gpr(4)).toBe(0x0500_0002n)
      guest.call(0x74)
      expect(guest.gpr(4)).toBe(0x0400_0000n)
      expect(guest.call(0x6c, 0, 0xff)).toBe(SUCCESS)
      expect(guest.call(0x64, 0x0500_0002)).toBe(SUCCESS)
      guest.call(0x70, 0)
      expect(guest.gpr(4)).toBe(0x0500_0000n)
      expect(guest.call(0x6c, 1, 4)).toBe(PARAMETER)
    })

    it('what is typed interrupts, unless the guest turned that off: masked, unmasked, accepted, ended', () => {
      const guest = caller()
      guest.call(0x68, 0xff)
      expect(guest.rtas(0x200a, [0x1100, 0, 5], 1)).toEqual([0])
      expect(guest.rtas(0x200b, [0x1100], 3)).toEqual([0, 0, 5])
      // Linux never asks for interrupts of its console, and gets them (QEMU 7.2, hw/char/spapr_vty.c, vty_receive).
      guest.machine.type(Buffer.from('a'))
      guest.call(0x74)
      expect(guest.gpr(4)).toBe(0xff00_1100n)
      guest.call(0x64, 0xff00_1100)
      expect(guest.call(0x104, VTY, 0)).toBe(SUCCESS)
      guest.machine.type(Buffer.from('a'))
      guest.call(0x74)
      expect(guest.gpr(4)).toBe(0xff00_0000n)
      expect(guest.call(0x104, VTY, 1)).toBe(SUCCESS)
      expect(guest.rtas(0x200c, [0x1100], 1)).toEqual([0])
      guest.machine.type(Buffer.from('b'))
      guest.call(0x70, 0)
      expect(guest.gpr(4)).toBe(0xff00_0000n)
      expect(guest.rtas(0x200d, [0x1100], 1)).toEqual([0])
      guest.call(0x74)
      expect(guest.gpr(4)).toBe(0xff00_1100n)
      guest.call(0x64, 0xff00_1100)
      guest.call(0x74)
      expect(guest.gpr(4)).toBe(0xff00_0000n)
      expect(guest.rtas(0x200b, [0x1102], 3)[0]).toBe(RTAS_PARAMETER)
      expect(guest.rtas(0x200a, [0x1100, 1, 5], 1)).toEqual([RTAS_PARAMETER])
    })
  })

  describe('RTAS', () => {
    it('time of day: from what the machine was given, by its cycles, and as it was set', () => {
      const guest = caller({ dayNs: BigInt(Date.UTC(2024, 1, 29, 23, 59, 59)) * 1_000_000n })
      const now = () => guest.rtas(0x2001, [], 8)
      expect(now().slice(0, 7)).toEqual([0, 2024, 2, 29, 23, 59, 59])
      // Only time goes by: interrupts are off, and the CPU branches to itself.
      guest.machine.write(0x300, Uint8Array.from([0x48, 0, 0, 0]))
      guest.machine.pc = 0x300n
      guest.machine.run(1_000_000_000n)
      guest.machine.run(1_000_000_000n)
      expect(now()).toEqual([0, 2024, 3, 1, 0, 0, 0, 0])
      expect(guest.rtas(0x2002, [2000, 2, 28, 23, 59, 59, 0], 1)).toEqual([0])
      expect(now().slice(0, 7)).toEqual([0, 2000, 2, 28, 23, 59, 59])
      expect(guest.rtas(0x2002, [1969, 12, 31, 23, 59, 59, 0], 1)).toEqual([0])
      expect(now().slice(0, 7)).toEqual([0, 1969, 12, 31, 23, 59, 59])
      expect(guest.rtas(0x2002, [2000, 13, 1, 0, 0, 0, 0], 1)).toEqual([RTAS_PARAMETER])
      expect(guest.rtas(0x2001, [], 1)).toEqual([RTAS_PARAMETER])
    })

    it.each([...Array(60).keys()].map((i) => i * 397))('day %i since 1970 is the date that it is', (day) => {
      const date = new Date(day * 86_400_000)
      const guest = caller({ dayNs: BigInt(day) * 86_400_000_000_000n })
      expect(guest.rtas(0x2001, [], 8).slice(1, 4)).toEqual([
        date.getUTCFullYear(),
        date.getUTCMonth() + 1,
        date.getUTCDate(),
      ])
    })

    it('NVRAM keeps what is stored', () => {
      const guest = caller()
      guest.machine.ram.set(Buffer.from('kept'), 0x3000)
      expect(guest.rtas(0x2013, [0xfffc, 0x3000, 4], 2)).toEqual([0, 4])
      expect(guest.rtas(0x2012, [0xfffc, 0x3800, 4], 2)).toEqual([0, 4])
      expect(Buffer.from(guest.machine.ram.subarray(0x3800, 0x3804)).toString()).toBe('kept')
      expect(guest.rtas(0x2012, [0xfffd, 0x3800, 4], 2)).toEqual([RTAS_PARAMETER, 0])
    })

    it('system parameters', () => {
      const guest = caller()
      expect(guest.rtas(0x2008, [20, 0x3000, 1000], 1)).toEqual([0])
      const length = guest.word(0x3000) >>> 16
      const text = Buffer.from(guest.machine.ram.subarray(0x3002, 0x3002 + length)).toString()
      expect(text).toBe('MaxEntCap=1,DesMem=1,DesProcs=1,MaxPlatProcs=1\0')
      expect(guest.rtas(0x2008, [42, 0x3000, 3], 1)).toEqual([0])
      expect(guest.word(0x3000) >>> 8).toBe(0x0001_00)
      expect(guest.rtas(0x2008, [99, 0x3000, 3], 1)).toEqual([RTAS_PARAMETER])
      expect(guest.rtas(0x2009, [42, 0x3000], 1)).toEqual([-9002])
    })

    it('the rest, and how the machine ends', () => {
      const guest = caller()
      expect(guest.rtas(0x2000, [0x41], 1)).toEqual([0])
      expect(guest.machine.takeConsole()).toBe('A')
      expect(guest.rtas(0x200f, [0, 0, 0, 0], 1)).toEqual([1])
      expect(guest.rtas(0x200e, [0, 0, 0, 0, 0, 0], 1)).toEqual([1])
      expect(guest.rtas(0x201d, [0, 0], 2)[0]).toBe(RTAS_PARAMETER)
      expect(guest.rtas(0x201c, [0], 2)).toEqual([0, 100])
      expect(guest.rtas(0x2005, [0], 2)).toEqual([0, 2])
      expect(guest.rtas(0x2005, [1], 2)[0]).toBe(RTAS_PARAMETER)
      expect(guest.rtas(0x2006, [0, 0x100, 0], 1)).toEqual([-1])
      expect(guest.rtas(0x2100, [], 1)).toEqual([RTAS_PARAMETER])
      expect(guest.call(0xf000, MIB)).toBe(PARAMETER)
      expect(guest.rtas(0x201f, [0], 1)).toEqual([0])
      expect(guest.machine.core.terminated()).toBe(1)
      expect(guest.rtas(0x2003, [0], 1)).toEqual([RTAS_PARAMETER])
      guest.rtas(0x2003, [-1, -1], 1)
      expect(guest.machine.run(guest.machine.cycles + 1n)).toBe('off')
      const other = caller()
      other.rtas(0x2004, [], 1)
      expect(other.machine.run(other.machine.cycles + 1n)).toBe('reboot')
    })
  })
})
