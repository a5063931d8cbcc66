/**
 * `npm run evidence [-- --keep FOLDER] [--only TEXT]`: runs the command of every claim and writes docs/evidence.md, whole. A
 * claim that does not hold is written as missed, with the end of what its command printed; then the exit status is
 * 1, unless the claim says why it is missed.
 *
 * With --keep what a command printed stays in the folder, by what the sources were, and is used again: a run of half an hour that was cut off
 * goes on. With --only nothing is written: commands that contain the text are run, and kept.
 */

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Claim, sections } from './evidence/claims.js'
import { Missed, type Output } from './evidence/read.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const file = fileURLToPath(new URL('../docs/evidence.md', import.meta.url))
const LINES_SHOWN = 20

interface Shown {
  readonly claim: Claim
  readonly holds: boolean
  readonly figure: string
}

const { keep, only } = parseArgs({ options: { keep: { type: 'string' }, only: { type: 'string' } } }).values
const commit = git('describe', '--always', '--dirty')
const sources = createHash('sha256')
  .update(
    git(
      'rev-parse',
      ...['assembly', 'src', 'scripts', 'test', 'package-lock.json'].map((path) => `HEAD:${path}`),
    ),
  )
  .digest('hex')
  .slice(0, 12)
const outputs = new Map<string, Output>()

function git(...args: string[]): string {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim()
}

/** Where the output of `command` is kept; null without --keep, or when a figure could be of another source. */
function kept(command: string): string | null {
  if (keep === undefined || commit.endsWith('-dirty')) return null
  const folder = join(keep, sources)
  mkdirSync(folder, { recursive: true })
  return join(folder, `${createHash('sha256').update(command).digest('hex').slice(0, 16)}.json`)
}

function outputOf(command: string): Output {
  const known = outputs.get(command)
  if (known) return known
  const file = kept(command)
  const output =
    file !== null && existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as Output)
      : outputNow(command)
  if (file !== null) writeFileSync(file, JSON.stringify(output))
  outputs.set(command, output)
  return output
}

function outputNow(command: string): Output {
  process.stderr.write(`${command}\n`)
  const started = performance.now()
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
  return { status: status ?? -1, stdout, stderr, seconds: (performance.now() - started) / 1000 }
}

function show(claim: Claim): Shown {
  try {
    return { claim, holds: true, figure: claim.show(outputOf(claim.command)) }
  } catch (error) {
    if (!(error instanceof Missed)) throw error
    return { claim, holds: false, figure: error.message }
  }
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function row({ claim, holds, figure }: Shown): string {
  const shown = holds ? figure : `**missed**: ${figure}${claim.because ? `. ${claim.because}` : ''}`
  return `| ${claim.id} | ${cell(claim.text)} | \`${cell(claim.command)}\` | ${cell(shown)} |`
}

function printed({ claim }: Shown): string {
  const { stdout, stderr } = outputOf(claim.command)
  const lines = `${stdout}\n${stderr}`.trimEnd().split('\n').slice(-LINES_SHOWN)
  return [`### ${claim.id}`, '', ...lines.map((line) => `    ${line.slice(0, 200)}`), ''].join('\n')
}

if (only !== undefined) {
  const commands = new Set(sections.flatMap(({ claims }) => claims.map(({ command }) => command)))
  for (const command of commands) if (command.includes(only)) outputOf(command)
  process.exit(0)
}

const shown = sections.map(({ title, claims }) => ({ title, rows: claims.map(show) }))
const missed = shown.flatMap(({ rows }) => rows).filter(({ holds }) => !holds)

const text = [
  '# Evidence',
  '',
  'Written by `npm run evidence`, which ran every command below; do not edit.',
  '',
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, Node ${process.version}, ` +
    `${new Date().toISOString().slice(0, 10)}, commit ${commit}.`,
  '',
  ...shown.flatMap(({ title, rows }) => [
    `## ${title}`,
    '',
    '| claim | | command | what it showed |',
    '|---|---|---|---|',
    ...rows.map(row),
    '',
  ]),
  ...(missed.length > 0 ? ['## Missed', '', ...missed.map(printed)] : []),
].join('\n')

writeFileSync(`${file}.new`, text)
renameSync(`${file}.new`, file)
console.log(`${shown.flatMap(({ rows }) => rows).length} claims, ${missed.length} missed: docs/evidence.md`)
for (const { claim, figure } of missed) console.log(`missed: ${claim.id}: ${figure}`)
process.exitCode = missed.some(({ claim }) => !claim.because) ? 1 : 0
