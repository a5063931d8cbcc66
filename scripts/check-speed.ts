/**
 * How many histories a minute a search lives through, with one thread and with two, as JSON. CPU time of all threads,
 * so that a busy machine does not count; and how much of the wall clock's time that was.
 *
 *     npx tsx scripts/check-speed.ts [policy]
 */
import { availableParallelism } from 'node:os'
import { PIECE, type Piece } from '../src/search/piece.js'
import { search } from '../src/search/search.js'
import { subjectName } from '../src/search/subject.js'
import { threads } from '../src/search/threads.js'

const ROUNDS = 3
/** Pieces for each thread of a round. */
const PIECES = 3

const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const name = await subjectName(process.argv[2] ?? 'power-running', null)

/** Of one crew: histories a minute by the wall clock, and CPU time of a history; the median and the best round. */
async function measured(count: number) {
  const crew = threads(count)
  const warm: Piece = { ...name, seed: 1, from: 0, count: PIECE * count * 2 }
  await search(warm, crew)
  const rounds: { perMinute: number; cpu: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const histories = PIECE * PIECES * count
    const [cpu, wall] = [cpuMs(), performance.now()]
    await search({ ...name, seed: 1, from: 10_000 + round * histories, count: histories }, crew)
    const took = performance.now() - wall
    rounds.push({ perMinute: (histories / took) * 60_000, cpu: (cpuMs() - cpu) / histories })
  }
  await crew.close()
  const cpus = rounds.map(({ cpu }) => cpu).sort((a, b) => a - b)
  return {
    workers: count,
    per_minute_wall_best: Math.round(Math.max(...rounds.map(({ perMinute }) => perMinute))),
    cpu_ms_median: Number(cpus[ROUNDS >> 1]!.toFixed(3)),
    cpu_ms_least: Number(cpus[0]!.toFixed(3)),
    // So many as these threads would do with a core each.
    per_minute_by_cpu: Math.round((60_000 / cpus[ROUNDS >> 1]!) * count),
    per_minute_by_least_cpu: Math.round((60_000 / cpus[0]!) * count),
  }
}

const one = await measured(1)
const two = await measured(2)
console.log(JSON.stringify({ policy: name.policy, cores: availableParallelism(), one, two }, null, 2))
