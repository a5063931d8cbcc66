/** Feeds one reader in this process, and tells what it did wrong. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mutated } from './mutate.js'
import { Chance } from './random.js'
import type { Reader } from './readers.js'

/** No reader asks for more at once, whatever a file says. */
export const MOST_BYTES = 64 << 20
/** Nor takes longer for one file: of the processor, since a busy machine makes everything late. */
export const MOST_MS = 1000

export interface Options {
  readonly runs: number
  readonly seed: number
  /** The number of the first input. */
  readonly from?: number
  /** Feeds the first real file as it is. */
  readonly unchanged?: boolean
  /** Told before each input. */
  readonly onInput?: (number: number) => void
}

export interface Problem {
  readonly input: number
  readonly what: string
}

export interface Result {
  readonly reader: string
  readonly runs: number
  /** Of the inputs, how many were refused; the others were read. */
  readonly refused: number
  readonly problems: readonly Problem[]
  /** The longest that a file took, and the most that was asked for at once. */
  readonly slowestMs: number
  readonly mostBytes: number
}

const MOST_PROBLEMS = 20
/** Files are written by the million: in memory where there is such a folder. */
const SHARED_MEMORY = '/dev/shm'

export function fuzz(reader: Reader, { runs, seed, from = 0, unchanged, onInput }: Options): Result {
  const folder = mkdtempSync(join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), 'chronovisor-fuzz-'))
  const path = join(folder, 'input')
  const seeds = reader.seeds()
  const problems: Problem[] = []
  let [refused, slowestMs, mostBytes] = [0, 0, 0]
  try {
    for (let input = from; input < from + runs && problems.length < MOST_PROBLEMS; input++) {
      onInput?.(input)
      const { parts, join: joined } = seeds[0]!
      writeFileSync(path, unchanged ? joined(parts) : mutated(seeds, new Chance(reader.name, seed, input)))
      const outcome = once(reader, path)
      // A collection of garbage may have fallen into it.
      const ms =
        outcome.ms < MOST_MS ? outcome.ms : Math.min(outcome.ms, once(reader, path).ms, once(reader, path).ms)
      if (outcome.refused) refused++
      slowestMs = Math.max(slowestMs, ms)
      mostBytes = Math.max(mostBytes, outcome.bytes)
      if (outcome.problem !== null) problems.push({ input, what: outcome.problem })
      if (ms >= MOST_MS) problems.push({ input, what: `took ${ms.toFixed(0)} ms of CPU` })
      if (outcome.bytes > MOST_BYTES)
        problems.push({ input, what: `asked for ${outcome.bytes} bytes at once` })
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return { reader: reader.name, runs, refused, problems, slowestMs, mostBytes }
}

interface Outcome {
  readonly refused: boolean
  readonly problem: string | null
  readonly ms: number
  readonly bytes: number
}

function once(reader: Reader, path: string): Outcome {
  const watch = watchAllocations()
  const before = process.cpuUsage()
  let [refused, problem]: [boolean, string | null] = [false, null]
  try {
    reader.read(path)
  } catch (error) {
    refused = true
    const lacks = reader.lacks(error)
    if (lacks !== null) problem = `${lacks}: ${(error as Error)?.stack ?? error}`
  } finally {
    watch.end()
  }
  const { user, system } = process.cpuUsage(before)
  return { refused, problem, ms: (user + system) / 1000, bytes: watch.most() }
}

const NAMES = ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const

/** What is asked for in one piece, by those who can be asked for it with a length out of a file. */
function watchAllocations(): { readonly end: () => void; readonly most: () => number } {
  let most = 0
  const before = NAMES.map((name) => Buffer[name])
  NAMES.forEach((name, i) => {
    Buffer[name] = ((size: number, ...rest: []) => {
      most = Math.max(most, size)
      return before[i]!.call(Buffer, size, ...rest)
    }) as (typeof Buffer)[typeof name]
  })
  return {
    end: () => {
      NAMES.forEach((name, i) => {
        Buffer[name] = before[i]! as (typeof Buffer)[typeof name]
      })
    },
    most: () => most,
  }
}
