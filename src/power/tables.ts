/** The decoder's tables as AssemblyScript, from the tables of instructions and SPRs. */
import { COST_CLASSES } from './costs.js'
import { FACILITIES, INSTRUCTIONS, type Instruction } from './instructions.js'
import { SPR_KINDS, sprBits } from './sprs.js'

/** Cases of the interpreter's loop that no row of the table names: variants that the decoder chooses. */
const VARIANTS = [
  'DECODE', // not decoded yet; 0, so that a cleared slot is one
  'PAGE_END',
  'BREAK', // a debugger's
  'HOT', // where a loop begins that is compiled
  'ARITH',
  'MEM',
  'SYS',
  'FACILITY',
  'ILLEGAL',
  'UNAVAILABLE',
  ...['CMPDI', 'CMPLDI', 'CMPD', 'CMPLD', 'RLWINM_WRAP', 'RLWIMI_WRAP', 'MR'],
  ...['B_SELF', 'B_FAR', 'BL', 'BL_FAR', 'B_ABSOLUTE'],
  ...['BC_TRUE', 'BC_FALSE', 'BC_TRUE_FAR', 'BC_FALSE_FAR', 'BDNZ', 'BDZ'],
  ...['BLR_TRUE', 'BLR_FALSE', 'BCTRL'],
  ...['MFLR', 'MTLR', 'MFCTR', 'MTCTR', 'MFTB', 'MFTBU', 'MFCR', 'MTCR'],
  ...['SPR_MOVE', 'SPR_MOVE_WORD', 'MFDEC', 'MTDEC', 'MTMSRD_EE'], // of a supervisor; SYS for others
]

/**
 * Neighbours that one case runs, as they come up most: in loops of checksums, sorting, sieves and generators. A comparison
 * also takes the branch that asks its field of CR.
 */
export const PAIRS: readonly (readonly [first: string, second: string])[] = [
  ['XOR', 'RLWINM'],
  ['XOR', 'RLDIC'],
  ['XOR', 'RLDICL'],
  ['XOR', 'ADD'],
  ['XOR', 'ADDI'],
  ['XOR', 'BDNZ'],
  ['RLWINM', 'XOR'],
  ['RLWINM', 'RLWINM'],
  ['RLWINM', 'LWZX'],
  ['RLDICR', 'XOR'],
  ['RLDIC', 'LWZX'],
  ['RLDIC', 'RLDICL'],
  ['RLDICL', 'ADD'],
  ['RLDICL', 'BDNZ'],
  ['ADDI', 'ADDI'],
  ['ADDI', 'MR'],
  ['ADDI', 'XOR'],
  ['ADD', 'BDNZ'],
  ['LWZX', 'XOR'],
  ['LWZX', 'ADD'],
  ['LDX', 'ADD'],
  ['LWZ', 'ADDI'],
  ['LWZU', 'ADDI'],
  ['EXTSW', 'EXTSW'],
  ['EXTSW', 'RLDICR'],
  ...['CMPWI', 'CMPLWI', 'CMPW', 'CMPLW', 'CMPDI', 'CMPLDI', 'CMPD', 'CMPLD'].flatMap((compare) =>
    ['BC_TRUE', 'BC_FALSE'].map((branch) => [compare, branch] as const),
  ),
]

const OUT_OF_LINE = ['arith', 'mem', 'sys']

/**
 * Handlers of what a facility of MSR turns on, one switch a file in assembly/power-cpu. One case of the loop has them all: a
 * handler's number is its place in this list times 256, plus its place in the file.
 */
export const FACILITY_FILES: Readonly<Record<string, string>> = {
  fmem: 'float-storage',
  fmove: 'float-status',
  fp: 'float-scalar',
  xscalar: 'vsx-scalar',
  xvector: 'vsx-vector',
  vint: 'vector-integer',
  vmul: 'vector-multiply',
  vperm: 'vector-permute',
  vcrypt: 'vector-cipher',
  xmove: 'vsx-move',
}
const FACILITY_NAMES = Object.keys(FACILITY_FILES)

const constant = (name: string) => name.replace(/\.$/, '_rc').toUpperCase()

/** Numbers of the interpreter's cases: the variants, then the table's, each with its record form behind it. */
export function operations(): string[] {
  const hot = INSTRUCTIONS.filter(({ does }) => !OUT_OF_LINE.includes(does) && !FACILITY_NAMES.includes(does))
  const named = hot.flatMap(({ does, record }) => (record ? [does, `${does}_RC`] : [does]))
  return [...new Set([...VARIANTS, ...named]), ...PAIRS.map((pair) => pair.join('_'))]
}

