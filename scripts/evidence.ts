/**
 * `npm run evidence`: runs the command of every claim and writes docs/evidence.md, whole. A claim that does not
 * hold is written as missed, with the end of what its command printed; then the exit status is 1, unless the claim
 * says why it is missed.
 */
import { spawnSync } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
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

const outputs = new Map<string, Output>()

function outputOf(command: string): Output {
  const known = outputs.get(command)
  if (known) return known
  process.stderr.write(`${command}\n`)
  const started = performance.now()
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
  const output = { status: status ?? -1, stdout, stderr, seconds: (performance.now() - started) / 1000 }
  outputs.set(command, output)
  return output
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

const shown = sections.map(({ title, claims }) => ({ title, rows: claims.map(show) }))
const missed = shown.flatMap(({ rows }) => rows).filter(({ holds }) => !holds)
const commit = spawnSync('git', ['describe', '--always', '--dirty'], {
  cwd: root,
  encoding: 'utf8',
}).stdout.trim()

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
