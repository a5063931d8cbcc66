/** JUnit is read by an XML parser, TAP by tap-parser: neither is ours. */
import { SaxesParser } from 'saxes'
import { Parser, type Result } from 'tap-parser'
import { describe, expect, it } from 'vitest'
import { junitText } from '../../src/report/junit.js'
import { type Outcome, outcomeOf } from '../../src/report/outcome.js'
import { suiteOf } from '../../src/report/suite.js'
import { tapText } from '../../src/report/tap.js'
import { runScenario } from '../../src/world/index.js'
import { libraryScenario } from '../helpers/library.js'

const outcome = async (name: string): Promise<Outcome> =>
  outcomeOf(runScenario(await libraryScenario(name)), null)
const outcomes = [await outcome('xen-1282-stale-lower'), await outcome('xen-good-lower')]
const suites = (expected: boolean) => outcomes.map((one) => suiteOf(one, { expected }))

interface Node {
  readonly name: string
  readonly attributes: Record<string, string>
  readonly children: Node[]
  text: string
}

function tree(xml: string): Node {
  const top: Node = { name: '', attributes: {}, children: [], text: '' }
  const path = [top]
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ name, attributes }) => {
    const node = { name, attributes: attributes as Record<string, string>, children: [], text: '' }
    path.at(-1)!.children.push(node)
    path.push(node)
  })
  parser.on('text', (text) => {
    path.at(-1)!.text += text
  })
  parser.on('closetag', () => path.pop())
  parser.write(xml).close()
  return top.children[0]!
}

describe('junitText', () => {
  it('has a suite for each scenario and a case for each check, and counts them right', () => {
    const root = tree(junitText(suites(false)))
    expect(root.name).toBe('testsuites')
    const found = root.children.filter(({ name }) => name === 'testsuite')
    expect(found.map(({ attributes }) => attributes.name)).toEqual(['xen-1282-stale-lower', 'xen-good-lower'])
    for (const node of [...found, root]) {
      const cases = (node === root ? found : [node]).flatMap(({ children }) =>
        children.filter(({ name }) => name === 'testcase'),
      )
      const having = (child: string) => cases.filter(({ children }) => children[0]?.name === child).length
      expect(node.attributes).toMatchObject({
        tests: `${cases.length}`,
        failures: `${having('failure')}`,
        skipped: `${having('skipped')}`,
        errors: '0',
      })
    }
    expect(found.map(({ attributes }) => attributes.failures)).toEqual(['4', '0'])
    const stall = found[0]!.children.find(({ attributes }) => attributes.name === 'stall')!
    expect(stall.attributes.classname).toBe('xen-1282-stale-lower.g')
    expect(stall.children[0]!.attributes.message).toBe('gettimeofday stood still for 19.8 s')
    expect(stall.children[0]!.text).toContain('limit: 1 s')
  })

  it('has no failure where it is what the scenario expects', () => {
    const root = tree(junitText(suites(true)))
    expect(root.attributes.failures).toBe('0')
    const stall = root.children[0]!.children.find(({ attributes }) => attributes.name === 'stall')!
    expect(stall.children[0]!.name).toBe('skipped')
    expect(stall.children[0]!.attributes.message).toMatch(
      /^fails, as the scenario expects: gettimeofday stood/,
    )
  })
})

describe('tapText', () => {
  const parsed = (text: string): Promise<Result[]> =>
    new Promise((resolve, reject) => {
      const found: Result[] = []
      const parser = new Parser({ strict: true }, (results) => {
        if (results.failures.some(({ tapError }) => tapError))
          reject(new Error(JSON.stringify(results.failures)))
        resolve(found)
      })
      parser.on('child', (child) => child.on('assert', (result: Result) => found.push(result)))
      parser.on('assert', (result) => found.push(result))
      parser.end(text)
    })

  it('has a subtest for each scenario and a test for each check', async () => {
    const results = await parsed(tapText(suites(false)))
    expect(results.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual([
      'g: jump',
      'g: stall',
      'g: late-wake',
      'g: wall-error',
      'xen-1282-stale-lower',
    ])
    const jump = results.find(({ name }) => name === 'g: jump')!
    expect(jump.diag).toMatchObject({ limit: '100 ms', 'seen by': 'monotonic' })
    expect(results.find(({ name }) => name === 'xen-good-lower')!.ok).toBe(true)
  })

  it('says what is expected to fail as TAP does', async () => {
    const results = await parsed(tapText(suites(true)))
    expect(results.filter(({ ok, todo }) => !ok && !todo)).toEqual([])
    expect(results.filter(({ todo }) => todo).map(({ name }) => name)).toHaveLength(4)
  })
})

describe('suiteOf', () => {
  it('fails where a scenario ends otherwise than it says, also where every check holds', async () => {
    const [bug] = outcomes
    const other = {
      ...bug!,
      expected: { verdict: 'fail' as const, fails: ['warp', 'jump'], met: false, passes: [], predicted: [] },
    }
    const suite = suiteOf(other, { expected: true })
    expect(suite.held).toBe(false)
    const failed = suite.cases.filter(({ status }) => status === 'fail').map(({ name }) => name)
    expect(failed).toEqual(['stall', 'late-wake', 'wall-error', 'as expected'])
    const silent = suiteOf(
      { ...outcomes[1]!, expected: { verdict: 'fail', fails: null, met: false, passes: [], predicted: [] } },
      { expected: true },
    )
    expect(silent.cases.at(-1)).toMatchObject({
      status: 'fail',
      message: 'does not end as the scenario expects: fail',
    })
  })
})
