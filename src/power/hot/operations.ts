/**
 * What slots do, as WebAssembly: each handler says what the case of its name in assembly/power-cpu/interpret.ts says, on
 * locals. `test/power/hot.test.ts` holds the two against each other.
 */
import type { Frame } from './frame.js'
import type { Slot } from './slots.js'
import { type Code, i32, i64, op32, op64, select } from './wasm.js'

type Handler = (on: Frame, slot: Slot) => Code

const ONES = (1n << 64n) - 1n
const LOW = 0xffff_ffffn

const ra = (on: Frame, { a }: Slot): Code => on.registers.get(a)
const rb = (on: Frame, { b }: Slot): Code => on.registers.get(b)
const rd = (on: Frame, { d }: Slot): Code => on.registers.get(d)
const imm = ({ imm: value }: Slot): Code => i64(BigInt(value))
const uimm = ({ imm: value }: Slot): Code => i64(BigInt(value >>> 0))
const word = (value: Code): Code => op32.wrap(value)
const low = (value: Code): Code => op64.and(value, i64(LOW))
const not = (value: Code): Code => op64.xor(value, i64(ONES))

/** To the register that the slot names first. */
const to =
  (value: Handler): Handler =>
  (on, slot) =>
    on.put(slot.d, value(on, slot))

// ---- arithmetic

/** a + b + carry with CA and CA32, to the register named first. */
const carrying =
  (a: Handler, b: Handler, carry: (on: Frame) => Code): Handler =>
  (on, slot) => {
    const { x, y, z, registers, wide } = on
    const into33 = word(op64.and(op64.shrU(op64.xor(op64.xor(x.get, y.get), z.get), i64(32n)), i64(1n)))
    const out = op64.or(op64.and(x.get, y.get), op64.and(op64.or(x.get, y.get), not(z.get)))
    return [
      ...x.set(a(on, slot)),
      ...y.set(b(on, slot)),
      ...z.set(op64.add(op64.add(x.get, y.get), carry(on))),
      ...registers.put(registers.ca32, into33),
      ...registers.put(registers.ca, wide ? word(op64.shrU(out, i64(63n))) : registers.get(registers.ca32)),
      ...on.put(slot.d, z.get),
    ]
  }
const none = (): Code => i64(0n)
const one = (): Code => i64(1n)
const carryIn = ({ registers }: Frame): Code => op64.extendU(registers.get(registers.ca))
const notRa: Handler = (on, slot) => not(ra(on, slot))
const constant =
  (value: bigint): Handler =>
  () =>
    i64(value)
const immediate: Handler = (_, slot) => imm(slot)

/** Shifting right a negative number carries when a one is lost. */
const carryLost = ({ registers }: Frame, negative: Code, lost: Code): Code => [
  ...registers.put(registers.ca, op32.and(negative, lost)),
  ...registers.put(registers.ca32, registers.get(registers.ca)),
]
const shiftRightWord: Handler = (on, slot) => {
  const value = word(on.x.get)
  const lost = op64.ne(op64.and(on.x.get, i64((1n << BigInt(slot.imm)) - 1n)), i64(0n))
  return [
    ...on.x.set(ra(on, slot)),
    ...carryLost(on, op32.ltS(value, i32(0)), lost),
    ...on.put(slot.d, op64.extendS(op32.shrS(value, i32(slot.imm)))),
  ]
}
const shiftRightDoubleword: Handler = (on, slot) => {
  const by = BigInt(slot.imm)
  const lost = op64.ne(op64.and(on.x.get, i64((1n << by) - 1n)), i64(0n))
  return [
    ...on.x.set(ra(on, slot)),
    ...carryLost(on, op64.ltS(on.x.get, i64(0n)), lost),
    ...on.put(slot.d, op64.shrS(on.x.get, i64(by))),
  ]
}
const signedWords: Handler = (on, slot) => op64.mul(op64.extend32(ra(on, slot)), op64.extend32(rb(on, slot)))
const highWord: Handler = (on, slot) => op64.shrU(op64.mul(low(ra(on, slot)), low(rb(on, slot))), i64(32n))

// ---- rotates and shifts

const rotateWord: Handler = (on, slot) => op64.extendU(op32.rotl(word(ra(on, slot)), i32(slot.b)))
/** A rotated word twice, in both halves, under a mask that wraps around. */
const rotateTwice: Handler = (on, slot) => op64.mul(rotateWord(on, slot), i64(0x1_0000_0001n))
const wrappedMask = (slot: Slot): bigint => (LOW << 32n) | BigInt(slot.imm >>> 0)
const rotate: Handler = (on, slot) => op64.rotl(ra(on, slot), i64(BigInt(slot.b)))
const maskFrom = (mb: number): bigint => ONES >> BigInt(mb)
const maskTo = (me: number): bigint => (ONES << BigInt(63 - me)) & ONES
/** Ones from bit mb to bit 63 - sh; around the end when mb is the later one. */
const maskBetween = ({ b, imm: mb }: Slot): bigint => {
  const me = 63 - b
  return mb <= me ? maskFrom(mb) & maskTo(me) : maskFrom(mb) | maskTo(me)
}
const masked =
  (value: Handler, mask: (slot: Slot) => bigint): Handler =>
  (on, slot) =>
    op64.and(value(on, slot), i64(mask(slot)))
