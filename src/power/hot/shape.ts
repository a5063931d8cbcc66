/**
 * Which block of a loop lies in which: WebAssembly has no jumps, only ends of blocks and beginnings of loops. The blocks that
 * a block dominates lie in it, and what is joined from several sides follows it (N. Ramsey, "Beyond Relooper", ICFP 2022).
 */

/** Blocks by number, 0 the beginning; where each may go. */
export type Graph = readonly (readonly number[])[]

export class Shape {
  /** Number in reverse postorder. */
  readonly #order: readonly number[]
  readonly #dominator: number[]
  readonly #into: readonly (readonly number[])[]

  constructor(graph: Graph) {
    const sequence = reversePostorder(graph)
    this.#order = graph.map((_, block) => sequence.indexOf(block))
    this.#into = graph.map((_, to) => graph.flatMap((ways, from) => (ways.includes(to) ? [from] : [])))
    this.#dominator = this.#dominators(sequence)
  }

  /** Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm". */
  #dominators(sequence: readonly number[]): number[] {
    const dominator: number[] = this.#order.map(() => -1)
    dominator[0] = 0
    for (let changed = true; changed; ) {
      changed = false
      for (const block of sequence.slice(1)) {
        const known = this.#into[block]!.filter((from) => dominator[from]! >= 0)
        const common = known.reduce((a, b) => this.#common(dominator, a, b))
        if (dominator[block] === common) continue
        dominator[block] = common
        changed = true
      }
    }
    return dominator
  }

  #common(dominator: readonly number[], a: number, b: number): number {
    let [p, q] = [a, b]
    while (p !== q) {
      while (this.#order[p]! > this.#order[q]!) p = dominator[p]!
      while (this.#order[q]! > this.#order[p]!) q = dominator[q]!
    }
    return p
  }

  #dominates(a: number, b: number): boolean {
    for (let one = b; ; one = this.#dominator[one]!) {
      if (one === a) return true
      if (one === 0) return false
    }
  }

  isBack(from: number, to: number): boolean {
    return this.#order[to]! <= this.#order[from]!
  }

  /** Loops begin here; a way back to anywhere else leaves by the interpreter. */
  isHead(block: number): boolean {
    return this.#into[block]!.some((from) => this.isBack(from, block) && this.#dominates(block, from))
  }

  /** Several come here from before it. */
  isJoin(block: number): boolean {
    return this.#into[block]!.filter((from) => !this.isBack(from, block)).length > 1
  }

  /** Joins that follow a block: last one first. */
  joinsAfter(block: number): readonly number[] {
    return this.#dominator
      .map((_, one) => one)
      .filter((one) => one !== 0 && this.#dominator[one] === block && this.isJoin(one))
      .sort((a, b) => this.#order[b]! - this.#order[a]!)
  }
}

function reversePostorder(graph: Graph): number[] {
  const done: number[] = []
  const seen = new Set([0])
  const visit = (block: number): void => {
    for (const next of graph[block]!) {
      if (seen.has(next)) continue
      seen.add(next)
      visit(next)
    }
    done.push(block)
  }
  visit(0)
  return done.reverse()
}
