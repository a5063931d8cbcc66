/**
 * `npm run conformance -- FOLDER [--only NAME] [--json]`: runs the programs of kvm-unit-tests that FOLDER has (its powerpc/,
 * built for either byte order) and compares results and counts with what they are on QEMU. Ends with 1 when one differs.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { differing, type Expected, expectedResults, resultLines, runProgram } from './kvm-unit-tests.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, json: { type: 'boolean', default: false } },
})

interface Verdict {
  readonly name: string
  readonly byte_order: 'big' | 'little'
  readonly same: boolean
  readonly summary: string
  /** Lines that only one of the two has. */
  readonly ours: readonly string[]
  readonly expected: readonly string[]
  readonly seconds: number
}

const LITTLE = 1

function verdict(folder: string, entry: Expected): Verdict {
  const path = join(folder, entry.file)
  const little = readFileSync(path)[5] === LITTLE
  const wanted = (little && entry.little) || entry.lines
  const started = performance.now()
  const text = runProgram(path, entry)
  const lines = resultLines(text)
  const differ = differing(lines, wanted)
  return {
    name: entry.name,
    byte_order: little ? 'little' : 'big',
    same: differ.ours.length + differ.expected.length === 0,
    summary: lines.find((line) => line.startsWith('SUMMARY')) ?? text.trim().split('\n').at(-1) ?? '',
    ...differ,
    seconds: (performance.now() - started) / 1000,
  }
}

function show(one: Verdict): void {
  const seconds = one.seconds.toFixed(1).padStart(6)
  console.log(`${one.same ? 'same' : 'DIFFERS'}  ${one.name.padEnd(26)} ${seconds} s  ${one.summary}`)
  for (const line of one.ours) console.log(`         + ${line}`)
  for (const line of one.expected) console.log(`         - ${line}`)
}

const [folder] = positionals
if (!folder || !existsSync(folder)) {
  console.error(`no folder ${JSON.stringify(folder ?? '')}; expected the powerpc/ of a built kvm-unit-tests`)
  process.exitCode = 2
} else {
  const there = expectedResults().filter(
    ({ name, file }) => existsSync(join(folder, file)) && (!values.only || name.includes(values.only)),
  )
  const verdicts: Verdict[] = []
  for (const entry of there) {
    verdicts.push(verdict(folder, entry))
    if (!values.json) show(verdicts.at(-1)!)
  }
  const same = verdicts.filter((one) => one.same).length
  if (values.json) console.log(JSON.stringify({ folder, same, of: verdicts.length, verdicts }))
  else console.log(`${same} of ${verdicts.length} as on QEMU`)
  if (same !== verdicts.length || verdicts.length === 0) process.exitCode = 1
}