/** Names of the out-of-line handlers of one file, in the order of their numbers. */
export const handlers = (file: string): string[] =>
  INSTRUCTIONS.filter(({ does }) => does === file).map(({ name }) => constant(name))

const SLOTS = [...new Set(INSTRUCTIONS.map(({ slot }) => slot))]

const FLAG_RECORD = 1
const FLAG_ONLY_64 = 2
const FLAG_ONLY_32 = 4
const FLAG_SERVER = 8
const FLAG_PRIVILEGED = 16

const flagsOf = (row: Instruction) =>
  (row.record ? FLAG_RECORD : 0) |
  (row.only64 ? FLAG_ONLY_64 : 0) |
  (row.only32 ? FLAG_ONLY_32 : 0) |
  (row.server ? FLAG_SERVER : 0) |
  (row.privileged ? FLAG_PRIVILEGED : 0)

/** Primary opcodes with extended ones: how many bits the index has, and where it starts in the word. */
const INDEXED: Readonly<Record<number, { readonly bits: number; readonly shift: number }>> = {
  4: { bits: 11, shift: 0 },
  17: { bits: 2, shift: 0 },
  19: { bits: 10, shift: 1 },
  30: { bits: 4, shift: 1 },
  31: { bits: 10, shift: 1 },
  57: { bits: 2, shift: 0 },
  58: { bits: 2, shift: 0 },
  59: { bits: 10, shift: 1 },
  60: { bits: 10, shift: 1 },
  61: { bits: 3, shift: 0 },
  62: { bits: 2, shift: 0 },
  63: { bits: 10, shift: 1 },
}

const RA = 31 << 16

/** The field of RA where it tells rows apart, else NO_SUB; LAST_SUB on the last of such rows, which lie side by side. */
const NO_SUB = 0x40
const LAST_SUB = 0x80
const subOf = ({ sub, primary, extended }: Instruction, index: number) => {
  if (sub === null) return NO_SUB
  const next = INSTRUCTIONS[index + 1]
  return sub | (next?.sub != null && next.primary === primary && next.extended === extended ? 0 : LAST_SUB)
}

/** Row numbers by index: bits of the index that the form does not fix take all values. Of rows told by RA the first. */
function indexOf(primary: number): number[] {
  const { bits, shift } = INDEXED[primary]!
  return Array.from({ length: 1 << bits }, (_, index) => {
    const word = index << shift
    const found = INSTRUCTIONS.findIndex(
      ({ primary: own, mask, value }) => own === primary && (word & mask & ~RA) === (value & ~RA),
    )
    return found + 1
  })
}

function primaries(): number[] {
  return Array.from({ length: 64 }, (_, primary) =>
    primary in INDEXED ? 0 : INSTRUCTIONS.findIndex((row) => row.primary === primary) + 1,
  )
}

function lines(values: readonly number[]): string {
  const out: string[] = []
  for (let i = 0; i < values.length; i += 16) out.push(`  ${values.slice(i, i + 16).join(', ')},`)
  return out.join('\n')
}

const table = (name: string, type: string, values: readonly number[]) =>
  `export const ${name}: usize = memory.data<${type}>([\n${lines(values)}\n])`

const enumeration = (name: string, values: readonly string[]) =>
  `export const enum ${name} {\n${values.map((value, i) => `  ${value} = ${i},`).join('\n')}\n}`

function rowFields(): { op: number; slot: number; cost: number; flags: number }[] {
  const ops = operations()
  return INSTRUCTIONS.map((row) => {
    const file = FACILITY_NAMES.indexOf(row.does)
    const line = OUT_OF_LINE.includes(row.does) || file >= 0
    const op = line ? handlers(row.does).indexOf(constant(row.name)) : ops.indexOf(row.does)
    // An out-of-line handler is told apart by its case, ARITH, MEM, SYS or FACILITY, in the upper bits.
    const where = line ? ops.indexOf(file >= 0 ? 'FACILITY' : row.does.toUpperCase()) : 0
    return {
      op: op | (where << 12) | (file >= 0 ? file << 8 : 0),
      slot: SLOTS.indexOf(row.slot),
      cost: COST_CLASSES.indexOf(row.costClass),
      flags: flagsOf(row),
    }
  })
}

