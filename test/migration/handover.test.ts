/**
 * Every order in which messages arrive or are lost, connections break, and the two processes are killed and started
 * again: one side, and only one, has the guest or will have it. The functions are those of the real code.
 *
 *   node of the search: both processes (their phase, what they still have to do), both disks, all connections
 *   edge: one thing that can happen next
 */
import { describe, expect, it } from 'vitest'
import {
  type DestinationDisk,
  type DestinationEffect,
  type DestinationInput,
  type DestinationPhase,
  destinationRestart,
  destinationStep,
  type SourceDisk,
  type SourceEffect,
  type SourceInput,
  type SourcePhase,
  sourceRestart,
  sourceStep,
} from '../../src/migration/handover.js'

interface Line {
  /** On their way; a broken line may still deliver what was sent to the destination. */
  readonly toDestination: readonly string[]
  readonly toSource: readonly string[]
  /** As each side believes. */
  readonly sourceOpen: boolean
  readonly destinationOpen: boolean
}

interface Node {
  /** null: killed. */
  readonly source: {
    readonly phase: SourcePhase
    readonly todo: readonly SourceEffect[]
    readonly line: number
  } | null
  readonly destination: {
    readonly phase: DestinationPhase
    /** With the line on which an answer goes. */
    readonly todo: readonly DestinationEffect[]
    readonly answer: number
    /** The line on which the guest came. */
    readonly line: number
  } | null
  readonly sourceDisk: SourceDisk
  readonly destinationDisk: DestinationDisk
  readonly sourceRuns: boolean
  readonly destinationRuns: boolean
  readonly lines: readonly Line[]
  readonly kills: number
  readonly cuts: number
}

const MAX_LINES = 4
const MAX_KILLS = 2
const MAX_CUTS = 2

const START: Node = {
  source: { phase: 'copying', todo: [], line: 0 },
  destination: { phase: 'receiving', todo: [], answer: 0, line: 0 },
  sourceDisk: 'here',
  destinationDisk: 'nothing',
  sourceRuns: true,
  destinationRuns: false,
  lines: [{ toDestination: [], toSource: [], sourceOpen: true, destinationOpen: true }],
  kills: 0,
  cuts: 0,
}

const withLine = (node: Node, at: number, change: Partial<Line>): Node => ({
  ...node,
  lines: node.lines.map((line, i) => (i === at ? { ...line, ...change } : line)),
})

const heardBySource: Record<string, SourceInput> = {
  PREPARED: 'prepared',
  OWNED: 'owned',
  REFUSED: 'refused',
  'ANSWER owned': 'answer-owned',
  'ANSWER never': 'answer-never',
}
const heardByDestination: Record<string, DestinationInput> = {
  PREPARE: 'prepare',
  COMMIT: 'commit',
  QUERY: 'query',
  DONE: 'done',
}

type Edge = readonly [name: string, next: Node]

/** The one thing the source has to do next. */
function sourceDoes(node: Node): Edge[] {
  const { source } = node
  const [effect, ...todo] = source?.todo ?? []
  if (!source || !effect) return []
  const rest: Node = { ...node, source: { ...source, todo } }
  if ('write' in effect) return [[`source writes ${effect.write}`, { ...rest, sourceDisk: effect.write }]]
  if ('send' in effect) {
    const line = node.lines[source.line]!
    const sent = withLine(rest, source.line, { toDestination: [...line.toDestination, effect.send] })
    return [[`source sends ${effect.send}`, line.sourceOpen ? sent : rest]]
  }
  if (effect.act === 'run') return [['source runs', { ...rest, sourceRuns: true }]]
  // It closes its old line and opens one, if the destination is there.
  const closed = withLine(rest, source.line, { sourceOpen: false, toSource: [] })
  if (!node.destination || node.lines.length === MAX_LINES) return []
  const fresh: Line = { toDestination: [], toSource: [], sourceOpen: true, destinationOpen: true }
  const step = sourceStep('asking', 'connected')!
  return [
    [
      'source connects',
      {
        ...closed,
        lines: [...closed.lines, fresh],
        source: { phase: step.phase, todo: step.effects, line: node.lines.length },
      },
    ],
  ]
}

function destinationDoes(node: Node): Edge[] {
  const { destination } = node
  const [effect, ...todo] = destination?.todo ?? []
  if (!destination || !effect) return []
  const rest: Node = { ...node, destination: { ...destination, todo } }
  if ('write' in effect)
    return [[`destination writes ${effect.write}`, { ...rest, destinationDisk: effect.write }]]
  if ('act' in effect) return [['destination runs', { ...rest, destinationRuns: true }]]
  const line = node.lines[destination.answer]!
  const sent = withLine(rest, destination.answer, { toSource: [...line.toSource, effect.send] })
  return [[`destination sends ${effect.send}`, line.sourceOpen && line.destinationOpen ? sent : rest]]
}

