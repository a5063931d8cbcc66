/** What a scenario says of its own end: the checks that fail, who is cured, and the values that follow from its numbers. */
import { type Exact, evaluate, FormulaError, inNano } from './formula.js'
import type { Places } from './places.js'
import { show } from './problems.js'
import type { RawScenario } from './schema.js'
import { CHECK_IDS } from './schema-checks.js'
import type { CheckId, Checks, Expectation, Prediction } from './types.js'

type RawExpectation = NonNullable<RawScenario['expect']>

/** Throws ScenarioError. */
export function resolveExpectation(raw: RawScenario, checks: Checks, places: Places): Expectation | null {
  const { expect } = raw
  if (!expect) return null
  const fails: readonly CheckId[] | null = expect.fails ?? null
  refuseRepeats(fails ?? [], ['expect', 'fails'], places)
  refuseRepeats(expect['cured-by'], ['expect', 'cured-by'], places)
  refuseRepeats(expect.passes, ['expect', 'passes'], places)
  refuseOtherVerdict(expect, places)
  fails?.forEach((id, index) => {
    refuseOff(id, ['fails', index], checks, places)
  })
  expect.passes.forEach((guest, index) => {
    refuseUnknownGuest(guest, ['passes', index], raw, places)
  })
  return {
    verdict: expect.verdict,
    fails,
    curedBy: expect['cured-by'],
    passes: expect.passes,
    predict: expect.predict.map((_, index) => resolvePrediction(raw, index, checks, places)),
  }
}

function refuseOtherVerdict({ verdict, fails }: RawExpectation, places: Places): void {
  if (!fails || (verdict === 'fail') === fails.length > 0) return
  const [what, expected] =
    verdict === 'fail'
      ? ['the verdict is fail, but no check fails', `some of ${CHECK_IDS.join(', ')}`]
      : ['the verdict is pass, but checks fail', 'no fails, or verdict: fail']
  places.fail(places.key('expect', 'fails'), `${what}; expected ${expected}`)
}

function refuseOff(id: CheckId, path: readonly PropertyKey[], checks: Checks, places: Places): void {
  if (checks[id]) return
  places.fail(places.at('expect', ...path), `the check ${id} is off and cannot fail; expected it to be on`)
}

function refuseUnknownGuest(
  name: string,
  path: readonly PropertyKey[],
  { guests }: RawScenario,
  places: Places,
): void {
  if (Object.hasOwn(guests, name)) return
  places.unknownName(places.at('expect', ...path), 'guest', name, Object.keys(guests))
}

function resolvePrediction(raw: RawScenario, index: number, checks: Checks, places: Places): Prediction {
  const given = raw.expect!.predict[index]!
  const path = ['predict', index] as const
  const { check, why = null, value, within, at = null } = given
  const guest = given.guest ?? places.keys('guests')[0]!
  refuseOff(check, [...path, 'check'], checks, places)
  refuseUnknownGuest(guest, [...path, 'guest'], raw, places)
  const compute = (key: string, formula: string): bigint => {
    try {
      return inNano(evaluate(formula, raw) satisfies Exact)
    } catch (error) {
      if (!(error instanceof FormulaError)) throw error
      return places.fail(places.at('expect', ...path, key), `${key}: ${error.message}`)
    }
  }
  return {
    guest,
    check,
    valueNano: compute('value', value),
    withinNano: compute('within', within),
    atNs: at === null ? null : compute('at', at),
    atWithinNs: compute('at-within', given['at-within']),
    formula: { value, at },
    why,
    position: places.at('expect', ...path),
  }
}

export function refuseRepeats(items: readonly string[], path: readonly string[], places: Places): void {
  items.forEach((item, index) => {
    if (items.indexOf(item) === index) return
    places.fail(places.at(...path, index), `${path.join('.')} has ${show(item)} twice; expected each once`)
  })
}
