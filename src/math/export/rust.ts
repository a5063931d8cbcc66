/** Vectors as one Rust file: tables, a check for each function, and a main for those who want one. */
import type { Field, FieldType, Tested, Value, Vectors } from './cases.js'
import { wrapped } from './layout.js'

const TYPES: Record<FieldType, string> = { u8: 'u8', s8: 'i8', u32: 'u32', u64: 'u64', page: '[u8; 32]' }

export function renderRust(all: readonly Vectors[], head: readonly string[]): string {
  return [
    ...head.map((line) => `// ${line}`.trimEnd()),
    '//',
    '// Make this a module and give each check_*() a function of yours; it returns',
    '// how many rows came out wrong and tells the first of them on stderr. Compiled',
    '// with --cfg chronovisor_main it is a program that takes functions of those',
    '// names from implementation.rs beside it.',
    '',
    ...all.flatMap(table),
    ...all.flatMap((vectors) => vectors.tested.flatMap((tested) => check(vectors, tested))),
    ...main(all),
  ].join('\n')
}

const structName = (kind: string) => kind[0]!.toUpperCase() + kind.slice(1)

function table({ kind, fields, rows }: Vectors): string[] {
  const name = structName(kind)
  return [
    '#[derive(Clone, Copy, Debug, PartialEq, Eq)]',
    `pub struct ${name} {`,
    ...fields.map((field) => `    pub ${field.name}: ${TYPES[field.type]},`),
    '}',
    '',
    `pub static ${kind.toUpperCase()}: [${name}; ${rows.length}] = [`,
    ...rows.flatMap((row) => {
      const parts = row.flatMap((value, i) => literals(value, fields[i]!))
      return wrapped(`    ${name} { `, parts, ' },')
    }),
    '];',
    '',
  ]
}

/** Text between commas: a page has many. */
function literals(value: Value, { name }: Field): string[] {
  return value instanceof Uint8Array ? `${name}: [${[...value].join(',')}]`.split(',') : [`${name}: ${value}`]
}

function check({ kind, fields }: Vectors, { name, doc, args, results }: Tested): string[] {
  const of = (field: string): Field => fields.find((one) => one.name === field)!
  const passed = (field: string) => (of(field).type === 'page' ? `&v.${field}` : `v.${field}`)
  const taken = args.map((arg) => (of(arg).type === 'page' ? `&${TYPES.page}` : TYPES[of(arg).type]))
  const tuple = (parts: string[]) => (parts.length === 1 ? parts[0]! : `(${parts.join(', ')})`)
  const result = tuple(results.map((field) => TYPES[of(field).type]))
  return [
    ...wrapped('/// ', doc.split(' '), '', ' ', '/// '),
    '#[allow(dead_code)]',
    `pub fn check_${name}(f: impl Fn(${taken.join(', ')}) -> ${result}) -> usize {`,
    '    let mut wrong = 0;',
    `    for (i, v) in ${kind.toUpperCase()}.iter().enumerate() {`,
    `        let expected = ${tuple(results.map((field) => `v.${field}`))};`,
    `        let got = f(${args.map(passed).join(', ')});`,
    '        if got == expected {',
    '            continue;',
    '        }',
    '        if wrong == 0 {',
    ...wrapped('            eprintln!(', [`"${name}, row {}: {:?}, not {:?}"`, 'i', 'got', 'expected'], ');'),
    '        }',
    '        wrong += 1;',
    '    }',
    '    wrong',
    '}',
    '',
  ]
}

function main(all: readonly Vectors[]): string[] {
  const names = all.flatMap(({ tested }) => tested.map(({ name }) => name))
  return [
    '#[cfg(chronovisor_main)]',
    'mod implementation;',
    '',
    '#[cfg(chronovisor_main)]',
    'fn main() {',
    '    let wrong = 0',
    ...names.map(
      (name, i) => `        + check_${name}(implementation::${name})${i === names.length - 1 ? ';' : ''}`,
    ),
    '    println!("{} wrong", wrong);',
    '    std::process::exit(i32::from(wrong != 0));',
    '}',
    '',
  ]
}