const inserted =
  (value: Handler, mask: (slot: Slot) => bigint): Handler =>
  (on, slot) =>
    op64.or(op64.and(value(on, slot), i64(mask(slot))), op64.and(rd(on, slot), i64(~mask(slot) & ONES)))
const ownMask = (slot: Slot): bigint => BigInt(slot.imm >>> 0)
const fromImm = (slot: Slot): bigint => maskFrom(slot.imm)
const toImm = (slot: Slot): bigint => maskTo(slot.imm)

/** Shifts by more than the width give 0. */
const shiftWord =
  (shift: (a: Code, b: Code) => Code): Handler =>
  (on, slot) =>
    select(
      i64(0n),
      op64.extendU(shift(word(ra(on, slot)), word(rb(on, slot)))),
      op32.and(word(rb(on, slot)), i32(32)),
    )
const shiftDoubleword =
  (shift: (a: Code, b: Code) => Code): Handler =>
  (on, slot) =>
    select(i64(0n), shift(ra(on, slot), rb(on, slot)), op32.and(word(rb(on, slot)), i32(64)))

const two =
  (op: (a: Code, b: Code) => Code): Handler =>
  (on, slot) =>
    op(ra(on, slot), rb(on, slot))
const withComplement =
  (op: (a: Code, b: Code) => Code): Handler =>
  (on, slot) =>
    op(ra(on, slot), not(rb(on, slot)))
const complemented =
  (op: (a: Code, b: Code) => Code): Handler =>
  (on, slot) =>
    not(op(ra(on, slot), rb(on, slot)))

/** Handlers that put one value, each with a form that records it in CR0. */
const VALUES: Readonly<Record<string, Handler>> = {
  ADD: two(op64.add),
  SUBF: (on, slot) => op64.sub(rb(on, slot), ra(on, slot)),
  NEG: (on, slot) => op64.sub(i64(0n), ra(on, slot)),
  MULLW: signedWords,
  MULLD: two(op64.mul),
  MULHWU: highWord,
  AND: two(op64.and),
  OR: two(op64.or),
  XOR: two(op64.xor),
  NAND: complemented(op64.and),
  NOR: complemented(op64.or),
  EQV: complemented(op64.xor),
  ANDC: withComplement(op64.and),
  ORC: withComplement(op64.or),
  EXTSB: (on, slot) => op64.extend8(ra(on, slot)),
  EXTSH: (on, slot) => op64.extend16(ra(on, slot)),
  EXTSW: (on, slot) => op64.extend32(ra(on, slot)),
  CNTLZW: (on, slot) => op64.extendU(op32.clz(word(ra(on, slot)))),
  CNTLZD: (on, slot) => op64.clz(ra(on, slot)),
  RLWINM: masked(rotateWord, ownMask),
  RLWIMI: inserted(rotateWord, ownMask),
  RLDICL: masked(rotate, fromImm),
  RLDICR: masked(rotate, toImm),
  RLDIC: masked(rotate, maskBetween),
  RLDIMI: inserted(rotate, maskBetween),
  SLW: shiftWord(op32.shl),
  SRW: shiftWord(op32.shrU),
  SLD: shiftDoubleword(op64.shl),
  SRD: shiftDoubleword(op64.shrU),
}

/** Those that set CA as well and put their value themselves. */
const CARRIES: Readonly<Record<string, Handler>> = {
  ADDIC: carrying(ra, immediate, none),
  ADDC: carrying(ra, rb, none),
  ADDE: carrying(ra, rb, carryIn),
  ADDZE: carrying(ra, constant(0n), carryIn),
  ADDME: carrying(ra, constant(ONES), carryIn),
  SUBFC: carrying(notRa, rb, one),
  SUBFE: carrying(notRa, rb, carryIn),
  SUBFZE: carrying(notRa, constant(0n), carryIn),
  SUBFME: carrying(notRa, constant(ONES), carryIn),
  SRAWI: shiftRightWord,
  SRADI: shiftRightDoubleword,
}

const recording =
  (handler: Handler): Handler =>
  (on, slot) => [...handler(on, slot), ...on.record(slot.d)]

/** Rotates whose mask wraps around record by a flag of the slot. */
const perhapsRecording =
  (handler: Handler): Handler =>
  (on, slot) =>
    slot.aux ? recording(handler)(on, slot) : handler(on, slot)

