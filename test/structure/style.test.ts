/** Rules of style that the formatter and the compilers do not know. Messages are `path:line: what`. */
import { expect, test } from 'vitest'
import { linesWith, type Source, sources } from './sources.js'

const LONG_FILE = 500
const LONG_ASSEMBLY_LINE = 130

const assembly = sources('assembly')
const src = sources('src')
const rest = ['test', 'scripts'].flatMap(sources)
const all = [...assembly, ...src, ...rest]

const inCode = (files: readonly Source[], pattern: RegExp, what: string) =>
  files.flatMap((file) => linesWith(file, file.code, pattern, what))

test('assembly: spaces only, none at the end of a line, no line over 130', () => {
  const wrong = assembly.flatMap((file) => [
    ...linesWith(file, file.lines, /\t/, 'a tab'),
    ...linesWith(file, file.lines, /\s$/, 'spaces at the end'),
    ...linesWith(file, file.lines, new RegExp(`.{${LONG_ASSEMBLY_LINE + 1}}`), 'a line over 130'),
  ])
  expect(wrong).toEqual([])
})

test('assembly: no state outside linear memory', () => {
  expect([
    ...inCode(assembly, /^(export )?(let|var)\b/, 'a variable at the top is a global of the module'),
    ...inCode(assembly, /^\s*(\w+ )*static\b/, 'a static field is a global of the module'),
  ]).toEqual([])
})

test('assembly: integers only, no host time, no chance, nothing allocated, nothing caught', () => {
  expect([
    ...inCode(assembly, /\b(f32|f64|v128\.\w*f(32|64)\w*)\b/, 'floating point'),
    ...inCode(assembly, /\b\d+\.\d/, 'a literal of floating point'),
    ...inCode(assembly, /\b(Math|Date|performance|crypto)\b/, 'the host, or floating point'),
    ...inCode(assembly, /\bnew\s+\w/, 'an allocation'),
    ...inCode(assembly, /\b(try|catch|throw)\b/, 'an exception'),
  ]).toEqual([])
})

// Connections between processes have timeouts, nonces and names; what they need is in one file.
const REAL = 'src/migration/real.ts'
// How fast a machine runs in a page is for people; no guest is told.
const STOPWATCH = 'src/lab/machine/stopwatch.ts'

test('src: no host time and no chance outside the command line, the bench, connections and a stopwatch', () => {
  const inside = src.filter(
    ({ path }) => !/^src\/(cli|bench)\//.test(path) && path !== REAL && path !== STOPWATCH,
  )
  const host =
    /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\b|\bhrtime\b|\bMath\.random\b|\brandom(UUID|Bytes|Int)\b/
  expect(inCode(inside, host, 'host time or chance')).toEqual([])
})

test('a file over 500 lines says why in its head', () => {
  const unexplained = all.filter(
    ({ lines }) => lines.length > LONG_FILE && !lines.slice(0, 40).some((line) => /long because/i.test(line)),
  )
  expect(
    unexplained.map(({ path, lines }) => `${path}:1: ${lines.length} lines, and no "long because"`),
  ).toEqual([])
})

test('nothing is put off, and no test is left out', () => {
  const later = new RegExp(['TO', 'FIX', 'XX'].map((start, i) => start + ['DO', 'ME', 'X'][i]).join('|'))
  const leftOut = /\b(test|it|describe)\.(skip|only|todo|fails)\b/
  expect([
    ...all.flatMap((file) => linesWith(file, file.lines, later, 'put off')),
    ...inCode(rest, leftOut, 'a test left out'),
  ]).toEqual([])
})
