/**
 * YAML text to plain values, each with its place in the text.
 *
 * The yaml library reads the grammar. What a document may *contain* is decided here, because the file may come
 * from anyone: one document of YAML 1.2, plain strings, numbers and booleans, no tags of its own, and bounded
 * depth and size also after its aliases are unfolded.
 */
import {
  type Alias,
  Composer,
  isAlias,
  isMap,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import { ScenarioError } from './error.js'
import type { Position } from './types.js'

/** Longest text in characters, and largest file in bytes. */
export const MAX_TEXT = 1 << 20
/** Values in a document, each alias counted as often as it unfolds. */
const MAX_VALUES = 100_000
/** Words and marks of the grammar: several to a value. Keeps the time for a hostile text to a second or two. */
const MAX_LEXEMES = 400_000
/** Levels of the parser's stack: a block mapping in a sequence takes two. */
const MAX_DEPTH = 64

/** A value with its place. Mappings have no prototype; their keys are strings. */
export interface Located {
  readonly value: unknown
  readonly position: Position
  /** Of the key it stands under; items of a list and the root have their own. */
  readonly keyPosition: Position
  /** Of a mapping or list, in the order of the file. */
  readonly children: ReadonlyMap<string | number, Located>
}

const NO_CHILDREN: ReadonlyMap<string | number, Located> = new Map()
// Names that reach JavaScript's prototypes. None of them is a sensible name for anything here.
const PROTOTYPE_KEYS = new Set(['__proto__', 'constructor', 'prototype'])
const PLAIN_TAGS = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((t) => `tag:yaml.org,2002:${t}`),
)

/** Throws ScenarioError with the first thing that is wrong. */
export function readDocument(text: string, fileName: string): Located {
  const lines = new LineCounter()
  const fail = (offset: number, detail: string): never => {
    // By the text: while it is being read the counter has not seen all lines before the offset.
    throw new ScenarioError(fileName, positionIn(text, offset), detail)
  }
  lines.addNewLine(0)
  if (text.length > MAX_TEXT) {
    fail(0, `the text has ${text.length} characters; expected at most ${MAX_TEXT}`)
  }
  const nul = text.indexOf('\0')
  if (nul >= 0) fail(nul, 'the text holds a NUL character; expected YAML text')
  return new Reader(compose(text, lines, fail), lines, fail).root
}

function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: before.at(-1)!.length + 1 }
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}

type Fail = (offset: number, detail: string) => never

/** Text to the yaml library's nodes; refuses whatever its grammar refuses, and more than one document. */
function compose(text: string, lines: LineCounter, fail: Fail): Node {
  const parser = new Parser((offset) => lines.addNewLine(offset))
  // The check for duplicate keys compares every key with every other; Reader does it with a Set.
  const composer = new Composer({ intAsBigInt: true, uniqueKeys: false, version: '1.2', strict: true })
  const documents = []
  const tokens = []
  let lexemes = 0
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === 'error') fail(token.offset, explain('UNEXPECTED_TOKEN', token.message))
      tokens.push(token)
    }
    if (++lexemes > MAX_LEXEMES) {
      fail(
        parser.offset - lexeme.length,
        `more than ${MAX_LEXEMES} words and marks; expected a shorter scenario`,
      )
    }
    // The composer recurses, so the depth has to be known to be small before it starts.
    if (parser.stack.length > MAX_DEPTH) {
      fail(parser.offset - lexeme.length, `nested too deeply; expected at most ${MAX_DEPTH / 2} levels`)
    }
  }
  for (const token of parser.end()) tokens.push(token)
  for (const document of composer.compose(tokens, true, text.length)) documents.push(document)
  const document = documents[0]!
  const version = /^%YAML +(?!1\.2\b).*/m.exec(text)
  if (version && documents.some((d) => d.directives.yaml.version !== '1.2')) {
    fail(version.index, `${version[0].trim()} asks for another YAML; expected YAML 1.2`)
  }
  const [problem] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0])
  if (problem) fail(problem.pos[0], explain(problem.code, problem.message))
  if (documents[1])
    fail(documents[1].range[0], 'a second document starts here; expected one document in the file')
  const root = document.contents as Node | null
  if (!root || (isScalar(root) && root.value === null && !root.source)) {
    return fail(
      0,
      'the file is empty; expected a scenario (a mapping with name, title, duration, hosts and guests)',
    )
  }
  return root
}

