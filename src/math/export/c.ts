/** Vectors as one C99 file: tables, a check for each function, and a main for those who want one. */

import type { Field, FieldType, Tested, Value, Vectors } from './cases.js'
import { wrapped } from './layout.js'

const TYPES: Record<FieldType, string> = {
  u8: 'uint8_t',
  s8: 'int8_t',
  u32: 'uint32_t',
  u64: 'uint64_t',
  page: 'uint8_t',
}

export function renderC(all: readonly Vectors[], head: readonly string[]): string {
  return [
    '/*',
    ...head.map((line) => ` * ${line}`.trimEnd()),
    ' *',
    ' * Include this file and give each chronovisor_check_*() a function of yours; it',
    ' * returns how many rows came out wrong and tells the first of them on stderr.',
    ' * Compiled with -DCHRONOVISOR_MAIN it is a program, to be linked with functions',
    ' * of the names that are declared at its end.',
    ' */',
    '#ifndef CHRONOVISOR_VECTORS_H',
    '#define CHRONOVISOR_VECTORS_H',
    '#include <inttypes.h>',
    '#include <stddef.h>',
    '#include <stdint.h>',
    '#include <stdio.h>',
    '',
    ...all.flatMap(table),
    ...tellers(),
    ...all.flatMap((vectors) => vectors.tested.flatMap((tested) => check(vectors, tested))),
    ...main(all),
    '#endif',
    '',
  ].join('\n')
}

function declared({ name, type }: Field): string {
  return type === 'page' ? `${TYPES[type]} ${name}[32]` : `${TYPES[type]} ${name}`
}

function table({ kind, fields, rows }: Vectors): string[] {
  return [
    `struct chronovisor_${kind} {`,
    ...fields.map((field) => `  ${declared(field)};`),
    '};',
    '',
    `static const struct chronovisor_${kind} chronovisor_${kind}[] = {`,
    ...rows.flatMap((row) => {
      const parts = row.flatMap((value, i) => literals(value, fields[i]!))
      return wrapped('  { ', parts, ' },')
    }),
    '};',
    '',
  ]
}

/** Text between commas: a page has many. */
function literals(value: Value, { type }: Field): string[] {
  if (value instanceof Uint8Array) return `{ ${[...value].join(',')} }`.split(',')
  if (type === 'u64') return [`UINT64_C(${value})`]
  return [type === 'u32' ? `UINT32_C(${value})` : `${value}`]
}

/** What a function of this type returns, and its arguments: a single result is returned, more go through pointers. */
function signature({ fields }: Vectors, { args, results }: Tested): { result: string; parameters: string[] } {
  const of = (name: string) => fields.find((field) => field.name === name)!
  const given = args.map((name) => (of(name).type === 'page' ? 'const ' : '') + declared(of(name)))
  if (results.length === 1) return { result: TYPES[of(results[0]!).type], parameters: given }
  return {
    result: 'void',
    parameters: [...given, ...results.map((name) => `${TYPES[of(name).type]} *${name}`)],
  }
}

function check(vectors: Vectors, tested: Tested): string[] {
  const { kind, fields } = vectors
  const { name, doc, args, results } = tested
  const { result, parameters } = signature(vectors, tested)
  const of = (field: string) => fields.find((one) => one.name === field)!
  const given = args.map((arg) => `v->${arg}`)
  const call = results.map((field) => `    ${TYPES[of(field).type]} ${field} = 0;`)
  if (results.length === 1) call.push(`    ${results[0]} = f(${given.join(', ')});`)
  else call.push(`    f(${[...given, ...results.map((field) => `&${field}`)].join(', ')});`)
  return [
    ...wrapped('/* ', doc.split(' '), ' */', ' '),
    'static inline unsigned',
    `chronovisor_check_${name}(`,
    ...wrapped(`    ${result} (*f)(`, parameters, ')) {'),
    '  unsigned wrong = 0;',
    '  const size_t rows =',
    `      sizeof chronovisor_${kind} / sizeof *chronovisor_${kind};`,
    '  for (size_t i = 0; i < rows; i++) {',
    `    const struct chronovisor_${kind} *v = &chronovisor_${kind}[i];`,
    ...call,
    `    if (${results.map((field) => `${field} == v->${field}`).join(' && ')}) continue;`,
    '    if (wrong++ != 0) continue;',
    ...results.flatMap((field) => {
      const sign = of(field).type === 's8' ? 'signed' : 'unsigned'
      const told = [`"${name}"`, 'i', `"${field}"`, field, `v->${field}`]
      return wrapped(`    chronovisor_tell_${sign}(`, told, ');')
    }),
    '  }',
    '  return wrong;',
    '}',
    '',
  ]
}

/** The functions that tell a row that came out wrong. */
function tellers(): string[] {
  return (
    [
      ['unsigned', 'uintmax_t', 'PRIuMAX'],
      ['signed', 'intmax_t', 'PRIdMAX'],
    ] as const
  ).flatMap(([name, type, format]) => [
    'static inline void',
    `chronovisor_tell_${name}(const char *function, size_t row, const char *field,`,
    `    ${type} got, ${type} expected) {`,
    `  fprintf(stderr, "%s, row %zu: %s is %" ${format} ", expected %" ${format} "\\n",`,
    '          function, row, field, got, expected);',
    '}',
    '',
  ])
}

function main(all: readonly Vectors[]): string[] {
  const each = all.flatMap((vectors) => vectors.tested.map((tested) => ({ vectors, tested })))
  return [
    '#ifdef CHRONOVISOR_MAIN',
    ...each.flatMap(({ vectors, tested }) => {
      const { result, parameters } = signature(vectors, tested)
      return wrapped(`${result} ${tested.name}(`, parameters, ');')
    }),
    '',
    'int main(void) {',
    '  unsigned wrong = 0;',
    ...each.map(({ tested }) => `  wrong += chronovisor_check_${tested.name}(${tested.name});`),
    '  printf("%u wrong\\n", wrong);',
    '  return wrong != 0;',
    '}',
    '#endif',
  ]
}
