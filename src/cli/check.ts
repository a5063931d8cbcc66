import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import type { Command } from 'commander'
import { Instances } from '../core/instances.js'
import { replaceWith } from '../file/replace.js'
import { jsonText } from '../report/json.js'
import { resolveScenario } from '../scenario/library.js'
import { counterexample } from '../search/counterexample.js'
import { examine, isPromised } from '../search/examine.js'
import { livePiece, PIECE, type Piece } from '../search/piece.js'
import { search } from '../search/search.js'
import { guestModels, namedSubject, type Subject, subjectName, subjectOf } from '../search/subject.js'
import type { Tally } from '../search/tally.js'
import { brokenPromises, type Found, foundJson, foundText } from '../search/text.js'
import type { Crew } from '../search/threads.js'
import { loadQueue, parseCount } from './count.js'
import { Counting } from './counting.js'
import { written } from './files.js'
import { EXIT, InputError, print, styleOf } from './output.js'
import { firstPolicy, parseSeed } from './simulate.js'

interface Options {
  policy?: string
  guest?: string
  runs: number
  from: number
  seed: number
  workers: number
  queue?: string
  out: string
  json?: true
}

const EXAMPLES = `
Example:
  $ chronovisor check --policy power-running
  $ chronovisor check --policy ./mine.ts --guest linux-kvm --runs 100000 --seed 7 --out found
  $ chronovisor check found/check-mine-jump.yaml`

export function addCheck(program: Command, end: (status: number) => void): void {
  program
    .command('check')
    .summary('search for a history that breaks what a policy promises')
    .description(
      'Draws hosts, guests and what happens to them, and looks for a history in which a check fails that the policy promises to hold. What it finds it makes small and writes as a scenario. Ends with 1 if it finds any. With a scenario: judges that one.',
    )
    .argument('[scenario]', 'judge this one by what its policy promises, and search nothing')
    .option('--policy <policy>', 'a name that `policies` shows, or ./mine.ts')
    .option('--guest <kernel>', `${guestModels.join(', ')}; default: the one of the policy’s time`)
    .option('--runs <n>', 'histories', parseCount, 10_000)
    .option('--from <n>', 'number of the first history', parseSeed, 0)
    .option('--seed <n>', 'what histories are drawn from', parseSeed, 1)
    .option('--workers <n>', 'threads; the result is the same', parseCount, availableParallelism())
    .option('--queue <redis://…>', 'work done by `chronovisor worker`s, in place of threads')
    .option('--out <folder>', 'where scenarios are written', '.')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: Options) => {
      const held = file === undefined ? await searched(options) : await judged(file, options)
      end(held ? EXIT.held : EXIT.failed)
    })
}

async function searched(options: Options): Promise<boolean> {
  const { policy, guest = null, seed, from, runs, json } = options
  if (policy === undefined)
    throw new InputError(
      'no policy; expected --policy with a name that `chronovisor policies` shows, or ./mine.ts',
    )
  const name = await subjectName(policy, guest)
  const subject = await namedSubject(name)
  const whole: Piece = { ...name, seed, from, count: runs }
  const tally = await tallied(whole, subject, options)
  const found: Found = { subject, whole, tally, counterexamples: shrunk(whole, subject, tally, options) }
  print(json ? jsonText(foundJson(found)) : foundText(found, styleOf(process.stdout)))
  return found.counterexamples.length === 0
}

async function tallied(whole: Piece, subject: Subject, { queue, workers }: Options): Promise<Tally> {
  // A thread takes longer to start than a piece to live through.
  if (queue === undefined && whole.count <= PIECE) return livePiece(whole, subject, new Instances())
  const crew = await crewOf(queue, workers)
  const counting = new Counting(`${subject.policy.name}`, whole.count, 'histories')
  const stop = new AbortController()
  const interrupted = () => stop.abort(new InputError('interrupted'))
  process.once('SIGINT', interrupted)
  try {
    return await search(whole, crew, {
      signal: stop.signal,
      onProgress: ({ histories, broken }) =>
        counting.reached(histories, `${Object.keys(broken).length} checks broken`),
    })
  } finally {
    process.off('SIGINT', interrupted)
    counting.end()
    await crew.close()
  }
}

/** Neither is loaded before it is wanted. */
async function crewOf(queue: string | undefined, workers: number): Promise<Crew> {
  if (queue === undefined) return (await import('../search/threads.js')).threads(workers)
  return (await loadQueue(() => import('../queue/crew.js'))).queueCrew(queue)
}

/** A small history for each promise that is broken, in a file. */
function shrunk(whole: Piece, subject: Subject, tally: Tally, { out }: Options): Found['counterexamples'] {
  const breaches = brokenPromises(tally, subject)
  if (breaches.length === 0) return []
  const instances = new Instances()
  const counting = new Counting('making small', breaches.length, 'scenarios')
  mkdirSync(out, { recursive: true })
  const isFile = whole.policyHash !== null
  const policyPath = isFile ? `./${relative(out, whole.policy)}` : null
  return breaches.map((breach, i) => {
    const index = tally.broken[breach]!.first
    const made = counterexample(subject, { seed: whole.seed, index, breach }, policyPath, instances)
    const file = join(out, made.scenario.fileName)
    counting.reached(i + 1, breach)
    if (i + 1 === breaches.length) counting.end()
    written('scenario', file, () => replaceWith(file, [made.text]))
    return { ...made, file }
  })
}

/** One scenario, by all that its policy promises. */
async function judged(file: string, { policy, json }: Options): Promise<boolean> {
  const scenario = resolveScenario(file)
  const its =
    policy === undefined
      ? await firstPolicy(scenario)
      : (await namedSubject(await subjectName(policy, null))).policy
  const first = scenario.guests[0]!
  const subject = subjectOf(its, first.kernel)
  const { breaches, messages } = examine(scenario, subject, new Instances())
  const broken = breaches.filter((breach) => isPromised(breach, subject))
  const told = breaches.map((breach) => ({
    breach,
    promised: broken.includes(breach),
    message: messages[breach]!,
  }))
  if (json)
    print(jsonText({ scenario: scenario.name, policy: its.name, kept: broken.length === 0, breaches: told }))
  else {
    const style = styleOf(process.stdout)
    const lines = told.map(({ breach, promised, message }) => {
      const mark = promised ? style.bad('✗') : style.dim('·')
      return `${mark} ${breach}: ${message}${promised ? '' : ' (not promised)'}`
    })
    if (broken.length === 0) lines.push(`${style.good('✓')} it breaks nothing that ${its.name} promises`)
    print(`${style.bold(scenario.name)} under ${its.name}\n${lines.join('\n')}\n`)
  }
  return broken.length === 0
}
