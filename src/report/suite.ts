/** A run as a suite of tests, for JUnit and TAP: a case for each check on each guest. */
import { shortAt } from '../check/format.js'
import type { CheckResult } from '../check/index.js'
import type { Outcome } from './outcome.js'
import { showValue } from './values.js'

export interface Case {
  readonly guest: string
  readonly name: string
  /** known: it fails, and the scenario says that it does. */
  readonly status: 'pass' | 'fail' | 'skip' | 'known'
  readonly message: string
  /** What a reader wants to know of a failure. */
  readonly details: Readonly<Record<string, string>>
}

export interface Suite {
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
  readonly cases: readonly Case[]
  /** Whether no case fails. */
  readonly held: boolean
}

export interface SuiteOptions {
  /** What the scenario expects to fail is no failure; to end otherwise than expected is one. */
  readonly expected: boolean
}

export function suiteOf(outcome: Outcome, { expected }: SuiteOptions): Suite {
  const { run, checks } = outcome
  const { scenario } = run
  const known = expected ? knownOf(outcome) : () => false
  const cases = checks.map((check) => caseOf(check, known(check)))
  if (expected && outcome.expected) cases.push(asExpected(outcome))
  return {
    name: scenario.name,
    properties: {
      title: scenario.title,
      ...(scenario.cite !== null && { cite: scenario.cite }),
      policy: [...new Set(run.guests.map(({ policy }) => policy))].join(', '),
      seed: `${scenario.seed}`,
      ...Object.fromEntries(run.guests.map(({ name, stateHash }) => [`state of ${name}`, stateHash])),
    },
    cases,
    held: cases.every(({ status }) => status !== 'fail'),
  }
}

/** Whether the scenario says of a check that it fails. */
function knownOf({ expected }: Outcome): (check: CheckResult) => boolean {
  if (expected?.verdict !== 'fail') return () => false
  const { fails } = expected
  return ({ id }) => fails?.includes(id) ?? true
}

function caseOf(check: CheckResult, known: boolean): Case {
  const { id, guest, verdict, message, value, limit, unit, atTrueNs, subject } = check
  const details = {
    ...(value !== null && { worst: showValue(value, unit) }),
    ...(limit !== null && { limit: showValue(limit, unit) }),
    ...(atTrueNs !== null && { at: shortAt(atTrueNs) }),
    ...(subject !== null && { 'seen by': subject }),
  }
  return { guest, name: id, status: verdict === 'fail' && known ? 'known' : verdict, message, details }
}

function asExpected({ expected, run }: Outcome): Case {
  const { verdict, fails, met } = expected!
  const by = fails && fails.length > 0 ? ` by ${fails.join(', ')}` : ''
  const message = `${met ? 'ends' : 'does not end'} as the scenario expects: ${verdict}${by}`
  const guest = run.guests[0]!.name
  return { guest, name: 'as expected', status: met ? 'pass' : 'fail', message, details: {} }
}