const comparing =
  (signed: boolean, wide: boolean, other: Handler): Handler =>
  (on, slot) =>
    on.compare(slot.d, { signed, wide, a: ra(on, slot), b: other(on, slot), of: [slot.a, slot.b] })
const unsignedImmediate: Handler = (_, slot) => uimm(slot)

const load =
  (size: 1 | 2 | 4 | 8, indexed: boolean, { update = false, signed = false } = {}): Handler =>
  (on, slot) => {
    const address = op64.add(ra(on, slot), indexed ? rb(on, slot) : imm(slot))
    const value = on.loaded(size, signed)
    // The base first: a load whose target is its base leaves the value there.
    return [
      ...on.reach(size, address, false),
      ...(update ? on.put(slot.a, on.x.get) : []),
      ...on.put(slot.d, value),
    ]
  }
const stored =
  (size: 1 | 2 | 4 | 8, indexed: boolean, { update = false } = {}): Handler =>
  (on, slot) => {
    const address = op64.add(ra(on, slot), indexed ? rb(on, slot) : imm(slot))
    return [
      ...on.reach(size, address, true),
      ...on.stored(size, rd(on, slot)),
      ...(update ? on.put(slot.a, on.x.get) : []),
    ]
  }

const HANDLERS: Readonly<Record<string, Handler>> = {
  ...Object.fromEntries(
    Object.entries(VALUES).flatMap(([name, value]) => [
      [name, to(value)],
      [`${name}_RC`, recording(to(value))],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(CARRIES).flatMap(([name, handler]) => [
      [name, handler],
      [`${name}_RC`, recording(handler)],
    ]),
  ),
  NOP: () => [],
  B: () => [],
  BC_TRUE: () => [],
  BC_FALSE: () => [],
  BDNZ: (on) => on.countDown(),
  BDZ: (on) => on.countDown(),
  ADDI: to((on, slot) => op64.add(ra(on, slot), imm(slot))),
  MR: to(ra),
  SUBFIC: carrying(notRa, immediate, one),
  MULLI: to((on, slot) => op64.mul(ra(on, slot), imm(slot))),
  ORI: to((on, slot) => op64.or(ra(on, slot), uimm(slot))),
  XORI: to((on, slot) => op64.xor(ra(on, slot), uimm(slot))),
  ANDI: recording(to((on, slot) => op64.and(ra(on, slot), uimm(slot)))),
  RLWINM_WRAP: perhapsRecording(to(masked(rotateTwice, wrappedMask))),
  RLWIMI_WRAP: perhapsRecording(to(inserted(rotateTwice, wrappedMask))),
  ISEL: to((on, slot) =>
    select(ra(on, slot), rb(on, slot), op32.and(on.registers.get(slot.imm), i32(slot.aux))),
  ),
  CMPWI: comparing(true, false, immediate),
  CMPLWI: comparing(false, false, unsignedImmediate),
  CMPW: comparing(true, false, rb),
  CMPLW: comparing(false, false, rb),
  CMPDI: comparing(true, true, immediate),
  CMPLDI: comparing(false, true, unsignedImmediate),
  CMPD: comparing(true, true, rb),
  CMPLD: comparing(false, true, rb),
  LBZ: load(1, false),
  LBZU: load(1, false, { update: true }),
  LBZX: load(1, true),
  LBZUX: load(1, true, { update: true }),
  LHZ: load(2, false),
  LHZU: load(2, false, { update: true }),
  LHZX: load(2, true),
  LHA: load(2, false, { signed: true }),
  LHAU: load(2, false, { update: true, signed: true }),
  LHAX: load(2, true, { signed: true }),
  LWZ: load(4, false),
  LWZU: load(4, false, { update: true }),
  LWZX: load(4, true),
  LWA: load(4, false, { signed: true }),
  LWAX: load(4, true, { signed: true }),
  LD: load(8, false),
  LDU: load(8, false, { update: true }),
  LDX: load(8, true),
  STB: stored(1, false),
  STBU: stored(1, false, { update: true }),
  STBX: stored(1, true),
  STBUX: stored(1, true, { update: true }),
  STH: stored(2, false),
  STHU: stored(2, false, { update: true }),
  STHX: stored(2, true),
  STW: stored(4, false),
  STWU: stored(4, false, { update: true }),
  STWX: stored(4, true),
  STD: stored(8, false),
  STDU: stored(8, false, { update: true }),
  STDX: stored(8, true),
  MFLR: to(({ registers }) => registers.get(registers.lr)),
  MTLR: (on, slot) => on.put(on.registers.lr, ra(on, slot)),
  MFCTR: to(({ registers }) => registers.get(registers.ctr)),
  MTCTR: (on, slot) => on.put(on.registers.ctr, ra(on, slot)),
}

/** Whether a loop can have this operation in it. */
export const knows = (op: string): boolean => op in HANDLERS

export const codeOf = (on: Frame, slot: Slot): Code => HANDLERS[slot.op]!(on, slot)