function explain(code: string, message: string): string {
  if (code === 'TAB_AS_INDENT') return 'a tab in the indentation; expected spaces'
  if (code === 'TAG_RESOLVE_FAILED')
    return `${lowerFirst(message).replace('tag:yaml.org,2002:', '!!')}; expected no tags`
  return `not valid YAML: ${lowerFirst(message)}; expected YAML 1.2`
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** Nodes to located values. */
class Reader {
  readonly root: Located
  private values = 0
  private readonly anchors = new Map<string, Node>()
  /** What each alias stood for where it was met first: an anchor's name may be used again later. */
  private readonly targets = new Map<Alias, Node>()
  /** Anchored nodes that are being read: an alias to one of them would never end. */
  private readonly open = new Set<Node>()
  /** Where the outermost alias under way stands: the place to point at when it unfolds to too much. */
  private aliasOffset: number | null = null

  constructor(
    root: Node,
    private readonly lines: LineCounter,
    private readonly fail: Fail,
  ) {
    this.root = this.read(root, null)
  }

  private position(offset: number): Position {
    return positionAt(this.lines, offset)
  }

  private read(node: Node, keyPosition: Position | null): Located {
    const offset = node.range![0]
    if (++this.values > MAX_VALUES) {
      this.fail(
        this.aliasOffset ?? offset,
        `the document unfolds to more than ${MAX_VALUES} values; expected fewer values or aliases`,
      )
    }
    if (isAlias(node)) return this.readAlias(node, keyPosition)
    if (node.anchor && this.aliasOffset === null) this.anchors.set(node.anchor, node)
    if (node.tag !== undefined && !PLAIN_TAGS.has(node.tag)) {
      this.fail(
        offset,
        `the tag ${node.tag.replace('tag:yaml.org,2002:', '!!')} is not known here; expected no tags`,
      )
    }
    const position = this.position(offset)
    const at = { position, keyPosition: keyPosition ?? position }
    if (isScalar(node)) {
      // Nothing is written there: point at the key.
      if (node.value === null && !node.source) return this.empty(at.keyPosition)
      return { ...at, value: this.scalar(node), children: NO_CHILDREN }
    }
    this.open.add(node)
    const children = new Map<string | number, Located>()
    let value: unknown
    if (isMap(node)) {
      this.readMap(node, children)
      const object: Record<string, unknown> = Object.create(null)
      for (const [key, child] of children) object[key] = child.value
      value = object
    } else {
      const items = (node as unknown as { items: Node[] }).items
      items.forEach((item, index) => {
        children.set(index, this.read(item, null))
      })
      value = [...children.values()].map((child) => child.value)
    }
    this.open.delete(node)
    return { ...at, value, children }
  }

  private readAlias(alias: Alias, keyPosition: Position | null): Located {
    const offset = alias.range![0]
    const target = this.targets.get(alias) ?? this.anchors.get(alias.source)
    if (!target)
      return this.fail(
        offset,
        `the alias *${alias.source} has no anchor before it; expected &${alias.source}`,
      )
    if (this.open.has(target))
      return this.fail(offset, `the alias *${alias.source} contains itself; expected a finite value`)
    this.targets.set(alias, target)
    const outermost = this.aliasOffset === null
    if (outermost) this.aliasOffset = offset
    // The values keep the places where they are written: that is where a mistake in them is put right.
    const located = this.read(target, keyPosition)
    if (outermost) this.aliasOffset = null
    return keyPosition ? { ...located, keyPosition } : located
  }

  private readMap(map: YAMLMap, children: Map<string | number, Located>): void {
    const seen = new Set<string>()
    const merged: Located[] = []
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const offset = pair.key.range![0]
      const key = this.key(pair.key)
      if (seen.has(key))
        this.fail(offset, `the key ${JSON.stringify(key)} appears twice; expected each key once`)
      seen.add(key)
      const keyPosition = this.position(offset)
      // `{ a }` and `? a` have no node for the value.
      const located = pair.value ? this.read(pair.value, keyPosition) : this.empty(keyPosition)
      if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN')
        merged.push(...this.mergeSources(located))
      else children.set(key, located)
    }
    // A key of the mapping itself wins over a merged one, an earlier source over a later one.
    for (const source of merged) {
      for (const [key, child] of source.children) {
        if (!children.has(key)) children.set(key, child)
      }
    }
  }

  private mergeSources(located: Located): Located[] {
    const sources = Array.isArray(located.value) ? [...located.children.values()] : [located]
    for (const { value, position } of sources) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        this.failAt(
          position,
          'the merge key << has something else than a mapping; expected *alias or [*alias, …]',
        )
      }
    }
    return sources
  }

  private empty(position: Position): Located {
    return { value: null, position, keyPosition: position, children: NO_CHILDREN }
  }

  private failAt(position: Position, detail: string): never {
    return this.fail(this.lines.lineStarts[position.line - 1]! + position.column - 1, detail)
  }

  private key(node: Node): string {
    const offset = node.range![0]
    // Text as it stands in the file: `1:` and `true:` are names like any other.
    if (!isScalar(node) || !node.source)
      return this.fail(offset, 'a key that is not a plain text; expected a name')
    if (PROTOTYPE_KEYS.has(node.source)) {
      return this.fail(offset, `the key ${JSON.stringify(node.source)} is not allowed; expected another name`)
    }
    return node.source
  }

  private scalar(node: Scalar): unknown {
    const { value } = node
    if (typeof value !== 'bigint') return value
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : value
  }
}

/** The located value under a path, or undefined where the path leaves the document. */
export function locate(root: Located, path: readonly PropertyKey[]): Located | undefined {
  let located: Located | undefined = root
  for (const step of path) located = located?.children.get(step as string | number)
  return located
}
