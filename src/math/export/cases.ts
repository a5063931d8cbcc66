/** The inputs of exported vectors: edges first, then chance by seed; and what the core makes of them. */
import { createHash } from 'node:crypto'
import { uniformBigInt } from 'pure-rand/distribution/uniformBigInt'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'
import { mathCore } from '../core.js'
import { NS_PER_S, U32_MAX, U64_MAX, unsigned } from '../limits.js'
import { read, timePageBytes } from '../read.js'

export type FieldType = 'u8' | 's8' | 'u32' | 'u64' | 'page'

export interface Field {
  readonly name: string
  readonly type: FieldType
}

/** A function under test: its arguments and results are fields of a row. */
export interface Tested {
  readonly name: string
  /** What it computes, and where a real one stands. */
  readonly doc: string
  readonly args: readonly string[]
  readonly results: readonly string[]
}

export type Value = bigint | Uint8Array

/** What is exported of one kind. */
export interface Vectors {
  readonly kind: string
  readonly fields: readonly Field[]
  readonly tested: readonly Tested[]
  readonly rows: readonly (readonly Value[])[]
}

/** Draws inputs; the same seed and kind draw the same ones. */
class Draw {
  readonly #generator

  constructor(seed: number, kind: string) {
    // The generator's own seed has 32 bits: too few for a seed of 53 and a kind. Its state has 128.
    const hash = createHash('sha256').update(`${seed} ${kind}`).digest()
    this.#generator = xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => hash.readInt32LE(offset)))
  }

