/** A run with its judgement: what every report starts from. */
import {
  type CheckResult,
  judge,
  type Predicted,
  predictedOf,
  type Verdict,
  verdictOf,
} from '../check/index.js'
import type { RunResult } from '../world/result.js'

export interface Outcome {
  readonly run: RunResult
  readonly checks: readonly CheckResult[]
  readonly verdict: Verdict
  /** What the scenario says of such a run; null where it says nothing. */
  readonly expected: Expected | null
}

export interface Expected {
  readonly verdict: Verdict
  /** Exactly these checks fail; null: any. */
  readonly fails: readonly string[] | null
  /** Guests on which every check should hold. */
  readonly passes: readonly string[]
  readonly predicted: readonly Predicted[]
  readonly met: boolean
}

/** `replaced` is the policy that took the place of the guests' own; null: none did. */
export function outcomeOf(run: RunResult, replaced: string | null): Outcome {
  const checks = judge(run)
  const verdict = verdictOf(checks)
  return { run, checks, verdict, expected: expectedOf(run, checks, verdict, replaced) }
}

/** The checks that failed on any guest, each once. */
export function failedIds(checks: readonly CheckResult[]): string[] {
  return [...new Set(checks.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id))]
}

function expectedOf(
  run: RunResult,
  checks: readonly CheckResult[],
  verdict: Verdict,
  replaced: string | null,
): Expected | null {
  const { expect, guests } = run.scenario
  if (!expect) return null
  if (replaced !== null && !guests.every(({ policy }) => policy === replaced)) {
    // The scenario speaks of other policies only where it names cures.
    return expect.curedBy.includes(replaced)
      ? { verdict: 'pass', fails: null, passes: [], predicted: [], met: verdict === 'pass' }
      : null
  }
  const failed = new Set(failedIds(checks))
  const sameChecks =
    !expect.fails || (expect.fails.length === failed.size && expect.fails.every((id) => failed.has(id)))
  const failing = new Set(checks.filter((check) => check.verdict === 'fail').map(({ guest }) => guest))
  const predicted = predictedOf(run, checks)
  const met =
    verdict === expect.verdict &&
    sameChecks &&
    !expect.passes.some((guest) => failing.has(guest)) &&
    predicted.every(({ holds }) => holds)
  return { verdict: expect.verdict, fails: expect.fails, passes: expect.passes, predicted, met }
}
