/**
 * How long things take. The machine may be busy with other things, the other half of a physical core too, and its clock
 * rate changes. So the cases and their sides take turns in rounds. A figure is the least of all rounds, what the machine does
 * when it is left alone; the median of the rounds' ratios stands beside it.
 *
 * Two ways to time one side:
 *
 *   spells    the least of many spells of some 30 us, most of which nobody interrupts. C does the same (native/clock.c)
 *   sampled   benchmark.js: the least of its samples of half a ms or more, for work that takes longer than a spell
 */
import Benchmark from 'benchmark'
import type { Goal, PeerResult, Result } from './report.js'
import { median, meets, ratioOf } from './statistics.js'

/** ns an operation took; null: there is no such side here. */
export type Timing = () => number | null

export interface Peer {
  readonly name: 'C' | 'BigInt' | 'Node'
  readonly title: string | null
  readonly goal: Goal | null
  readonly time: Timing
}

export interface Case {
  readonly suite: string
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly rounds: { readonly full: number; readonly quick: number }
  readonly core: () => number
  readonly peers: readonly Peer[]
}

export const MANY_ROUNDS = { full: 25, quick: 9 }
export const FEW_ROUNDS = { full: 9, quick: 7 }

/** Spells that a side has in a round, and about as many operations as one spell has. */
export const SPELLS = 60
const SPELL = 16_384

export function spells(work: () => void, operations: number, count = SPELLS, spell = SPELL): () => number {
  const passes = 1 + Math.floor(spell / operations)
  return () => {
    let best = Number.POSITIVE_INFINITY
    for (let i = 0; i < count; i++) {
      const start = process.hrtime.bigint()
      for (let pass = 0; pass < passes; pass++) work()
      best = Math.min(best, Number(process.hrtime.bigint() - start) / (passes * operations))
    }
    return best
  }
}

export function sampled(work: () => void, operations: number): () => number {
  return () => {
    const bench = new Benchmark(work, { maxTime: 0.06, minTime: 0.0005, minSamples: 20 }).run({
      async: false,
    })
    if (bench.error) throw bench.error
    return (Math.min(...bench.stats.sample) * 1e9) / operations
  }
}

/** Five digits say all that a measurement does. */
const figure = (value: number) => Number(value.toPrecision(5))
const least = (times: readonly number[]) => Math.min(...times)

/** The times of a case so far, round by round; NaN where a side is not there. */
interface Times {
  readonly core: number[]
  readonly peers: readonly number[][]
}

/** One round: C first, then the core, then the others, which share its process. */
function round({ core, peers }: Case, times: Times): void {
  const takeTurns = (inC: boolean) => {
    peers.forEach(({ name, time }, i) => {
      if ((name === 'C') === inC) times.peers[i]!.push(figure(time() ?? Number.NaN))
    })
  }
  takeTurns(true)
  times.core.push(figure(core()))
  takeTurns(false)
}

function peerResult(
  { name, title, goal }: Peer,
  times: readonly number[],
  core: readonly number[],
): PeerResult {
  const all = ratioOf(core, times)
  const ratio = {
    least: figure(all.least),
    median: figure(all.median),
    low: figure(all.low),
    high: figure(all.high),
  }
  const figures = { least_ns: least(times), median_ns: median(times), times_ns: [...times] }
  return { name, title, ...figures, ratio, goal, met: goal && meets(ratio, goal) }
}

function resultOf({ suite, id, title, unit, peers }: Case, { core, peers: ofPeers }: Times): Result {
  const figures = { least_ns: least(core), median_ns: median(core), times_ns: core }
  const there = peers.flatMap((peer, i) =>
    ofPeers[i]!.some(Number.isNaN) ? [] : [peerResult(peer, ofPeers[i]!, core)],
  )
  return { suite, id, title, unit, ...figures, peers: there }
}

/**
 * The first round of all cases, then the second, and so on. What else the machine does often lasts for seconds, so a case
 * that had its rounds in a row would meet one mood of the machine, and its spread would not show that there are others.
 */
export function measureCases(
  cases: readonly Case[],
  quick: boolean,
  onRound: (round: number, rounds: number) => void,
): Result[] {
  const roundsOf = ({ rounds }: Case) => (quick ? rounds.quick : rounds.full)
  const times = cases.map(({ peers }): Times => ({ core: [], peers: peers.map(() => []) }))
  const rounds = Math.max(...cases.map(roundsOf))
  for (const { core } of cases) core()
  for (let n = 0; n < rounds; n++) {
    onRound(n, rounds)
    cases.forEach((one, i) => {
      // A case with fewer rounds has them spread over the run too.
      const own = roundsOf(one)
      if (Math.floor((n * own) / rounds) !== Math.floor(((n + 1) * own) / rounds)) round(one, times[i]!)
    })
  }
  return cases.map((one, i) => resultOf(one, times[i]!))
}
