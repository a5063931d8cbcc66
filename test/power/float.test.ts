/**
 * Floating point by hand: what npm run conformance:random leaves out because QEMU 7.2 has it wrong, each by the architecture
 * (Power ISA 3.0B, Book I), and FPSCR[FR], which QEMU never sets.
 */
import { describe, expect, test } from 'vitest'
import { PowerMachine } from '../../src/power/index.js'

const FR = 1n << 18n
const FI = 1n << 17n
const [FX, FEX, VX, ZX] = [1n << 31n, 1n << 30n, 1n << 29n, 1n << 26n]
const [VXSNAN, VXIMZ, VXSQRT] = [1n << 24n, 1n << 20n, 1n << 9n]
const [VE, OE, UE, XE] = [1n << 7n, 1n << 6n, 1n << 5n, 1n << 3n]
const MODES = { nearest: 0n, zero: 1n, up: 2n, down: 3n } as const
const ON = (1n << 63n) | 0x0280_2000n // 64-bit mode; VEC, VSX, FP

const bitsOf = (value: number) => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return view.getBigUint64(0)
}

/** Runs `words` with registers and FPSCR as given; afterwards the registers and FPSCR are read from the machine. */
function run(
  words: readonly number[],
  registers: Readonly<Record<number, bigint>>,
  fpscr = 0n,
  build: 'release' | 'debug' = 'release',
) {
  const machine = new PowerMachine({ model: 'pseries', ramBytes: 1 << 16, build })
  const cpu = machine.core.address_cpu()
  const memory = new DataView(machine.core.memory.buffer)
  const code = new DataView(new ArrayBuffer(4 * words.length))
  words.forEach((word, i) => {
    code.setUint32(4 * i, word >>> 0)
  })
  machine.write(0x1000, new Uint8Array(code.buffer))
  machine.msr = ON
  machine.pc = 0x1000n
  // The first doubleword of a VSR lies behind the second (assembly/power-cpu/registers.ts).
  const at = (n: number) => cpu + 0x400 + 16 * n + 8
  for (const [n, value] of Object.entries(registers)) memory.setBigUint64(at(Number(n)), value, true)
  memory.setBigUint64(cpu + 0x800, fpscr, true)
  machine.run(BigInt(words.length))
  return {
    fpr: (n: number) => memory.getBigUint64(at(n), true),
    second: (n: number) => memory.getBigUint64(at(n) - 8, true),
    fpscr: memory.getBigUint64(cpu + 0x800, true),
  }
}

/** FRT = 1, FRA = 2, FRB = 3, FRC = 4. */
const a = (primary: number, extended: number) =>
  (primary << 26) | (1 << 21) | (2 << 16) | (3 << 11) | (4 << 6) | (extended << 1)
const [FADD, FADDS, FMUL, FMADD, FNMADD, FRE, FSQRT] = [
  a(63, 21),
  a(59, 21),
  a(63, 25),
  a(63, 29),
  a(63, 31),
  a(63, 24),
  a(63, 22),
]
const FRSP = (63 << 26) | (1 << 21) | (3 << 11) | (12 << 1)

describe.each(Object.entries(MODES))('rounded %s', (_, mode) => {
  // 1 + 2^-53 + a little: never exact.
  const operands = { 2: bitsOf(1), 3: bitsOf(2 ** -53 * 1.5), 4: bitsOf(1) }
  const up = mode === MODES.nearest || mode === MODES.up

  test('FR says whether the magnitude grew', () => {
    const { fpr, fpscr } = run([FADD], operands, mode)
    expect(fpr(1)).toBe(bitsOf(1) + (up ? 1n : 0n))
    expect(fpscr & (FR | FI)).toBe(up ? FR | FI : FI)
  })

  test('fnmadd is the negative of fmadd, rounded before it is negated', () => {
    const [plain, negative] = [run([FMADD], operands, mode), run([FNMADD], operands, mode)]
    expect(negative.fpr(1)).toBe(plain.fpr(1) | (1n << 63n))
    expect(plain.fpr(1)).toBe(bitsOf(1) + (up ? 1n : 0n))
  })
})

test('an invalid operation that is enabled leaves no result and no class, whatever MSR lets through', () => {
  const before = 0x1234n
  const { fpr, fpscr } = run([FSQRT], { 1: before, 3: bitsOf(-4) }, VE | (4n << 12n))
  expect(fpr(1)).toBe(before)
  expect(fpscr).toBe(VE | (4n << 12n) | FX | FEX | VX | VXSQRT)
})

test('FX is set by an exception that is new only', () => {
  const signalling = 0x7ff0_0000_0000_0001n
  const { fpscr } = run([FADD], { 2: signalling, 3: 0n }, VXSNAN | VX)
  expect(fpscr & FX).toBe(0n)
  expect(run([FADD], { 2: signalling, 3: 0n }).fpscr & FX).toBe(FX)
})

test('infinity times zero plus a signalling NaN is invalid twice', () => {
  const { fpr, fpscr } = run([FMADD], { 2: bitsOf(Infinity), 4: 0n, 3: 0x7ff0_0000_0000_0001n })
  expect(fpr(1)).toBe(0x7ff8_0000_0000_0001n)
  expect(fpscr & (VXSNAN | VXIMZ)).toBe(VXSNAN | VXIMZ)
})

test('fre of zero is infinity, and a division by zero', () => {
  const { fpr, fpscr } = run([FRE], { 3: 1n << 63n })
  expect(fpr(1)).toBe(bitsOf(-Infinity))
  expect(fpscr & ZX).toBe(ZX)
})

