/**
 * `npx tsx scripts/migration/kills.ts [kills]`: migrations between two real processes, killed at every step of either side and
 * at pairs of steps, at least that many; prints one JSON document, exit status 1 if a guest was lost or ran twice.
 */
import { stepsOf, type Trial, trial } from './kill-trial.js'

const wanted = Number(process.argv[2] ?? 200)
const steps = await stepsOf()
const every = [
  ...Array.from({ length: steps.source }, (_, i) => ({ source: i + 1, destination: 0 })),
  ...Array.from({ length: steps.destination }, (_, i) => ({ source: 0, destination: i + 1 })),
]
// Then both, at steps that lie spread over all pairs.
const kills = [...every]
for (let i = 1; kills.length < wanted * 1.15; i++)
  kills.push({ source: 1 + ((i * 7) % steps.source), destination: 1 + ((i * 11) % steps.destination) })

const done: Trial[] = []
const next = kills.values()
async function worker(): Promise<void> {
  for (const kill of next) {
    const result = await trial(kill)
    done.push(result)
    if (result.wrong !== null) process.stderr.write(`${JSON.stringify(kill)}: ${result.wrong}\n`)
    if (process.stderr.isTTY) process.stderr.write(`\r${done.length} of ${kills.length}`)
    else if (done.length % 20 === 0) process.stderr.write(`${done.length} of ${kills.length}\n`)
  }
}
await Promise.all([worker(), worker()])

const count = (of: (one: Trial) => boolean) => done.filter(of).length
const wrong = count((one) => one.wrong !== null)
console.log(
  JSON.stringify(
    {
      steps,
      migrations: done.length,
      killed: count(({ killed }) => killed.source) + count(({ killed }) => killed.destination),
      ended_at_source: count(({ owners }) => owners.join() === 'source'),
      ended_at_destination: count(({ owners }) => owners.join() === 'destination'),
      before_or_after_all: count(({ owners }) => owners.length === 0),
      wrong,
    },
    null,
    2,
  ),
)
process.exitCode = wrong > 0 ? 1 : 0