  /** Both ends are in it. */
  between(low: bigint, high: bigint): bigint {
    return uniformBigInt(this.#generator, low, high)
  }

  /** As many with few digits as with many: first how many bits, then which. */
  ofAnySize(low: bigint, high: bigint): bigint {
    const bits = this.between(1n, BigInt(high.toString(2).length))
    const value = this.between(0n, (1n << bits) - 1n)
    return value < low ? low : value > high ? high : value
  }

  oneOf<T>(items: readonly T[]): T {
    return items[Number(this.between(0n, BigInt(items.length - 1)))]!
  }
}

interface Kind extends Omit<Vectors, 'rows'> {
  /** Inputs at which implementations go wrong. */
  readonly edges: readonly (readonly bigint[])[]
  readonly draw: (draw: Draw) => readonly bigint[]
  /** A whole row from its inputs. */
  readonly row: (inputs: readonly bigint[]) => readonly Value[]
}

const field = (type: FieldType, ...names: string[]): Field[] => names.map((name) => ({ name, type }))
const GHZ = 1_000_000_000n
/** At this and any frequency of 32 bits, ticks and ns fit in 64 bits; beyond that the real functions cut. */
const TB_MAX_NS = 1n << 61n

const scaleKind: Kind = {
  kind: 'scale',
  fields: [
    ...field('u64', 'hz'),
    ...field('u32', 'mul'),
    ...field('s8', 'shift'),
    ...field('u64', 'khz', 'delta', 'ns'),
  ],
  tested: [
    {
      name: 'time_scale',
      doc: 'TSC frequency to multiplier and shift: Xen set_time_scale, KVM kvm_get_time_scale',
      args: ['hz'],
      results: ['mul', 'shift'],
    },
    {
      name: 'tsc_khz',
      doc: 'multiplier and shift back to kHz, with its known error: Linux pvclock_tsc_khz',
      args: ['mul', 'shift'],
      results: ['khz'],
    },
    {
      name: 'scale_delta',
      doc: 'ticks to ns: Linux pvclock_scale_delta, Xen scale_delta',
      args: ['delta', 'mul', 'shift'],
      results: ['ns'],
    },
  ],
  edges: [
    1n,
    1000n,
    GHZ,
    GHZ + 1n,
    2n * GHZ,
    2n * GHZ + 1n,
    3_998_065_000n,
    4n * GHZ,
    U32_MAX,
    U32_MAX + 1n,
  ].flatMap((hz) => [
    [hz, 0n],
    [hz, 1n],
    [hz, 0xffff_ffffn],
    [hz, 1n << 32n],
    [hz, U64_MAX],
  ]),
  draw: (draw) => [
    draw.oneOf([draw.ofAnySize(1n, (1n << 62n) - 1n), 1000n * draw.between(10_000n, 6_000_000n)]),
    draw.ofAnySize(0n, U64_MAX),
  ],
  row: ([hz, delta]) => {
    const [, mul, shift] = mathCore().row('lab_time_scale', 10, hz!)
    const khz = mathCore().row('lab_reciprocal', 5, mul!, shift!)[4]!
    const ns = mathCore().row('lab_scale_delta', 4, delta!, mul!, shift!)[3]!
    return [hz!, mul!, BigInt.asIntN(64, shift!), khz, delta!, ns]
  },
}

const readKind: Kind = {
  kind: 'read',
  fields: [...field('page', 'page'), ...field('u64', 'tsc'), ...field('u8', 'whole'), ...field('u64', 'ns')],
  tested: [
    {
      name: 'page_read',
      doc: 'a page of 32 bytes and a TSC to ns; whole is 0, and ns then 0, where a reader must try again: Linux pvclock_read_begin, __pvclock_read_cycles, pvclock_read_retry',
      args: ['page', 'tsc'],
      results: ['whole', 'ns'],
    },
  ],
  // version, tsc_timestamp, system_time, mul, shift, flags, tsc
  edges: [
    [2n, 0n, 0n, 1n << 31n, 1n, 0n, 0n],
    [3n, 1000n, 5n, 1n << 31n, 1n, 0n, 2000n],
    [2n, 1000n, 5n, 3_579_139_413n, -1n, 1n, 999n],
    [2n, 0n, 0n, 3_579_139_413n, -1n, 1n, 10_307_921_511n],
    [2n, 0n, 0n, 3_579_139_413n, -1n, 1n, 10_307_921_512n],
    [0xffff_fffen, 0n, U64_MAX, U32_MAX, 0n, 3n, U64_MAX],
    [4n, U64_MAX, 1n, 1n, -63n, 2n, 0n],
    [4n, 0n, 0n, U32_MAX, 63n, 0n, 3n],
  ],
  draw: (draw) => {
    const stamp = draw.ofAnySize(0n, U64_MAX)
    const [, mul, shift] = mathCore().row('lab_time_scale', 10, draw.ofAnySize(1n, 8n * GHZ))
    const scale = draw.oneOf([
      [mul!, BigInt.asIntN(64, shift!)],
      [draw.ofAnySize(1n, U32_MAX), draw.between(-63n, 63n)],
    ])
    const gone = draw.oneOf([draw.ofAnySize(0n, U64_MAX), draw.ofAnySize(0n, 1n << 40n)])
    const version = draw.ofAnySize(0n, U32_MAX) & ~1n
    return [
      draw.between(0n, 7n) === 0n ? version | 1n : version,
      stamp,
      draw.ofAnySize(0n, U64_MAX),
      ...scale,
      draw.between(0n, 3n),
      unsigned(stamp + gone),
    ]
  },
  row: ([version, tsc_timestamp, system_time, mul, shift, flags, tsc]) => {
    const page = timePageBytes({
      version: Number(version),
      tsc_timestamp: tsc_timestamp!,
      system_time: system_time!,
      tsc_to_system_mul: Number(mul),
      tsc_shift: Number(shift),
      flags: Number(flags),
    })
    const { whole, ns } = read(page, tsc!)
    return [page, tsc!, whole ? 1n : 0n, whole ? ns : 0n]
  },
}

const ratioKind: Kind = {
  kind: 'ratio',
  fields: [
    ...field('u32', 'host_khz', 'guest_khz'),
    ...field('u8', 'frac_bits'),
    ...field('u64', 'ratio'),
    ...field('u8', 'scales'),
    ...field('u64', 'tsc', 'scaled'),
  ],
  tested: [
    {
      name: 'tsc_ratio',
      doc: 'guest to host frequency in frac_bits (48 VMX, 32 SVM), 0 if it does not fit: Xen hvm_get_tsc_scaling_ratio',
      args: ['guest_khz', 'host_khz', 'frac_bits'],
      results: ['ratio'],
    },
    {
      name: 'needs_scaling',
      doc: 'whether KVM scales at all, which it does beyond 250 ppm: the thresholds of KVM adjust_tsc_khz',
      args: ['guest_khz', 'host_khz'],
      results: ['scales'],
    },
    {
      name: 'scale_tsc',
      doc: 'a TSC times the ratio over 128 bits: Xen hvm_scale_tsc, KVM kvm_scale_tsc',
      args: ['tsc', 'ratio', 'frac_bits'],
      results: ['scaled'],
    },
  ],
  edges: [48n, 32n].flatMap((bits) => [
    [2_400_000n, 2_400_000n, bits, U64_MAX],
    [2_400_000n, 2_399_400n, bits, 1n << 63n],
    [2_400_000n, 2_399_399n, bits, U64_MAX],
    [2_400_000n, 2_400_600n, bits, 0n],
    [2_400_000n, 2_400_601n, bits, 1n],
    [1000n, 255_999n, bits, U64_MAX],
    [1000n, 256_000n, bits, U64_MAX],
    [1n, 65_536n, bits, U64_MAX],
    [U32_MAX, 1n, bits, U64_MAX],
    [1n, U32_MAX, bits, U64_MAX],
  ]),
  draw: (draw) => {
    const host = draw.between(10_000n, 6_000_000n)
    const near = draw.between((host * 9995n) / 10_000n, (host * 10_005n) / 10_000n)
    const guest = draw.oneOf([near, draw.between(10_000n, 6_000_000n), draw.ofAnySize(1n, U32_MAX)])
    return [host, guest, draw.oneOf([48n, 32n]), draw.ofAnySize(0n, U64_MAX)]
  },
  row: ([host, guest, bits, tsc]) => {
    const row = mathCore().row('lab_tsc', 16, host!, guest!, bits!, tsc!)
    return [host!, guest!, bits!, row[13]!, row[5]!, tsc!, row[14]!]
  },
}

const timebaseKind: Kind = {
  kind: 'timebase',
  fields: [...field('u32', 'hz'), ...field('u64', 'ns', 'ticks', 'tb', 'qemu_ns', 'linux_ns')],
  tested: [
    {
      name: 'ns_to_tb',
      doc: 'floor(ns * hz / 10^9) over 128 bits: QEMU ns_to_tb, muldiv64',
      args: ['ns', 'hz'],
      results: ['ticks'],
    },
    {
      name: 'tb_to_ns_round_up',
      doc: 'ceil(tb * 10^9 / hz), the first ns at which tb is reached: QEMU tb_to_ns_round_up',
      args: ['tb', 'hz'],
      results: ['qemu_ns'],
    },
    {
      name: 'linux_tb_to_ns',
      doc: 'mulhi64(tb, scale) << shift with the scale of time_init: Linux arch/powerpc/kernel/time.c',
      args: ['tb', 'hz'],
      results: ['linux_ns'],
    },
  ],
  edges: [1n, 16_600_000n, 33_333_333n, 512_000_000n, GHZ, U32_MAX].flatMap((hz) => [
    [hz, 0n, 0n],
    [hz, 1n, 1n],
    [hz, GHZ - 1n, hz],
    [hz, TB_MAX_NS, (TB_MAX_NS * hz) / NS_PER_S],
  ]),
  draw: (draw) => {
    const hz = draw.oneOf([512_000_000n, draw.ofAnySize(1n, U32_MAX)])
    return [hz, draw.ofAnySize(0n, TB_MAX_NS), draw.ofAnySize(0n, (TB_MAX_NS * hz) / NS_PER_S)]
  },
  row: ([hz, ns, tb]) => {
    const row = mathCore().row('lab_timebase', 8, hz!, ns!, tb!)
    return [hz!, ns!, row[3]!, tb!, row[4]!, row[7]!]
  },
}

const decKind: Kind = {
  kind: 'dec',
  fields: [
    ...field('u32', 'hz'),
    ...field('u8', 'bits'),
    ...field('u64', 'now_ns', 'value', 'next', 'expires_ns', 'later_ns', 'reads'),
  ],
  tested: [
    {
      name: 'dec_next',
      doc: 'the tick at which a decrementer of 32 or 56 bits written with value reads 0: QEMU hw/ppc/ppc.c',
      args: ['now_ns', 'value', 'hz', 'bits'],
      results: ['next'],
    },
    {
      name: 'dec_expires',
      doc: 'the first ns at which that tick is reached',
      args: ['next', 'hz'],
      results: ['expires_ns'],
    },
    {
      name: 'dec_read',
      doc: 'what it reads at later_ns: 32 bits zero-extended, 56 sign-extended to 64',
      args: ['next', 'later_ns', 'hz', 'bits'],
      results: ['reads'],
    },
  ],
  edges: [32n, 56n].flatMap((bits) => [
    [512_000_000n, bits, 0n, 0n, 0n],
    [512_000_000n, bits, 1n, 0x7fff_ffffn, 4_194_304_000n],
    [512_000_000n, bits, 1n, 0x8000_0000n, 1n],
    [512_000_000n, bits, 5n, (1n << (bits - 1n)) - 1n, 6n],
    [512_000_000n, bits, 5n, 1n << (bits - 1n), 6n],
    [33_333_333n, bits, 999_999_999n, (1n << bits) - 1n, 1_000_000_000n],
  ]),
  draw: (draw) => {
    const now = draw.ofAnySize(0n, 1n << 58n)
    const bits = draw.oneOf([32n, 56n])
    return [
      draw.oneOf([512_000_000n, draw.between(10_000_000n, GHZ)]),
      bits,
      now,
      draw.ofAnySize(0n, (1n << bits) - 1n),
      now + draw.ofAnySize(0n, 1n << 40n),
    ]
  },
  row: ([hz, bits, now, value, later]) => {
    const row = mathCore().row('lab_decrementer', 9, hz!, now!, value!, later!, bits!)
    return [hz!, bits!, now!, value!, row[5]!, row[6]!, later!, row[7]!]
  },
}

const kinds = [scaleKind, readKind, ratioKind, timebaseKind, decKind]

export const exportKinds = ['scale', 'read', 'ratio', 'timebase', 'dec'] as const
export type ExportKind = (typeof exportKinds)[number]

/** `count` rows of a kind. */
export function vectorsOf(name: ExportKind, count: number, seed: number): Vectors {
  const { edges, draw, row, ...rest } = kinds.find(({ kind }) => kind === name)!
  const source = new Draw(seed, name)
  const inputs = Array.from({ length: count }, (_, i) => edges[i] ?? draw(source))
  return { ...rest, rows: inputs.map(row) }
}
