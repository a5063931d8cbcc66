/**
 * Where the code of a loop is put together: registers, temporaries, storage through the TLB, comparisons.
 *
 *   parameters  0 left, cycles before the end of the stretch  1 the TLB for reading  2 the slot where the loop begins
 *   locals      3 how far from there it goes on once the loop is left  4 TLB entry  5 place in memory  6-8 x y z
 *               9- registers
 */
import { Registers } from './registers.js'
import {
  type Code,
  callReach,
  I32,
  I64,
  i32,
  i64,
  load,
  local,
  op32,
  op64,
  select,
  setLocal,
  store,
  type ValueType,
  when,
} from './wasm.js'

export const LEFT = 0
export const TLB = 1
export const BEGIN = 2
export const GOES_TO = 3
const ENTRY = 4
const PLACE = 5
const FIRST_TEMPORARY = 6
const FIRST_REGISTER = 9
/** Types of the locals before the registers. */
const LOCALS: readonly ValueType[] = [I32, I32, I32, I64, I64, I64]

/** As assembly/engine/tlb.ts: entries of 16 bytes, u64 page and u32 what to add; the TLB for writing behind the other. */
const TLB_WRITE = 0x1000
const ADDS = 8
const ENTRIES = 256
const PAGE_BITS = 12
const PAGE_MASK = 0xfffn

const [LT, GT, EQ] = [8, 4, 2]

export type Size = 1 | 2 | 4 | 8

interface Comparison {
  readonly signed: boolean
  /** Of 64 bits, else of 32. */
  readonly wide: boolean
  readonly a: Code
  readonly b: Code
  /** The registers that are compared. */
  readonly of: readonly number[]
}

interface Known {
  /** By bit of the field. */
  readonly bits: ReadonlyMap<number, Code>
  readonly of: readonly number[]
}

interface Temporary {
  readonly get: Code
  set(value: Code): Code
}

const temporary = (index: number): Temporary => ({
  get: local(index),
  set: (value) => setLocal(index, value),
})

/** Most significant byte first. */
function swapped(size: Size, value: Code, x: Temporary): Code {
  if (size === 1) return value
  const pairs = (v: Code, by: bigint, mask: bigint): Code => [
    ...x.set(v),
    ...op64.or(op64.and(op64.shrU(x.get, i64(by)), i64(mask)), op64.shl(op64.and(x.get, i64(mask)), i64(by))),
  ]
  const bytes = pairs(value, 8n, 0x00ff_00ff_00ff_00ffn)
  if (size === 2) return bytes
  const halves = pairs(bytes, 16n, 0x0000_ffff_0000_ffffn)
  return size === 4 ? halves : op64.rotl(halves, i64(32n))
}

export class Frame {
  readonly registers: Registers
  readonly x = temporary(FIRST_TEMPORARY)
  readonly y = temporary(FIRST_TEMPORARY + 1)
  readonly z = temporary(FIRST_TEMPORARY + 2)
  /** Addresses of 64 bits. */
  readonly wide: boolean
  readonly #littleEndian: boolean
  /** Leaves the loop, from two blocks further in, before the instruction at hand. */
  leave: Code = []
  /** What the fields of CR have been compared of, in the block at hand. */
  readonly #known = new Map<number, Known>()

  constructor(cpu: number, wide: boolean, littleEndian: boolean) {
    this.registers = new Registers(cpu, FIRST_REGISTER)
    this.wide = wide
    this.#littleEndian = littleEndian
  }

  get locals(): readonly ValueType[] {
    return [...LOCALS, ...this.registers.types]
  }

  /** Before each block: there are several ways to it. */
  beginBlock(): void {
    this.#known.clear()
  }

  put(register: number, value: Code): Code {
    for (const [field, { of }] of this.#known) if (of.includes(register)) this.#known.delete(field)
    return this.registers.put(register, value)
  }

  // ---- comparisons

  compare(field: number, { signed, wide, a, b, of }: Comparison): Code {
    const op = wide ? op64 : op32
    const [p, q] = wide ? [a, b] : [op32.wrap(a), op32.wrap(b)]
    const less = (signed ? op.ltS : op.ltU)(p, q)
    const greater = (signed ? op.gtS : op.gtU)(p, q)
    const bits = new Map([
      [LT, less],
      [GT, greater],
      [EQ, op.eq(p, q)],
    ])
    const relation = select(i32(LT), select(i32(GT), i32(EQ), greater), less)
    const code = this.registers.put(field, op32.or(relation, this.registers.get(this.registers.so)))
    this.#known.set(field, { bits, of })
    return code
  }

  /** A result in CR0. */
  record(register: number): Code {
    const a = this.registers.get(register)
    return this.compare(this.registers.cr0, { signed: true, wide: this.wide, a, b: i64(0n), of: [register] })
  }

  /** Whether any of the bits of a field is set: an i32. */
  condition(field: number, bit: number): Code {
    return this.#known.get(field)?.bits.get(bit) ?? op32.and(this.registers.get(field), i32(bit))
  }

  // ---- CTR

  countDown(): Code {
    const { ctr } = this.registers
    return this.put(ctr, op64.sub(this.registers.get(ctr), i64(1n)))
  }

  get counts(): Code {
    const ctr = this.registers.get(this.registers.ctr)
    return this.wide ? op64.ne(ctr, i64(0n)) : op32.wrap(ctr)
  }

  // ---- storage

  /** Has `size` bytes at `address` at hand, which is in x from then on; leaves the loop if that is the interpreter's. */
  reach(size: Size, address: Code, write: boolean): Code {
    const { x } = this
    const which = write ? TLB_WRITE : 0
    const index = op32.and(op32.shrU(op32.wrap(x.get), i32(PAGE_BITS)), i32(ENTRIES - 1))
    const page = op64.and(op64.add(x.get, i64(BigInt(size - 1))), i64(~PAGE_MASK))
    return [
      ...x.set(this.wide ? address : op64.and(address, i64(0xffff_ffffn))),
      ...setLocal(ENTRY, op32.add(local(TLB), op32.shl(index, i32(4)))),
      ...when(
        op64.ne(load.i64(local(ENTRY), which), page),
        when(op32.eqz(callReach(x.get, i32(size), i32(write ? 1 : 0))), this.leave),
      ),
      ...setLocal(PLACE, op32.add(op32.wrap(x.get), load.i32(local(ENTRY), which + ADDS))),
    ]
  }

  /** What is at hand. */
  loaded(size: Size, signed: boolean): Code {
    const bytes = { 1: load.u8, 2: load.u16, 4: load.u32, 8: load.i64 }[size](local(PLACE))
    const value = this.#littleEndian ? bytes : swapped(size, bytes, this.y)
    if (!signed) return value
    return size === 2 ? op64.extend16(value) : op64.extend32(value)
  }

  /** Stores the low bytes of a value where they are at hand. */
  stored(size: Size, value: Code): Code {
    const put = { 1: store.u8, 2: store.u16, 4: store.u32, 8: store.i64 }[size]
    return put(local(PLACE), this.#littleEndian ? value : swapped(size, value, this.y))
  }
}
