/** Mistakes in the grammar, and texts that are meant to do harm. */
import { type Case, HEAD, HOSTS, many, testCases } from './cases.js'

/** Ten of ten of ten …: in l4 the eighth use of l3 is the one too many. */
function explosion(): string {
  const level = (i: number) =>
    `l${i}: &l${i} [${many(10, (n) => `${i === 4 && n === 7 ? '▲' : ''}*l${i - 1}`)}]\n`
  return `l0: &l0 [${many(10, () => 'x')}]\n${many(9, (i) => level(i + 1), '')}`
}

const YAML: readonly Case[] = [
  ['an empty file', '▲', 'the file is empty'],
  ['only comments', '▲# nothing\n\n', 'the file is empty'],
  ['only a document mark', '▲---\n', 'the file is empty'],
  ['a list', '▲- name: x\n', 'the scenario is a list; expected a mapping with name, title'],
  ['a plain text', '▲hello\n', 'the scenario is "hello"; expected a mapping'],
  ['two documents', `${HEAD}▲---\nname: y\n`, 'a second document starts here'],
  ['a document after the end of the first', `${HEAD}...\n▲name: y\n`, 'a second document starts here'],
  ['a key twice', 'name: x\n▲name: y\n', 'the key "name" appears twice'],
  [
    'a host twice',
    `${HEAD}hosts:\n  a: { hypervisor: xen }\n  ▲a: { hypervisor: xen }\n`,
    'the key "a" appears twice',
  ],
  ['a guest twice', `${HEAD}${HOSTS}guests:\n  g: {}\n  ▲g: {}\n`, 'the key "g" appears twice'],
  ['a tab', 'hosts:\n▲\ta: 1\n', 'a tab in the indentation; expected spaces'],
  ['a bracket that is not closed', 'name: [1, 2▲', 'not valid YAML'],
  ['a bracket too many', 'name: {}▲}\n', 'not valid YAML: unexpected flow-map-end'],
  ['a quote that is not closed', 'name: "x▲', 'not valid YAML: missing closing "quote'],
  [
    'a wrong indentation',
    'hosts:\n  a: 1\n▲ b: 2\n',
    'not valid YAML: all mapping items must start at the same column',
  ],
  ['an unknown escape', 'name: "▲\\q"\n', 'not valid YAML: invalid escape sequence \\q'],
  ['an alias without anchor', 'name: ▲*x\n', 'the alias *x has no anchor before it; expected &x'],
  ['an alias of itself', 'hosts: &h\n  a: ▲*h\n', 'the alias *h contains itself'],
  ['aliases that explode', explosion(), 'unfolds to more than 100000 values'],
  [
    'a long list',
    `name: [${many(100_000, (i) => (i === 99_998 ? '▲1' : '1'), ',')}]`,
    'unfolds to more than 100000 values',
  ],
  [
    'too many marks',
    `name: [${many(133_331, () => 'a,', '')}▲${many(9, () => 'a,', '')}]`,
    'more than 400000 words and marks',
  ],
  [
    'deep nesting',
    `name: ${'['.repeat(62)}▲${'['.repeat(9999)}`,
    'nested too deeply; expected at most 32 levels',
  ],
  ['deep nesting of a block', `${'- '.repeat(63)}▲${'- '.repeat(9999)}`, 'nested too deeply'],
  [
    'a text over 1 MiB',
    `▲${'#'.repeat(1 << 20)}#`,
    'the text has 1048577 characters; expected at most 1048576',
  ],
  ['a NUL character', 'name: x\ntitle: a▲\0b\n', 'the text holds a NUL character'],
  ['the key __proto__', `${HEAD}▲__proto__: {}\n`, 'the key "__proto__" is not allowed'],
  [
    'a host named constructor',
    `${HEAD}hosts:\n  ▲constructor: { hypervisor: xen }\n`,
    'the key "constructor" is not allowed',
  ],
  ['__proto__ by a merge', 'x: &x { ▲__proto__: 1 }\n<<: *x\n', 'the key "__proto__" is not allowed'],
  ['a key that is a mapping', '? ▲{ a: 1 }\n: 2\n', 'a key that is not a plain text'],
  ['an empty key', '▲"": 2\n', 'a key that is not a plain text'],
  ['a merge of a number', 'a: &x ▲1\nb:\n  <<: *x\n', 'the merge key << has something else than a mapping'],
  ['a merge of a list of numbers', 'a:\n  <<: [▲1]\n', 'the merge key << has something else than a mapping'],
  ['a tag of its own', 'name: ▲!ruby/object x\n', 'unresolved tag: !ruby/object; expected no tags'],
  ['a tag of binary data', 'name: !!binary ▲aGk=\n', 'the tag !!binary is not known here'],
  ['a tag of a set', 'hosts: !!set ▲{ a }\n', 'the tag !!set is not known here'],
  ['YAML 1.1', '▲%YAML 1.1\n---\nname: yes\n', '%YAML 1.1 asks for another YAML; expected YAML 1.2'],
  ['an unknown directive', '▲%FOO bar\n---\nname: x\n', 'not valid YAML: unknown directive %FOO'],
]

testCases(YAML)