function sourceHears(node: Node): Edge[] {
  const { source } = node
  if (!source || source.todo.length > 0) return []
  const edges: Edge[] = []
  const take = (name: string, input: SourceInput, from: Node) => {
    const step = sourceStep(source.phase, input)
    if (!step) throw new Error(`source in ${source.phase} cannot take ${input}`)
    const stops = input === 'stopped' ? { sourceRuns: false } : {}
    edges.push([name, { ...from, ...stops, source: { ...source, phase: step.phase, todo: step.effects } }])
  }
  if (source.phase === 'copying') take('the rest fits', 'stopped', node)
  const line = node.lines[source.line]!
  const over = source.phase === 'here' || source.phase === 'gone' || source.phase === 'asking'
  if (over) return edges
  if (line.sourceOpen) {
    const [message, ...rest] = line.toSource
    if (message)
      take(
        `source hears ${message}`,
        heardBySource[message]!,
        withLine(node, source.line, { toSource: rest }),
      )
    // Cut, reset or timed out; the destination need not see it.
    if (node.cuts < MAX_CUTS || !line.destinationOpen)
      take('source loses the line', 'lost', {
        ...withLine(node, source.line, { sourceOpen: false, toSource: [] }),
        cuts: node.cuts + (line.destinationOpen ? 1 : 0),
      })
  }
  return edges
}

function destinationHears(node: Node): Edge[] {
  const { destination } = node
  if (!destination || destination.todo.length > 0) return []
  const edges: Edge[] = []
  const take = (name: string, input: DestinationInput, at: number, from: Node) => {
    // What belongs to the guest on its way comes on its own line; a question may come on any.
    const own = at === destination.line || input === 'query' || destination.phase !== 'prepared'
    const step = destinationStep(own ? destination.phase : 'nothing', input)
    if (!step) throw new Error(`destination in ${destination.phase} cannot take ${input}`)
    const effects = own ? step.effects : step.effects.filter((effect) => !('write' in effect))
    edges.push([
      name,
      {
        ...from,
        destination: {
          ...destination,
          phase: own ? step.phase : destination.phase,
          todo: effects,
          answer: at,
        },
      },
    ])
  }
  node.lines.forEach((line, at) => {
    if (!line.destinationOpen) return
    const [message, ...rest] = line.toDestination
    if (message)
      take(
        `destination hears ${message}`,
        heardByDestination[message]!,
        at,
        withLine(node, at, { toDestination: rest }),
      )
    // It sees the end of a line after any part of what was on it.
    if (!line.sourceOpen || node.cuts < MAX_CUTS) {
      const lost: Node = {
        ...withLine(node, at, { destinationOpen: false, toDestination: [] }),
        cuts: node.cuts + (line.sourceOpen ? 1 : 0),
      }
      if (at === destination.line) take('destination loses the line', 'lost', at, lost)
      else edges.push(['destination loses a line', lost])
    }
  })
  return edges
}

function kills(node: Node): Edge[] {
  const edges: Edge[] = []
  const dead = (side: 'sourceOpen' | 'destinationOpen'): readonly Line[] =>
    node.lines.map((line) => ({
      ...line,
      [side]: false,
      ...(side === 'sourceOpen' ? { toSource: [] } : { toDestination: [], toSource: line.toSource }),
    }))
  if (node.kills < MAX_KILLS) {
    const more = { kills: node.kills + 1 }
    if (node.source)
      edges.push([
        'source is killed',
        { ...node, ...more, source: null, sourceRuns: false, lines: dead('sourceOpen') },
      ])
    if (node.destination)
      edges.push([
        'destination is killed',
        { ...node, ...more, destination: null, destinationRuns: false, lines: dead('destinationOpen') },
      ])
  }
  return edges
}

function restarts(node: Node): Edge[] {
  const edges: Edge[] = []
  if (!node.source) {
    const { phase, effects } = sourceRestart(node.sourceDisk)
    edges.push(['source starts again', { ...node, source: { phase, todo: effects, line: 0 } }])
  }
  if (!node.destination) {
    const { phase, effects } = destinationRestart(node.destinationDisk)
    edges.push([
      'destination starts again',
      { ...node, destination: { phase, todo: effects, answer: 0, line: -1 } },
    ])
  }
  return edges
}

const progress = (node: Node): Edge[] => [
  ...sourceDoes(node),
  ...destinationDoes(node),
  ...sourceHears(node),
  ...destinationHears(node),
  ...restarts(node),
]

const owns = (node: Node): boolean => node.destinationDisk === 'owned' || node.destinationDisk === 'settled'

