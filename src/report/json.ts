/**
 * Reports for programs. 64-bit numbers are decimal strings, times end in _ns and are true time, keys are in
 * snake_case. Keys may be added; those that are here stay.
 */
import type { CheckResult } from '../check/index.js'
import type { GuestResult } from '../world/result.js'
import type { Expected, Outcome } from './outcome.js'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** One document, on one or more lines, with a newline at its end. */
export function jsonText(document: Json): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

/** `run --json`. */
export function runJson(outcome: Outcome): Json {
  const { run, checks, verdict, expected } = outcome
  const { scenario } = run
  return {
    scenario: scenario.name,
    title: scenario.title,
    cite: scenario.cite,
    system: scenario.system,
    verdict,
    expected: expected && expectedJson(expected),
    seed: scenario.seed,
    drawn: scenario.drawn.map(({ path, text, value }) => ({ path, text, value })),
    start_wall_ns: `${run.startWallNs}`,
    end_true_ns: `${run.endNs}`,
    checks: checks.map(checkJson),
    guests: Object.fromEntries(run.guests.map((guest) => [guest.name, guestJson(guest)])),
    marks: run.marks.map(({ atNs, kind, label, guest, host }) => {
      return { at_true_ns: `${atNs}`, kind, label, ...(guest && { guest }), ...(host && { host }) }
    }),
  }
}

function expectedJson({ verdict, fails, passes, predicted, met }: Expected): Json {
  return {
    verdict,
    fails,
    passes,
    predicted: predicted.map(({ prediction: { guest, check, valueNano, atNs, formula }, holds }) => {
      return {
        guest,
        check,
        value: formula.value,
        value_nano: `${valueNano}`,
        at: formula.at,
        at_true_ns: text(atNs),
        holds,
      }
    }),
    met,
  }
}

/** A column of `compare --json`. */
export function columnJson(policy: string, { verdict, expected, checks, run }: Outcome): Json {
  return {
    policy,
    verdict,
    expected: expected && { verdict: expected.verdict, met: expected.met },
    checks: checks.map(checkJson),
    state_hash: Object.fromEntries(run.guests.map(({ name, stateHash }) => [name, stateHash])),
  }
}

function checkJson(check: CheckResult): Json {
  return {
    id: check.id,
    guest: check.guest,
    verdict: check.verdict,
    value: text(check.value),
    limit: text(check.limit),
    unit: check.unit,
    at_true_ns: text(check.atTrueNs),
    subject: check.subject,
    message: check.message,
  }
}

function guestJson(guest: GuestResult): Json {
  return {
    kernel: guest.kernel,
    variant: guest.variant,
    policy: guest.policy,
    state_hash: guest.stateHash,
    ticks: `${guest.ticks}`,
    boot_true_ns: `${guest.bootNs}`,
    fault: guest.fault,
    clocks: Object.fromEntries(Object.entries(guest.clocks).map(([clock, value]) => [clock, `${value}`])),
    stops: guest.stops.map(({ fromNs, untilNs, cause, fromHost, toHost, resumed }) => {
      return {
        from_true_ns: `${fromNs}`,
        until_true_ns: `${untilNs}`,
        cause,
        from_host: fromHost,
        to_host: toHost,
        resumed,
      }
    }),
    corrections: guest.corrections.map(({ atNs, by }) => ({ at_true_ns: `${atNs}`, by })),
  }
}

function text(value: bigint | null): string | null {
  return value === null ? null : `${value}`
}
