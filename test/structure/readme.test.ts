/** The README's examples work, and its links lead somewhere. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { judge } from '../../src/check/index.js'
import { resolvePolicy } from '../../src/policy/index.js'
import { parseScenario } from '../../src/scenario/index.js'
import { runScenario } from '../../src/world/index.js'
import { libraryScenario } from '../helpers/library.js'

const root = new URL('../../', import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8')

/** The code blocks of a language. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/```(\w*)\n([\s\S]*?)```/g)].filter((m) => m[1] === language).map((m) => m[2]!)
}

describe('README.md', () => {
  const text = read('README.md')

  it('has the two commands on its first screen', () => {
    const screen = text.split('\n').slice(0, 30).join('\n')
    expect(screen).toContain('npm ci && npm start')
    expect(screen).toContain('npm ci && npm test')
  })

  it('has a scenario that is read and holds every check', () => {
    const [example] = blocks(text, 'yaml')
    const checks = judge(runScenario(parseScenario(example!, 'README.md')))
    expect(checks.filter((check) => check.verdict === 'fail')).toEqual([])
    expect(checks.some((check) => check.verdict === 'pass')).toBe(true)
  })

  it('has a policy that does what it says: TB resumes where it was saved', async () => {
    const [example] = blocks(text, 'ts')
    const file = join(mkdtempSync(join(tmpdir(), 'readme-')), 'mine.ts')
    writeFileSync(file, example!)
    const scenario = await libraryScenario('power-running')
    const mine = runScenario(scenario, { policy: await resolvePolicy(file) })
    const stopToSaveNs = 50_000_000n
    const downtimeNs = 5_000_000_000n
    expect(mine.guests[0]!.clocks.monotonic).toBe(scenario.durationNs - downtimeNs + stopToSaveNs)
  })

  it('shows a plot and a table that the command still prints', async () => {
    const [, plot, table] = blocks(text, '')
    expect(plot).toContain('after: nanosleep(2 s) issued at 61.2 s woke after 20.8 s')
    expect(table).toContain('late-wake          ✗ 18.8 s')
    const { verdict } = judge(runScenario(await libraryScenario('xen-1282-stale-lower'))).find(
      (check) => check.id === 'late-wake',
    )!
    expect(verdict).toBe('fail')
  })
})

describe.each(['README.md', 'ARCHITECTURE.md'])('%s', (file) => {
  it('links and names only files that are there', () => {
    const text = read(file)
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((m) => m[1]!)
    const tests = [...text.matchAll(/`(test\/[\w./-]+\.test\.ts)`/g)].map((m) => m[1]!)
    const missing = [...links, ...tests].filter((name) => !existsSync(new URL(name, root)))
    expect(missing).toEqual([])
  })
})
