import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Import {
  readonly line: number
  /** The imported file from the project's root, or the name of a package. */
  readonly from: string
  /** The names as the other file exports them; `*` for all of it. */
  readonly names: readonly string[]
  /** Whether the import is gone when the program runs. */
  readonly typeOnly: boolean
}

export interface Source {
  /** From the project's root, with `/`. */
  readonly path: string
  readonly lines: readonly string[]
  /** The lines with comments blanked out. */
  readonly code: readonly string[]
  readonly imports: readonly Import[]
}

const TOKEN = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/.*|\/\*[\s\S]*?\*\//g
const IMPORT =
  /^(?:import|export)\s+(type\s+)?(?:(\*)(?:\s+as\s+\w+)?|(\w+)?(?:,\s*)?(?:\{([^}]*)\})?)\s*from\s*'([^']+)'/gm
const BARE_IMPORT = /(?:^import\s*|\bimport\()'([^']+)'/gm

function withoutComments(text: string): string {
  return text.replace(TOKEN, (token) => (token.startsWith('/') ? token.replace(/[^\n]/g, ' ') : token))
}

function resolveImport(path: string, from: string): string {
  if (!from.startsWith('.')) return from
  const file = posix.join(posix.dirname(path), from)
  if (file.endsWith('.css')) return file
  if (!file.endsWith('.js')) return `${file}.ts`
  const component = file.replace(/\.js$/, '.tsx')
  return existsSync(join(root, component)) ? component : file.replace(/\.js$/, '.ts')
}

function readImports(path: string, code: string): Import[] {
  const lineOf = (index: number) => code.slice(0, index).split('\n').length
  const found: Import[] = []
  for (const { index, 1: type, 2: star, 3: byDefault, 4: list = '', 5: from } of code.matchAll(IMPORT)) {
    const parts = list.split(',').flatMap((part) => part.trim() || [])
    const names = parts.map((part) => part.replace(/^type\s+/, '').split(/\s+as\s+/)[0]!)
    found.push({
      line: lineOf(index),
      from: resolveImport(path, from!),
      names: [...(star ? ['*'] : []), ...(byDefault ? ['default'] : []), ...names],
      typeOnly:
        Boolean(type) || (parts.length > 0 && !byDefault && parts.every((part) => part.startsWith('type '))),
    })
  }
  for (const { index, 1: from } of code.matchAll(BARE_IMPORT)) {
    found.push({ line: lineOf(index), from: resolveImport(path, from!), names: ['*'], typeOnly: false })
  }
  return found
}

/** Every TypeScript and AssemblyScript file below `folder`. */
export function sources(folder: string): Source[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  const paths = files.map((entry) =>
    join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'),
  )
  return paths.sort().map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')))
}

export function parseSource(path: string, text: string): Source {
  const code = withoutComments(text)
  return { path, lines: text.split('\n'), code: code.split('\n'), imports: readImports(path, code) }
}

/** `path:line: what` of every line that `pattern` matches. */
export function linesWith(source: Source, lines: readonly string[], pattern: RegExp, what: string): string[] {
  return lines.flatMap((line, index) => (pattern.test(line) ? `${source.path}:${index + 1}: ${what}` : []))
}
