/** What docs/ci.md and docs/exports.md tell people to type is there: options, and YAML that is read. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { reportsText } from '../../src/report/reports.js'
import { listLibrary } from '../../src/scenario/library.js'
import { execute } from '../cli/execute.js'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

it('docs/ci.md: each example for a CI server is YAML that calls chronovisor', () => {
  const examples = [...read('docs/ci.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map((m) => parse(m[1]!))
  expect(examples).toHaveLength(2)
  const steps: { run?: string }[] = examples[0].jobs.clocks.steps
  expect(steps.some(({ run }) => run?.startsWith('npx chronovisor run --all'))).toBe(true)
  expect(examples[1]['guest-clocks'].script.join('\n')).toContain('chronovisor run')
})

it.each(['docs/ci.md', 'docs/exports.md'])(
  '%s: every command has the options that it is given',
  async (file) => {
    const calls = [...read(file).matchAll(/chronovisor (run|report) ([^\n|]*)/g)].filter(([, , rest]) =>
      rest!.includes('-'),
    )
    expect(calls.length).toBeGreaterThan(3)
    const help = new Map<string, string>()
    for (const command of ['run', 'report']) help.set(command, (await execute([command, '--help'])).stdout)
    const unknown = calls.flatMap(([call, command, rest]) => {
      const options = [...rest!.matchAll(/(?:^| )(--?[a-z][a-z-]*)/g)].map((m) => m[1]!)
      return options
        .filter((option) => !help.get(command!)!.includes(option))
        .map((option) => `${call}: ${option}`)
    })
    expect(unknown).toEqual([])
  },
)

it('docs/bugs.md is what list --reports prints', () => {
  expect(read('docs/bugs.md')).toBe(reportsText(listLibrary()))
})