/** What must hold at every instant. */
function wrong(node: Node): string | null {
  if (node.sourceRuns && node.destinationRuns) return 'both run the guest'
  if (node.sourceDisk === 'here' && owns(node)) return 'both can resume the guest'
  if (node.sourceDisk === 'gone' && !owns(node)) return 'nobody can resume the guest'
  if (node.sourceRuns && node.sourceDisk !== 'here') return 'the source runs what is not its own'
  if (node.destinationRuns && !owns(node)) return 'the destination runs what is not its own'
  return null
}

/** Both sides are up, one has the guest and knows it, and it runs there. */
const settled = (node: Node): boolean => {
  if (node.source?.todo.length !== 0 || node.destination?.todo.length !== 0) return false
  const here = node.source.phase === 'here' && node.sourceDisk === 'here' && node.sourceRuns && !owns(node)
  const there =
    node.source.phase === 'gone' && node.sourceDisk === 'gone' && owns(node) && node.destinationRuns
  return here || there
}

interface Explored {
  readonly nodes: Map<string, Node>
  readonly from: Map<string, { readonly key: string; readonly name: string }>
  readonly edges: Map<string, string[]>
}

function explore(start: Node, next: (node: Node) => Edge[]): Explored {
  const key = (node: Node) => JSON.stringify(node)
  const nodes = new Map([[key(start), start]])
  const from: Explored['from'] = new Map()
  const edges: Explored['edges'] = new Map()
  for (const [at, node] of nodes) {
    const to: string[] = []
    for (const [name, after] of next(node)) {
      const id = key(after)
      to.push(id)
      if (nodes.has(id)) continue
      nodes.set(id, after)
      from.set(id, { key: at, name })
    }
    edges.set(at, to)
  }
  return { nodes, from, edges }
}

function story({ from }: Explored, to: string): string {
  const names: string[] = []
  for (let at = from.get(to); at; at = from.get(at.key)) names.unshift(at.name)
  return names.join('; ')
}

describe('the hand-over, in every order of losses, cuts, kills and restarts', () => {
  const all = explore(START, (node) => [...progress(node), ...kills(node)])

  it('never has two owners, and never none', () => {
    for (const [key, node] of all.nodes) {
      const what = wrong(node)
      if (what) expect.fail(`${what}: ${story(all, key)}`)
    }
    // The bounds have not made it trivial.
    expect(all.nodes.size).toBeGreaterThan(10_000)
    const ends = new Set(
      [...all.nodes.values()].map(({ sourceDisk, destinationDisk }) => `${sourceDisk} ${destinationDisk}`),
    )
    for (const end of [
      'here nothing',
      'here prepared',
      'doubt prepared',
      'doubt nothing',
      'doubt owned',
      'gone owned',
      'gone settled',
    ])
      expect(ends).toContain(end)
  })

  it('comes to rest with one owner that runs it, wherever the faults end', () => {
    // Backwards from rest, along what happens by itself; a line can always be opened once more.
    const towards = new Map<string, string[]>()
    const quiet = (node: Node) => progress(node).filter(([, after]) => after.cuts === node.cuts)
    for (const [key, node] of all.nodes)
      for (const [, after] of quiet(node)) {
        const id = JSON.stringify(after)
        towards.set(id, [...(towards.get(id) ?? []), key])
      }
    const good = new Set([...all.nodes].filter(([, node]) => settled(node)).map(([key]) => key))
    for (const key of good) for (const before of towards.get(key) ?? []) good.add(before)
    const stuck = [...all.nodes].filter(([key, node]) => !good.has(key) && !(node.lines.length === MAX_LINES))
    if (stuck.length > 0) expect.fail(`stuck: ${story(all, stuck[0]![0])}`)
    expect(good.size).toBeGreaterThan(10_000)
  })
})

describe('the exploration finds what is wrong', () => {
  it('a source that runs the guest again when COMMIT is lost', () => {
    const hasty: Node = {
      ...START,
      source: { phase: 'doubt', todo: [{ send: 'COMMIT' }], line: 0 },
      destinationDisk: 'prepared',
      destination: { phase: 'prepared', todo: [], answer: 0, line: 0 },
    }
    // Its disk still says that the guest is here: as if `doubt` had not been written before COMMIT.
    const found = explore(hasty, (node) => [...progress(node), ...kills(node)])
    expect([...found.nodes.values()].some((node) => wrong(node) !== null)).toBe(true)
  })

  it('a destination that forgets what it owns', () => {
    const forgetful: Node = {
      ...START,
      sourceDisk: 'doubt',
      sourceRuns: false,
      source: { phase: 'doubt', todo: [], line: 0 },
      destination: { phase: 'owned', todo: [{ send: 'OWNED' }], answer: 0, line: 0 },
    }
    const found = explore(forgetful, (node) => [...progress(node), ...kills(node)])
    expect([...found.nodes.values()].some((node) => wrong(node) !== null)).toBe(true)
  })
})
