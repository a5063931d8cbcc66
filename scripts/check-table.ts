/**
 * Checks every built-in policy and writes what came out into docs/check.md: which promise each real system keeps, which
 * proposal survives, and the smallest history that breaks the others.
 *
 *     npx tsx scripts/check-table.ts --keep results.json      searches; goes on where it was interrupted
 *     npx tsx scripts/check-table.ts --docs results.json      writes the tables from what was found
 *
 * Each policy lives through FIRST histories; one that breaks no promise in them goes on to ALL.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Instances } from '../src/core/instances.js'
import { replaceWith } from '../src/file/replace.js'
import { type ClockPolicy, policies } from '../src/policy/index.js'
import type { System } from '../src/scenario/types.js'
import { type Counterexample, counterexample } from '../src/search/counterexample.js'
import { type Breach, isPromised } from '../src/search/examine.js'
import { livePiece, PIECE } from '../src/search/piece.js'
import { type Subject, subjectOf } from '../src/search/subject.js'
import { type Broken, NONE, sum, type Tally } from '../src/search/tally.js'
import { brokenPromises } from '../src/search/text.js'

const SEED = 1
const FIRST = 2_000
const ALL = 100_000
const PAGE = new URL('../docs/check.md', import.meta.url)
const SYSTEMS: Readonly<Record<System, string>> = { xen: 'Xen', kvm: 'KVM', power: 'PowerPC' }

type Results = Record<string, Tally>

const instances = new Instances()

/** Its histories up to `goal`, piece by piece, as long as there is something left to find out. */
function searched(subject: Subject, known: Tally, goal: number, keep: (tally: Tally) => void): void {
  const { name } = subject.policy
  let tally = known
  while (tally.histories < goal) {
    if (tally.histories >= FIRST && brokenPromises(tally, subject).length > 0) return
    const piece = {
      policy: name,
      policyHash: null,
      guest: null,
      seed: SEED,
      from: tally.histories,
      count: PIECE,
    }
    tally = sum(tally, livePiece(piece, subject, instances))
    keep(tally)
  }
}

/** First all of them a little, so that those that break something are done with. */
function search(file: string, wanted: readonly ClockPolicy[]): void {
  const results: Results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  for (const goal of [FIRST, 5_000, 25_000, ALL]) {
    for (const policy of wanted) {
      searched(subjectOf(policy), results[policy.name] ?? NONE, goal, (tally) => {
        results[policy.name] = tally
        if (tally.histories % 1_000 === 0) replaceWith(file, [`${JSON.stringify(results, null, 1)}\n`])
      })
    }
  }
}

/** The smallest history that breaks each promise of a policy, as files. */
function shrink(file: string, folder: string): void {
  const results: Results = JSON.parse(readFileSync(file, 'utf8'))
  mkdirSync(folder, { recursive: true })
  for (const [name, tally] of Object.entries(results)) {
    const subject = subjectOf(policies.find((policy) => policy.name === name)!)
    for (const breach of brokenPromises(tally, subject)) {
      const index = tally.broken[breach]!.first
      const found: Counterexample = counterexample(subject, { seed: SEED, index, breach }, null, instances)
      writeFileSync(join(folder, found.scenario.fileName), found.text)
    }
  }
}

const number = (value: number) => value.toLocaleString('en-US')

/** Rows are what can be broken, columns the policies of one system. */
function tableOf(system: System, results: Results): string[] {
  const own = policies.filter((policy) => policy.system === system && results[policy.name])
  const subjects = own.map((policy) => subjectOf(policy))
  const broken = new Set(own.flatMap(({ name }) => Object.keys(results[name]!.broken) as Breach[]))
  const cell = (subject: Subject, breach: Breach): string => {
    const found: Broken | undefined = results[subject.policy.name]!.broken[breach]
    if (isPromised(breach, subject)) return found ? `✗ ${number(found.count)}` : '✓'
    return found ? `– ${number(found.count)}` : '–'
  }
  const rows = [...broken]
    .sort()
    .map((breach) => [`\`${breach}\``, ...subjects.map((one) => cell(one, breach))])
  const histories = subjects.map(({ policy }) => number(results[policy.name]!.histories))
  const verdict = subjects.map((one) =>
    brokenPromises(results[one.policy.name]!, one).length === 0 ? '**keeps all**' : 'breaks',
  )
  const lines = [
    ['', ...own.map(({ name }) => `\`${name}\``)],
    ['---', ...own.map(() => '---')],
    ['histories', ...histories],
    ['verdict', ...verdict],
    ...rows,
  ]
  return [`### ${SYSTEMS[system]}`, '', ...lines.map((cells) => `| ${cells.join(' | ')} |`), '']
}

function document(file: string): void {
  const results: Results = JSON.parse(readFileSync(file, 'utf8'))
  const page = readFileSync(PAGE, 'utf8')
  const [begin, end] = ['<!-- check-table begins -->\n', '<!-- check-table ends -->']
  const tables = (Object.keys(SYSTEMS) as System[]).flatMap((system) => tableOf(system, results))
  const from = page.indexOf(begin) + begin.length
  writeFileSync(PAGE, `${page.slice(0, from)}\n${tables.join('\n')}\n${page.slice(page.indexOf(end))}`)
}

const [what, file, more] = process.argv.slice(2)
if (what === '--keep' && file)
  search(file, more ? policies.filter(({ name }) => more.split(',').includes(name)) : policies)
else if (what === '--shrink' && file && more) shrink(file, more)
else if (what === '--docs' && file) document(file)
else throw new Error('expected --keep FILE [policies], --shrink FILE FOLDER or --docs FILE')
