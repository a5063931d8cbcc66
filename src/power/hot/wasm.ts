/**
 * WebAssembly as bytes: as much of the binary format as compiled loops need (WebAssembly Core Specification, chapter 5,
 * "Binary Format"). An expression is the bytes that leave its value on the stack, so expressions are put together by
 * concatenation.
 */
export type Code = readonly number[]

export const I32 = 0x7f
export const I64 = 0x7e
export type ValueType = typeof I32 | typeof I64

const VOID = 0x40

/** Unsigned LEB128, of numbers below 2^32. */
export function unsigned(value: number): Code {
  const bytes: number[] = []
  let rest = value >>> 0
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest]
}

/** Signed LEB128. */
export function signed(value: bigint): Code {
  const bytes: number[] = []
  let rest = value
  for (;;) {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    const ends = low & 0x40 ? rest === -1n : rest === 0n
    bytes.push(ends ? low : low | 0x80)
    if (ends) return bytes
  }
}

export const i32 = (value: number): Code => [0x41, ...signed(BigInt(value | 0))]
/** Of 64 bits, signed or unsigned. */
export const i64 = (value: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, value))]

export const local = (index: number): Code => [0x20, ...unsigned(index)]
export const setLocal = (index: number, value: Code): Code => [...value, 0x21, ...unsigned(index)]

const binary =
  (...op: number[]) =>
  (a: Code, b: Code): Code => [...a, ...b, ...op]
const unary =
  (...op: number[]) =>
  (a: Code): Code => [...a, ...op]

export const op32 = {
  eq: binary(0x46),
  ltS: binary(0x48),
  ltU: binary(0x49),
  gtS: binary(0x4a),
  gtU: binary(0x4b),
  leS: binary(0x4c),
  eqz: unary(0x45),
  clz: unary(0x67),
  add: binary(0x6a),
  sub: binary(0x6b),
  and: binary(0x71),
  or: binary(0x72),
  shl: binary(0x74),
  shrS: binary(0x75),
  shrU: binary(0x76),
  rotl: binary(0x77),
  wrap: unary(0xa7),
} as const

export const op64 = {
  eqz: unary(0x50),
  eq: binary(0x51),
  ne: binary(0x52),
  ltS: binary(0x53),
  ltU: binary(0x54),
  gtS: binary(0x55),
  gtU: binary(0x56),
  clz: unary(0x79),
  add: binary(0x7c),
  sub: binary(0x7d),
  mul: binary(0x7e),
  and: binary(0x83),
  or: binary(0x84),
  xor: binary(0x85),
  shl: binary(0x86),
  shrS: binary(0x87),
  shrU: binary(0x88),
  rotl: binary(0x89),
  extendS: unary(0xac),
  extendU: unary(0xad),
  extend8: unary(0xc2),
  extend16: unary(0xc3),
  extend32: unary(0xc4),
} as const

/** `yes` if `condition`, else `no`; both are computed. */
export const select = (yes: Code, no: Code, condition: Code): Code => [...yes, ...no, ...condition, 0x1b]

/** Alignment is a hint, so none is given. */
const memoryOp =
  (op: number) =>
  (address: Code, offset = 0): Code => [...address, op, 0, ...unsigned(offset)]
const storeOp =
  (op: number) =>
  (address: Code, value: Code, offset = 0): Code => [...address, ...value, op, 0, ...unsigned(offset)]

export const load = {
  i32: memoryOp(0x28),
  i64: memoryOp(0x29),
  /** Bytes and halves as i32, all as i64, without sign. */
  u8as32: memoryOp(0x2d),
  u8: memoryOp(0x31),
  u16: memoryOp(0x33),
  u32: memoryOp(0x35),
} as const

export const store = {
  i32: storeOp(0x36),
  i64: storeOp(0x37),
  /** The low bits of an i32. */
  i32as8: storeOp(0x3a),
  /** The low bits of an i64. */
  u8: storeOp(0x3c),
  u16: storeOp(0x3d),
  u32: storeOp(0x3e),
} as const

export const block = (body: Code): Code => [0x02, VOID, ...body, 0x0b]
export const loop = (body: Code): Code => [0x03, VOID, ...body, 0x0b]
export const when = (condition: Code, yes: Code, no: Code = []): Code => [
  ...condition,
  0x04,
  VOID,
  ...yes,
  ...(no.length > 0 ? [0x05, ...no] : []),
  0x0b,
]
/** To the end of the `depth`th block around, or the beginning of a loop. */
export const branch = (depth: number): Code => [0x0c, ...unsigned(depth)]

const counted = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content]
const name = (ascii: string): Code => counted([...ascii].map((letter) => [letter.charCodeAt(0)]))

/** Calls the imported function: an i64 and two i32 to an i32. */
export const callReach = (address: Code, size: Code, write: Code): Code => [
  ...address,
  ...size,
  ...write,
  0x10,
  ...unsigned(0),
]

/**
 * A module that imports a memory and a function (`env.memory`, `env.reach`) and exports one function `run` of three i32 to an
 * i64, with `locals` behind its parameters.
 */
export function moduleOf(locals: readonly ValueType[], body: Code): Uint8Array<ArrayBuffer> {
  const run = [0x60, 3, I32, I32, I32, 1, I64]
  const reach = [0x60, 3, I64, I32, I32, 1, I32]
  const code = [...counted(locals.map((one) => [1, one])), ...body, 0x0b]
  const [function_, memory] = [0x00, 0x02]
  const imports = [
    [...name('env'), ...name('memory'), memory, 0, 1],
    [...name('env'), ...name('reach'), function_, 1],
  ]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, counted([run, reach])),
    ...section(2, counted(imports)),
    ...section(3, counted([[0]])),
    ...section(7, counted([[...name('run'), function_, 1]])),
    ...section(10, counted([[...unsigned(code.length), ...code]])),
  ])
}
