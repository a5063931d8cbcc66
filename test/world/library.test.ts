/** Every scenario of the library ends as it says, and what it names as a cure cures it. */
import { describe, expect, it } from 'vitest'
import { judge, predictedOf } from '../../src/check/index.js'
import { builtInPolicy } from '../../src/policy/index.js'
import { runScenario } from '../../src/world/index.js'
import { libraryNames, libraryScenario } from '../helpers/library.js'

describe.each(libraryNames)('%s', (name) => {
  it('has a citation, an expectation and policies to compare', async () => {
    const scenario = await libraryScenario(name)
    expect(scenario.name).toBe(name)
    expect(scenario.cite).not.toBeNull()
    expect(scenario.summary).not.toBeNull()
    expect(scenario.expect).not.toBeNull()
    expect(scenario.compare.length).toBeGreaterThan(0)
  })

  it('ends as it says', async () => {
    const scenario = await libraryScenario(name)
    const run = runScenario(scenario)
    const checks = judge(run)
    const failed = checks.filter((check) => check.verdict === 'fail')
    expect(failed.length > 0 ? 'fail' : 'pass').toBe(scenario.expect!.verdict)
    expect([...new Set(failed.map((check) => check.id))].sort()).toEqual(
      [...(scenario.expect!.fails ?? [])].sort(),
    )
    const { passes } = scenario.expect!
    expect(failed.filter(({ guest }) => passes.includes(guest)).map(({ guest, id }) => [guest, id])).toEqual(
      [],
    )
    const wrong = predictedOf(run, checks).filter(({ holds }) => !holds)
    expect(wrong.map(({ message }) => message)).toEqual([])
  })

  it('is cured by the policies that it names', async () => {
    const scenario = await libraryScenario(name)
    for (const cure of scenario.expect!.curedBy) {
      const checks = judge(runScenario(scenario, { policy: builtInPolicy(cure) }))
      expect({
        cure,
        failed: checks.filter((check) => check.verdict === 'fail').map((check) => check.id),
      }).toEqual({
        cure,
        failed: [],
      })
    }
  })
})
