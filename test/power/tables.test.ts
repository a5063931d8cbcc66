/** One table of instructions feeds everything: the core's tables are made of it, and no word has two meanings. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { OPERATIONS } from '../../src/power/hot/names.js'
import { disassemble } from '../../src/power/index.js'
import { INSTRUCTIONS } from '../../src/power/instructions.js'
import { SPRS } from '../../src/power/sprs.js'
import {
  decoderTables,
  FACILITY_FILES,
  handlers,
  operationNames,
  operations,
} from '../../src/power/tables.js'
import { addi, b, lwz, mfspr, stwcx } from './assemble.js'

const source = (name: string) =>
  readFileSync(new URL(`../../assembly/power-cpu/${name}.ts`, import.meta.url), 'utf8')

test('assembly/power-cpu/tables.ts is what scripts/power-tables.ts writes', () => {
  expect(source('tables')).toBe(decoderTables())
})

test('src/power/hot/names.ts is what scripts/power-tables.ts writes', () => {
  const file = new URL('../../src/power/hot/names.ts', import.meta.url)
  expect(readFileSync(file, 'utf8')).toBe(operationNames())
  expect(OPERATIONS).toEqual(operations())
})

test('no word is two instructions', () => {
  const same = INSTRUCTIONS.flatMap((one, i) =>
    INSTRUCTIONS.slice(i + 1).flatMap((other) => {
      if (one.primary !== other.primary) return []
      const differ = (one.value ^ other.value) & one.mask & other.mask
      return differ === 0 ? [`${one.name} and ${other.name}`] : []
    }),
  )
  expect(same).toEqual([])
})

test('every operation and every handler of the tables has a case', () => {
  const missing = (file: string, kind: string, names: readonly string[]) => {
    const text = source(file)
    return names.filter((name) => !new RegExp(`case ${kind}\\.${name}:`).test(text))
  }
  expect(missing('interpret', 'Op', operations())).toEqual([])
  // What the last `default` of a file stands for, as its comment says.
  expect(missing('arith', 'Arith', handlers('arith'))).toEqual(['MULLDO'])
  expect(missing('storage', 'Mem', handlers('mem'))).toEqual(['DCBST', 'DCBF', 'DCBI', 'ICBI'])
  expect(missing('system', 'Sys', handlers('sys'))).toEqual(['TLBIA', 'SLBIA', 'TLBSYNC'])
})

/** The last case of each file's switch is its `default`. */
const LAST: Readonly<Record<string, string>> = {
  fmem: 'STXSIBX',
  fmove: 'MFFSL',
  fp: 'FRIM',
  xscalar: 'XSIEXPDP',
  xvector: 'XVTSQRTSP',
  vint: 'VCMPNEZW',
  vmul: 'VSUBECUQ',
  vperm: 'VCTZLSBB',
  vcrypt: 'VSHASIGMAD',
  xmove: 'MTVSRDD',
}

test.each(Object.entries(FACILITY_FILES))('every handler of %s has a case', (group, file) => {
  const text = source(file)
  const kind = `${group[0]!.toUpperCase()}${group.slice(1)}`
  const missing = handlers(group).filter((name) => !new RegExp(`case ${kind}\\.${name}:`).test(text))
  expect(missing).toEqual([LAST[group]])
})

test('an SPR number stands once in the table', () => {
  for (const cpu of ['c', 's']) {
    const numbers = SPRS.filter((spr) => spr.cpu.includes(cpu)).map(({ number }) => number)
    expect(new Set(numbers).size).toBe(numbers.length)
  }
})

test('the disassembler reads the operands from the table', () => {
  expect(disassemble(addi(3, 0, -1))).toBe('addi r3,0,-1')
  expect(disassemble(lwz(5, 1, 8))).toBe('lwz r5,8(r1)')
  expect(disassemble(stwcx(3, 4, 5))).toBe('stwcx. r3,r4,r5')
  expect(disassemble(mfspr(3, 268))).toBe('mfspr r3,TBL')
  expect(disassemble(b(-8), 0x1000n)).toBe('b 0xff8')
  expect(disassemble(0x4800_0101, 0x2000n)).toBe('bl 0x2100')
  expect(disassemble(0x7c64_2a15)).toBe('add. r3,r4,r5')
  expect(disassemble(0x7c64_2e14)).toBe('addo r3,r4,r5')
  expect(disassemble(0x78a3_0020)).toBe('rldicl r3,r5,0,32')
  expect(disassemble(0)).toBe('.long 0x0')
})
