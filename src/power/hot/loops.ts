/**
 * The loop around an instruction: the smallest circle of executed code in one page that it lies in, with one beginning.
 * What a loop calls, and what it leaves by, is not in it.
 */
import { knows } from './operations.js'
import { type SlotPage, wayOf } from './slots.js'

export interface Loop {
  /** Where it begins, the target of its branches backwards. */
  readonly head: number
  /** Numbers of its slots in their page, in their order. */
  readonly slots: readonly number[]
}

/** More make code that takes longer to compile than it saves. */
const MOST_SLOTS = 512

/** Where code can go from each slot, in the page, by instructions that can be compiled. */
class Ways {
  readonly #page: SlotPage
  readonly #known = new Map<number, readonly number[]>()

  constructor(page: SlotPage) {
    this.#page = page
  }

  from(index: number): readonly number[] {
    let ways = this.#known.get(index)
    if (!ways) {
      ways = this.#find(index)
      this.#known.set(index, ways)
    }
    return ways
  }

  #find(index: number): readonly number[] {
    const slot = this.#page.slot(index)
    if (!slot || !knows(slot.op)) return []
    const { to, next } = wayOf(slot, index)
    return [...(to === null ? [] : [to]), ...(next ? [index + 1] : [])].filter((one) => this.#page.slot(one))
  }
}

/** What can be reached from `begin`. */
function reached(begin: readonly number[], ways: (from: number) => readonly number[]): Set<number> {
  const found = new Set(begin)
  for (const one of found) for (const next of ways(one)) found.add(next)
  return found
}

/** null where `at` lies in no loop. */
export function loopAround(page: SlotPage, at: number): Loop | null {
  const ways = new Ways(page)
  const forward = reached([at], (from) => ways.from(from))
  const back = new Map<number, number[]>()
  for (const from of forward) for (const to of ways.from(from)) back.set(to, [...(back.get(to) ?? []), from])
  const into = (to: number): readonly number[] => back.get(to) ?? []
  const circle = reached(into(at), into)
  if (!circle.has(at)) return null

  let smallest: Loop | null = null
  for (const head of circle) {
    const latches = into(head).filter((from) => from >= head && circle.has(from))
    if (latches.length === 0) continue
    const body = reached(latches, (to) => (to === head ? [] : into(to)))
    body.add(head)
    if (!body.has(at) || body.size > MOST_SLOTS) continue
    if (smallest && smallest.slots.length <= body.size) continue
    smallest = { head, slots: [...body].sort((a, b) => a - b) }
  }
  return smallest
}
