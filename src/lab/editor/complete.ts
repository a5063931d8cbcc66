/**
 * What could stand at a place of a scenario's text: keys and words of the schema, and names that the text itself
 * gives. The text may be half written, so its structure is found by indentation and brackets, not by a parser.
 */

export interface Option {
  readonly label: string
  readonly detail: string
}

export interface Completion {
  /** Where in the text the word begins that an option takes the place of. */
  readonly from: number
  readonly options: readonly Option[]
}

export interface Names {
  readonly hosts: readonly string[]
  readonly guests: readonly string[]
  readonly policies: readonly string[]
}

type Schema = Readonly<Record<string, unknown>>
type Step = string | number

const MOST = 60

export function completionAt(
  text: string,
  caret: number,
  schema: Schema,
  policies: readonly string[],
): Completion | null {
  const place = placeAt(text.slice(0, caret))
  if (!place) return null
  const names: Names = { hosts: keysBelow(text, 'hosts'), guests: keysBelow(text, 'guests'), policies }
  const nodes = place.path.reduce<Schema[]>((all, step) => all.flatMap((node) => below(node, step)), [schema])
  const all = offersOf(nodes, place, names)
  const unique = all.filter(({ label }, index) => all.findIndex((other) => other.label === label) === index)
  const options = unique
    .filter(({ label }) => label.startsWith(place.word) && label !== place.word)
    .slice(0, MOST)
  return options.length > 0 ? { from: caret - place.word.length, options } : null
}

/** Keys where a key stands; the words that a value may be; in a list either. */
function offersOf(nodes: readonly Schema[], { path, key }: Place, names: Names): Option[] {
  if (key !== null) return nodes.flatMap((node) => below(node, key)).flatMap((node) => valuesOf(node, names))
  const isItem = typeof path.at(-1) === 'number'
  return nodes.flatMap((node) => [...keysOf(node), ...(isItem ? valuesOf(node, names) : [])])
}

// ---- the schema

function alternatives(node: Schema): Schema[] {
  const { anyOf } = node
  return Array.isArray(anyOf) ? (anyOf as Schema[]).flatMap(alternatives) : [node]
}

function below(node: Schema, step: Step): Schema[] {
  return alternatives(node).flatMap((one) => {
    if (typeof step === 'number') return one.items ? alternatives(one.items as Schema) : []
    const found = (one.properties as Record<string, Schema> | undefined)?.[step] ?? one.additionalProperties
    return typeof found === 'object' && found !== null ? alternatives(found as Schema) : []
  })
}

function keysOf(node: Schema): Option[] {
  return alternatives(node).flatMap((one) =>
    Object.entries((one.properties as Record<string, Schema> | undefined) ?? {}).map(
      ([label, { description }]) => {
        return { label, detail: typeof description === 'string' ? description : '' }
      },
    ),
  )
}

function valuesOf(node: Schema, names: Names): Option[] {
  const { description, type, default: standard } = node
  const about = typeof description === 'string' ? description : ''
  const words = Array.isArray(node.enum) ? node.enum : node.const !== undefined ? [node.const] : []
  const of = (list: readonly string[], detail: string) => list.map((label) => ({ label, detail }))
  if (words.length > 0) return of(words.map(String), about)
  if (type === 'boolean') return of(['true', 'false'], about)
  if (/^(a|the) host\b/.test(about)) return of(names.hosts, about)
  if (/^a guest\b/.test(about)) return of(names.guests, about)
  if (/policy/.test(about)) return of(names.policies, about)
  return typeof standard === 'string' ? of([standard], about) : []
}

// ---- the text

interface Place {
  /** Of the mapping or list around the place. */
  readonly path: readonly Step[]
  /** The key whose value stands here; null: a key stands here. */
  readonly key: string | null
  readonly word: string
}

interface Frame {
  /** Of a block; -1 of what is in brackets. */
  readonly indent: number
  readonly isList: boolean
  index: number
  key: string | null
}

