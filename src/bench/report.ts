/**
 * What a run of the benchmarks says, as the JSON document that `chronovisor bench --json` prints and `--compare`
 * reads. Times are ns an operation, one for each round; the sides of a case took turns, so the nth time of one side
 * belongs to the nth of the other.
 */
import { z } from 'zod'

export const FORMAT = 'chronovisor-bench-1'

const times = z.array(z.number().positive()).min(1)
const ratio = z.object({ least: z.number(), median: z.number(), low: z.number(), high: z.number() })
const goal = z.union([
  /** The core takes at most so many times the peer's time. */
  z.object({ at_most: z.number() }),
  /** The core is at least so many times as fast. */
  z.object({ times_as_fast: z.number() }),
])

const peer = z.object({
  name: z.string(),
  /** What it is, where its name does not say it. */
  title: z.string().nullable(),
  least_ns: z.number(),
  median_ns: z.number(),
  times_ns: times,
  /** The core's time in times of the peer's: of the least times, and the median of the rounds with its interval. */
  ratio,
  goal: goal.nullable(),
  /** Whether the ratio of the least times meets the goal. */
  met: z.boolean().nullable(),
})

const result = z.object({
  suite: z.string(),
  id: z.string(),
  title: z.string(),
  /** What one operation is. */
  unit: z.string(),
  least_ns: z.number(),
  median_ns: z.number(),
  times_ns: times,
  peers: z.array(peer),
})

export const benchReport = z.object({
  format: z.literal(FORMAT),
  version: z.string(),
  quick: z.boolean(),
  machine: z.object({
    cpu: z.string(),
    cores: z.number(),
    platform: z.string(),
    node: z.string(),
    /** null: there is none, and no peer in C. */
    gcc: z.string().nullable(),
    /** How many programs wanted a core in the minute before the run and before its end. */
    load_before: z.number(),
    load_after: z.number(),
  }),
  results: z.array(result),
})

export type Ratio = z.infer<typeof ratio>
export type Goal = z.infer<typeof goal>
export type PeerResult = z.infer<typeof peer>
export type Result = z.infer<typeof result>
export type BenchReport = z.infer<typeof benchReport>
export type Machine = BenchReport['machine']