/** The text of assembly/power-cpu/tables.ts. */
export function decoderTables(): string {
  const rows = rowFields()
  return `${[
    '/**\n * Written by scripts/power-tables.ts from src/power/instructions.ts and src/power/sprs.ts; do not edit.\n *' +
      ' Long because every number has a line.\n */',
    enumeration('Op', operations()),
    ...[...OUT_OF_LINE, ...FACILITY_NAMES].map((file) =>
      enumeration(file[0]!.toUpperCase() + file.slice(1), handlers(file)),
    ),
    enumeration(
      'Slot',
      SLOTS.map((slot) => slot.toUpperCase()),
    ),
    `export const FLAG_RECORD: u32 = ${FLAG_RECORD}
export const FLAG_ONLY_64: u32 = ${FLAG_ONLY_64}
export const FLAG_ONLY_32: u32 = ${FLAG_ONLY_32}
export const FLAG_SERVER: u32 = ${FLAG_SERVER}
export const FLAG_PRIVILEGED: u32 = ${FLAG_PRIVILEGED}
export const COST_CLASSES: u32 = ${COST_CLASSES.length}`,
    `/** Operations from this one on run two slots. */\nexport const FIRST_PAIR: u32 = ${operations().length - PAIRS.length}`,
    '/** Pairs, six bytes each: first operation, second operation, the one for both; 0 ends the list. */',
    table('PAIRS', 'u16', [
      ...PAIRS.flatMap((pair) => [...pair, pair.join('_')].map((op) => operations().indexOf(op))),
      0,
    ]),
    '/** Rows, four bytes each: u16 handler (bits 12 and up: its case, 0 in the loop itself), u8 slot kind, u8 cost class. */',
    table('ROWS', 'u16', [0, 0, ...rows.flatMap(({ op, slot, cost }) => [op, slot | (cost << 8)])]),
    table('ROW_FLAGS', 'u8', [0, ...rows.map(({ flags }) => flags)]),
    enumeration(
      'FacilityFile',
      FACILITY_NAMES.map((name) => name.toUpperCase()),
    ),
    enumeration(
      'Facility',
      FACILITIES.map((name) => name.replaceAll('-', '_').toUpperCase()),
    ),
    '/** Which facility a row needs. */',
    table('ROW_FACILITY', 'u8', [0, ...INSTRUCTIONS.map(({ facility }) => FACILITIES.indexOf(facility))]),
    '/** Rows that the field of RA tells apart lie side by side: that field, LAST_SUB on the last; NO_SUB on other rows. */',
    `export const NO_SUB: u32 = ${NO_SUB}\nexport const LAST_SUB: u32 = ${LAST_SUB}`,
    table('ROW_SUB', 'u8', [NO_SUB, ...INSTRUCTIONS.map(subOf)]),
    '/** Row by primary opcode; 0: none, or one with extended opcodes. */',
    table('PRIMARY', 'u16', primaries()),
    '/** Row by extended opcode; 0: none. */',
    ...Object.keys(INDEXED).map((primary) => table(`INDEX_${primary}`, 'u16', indexOf(Number(primary)))),
    enumeration(
      'SprKind',
      SPR_KINDS.map((kind) => kind.toUpperCase()),
    ),
    '/**\n * SPRs by number, u16: bits 0-7 kind; 8-9 who reads and 10-11 who writes: 0 nobody, 1 everyone, 2 the supervisor,\n' +
      ' * 3 the hypervisor. 0: none.\n */',
    ...(['c', 's'] as const).map((cpu) =>
      table(
        cpu === 'c' ? 'SPRS_CLASSIC' : 'SPRS_SERVER',
        'u16',
        Array.from({ length: 1024 }, (_, number) => sprBits(number, cpu)),
      ),
    ),
  ].join('\n\n')}\n`
}

/** The text of src/power/hot/names.ts: what the interpreter's cases are called, for those who read decoded code. */
export function operationNames(): string {
  const rows: string[] = []
  for (const name of operations()) {
    const row = `${rows.at(-1) ?? ''} ${name}`
    if (rows.length === 0 || row.length > 110) rows.push(name)
    else rows[rows.length - 1] = row
  }
  return [
    '/** Written by scripts/power-tables.ts from src/power/tables.ts; do not edit. */',
    '',
    '/** Operations of decoded slots, by number. */',
    `export const OPERATIONS: readonly string[] = \`\n${rows.join('\n')}\n\``,
    '  .trim()',
    '  .split(/\\s/)',
    '/** From this one on they run two slots. */',
    `export const FIRST_PAIR = ${operations().length - PAIRS.length}`,
    '',
  ].join('\n')
}