/** Where the end of `before` is; null in comments, quotes and the text of a block scalar. */
function placeAt(before: string): Place | null {
  const frames: Frame[] = []
  const lines = before.split('\n')
  let scalarIndent = -1
  for (const [number, line] of lines.entries()) {
    const isLast = number === lines.length - 1
    const indent = /^ */.exec(line)![0].length
    if (scalarIndent >= 0 && (indent > scalarIndent || line.trim() === '')) {
      if (isLast) return null
      continue
    }
    scalarIndent = -1
    const word = readLine(line, frames, isLast)
    if (word === null && isLast) return null
    if (/:\s*[|>][+-]?\s*$/.test(line)) scalarIndent = indent
    if (isLast) return placeOf(frames, word!)
  }
  return null
}

function placeOf(frames: readonly Frame[], word: string): Place {
  const top = frames.at(-1)
  const outer = frames
    .slice(0, -1)
    .map(stepOf)
    .filter((step) => step !== null)
  if (!top) return { path: [], key: null, word }
  if (top.isList) return { path: [...outer, top.index], key: null, word }
  return { path: outer, key: top.key, word }
}

const stepOf = ({ isList, index, key }: Frame): Step | null => (isList ? index : key)

/** Takes a line into the frames and returns the word that it ends with; null: no word may stand there. */
function readLine(line: string, frames: Frame[], isLast: boolean): string | null {
  let at = 0
  if (!frames.some(({ indent }) => indent < 0)) at = readIndent(line, frames, isLast)
  let word = ''
  for (; at < line.length; at++) {
    const c = line[at]!
    if (c === '#' && (at === 0 || /\s/.test(line[at - 1]!))) return null
    if (c === '"' || c === "'") {
      const end = line.indexOf(c, at + 1)
      if (end < 0) return null
      at = end
      word = ''
    } else if (c === '{' || c === '[') {
      frames.push({ indent: -1, isList: c === '[', index: 0, key: null })
      word = ''
    } else if (c === '}' || c === ']') {
      if (frames.at(-1)?.indent === -1) frames.pop()
      word = ''
    } else if (c === ',' && frames.at(-1)?.indent === -1) {
      const top = frames.at(-1)!
      top.index++
      top.key = null
      word = ''
    } else if (c === ':' && /^:(\s|$)/.test(line.slice(at))) {
      const top = frames.at(-1)
      if (top && !top.isList) top.key = word.trim()
      word = ''
    } else word += c
  }
  return word.trimStart()
}

/** Blocks that the line ends, and those that it begins: `- ` and keys. Returns where its own text begins. */
function readIndent(line: string, frames: Frame[], isLast: boolean): number {
  let indent = /^ */.exec(line)![0].length
  if (line.trim() === '' && !isLast) return line.length
  if (line.trimStart().startsWith('#')) return indent
  while (frames.length > 0 && frames.at(-1)!.indent > indent) frames.pop()
  while (/^-(\s|$)/.test(line.slice(indent))) {
    const top = frames.at(-1)
    if (top?.isList && top.indent === indent) top.index++
    else frames.push({ indent, isList: true, index: 0, key: null })
    indent += 1 + (/^ */.exec(line.slice(indent + 1))![0].length || 1)
  }
  const top = frames.at(-1)
  if (!top || top.isList || top.indent !== indent) frames.push({ indent, isList: false, index: 0, key: null })
  else top.key = null
  return Math.min(indent, line.length)
}

/** The keys of a mapping at the top of the text. */
function keysBelow(text: string, key: string): string[] {
  const block = new RegExp(`^${key}:[^\\n]*\\n((?:[ #][^\\n]*\\n|\\n)*)`, 'm').exec(`${text}\n`)
  const lines = block?.[1]?.split('\n') ?? []
  const indent = lines
    .map((line) => /^( +)[\w-]+:/.exec(line)?.[1]?.length)
    .find((width) => width !== undefined)
  if (indent === undefined) return []
  return lines.flatMap((line) => new RegExp(`^ {${indent}}([\\w-]+):`).exec(line)?.[1] ?? [])
}
