/**
 * `npm run fuzz -- [--runs N] [--seed N] [--reader NAME] [--from N] [--json]`: mutated real files for every reader.
 *
 *   this process ──fork──> one child a reader: makes input i, reads it, judges what comes back
 *         └── watches the number of the input that the child is at, the child's peak memory, and its end
 *
 * An input is a function of reader, seed and number, so `--reader R --seed S --from I --runs 1` makes it again. Ends
 * with 0 if no reader did anything wrong, else 1.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Reader, readers } from './fuzz/readers.js'
import { fuzz, type Problem, type Result } from './fuzz/run.js'

/** Peak memory of a child beyond what it had before the first input. */
const MOST_GROWTH_BYTES = 512 << 20
/** A child that is at one input for so long hangs. */
const HANGS_MS = 120_000
const STOPPED_MS = 10_000
const TELL_EVERY = 64

interface Done extends Result {
  readonly growthBytes: number
}

type Message = { readonly at: number } | { readonly done: Done }

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    reader: { type: 'string' },
    child: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

function count(name: 'runs' | 'seed' | 'from'): number {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new Error(`--${name} ${values[name]}: expected a whole number`)
}

const chosen = readers.filter(({ name }) => values.reader === undefined || name === values.reader)
if (chosen.length === 0)
  throw new Error(`--reader ${values.reader}: expected ${readers.map(({ name }) => name).join(', ')}`)

if (values.child) child(chosen[0]!)
else await parent()

function child(reader: Reader): void {
  // What is loaded once is not the input's.
  fuzz(reader, { runs: 20, seed: 0 })
  const before = process.resourceUsage().maxRSS
  const result = fuzz(reader, {
    runs: count('runs'),
    seed: count('seed'),
    from: count('from'),
    onInput: (at) => {
      if (at % TELL_EVERY === 0) process.send!({ at } satisfies Message)
    },
  })
  const growthBytes = (process.resourceUsage().maxRSS - before) * 1024
  process.send!({ done: { ...result, growthBytes } } satisfies Message, () => process.exit())
}

async function parent(): Promise<void> {
  const total = count('runs')
  const shares = chosen.reduce((sum, { share }) => sum + share, 0)
  const results: Done[] = []
  for (const reader of chosen) results.push(await watched(reader, Math.ceil((total * reader.share) / shares)))
  const runs = results.reduce((sum, one) => sum + one.runs, 0)
  const wrong = results.reduce((sum, { problems }) => sum + problems.length, 0)
  if (values.json)
    console.log(JSON.stringify({ runs, problems: wrong, seed: count('seed'), readers: results }, null, 1))
  else for (const line of lines(results)) console.log(line)
  process.exitCode = wrong === 0 ? 0 : 1
}

/** One reader in a child of its own: whatever happens to it is a result. */
function watched(reader: Reader, runs: number): Promise<Done> {
  const args = ['--child', '--reader', reader.name, '--runs', `${runs}`]
  const process_ = fork(fileURLToPath(import.meta.url), [
    ...args,
    '--seed',
    values.seed,
    '--from',
    values.from,
  ])
  return new Promise((resolve) => {
    let [at, heard] = [count('from'), performance.now()]
    let ticked = performance.now()
    const timer = setInterval(() => {
      const now = performance.now()
      // Whoever stopped this process has stopped the child too.
      if (now - ticked > STOPPED_MS) heard = now
      ticked = now
      note(`${reader.name}: ${at - count('from')} of ${runs}`)
      if (now - heard > HANGS_MS) process_.kill('SIGKILL')
    }, 1000)
    process_.on('message', (message: Message) => {
      heard = performance.now()
      if ('at' in message) at = message.at
      else {
        clearInterval(timer)
        resolve(withMemory(message.done))
      }
    })
    process_.on('exit', (code, signal) => {
      clearInterval(timer)
      if (code !== 0) resolve(died(reader, runs, at, process_, `${signal ?? `exit ${code}`}`))
    })
  })
}

function withMemory(done: Done): Done {
  if (done.growthBytes <= MOST_GROWTH_BYTES) return done
  const problem: Problem = { input: -1, what: `memory grew by ${done.growthBytes} bytes` }
  return { ...done, problems: [...done.problems, problem] }
}

function died({ name }: Reader, runs: number, at: number, { pid }: ChildProcess, how: string): Done {
  const what = `the process ${pid} ended with ${how}, in one of the ${TELL_EVERY} inputs from here on`
  const nothing = { refused: 0, slowestMs: 0, mostBytes: 0, growthBytes: 0 }
  return { reader: name, runs, problems: [{ input: at, what }], ...nothing }
}

function* lines(results: readonly Done[]): Generator<string> {
  for (const { reader, runs, refused, problems, slowestMs, mostBytes, growthBytes } of results) {
    const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
    yield `${reader}: ${runs} inputs, ${refused} refused, ${problems.length} problems`
    yield `  slowest ${slowestMs.toFixed(0)} ms, most at once ${mib(mostBytes)}, memory grew by ${mib(growthBytes)}`
    for (const { input, what } of problems)
      yield `  npm run fuzz -- --reader ${reader} --seed ${values.seed} --from ${input} --runs 1: ${runs === 1 ? what : what.split('\n')[0]}`
  }
}

function note(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(40)}`)
}