describe('an enabled overflow or underflow scales the exponent', () => {
  test('by 1536 for doubles', () => {
    expect(run([FMUL], { 2: bitsOf(2 ** 1000), 4: bitsOf(2 ** 1000) }, OE).fpr(1)).toBe(
      bitsOf(2 ** (2000 - 1536)),
    )
    expect(run([FMUL], { 2: bitsOf(2 ** -1000), 4: bitsOf(2 ** -1000) }, UE).fpr(1)).toBe(
      bitsOf(2 ** (1536 - 2000)),
    )
  })
  test('by 192 for singles, beyond what a single holds as well', () => {
    expect(run([FADDS], { 2: bitsOf(2 ** 127), 3: bitsOf(2 ** 127) }, OE).fpr(1)).toBe(
      bitsOf(2 ** (128 - 192)),
    )
    expect(run([FRSP], { 3: bitsOf(2 ** 900) }, OE).fpr(1)).toBe(bitsOf(2 ** (900 - 192)))
    expect(run([FRSP], { 3: bitsOf(2 ** -900) }, UE).fpr(1)).toBe(bitsOf(2 ** (192 - 900)))
  })
})

test('mtfsb1 of an exception sets FX and its summaries', () => {
  const mtfsb1 = (63 << 26) | (7 << 21) | (38 << 1) // bit 39: VXSNAN
  expect(run([mtfsb1], {}, VE).fpscr).toBe(VE | VXSNAN | VX | FX | FEX)
})

test('vrldmi inserts under its mask', () => {
  // Doublewords of a turned by 8, bits 8 to 15 inserted: the control has begin 8, end 15, distance 8.
  const vrldmi = (4 << 26) | (1 << 21) | (2 << 16) | (3 << 11) | 197
  const { fpr } = run([vrldmi], { 33: 0x1111_1111_1111_1111n, 34: 0x0000_ab00_0000_0000n, 35: 0x0008_0f08n })
  expect(fpr(33)).toBe(0x11ab_1111_1111_1111n)
})

test('a vector with an enabled exception in one element is left as it was, and both elements are in FPSCR', () => {
  const xvdivdp = (60 << 26) | (1 << 21) | (2 << 16) | (3 << 11) | (120 << 3)
  const { fpr, fpscr } = run([xvdivdp], { 1: 77n, 2: bitsOf(1), 3: bitsOf(3) }, XE)
  expect(fpr(1)).toBe(77n)
  // The second doublewords, 0 / 0, are an invalid operation.
  expect(fpscr & VX).toBe(VX)
})

test('xststdcsp finds the classes asked for, and numbers that no single can be', () => {
  const word = (mask: number) => (60 << 26) | (mask << 16) | (3 << 11) | (298 << 2)
  const answer = (mask: number, value: number) => {
    const { fpscr } = run([word(mask)], { 3: bitsOf(value) })
    return Number((fpscr >> 12n) & 15n)
  }
  expect(answer(0, 0.1)).toBe(1)
  expect(answer(0x20, Number.POSITIVE_INFINITY)).toBe(2)
  expect(answer(1, -(2 ** -140))).toBe(8 | 2)
})

test('xsdivsp rounds once, as fdivs does', () => {
  const [fdivs, xsdivsp] = [a(59, 18), (60 << 26) | (1 << 21) | (2 << 16) | (3 << 11) | (24 << 3)]
  for (const [x, y] of [
    [1, 3],
    [2 ** -120, 3e5],
    [1 + 2 ** -23, 2 ** 127],
  ] as const) {
    const operands = { 2: bitsOf(x), 3: bitsOf(y) }
    expect(run([xsdivsp], operands).fpr(1)).toBe(run([fdivs], operands).fpr(1))
    expect(run([xsdivsp], operands).fpscr).toBe(run([fdivs], operands).fpscr)
  }
})

test('xscvsxdsp rounds once: from a little above the middle between two singles up', () => {
  const xscvsxdsp = (60 << 26) | (1 << 21) | (3 << 11) | (312 << 2)
  const { fpr } = run([xscvsxdsp], { 3: (1n << 62n) + (1n << 38n) + 1n })
  expect(fpr(1)).toBe(bitsOf(2 ** 62 + 2 ** 39))
})

test('a maximum of a quiet and then a signalling NaN is the signalling one made quiet, Java’s the first; both are invalid', () => {
  const xx3 = (extended: number) => (60 << 26) | (1 << 21) | (2 << 16) | (3 << 11) | (extended << 3)
  const [quiet, signalling] = [0xffff_7f7f_807f_7fffn, 0x7ff0_0000_0000_0001n]
  const [XSMAXDP, XVMAXDP, XSMAXJDP] = [xx3(160), xx3(224), xx3(144)]
  for (const word of [XSMAXDP, XVMAXDP]) {
    const { fpr, fpscr } = run([word], { 2: quiet, 3: signalling })
    expect(fpr(1)).toBe(0x7ff8_0000_0000_0001n)
    expect(fpscr & VXSNAN).toBe(VXSNAN)
  }
  const { fpr, fpscr } = run([XSMAXJDP], { 2: quiet, 3: signalling })
  expect(fpr(1)).toBe(quiet)
  expect(fpscr & VXSNAN).toBe(VXSNAN)
})

test('the debug build agrees', () => {
  const operands = { 2: bitsOf(1 / 3), 3: bitsOf(1e300), 4: bitsOf(-7e-5) }
  for (const word of [FADD, FMUL, FMADD, FNMADD, FSQRT, FRSP]) {
    const [one, other] = [run([word], operands), run([word], operands, 0n, 'debug')]
    expect([other.fpr(1), other.fpscr]).toEqual([one.fpr(1), one.fpscr])
  }
})
